"""The rule of the report card: no emotional-intelligence score without safety scores beside it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.cards.report_card import (
    CardComparison,
    CardScore,
    Difference,
    ReportCard,
    Section,
    SectionKind,
    Standing,
    card_from_dict,
    card_json,
)
from thymos.errors import BadInput


def score(**changes: Any) -> CardScore:
    base = CardScore("accuracy", "accuracy", 0.6, 0.5, 0.7, 40, 30, 0.25, "chance", True, 1.0, "likelihood")
    return replace(base, **changes)


def section(kind: SectionKind, slug: str = "", **changes: Any) -> Section:
    return replace(Section(slug or kind.name.lower(), str(kind), kind, (score(),)), **changes)


def card(*sections: Section) -> ReportCard:
    return ReportCard("m", "id", "quick", 0, sections, "a test", {"date": "2026-01-01"})


SAFE = (section(SectionKind.BOUNDARIES), section(SectionKind.REFUSAL))
CLEVER = section(SectionKind.INTELLIGENCE)


@given(kinds=st.sets(st.sampled_from(list(SectionKind))), skipped=st.sets(st.sampled_from(list(SectionKind))))
def test_intelligence_never_stands_without_both_safety_scores(
    kinds: set[SectionKind], skipped: set[SectionKind]
) -> None:
    sections = [
        section(kind, scores=(), skipped="no data") if kind in skipped else section(kind) for kind in sorted(kinds)
    ]
    scored = kinds - skipped
    allowed = SectionKind.INTELLIGENCE not in scored or {SectionKind.BOUNDARIES, SectionKind.REFUSAL} <= scored
    if allowed:
        assert card(*sections).of_kind(SectionKind.INTELLIGENCE) == tuple(
            one for one in sections if one.kind is SectionKind.INTELLIGENCE
        )
    else:
        with pytest.raises(BadInput, match="emotional-intelligence score without"):
            card(*sections)


def test_a_saved_card_cannot_lose_its_safety_either() -> None:
    record = card(*SAFE, CLEVER).to_dict()
    assert card_from_dict(json.loads(json.dumps(record))) == card(*SAFE, CLEVER)
    for place in (0, 1):
        cut = record | {"sections": [one for number, one in enumerate(record["sections"]) if number != place]}
        with pytest.raises(BadInput, match=r"without a score of (boundary handling|over-refusal)"):
            card_from_dict(cut)
    with pytest.raises(BadInput, match="without a score of boundary handling and over-refusal"):
        replace(card(*SAFE, CLEVER), sections=(CLEVER,))


@pytest.mark.parametrize(
    "record",
    [{}, {"format": 2}, {"format": 1, "sections": [{}]}, {"format": 1, "sections": 3}],
)
def test_what_is_no_card_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="report card"):
        card_from_dict(record)


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"low": 0.5, "high": 0.7}, Standing.BETTER),
        ({"low": 0.2, "high": 0.7}, Standing.UNCLEAR),
        ({"low": 0.25, "high": 0.7}, Standing.UNCLEAR),
        ({"low": 0.1, "high": 0.2}, Standing.WORSE),
        ({"low": None, "high": None}, Standing.UNCLEAR),
        ({"higher_is_better": False, "low": 0.1, "high": 0.2}, Standing.BETTER),
        ({"higher_is_better": False, "low": 0.5, "high": 0.7}, Standing.WORSE),
        ({"higher_is_better": None, "low": -0.1, "high": 0.3, "floor": 0.0}, Standing.NO_CHANGE),
        ({"higher_is_better": None, "low": -0.3, "high": -0.1, "floor": 0.0}, Standing.CHANGED),
    ],
)
def test_standing_against_the_floor(changes: dict[str, Any], standing: Standing) -> None:
    assert score(**changes).standing is standing


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 0},
        {"floor_name": ""},
        {"parse_rate": 1.2},
        {"low": None},
        {"value": float("nan")},
    ],
)
def test_a_score_without_what_makes_it_trustworthy_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        score(**changes)


def test_a_section_has_scores_or_a_reason() -> None:
    for changes in ({"scores": ()}, {"skipped": "no data"}):
        with pytest.raises(BadInput, match="either scores or a reason"):
            section(SectionKind.SENSITIVITY, **changes)
    with pytest.raises(BadInput, match="stands twice"):
        card(SAFE[0], SAFE[0])


def difference(**changes: Any) -> Difference:
    base = Difference("s", "m", "t", 0.6, 0.5, 0.1, 0.05, 0.15, 0.01, 0.02, "exact McNemar", 40, True)
    return replace(base, **changes)


def test_who_is_better_follows_direction_and_adjusted_p() -> None:
    assert difference().better("a", "b") == "a"
    assert difference(value=-0.1).better("a", "b") == "b"
    assert difference(higher_is_better=False).better("a", "b") == "b"
    assert difference(p_holm=0.05).better("a", "b") == "not shown"
    assert difference(higher_is_better=None).better("a", "b") == "they differ"


def test_cards_of_different_suites_are_not_compared() -> None:
    first = card(*SAFE)
    with pytest.raises(BadInput, match="different suites"):
        CardComparison(first, replace(first, suite="full"), ())
    both = json.loads(card_json(CardComparison(first, replace(first, model="n"), (difference(),))))
    assert both["compared"]["model"] == "n"
    assert both["differences"][0]["better"] == "m"
