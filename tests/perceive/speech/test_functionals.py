"""Functionals of a stream against numpy on all frames at once."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.speech.analysis import PROSODY_NAMES, FrameBlock, analyzed, joined
from thymos.perceive.speech.functionals import (
    BINS,
    COLUMNS,
    PERCENTILES,
    RANGES,
    Functionals,
    VoicedRuns,
    functionals,
    speech_functionals,
)

RATE = 16000


def sound(seconds: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(160 + 40 * np.sin(2 * np.pi * time)) / RATE
    voice = np.sum([np.sin(k * phase) / k for k in range(1, 8)], axis=0) * (np.sin(2 * np.pi * 2.2 * time) > -0.3)
    return (0.2 * voice + 0.003 * rng.normal(size=len(time))).astype(np.float32)


def test_columns_are_in_the_order_of_the_frames() -> None:
    assert COLUMNS[: len(PROSODY_NAMES)] == PROSODY_NAMES
    assert COLUMNS[-1] == "mfcc_12"


@pytest.mark.parametrize("cuts", [1, 2, 13])
def test_a_stream_gives_what_all_frames_give(cuts: int) -> None:
    signal = sound()
    block = joined(analyzed([signal]))
    row = functionals(analyzed(np.array_split(signal, cuts)))
    values = np.hstack([block.prosody, block.cepstrum]).astype(float)
    for column, name in enumerate(COLUMNS):
        known = np.isfinite(values[:, column])
        of, seconds = values[known, column], block.seconds[known]
        assert row[f"{name}_mean"] == pytest.approx(of.mean(), rel=1e-6, abs=1e-6), name
        assert row[f"{name}_std"] == pytest.approx(of.std(), rel=1e-5, abs=1e-6), name
        assert row[f"{name}_minimum"] == pytest.approx(of.min(), rel=1e-5, abs=1e-5)
        assert row[f"{name}_maximum"] == pytest.approx(of.max(), rel=1e-5, abs=1e-5)
        assert row[f"{name}_slope"] == pytest.approx(np.polyfit(seconds, of, 1)[0], rel=1e-4, abs=1e-4), name
        width = (RANGES[name][1] - RANGES[name][0]) / BINS
        expected = np.percentile(of, PERCENTILES, method="inverted_cdf").clip(*RANGES[name])
        found = row[[f"{name}_p{share}" for share in PERCENTILES]].to_numpy()
        np.testing.assert_allclose(found, expected, atol=0.51 * width + 1e-4, err_msg=name)
    assert row["seconds"] == pytest.approx(2.0)


def test_ranges_hold_real_values() -> None:
    block = joined(analyzed([sound()]))
    for name, (low, high) in RANGES.items():
        values = np.hstack([block.prosody, block.cepstrum])[:, COLUMNS.index(name)]
        inside = values[np.isfinite(values)]
        assert ((inside >= low - 1e-6) & (inside <= high + 1e-6)).mean() > 0.97, name


@settings(max_examples=100, deadline=None)
@given(voiced=st.lists(st.booleans(), min_size=1, max_size=60), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_voiced_stretches(voiced: list[bool], cuts: list[int]) -> None:
    runs = VoicedRuns()
    for part in np.split(np.array(voiced), sorted(min(cut, len(voiced)) for cut in cuts)):
        runs.push(part)
    lengths = [len(part) for part in "".join("v" if one else " " for one in voiced).split()]
    share, rate, mean, spread = runs.describe(len(voiced) * 0.01)
    assert share == pytest.approx(sum(voiced) / len(voiced))
    assert rate == pytest.approx(len(lengths) / (len(voiced) * 0.01))
    assert mean == pytest.approx(np.mean(lengths) * 0.01 if lengths else 0.0)
    assert spread == pytest.approx(np.std(lengths) * 0.01 if lengths else 0.0, abs=1e-6)


def test_nothing_voiced_is_nan_and_not_zero() -> None:
    row = functionals(analyzed([np.zeros(RATE, dtype=np.float32)]))
    assert np.isnan(row["f0_mean"])
    assert np.isnan(row["f0_p50"])
    assert row["voiced_share"] == 0
    assert row["energy_mean"] == pytest.approx(-100)


def test_no_frame_is_refused() -> None:
    with pytest.raises(BadInput, match="no sound"):
        Functionals().row()


def test_large_offsets_do_not_cancel() -> None:
    prosody = np.full((1000, len(PROSODY_NAMES)), 1e6, dtype=np.float32)
    prosody[::2] += 1
    collected = Functionals()
    for first in range(0, 1000, 100):
        part = prosody[first : first + 100]
        collected.push(FrameBlock(first, np.zeros((100, 64), dtype=np.float32), part))
    assert collected.row()["energy_std"] == pytest.approx(0.5)


def test_files_and_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(), RATE, subtype="FLOAT")
    assert speech_functionals(path)["seconds"] == pytest.approx(2.0)
    part = speech_functionals(path, start=0.5, end=1.0)
    expected = functionals(analyzed([sound()[8000:16000]]))
    np.testing.assert_allclose(part, expected, rtol=1e-5, atol=1e-5)
