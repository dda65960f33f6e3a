"""Screenshots of the studio for the docs, from a real run with the embedded model: docs/images/studio-*.png.

    python scripts/studio_screenshots.py --chromium /usr/bin/chromium [--model embedded] [--out docs/images]

A studio with a new database is started, used like a person would, and stopped.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from PIL import Image

from thymos.testing.drawn_faces import write_face_clip

ROOT = Path(__file__).resolve().parents[1]
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
PATIENCE = 240_000  # milliseconds; the embedded model needs its time on a busy machine
COLORS = 256
SETTLED = 700  # milliseconds after which nothing moves any more
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


class Photographer:
    """Uses the studio and takes its pictures.

    Args:
        browser: Chromium.
        address: of the studio.
        out: folder of the pictures.
    """

    def __init__(self, browser: Any, address: str, out: Path) -> None:
        self.browser, self.address, self.out = browser, address, out
        self.page = self.open()

    def open(self, *, phone: bool = False, scheme: str = "light") -> Any:
        """A new window."""
        size = PHONE if phone else DESKTOP
        context = self.browser.new_context(viewport=size, color_scheme=scheme, locale="en-US")
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{self.address}/talk")
        return page

    def take(self, name: str, page: Any = None) -> None:
        """One picture."""
        page = page or self.page
        page.mouse.move(0, 0)
        page.wait_for_timeout(SETTLED)
        path = self.out / f"studio-{name}.png"
        page.screenshot(path=path)
        with Image.open(path) as picture:  # few colors are used, so few are kept
            small = picture.convert("RGB").quantize(
                COLORS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
            )
        small.save(path, optimize=True)
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path, f"{path.stat().st_size / 1024:.0f} KB")

    def go(self, path: str) -> Any:
        """Another page."""
        self.page.goto(f"{self.address}/{path}")
        self.page.locator("h1").first.wait_for(state="attached")
        return self.page

    def say(self, text: str, replies: int) -> None:
        """A message, and wait for its reply."""
        self.page.get_by_label("Your message").fill(text)
        self.page.get_by_label("Your message").press("Enter")
        self.page.locator(".turn.assistant .below .link-button, .turn .crisis").nth(replies - 1).wait_for()

    def talk(self) -> None:
        """A talk, why a reply is as it is, the same on a phone in the dark, and a crisis."""
        self.page.get_by_role("button", name="I understand").click()
        self.say("My boss shouted at me in front of everyone today. I felt so humiliated.", 1)
        self.say("Now I am scared to go back tomorrow.", 2)
        self.page.get_by_role("button", name="Why this reply").nth(1).click()
        self.take("talk")
        phone = self.open(phone=True, scheme="dark")
        phone.goto(self.page.url)
        phone.locator(".reading summary").last.click()
        phone.get_by_role("button", name="Why this reply").last.scroll_into_view_if_needed()
        self.take("talk-phone", phone)
        self.page.get_by_role("button", name="New talk").click()
        self.say("I do not want to live anymore.", 1)
        phone = self.open(phone=True)
        phone.goto(self.page.url)
        phone.locator(".crisis").wait_for()
        self.take("crisis", phone)

    def practice(self) -> None:
        """A draft with feedback after an answer of the partner."""
        page = self.go("practice")
        page.get_by_role("button", name="Weekend shifts").click()
        page.get_by_role("button", name="Begin").click()
        draft = page.get_by_label("What you would say")
        draft.fill("I have worked the last three weekends, and we agreed on every second one.")
        draft.press("Enter")
        page.locator(".turn.assistant .bubble:has-text('.')").wait_for()
        page.locator(".writing").wait_for(state="detached")
        draft.fill("Maybe you could have a look at the plan at some point?")
        page.get_by_role("button", name="Feedback").click()
        page.get_by_role("group", name="Feedback on your draft").wait_for()
        self.take("practice")

    def exercises(self) -> None:
        """The list, breathing, a scored questionnaire."""
        page = self.go("exercises")
        self.take("exercises")
        page.get_by_role("button", name="Begin Slow breathing").click()
        for _ in range(12):
            page.locator("#prompt").wait_for()
            if page.locator(".breath").count():
                break
            if page.get_by_role("slider").count():
                page.get_by_role("slider").focus()
                page.keyboard.press("ArrowRight")
            elif page.locator(".step").get_by_role("radio").count():
                page.locator(".step").get_by_role("radio").first.check(force=True)
            prompt = page.locator("#prompt").inner_text()
            page.get_by_role("button", name="Continue").click()
            page.wait_for_function("prompt => document.querySelector('#prompt')?.innerText !== prompt", arg=prompt)
        page.get_by_role("button", name="Start").click()
        page.wait_for_timeout(3000)
        self.take("breathing")
        page = self.go("exercises/questionnaire/gad7")
        for place, group in enumerate(page.locator("fieldset").all()):
            group.get_by_role("radio").nth(1 + place % 2 if place < 7 else 1).check(force=True)
        page.get_by_role("button", name="Show my score").click()
        page.locator(".total").wait_for()
        self.take("questionnaire")

    def analyze(self, folder: Path) -> None:
        """A text, and a video on which a face comes and goes."""
        page = self.go("analyze")
        page.get_by_label("Or write a text").fill(
            "I am so happy that you came!\nWhy did you leave without a word?\nI am afraid of what comes next.\n"
            "Thank you for being here, it means a lot.\nThis smell is disgusting."
        )
        page.get_by_role("button", name="Analyze").click()
        page.get_by_role("heading", name="Over time").wait_for()
        self.take("analyze-text")
        clip = write_face_clip(
            folder / "drawn-face.mp4", 6.0, lambda second: None if 2 <= second < 3 else (200, 60, 220)
        )
        page = self.go("analyze")
        page.get_by_label("Drop a file, or choose one").set_input_files(clip)
        page.get_by_role("combobox", name="What is it for?").click()
        page.get_by_role("option", name="trying out the software").click()
        page.get_by_role("button", name="Analyze").click()
        page.get_by_role("heading", name="Over time").wait_for()
        page.get_by_role("heading", name="Over time").evaluate("element => element.scrollIntoView()")
        self.take("analyze-video")

    def studies(self) -> None:
        """A study's scores."""
        page = self.go("studies/text_recognizer")
        page.get_by_role("heading", name="Claims and verdicts").wait_for()
        self.take("study")
        page.get_by_role("heading", name="Scores").evaluate("element => element.scrollIntoView()")
        self.take("scores")


def wait_until_loaded(address: str) -> None:
    """Until the models are there."""
    for _ in range(600):
        if b'"ok"' in urllib.request.urlopen(f"{address}/api/v1/health").read():
            return
        time.sleep(0.5)
    raise SystemExit("the studio does not answer")


def main() -> None:
    """Start a studio, use it, stop it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Screenshots of the studio for the docs.")
    parser.add_argument("--chromium", required=True)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "thymos"), "studio", "--no-browser", "--port", "0"]
        command += ["--model", wanted.model, "--database", f"sqlite:///{folder}/studio.db"]
        studio = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        try:
            assert studio.stderr is not None
            line = next(line for line in studio.stderr if "studio at " in line)
            address = line.partition("studio at ")[2].split()[0]
            wait_until_loaded(address)
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=wanted.chromium, args=ARGUMENTS)
                photographer = Photographer(browser, address, wanted.out)
                photographer.talk()
                photographer.practice()
                photographer.exercises()
                photographer.analyze(Path(folder))
                photographer.studies()
                browser.close()
        finally:
            studio.kill()
            studio.wait()


if __name__ == "__main__":
    main()
