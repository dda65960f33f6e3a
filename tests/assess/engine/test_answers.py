"""Reading answers without the right one, and grading what was read."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.answers import (
    LEGACY_SCORINGS,
    SCORINGS,
    first_line,
    grade,
    last_number,
    legacy_grade,
    normalize_text,
    parse,
    token_f1,
)
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.errors import BadInput


def open_item(*answers: str, scoring: str = "exact") -> BenchmarkItem:
    return BenchmarkItem("s/t/1", "s", "t", "Do it.", "x", answers or ("cat",), scoring=scoring)


def choice(*options: str, form: str = "text", right: int = 0) -> BenchmarkItem:
    return BenchmarkItem("s/t/1", "s", "t", "Choose.", "x", (options[right],), options, form)  # type: ignore[arg-type]


OPEN = ("exact", "exact_set", "contains", "f1", "number", "sequence")
MOOD = choice("positive", "negative")
LETTERED = choice("He is glad", "He is sad", "He is angry", form="letters", right=1)


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("positive", "positive"),
        ("Positive.", "positive"),
        ("\n  negative, because it is dull", "negative"),
        ("The answer is: negative", "negative"),
        ("Answer: positive", "positive"),
        ("It is positive", None),
        ("positively", None),
        ("I would not say negative or positive", None),
        ("", None),
        ("   \n ", None),
    ],
)
def test_options_are_read_from_the_start_of_the_first_line(reply: str, read: str | None) -> None:
    assert parse(MOOD, reply) == read


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("B", "He is sad"),
        ("B.", "He is sad"),
        ("(B) He is sad", "He is sad"),
        ("**C**", "He is angry"),
        ("The correct answer is A", "He is glad"),
        ("He is angry", "He is angry"),
        ("D", None),
        ("A or B", "He is glad"),
        ("Because he is sad", None),
        ("b", None),
        ("Both", None),
    ],
)
def test_letters_are_read_strictly(reply: str, read: str | None) -> None:
    assert parse(LETTERED, reply) == read


def test_an_option_that_starts_another_is_told_apart() -> None:
    item = choice("same", "same but weaker")
    assert parse(item, "same") == "same"
    assert parse(item, "same but weaker.") == "same but weaker"


@given(st.text(max_size=40), st.permutations(["joy", "fear", "anger"]), st.integers(0, 2))
def test_parsing_never_looks_at_the_right_answer(reply: str, options: list[str], right: int) -> None:
    readings = {parse(choice(*options, right=k), reply) for k in range(3)}
    assert len(readings) == 1
    assert parse(open_item("cat"), reply) == parse(open_item(reply if reply.strip() else "dog"), reply)


@given(st.sampled_from(["joy", "fear", "anger"]), st.sampled_from(["", " ", "\n", "Answer: ", "The answer is "]))
def test_a_plain_answer_is_always_read(option: str, opening: str) -> None:
    assert parse(choice("joy", "fear", "anger"), f"{opening}{option}") == option


def test_open_answers_are_the_first_line_without_its_opening() -> None:
    assert parse(open_item(), "\nThe answer is cat.\nBecause of the dog.") == "cat."
    assert parse(open_item(), "") is None
    assert first_line("\n\n a \n b") == "a"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,250.50 dollars", "1250.5"),
        ("-3", "-3"),
        ("3 + 4 = 7", "7"),
        ("seven", "7"),
        ("there are two or three", "3"),
        ("none", None),
        ("2.0", "2"),
        ("", None),
    ],
)
def test_the_last_number_counts(text: str, number: str | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    ("scoring", "answers", "answer", "score"),
    [
        ("exact", ("The cat",), "cat.", 1.0),
        ("exact", ("cat",), "a cat sat", 0.0),
        ("exact", ("dog", "cat"), "CAT", 1.0),
        ("exact", (")",), ")", 1.0),
        ("exact_set", ("lion, tiger",), "tiger, lion", 1.0),
        ("exact_set", ("lion, tiger",), "lion", 0.0),
        ("exact_set", ("lion, tiger",), "lion, tiger, rose", 0.0),
        ("contains", ("glad", "merry"), "happy, merry", 1.0),
        ("contains", ("glad",), "gladly", 0.0),
        ("f1", ("involve going up",), "going up", 0.8),
        ("number", ("1,000",), "It is 1000.0", 1.0),
        ("number", ("12",), "2", 0.0),
        ("sequence", (") ] }",), ")]}", 1.0),
        ("sequence", (") ]",), "] )", 0.0),
    ],
)
def test_scorings(scoring: str, answers: tuple[str, ...], answer: str, score: float) -> None:
    assert grade(open_item(*answers, scoring=scoring), answer) == pytest.approx(score)


@given(st.sampled_from(OPEN), st.text(alphabet=string.printable, max_size=30), st.text(min_size=1))
def test_scores_are_shares_and_nothing_read_is_wrong(scoring: str, answer: str, right: str) -> None:
    item = open_item(right if right.strip() else "x", scoring=scoring)
    assert 0.0 <= grade(item, answer) <= 1.0
    assert grade(item, None) == 0.0


@given(st.text(alphabet=string.ascii_lowercase + " ", min_size=1).filter(str.strip))
def test_the_right_answer_itself_is_right(text: str) -> None:
    for scoring in ("exact", "exact_set", "sequence"):
        assert grade(open_item(text, scoring=scoring), text) == 1.0


def test_token_f1_is_symmetric_and_one_for_equal_texts() -> None:
    assert token_f1("going up", "involve going up") == token_f1("involve going up", "going up")
    assert token_f1("up", "up") == 1.0
    assert token_f1("", "up") == 0.0


def test_options_are_right_or_wrong() -> None:
    assert grade(MOOD, "positive") == 1.0
    assert grade(MOOD, "negative") == 0.0


def test_the_legacy_scoring_peeks_and_the_strict_one_does_not() -> None:
    reply = "I cannot say, but cats are nice"
    assert legacy_grade(open_item("cat"), reply) == 1.0
    assert grade(open_item("cat"), parse(open_item("cat"), reply)) == 0.0
    assert not set(LEGACY_SCORINGS) & set(SCORINGS)
    assert set(OPEN) <= set(SCORINGS)


def test_an_unknown_scoring_is_named() -> None:
    with pytest.raises(BadInput, match="unknown scoring 'bleu'"):
        grade(open_item(scoring="bleu"), "x")


def test_normalizing_keeps_other_scripts() -> None:
    assert normalize_text("他很高兴。") == "他很高兴"
    assert normalize_text("ＡＢ") == "ab"


@pytest.mark.parametrize(
    ("reply", "scoring", "read"),
    [
        ("choices", "exact", "choices"),
        ("answered", "exact", "answered"),
        ("answer antenna camp", "exact", "answer antenna camp"),
        ("The answer is: options", "exact", "options"),
        ("Output - tea", "exact", "tea"),
        ("The answer is -5", "number", "-5"),
        ("Answer: -5", "number", "-5"),
        ("Answer - 5", "number", "5"),
        ("I count seventeen things", "number", "17"),
    ],
)
def test_openings_do_not_eat_the_answer(reply: str, scoring: str, read: str) -> None:
    assert parse(open_item(scoring=scoring), reply) == read


def test_a_letter_is_no_article() -> None:
    assert grade(open_item("a"), "A.") == 1
    assert grade(open_item("a"), "the") == 0
    assert grade(open_item("p l a c e"), "p l c e") == 0
    assert grade(open_item("cat"), "a cat") == 1
    assert parse(choice("he", "she", form="letters"), "Option B") == "she"
