"""Contexts of supporter turns and the stage sets: cutting, stages, shares, and what is kept apart."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.respond.strategy.contexts import (
    LONGEST,
    OTHERS,
    SHORTEST,
    STAGES,
    STRATEGIES,
    WINDOW,
    StrategyContext,
    Utterance,
    dialogue_parts,
    draw_contexts,
    limit_others,
    slice_dialogue,
    stage_sets,
    stages_of,
    strategy_contexts,
    strategy_split,
)
from thymos.testing.layouts import write_official_layout


def invented_dialogue(name: str, strategies: list[str]) -> list[StrategyContext]:
    """Contexts of a dialogue in which seeker and supporter take turns."""
    history: list[Utterance] = []
    found = []
    for number, strategy in enumerate(strategies):
        history.append(Utterance("seeker", f"I am tired {number}"))
        found.append(StrategyContext(f"{name}/{len(history) + 1:03d}", name, tuple(history), strategy, f"ok {number}"))
        history.append(Utterance("supporter", f"ok {number}", strategy))
    return found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = write_official_layout("esconv", tmp_path_factory.mktemp("esconv"), layout="joined")
    return get_reader("esconv").read(folder)


def test_the_common_test_dialogues_are_kept_apart(corpus: Corpus) -> None:
    parts = dialogue_parts(corpus)
    assert parts["test"] == [f"esc-{k}" for k in range(1, 12, 2)]
    assert len(parts["train"]) == 14
    assert not set(parts["train"]) & set(parts["test"])
    assert strategy_split(corpus).guarantee == "dialogue-independent"


def test_the_official_file_is_split_by_dialogue(tmp_path: Path) -> None:
    corpus = get_reader("esconv").read(write_official_layout("esconv", tmp_path))
    parts = dialogue_parts(corpus)
    assert len(parts["train"]) + len(parts["test"]) == 20
    assert parts["train"]
    assert parts["test"]
    assert not set(parts["train"]) & set(parts["test"])
    assert "dialogue-independent" in strategy_split(corpus).guarantee


def test_contexts_hold_what_stands_before_and_nothing_of_the_turn_itself(corpus: Corpus) -> None:
    contexts = strategy_contexts(corpus, ["esc-3"])
    turns = corpus.items[corpus.items["dialogue"] == "esc-3"]
    assert [context.id for context in contexts] == list(turns.index[turns["strategy"].notna()])
    for context in contexts:
        place = list(turns.index).index(context.id)
        assert [turn.text for turn in context.history] == turns["text"].tolist()[:place]
        assert context.strategy == turns["strategy"].iloc[place]
        assert context.reply == turns["text"].iloc[place]
    assert contexts[0].past_strategies == ()
    assert contexts[0].previous_strategy == ""
    assert contexts[2].past_strategies == (contexts[0].strategy, contexts[1].strategy)
    assert contexts[2].previous_strategy == contexts[1].strategy
    assert contexts[0].emotion == "anxiety"
    assert contexts[0].situation


def test_a_missing_background_is_an_empty_text(corpus: Corpus) -> None:
    context = strategy_contexts(corpus, ["esc-15"])[0]
    assert (context.situation, context.emotion, context.problem) == ("", "", "")


def test_unknown_dialogues_and_none_are_refused(corpus: Corpus) -> None:
    with pytest.raises(BadInput, match="no dialogue 'esc-99'"):
        strategy_contexts(corpus, ["esc-99"])
    with pytest.raises(BadInput, match="no labeled supporter turn"):
        strategy_contexts(corpus, [])


@given(st.lists(st.sampled_from(STRATEGIES), min_size=1, max_size=WINDOW))
def test_stages_highlight_at_least_half_of_the_window(window: list[str]) -> None:
    for stage, highlighted in STAGES.items():
        share = np.mean([strategy in highlighted for strategy in window])
        assert (stage in stages_of(window)) == (share >= 0.5)
    most = stages_of(window, "most")
    assert bool(most) == any(strategy != OTHERS for strategy in window)
    counts = {stage: sum(s in highlighted for s in window) for stage, highlighted in STAGES.items()}
    assert all(counts[stage] == max(counts.values()) for stage in most)


def test_others_belong_to_no_stage_and_an_unknown_rule_is_refused() -> None:
    assert stages_of([OTHERS] * 4) == ()
    assert stages_of([]) == ()
    with pytest.raises(BadInput, match="no rule 'any'"):
        stages_of(["Question"], "any")  # type: ignore[arg-type]


@given(
    strategies=st.lists(st.sampled_from(STRATEGIES), min_size=1, max_size=25),
    seed=st.integers(0, 5),
    overlapping=st.booleans(),
)
def test_slices_have_5_to_15_turns(strategies: list[str], seed: int, overlapping: bool) -> None:
    whole = invented_dialogue("d", strategies)
    slices = slice_dialogue(whole, seed, overlapping=overlapping)
    by_id = {context.id: context for context in whole}
    for piece in slices:
        assert SHORTEST <= len(piece.history) + 1 <= LONGEST
        assert by_id[piece.id].history[-len(piece.history) :] == piece.history
        assert piece.strategy == by_id[piece.id].strategy
    assert slices == slice_dialogue(whole, seed, overlapping=overlapping)
    if overlapping:
        assert len(slices) == sum(len(context.history) + 1 >= SHORTEST for context in whole)
    else:
        used = [turn.text for piece in slices for turn in (*piece.history, Utterance("supporter", piece.reply))]
        assert len(used) == len(set(used))


def test_an_empty_dialogue_has_no_slices() -> None:
    assert slice_dialogue([]) == []


@given(
    strategies=st.lists(st.sampled_from(STRATEGIES), min_size=0, max_size=60),
    share=st.sampled_from([0.0, 0.05, 0.2, 0.5]),
    seed=st.integers(0, 3),
)
def test_others_are_limited_and_nothing_else_is_dropped(strategies: list[str], share: float, seed: int) -> None:
    contexts = invented_dialogue("d", strategies)
    kept = limit_others(contexts, share, seed)
    others = [context for context in kept if context.strategy == OTHERS]
    assert len(others) <= share * len(kept) + 1e-9
    assert [c for c in kept if c.strategy != OTHERS] == [c for c in contexts if c.strategy != OTHERS]
    if len(others) < strategies.count(OTHERS):  # one more would be too many
        assert len(others) + 1 > share * (len(kept) + 1)


def test_a_share_of_one_is_refused() -> None:
    with pytest.raises(BadInput, match=r"share is 1\.0"):
        limit_others([], 1.0)


def test_stage_sets_keep_dialogues_apart_and_hold_their_stage() -> None:
    rng = np.random.default_rng(0)
    contexts = [
        context
        for number in range(30)
        for context in invented_dialogue(f"d{number}", rng.choice(STRATEGIES, size=14).tolist())
    ]
    for overlapping in (False, True):
        sets = stage_sets(contexts, 1, overlapping=overlapping)
        assert list(sets) == list(STAGES)
        dialogues = [{context.dialogue for context in chosen} for chosen in sets.values()]
        assert not dialogues[0] & dialogues[1]
        assert not dialogues[0] & dialogues[2]
        assert not dialogues[1] & dialogues[2]
        by_id = {context.id: context for context in contexts}
        for stage, chosen in sets.items():
            assert chosen
            assert Counter(c.strategy for c in chosen)[OTHERS] <= 0.05 * len(chosen)
            for context in chosen:
                window = [*by_id[context.id].past_strategies, context.strategy][-WINDOW:]
                assert context.stage == stage
                assert stage in stages_of(window)
    assert stage_sets(contexts, 1) == stage_sets(contexts, 1)
    assert stage_sets(contexts, 1) != stage_sets(contexts, 2)


def test_two_dialogues_make_no_three_sets() -> None:
    with pytest.raises(BadInput, match="2 dialogues do not make 3 sets"):
        stage_sets([*invented_dialogue("a", ["Question"]), *invented_dialogue("b", ["Question"])])


def test_drawn_contexts_keep_their_order_and_number() -> None:
    sets = {stage: invented_dialogue(stage, ["Question"] * 9) for stage in STAGES}
    drawn = draw_contexts(sets, 4, 3)
    assert Counter(context.dialogue for context in drawn) == dict.fromkeys(STAGES, 4)
    assert [c.id for c in drawn] == sorted((c.id for c in drawn), key=[c.id for s in sets.values() for c in s].index)
    assert draw_contexts(sets, 100) == [context for chosen in sets.values() for context in chosen]
    with pytest.raises(BadInput, match="0 contexts a stage"):
        draw_contexts(sets, 0)


@pytest.mark.data
def test_sizes_on_the_corpus_at_hand(data_root: Path) -> None:
    corpus = get_reader("esconv").read(data_root / "esconv")
    parts = dialogue_parts(corpus)
    assert (len(parts["train"]), len(parts["test"])) == (512, 195)
    test = strategy_contexts(corpus, parts["test"])
    assert len(test) == 2561
    training = strategy_contexts(corpus, parts["train"])
    assert len(training) == 7127
    # Near the paper's 549, 524 and 816 contexts of 1,300 dialogues.
    scaled = {stage: len(chosen) * 1300 / 707 for stage, chosen in stage_sets([*training, *test]).items()}
    assert scaled["exploration"] == pytest.approx(549, rel=0.1)
    assert scaled["comforting"] == pytest.approx(524, rel=0.3)
    assert scaled["action"] == pytest.approx(816, rel=0.3)
