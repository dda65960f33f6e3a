"""The command line as a user meets it: exit status, output and errors."""

import contextlib
import io
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Done:
    """A finished command."""

    status: int
    out: str
    err: str


@pytest.fixture
def thymos(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """``thymos("run", "x")`` runs the command in this process, through the same entry point as the program."""

    def run(*words: str) -> Done:
        from thymos.cli import main

        monkeypatch.setattr(sys, "argv", ["thymos", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        out, err, status = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as stop:
                status = int(stop.code or 0)
        return Done(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def with_studies(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``with_studies(a, b)`` makes these the only studies that are known."""

    def use(*known: Any) -> None:
        from thymos.studies import registry

        monkeypatch.setattr(registry, "studies", lambda: {study.slug: study for study in known})

    return use


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """The small study of the runner's tests; its work is logged in ``tmp_path/log``."""
    path = Path(__file__).parents[1] / "studies" / "small_study.py"
    return runpy.run_path(str(path))["small_study"](tmp_path / "log")
