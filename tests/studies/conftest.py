"""The small study, for the tests of the runner, of publishing and of the command line."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL_STUDY = Path(__file__).with_name("small_study.py")


@pytest.fixture(scope="session")
def small_study_path() -> Path:
    """The script that runs the small study."""
    return SMALL_STUDY


@pytest.fixture(scope="session")
def small_study() -> Callable[..., Any]:
    """``small_study(log, pause)`` builds the study; ``log`` gets a line for every piece of work."""
    return runpy.run_path(str(SMALL_STUDY))["small_study"]


@pytest.fixture
def quiet() -> Any:
    """A console that prints nothing."""
    from rich.console import Console

    return Console(quiet=True)
