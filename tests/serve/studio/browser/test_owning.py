"""One's own data, settings and account in a real browser."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.model


def test_export_and_delete_everything(page: Any, studio: Any, tmp_path: Path) -> None:
    page.get_by_label("Your message").fill("I am glad about the rain.")
    page.get_by_label("Your message").press("Enter")
    page.get_by_role("button", name="Why this reply").wait_for()
    page.get_by_label("Your message").fill("a secret draft")
    page.get_by_role("link", name="Me", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save everything").click()
    download.value.save_as(tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        assert any("I am glad about the rain." in archive.read(name).decode() for name in archive.namelist())
    page.get_by_role("button", name="Delete everything").click()
    dialog = page.get_by_role("dialog")
    erase = dialog.get_by_role("button", name="Delete everything")
    assert erase.is_disabled()
    dialog.get_by_label("Type “delete” to confirm").fill("delet")
    assert erase.is_disabled()
    dialog.get_by_label("Type “delete” to confirm").fill("delete")
    erase.click()
    page.get_by_role("button", name="I understand").wait_for()
    assert studio.ask("chats")["items"] == []
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('draft:'))") == []


def test_settings_are_kept(page: Any, studio: Any) -> None:
    page.goto(f"{studio.address}/me")
    page.get_by_role("combobox", name="Help lines of").click()
    page.get_by_role("option", name="Austria").click()
    page.get_by_text("Dark", exact=True).click()
    page.get_by_label("Show what the software perceives").uncheck(force=True)
    page.get_by_label("Give the companion a personality").check(force=True)
    slider = page.get_by_role("slider", name="Openness")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.documentElement.dataset.mantineColorScheme === 'dark'")
    page.wait_for_timeout(400)  # the last change is sent when the key is let go
    page.reload()
    page.get_by_role("button", name="Help lines").click()
    assert page.get_by_role("dialog").get_by_role("link", name="142").count() == 1
    settings = studio.ask("me")["settings"]
    assert (settings["region"], settings["theme"], settings["show_reading"]) == ("AT", "dark", False)
    assert settings["personality"]["openness"] == 0.55
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"


def test_a_key_is_shown_once(page: Any, studio: Any) -> None:
    page.goto(f"{studio.address}/me")
    page.get_by_label("Name of a new key").fill("my editor")
    page.get_by_role("button", name="Make a key").click()
    secret = page.get_by_role("status").locator("code").inner_text()
    assert len(secret) > 20
    page.reload()
    page.get_by_text("my editor", exact=True).wait_for()
    assert secret not in page.content()
    page.get_by_role("button", name="Delete my editor").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("my editor", exact=True).wait_for(state="detached")
    assert studio.ask("me/keys")["items"] == []


def test_accounts(studio_of: Callable[..., Any], open_page: Callable[..., Any]) -> None:
    studio = studio_of("--accounts")
    page = open_page(f"{studio.address}/exercises")
    page.get_by_role("heading", name="Sign in").wait_for()
    page.get_by_role("button", name="Help lines").click()
    page.get_by_role("dialog").get_by_role("link", name="988").first.wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="I have no account yet").click()
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password", exact=False).first.fill("quiet mornings 7")
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("heading", name="Exercises", level=1).wait_for()
    page.get_by_role("link", name="Me", exact=True).click()
    page.get_by_text("Signed in as ana").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password", exact=False).first.fill("something wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Password", exact=False).first.fill("quiet mornings 7")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Me", level=1).wait_for()
