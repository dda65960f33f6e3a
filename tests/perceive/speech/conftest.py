"""Invented voices: hums of several speakers in three moods, as recordings and as a corpus."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

RATE = 16000
MOODS = {"calm": (0.9, 0.1, 2.0), "happy": (1.5, 0.4, 5.0), "angry": (1.2, 0.8, 8.0)}  # pitch, loudness, syllables a s


def hum(rng: np.random.Generator, mood: str, pitch: float, seconds: float = 0.8) -> np.ndarray:
    """A hum in syllables with silence around it, mono, within -1..1."""
    factor, loudness, syllables = MOODS[mood]
    time = np.arange(round(seconds * RATE)) / RATE
    f0 = pitch * factor * rng.uniform(0.95, 1.05) * (1 + 0.1 * np.sin(2 * np.pi * syllables * time / 2))
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    voice = np.sum([np.sin(k * phase) / k for k in range(1, 9)], axis=0) / 2.5
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * syllables * time - np.pi / 2)
    silence = np.zeros(RATE // 5)
    sound = np.concatenate([silence, loudness * envelope * voice, silence])
    return np.clip(sound + 0.0005 * rng.normal(size=len(sound)), -1, 1).astype(np.float32)


@pytest.fixture(scope="session")
def spoken() -> Callable[..., np.ndarray]:
    """``spoken(rng, mood, pitch in Hz, seconds)``: an invented utterance at 16 kHz."""
    return hum


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Six speakers, three moods, three recordings each: columns path, speaker, mood."""
    folder: Path = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(0)
    rows = {}
    for speaker, pitch in enumerate((105, 120, 135, 190, 210, 230)):
        for mood in MOODS:
            for take in range(3):
                name = f"s{speaker}_{mood}_{take}"
                path = folder / f"{name}.wav"
                soundfile.write(path, hum(rng, mood, pitch), RATE)
                rows[name] = {"path": str(path), "speaker": f"s{speaker}", "mood": mood}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="item")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test leaves features in the user's cache; the tests of a session share theirs."""
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path_factory.getbasetemp() / "speech-cache"))
