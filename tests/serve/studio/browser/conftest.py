"""A real Chromium on the real page: THYMOS_TEST_CHROMIUM names the browser; without it these tests skip and say so."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = "THYMOS_TEST_CHROMIUM"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
LOADING_SECONDS = 120.0
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PATIENCE = 30_000  # milliseconds: a busy machine is slow, and nothing here is a timed test
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for all tests; each gets a context of its own."""
    path = os.environ.get(CHROMIUM, "")
    if not path:
        pytest.skip(f"no Chromium: set {CHROMIUM} to its path")
    if not Path(path).is_file():
        pytest.skip(f"no Chromium: {CHROMIUM} names {path}, which is not there")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class RunningStudio:
    """A studio in a process of its own.

    Args:
        folder: for its database; report cards are looked for in it.
        flags: of ``talking_server.py``.
    """

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        command = [
            sys.executable,
            str(HERE / "talking_server.py"),
            f"sqlite:///{folder}/studio.db",
            str(folder),
            *flags,
        ]
        # The user's cache holds no model of the tests, so nothing of it has to be set; one thread is enough.
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the studio did not start"

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask its interface."""
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def wait(self) -> None:
        """Until the models are loaded."""
        until = time.monotonic() + LOADING_SECONDS
        while self.ask("health")["status"] == "loading" and time.monotonic() < until:
            time.sleep(0.2)
        assert self.ask("health")["status"] == "ok"

    def close(self) -> None:
        """Its database is a temporary one, so nothing has to be waited for."""
        self.process.kill()
        self.process.wait(30)


@pytest.fixture(scope="session")
def studio_of(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningStudio]]:
    """Starts studios that are stopped at the end. (Needs the browser, so that nothing starts where that is not.)"""
    with ExitStack() as stack:

        def start(*flags: str) -> RunningStudio:
            running = RunningStudio(tmp_path_factory.mktemp("studio"), *flags)
            stack.callback(running.close)
            return running

        yield start


@pytest.fixture(scope="session")
def shared_studio(studio_of: Callable[..., RunningStudio]) -> RunningStudio:
    """One studio with one local user; loading takes seconds."""
    running = studio_of()
    running.wait()
    return running


@pytest.fixture
def studio(shared_studio: RunningStudio) -> RunningStudio:
    """The studio without anything of an earlier test."""
    shared_studio.ask("me", "DELETE")
    return shared_studio


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages in a context of their own; what goes wrong in the page fails the test.

    ``requests`` of the page holds every address that was asked for.
    """
    contexts: list[Any] = []
    problems: list[str] = []

    def start(address: str, *, phone: bool = False, scheme: str = "light", **options: Any) -> Any:
        context = chromium.new_context(
            viewport=PHONE if phone else DESKTOP, color_scheme=scheme, locale="en-US", accept_downloads=True, **options
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(address)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def page(studio: RunningStudio, open_page: Callable[..., Any]) -> Any:
    """The talk page on a desktop, in light colors, with the disclosure seen."""
    page = open_page(f"{studio.address}/talk")
    page.get_by_role("button", name="I understand").click()
    return page


@pytest.fixture
def check() -> Callable[[Any, str], None]:
    """Fails with what axe finds on a page, and where something is wider than the screen."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is needed").Axe()

    def run(page: Any, where: str) -> None:
        found = axe.run(page, options=RULES).response["violations"]
        told = [f"{where}: {one['id']} {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]
        assert not told, "\n".join(told)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{where}: {wide} pixels wider than the screen"

    return run


@pytest.fixture
def check_everywhere(check: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    """The same for a state of a page on a desktop and on a phone, in light and in dark colors."""

    def run(page: Any, where: str) -> None:
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                shown = "scheme => document.documentElement.dataset.mantineColorScheme === scheme"
                page.wait_for_function(shown, arg=scheme)
                page.wait_for_timeout(300)  # colors that fade are no colors yet
                check(page, f"{where}, {scheme}, {size['width']} pixels")

    return run
