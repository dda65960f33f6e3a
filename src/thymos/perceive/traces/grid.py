"""Traces on one grid of time: samples come at uneven times and rates, and lengths differ."""

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]


def time_grid(seconds: float, rate: float) -> Floats:
    """Times 0, 1 / rate, ... below ``seconds``.

    Example:
        >>> time_grid(1.0, 4.0).tolist()
        [0.0, 0.25, 0.5, 0.75]
    """
    if not (seconds > 0 and rate > 0):
        raise BadInput(f"{seconds:g} seconds at {rate:g} values a second is no grid", mend="use positive numbers")
    return np.arange(int(np.ceil(seconds * rate - 1e-9))) / rate


def on_grid(times: npt.ArrayLike, values: npt.ArrayLike, grid: Floats) -> Floats:
    """Values at the grid's times: linear between samples, the first and last sample held outside.

    Args:
        times: seconds, rising.
        values: one number a time.
        grid: seconds, rising.

    Raises:
        BadInput: lengths differ, times that do not rise, a number that is missing.
    """
    at, what = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if at.ndim != 1 or at.shape != what.shape or len(at) == 0:
        raise BadInput(f"{at.size} times and {what.size} values", where="trace", mend="pass one value a time")
    if not (np.isfinite(at).all() and np.isfinite(what).all()):
        raise BadInput("a time or value is missing", where="trace", mend="leave the sample out")
    if not (np.diff(at) > 0).all():
        raise BadInput("the times do not rise", where="trace", mend="sort the samples and drop doubled ones")
    return np.interp(grid, at, what)


def smoothed(trace: npt.ArrayLike, samples: int) -> Floats:
    """Mean over a window around every value, along the last axis; the ends are held. ``samples`` of 0 or 1 = as it is.

    Example:
        >>> smoothed([0.0, 0.0, 3.0, 0.0, 0.0], 3).tolist()
        [0.0, 1.0, 1.0, 1.0, 0.0]
    """
    values = np.asarray(trace, dtype=np.float64)
    if samples <= 1:
        return values.copy()
    before, after = (samples - 1) // 2, samples // 2
    edges = [(0, 0)] * (values.ndim - 1) + [(before, after)]
    padded = np.pad(values, edges, mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros_like(padded[..., :1]), padded], axis=-1), axis=-1)
    return (sums[..., samples:] - sums[..., :-samples]) / samples


def delayed(trace: npt.ArrayLike, samples: int) -> Floats:
    """The trace ``samples`` later, along the last axis; the first value is held until then.

    Example:
        >>> delayed([1.0, 2.0, 3.0], 1).tolist()
        [1.0, 1.0, 2.0]
    """
    values = np.asarray(trace, dtype=np.float64)
    if samples < 0:
        raise BadInput(f"a delay of {samples} samples", where="delay", mend="use 0 or more")
    count = min(samples, values.shape[-1])
    first = np.repeat(values[..., :1], count, axis=-1)
    return np.concatenate([first, values[..., : values.shape[-1] - count]], axis=-1)
