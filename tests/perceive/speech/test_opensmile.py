"""eGeMAPS through the optional package, and our own measurements beside it."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from thymos.errors import BadInput, Unavailable
from thymos.perceive.speech import opensmile_features as module
from thymos.perceive.speech.functionals import speech_functionals
from thymos.perceive.speech.opensmile_features import opensmile_features, opensmile_windows

RATE = 16000
needs_opensmile = pytest.mark.skipif(importlib.util.find_spec("opensmile") is None, reason="opensmile is not installed")


def voice(seconds: float, hertz: float = 180.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sum([np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 10)], axis=0)
    return (0.15 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))).astype(np.float32)


def test_without_the_package_there_is_a_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, voice(0.5), RATE)
    module._smile.cache_clear()
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(Unavailable, match=r"pip install thymos\[opensmile\]"):
        opensmile_features(path)


def test_unknown_sets(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="use eGeMAPSv02"):
        opensmile_features(tmp_path / "a.wav", feature_set="eGeMAPS")


@needs_opensmile
def test_pitch_agrees_with_our_own(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    for hertz in (120.0, 240.0):
        soundfile.write(path, voice(1.5, hertz), RATE)
        row = opensmile_features(path)
        assert len(row) == 88
        ours = speech_functionals(path)["f0_mean"]
        theirs = 27.5 * 2 ** (row["F0semitoneFrom27.5Hz_sma3nz_amean"] / 12)
        assert ours == pytest.approx(theirs, rel=0.02)
        assert ours == pytest.approx(hertz, rel=0.01)


@needs_opensmile
def test_windows_and_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, voice(2.53), RATE)
    windows = list(opensmile_windows(path, seconds=1.0))
    assert [(start, round(end, 2)) for start, end, _ in windows] == [(0.0, 1.0), (1.0, 2.0), (2.0, 2.53)]
    pd.testing.assert_series_equal(
        windows[1][2], opensmile_features(path, start=1.0, end=2.0), check_names=False, rtol=1e-4
    )
    with pytest.raises(BadInput, match=r"less than 0\.06 s"):
        opensmile_features(path, start=2.5)
