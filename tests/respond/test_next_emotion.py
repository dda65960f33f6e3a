"""The rule of the next emotion, by hand and by its properties."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput
from thymos.respond.emotion_transition import SCHEME, TRAITS, anchors, temperament
from thymos.respond.next_emotion import (
    HONEST,
    RATE,
    amounts,
    checked_personality,
    moved,
    nearest,
    personality_of,
    suggest_next,
)

EMOTIONS = get_scheme(SCHEME).labels
TRAIT_VALUES = st.lists(st.floats(0, 1), min_size=5, max_size=5).map(
    lambda values: dict(zip(TRAITS, values, strict=True))
)
RESULT = Path(__file__).parents[2] / "docs" / "results" / "personality_emotion_transition.json"


def test_by_hand():
    found = suggest_next("joy", "anger", rate=1.0)
    amount = [(1 + 0.495) / 2, (1 - 0.06) / 2, (1 + 0.35) / 2]
    expected = [0.81 + amount[0] * -1.32, 0.51 + amount[1] * 0.08, 0.46 + amount[2] * -0.21]
    assert found.point == pytest.approx(tuple(expected))
    assert (found.last, found.partner) == ("joy", "anger")


@given(st.sampled_from(EMOTIONS), st.sampled_from(EMOTIONS), TRAIT_VALUES)
def test_a_rate_of_nothing_says_the_last_emotion_again(last, partner, personality):
    assert suggest_next(last, partner, personality, rate=0.0).emotion == last


@given(st.sampled_from(EMOTIONS), TRAIT_VALUES, st.floats(0, 1))
def test_who_feels_as_the_partner_stays(emotion, personality, rate):
    assert suggest_next(emotion, emotion, personality, rate=rate).emotion == emotion


@given(st.sampled_from(EMOTIONS), st.sampled_from(EMOTIONS), TRAIT_VALUES, st.floats(0, 1))
def test_the_point_lies_between_the_two(last, partner, personality, rate):
    point = np.array(suggest_next(last, partner, personality, rate=rate).point)
    ends = anchors([last, partner])
    assert (point >= ends.min(axis=0) - 1e-9).all()
    assert (point <= ends.max(axis=0) + 1e-9).all()


@given(TRAIT_VALUES)
def test_amounts_are_half_of_one_and_the_temperament(personality):
    expected = np.clip((1 + temperament(list(personality.values()))) / 2, 0, 1)
    np.testing.assert_allclose(amounts(personality), expected)


def test_a_warmer_person_goes_further_toward_joy():
    cold, warm = ({**dict.fromkeys(TRAITS, 0.5), "agreeableness": value} for value in (0.0, 1.0))
    assert suggest_next("neutral", "joy", warm).point[0] > suggest_next("neutral", "joy", cold).point[0]


def test_points_are_taken_as_well():
    found = suggest_next([0.8, 0.5, 0.4], (0.0, 0.0, 0.0), rate=0.0)
    assert (found.emotion, found.last, found.partner) == ("joy", "joy", "neutral")


def test_many_rows_are_as_one():
    last, partner = anchors(["joy", "fear"]), anchors(["anger", "neutral"])
    rows = moved(last, partner, np.tile(amounts(None), (2, 1)), RATE)
    expected = [suggest_next("joy", "anger").emotion, suggest_next("fear", "neutral").emotion]
    assert nearest(rows) == expected


@pytest.mark.parametrize(
    ("last", "options", "message"),
    [
        ("boredom", {}, "emotion 'boredom' has no place"),
        ([0.1, 0.2], {}, "a point is valence, arousal and dominance"),
        ([0.1, 0.2, 1.5], {}, "a point is valence"),
        ([0.1, 0.2, float("nan")], {}, "a point is valence"),
        ("joy", {"rate": 1.5}, "a rate of 1.5 cannot be"),
        ("joy", {"rate": float("nan")}, "a rate of nan cannot be"),
        ("joy", {"personality": {"openness": 0.5}}, "the personality has no conscientiousness"),
        ("joy", {"personality": dict.fromkeys(TRAITS, 2.0)}, "five numbers in 0..1"),
    ],
)
def test_what_cannot_be(last, options, message):
    with pytest.raises(BadInput, match=message):
        suggest_next(last, "joy", **options)


def test_a_personality_from_a_word():
    assert personality_of(" ") is None
    assert personality_of("0.1,0.2,0.3,0.4,0.5") == dict(zip(TRAITS, (0.1, 0.2, 0.3, 0.4, 0.5), strict=True))
    assert checked_personality(None) == dict.fromkeys(TRAITS, 0.5)


@pytest.mark.parametrize("word", ["0.1,0.2", "a,b,c,d,e", "0.1,0.2,0.3,0.4,5", "nan,0,0,0,0", "0.1;0.2;0.3;0.4;0.5"])
def test_words_that_are_no_personality(word):
    with pytest.raises(BadInput, match=r"five numbers in 0\.\.1"):
        personality_of(word)


def test_the_warning_names_the_published_number():
    rows = json.loads(RESULT.read_text(encoding="utf-8"))["rows"]
    (value,) = (
        row["value"]
        for row in rows
        if (row["system"], row["metric"], row["subset"])
        == ("the last emotion again", "macro_f1", "emotion, official test")
    )
    assert f"{value:.3f}".removeprefix("0") in HONEST
