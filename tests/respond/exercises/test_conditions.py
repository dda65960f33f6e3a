"""Conditions over earlier answers: what holds, what never can, what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from thymos.respond.exercises.conditions import Condition


def holds(condition: dict[str, Any], **answers: Any) -> bool:
    return Condition.model_validate(condition).holds(answers)


def test_choices() -> None:
    assert holds({"answer": "a", "equals": "x"}, a="x")
    assert not holds({"answer": "a", "equals": "x"}, a="y")
    assert holds({"answer": "a", "equals": "x"}, a=["y", "x"])
    assert holds({"answer": "a", "one_of": ["x", "z"]}, a=["y", "z"])
    assert not holds({"answer": "a", "one_of": ["x"]}, a=["y"])


@given(value=st.integers(-100, 100), low=st.integers(-100, 100), width=st.integers(0, 50))
def test_ranges(value: int, low: int, width: int) -> None:
    condition = {"answer": "a", "at_least": low, "at_most": low + width}
    assert holds(condition, a=value) == (low <= value <= low + width)
    assert holds({"not": condition}, a=value) != holds(condition, a=value)


@given(before=st.integers(0, 100), after=st.integers(0, 100), limit=st.integers(-100, 100))
def test_differences(before: int, after: int, limit: int) -> None:
    condition = {"answer": "after", "minus": "before", "at_least": limit}
    assert holds(condition, before=before, after=after) == (after - before >= limit)


def test_how_many_are_counted() -> None:
    assert holds({"answer": "a", "at_least": 2}, a=["x", "y"])
    assert not holds({"answer": "a", "at_least": 2}, a=["x"])


@pytest.mark.parametrize(
    "condition",
    [
        {"answer": "a", "equals": "x"}, {"answer": "a", "one_of": ["x"]}, {"answer": "a", "at_least": 0},
        {"answer": "a", "at_most": 0}, {"answer": "a", "given": True}, {"answer": "b", "minus": "a", "at_least": -9},
    ],
)  # fmt: skip
@pytest.mark.parametrize("answers", [{}, {"a": None}, {"a": None, "b": 1}])
def test_an_answer_that_was_not_given_fails_every_test(condition: dict[str, Any], answers: dict[str, Any]) -> None:
    assert not holds(condition, **answers)
    assert holds({"answer": "a", "given": False}, **answers)


def test_a_number_test_of_a_text_fails() -> None:
    assert not holds({"answer": "a", "at_least": 0}, a="12")


@given(st.lists(st.booleans(), min_size=1, max_size=4))
def test_groups_are_those_of_logic(truths: list[bool]) -> None:
    parts = [{"answer": "a", "equals": "x" if truth else "y"} for truth in truths]
    assert holds({"all": parts}, a="x") == all(truths)
    assert holds({"any": parts}, a="x") == any(truths)
    assert holds({"not": {"any": parts}}, a="x") == holds({"all": [{"not": part} for part in parts]}, a="x")


def test_the_tested_answers_are_told() -> None:
    inner = [{"answer": "a", "given": True}, {"not": {"any": [{"answer": "b", "minus": "c", "at_most": 1}]}}]
    tested = list(Condition.model_validate({"all": inner}).tested())
    assert [(one.answer, one.minus) for one in tested] == [("a", None), ("b", "c")]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({}, "names an answer"),
        ({"answer": "a"}, "names an answer"),
        ({"equals": "x"}, "names an answer"),
        ({"answer": "a", "equals": "x", "at_least": 1}, "do not stand together"),
        ({"answer": "a", "minus": "b", "equals": "x"}, "a difference is tested"),
        ({"answer": "a", "at_least": 2, "at_most": 1}, "above"),
        ({"all": []}, "at least 1"),
        ({"all": [{"answer": "a", "given": True}], "answer": "a"}, "stand alone"),
        ({"answer": "a", "eval": "1+1"}, "Extra inputs"),
        ({"answer": "a", "at_least": "1"}, "valid number"),
        ({"answer": "a", "at_least": float("nan")}, "finite"),
        ({"answer": "a", "given": "yes"}, "boolean"),
        ({"answer": "A b", "given": True}, "pattern"),
    ],
)
def test_conditions_that_say_nothing_clear_are_refused(condition: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Condition.model_validate(condition)
