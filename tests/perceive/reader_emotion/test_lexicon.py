"""Emotion words: derived ones, the user's lexicon, and baselines that know words only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.lexicon import (
    EmotionLexicon,
    derive_lexicon,
    log_odds_z,
    merged,
    read_affect_intensity,
)
from thymos.perceive.reader_emotion.word_emotion import emotion_term_shares, mean_of_words, word_means

TEXTS = [["glad", "day"], ["glad", "tram"], ["wept", "day"], ["wept", "tram"]] * 10
LABELS = ["joy", "joy", "sadness", "sadness"] * 10


def test_words_of_one_emotion_are_found():
    lexicon = derive_lexicon(TEXTS, LABELS, ("joy", "sadness"), least=2.0, prior=4.0)
    assert set(lexicon.strengths["joy"]) == {"glad"}
    assert set(lexicon.strengths["sadness"]) == {"wept"}
    assert lexicon.words == {"glad", "wept"}
    assert derive_lexicon(TEXTS, LABELS, ("joy",), least=2.0, prior=4.0, minimum_count=50).words == frozenset()


def test_background_labels_count_as_the_rest():
    texts, labels = [*TEXTS, *[["tram"]] * 40], [*LABELS, *["neutral"] * 40]
    lexicon = derive_lexicon(texts, labels, ("joy", "sadness"), least=2.0, prior=4.0)
    assert "tram" not in lexicon.words


def test_z_by_hand_and_its_signs():
    prior = np.array([1.0, 1.0])
    found = log_odds_z(np.array([8.0, 2.0]), np.array([2.0, 8.0]), (10.0, 10.0), prior)
    odds = np.log(9 / 3) - np.log(3 / 9)
    assert found == pytest.approx([odds / np.sqrt(1 / 9 + 1 / 3), -odds / np.sqrt(1 / 9 + 1 / 3)])


def test_derive_bad_input():
    with pytest.raises(BadInput, match="40 texts and 1 labels"):
        derive_lexicon(TEXTS, ["joy"], ("joy",))
    with pytest.raises(BadInput, match="no text of 'fear'"):
        derive_lexicon(TEXTS, LABELS, ("fear",))


def test_sets_give_a_word_to_its_strongest_emotion():
    lexicon = EmotionLexicon("x", {"joy": {"cry": 1.0, "glad": 2.0}, "sadness": {"cry": 3.0}})
    assert lexicon.sets(("joy", "sadness")) == {"joy": ("glad",), "sadness": ("cry",)}
    with pytest.raises(BadInput, match="no words of 'fear'"):
        lexicon.sets(("fear",))


@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(0.1, 9), max_size=6))
def test_sets_are_disjoint(words):
    lexicon = EmotionLexicon("x", {"joy": words, "fear": dict.fromkeys("abc", 5.0)})
    sets = lexicon.sets(("joy", "fear"))
    assert set(sets["joy"]).isdisjoint(sets["fear"])
    assert set(sets["joy"]) | set(sets["fear"]) == lexicon.words


def test_merged_keeps_the_larger_strength():
    both = merged("b", [EmotionLexicon("x", {"joy": {"a": 1.0}}), EmotionLexicon("y", {"joy": {"a": 2.0, "b": 1.0}})])
    assert both.strengths == {"joy": {"a": 2.0, "b": 1.0}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "term,score,AffectDimension\nGlad,0.9,joy\nwept,0.8,sadness\nnone,0,joy\n"),
        ("a.txt", "term\tscore\tAffectDimension\nGlad\t0.9\tjoy\nwept\t0.8\tsadness\nnone\t0\tjoy\n"),
        ("b.txt", "word\temotion\temotion-intensity-score\nGlad\tjoy\t0.9\nwept\tsadness\t0.8\nnone\tjoy\t0\n"),
    ],
)
def test_affect_intensity(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    lexicon = read_affect_intensity(tmp_path / name)
    assert lexicon.strengths == {"joy": {"glad": 0.9}, "sadness": {"wept": 0.8}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("term,score\na,1\n", "column 'affectdimension' is missing"),
        ("term,score,AffectDimension\na,1,boredom\n", "line 2: unknown emotion 'boredom'"),
        ("term,score,AffectDimension\na,2,joy\n", "line 2: score '2' is outside 0..1"),
    ],
)
def test_bad_affect_intensity(tmp_path, content, message):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(BadInput, match=message):
        read_affect_intensity(tmp_path / "a.csv")


# -- baselines --------------------------------------------------------------------------------------------------------


def test_emotion_terms():
    lexicon = EmotionLexicon("x", {"joy": {"glad": 1.0}, "fear": {"dread": 1.0, "glad": 0.1}})
    found = emotion_term_shares([["glad", "tram"], ["dread", "glad"], []], lexicon, ("joy", "fear"), [0.7, 0.3])
    np.testing.assert_allclose(found, [[0.5, 0.5], [1 / 3, 2 / 3], [0.7, 0.3]])


def test_word_means_by_hand():
    shares = np.array([[1.0, 0.0], [0.0, 1.0]])
    means = word_means([["a", "a", "b"], ["b"]], shares, prior=1.0)
    np.testing.assert_allclose(means["a"], [0.75, 0.25])
    np.testing.assert_allclose(means["b"], [0.5, 0.5])
    found = mean_of_words([["a", "b", "x"], ["x"]], means, [0.9, 0.1])
    np.testing.assert_allclose(found, [[0.625, 0.375], [0.9, 0.1]])
    with pytest.raises(BadInput, match="1 texts and 2 distributions"):
        word_means([["a"]], shares)
