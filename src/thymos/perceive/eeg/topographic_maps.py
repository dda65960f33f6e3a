"""Band power of EEG, and scalp maps of it.

Recipe of card 38 [inferred there, the paper gives none]: windows of one to two seconds, log power in theta, alpha,
beta and gamma, the baseline subtracted, interpolated to a grid of 32 x 32 places, one channel a band.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator
from scipy.signal import welch

from thymos.errors import BadInput
from thymos.perceive.eeg.montage import electrode_places

Floats = npt.NDArray[np.float64]
BANDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0), "gamma": (30.0, 45.0)}
)
"""Hertz, lower end included."""
SIDE = 32
TINY = 1e-12  # added before the logarithm; signals are in microvolts


def log_band_power(
    signal: npt.ArrayLike,
    rate: float,
    *,
    window: float = 2.0,
    step: float | None = None,
    bands: Mapping[str, tuple[float, float]] = BANDS,
) -> Floats:
    """Natural logarithm of the power in each window, channel and band.

    Args:
        signal: shape (channels, samples), microvolts.
        rate: samples a second.
        window: seconds.
        step: seconds from one window to the next; None = windows that do not overlap.
        bands: name to (lowest, highest) frequency in hertz.

    Returns:
        Shape (windows, channels, bands); the rest of the signal that fills no window is left out.

    Raises:
        BadInput: a signal shorter than a window, NaN, a band above half the rate or between the frequencies.
    """
    values = np.asarray(signal, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise BadInput("an EEG signal must be finite numbers, shape (channels, samples)", where="signal")
    length = round(window * rate)
    stride = length if step is None else round(step * rate)
    if length < 2 or stride < 1 or values.shape[1] < length:
        raise BadInput(
            f"{values.shape[1]} samples at {rate:g} a second do not fill a window of {window:g} s", where="signal"
        )
    if max(high for _, high in bands.values()) > rate / 2:
        raise BadInput(f"a band ends above {rate / 2:g} Hz", where="bands", mend="drop it, or use a higher rate")
    starts = range(0, values.shape[1] - length + 1, stride)
    cut = np.stack([values[:, start : start + length] for start in starts])
    frequencies, density = welch(cut, fs=rate, nperseg=length, axis=-1)
    powers = []
    for name, (low, high) in bands.items():
        inside = (frequencies >= low) & (frequencies < high)
        if not inside.any():
            raise BadInput(f"no frequency lies in band {name!r}", where="bands", mend="use longer windows")
        powers.append(density[..., inside].sum(axis=-1) * (frequencies[1] - frequencies[0]))
    return np.log(np.stack(powers, axis=-1) + TINY)


def without_baseline(powers: Floats, baseline: Floats) -> Floats:
    """Log power minus the mean log power of the windows before the stimulus: a ratio, in logarithms."""
    if powers.shape[1:] != baseline.shape[1:] or len(baseline) == 0:
        raise BadInput(f"a baseline of shape {baseline.shape} for windows of shape {powers.shape}", where="baseline")
    return np.asarray(powers - baseline.mean(axis=0))


def map_weights(electrodes: Sequence[str], side: int = SIDE) -> Floats:
    """Weight of each electrode at each place of a map, shape (side, side, electrodes).

    Thin-plate splines through the electrodes; they are linear in the values, so the weights are computed once. The
    first row of a map is the front, the first column the left. Places outside the head have weight 0.
    """
    places = electrode_places(electrodes)
    if len(places) < 4:
        raise BadInput(f"{len(places)} electrodes are too few for a map", where="electrodes", mend="use 4 or more")
    line = np.linspace(-1, 1, side)
    grid = np.stack(np.meshgrid(line, -line), axis=-1).reshape(-1, 2)
    spline = RBFInterpolator(places, np.eye(len(places)), kernel="thin_plate_spline")
    weights = spline(grid)
    weights[np.linalg.norm(grid, axis=1) > 1] = 0
    return np.asarray(weights.reshape(side, side, len(places)))


def topographic_maps(powers: npt.ArrayLike, electrodes: Sequence[str], *, side: int = SIDE) -> npt.NDArray[np.float32]:
    """Scalp maps of band power, shape (windows, bands, side, side).

    Args:
        powers: shape (windows, electrodes, bands).
        electrodes: names, in the order of ``powers``.
        side: places a side.
    """
    values = np.asarray(powers, dtype=np.float64)
    if values.ndim != 3 or values.shape[1] != len(electrodes) or not np.isfinite(values).all():
        raise BadInput(
            f"powers of shape {values.shape} for {len(electrodes)} electrodes",
            where="powers",
            mend="pass finite numbers, shape (windows, electrodes, bands)",
        )
    return np.einsum("yxe,neb->nbyx", map_weights(electrodes, side), values).astype(np.float32)
