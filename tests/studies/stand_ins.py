"""Quick replacements for the slow inputs of two studies: features of voices and sentence vectors."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

EMOTIONS = [f"{number:02d}" for number in range(1, 9)]


def voice_features(items: pd.DataFrame, kinds: Any = (), **options: Any) -> pd.DataFrame:
    """Ten numbers a recording that follow emotion and actor, as the file names say them."""
    rows = []
    for path in items["path"]:
        parts = Path(path).stem.split("-")
        rng = np.random.default_rng(zlib.crc32(Path(path).stem.encode()))
        emotion = np.eye(8)[EMOTIONS.index(parts[2])]
        actor = np.random.default_rng(int(parts[6])).normal(size=10)
        rows.append(np.r_[2 * emotion, 0, 0] + 0.8 * actor + rng.normal(scale=0.5, size=10))
    return pd.DataFrame(rows, index=items.index, columns=[f"f{number}" for number in range(10)])


class WordEncoder:
    """Texts as hashed bags of words, length 1."""

    def encode(self, texts: list[str], *, progress: Any = None) -> np.ndarray:
        """(texts, 64)."""
        vectors = np.full((len(texts), 64), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, zlib.crc32(word.strip(",.").encode()) % 64] += 1
        if progress is not None:
            progress(len(texts), len(texts))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace both in the modules of the studies."""
    monkeypatch.setattr("thymos.studies._stand_in_voices.speech_features", voice_features)
    for module in ("_ambivalence_text", "_deception_messages"):
        monkeypatch.setattr(f"thymos.studies.{module}.load_encoder", lambda spec: WordEncoder())
