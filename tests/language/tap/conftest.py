"""Tiny random models of every family that the tap knows."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.tap import Tap
from thymos.testing.tiny_models import FAMILIES, write_tiny_model

PROMPTS = [
    "I feel so happy today, thank you for asking!",
    "rainy days",
    "She was sad and angry when the rain began.",
    "Nothing scares him more than an empty house at night. " * 2,
    "é😀 ",
]

Loader = Callable[..., LocalLanguageModel]


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Builds and loads a model: ``fresh(family, **changes of its configuration)``; nobody else has this object."""
    folders: dict[str, Path] = {}

    def load(family: str, *, batch_size: int = 64, dtype: str = "float32", **changes: Any) -> LocalLanguageModel:
        key = f"{family} {sorted(changes.items())}"
        if key not in folders:
            folders[key] = write_tiny_model(tmp_path_factory.mktemp(f"tiny-{family}"), family, **changes)
        return load_local(
            folders[key], name=f"tiny {family}", identity=key, device="cpu", batch_size=batch_size, dtype=dtype
        )

    return load


@pytest.fixture(scope="session")
def shared(fresh: Loader) -> Callable[[str], LocalLanguageModel]:
    """One model a family for all tests that leave it as it was."""
    return functools.cache(fresh)


@pytest.fixture(params=FAMILIES)
def tap(request: pytest.FixtureRequest, shared: Callable[[str], LocalLanguageModel]) -> Iterator[Tap]:
    """A tap of every family in turn."""
    found = Tap(shared(request.param))
    yield found
    assert found.model.share_prefixes, "the test left a context open"


@pytest.fixture
def llama(shared: Callable[[str], LocalLanguageModel]) -> Iterator[Tap]:
    """A tap of the tiny Llama."""
    found = Tap(shared("llama"))
    yield found
    assert found.model.share_prefixes, "the test left a context open"


@pytest.fixture
def prompts() -> list[str]:
    """Texts of different length, none alike."""
    return list(PROMPTS)


@pytest.fixture
def hidden_states() -> Callable[[Tap, str], list[np.ndarray]]:
    """What transformers itself gives: the embeddings and each layer's output, the last one after the final norm."""

    def ask(tap: Tap, prompt: str) -> list[np.ndarray]:
        ids = torch.tensor([tap.model.encode_prompt(prompt)])
        with torch.no_grad():
            found = tap.model.model(ids, output_hidden_states=True)
        return [states[0].numpy() for states in found.hidden_states]

    return ask
