"""Uploads of every kind in a real browser, and what is shown of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thymos.testing.drawn_faces import scene_with_faces, write_face_clip

pytestmark = pytest.mark.model

RATE = 16_000


def write_text(folder: Path) -> Path:
    path = folder / "letter.txt"
    path.write_text("I am so happy that you came!\nI am afraid of what comes next.\n", encoding="utf-8")
    return path


def write_chat(folder: Path) -> Path:
    path = folder / "chat.csv"
    path.write_text(
        "speaker,text\nAna,Where have you been all night?\nBen,I am sorry. I was scared to come home.\n"
        "Ana,I am so glad that you are here.\n",
        encoding="utf-8",
    )
    return path


def write_sound(folder: Path) -> Path:
    import soundfile

    path = folder / "hum.wav"
    time = np.arange(3 * RATE) / RATE
    voice = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 12))
    soundfile.write(path, 0.2 * voice * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)), RATE)
    return path


def write_picture(folder: Path) -> Path:
    import cv2

    path = folder / "face.png"
    cv2.imwrite(str(path), scene_with_faces([(200, 60, 220)]))
    return path


def write_video(folder: Path) -> Path:
    return write_face_clip(folder / "clip.mp4", 2.0, lambda second: (200, 60, 220) if second < 1 else None)


@pytest.mark.parametrize(
    ("write", "kind", "timed"),
    [
        (write_text, "Text", True),
        (write_chat, "Dialogue", True),
        (write_sound, "Sound", True),
        (write_picture, "Picture", False),
        (write_video, "Video", True),
    ],
    ids=["text", "chat", "sound", "picture", "video"],
)
def test_an_upload_of_each_kind(
    page: Any, studio: Any, tmp_path: Path, write: Callable[[Path], Path], kind: str, timed: bool
) -> None:
    path = write(tmp_path)
    page.goto(f"{studio.address}/analyze")
    page.get_by_label("Drop a file, or choose one").set_input_files(path)
    page.get_by_text(path.name).wait_for()
    page.get_by_role("combobox", name="What is it for?").click()
    page.get_by_role("option", name="trying out the software").click()
    page.get_by_role("button", name="Analyze").click()
    page.get_by_role("heading", name="How much could be judged").wait_for(timeout=90_000)
    assert page.get_by_role("heading", level=1).inner_text() == path.name
    assert f"{kind} ·" in page.locator(".lead").inner_text()
    assert "declared use: trying out the software" in page.locator(".lead").inner_text()
    assert page.get_by_role("region", name="Over time").count() == int(timed)
    if timed:
        chart = page.get_by_role("region", name="Over time").get_by_role("img").first
        assert "The table below has all numbers." in chart.get_attribute("aria-label")
    page.get_by_text("All numbers as a table").click()
    (found,) = studio.ask("analyses")["items"]
    kept = studio.ask(f"analyses/{found['id']}")
    assert page.locator("table.data tbody tr").count() == min(50, len(kept["rows"]))
    poor = sum(row["quality"] != "ok" for row in kept["rows"])
    assert page.get_by_text("could be judged.").count() == 1
    if poor:
        assert page.locator("svg [fill^='url(']").count() >= 1 or not timed


def test_a_text_that_is_written_here(page: Any, studio: Any) -> None:
    page.goto(f"{studio.address}/analyze")
    page.get_by_label("Or write a text").fill("I am so happy that you came!\nThis is disgusting.")
    page.reload()
    assert page.get_by_label("Or write a text").input_value().endswith("This is disgusting.")
    page.get_by_role("button", name="Analyze").click()
    plane = page.get_by_role("img", name="2 places in the plane")
    plane.wait_for()
    assert plane.locator("ellipse").count() == 2
    lines = page.locator(".lines-read li")
    assert "joy" in lines.nth(0).inner_text()
    assert "disgust" in lines.nth(1).inner_text()


def test_what_may_not_be_read_is_said_in_one_sentence(page: Any, studio: Any, tmp_path: Path) -> None:
    page.goto(f"{studio.address}/analyze")
    page.get_by_role("button", name="Analyze").click()
    assert page.get_by_role("alert").inner_text().strip() == "Choose a file or write a text first."
    archive = tmp_path / "things.zip"
    archive.write_bytes(b"PK\x03\x04 nothing")
    page.get_by_label("Drop a file, or choose one").set_input_files(archive)
    page.get_by_role("button", name="Analyze").click()
    page.get_by_text("This kind of file is not read").wait_for()
    # A voice without a purpose is refused.
    page.get_by_label("Drop a file, or choose one").set_input_files(write_sound(tmp_path))
    page.get_by_role("button", name="Analyze").click()
    page.get_by_text("needs a declared purpose").wait_for()
