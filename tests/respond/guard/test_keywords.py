"""The keyword list that the guard is held against."""

import pytest

from thymos.respond.guard.keywords import has_keyword


@pytest.mark.parametrize(
    "text", ["I want to die", "he is suicidal", "I keep cutting myself", "ｉ ｗａｎｔ ｔｏ ｄｉｅ"]
)
def test_phrases_are_found(text: str) -> None:
    assert has_keyword(text)


@pytest.mark.parametrize("text", ["", "My phone died", "Ich will sterben"])
def test_others_are_not(text: str) -> None:
    assert not has_keyword(text)


def test_it_knows_no_negation() -> None:
    assert has_keyword("I am not suicidal")
