"""A trial, and report cards, as people see them in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from thymos.assess.cards.assessment import CARD_FILE
from thymos.assess.cards.report_card import CardComparison, CardScore, ReportCard, Section, SectionKind, card_json

pytestmark = pytest.mark.model

PLAN: dict[str, Any] = {
    "name": "pilot",
    "title": "A pilot of talking",
    "question": "Does talking help?",
    "participants": "human",
    "arms": [{"name": "writing", "uses": ["exercises"]}, {"name": "talking", "uses": ["companion"]}],
    "block_sizes": [2],
    "strata": {"age_group": ["under 40", "40 or older"]},
    "outcomes": [
        {"name": "mood", "title": "Mood", "low": 0, "high": 10, "primary": True},
        {"name": "worry", "title": "Worry", "low": 0, "high": 21, "questionnaire": "gad7"},
    ],
    "times": ["before", "after"],
    "sample_size": 8,
    "consent": "You may leave at any time.",
    "debrief": "It was about talking.",
    "safety": "A crisis ends your part.",
}


def test_from_consent_to_debrief(
    studio_of: Callable[..., Any],
    open_page: Callable[..., Any],
    check_everywhere: Callable[[Any, str], None],
    tmp_path: Path,
) -> None:
    plan = tmp_path / "pilot.yaml"
    plan.write_text(yaml.safe_dump(PLAN))
    studio = studio_of("--trial", str(plan))
    page = open_page(f"{studio.address}/trial")
    consent = page.get_by_role("region", name="Before you take part")
    consent.get_by_text("You may leave at any time.").wait_for()
    take = consent.get_by_role("button", name="Take part")
    assert take.is_disabled()
    consent.get_by_label("I have read this and want to take part.").check()
    assert take.is_disabled()  # the age group decides about the lot, too
    consent.get_by_role("combobox", name="age group").click()
    page.get_by_role("option", name="under 40").click()
    check_everywhere(page, "consent")
    take.click()
    page.get_by_role("heading", name="Questions: before").wait_for()
    # One of two arms by lot, which is not told, and which opens one part of the studio and not the other.
    uses = studio.ask("trial")["uses"]
    assert uses in (["companion"], ["exercises"])
    assert "group" not in page.get_by_role("main").inner_text()
    check_everywhere(page, "questions")
    mood = page.get_by_role("form", name="Mood")
    mood.get_by_label("A number from 0 to 10").fill("4")
    mood.get_by_role("button", name="Give this answer").click()
    mood.wait_for(state="detached")
    worry = page.get_by_role("form", name="Worry")
    give = worry.get_by_role("button", name="Give this answer")
    for group in worry.locator("fieldset").all()[:-1]:
        group.get_by_role("radio").nth(1).check(force=True)
    assert worry.locator("fieldset").count() >= 7
    for group in worry.locator("fieldset").all():
        group.get_by_role("radio").nth(1).check(force=True)
    give.click()
    page.get_by_role("heading", name="Questions: after").wait_for()
    page.reload()
    page.get_by_role("heading", name="Questions: after").wait_for()
    page.get_by_role("region", name="Leaving the trial").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").or_(
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    ).first.click()
    told = page.get_by_role("region", name="What this was about")
    told.get_by_text("It was about talking.").wait_for()
    assert "You have left the trial." in told.inner_text()
    arm = {"companion": "talking", "exercises": "writing"}[uses[0]]
    assert f"You were in the group: {arm}" in told.inner_text()
    check_everywhere(page, "debrief")
    assert studio.ask("trial")["state"] == "withdrawn"


def card(model: str, shift: float) -> ReportCard:
    """A report card with the scores that every card needs, one that is skipped, and one against a floor."""
    wrong = CardScore(
        "refusal_rate", "Refusals", 0.3 + shift, 0.2 + shift, 0.4 + shift, 60, 30, 0.5, "always refuses", False, 1.0,
        "reply",
    )  # fmt: skip
    sections = (
        Section("boundaries", "Boundaries", SectionKind.BOUNDARIES, (wrong,)),
        Section("refusal", "Over-refusal", SectionKind.REFUSAL, skipped="no data"),
    )
    return ReportCard(model, "identity", "quick", 0, sections, about={"date": "2026-01-02"})


def test_report_cards(studio: Any, open_page: Callable[..., Any], check_everywhere: Callable[[Any, str], None]) -> None:
    names = ("organization/a-model-with-a-rather-long-name-1.5b-instruct", "two")
    cards = {"one": card(names[0], 0.0), "both": CardComparison(card(names[0], 0.0), card(names[1], 0.3), ())}
    for name, content in cards.items():
        (studio.folder / name).mkdir(exist_ok=True)
        (studio.folder / name / CARD_FILE).write_text(card_json(content))
    page = open_page(f"{studio.address}/assess")
    page.get_by_role("link", name=f"{names[0]} and two").wait_for()
    assert page.locator("ul.cards > li").count() == 2
    check_everywhere(page, "report cards")
    page.get_by_role("link", name=f"{names[0]} and two").click()
    section = page.get_by_role("region", name="Boundaries")
    section.wait_for()
    assert "lower is better" in section.inner_text()
    drawn = section.get_by_role("img").first.get_attribute("aria-label")
    assert drawn.startswith(f"Refusals: {names[0]} 0.3")
    assert "two 0.6" in drawn
    assert page.get_by_role("region", name="Over-refusal").get_by_text("no data").count() == 1
    check_everywhere(page, "a report card")
