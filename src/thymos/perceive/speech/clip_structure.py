"""How the bands of an utterance move together and how fast: two descriptions without any pitch.

``band_covariance`` is the matrix logarithm (log-Euclidean metric of Arsigny et al. 2006) of the covariance of the band
levels and their changes over 40 and 160 ms, so that Euclidean methods can be used on it. ``band_modulation`` is the
power of the slow changes of each band, about 1 to 23 Hz: syllables are near 4 Hz, trembling near 6 to 12 Hz.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
BANDS = 20
FLOOR_BELOW_TOP = 12.0  # natural logarithm of power: 52 dB below the loudest point everything counts as silence
SHORT_STEP, LONG_STEP = 2, 8  # frames on each side over which a change is taken
COVARIANCE_RIDGE = 0.02
SMALLEST_EIGENVALUE = 1e-3
WINDOW, WINDOW_HOP = 96, 24  # frames of a modulation spectrum
MODULATION_EDGES = (1, 2, 3, 4, 6, 8, 11, 15, 22)  # bins of 100 / 96 Hz
SMALLEST_MODULATION = 1e-2
COVARIANCE_SIZE = 3 * BANDS * (3 * BANDS + 1) // 2
MODULATION_SIZE = BANDS * (len(MODULATION_EDGES) - 1)


def floored(log_mel: Floats) -> Doubles:
    """Band levels with a floor below the loudest point, so that the noise of a room or a codec counts as silence."""
    return np.maximum(log_mel.astype(np.float64), np.percentile(log_mel, 99) - FLOOR_BELOW_TOP)


def wide_bands(levels: Doubles) -> Doubles:
    """Means of neighboring bands, shape (frames, 20)."""
    edges = np.linspace(0, levels.shape[1], BANDS + 1).astype(int)
    return np.column_stack([levels[:, low:high].mean(axis=1) for low, high in pairwise(edges)])


def band_covariance(bands: Doubles) -> Doubles:
    """Upper triangle of the logarithm of the covariance, shape (COVARIANCE_SIZE,).

    Entries off the diagonal are multiplied by the square root of 2, so that distances are those of the matrices.
    """
    moving = np.hstack([bands - bands.mean(), 2 * _change(bands, SHORT_STEP), 2 * _change(bands, LONG_STEP)])
    covariance = np.cov(moving.T) + COVARIANCE_RIDGE * np.eye(moving.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    logarithm = (vectors * np.log(np.maximum(values, SMALLEST_EIGENVALUE))) @ vectors.T
    rows, columns = np.triu_indices(len(logarithm))
    return np.asarray(logarithm[rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2)))


def band_modulation(bands: Doubles) -> Doubles:
    """Logarithm of the mean modulation power, shape (MODULATION_SIZE,): modulation frequencies × bands."""
    if len(bands) < WINDOW:
        bands = np.pad(bands, ((0, WINDOW - len(bands)), (0, 0)), mode="reflect" if len(bands) > 1 else "edge")
    starts = range(0, len(bands) - WINDOW + 1, WINDOW_HOP)
    window = np.hanning(WINDOW)[:, None]
    total = np.zeros((WINDOW // 2 + 1, bands.shape[1]))
    for start in starts:
        part = bands[start : start + WINDOW]
        total += np.abs(np.fft.rfft((part - part.mean(axis=0)) * window, axis=0)) ** 2
    power = total / len(starts)
    pairs = pairwise(MODULATION_EDGES)
    return np.log(np.array([power[low:high].mean(axis=0) for low, high in pairs]) + SMALLEST_MODULATION).ravel()


def _change(bands: Doubles, step: int) -> Doubles:
    """Half the difference between the levels ``step`` frames later and earlier."""
    padded = np.pad(bands, ((step, step), (0, 0)), mode="edge")
    return np.asarray((padded[2 * step :] - padded[: -2 * step]) / 2)
