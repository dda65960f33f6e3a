"""Exercises, questionnaires and practice in a real browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.model


def answer_step(page: Any) -> str:
    """Answer what is asked now with something that fits; gives the prompt."""
    prompt = str(page.locator("#prompt").inner_text())
    step = page.locator(".step")
    slider = step.get_by_role("slider")
    if slider.count():
        slider.focus()
        page.keyboard.press("ArrowRight")
    elif step.get_by_role("radio").count():
        step.get_by_role("radio").first.check(force=True)
    elif step.get_by_role("checkbox").count():
        step.get_by_role("checkbox").first.check(force=True)
    else:
        for number, field in enumerate(step.get_by_role("textbox").all()):
            field.fill(f"a quiet evening, number {number + 1}")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_function("prompt => document.querySelector('#prompt')?.innerText !== prompt", arg=prompt)
    return prompt


def test_an_exercise_is_interrupted_and_resumed(page: Any, studio: Any, tmp_path: Path) -> None:
    page.goto(f"{studio.address}/exercises")
    page.get_by_role("button", name="Begin Gratitude journal").click()
    page.locator("#prompt").wait_for()
    seen = [answer_step(page)]
    while not page.locator(".step").get_by_role("textbox").count():
        seen.append(answer_step(page))
    page.locator(".step").get_by_role("textbox").first.fill("not sent yet")
    asked = page.locator("#prompt").inner_text()
    page.reload()
    page.locator("#prompt").wait_for()
    assert page.locator("#prompt").inner_text() == asked
    assert page.locator(".step").get_by_role("textbox").first.input_value() == "not sent yet"
    # Found again from the list, in a later visit.
    page.goto(f"{studio.address}/exercises")
    page.get_by_role("region", name="Go on with").get_by_role("link").click()
    page.locator("#prompt").wait_for()
    while page.locator("#prompt").count():
        seen.append(answer_step(page))
        assert len(seen) < 40
    page.get_by_role("heading", name="You are through.").wait_for()
    assert len(set(seen)) >= 3
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as text").click()
    download.value.save_as(tmp_path / "saved.md")
    saved = (tmp_path / "saved.md").read_text()
    assert "a quiet evening, number 1" in saved
    (run,) = studio.ask("exercise-runs")["items"]
    assert run["status"] == "finished"


def test_an_answer_can_be_taken_back(page: Any, studio: Any) -> None:
    page.goto(f"{studio.address}/exercises")
    page.get_by_role("button", name="Begin Gratitude journal").click()
    page.locator("#prompt").wait_for()
    first = answer_step(page)
    page.get_by_role("button", name="Back").click()
    page.wait_for_function("prompt => document.querySelector('#prompt')?.innerText === prompt", arg=first)


def test_a_crisis_in_an_exercise_brings_help_and_loses_nothing(
    page: Any, studio: Any, check_everywhere: Callable[[Any, str], None]
) -> None:
    page.goto(f"{studio.address}/exercises")
    page.get_by_role("button", name="Begin Expressive writing").click()
    page.locator("#prompt").wait_for()
    field = page.locator(".step").get_by_role("textbox")
    while not field.count():
        answer_step(page)
    asked = page.locator("#prompt").inner_text()
    field.fill("I want to kill myself tonight.")
    page.get_by_role("button", name="Continue").click()
    help_card = page.get_by_role("region", name="Help", exact=True)
    help_card.wait_for()
    assert help_card.get_by_role("link", name="988").count() >= 1
    assert page.get_by_role("button", name="Keep what I wrote and go on").count() == 0  # words of danger
    assert page.locator("#prompt").inner_text() == asked
    check_everywhere(page, "a crisis in an exercise")
    # Elsewhere and without what this tab remembers, help and the text are there again.
    page.evaluate("sessionStorage.clear()")
    page.reload()
    help_card.wait_for()
    assert field.input_value() == "I want to kill myself tonight."
    field.fill("I talked to my sister, and it is easier now.")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_function("prompt => document.querySelector('#prompt')?.innerText !== prompt", arg=asked)
    assert help_card.count() == 0
    (run,) = studio.ask("exercise-runs")["items"]
    answers = studio.ask(f"exercise-runs/{run['id']}")["answers"]
    assert answers[-1]["answer"] == "I talked to my sister, and it is easier now."


@pytest.mark.parametrize("still", [False, True])
def test_breathing_moves_unless_less_motion_is_wanted(studio: Any, open_page: Any, still: bool) -> None:
    page = open_page(f"{studio.address}/exercises", reduced_motion="reduce" if still else "no-preference")
    page.get_by_role("button", name="Begin Slow breathing").click()
    page.locator("#prompt").wait_for()
    for _ in range(12):
        if page.locator(".breath").count():
            break
        answer_step(page)
    page.locator(".breath").get_by_role("button", name="Start").click()
    page.locator(".breath").get_by_text("Breathe in").wait_for()
    assert page.locator(".breath .lung > i").count() == (0 if still else 1)


def test_a_questionnaire_is_scored_and_serious_answers_bring_help(page: Any, studio: Any) -> None:
    page.goto(f"{studio.address}/exercises")
    page.get_by_role("link", name="PHQ-9").click()
    page.get_by_role("group", name="1.").wait_for()
    counted = page.locator("fieldset").all()[:9]  # the tenth question is no part of the score
    for group in counted:
        group.get_by_role("radio", name="Several days").check(force=True)
    page.reload()
    assert page.get_by_role("radio", name="Several days").first.is_checked()
    page.get_by_role("button", name="Show my score").click()
    card = page.get_by_role("region", name="Help", exact=True)
    card.wait_for()
    assert card.get_by_role("link", name="988").count() >= 1
    assert page.locator(".total").inner_text() == "9"
    assert "not a diagnosis" in page.get_by_role("main").inner_text()
    (result,) = studio.ask("questionnaire-results")["items"]
    assert (result["total"], result["urgent"]) == (9, True)


def test_practice_with_feedback(page: Any, studio: Any) -> None:
    page.goto(f"{studio.address}/practice")
    page.get_by_role("button", name="Weekend shifts").click()
    page.get_by_text("Easy", exact=True).click()
    page.get_by_text("Assert", exact=True).click()
    page.get_by_role("button", name="Begin").click()
    draft = page.get_by_label("What you would say")
    draft.fill("Maybe you could look at the schedule at some point?")
    page.get_by_role("button", name="Feedback").click()
    feedback = page.get_by_role("group", name="Feedback on your draft")
    feedback.wait_for()
    assert "Assert" in feedback.inner_text()
    assert feedback.locator(".pair blockquote.better").count() >= 1
    assert "sure" in feedback.inner_text()
    feedback.get_by_role("button", name="Take it as my draft").first.click()
    assert draft.input_value() != "Maybe you could look at the schedule at some point?"
    draft.fill("I would like you to take me off this Saturday.")
    draft.press("Enter")
    page.locator(".turn.assistant .bubble:has-text('.')").wait_for()
    (found,) = studio.ask("practices")["items"]
    kept = studio.ask(f"practices/{found['id']}")
    assert (kept["difficulty"], kept["skills"], kept["partner"]) == ("easy", ["assert"], "my manager")
    assert kept["messages"][0]["content"] == "I would like you to take me off this Saturday."
    assert len(kept["feedback"]) == 1
    assert json.dumps(kept["messages"]).count('"role": "assistant"') == 1
