"""Helpers of the suites: drawn orders, labels, numbers."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.suites._building import by_letter, drawn_order, fewer_options, plain_digits, with_labels

options = st.lists(st.text(alphabet="abcdef", min_size=1, max_size=4), min_size=2, max_size=9, unique=True)


@given(options, st.text(max_size=6))
def test_a_drawn_order_depends_on_the_key_and_not_on_the_given_order(texts, key):
    drawn = drawn_order(texts, key)
    assert sorted(drawn) == sorted(texts)
    assert drawn_order(texts[::-1], key) == drawn


def test_every_place_is_drawn_about_equally_often():
    places = Counter(drawn_order(["right", "x", "y", "z"], f"item {number}").index("right") for number in range(2000))
    assert all(abs(places[place] - 500) < 80 for place in range(4))  # 4 standard deviations


@given(options, st.integers(1, 4), st.integers(2, 8), st.text(max_size=3))
def test_fewer_options_keep_right_ones_and_fill_up(texts, right, limit, key):
    answers = texts[: min(right, len(texts) - 1)]
    shown, kept = fewer_options(texts, answers, limit, key)
    assert len(shown) == min(limit, len(texts)) or len(shown) == len(kept) + len(set(texts) - set(answers))
    assert len(shown) <= limit
    assert set(kept) <= set(shown) <= set(texts)
    assert kept == tuple(answers[: limit - 1])
    assert set(shown) - set(kept), "a wrong option is left"
    assert not (set(shown) - set(kept)) & set(answers)


def test_labels_are_named_once_and_as_whole_words():
    assert with_labels("Valid or Invalid?", ("Valid", "Invalid")) == "Valid or Invalid?"
    assert with_labels("Is it invalid?", ("valid", "invalid")) == 'Is it invalid? Answer "valid" or "invalid".'
    assert with_labels("non-entailment?", ("entailment",) * 2).endswith('Answer "entailment" or "entailment".')
    assert with_labels("Which?", ("a", "b", "c")) == 'Which? Answer "a", "b" or "c".'
    assert by_letter("Which?") == "Which? Answer with the letter."


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1,080", "1080"), ("-3", "-3"), (".5", "0.5"), ("-.5", "-0.5"), ("109,200,000", "109200000"), ("025", "025"),
        ("1.50", "1.50"), ("35,36,37", None), ("1,2", None), ("1/2", None), ("4.5e33", None), ("", None), ("x", None),
        ("3:4", None), ("5 km", None), ("1,0800", None), ("٣", None),
    ],
)  # fmt: skip
def test_plain_digits(text, digits):
    assert plain_digits(text) == digits
