"""Invented bodies, shared by the tests of this folder."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def bodies() -> SimpleNamespace:
    """The builders of ``bodies.py``."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("bodies.py"))))


@pytest.fixture(scope="session")
def windows(bodies):
    """Labeled windows of six invented people."""
    return bodies.labeled_windows()
