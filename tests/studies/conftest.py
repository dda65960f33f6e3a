"""The small study, for the tests of the runner, of publishing and of the command line."""

import io
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from thymos.testing.layouts.pictures import face

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


def write_face_votes(folder: Path, sizes: dict[str, int], seed: int = 0) -> Path:
    """A FER+ release of invented faces that can be learned: folders with pictures and ``label.csv``.

    The first test picture is also a train picture and a valid picture, and stands twice in test.
    """
    rng = np.random.default_rng(seed)
    known: list[np.ndarray] = []
    places = {"train": "FER2013Train", "valid": "FER2013Valid", "test": "FER2013Test"}
    number = 0
    for part, name in places.items():
        (folder / name).mkdir(parents=True)
        lines = []
        for position in range(sizes[part]):
            expression = position % 8
            chances = np.full(8, 0.4 / 7)
            chances[expression] = 0.6
            votes = [*rng.multinomial(int(rng.integers(8, 11)), chances), 0, 0]
            votes[8] = 10 - sum(votes)  # the rest did not know
            pixels = known[0] if known and position in (0, 8) and part != "train" else face(rng, expression)
            known.append(pixels)
            image = f"fer{number:07d}.png"
            number += 1
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, format="PNG")
            (folder / name / image).write_bytes(stream.getvalue())
            lines.append(f'{image},"(0, 0, 48, 48)",' + ",".join(str(vote) for vote in votes))
        (folder / name / "label.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def face_votes() -> Callable[..., Path]:
    """``face_votes(folder, sizes, seed)`` writes an invented FER+ release; sizes by part."""
    return write_face_votes
