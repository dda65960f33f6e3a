"""Scores as published, ranges and order of scores, and what is refused."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.questionnaires import NOTE, Questionnaire, find_questionnaire, questionnaires
from thymos.respond.questionnaires.instrument import DATA, checked_questionnaire

ALL = sorted(questionnaires())
everyone = pytest.mark.parametrize("name", ALL)


def summing_to(questionnaire: Questionnaire, total: int) -> dict[str, int]:
    """Answers with this sum."""
    answers, left = {}, total
    for item in questionnaire.items:
        options = list(questionnaire.options_of(item))
        answers[item] = max(options[0], min(options[-1], left))
        left -= answers[item]
    return answers


# Kroenke, Spitzer & Williams 2001; Spitzer et al. 2006; Morin 1993 and Bastien et al. 2001: first and last sum of each.
PUBLISHED = {
    "phq9": [
        (0, 4, "minimal"), (5, 9, "mild"), (10, 14, "moderate"), (15, 19, "moderately severe"), (20, 27, "severe"),
    ],
    "gad7": [(0, 4, "minimal"), (5, 9, "mild"), (10, 14, "moderate"), (15, 21, "severe")],
    "isi": [
        (0, 7, "no clinically significant insomnia"), (8, 14, "subthreshold insomnia"),
        (15, 21, "clinical insomnia (moderate severity)"), (22, 28, "clinical insomnia (severe)"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "low", "high", "band"), [(name, *row) for name in PUBLISHED for row in PUBLISHED[name]]
)
def test_published_cut_offs(name: str, low: int, high: int, band: str) -> None:
    questionnaire = find_questionnaire(name)
    for total in range(low, high + 1):
        found = questionnaire.score(summing_to(questionnaire, total))
        assert (found.total, found.band) == (total, band)


@pytest.mark.parametrize(
    ("name", "items", "limits"),
    [("phq9", 9, (0, 27)), ("gad7", 7, (0, 21)), ("isi", 7, (0, 28)), ("panas", 20, (20, 100))],
)
def test_published_size_and_range(name: str, items: int, limits: tuple[int, int]) -> None:
    questionnaire = find_questionnaire(name)
    assert (len(questionnaire.items), questionnaire.limits) == (items, limits)


def test_the_key_of_panas() -> None:
    """Watson, Clark & Tellegen 1988: ten items each; read side by side, never added up."""
    panas = find_questionnaire("panas")
    positive = {1, 3, 5, 9, 10, 12, 14, 16, 17, 19}
    answers = {f"item_{number}": 5 if number in positive else 2 for number in range(1, 21)}
    found = panas.score(answers)
    assert found.subscales == {"positive_affect": 50, "negative_affect": 20}
    assert (found.total, found.band) == (None, "")
    assert "No cut-offs are published" in found.note


def test_a_scored_case_by_hand() -> None:
    """PHQ-9 with 2, 2, 1, 3, 0, 2, 1, 0, 0: 11, moderate; the difficulty item does not count."""
    phq9 = find_questionnaire("PHQ-9")
    answers = dict(zip(phq9.items, (2, 2, 1, 3, 0, 2, 1, 0, 0), strict=True))
    for more in ({}, {"difficulty": 3}, {"difficulty": None}):
        found = phq9.score(answers | more)
        assert (found.total, found.band, found.urgent) == (11, "moderate", False)


@pytest.mark.parametrize("value", [1, 2, 3])
def test_item_9_asks_for_help_whatever_the_sum(value: int) -> None:
    phq9 = find_questionnaire("phq9")
    found = phq9.score(dict.fromkeys(phq9.items, 0) | {"item_9": value})
    assert (found.urgent, found.total, found.band) == (True, value, "minimal")
    assert not phq9.score(dict.fromkeys(phq9.items, 3) | {"item_9": 0}).urgent
    assert phq9.is_urgent({"item_9": value})
    assert not phq9.is_urgent({})


def test_an_urgent_answer_is_never_lost_in_an_error() -> None:
    phq9 = find_questionnaire("phq9")
    found = phq9.score({"item_9": 1, "item_1": None})
    assert (found.urgent, found.total, found.band, found.left_out) == (True, None, "", 8)
    assert found.note.startswith("8 answers are missing, so there is no total.")


@everyone
def test_missing_answers_are_refused_and_never_filled_in(name: str) -> None:
    questionnaire = find_questionnaire(name)
    lowest = {item: min(questionnaire.options_of(item)) for item in questionnaire.items}
    for item in questionnaire.items:
        with pytest.raises(BadInput, match=f"1 of {len(lowest)} answers are missing, first {item}"):
            questionnaire.score({key: value for key, value in lowest.items() if key != item})
        with pytest.raises(BadInput, match="answers are missing"):
            questionnaire.score(lowest | {item: None})  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="answers are missing"):
        questionnaire.score({})


@everyone
@given(data=st.data())
def test_scores_stay_in_range_and_rise_with_each_answer(name: str, data: st.DataObject) -> None:
    questionnaire = find_questionnaire(name)
    low, high = questionnaire.limits
    answers = {item: data.draw(st.sampled_from(sorted(questionnaire.options_of(item)))) for item in questionnaire.items}
    found = questionnaire.score(answers)
    bands = [one.name for one in questionnaire.bands]
    if found.total is not None:
        assert low <= found.total <= high
    item = data.draw(st.sampled_from(questionnaire.items))
    if answers[item] < max(questionnaire.options_of(item)):
        more = questionnaire.score(answers | {item: answers[item] + 1})
        if found.total is not None and more.total is not None:
            assert more.total == found.total + 1
            assert bands.index(more.band) >= bands.index(found.band)
        changed = {key for key in found.subscales if more.subscales[key] != found.subscales[key]}
        assert changed == {key for key, items in questionnaire.subscales.items() if item in items}
        assert all(more.subscales[key] == found.subscales[key] + 1 for key in changed)
        assert more.urgent >= found.urgent
    assert json.loads(json.dumps(found.as_values())) == found.as_values()


@pytest.mark.parametrize("value", [-1, 4, 1.5, 1.0, "2", True, float("nan"), [1]])
def test_what_is_no_option_is_refused(value: Any) -> None:
    gad7 = find_questionnaire("gad7")
    with pytest.raises(BadInput, match="is no answer to item_4; use 0, 1, 2, 3"):
        gad7.score(dict.fromkeys(gad7.items, 1) | {"item_4": value})


def test_an_unknown_item_is_refused_also_when_it_is_empty() -> None:
    gad7 = find_questionnaire("gad7")
    for value in (1, None):
        with pytest.raises(BadInput, match="'item_8' is no item"):
            gad7.score(dict.fromkeys(gad7.items, 1) | {"item_8": value})


def test_names() -> None:
    assert [find_questionnaire(name).slug for name in ("PHQ-9", "gad_7", "Isi")] == ["phq9", "gad7", "isi"]
    with pytest.raises(BadInput, match="use one of: gad7, isi, panas, phq9"):
        find_questionnaire("horoscope")


@everyone
def test_results_are_information_and_name_their_source(name: str) -> None:
    questionnaire = find_questionnaire(name)
    found = questionnaire.score({item: max(questionnaire.options_of(item)) for item in questionnaire.items})
    assert found.note.startswith(NOTE)
    assert "not a diagnosis" in found.note
    for words in (found.note, found.band, questionnaire.reading):
        assert "you have" not in words.lower()
    assert questionnaire.period
    assert questionnaire.sources
    assert questionnaire.licence


def test_items_of_others_are_not_in_the_repository() -> None:
    """Only what everybody may reproduce is handed on. Some words of the protected items must not even appear."""
    assert {name for name in ALL if questionnaires()[name].has_texts} == {"phq9", "gad7"}
    for name, words in {"panas": ("jittery", "enthusiastic", "hostile"), "isi": ("noticeable", "interfere")}.items():
        content = (DATA / f"{name}.yaml").read_text(encoding="utf-8").lower()
        assert not [word for word in words if word in content]
    for name in ("phq9", "gad7"):
        assert "No permission required to reproduce" in questionnaires()[name].licence


VALUES: dict[str, Any] = yaml.safe_load((DATA / "gad7.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"items": ["item_1", "item_1"], "texts": {}, "bands": []}, "an item stands twice"),
        ({"texts": {"item_1": "x"}}, "texts and items differ"),
        ({"options": {1: "a", 0: "b"}}, "lowest first"),
        ({"options": {0: "a"}, "bands": []}, "two or more"),
        ({"options": {0: ""}}, "at least 1 character"),
        ({"urgent": ["item_9"]}, "'item_9' is no item that counts"),
        ({"subscales": {"a": ["difficulty"]}}, "'difficulty' is no item that counts"),
        ({"item_options": {"x": {0: "a", 1: "b"}}}, "item_options name an item"),
        ({"bands": [{"low": 0, "high": 20, "name": "x"}]}, "bands must cover"),
        ({"bands": [{"low": 1, "high": 21, "name": "x"}]}, "bands must cover"),
        ({"bands": [{"low": 0, "high": 9, "name": "x"}, {"low": 9, "high": 21, "name": "y"}]}, "bands must cover"),
        ({"bands": [{"low": 0, "high": 9, "name": "x"}, {"low": 11, "high": 21, "name": "y"}]}, "bands must cover"),
        ({"no_total": True}, "bands must cover"),
        ({"formula": "sum(items)"}, "Extra inputs"),
        ({"sources": []}, "at least 1"),
    ],
)
def test_an_instrument_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        checked_questionnaire(VALUES | changes, "mine.yaml")
