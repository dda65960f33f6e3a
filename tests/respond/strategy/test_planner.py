"""Planners: features without the answer, matched shares, and learning what can be learned."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.measure.classification import macro_f1
from thymos.measure.preference import preference_bias
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance
from thymos.respond.strategy.features import (
    course_features,
    seeker_words,
    since_supporter,
    strategy_codes,
    supporter_words,
    turn_vectors,
)
from thymos.respond.strategy.matching import match_shares, shares_of
from thymos.respond.strategy.planner import StrategyPlanner, TextPlanner
from thymos.testing.support_talks import LetterEncoder, invented_talks


def test_planners_learn_what_the_words_give_away() -> None:
    training, test = invented_talks(40), invented_talks(20, seed=1)
    gold = [context.strategy for context in test]
    for planner in (StrategyPlanner(LetterEncoder(), folds=2, match=False), TextPlanner()):
        assert macro_f1(gold, planner.fit(training).predict(test)) > 0.85


NOISY = invented_talks(40, noise=0.8)


@pytest.fixture(scope="module")
def noisy() -> StrategyPlanner:
    """A planner on dialogues in which words tell little."""
    return StrategyPlanner(folds=2).fit(NOISY)


def test_the_shift_makes_choices_as_frequent_as_in_training(noisy: StrategyPlanner) -> None:
    test = invented_talks(60, seed=1, noise=0.8)
    gold = [context.strategy for context in test]
    matched, unshifted = noisy.predict(test), noisy.predict(test, np.zeros(len(STRATEGIES)))
    labels = list(STRATEGIES)
    assert preference_bias(gold, matched, labels=labels) < preference_bias(gold, unshifted, labels=labels)
    chosen = (noisy.held_out_ + noisy.shift_).argmax(axis=1)
    np.testing.assert_allclose(shares_of(chosen), shares_of(strategy_codes(NOISY)), atol=0.03)


def test_a_shift_for_contexts_that_were_drawn_otherwise(noisy: StrategyPlanner) -> None:
    kept = [place for place, context in enumerate(NOISY) if context.strategy != "Others"]
    shift = noisy.matched_to([NOISY[place] for place in kept])
    chosen = (noisy.held_out_[kept] + shift).argmax(axis=1)
    assert (chosen == STRATEGIES.index("Others")).mean() < 0.02
    with pytest.raises(BadInput, match="not trained on"):
        noisy.matched_to(invented_talks(1, seed=9))
    with pytest.raises(BadInput, match="no contexts"):
        noisy.matched_to([])


def test_held_out_scores_come_from_other_dialogues() -> None:
    """Names that occur in one dialogue only must not help: held-out choices stay at chance."""
    rng = np.random.default_rng(0)
    contexts = []
    for number in range(60):
        strategy = str(rng.choice(STRATEGIES))
        for turn in range(4):
            history = (Utterance("supporter", "hello", "Others"), Utterance("seeker", f"name{number}"))
            contexts.append(StrategyContext(f"{number}/{turn}", f"{number}", history, strategy, ""))
    planner = StrategyPlanner(folds=2).fit(contexts)
    right = planner.held_out_.argmax(axis=1) == strategy_codes(contexts)
    assert right.mean() < 0.4
    fitted = np.array(planner.predict(contexts, np.zeros(8))) == [c.strategy for c in contexts]
    assert fitted.mean() > 0.8


def test_the_text_planner_with_shift_matches_shares() -> None:
    training = invented_talks(60, noise=0.7)
    planner = TextPlanner(match=True).fit(training)
    chosen = (planner.held_out_ + planner.shift_).argmax(axis=1)
    np.testing.assert_allclose(shares_of(chosen), shares_of(strategy_codes(training)), atol=0.03)


@given(st.integers(0, 50), st.integers(2, 8))
@settings(max_examples=25, deadline=None)
def test_matching_reaches_any_shares(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(2000, columns)) * rng.uniform(0.1, 10) + rng.normal(size=columns)
    shares = rng.dirichlet(np.full(columns, 5.0))
    shift = match_shares(scores, shares)
    found = np.bincount((scores + shift).argmax(axis=1), minlength=columns) / len(scores)
    np.testing.assert_allclose(found, shares, atol=0.02)
    assert shift.mean() == pytest.approx(0, abs=1e-9)


def test_features_know_nothing_of_the_turn_itself() -> None:
    history = (Utterance("supporter", "why?", "Question"), Utterance("seeker", "I do not know"))
    one = StrategyContext("a", "d", history, "Question", "first reply")
    other = StrategyContext("b", "d", history, "Information", "second reply")
    np.testing.assert_array_equal(course_features(one), course_features(other))
    assert course_features(one).shape == (86,)
    assert seeker_words(one) == seeker_words(other) == "I do not know"


def test_whose_words_are_whose() -> None:
    history = (
        Utterance("seeker", "one"), Utterance("supporter", "two", "Others"), Utterance("seeker", "three"),
        Utterance("seeker", "four"),
    )  # fmt: skip
    context = StrategyContext("a", "d", history, "Question", "")
    assert [turn.text for turn in since_supporter(context)] == ["three", "four"]
    assert supporter_words(context) == "two"
    # Two supporter turns in a row: the seeker's last words are still the last ones.
    after = StrategyContext("a", "d", history[:2], "Question", "")
    assert seeker_words(after) == "one"
    empty = StrategyContext("a", "d", (), "Question", "")
    assert (seeker_words(empty), supporter_words(empty)) == ("", "")
    assert np.isfinite(course_features(empty)).all()


def test_the_course_tells_recency_and_repetition() -> None:
    def after(*strategies: str) -> np.ndarray:
        history = tuple(Utterance("supporter", "x", strategy) for strategy in strategies)
        return course_features(StrategyContext("a", "d", history, "Question", ""))

    assert not np.array_equal(after("Question", "Information"), after("Information", "Question"))
    assert not np.array_equal(after("Question"), after("Question", "Question"))


def test_every_distinct_turn_is_encoded_once() -> None:
    encoder = LetterEncoder()
    contexts = invented_talks(3)
    vectors = turn_vectors(contexts, encoder)
    assert vectors.shape == (len(contexts), 78)
    assert len(encoder.encoded) == len(set(encoder.encoded))
    assert (turn_vectors([StrategyContext("a", "d", (), "Question", "")], LetterEncoder()) == 0).all()


def test_bad_training_data_is_refused() -> None:
    with pytest.raises(BadInput, match="no contexts"):
        StrategyPlanner().fit([])
    with pytest.raises(BadInput, match="unknown strategy 'Hugging'"):
        strategy_codes([StrategyContext("a", "d", (), "Hugging", "")])
    with pytest.raises(BadInput, match="2 dialogues for 4 folds"):
        StrategyPlanner().fit(invented_talks(2))
    silent = [StrategyContext(f"{k}/1", str(k), (), STRATEGIES[k % 8], "") for k in range(16)]
    with pytest.raises(BadInput, match="leave no word"):
        StrategyPlanner(folds=2).fit(silent)
    assert TextPlanner().fit(invented_talks(8)).predict([]) == []


def test_leaving_vectors_out_equals_a_planner_that_never_had_them() -> None:
    training, test = invented_talks(20, noise=0.5), invented_talks(5, seed=3, noise=0.5)
    with_vectors = StrategyPlanner(LetterEncoder(), folds=2).fit(training)
    smaller, plain = with_vectors.without_vectors(), StrategyPlanner(folds=2).fit(training)
    np.testing.assert_allclose(smaller.held_out_, plain.held_out_)
    np.testing.assert_allclose(smaller.shift_, plain.shift_)
    assert smaller.predict(test) == plain.predict(test)
    assert not np.allclose(with_vectors.held_out_, smaller.held_out_)


def test_strategies_that_training_never_saw_are_not_chosen() -> None:
    training = [context for context in invented_talks(40) if context.strategy in ("Question", "Information")]
    for planner in (StrategyPlanner(folds=2), TextPlanner()):
        assert set(planner.fit(training).predict(invented_talks(10, seed=2))) <= {"Question", "Information"}


@pytest.mark.data
@pytest.mark.slow
def test_on_the_corpus_the_planner_beats_its_bars(data_root: Path) -> None:
    from thymos.corpora.registry import get_reader
    from thymos.respond.strategy.contexts import dialogue_parts, strategy_contexts

    corpus = get_reader("esconv").read(data_root / "esconv")
    parts = dialogue_parts(corpus)
    training, test = (strategy_contexts(corpus, parts[name]) for name in ("train", "test"))
    gold = [context.strategy for context in test]
    labels = list(STRATEGIES)
    planned = StrategyPlanner().fit(training).predict(test)
    light = TextPlanner().fit(training).predict(test)
    assert macro_f1(gold, planned, labels=labels) > max(0.2189, macro_f1(gold, light, labels=labels))
    assert preference_bias(gold, planned, labels=labels) <= 0.36
