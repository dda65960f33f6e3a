"""Talking with the companion in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.model

FEAR = "I am scared that I will lose my job."


def say(page: Any, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def test_a_full_talk(page: Any, studio: Any) -> None:
    say(page, FEAR)
    reply = page.locator(".turn.assistant .bubble")
    reply.get_by_text("What was the hardest moment for you?").wait_for()
    reading = page.get_by_role("group", name="What the software perceives in this message")
    assert "fear" in reading.inner_text()
    assert "%" in reading.inner_text()
    assert reading.get_by_role("img").get_attribute("aria-label").startswith("Place in the plane")
    assert reading.locator("ellipse").count() == 1
    page.get_by_role("button", name="Why this reply").click()
    assert "The companion meant to do this" in page.get_by_role("group", name="Why this reply").inner_text()
    # Sentences are told to screen readers as they come, whole.
    assert page.locator("[aria-live=polite]").last.inner_text().endswith("?")
    say(page, "My sister knows.")
    reply.nth(1).get_by_text("Who around you knows about it already?").wait_for()
    page.reload()
    reply.nth(1).wait_for()
    assert page.locator(".turn").count() == 4
    (chat,) = studio.ask("chats")["items"]
    assert page.url.endswith(f"/talk/{chat['id']}")
    assert chat["last_seq"] == 4


def test_first_contact_says_that_this_is_a_program(studio: Any, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{studio.address}/talk")
    notice = page.get_by_role("complementary", name="Before you begin")
    assert "computer program" in notice.inner_text()
    notice.get_by_role("button", name="I understand").click()
    notice.wait_for(state="detached")
    page.reload()
    page.get_by_role("heading", name="What is on your mind?").wait_for()
    assert notice.count() == 0


def test_a_crisis_message_gets_help_that_can_be_tapped(page: Any, studio: Any) -> None:
    say(page, "I want to kill myself tonight.")
    card = page.get_by_role("region", name="Help", exact=True)
    card.wait_for()
    numbers = [link.get_attribute("href") for link in card.get_by_role("link").all()]
    help_lines = studio.ask("me")["help"]
    assert f"tel:{help_lines['emergency']}" in numbers
    assert "tel:988" in numbers
    assert page.locator(".turn.assistant .bubble").count() == 0
    assert page.get_by_role("button", name="Why this reply").count() == 0


def test_help_is_seen_from_its_beginning_on_a_phone(studio: Any, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{studio.address}/talk", phone=True)
    page.get_by_role("button", name="I understand").click()
    say(page, "I want to kill myself tonight.")
    heading = page.get_by_role("heading", name="You do not have to carry this alone")
    heading.wait_for()
    page.reload()
    heading.wait_for()
    page.wait_for_timeout(300)
    assert heading.bounding_box()["y"] >= page.get_by_role("region", name="Messages").bounding_box()["y"]


def test_help_lines_are_one_click_away_on_every_page(page: Any, studio: Any) -> None:
    for place in ("talk", "practice", "exercises", "analyze", "assess", "studies", "me"):
        page.goto(f"{studio.address}/{place}")
        page.get_by_role("button", name="Help lines").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("link", name="988").first.wait_for()
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")


def test_a_reply_is_stopped_and_the_page_can_be_used_meanwhile(
    page: Any, studio: Any, check_everywhere: Callable[[Any, str], None]
) -> None:
    say(page, "Take your time, please. I am sad.")
    stop = page.get_by_role("button", name="Stop the reply")
    stop.wait_for()
    page.get_by_label("Your message").fill("a draft meanwhile")
    page.locator(".turn.assistant .bubble:has-text('.')").wait_for()  # a first sentence
    stop.click()
    page.get_by_text("You stopped this reply.").wait_for()
    assert stop.count() == 0
    assert page.get_by_label("Your message").input_value() == "a draft meanwhile"
    (chat,) = studio.ask("chats")["items"]
    kept = studio.ask(f"chats/{chat['id']}/messages")["items"][1]
    assert kept["status"] == "stopped"
    assert kept["content"].startswith("That sounds like a lot")
    assert "hardest moment" not in kept["content"]
    assert not studio.ask(f"chats/{chat['id']}")["writing"]
    page.reload()
    page.get_by_text("You stopped this reply.").wait_for()
    assert kept["content"] in page.locator(".turn.assistant .bubble").inner_text()
    assert page.get_by_label("Your message").input_value() == "a draft meanwhile"
    check_everywhere(page, "a stopped reply")
    say(page, "Go on.")
    page.locator(".bubble", has_text="Who around you knows about it already?").wait_for()


def test_what_opens_is_scrolled_into_view(page: Any) -> None:
    for number in range(3):
        say(page, f"I am sad, number {number}.")
        page.get_by_role("button", name="Why this reply").nth(number).wait_for()
    page.set_viewport_size({"width": 390, "height": 600})
    page.get_by_role("button", name="Why this reply").last.click()
    panel = page.get_by_role("group", name="Why this reply")
    panel.wait_for()
    page.wait_for_timeout(300)
    shown, within = panel.bounding_box(), page.get_by_role("region", name="Messages").bounding_box()
    assert shown["y"] >= within["y"] - 1
    assert shown["y"] + shown["height"] <= within["y"] + within["height"] + 1
    assert not page.locator(".brand small").is_visible()


def test_a_reload_in_the_middle_listens_on(page: Any) -> None:
    say(page, "Take your time, please. I am sad.")
    page.get_by_role("button", name="Stop the reply").wait_for()
    page.wait_for_url("**/talk/*")
    page.reload()
    page.locator(".bubble", has_text="What was the hardest moment for you?").wait_for()
    assert page.locator(".turn").count() == 2


def test_several_talks_and_deleting_one(page: Any, studio: Any) -> None:
    for text in ("First of all I am happy.", "Second of all I am angry."):
        page.get_by_role("button", name="New talk").click()
        page.get_by_role("heading", name="What is on your mind?").wait_for()
        say(page, text)
        page.get_by_role("button", name="Why this reply").wait_for()
    page.get_by_role("link", name="First of all").click()
    page.locator(".turn.user").get_by_text("First of all I am happy.").wait_for()
    assert page.get_by_text("Second of all I am angry.", exact=True).count() == 1  # in the list only
    page.get_by_role("button", name="Delete First of all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("heading", name="What is on your mind?").wait_for()
    assert [chat["title"] for chat in studio.ask("chats")["items"]] == ["Second of all I am angry."]


def test_a_message_that_cannot_be_sent_stays_in_the_field(page: Any, studio: Any) -> None:
    page.route("**/api/v1/chats/*/messages", lambda route: route.abort())
    say(page, "This must not get lost.")
    page.get_by_text("The studio does not answer.").wait_for()
    assert page.get_by_label("Your message").input_value() == "This must not get lost."
    page.unroute("**/api/v1/chats/*/messages")
    page.get_by_label("Your message").press("Enter")
    page.get_by_role("button", name="Why this reply").wait_for()
    assert page.get_by_label("Your message").input_value() == ""
    assert [chat["last_seq"] for chat in studio.ask("chats")["items"]] == [2]


def test_a_talk_by_keyboard_alone(studio: Any, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{studio.address}/talk")
    page.get_by_role("button", name="I understand").wait_for()
    focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = []
    while not seen or seen[-1] != "Your message":
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused))
        assert len(seen) < 20, seen
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or seen[-1] == "Your message"  # its frame shows the focus
        if seen[-1] == "I understand":
            page.keyboard.press("Enter")
            page.get_by_role("button", name="I understand").wait_for(state="detached")
    page.keyboard.type("One line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and a second one")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Why this reply").wait_for()
    assert page.evaluate(focused) == "Your message"
    assert page.locator(".turn.user .bubble").inner_text().endswith("One line\nand a second one")
    page.keyboard.press("Shift+Tab")
    page.get_by_role("button", name="Why this reply").focus()
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Why this reply").wait_for()


def test_nothing_is_asked_of_elsewhere(studio: Any, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{studio.address}/talk")
    for place in ("practice", "exercises", "analyze", "assess", "studies", "studies/text_recognizer", "me"):
        page.goto(f"{studio.address}/{place}")
        page.locator("h1").first.wait_for()
        page.wait_for_load_state("networkidle")
    assert len(page.requests) > 20
    assert {url.split("/")[2] for url in page.requests} == {studio.address.split("/")[2]}
