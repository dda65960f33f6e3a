"""A judge that stands in for the trained one, a quiet keeper, and one quick scan of the tiny model for all tests."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.assess.control import side_effects
from thymos.assess.control.expression import expression_table
from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge
from thymos.assess.scanning.keeper import FolderKeeper
from thymos.assess.scanning.pipeline import ModelScan
from thymos.assess.scanning.sizes import QUICK, ScanSizes
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel
from thymos.perceive.recognizer import TextItems
from thymos.testing.tiny_models import write_tiny_model

# Scanned often; what replies depend on is as in QUICK, so that the cache has most of them.
SMALL = dataclasses.replace(
    QUICK, test_scenarios=2, expression_scenarios=1, passages=1, questions=2, requests=1, curve_units=(2,)
)


class Letters(EmotionJudge):
    """Names one of the six emotions by the sum of a text's letters: the same text, the same emotion."""

    name = "letters"

    def probabilities(self, texts: TextItems) -> pd.DataFrame:
        codes = [sum(map(ord, text)) % len(EMOTIONS) for text in texts]
        table = np.full((len(codes), len(LABELS)), 0.1)
        table[np.arange(len(codes)), codes] = 0.4
        return pd.DataFrame(table, columns=list(LABELS))


def quiet_keeper(folder: Path) -> FolderKeeper:
    return FolderKeeper(folder, lambda title: lambda done, total: None, resamples=100)


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Replies of 8 tokens: what is tested here does not depend on their length."""
    short = GenerationSettings(max_new_tokens=8)
    patch.setitem(expression_table.__kwdefaults__, "settings", short)
    patch.setattr(side_effects, "REQUEST_SETTINGS", short)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with room for the longest request with its reply, which byte-level tokens make long."""
    folder = tmp_path_factory.mktemp("tiny")
    return write_tiny_model(folder, max_position_embeddings=1024, num_hidden_layers=2, intermediate_size=64)


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> CachedLanguageModel:
    """The tiny Llama with one cache of replies for all scans."""
    cache = ReplyCache(tmp_path_factory.mktemp("cache") / "replies.sqlite")
    model = load_language_model(str(tiny_folder), cache=cache, device="cpu")
    assert isinstance(model, CachedLanguageModel)
    return model


@pytest.fixture
def scan_in(tiny: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModelScan]:
    """``scan_in(folder)`` is a scan whose steps are kept there; ``model`` and ``sizes`` can be others."""
    shorten(monkeypatch)

    def make(folder: Path, model: LanguageModel | None = None, sizes: ScanSizes = SMALL, seed: int = 0) -> ModelScan:
        return ModelScan(model or tiny, quiet_keeper(folder), sizes, Letters(), seed=seed)

    return make


@pytest.fixture(scope="session")
def scan(tiny: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> ModelScan:
    """A finished scan of size QUICK; nobody may change its folder."""
    found = ModelScan(tiny, quiet_keeper(tmp_path_factory.mktemp("scan")), QUICK, Letters())
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        for part in ("layers", "components", "curves", "expression", "costs", "stress", "stress_heatmaps"):
            getattr(found, part)
    return found
