"""Small schemes and ratings that several test modules share."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from thymos.affect.scheme import Scheme


@pytest.fixture(scope="session")
def released(data_root: Path) -> Callable[[str], Path]:
    """The path of a released file, or a skip that names what is missing."""

    def path_of(name: str) -> Path:
        if not (data_root / name).exists():
            pytest.skip(f"{name} is not in the research data")
        return data_root / name

    return path_of


@pytest.fixture(scope="session")
def mood() -> Scheme:
    return Scheme("mood", "categorical", ("good", "bad", "flat", "unknown"), "felt", exclude=("unknown",))


@pytest.fixture(scope="session")
def tags() -> Scheme:
    return Scheme("tags", "multilabel", ("warm", "cold", "loud"), "perceived")


@pytest.fixture(scope="session")
def axes() -> Scheme:
    return Scheme("axes", "dimensional", ("valence", "arousal"), "perceived", range=(1, 5))


@pytest.fixture(scope="session")
def strength() -> Scheme:
    return Scheme("strength", "ordinal", ("strength",), "perceived", range=(0, 3))


@pytest.fixture
def votes() -> pd.DataFrame:
    """Four items, three raters; item d is seen as no mood at all."""
    return pd.DataFrame(
        {
            "item": ["a", "a", "a", "b", "b", "c", "c", "c", "d"],
            "rater": ["x", "y", "z", "x", "y", "x", "y", "z", "x"],
            "label": ["good", "good", "bad", "bad", "flat", "flat", "flat", "unknown", "unknown"],
        }
    )
