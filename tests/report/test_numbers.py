"""Numbers for readers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.report.numbers import count, duration, interval, number, valued, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0"), (-4.4e-16, "0"),
        (0.5, "0.500"), (-0.0312, "-0.031"), (25.187, "25.19"), (2.7e-9, "2.7e-09"),
        (0.0004, "4.0e-04"), (12345.6, "12,346"), (-1234.0, "-1,234"), (1.0, "1.000"),
    ],
)  # fmt: skip
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


@given(value=st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-9))
def test_a_number_keeps_its_sign_and_two_digits(value: float) -> None:
    told = float(number(value).replace(",", ""))
    assert told == pytest.approx(value, rel=0.05, abs=0.0005 if abs(value) >= 0.0005 else 0.0)


@given(value=st.floats(0.001, 0.999))
def test_a_rate_keeps_three_decimals(value: float) -> None:
    assert abs(float(number(value)) - value) <= 0.0005 + 1e-12


def test_interval_needs_both_ends() -> None:
    assert interval(0.1, 0.2) == "[0.100, 0.200]"
    assert interval(None, 0.2) == interval(0.1, None) == ""


def test_value_with_and_without_interval() -> None:
    assert valued({"value": 0.5, "low": 0.4, "high": 0.6}) == "0.500 [0.400, 0.600]"
    assert valued({"value": 0.5}) == "0.500"


def test_words_of_counts_and_times() -> None:
    assert [count(n, "study", "studies") for n in (0, 1, 1234)] == ["0 studies", "1 study", "1,234 studies"]
    assert [duration(s) for s in (0.04, 59.96, 60, 3725)] == ["0.0 s", "60.0 s", "1 min 0 s", "1 h 2 min"]
    assert words("macro_f1") == "macro f1"
