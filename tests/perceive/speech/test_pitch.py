"""The fundamental frequency of generated sounds."""

import numpy as np
import pytest

from thymos.perceive.speech.framing import Framer
from thymos.perceive.speech.pitch import pitch, pitch_width

RATE = 16000


def measured(signal: np.ndarray) -> np.ndarray:
    framer = Framer(pitch_width(RATE), 160)
    return pitch(np.concatenate([framer.push(signal.astype(np.float32)), framer.finish()]), RATE)[5:-5]


def voice(hertz: np.ndarray | float, harmonics: int = 12, seconds: float = 0.6) -> np.ndarray:
    """A sum of harmonics that fall by 6 dB an octave."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, round(seconds * RATE))) / RATE
    return 0.2 * np.sum([np.sin(k * phase) / k for k in range(1, harmonics + 1)], axis=0)


@pytest.mark.parametrize("hertz", [70, 110, 155.5, 220, 333, 480, 580])
def test_a_voice_has_its_frequency(hertz: float) -> None:
    f0, voicing, ratio = measured(voice(hertz)).T
    np.testing.assert_allclose(f0, hertz, rtol=0.01)
    assert voicing.min() > 0.95
    assert ratio.min() > 13


def test_a_missing_fundamental_is_heard() -> None:
    whole = voice(150.0)
    phase = 2 * np.pi * 150 * np.arange(1, len(whole) + 1) / RATE
    np.testing.assert_allclose(measured(whole - 0.2 * np.sin(phase))[:, 0], 150, rtol=0.01)


def test_a_glide_is_followed() -> None:
    f0 = measured(voice(np.linspace(120, 240, RATE), seconds=1.0))[:, 0]
    expected = np.linspace(120, 240, RATE)[::160][5:-5]
    np.testing.assert_allclose(f0, expected, rtol=0.02)


def test_noise_and_silence_are_unvoiced() -> None:
    noise = measured(np.random.default_rng(0).normal(size=RATE) * 0.1)
    assert np.isnan(noise[:, 0]).mean() > 0.95
    silence = measured(np.zeros(RATE))
    assert np.isnan(silence[:, 0]).all()
    assert np.isnan(silence[:, 2]).all()
    assert (silence[:, 1] == 0).all()


def test_noise_lowers_the_ratio_of_harmonics() -> None:
    rng = np.random.default_rng(1)
    ratios = [np.nanmedian(measured(voice(200.0) + level * rng.normal(size=9600))[:, 2]) for level in (0.0, 0.03, 0.1)]
    assert ratios[0] > ratios[1] > ratios[2]
    # Power of the harmonics over power of the noise, in dB.
    signal = (voice(200.0) ** 2).mean()
    assert ratios[2] == pytest.approx(10 * np.log10(signal / 0.1**2), abs=2)


def test_the_height_does_not_matter() -> None:
    np.testing.assert_allclose(measured(voice(200.0))[:, 0], measured(voice(200.0) * 0.02)[:, 0], rtol=1e-3)


@pytest.mark.parametrize("hertz", [90, 120, 180, 240, 400])
def test_a_voice_in_syllables_is_not_heard_an_octave_lower(hertz: float) -> None:
    time = np.arange(round(1.5 * RATE)) / RATE
    f0 = measured(voice(hertz, seconds=1.5) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)))[:, 0]
    assert (np.abs(f0 / hertz - 1) < 0.02).mean() > 0.98
