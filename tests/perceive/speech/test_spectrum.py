"""Spectra against what is known of tones and noise."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.speech.framing import Framer
from thymos.perceive.speech.spectrum import SHAPE_NAMES, SILENT_POWER, Spectra, cepstrum, mel_filters

RATE = 16000


def frames_of(signal: np.ndarray, spectra: Spectra) -> np.ndarray:
    framer = Framer(spectra.width, spectra.hop)
    return np.concatenate([framer.push(signal.astype(np.float32)), framer.finish()])[5:-5]


def tone(hertz: float, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)


def shape_of(signal: np.ndarray) -> dict[str, float]:
    spectra = Spectra()
    values = spectra.shape(spectra.power(frames_of(signal, spectra)))
    return dict(zip(SHAPE_NAMES, np.median(values, axis=0).tolist(), strict=True))


def test_window_and_hop_are_25_and_10_milliseconds() -> None:
    assert (Spectra().width, Spectra().hop, Spectra().points) == (400, 160, 512)
    assert (Spectra(rate=48000).width, Spectra(rate=48000).points) == (1200, 2048)


def test_a_full_scale_sine_has_a_quarter_of_power() -> None:
    spectra = Spectra()
    power = spectra.power(frames_of(tone(1000), spectra))
    assert power.max() == pytest.approx(0.25, rel=0.02)
    assert (power.argmax(axis=1) == 32).all()


@pytest.mark.parametrize("hertz", [200, 1000, 4000])
def test_a_tone_lies_in_its_band(hertz: float) -> None:
    spectra = Spectra()
    log_mel = spectra.log_mel(spectra.power(frames_of(tone(hertz), spectra)))
    best = int(np.median(log_mel.argmax(axis=1)))
    filters = mel_filters(RATE, 512, 64, 50.0, 8000.0)
    nearest = round(hertz * 512 / RATE)
    assert filters[nearest, best] == pytest.approx(filters[nearest].max(), abs=0.35)


def test_twice_the_amplitude_is_log_four_more() -> None:
    spectra = Spectra(bands=80)
    loud, soft = (
        spectra.log_mel(spectra.power(frames_of(np.random.default_rng(0).normal(size=RATE) * level, spectra)))
        for level in (0.2, 0.1)
    )
    assert loud.shape[1] == 80
    np.testing.assert_allclose(loud - soft, np.log(4), atol=1e-3)


def test_silence_is_finite() -> None:
    spectra = Spectra()
    power = spectra.power(np.zeros((3, 400), dtype=np.float32))
    np.testing.assert_allclose(spectra.log_mel(power), np.log(SILENT_POWER))
    assert np.isfinite(spectra.shape(power)).all()


@pytest.mark.parametrize("bands", [40, 64, 80, 128])
def test_no_filter_is_empty(bands: int) -> None:
    filters = mel_filters(RATE, 512, bands, 50.0, 8000.0)
    assert filters.shape == (257, bands)
    assert (filters.sum(axis=0) > 0).all()
    assert filters.max() <= 1.0


def test_the_cepstrum_is_orthonormal() -> None:
    log_mel = np.random.default_rng(0).normal(size=(5, 64)).astype(np.float32)
    whole = cepstrum(log_mel, 64)
    np.testing.assert_allclose((whole**2).sum(axis=1), (log_mel**2).sum(axis=1), rtol=1e-4)
    np.testing.assert_allclose(cepstrum(log_mel, 13), whole[:, :13])
    np.testing.assert_allclose(whole[:, 0], log_mel.sum(axis=1) / 8, rtol=1e-4)


def test_shape_of_tones_and_noise() -> None:
    noise = shape_of(np.random.default_rng(0).normal(size=RATE) * 0.1)
    low, high = shape_of(tone(300)), shape_of(tone(3000))
    assert low["centroid"] == pytest.approx(0.3, abs=0.02)
    assert high["centroid"] == pytest.approx(3.0, abs=0.02)
    assert noise["centroid"] == pytest.approx(4.0, abs=0.3)
    assert noise["flatness"] > 0.4 > 0.01 > low["flatness"]
    assert low["alpha_ratio"] > 20 > -20 > high["alpha_ratio"]
    assert low["hammarberg"] > 20 > -20 > high["hammarberg"]
    assert noise["rolloff"] == pytest.approx(0.85 * 8, abs=0.2)
    assert noise["spread"] == pytest.approx(8 / np.sqrt(12), abs=0.2)


def test_slopes_see_a_falling_spectrum() -> None:
    white = np.fft.rfft(np.random.default_rng(0).normal(size=RATE))
    hertz = np.maximum(np.arange(len(white)), 1)
    red = np.fft.irfft(white / hertz)
    assert shape_of(red * 5)["slope_high"] < -0.4
    assert abs(shape_of(np.fft.irfft(white) * 0.1)["slope_high"]) < 0.4


@pytest.mark.parametrize(
    "options", [{"high": 9000.0}, {"low": -1.0}, {"low": 5000.0, "high": 4000.0}, {"bands": 1}, {"bands": 500}]
)
def test_impossible_settings(options: dict[str, float]) -> None:
    with pytest.raises(BadInput, match=r"use (50 to 8000|64 or 80)"):
        Spectra(**options)
