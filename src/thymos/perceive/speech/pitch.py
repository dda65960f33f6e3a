"""Fundamental frequency and voicing of frames, from the normalized autocorrelation (Boersma 1993).

The autocorrelation of a windowed frame, divided by that of the window, is close to 1 at the period of a voiced sound
and small in noise. Frames are 50 ms (three periods of 60 Hz). There is no path search over time: each frame is judged
alone, so that blocks can be cut anywhere.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from thymos.media.audio import SPEECH_RATE

Floats = npt.NDArray[np.float32]
WINDOW_SECONDS = 0.050
LOWEST_HZ, HIGHEST_HZ = 60.0, 600.0
# How much the correlation of a period must lose before one an octave lower is preferred.
OCTAVE_COST = 0.05
VOICED = 0.5
SILENT_AMPLITUDE = 1e-4  # -80 dB of full scale: a frame whose peak is below is never voiced
LARGEST_RATIO_DB = 40.0
PITCH_NAMES = ("f0", "voicing", "harmonics_to_noise")


def pitch_width(rate: int = SPEECH_RATE) -> int:
    """Samples a frame."""
    return round(WINDOW_SECONDS * rate)


def pitch(frames: Floats, rate: int = SPEECH_RATE) -> Floats:
    """Columns f0 (Hz, NaN where unvoiced), voicing (0..1) and harmonics_to_noise (dB, NaN where unvoiced).

    Args:
        frames: shape (frames, samples), see ``pitch_width``.
        rate: sampling rate in Hz.
    """
    width = frames.shape[1]
    window, own, points = _window(width)
    centered = (frames - frames.mean(axis=1, keepdims=True)) * window
    spectrum = np.fft.rfft(centered, points, axis=1)
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, points, axis=1)
    shortest, longest = int(rate / HIGHEST_HZ), min(int(np.ceil(rate / LOWEST_HZ)), width // 2)
    lags = np.arange(shortest - 1, longest + 2)
    energy = np.maximum(correlation[:, :1], 1e-12)
    normalized = correlation[:, lags] / energy / own[lags]
    before, inner, after = normalized[:, :-2], normalized[:, 1:-1], normalized[:, 2:]
    # Only peaks count: on the slope down from lag 0 the shortest lag would else win. A peak is the top of the parabola
    # through three neighbors: high voices have few samples a period, and their peaks would else look too low.
    peaks = (inner >= before) & (inner > after)
    bend = np.minimum(before - 2 * inner + after, -1e-9)
    shift = np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    heights = np.where(peaks, inner - 0.25 * (before - after) * shift, 0.0)
    # Where the loudness changes within a frame, the division by the window's own correlation can exceed 1 at long lags.
    heights = np.where(heights > 1, 1 / np.maximum(heights, 1), heights)
    cost = OCTAVE_COST * np.log2(lags[1:-1] * LOWEST_HZ / rate)
    rows, best = np.arange(len(frames)), (heights - cost).argmax(axis=1)
    strength = np.clip(heights[rows, best], 0.0, 1.0)
    loud = np.abs(frames).max(axis=1) > SILENT_AMPLITUDE
    strength = np.where(loud, strength, 0.0)
    voiced = strength >= VOICED
    f0 = np.where(voiced, rate / (lags[1:-1][best] + shift[rows, best]), np.nan)
    noise = np.maximum(1 - strength, 10 ** (-LARGEST_RATIO_DB / 10))
    ratio = np.where(voiced, 10 * np.log10(np.maximum(strength, 1e-6) / noise), np.nan)
    return np.column_stack([f0, strength, ratio]).astype(np.float32)


@lru_cache(maxsize=4)
def _window(width: int) -> tuple[Floats, Floats, int]:
    """A Hann window, its normalized autocorrelation, and the points of an FFT without wrap-around."""
    window = np.hanning(width + 2)[1:-1]
    points = 1 << (2 * width - 1).bit_length()
    own = np.fft.irfft(np.abs(np.fft.rfft(window, points)) ** 2, points)[:width]
    return window.astype(np.float32), (own / own[0]).astype(np.float32), points
