"""The head that ships: what it sees, its shares, and its files."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.heads import load_head, save_head
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance
from thymos.respond.strategy.head import (
    MOST_REPLIES,
    NAME,
    PlannerHead,
    WordsPlanner,
    answers_seeker,
    course_of_words,
    head_inputs,
    load_planner_head,
    shipped_head,
)
from thymos.testing.support_talks import LetterEncoder

LARGEST = 300_000  # bytes
SIZE = len(STRATEGIES)


def talk(*texts: str, strategy: str = "") -> StrategyContext:
    """Seeker and supporter in turns."""
    turns = tuple(
        Utterance("supporter" if place % 2 else "seeker", text, strategy if place % 2 else "")
        for place, text in enumerate(texts)
    )
    return StrategyContext("one", "one", turns, "", "")


def head(dimension: int = 26, seed: int = 0) -> PlannerHead:
    rng = np.random.default_rng(seed)
    return PlannerHead(rng.normal(size=(SIZE, 3 * dimension + 17)), rng.normal(size=SIZE), rng.normal(size=SIZE), 2.0,
                       "letters", {"cost": 0.1})  # fmt: skip


def test_labels_and_answers_are_not_seen() -> None:
    one, other = talk("a b", "why?", "so", strategy="Question"), talk("a b", "why?", "so", strategy="Others")
    encoder = LetterEncoder()
    np.testing.assert_array_equal(head_inputs([one], encoder, 2.0), head_inputs([other], encoder, 2.0))
    assert head_inputs([one], encoder, 2.0).shape == (1, 3 * 26 + 17)


def test_the_course_is_what_it_says() -> None:
    first, later = course_of_words(talk("thank you, really?")), course_of_words(talk("hi", "what happened?", "much"))
    assert first[[0, 2, 6, 7, 8]].tolist() == [1, 0, 1, 0, 1]
    assert later[[0, 2, 6, 7, 8]].tolist() == [0, 1, 0, 1, 0]
    assert first[1] == pytest.approx(np.log(4))


def test_very_long_talks_look_like_long_ones() -> None:
    long, longer = (talk(*["word"] * (2 * n + 1)) for n in (MOST_REPLIES + 5, 10 * MOST_REPLIES))
    np.testing.assert_array_equal(course_of_words(long), course_of_words(longer))


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (talk("hi"), True),
        (talk("hi", "hello"), False),
        (talk("hi", "hello", " "), False),
        (StrategyContext("one", "one", (), "", ""), False),
    ],
)
def test_turns_that_answer_the_seeker(context: StrategyContext, expected: bool) -> None:
    assert answers_seeker(context) is expected


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_shares_are_shares(texts: list[str]) -> None:
    planner = WordsPlanner(LetterEncoder(), head())
    shares = planner.shares([talk(*texts), talk("hello")])
    assert shares.shape == (2, SIZE)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert planner.predict([talk(*texts)])[0] == STRATEGIES[int(shares[0].argmax())]
    assert planner.predict([]) == []


def test_the_shift_is_a_switch() -> None:
    context = [talk("hello", "hi", "so sad")]
    own, plain = (WordsPlanner(LetterEncoder(), head(), corrected=on).shares(context)[0] for on in (True, False))
    by_hand = plain * np.exp(head().shift)
    np.testing.assert_allclose(own, by_hand / by_hand.sum())
    assert not np.allclose(own, plain)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    head().save(tmp_path)
    found = load_planner_head(tmp_path)
    assert (found.encoder, found.vector_weight, found.about) == ("letters", 2.0, {"cost": 0.1})
    np.testing.assert_allclose(found.weights, head().weights, atol=1e-6)
    np.testing.assert_allclose(found.shift, head().shift, atol=1e-6)


@pytest.mark.parametrize("damage", ["strategies", "shape", "missing", "unknown"])
def test_other_heads_are_refused(tmp_path: Path, damage: str) -> None:
    head().save(tmp_path)
    arrays, settings = load_head(tmp_path, NAME)
    if damage == "strategies":
        settings["strategies"] = settings["strategies"][::-1]
    elif damage == "shape":
        arrays["weights"] = arrays["weights"][:5]
    elif damage == "missing":
        del arrays["shift"]
    else:
        settings["color"] = "red"
    save_head(tmp_path, NAME, arrays, settings)
    with pytest.raises(BadInput, match="no planner's head"):
        load_planner_head(tmp_path)


def test_a_head_of_another_encoder_is_refused() -> None:
    with pytest.raises(BadInput, match="was trained on"):
        WordsPlanner(LetterEncoder("another"), head())


def test_the_shipped_head_is_small_and_better_than_the_rule_on_validation() -> None:
    folder = Path(str(files("thymos.respond.strategy") / "data"))
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json", ".md"}
    found = shipped_head()
    assert found.weights.shape == (SIZE, 3 * 384 + 17)
    assert abs(found.shift.sum()) < 1e-4
    assert found.about["validation_planner_macro_f1"] > found.about["validation_rule_macro_f1"] + 0.1
    assert found.about["validation_planner_preference_bias"] < found.about["validation_rule_preference_bias"] / 2
    assert "CC BY-NC 4.0" in (folder / "README.md").read_text(encoding="utf-8")
