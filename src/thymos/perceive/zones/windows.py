"""Frames to windows of 200 ms: one row a window, keyed by item and ``frametime`` so that signals can be joined.

The key is a whole number of milliseconds from the start of the recording: fractions of seconds do not join reliably.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput

WINDOW_MS = 200
KEYS = ("item", "frametime")
# A rest at the end of a recording counts as a window when it has at least this share of a whole window's frames.
SMALLEST_SHARE = 0.5


def window_table(
    values: npt.ArrayLike,
    seconds: npt.ArrayLike,
    names: Sequence[str],
    *,
    window_ms: int = WINDOW_MS,
) -> pd.DataFrame:
    """Mean and standard deviation of every column in each window.

    Args:
        values: shape (frames, columns); NaN where a frame has no such value (pitch of unvoiced frames).
        seconds: time of each frame, rising.
        names: of the columns.
        window_ms: length of a window in milliseconds.

    Returns:
        Indexed by ``frametime`` (start of the window in ms): ``<name>.mean``, ``<name>.std``, and ``<name>.share`` =
        share of frames with a value, for columns that lack some. A window without any value has mean and deviation 0,
        which the share tells apart from a measured 0. Incomplete windows at the end are left out below half.

    Raises:
        BadInput: no frames, shapes that do not fit, times that do not rise, an infinite value.

    Example:
        >>> window_table([[1.0], [3.0], [5.0], [5.0]], [0.0, 0.1, 0.2, 0.3], ["x"])["x.mean"].to_dict()
        {0: 2.0, 200: 5.0}
    """
    table, times = np.asarray(values, dtype=np.float64), np.asarray(seconds, dtype=np.float64)
    if table.ndim != 2 or len(table) == 0 or table.shape != (len(times), len(names)):
        raise BadInput(
            f"values of shape {table.shape}, {times.shape} times and {len(names)} names do not fit", where="windows"
        )
    if window_ms < 1:
        raise BadInput(f"a window of {window_ms} ms", mend="use 200")
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any() or times[0] < 0:
        raise BadInput("the times must start at 0 or later and rise", where="windows")
    infinite = np.isinf(table).sum(axis=0) > 0
    if infinite.any():
        raise BadInput("a value is infinite", where=f"windows, column {names[int(np.argmax(infinite))]!r}")
    # Half a microsecond: frame times such as 0.6000000000000001 must not fall on the wrong side of a border.
    window = np.floor(times * 1000 / window_ms + 5e-7).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(window) > 0])
    sizes = np.diff(np.r_[starts, len(window)])
    keep = sizes >= SMALLEST_SHARE * sizes.max()
    known = np.isfinite(table)
    filled = np.where(known, table, 0.0)
    counts = np.add.reduceat(known.astype(np.float64), starts, axis=0)
    divisor = np.maximum(counts, 1.0)
    mean = np.add.reduceat(filled, starts, axis=0) / divisor
    position = np.repeat(np.arange(len(starts)), sizes)
    squares = np.where(known, (table - mean[position]) ** 2, 0.0)
    deviation = np.sqrt(np.add.reduceat(squares, starts, axis=0) / divisor)
    gaps = known.sum(axis=0) < len(known)
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for number, name in enumerate(names):
        columns[f"{name}.mean"] = mean[:, number]
        columns[f"{name}.std"] = deviation[:, number]
        if gaps[number]:
            columns[f"{name}.share"] = counts[:, number] / sizes
    index = pd.Index(window[starts] * window_ms, name="frametime")
    return pd.DataFrame(columns, index=index)[keep]


def joined_windows(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The windows of many recordings as one table, indexed by (item, frametime).

    A column that only some recordings have (a share of voiced frames, where others are voiced throughout) is filled
    with 1: there every frame had a value.

    Args:
        tables: item id to its ``window_table``.
    """
    if not tables:
        raise BadInput("there is no recording", where="windows")
    together = pd.concat(dict(tables), names=list(KEYS))
    shares = [name for name in together.columns if name.endswith(".share")]
    together[shares] = together[shares].fillna(1.0)
    if together.isna().any().any():
        column = together.columns[int(together.isna().any().to_numpy().argmax())]
        raise BadInput(f"column {column!r} is missing in some recordings", where="windows")
    return together.sort_index(axis=1)


def nearest_window(milliseconds: npt.ArrayLike, *, window_ms: int = WINDOW_MS) -> npt.NDArray[np.int64]:
    """The ``frametime`` of the windows that hold these times, to bring another signal's times to the same keys."""
    times = np.asarray(milliseconds, dtype=np.float64)
    return (np.floor(times / window_ms).astype(np.int64)) * window_ms
