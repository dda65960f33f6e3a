"""Answers: what each kind of step takes, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.exercises.answers import checked_answer, own_texts
from thymos.respond.exercises.steps import Breathing, Choice, Choices, ListOfTexts, Pause, Say, Scale, Text

OPTIONS = ({"value": "a", "label": "The first"}, {"value": "b", "label": "The second"}, {"value": "c", "label": "C"})
COMMON = {"id": "x", "prompt": "?"}
TEXT = Text(**COMMON, kind="text", longest=10)
MAYBE = Text(**COMMON, kind="text", optional=True)
LIST = ListOfTexts(**COMMON, kind="list", least=2, most=3, longest=5)
SCALE = Scale(**COMMON, kind="scale", low=0, high=10, step=0.5)
CHOICE = Choice(**COMMON, kind="choice", choices=OPTIONS)
CHOICES = Choices(**COMMON, kind="choices", choices=OPTIONS, least=1, most=2)
SAY = Say(**COMMON, kind="say")
PAUSE = Pause(**COMMON, kind="pause", seconds=20)
BREATHING = Breathing(**COMMON, kind="breathing", inhale=4, exhale=6, rounds=12)


@pytest.mark.parametrize(
    ("step", "value", "kept"),
    [
        (TEXT, "  a b\n", "a b"),
        (MAYBE, "", None),
        (MAYBE, " \n", None),
        (MAYBE, None, None),
        (LIST, ["a", " ", "b "], ["a", "b"]),
        (LIST, ("a", "b"), ["a", "b"]),
        (SCALE, 10, 10),
        (SCALE, 2.0, 2),
        (SCALE, 2.5, 2.5),
        (CHOICE, "b", "b"),
        (CHOICE, "The second", "b"),
        (CHOICES, ["c", "The first"], ["a", "c"]),
        (SAY, None, None),
        (PAUSE, None, None),
        (PAUSE, 3.5, 3.5),
        (BREATHING, 12, 12),
    ],
)
def test_answers_are_kept_in_one_shape(step: Any, value: Any, kept: Any) -> None:
    found = checked_answer(step, value)
    assert found == kept
    assert type(found) is type(kept)
    assert checked_answer(step, found) == found


@pytest.mark.parametrize(
    ("step", "value", "message"),
    [
        (TEXT, None, "an answer is needed"),
        (TEXT, " ", "write a few words"),
        (TEXT, 5, "a text is needed"),
        (TEXT, ["a"], "a text is needed"),
        (TEXT, "x" * 11, "11 letters; use at most 10"),
        (TEXT, "a\0b", "cannot be kept"),
        (TEXT, "\ud800", "cannot be kept"),
        (LIST, "one", "several texts"),
        (LIST, ["a", 1], "several texts"),
        (LIST, ["a"], "1 entries are given; give 2 to 3"),
        (LIST, ["a", " "], "1 entries"),
        (LIST, list("abcd"), "4 entries"),
        (LIST, ["a", "too long"], "use at most 5"),
        (LIST, [], "an answer is needed"),
        (SCALE, "5", "no number; give 0 to 10 in steps of 0.5"),
        (SCALE, True, "no number"),
        (SCALE, float("nan"), "no number"),
        (SCALE, float("inf"), "no number"),
        (SCALE, -1, "outside"),
        (SCALE, 10.5, "outside"),
        (SCALE, 0.3, "between two steps"),
        (SCALE, None, "give 0 to 10"),
        (CHOICE, "d", "none of the choices; use a, b, c"),
        (CHOICE, ["a"], "not what a choice gives"),
        (CHOICE, {"value": "a"}, "not what a choice gives"),
        (CHOICE, 1, "not what a choice gives"),
        (CHOICES, "a", "not what a choice gives"),
        (CHOICES, ["a", "a"], "stands twice"),
        (CHOICES, ["a", "The first"], "stands twice"),
        (CHOICES, ["a", "b", "c"], "3 choices are given; choose 1 to 2"),
        (CHOICES, [], "choose 1 to 2"),
        (SAY, "hello", "nothing to answer"),
        (PAUSE, 21, "give 0 to 20"),
        (PAUSE, "long", "give 0 to 20"),
        (BREATHING, -1, "give 0 to 12"),
        (BREATHING, True, "give 0 to 12"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(step: Any, value: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        checked_answer(step, value)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers()))
def test_no_value_does_more_than_fit_or_be_refused(value: Any) -> None:
    for step in (TEXT, MAYBE, LIST, SCALE, CHOICE, CHOICES, SAY, PAUSE, BREATHING):
        try:
            found = checked_answer(step, value)
        except BadInput:
            continue
        assert checked_answer(step, found) == found


@given(place=st.integers(0, 20))
def test_every_step_of_a_scale_can_be_reached(place: int) -> None:
    assert checked_answer(SCALE, place * 0.5) == place * 0.5
    tenths = Scale(**COMMON, kind="scale", low=0, high=2, step=0.1)
    assert checked_answer(tenths, place * 0.1) == pytest.approx(place / 10)


def test_own_words_are_those_of_texts_and_lists() -> None:
    assert own_texts(TEXT, "mine") == "mine"
    assert own_texts(LIST, ["a", "b"]) == "a\nb"
    assert own_texts(CHOICES, ["a"]) == own_texts(SCALE, 5) == own_texts(MAYBE, None) == ""
