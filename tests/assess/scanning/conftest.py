"""A judge that stands in for the trained one, a quiet keeper, and one quick scan of the tiny model for all tests."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.assess.expression.judge import EMOTIONS, LABELS, EmotionJudge
from thymos.assess.scanning.keeper import FolderKeeper
from thymos.assess.scanning.pipeline import ModelScan
from thymos.assess.scanning.sizes import QUICK, ScanSizes
from thymos.language.load import load_language_model
from thymos.language.model import LanguageModel
from thymos.perceive.recognizer import TextItems

SMALL = dataclasses.replace(
    QUICK, extraction_scenarios=8, component_scenarios=2, test_scenarios=4, sublayer_prompts=4, curve_events=3,
    development_scenarios=1, expression_scenarios=2, steering_strengths=(0.25, 1.0), circuit_strengths=(2.0,),
)  # fmt: skip


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


@pytest.fixture(scope="session")
def tiny(tiny_llama: Path) -> LanguageModel:
    """The tiny Llama, without a cache of replies."""
    return load_language_model(str(tiny_llama), cache=None, device="cpu")


@pytest.fixture
def scan_in(tiny: LanguageModel) -> Callable[..., ModelScan]:
    """``scan_in(folder)`` is a scan whose steps are kept there; ``model`` and ``sizes`` can be others."""

    def make(folder: Path, model: LanguageModel | None = None, sizes: ScanSizes = SMALL, seed: int = 0) -> ModelScan:
        return ModelScan(model or tiny, quiet_keeper(folder), sizes, Letters(), seed=seed)

    return make


@pytest.fixture(scope="session")
def scan(tiny: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> ModelScan:
    """A scan of size QUICK; nobody may change its folder."""
    return ModelScan(tiny, quiet_keeper(tmp_path_factory.mktemp("scan")), QUICK, Letters())
