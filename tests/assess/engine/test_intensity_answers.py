"""Intensities: strict reading, the public formula by a plain loop, the likelihood reading, and the floors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.engine.answers import grade, parse
from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.intensity_answers import (
    constant_floor,
    expected_intensity,
    full_scale_score,
    grade_intensities,
    grade_intensity_text,
    intensity_items,
    intensity_text,
    mean_reference_floor,
    parse_intensities,
    published_scale,
    read_intensity_text,
)
from thymos.errors import BadInput

NAMES = ("Pride", "Relief", "Envy", "Boredom")
SCORES = st.fixed_dictionaries({name: st.integers(0, 10) for name in NAMES})
REFERENCE = {"Pride": 7.0, "Relief": 2.0, "Envy": 0.0, "Boredom": 4.0}


def asked(answers=(intensity_text(REFERENCE),), **other):
    return BenchmarkItem(
        id="eqbench/en/1", suite="eqbench", task="en", instruction="Rate.",
        input="Ada: So?\nBen: So.\nAda would feel...\nPride, Relief, Envy, Boredom",
        answers=answers, scoring="intensities", cluster="d1",
        **{"tags": {"emotions": "; ".join(NAMES)}, **other},
    )  # fmt: skip


# -- reading ------------------------------------------------------------------------------------------------------


@given(SCORES)
def test_reading_inverts_writing(scores):
    assert parse_intensities(intensity_text(scores), NAMES) == scores
    assert read_intensity_text(intensity_text(scores)) == scores


@pytest.mark.parametrize(
    "text",
    [
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4",
        "Pride: 7\nRelief: 2\nEnvy: 0\nBoredom: 4\n\n[End of answer]",
        "Sure! PRIDE = 7, relief = 2, Envy: 0, boredom:4.",
        "**Pride**: 7\n- Relief: **2**\n- *Envy:* 0\n_Boredom_: 4",
        "Pride: 7/10; Relief: 2 / 10; Envy: 0.0; Boredom: 4,0",
        "Boredom: 4; Envy: 0; Relief: 2; Pride: 7",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4; Joy: 11",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4\nPride: 7; Relief: 2; Envy: 0; Boredom: 4",
    ],
)
def test_readable_replies(text):
    assert parse_intensities(text, NAMES) == REFERENCE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Pride, Relief, Envy, Boredom",
        "7; 2; 0; 4",
        "Pride: 7; Relief: 2; Envy: 0",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: four",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 11",
        "Pride: 7; Relief: 2; Envy: -1; Boredom: 4",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 40%",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4/5",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4-6",
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4; Pride: 3",  # which one is meant?
        "Pride: 7; Relief: 2; Envy: 0; Boredom: 4; Pride: high",
        "Unpride: 7; Relief: 2; Envy: 0; Boredom: 4",
        "Pride: <score>; Relief: 2; Envy: 0; Boredom: 4",
    ],
)
def test_unreadable_replies(text):
    assert parse_intensities(text, NAMES) is None


def test_german_names_and_commas():
    text = "Reuevoll: 0; Gleichgültig: 6,5; Verärgert: 7"
    assert parse_intensities(text, ["Reuevoll", "Gleichgültig", "Verärgert"]) == {
        "Reuevoll": 0, "Gleichgültig": 6.5, "Verärgert": 7,
    }  # fmt: skip


@given(st.text(max_size=60))
def test_no_reply_breaks_the_reader(text):
    found = parse_intensities(text, NAMES)
    assert found is None or set(found) == set(NAMES)


# -- grading ------------------------------------------------------------------------------------------------------


def plain_score(given, reference):
    """The release's formula, step by step."""
    tally = 0.0
    for name, wanted in reference.items():
        d = abs(float(given[name]) - float(wanted))
        if d == 0:
            scaled = 0.0
        elif d <= 5:
            scaled = 6.5 * (1 / (1 + math.e ** (-1.2 * (d - 4))))
        else:
            scaled = d
        tally += scaled
    return 10 - tally * 0.7477


@given(SCORES, SCORES)
def test_equals_the_public_formula(given, reference):
    score = full_scale_score(given, reference)
    assert 10 * score == pytest.approx(plain_score(given, reference))
    assert grade_intensities(given, reference) == pytest.approx(max(0, score))
    assert full_scale_score(reference, given) == pytest.approx(score)
    assert (score == 1) == (given == reference)


def test_numbers_worked_out_by_hand():
    assert full_scale_score(REFERENCE, REFERENCE) == 1
    one_off = REFERENCE | {"Pride": 8.0}
    assert full_scale_score(one_off, REFERENCE) == pytest.approx(1 - 0.07477 * 6.5 / (1 + math.exp(3.6)))
    far = {"Pride": 0, "Relief": 10, "Envy": 10, "Boredom": 10}  # differences 7, 8, 10, 6
    assert full_scale_score(far, REFERENCE) == pytest.approx(1 - 0.07477 * 31)
    assert grade_intensities(far, REFERENCE) == 0
    assert grade_intensities(None, REFERENCE) == 0


@given(SCORES, st.sampled_from(NAMES), st.integers(0, 9))
def test_moving_away_never_scores_higher(reference, name, step):
    """Up to a step of the formula itself: 4.99 at a difference of 5."""
    near, far = (reference | {name: min(10, reference[name] + shift)} for shift in (step, step + 1))
    assert full_scale_score(far, reference) <= full_scale_score(near, reference) + 1e-12


def test_other_emotions_are_refused():
    with pytest.raises(BadInput, match="are not the reference's"):
        full_scale_score({"Joy": 1}, REFERENCE)
    with pytest.raises(BadInput, match="is not 'Emotion: number"):
        read_intensity_text("Pride seven")


def test_the_published_scale_keeps_bad_answers_and_tells_what_was_read():
    far = {"Pride": 0.0, "Relief": 10.0, "Envy": 10.0, "Boredom": 10.0}
    result = published_scale([REFERENCE, far, None], [REFERENCE] * 3)
    assert result.value == pytest.approx((100 + 100 * full_scale_score(far, REFERENCE)) / 2)
    assert result.with_unread == pytest.approx(2 * result.value / 3)
    assert (result.read, result.n) == (pytest.approx(2 / 3), 3)
    nothing = published_scale([None], [REFERENCE])
    assert math.isnan(nothing.value)
    assert nothing.with_unread == 0
    with pytest.raises(BadInput, match="1 answers to 2 questions"):
        published_scale([None], [REFERENCE] * 2)


@pytest.mark.data
def test_random_answers_score_about_zero_and_a_constant_well_above(data_root):
    """What the constant of the formula is for; and the floor that a model must beat."""
    from thymos.corpora.registry import load_corpus

    items = load_corpus("eqbench", data_root).items
    english = items[(items["version"] == "v2") & (items["language"] == "en")]
    references = [
        dict(zip(row.emotions, row.intensities, strict=True))
        for row in english[["emotions", "intensities"]].itertuples()
    ]
    rng = np.random.default_rng(0)
    drawn = [
        published_scale([dict(zip(own, rng.integers(0, 11, 4), strict=True)) for own in references], references).value
        for _ in range(20)
    ]
    assert abs(np.mean(drawn)) < 5
    assert published_scale(constant_floor(references), references).value == pytest.approx(26.889, abs=1e-3)
    floor = mean_reference_floor(references, list(english["dialogue"]))
    assert published_scale(floor, references).value == pytest.approx(38.301, abs=1e-3)


# -- through the shared answer functions --------------------------------------------------------------------------


def test_items_are_parsed_without_the_reference_and_graded_with_it():
    item = asked()
    blind = asked(answers=(intensity_text(dict.fromkeys(NAMES, 5)),))
    reply = "Pride: 8; Relief: 2; Envy: 0; Boredom: 4"
    answer = parse(item, reply)
    assert answer == parse(blind, reply) == "Pride: 8; Relief: 2; Envy: 0; Boredom: 4"
    assert grade(item, answer) == pytest.approx(full_scale_score(REFERENCE | {"Pride": 8.0}, REFERENCE))
    assert parse(item, "I would rather not say.") is None
    assert grade(item, None) == 0


def test_the_best_of_several_references_counts():
    right = intensity_text(REFERENCE)
    other = intensity_text(dict.fromkeys(NAMES, 5))
    assert grade_intensity_text(right, (other, right)) == 1


def test_an_item_without_named_emotions_is_refused():
    with pytest.raises(BadInput, match="names no emotions"):
        parse(asked(tags={}), "Pride: 1")


# -- the likelihood reading ---------------------------------------------------------------------------------------


def test_one_item_an_emotion():
    items = intensity_items(asked())
    assert [item.id for item in items] == [f"eqbench/en/1#{name}" for name in NAMES]
    assert [item.answers for item in items] == [("7",), ("2",), ("0",), ("4",)]
    assert all(item.options == tuple(str(k) for k in range(11)) for item in items)
    assert {item.cluster for item in items} == {"d1"}
    assert items[1].input.endswith("Ada would feel...\nRelief (0-10)")
    assert "Boredom" not in items[1].input
    assert len({item.instruction for item in items}) == 1


def test_an_item_whose_reference_names_others_is_refused():
    with pytest.raises(BadInput, match="the reference has other emotions"):
        intensity_items(asked(tags={"emotions": "Joy; Fear"}))


@given(st.lists(st.floats(-40, 0), min_size=11, max_size=11))
def test_expectations_lie_on_the_scale(scores):
    assert -1e-9 <= expected_intensity(scores) <= 10 + 1e-9


def test_ten_is_taken_off_from_one():
    """Digit by digit, all of P("10") is part of P("1")."""
    probabilities = np.full(11, 1e-30)
    probabilities[[1, 10]] = [0.6, 0.6]  # after "1" always follows "0"
    assert expected_intensity(np.log(probabilities)) == pytest.approx(10)
    probabilities[10] = 0.2
    assert expected_intensity(np.log(probabilities)) == pytest.approx((0.4 * 1 + 0.2 * 10) / 0.6)


def test_ten_as_one_token_stays():
    probabilities = np.full(11, 1e-30)
    probabilities[[1, 10]] = [0.1, 0.9]
    assert expected_intensity(np.log(probabilities)) == pytest.approx(0.1 * 1 + 0.9 * 10)


def test_many_rows_at_once_and_wrong_shapes():
    rows = np.log(np.full((3, 11), 1 / 11))
    assert expected_intensity(rows).shape == (3,)
    with pytest.raises(BadInput, match="11 log-likelihoods"):
        expected_intensity(np.zeros(10))
    with pytest.raises(BadInput, match="11 log-likelihoods"):
        expected_intensity([math.nan] * 11)


# -- floors -------------------------------------------------------------------------------------------------------


def test_the_mean_floor_never_sees_its_own_dialogue():
    references = [{"a": 10.0, "b": 10.0}, {"c": 8.0, "d": 8.0}, {"e": 0.0, "f": 2.0}]
    assert mean_reference_floor(references) == [{"a": 4.5, "b": 4.5}, {"c": 5.5, "d": 5.5}, {"e": 9.0, "f": 9.0}]
    floor = mean_reference_floor(references, ["x", "x", "y"])
    assert floor == [{"a": 1.0, "b": 1.0}, {"c": 1.0, "d": 1.0}, {"e": 9.0, "f": 9.0}]
    for clusters in (["x"] * 3, ["x", "y"]):
        with pytest.raises(BadInput, match="at least two clusters"):
            mean_reference_floor(references, clusters)


def test_the_constant_floor():
    assert constant_floor([REFERENCE]) == [dict.fromkeys(NAMES, 5.0)]
