"""Errors name the place and the mend, in one line."""

from pathlib import Path

import pytest

from thymos.errors import BadInput, ThymosError, Unavailable


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (BadInput("it is empty"), "it is empty"),
        (BadInput("it is empty", where="a.csv"), "a.csv: it is empty"),
        (BadInput("it is empty", where=Path("a.csv"), mend="fill it"), "a.csv: it is empty; fill it"),
        (BadInput("it is empty", mend="fill it"), "it is empty; fill it"),
    ],
)
def test_text_of_an_error(error: BadInput, text: str) -> None:
    assert str(error) == text


def test_parts_of_an_error_can_be_read() -> None:
    error = BadInput("it is empty", where=Path("a.csv"), mend="fill it")
    assert (error.what, error.where, error.mend) == ("it is empty", "a.csv", "fill it")


@pytest.mark.parametrize("kind", [BadInput, Unavailable])
def test_every_error_of_ours_is_a_thymos_error(kind: type[Exception]) -> None:
    assert issubclass(kind, ThymosError)
