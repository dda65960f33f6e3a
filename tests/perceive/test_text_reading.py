"""Texts of any kind: what is judged, what is marked, long texts in pieces, points in the plane."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.text_reading import (
    EMPTY,
    LONGEST,
    NO_WORDS,
    PIECE_WORDS,
    TextReader,
    judged,
    pieces,
    plane_columns,
    script_quality,
)
from thymos.testing.word_recognizer import WordRecognizer

OTHER = "{} script, the recognizer knows English"


@pytest.fixture
def reader():
    return TextReader(WordRecognizer({"glad": "joy", "mad": "anger", "thanks": "gratitude"}))


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("fine", "ok"),
        ("", EMPTY),
        (" \n\t", EMPTY),
        ("\u200b\u200e", EMPTY),
        ("x" * (LONGEST + 1), f"longer than {LONGEST} characters"),
        ("x " * 25_000, f"longer than {LONGEST} characters"),
        ("Привет, как дела", OTHER.format("Cyrillic")),
        ("مرحبا كيف حالك", OTHER.format("Arabic")),
        ("שלום", OTHER.format("Hebrew")),
        ("你好吗", OTHER.format("Han")),
        ("γεια σου", OTHER.format("Greek")),
        ("I said שלום to everybody", "ok"),
        ("שלום שלום ok", OTHER.format("Hebrew")),
        ("\u202bI am here\u202c", "ok"),
        ("🙂🙂", NO_WORDS),
        ("?!...", NO_WORDS),
    ],
)
def test_qualities(reader, text, quality):
    assert reader.qualities([text]) == [quality]


@given(st.text(max_size=60))
def test_every_text_has_one_quality(text):
    assert script_quality(text)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=4), max_size=30),
    st.integers(1, 7),
)
def test_pieces_hold_every_word_once(words, most):
    text = "  ".join(words)
    spans = pieces(text, most)
    assert [word for start, end in spans for word in text[start:end].split()] == text.split()
    assert all(len(text[start:end].split()) <= most for start, end in spans)
    assert spans


def test_a_long_text_is_the_mean_of_its_pieces(reader):
    long = "glad " + "word " * (2 * PIECE_WORDS - 1)
    rows = reader.shares([long, "glad", "word"])
    np.testing.assert_allclose(rows[0], (rows[1] + rows[2]) / 2)
    assert reader.shares([]).shape == (0, len(reader.labels))


def test_equal_texts_are_judged_once(reader):
    reader.piece_shares(["glad", "mad", "glad"])
    assert reader.recognizer.seen == ["glad", "mad"]


def test_what_is_said_and_where_it_lies(reader):
    (row,) = reader.shares(["glad and mad"])
    assert [reader.labels[code] for code in reader.said(row)] == ["joy", "anger"]
    shares = np.zeros(len(reader.labels))
    shares[reader.labels.index("joy")] = 0.5
    np.testing.assert_allclose(reader.plane(shares), [0.81, 0.51, 0.46])
    np.testing.assert_allclose(reader.plane(np.zeros(len(reader.labels))), 0)
    assert plane_columns(np.array([0.5, -2.0, 0.0])) == {"valence": 0.5, "arousal": -1.0}


def test_a_table_with_gaps(reader):
    qualities, table = judged(reader, ["glad", "", "mad"])
    assert qualities == ["ok", EMPTY, "ok"]
    assert table.isna().all(axis=1).tolist() == [False, True, False]
    assert table["anger"].iloc[2] > 0.5


def test_labels_need_a_place():
    with pytest.raises(BadInput, match="emotion 'hunger' has no place in goemotions28"):
        TextReader(WordRecognizer({"food": "hunger"}))


@pytest.mark.model
def test_the_recognizer_that_ships_knows_words_and_no_emoji():
    reader = TextReader()
    texts = ["🙂🙂", "fine 🙂", "?!", "y" * 15_000, "you are great, thanks!"]
    assert reader.qualities(texts) == [NO_WORDS, "ok", "ok", NO_WORDS, "ok"]
    (row,) = reader.shares(texts[-1:])
    assert {reader.labels[code] for code in reader.said(row)} <= {"admiration", "gratitude"}
    assert reader.neutral == ("neutral",)
