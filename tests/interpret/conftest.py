"""Tiny random models of every family, shared by tests that look inside them."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from thymos.interpret.directions import Directions, unit
from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.tap import Site, Tap
from thymos.testing.tiny_models import FAMILIES, write_tiny_model

EMOTIONS = ("anger", "fear", "happiness")
PROMPTS = (
    "I feel so happy today, thank you for asking!",
    "rainy days",
    "She was sad and angry when the rain began.",
    "Nothing scares him more than an empty house at night.",
)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], LocalLanguageModel]:
    """One model a family, ``tiny("qwen3")``, for all tests: leave it as it is."""

    @functools.cache
    def load(family: str) -> LocalLanguageModel:
        folder: Path = write_tiny_model(tmp_path_factory.mktemp(f"tiny-{family}"), family)
        return load_local(folder, name=f"tiny {family}", identity=family, device="cpu")

    return load


@pytest.fixture(params=FAMILIES)
def tap(request: pytest.FixtureRequest, tiny: Callable[[str], LocalLanguageModel]) -> Iterator[Tap]:
    """A tap of every family in turn."""
    found = Tap(tiny(request.param))
    yield found
    assert found.model.share_prefixes, "the test left a context open"


@pytest.fixture
def llama(tiny: Callable[[str], LocalLanguageModel]) -> Iterator[Tap]:
    """A tap of the tiny Llama."""
    found = Tap(tiny("llama"))
    yield found
    assert found.model.share_prefixes, "the test left a context open"


@pytest.fixture
def prompts() -> list[str]:
    """Texts of different length, none alike."""
    return list(PROMPTS)


@pytest.fixture(scope="session")
def invented_directions() -> Callable[[Tap], Directions]:
    """Random directions of three emotions at both residual sites of every layer of a model."""

    def make(tap: Tap, seed: int = 0) -> Directions:
        rng = np.random.default_rng(seed)
        width = tap.architecture.width
        places = [place for site in (Site.RESIDUAL_MIDDLE, Site.RESIDUAL) for place in tap.architecture.places(site)]
        return Directions(
            EMOTIONS,
            {place: unit(rng.standard_normal((len(EMOTIONS), width))) for place in places},
            {place: rng.standard_normal(width) for place in places},
            {place: 0.5 + float(rng.random()) for place in places},
            tap.model.identity,
        )

    return make
