"""The streaming resampler against scipy's on the whole signal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from thymos.errors import BadInput
from thymos.media.audio_resampling import Resampler

RATES = (8000, 11025, 16000, 22050, 22254, 44100, 48000, 96000, 192000)


def streamed(signal: np.ndarray, source: int, target: int, cuts: list[int]) -> np.ndarray:
    resampler = Resampler(source, target)
    parts = [resampler.push(part) for part in np.split(signal, cuts)]
    return np.concatenate([*parts, resampler.finish()])


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("target", [16000, 8000])
def test_blocks_give_what_the_whole_signal_gives(source: int, target: int) -> None:
    rng = np.random.default_rng(source)
    signal = rng.uniform(-1, 1, size=source // 3 + 7).astype(np.float32)
    cuts = sorted(rng.integers(0, len(signal), size=5).tolist())
    common = np.gcd(source, target)
    expected = resample_poly(signal.astype(np.float64), target // common, source // common)
    found = streamed(signal, source, target, cuts)
    assert found.dtype == np.float32
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    source=st.integers(1, 60),
    target=st.integers(1, 60),
    length=st.integers(1, 300),
    cuts=st.lists(st.integers(0, 300), max_size=6),
    seed=st.integers(0, 1000),
)
def test_any_rates_and_any_blocks(source: int, target: int, length: int, cuts: list[int], seed: int) -> None:
    signal = np.random.default_rng(seed).uniform(-1, 1, size=length).astype(np.float32)
    common = np.gcd(source, target)
    expected = resample_poly(signal.astype(np.float64), target // common, source // common)
    found = streamed(signal, source, target, sorted(min(cut, length) for cut in cuts))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_tone_keeps_its_frequency_and_height() -> None:
    time = np.arange(44100) / 44100
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    found = streamed(tone, 44100, 16000, [1000, 20000])
    expected = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(found[500:-500], expected[500:-500], atol=2e-3)


def test_the_buffer_stays_small() -> None:
    resampler = Resampler(44100, 16000)
    for _ in range(50):
        resampler.push(np.zeros(44100, dtype=np.float32))
        assert len(resampler.buffer) < 100


@pytest.mark.parametrize(("source", "target"), [(0, 16000), (16000, 0), (-1, 5)])
def test_rates_are_positive(source: int, target: int) -> None:
    with pytest.raises(BadInput, match="positive"):
        Resampler(source, target)
