"""Short-time spectra: log-mel bands, cepstral coefficients, and what the shape of a spectrum tells.

Frames are 25 ms (400 samples at 16 kHz) under a Hann window, every 10 ms, with an FFT of 512 points.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

from thymos.errors import BadInput
from thymos.media.audio import SPEECH_RATE

Floats = npt.NDArray[np.float32]
WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.010
FFT_POINTS = 512
# Power below which a band is silent (-100 dB of full scale): keeps the logarithm of digital silence finite.
SILENT_POWER = 1e-10
SHAPE_NAMES = (
    "centroid", "spread", "rolloff", "flatness", "alpha_ratio", "hammarberg", "slope_low", "slope_high",
)  # fmt: skip


@dataclass(frozen=True)
class Spectra:
    """Power spectra of frames: ``SpectrumAnalysis`` turns frames of samples into them.

    Args:
        rate: sampling rate in Hz.
        bands: number of mel bands.
        low: lower edge of the first band in Hz.
        high: upper edge of the last band in Hz, at most half of the rate.
    """

    rate: int = SPEECH_RATE
    bands: int = 64
    low: float = 50.0
    high: float = 8000.0

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= self.rate / 2:
            raise BadInput(
                f"bands from {self.low:g} to {self.high:g} Hz at {self.rate} Hz", where="high", mend="use 50 to 8000"
            )
        if not 2 <= self.bands <= 128:
            raise BadInput(f"{self.bands} mel bands", where="bands", mend="use 64 or 80")

    @property
    def width(self) -> int:
        """Samples a frame."""
        return round(WINDOW_SECONDS * self.rate)

    @property
    def hop(self) -> int:
        """Samples between frames."""
        return round(HOP_SECONDS * self.rate)

    @property
    def points(self) -> int:
        """Points of the FFT: the power of two that holds a frame."""
        return max(FFT_POINTS, 1 << (self.width - 1).bit_length())

    def power(self, frames: Floats) -> Floats:
        """Power of each frequency, shape (frames, points / 2 + 1); a full-scale sine has about 0.25 at its peak."""
        window = np.hanning(self.width + 1)[:-1].astype(np.float32)
        spectrum = np.fft.rfft(frames * (window / window.sum()), self.points, axis=1)
        return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)

    def log_mel(self, power: Floats) -> Floats:
        """Natural logarithm of the power in mel bands, shape (frames, bands)."""
        return np.log(np.maximum(power @ mel_filters(self.rate, self.points, self.bands, self.low, self.high),
                                 SILENT_POWER))  # fmt: skip

    def shape(self, power: Floats) -> Floats:
        """Descriptors of each spectrum, shape (frames, len(SHAPE_NAMES)).

        centroid, spread, rolloff (85 % of the power) in kHz; flatness 0 (a tone) to 1 (white noise); alpha_ratio
        (50-1000 over 1000-5000 Hz) and hammarberg (peak of 0-2000 over peak of 2000-5000 Hz) in dB; slopes of the
        spectrum in dB within 0-500 and 500-1500 Hz in dB per 100 Hz. The last four follow eGeMAPS (Eyben et al. 2016).
        """
        hertz = np.arange(power.shape[1], dtype=np.float32) * (self.rate / self.points)
        power = power + np.float32(SILENT_POWER / power.shape[1])
        total = power.sum(axis=1)
        centroid = power @ hertz / total
        spread = np.sqrt(np.maximum(power @ hertz**2 / total - centroid**2, 0))
        rolloff = hertz[(np.cumsum(power, axis=1) < 0.85 * total[:, None]).sum(axis=1).clip(max=len(hertz) - 1)]
        level = 10 * np.log10(power)
        flatness = np.exp(np.log(power).mean(axis=1)) / (total / power.shape[1])

        def within(low: float, high: float) -> npt.NDArray[np.bool_]:
            return (hertz >= low) & (hertz < high)

        alpha = 10 * np.log10(power[:, within(50, 1000)].sum(axis=1) / power[:, within(1000, 5000)].sum(axis=1))
        hammarberg = level[:, within(0, 2000)].max(axis=1) - level[:, within(2000, 5000)].max(axis=1)
        slopes = [_slope(level[:, part], hertz[part] / 100) for part in (within(0, 500), within(500, 1500))]
        columns = [centroid / 1000, spread / 1000, rolloff / 1000, flatness, alpha, hammarberg, *slopes]
        return np.column_stack(columns).astype(np.float32)


def cepstrum(log_mel: Floats, count: int = 13) -> Floats:
    """Mel-frequency cepstral coefficients 0 to count - 1 (orthonormal DCT-II), shape (frames, count)."""
    return np.asarray(dct(log_mel, type=2, norm="ortho", axis=1)[:, :count], dtype=np.float32)


@lru_cache(maxsize=8)
def mel_filters(rate: int, points: int, bands: int, low: float, high: float) -> Floats:
    """Triangular filters, equally wide on the mel scale 2595 log10(1 + f / 700), shape (points / 2 + 1, bands).

    Each filter's peak is 1; a filter narrower than the grid of frequencies takes the nearest one, so none is empty.
    """
    edges = 700 * (10 ** (np.linspace(_mel(low), _mel(high), bands + 2) / 2595) - 1)
    hertz = np.arange(points // 2 + 1) * (rate / points)
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(np.minimum(rising, falling), 0)
    for band in np.flatnonzero(filters.sum(axis=0) == 0):
        filters[np.abs(hertz - edges[band + 1]).argmin(), band] = 1
    return filters.astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _slope(values: Floats, positions: npt.NDArray[np.floating]) -> Floats:
    """Slope of a least-squares line through each row."""
    centered = positions - positions.mean()
    return np.asarray(values @ centered / (centered @ centered), dtype=np.float32)
