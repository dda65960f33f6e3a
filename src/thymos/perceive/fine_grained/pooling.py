"""From a sequence of frames to one vector, and to a sequence of a fixed length.

The published heads for sound quality pool with mean, minimum, maximum and standard deviation (3,072 numbers from 768);
the heads for emotions read the whole sequence, which was better than every pooling [paper].
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput

Frames = npt.NDArray[np.float32]

STATISTICS: Mapping[str, Callable[[Frames], Frames]] = MappingProxyType(
    {
        "mean": lambda frames: frames.mean(axis=0),
        "min": lambda frames: frames.min(axis=0),
        "max": lambda frames: frames.max(axis=0),
        "std": lambda frames: frames.std(axis=0),
    }
)
MEAN_ONLY: tuple[str, ...] = ("mean",)
ALL_STATISTICS: tuple[str, ...] = ("mean", "min", "max", "std")


def pooled(frames: npt.ArrayLike, statistics: tuple[str, ...] = ALL_STATISTICS) -> Frames:
    """One vector for a sequence: the statistics over time, one block after the other.

    Args:
        frames: shape (frames, width), finite.
        statistics: names of ``STATISTICS``, in the order of the blocks.

    Returns:
        Shape (width × statistics,); the standard deviation divides by the number of frames.

    Example:
        >>> pooled([[0.0, 1.0], [2.0, 1.0]], ("mean", "max")).tolist()
        [1.0, 1.0, 2.0, 1.0]
    """
    unknown = [name for name in statistics if name not in STATISTICS]
    if unknown or not statistics:
        raise BadInput(f"unknown statistic {(unknown or [''])[0]!r}", mend=f"known: {', '.join(STATISTICS)}")
    values = checked_frames(frames, "frames")
    return np.concatenate([STATISTICS[name](values) for name in statistics])


def pooled_table(
    sequences: "pd.Series[object]",
    statistics: tuple[str, ...] = ALL_STATISTICS,
    names: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Pooled vectors of many sequences, one row an item, indexed like the sequences.

    Args:
        sequences: arrays of shape (frames, width), all of one width.
        statistics: see ``pooled``.
        names: of the columns of the frames; default ``0, 1, ...``. Columns are called ``<name>.<statistic>``.
    """
    if len(sequences) == 0:
        raise BadInput("there is no item", where="sequences", mend="pass at least one")
    first = checked_frames(sequences.iloc[0], f"sequences, {sequences.index[0]!r}")
    width = first.shape[1]
    rows = []
    for item, frames in sequences.items():
        values = checked_frames(frames, f"sequences, {item!r}")
        if values.shape[1] != width:
            raise BadInput(f"{values.shape[1]} numbers a frame, {width} before", where=f"sequences, {item!r}")
        rows.append(pooled(values, statistics))
    own = names or tuple(str(number) for number in range(width))
    if len(own) != width:
        raise BadInput(f"{len(own)} names for {width} numbers a frame", where="names")
    columns = [f"{name}.{statistic}" for statistic in statistics for name in own]
    return pd.DataFrame(np.stack(rows), index=sequences.index, columns=columns)


def fit_length(frames: npt.ArrayLike, length: int) -> Frames:
    """The first ``length`` frames; a shorter sequence is filled with zeros, as Whisper fills a short clip.

    Example:
        >>> fit_length([[1.0], [2.0]], 3).ravel().tolist()
        [1.0, 2.0, 0.0]
    """
    if length < 1:
        raise BadInput(f"a length of {length} frames", mend="use 1 or more")
    values = checked_frames(frames, "frames")[:length]
    return np.pad(values, ((0, length - len(values)), (0, 0)))


def averaged_to_length(frames: npt.ArrayLike, length: int) -> Frames:
    """The whole sequence as ``length`` frames, each the mean of its share of the time; short ones repeat frames.

    Example:
        >>> averaged_to_length([[1.0], [3.0], [5.0], [7.0]], 2).ravel().tolist()
        [2.0, 6.0]
    """
    if length < 1:
        raise BadInput(f"a length of {length} frames", mend="use 1 or more")
    values = checked_frames(frames, "frames")
    starts = np.arange(length) * len(values) // length
    ends = np.maximum((np.arange(length) + 1) * len(values) // length, starts + 1)
    sums = np.vstack([np.zeros((1, values.shape[1])), values.cumsum(axis=0, dtype=np.float64)])
    return ((sums[ends] - sums[starts]) / (ends - starts)[:, None]).astype(np.float32)


def checked_frames(frames: object, where: str) -> Frames:
    """Frames as float32, shape (frames, width); empty, misshapen or infinite ones are BadInput."""
    try:
        values = np.asarray(frames, dtype=np.float32)
    except (TypeError, ValueError):
        raise BadInput("these frames are not numbers", where=where) from None
    if values.ndim != 2 or values.size == 0:
        raise BadInput(f"frames of shape {values.shape}; (frames, width) is needed", where=where)
    if not np.isfinite(values).all():
        frame = int(np.argwhere(~np.isfinite(values))[0][0])
        raise BadInput("a value is NaN or infinite", where=f"{where}, frame {frame}", mend="mend the signal")
    return values
