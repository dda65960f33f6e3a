"""Fixtures shared by the whole suite."""

from pathlib import Path

import pytest

from thymos.files import data_root as find_data_root


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The research data, or a skip with the reason: the rest of the suite must pass without it."""
    root = find_data_root()
    if root is None:
        pytest.skip("the research data is not here: set THYMOS_DATA to its folder")
    return root
