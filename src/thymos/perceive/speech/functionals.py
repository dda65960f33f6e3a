"""One row of numbers for a whole recording: moments, percentiles, slopes and durations of what is measured by frame.

Everything is updated block by block and forgets the frames, so memory is the same for a second and for a day. The
percentiles come from histograms over fixed ranges and are exact to one bin, 1/1024 of the range.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.speech.analysis import CEPSTRAL, FrameBlock, speech_frames
from thymos.perceive.speech.spectrum import HOP_SECONDS

Doubles = npt.NDArray[np.float64]
BINS = 1024
PERCENTILES = (5, 20, 50, 80, 95)
# Range of each column that its histogram covers; what lies outside counts in the first or the last bin.
RANGES = {
    "energy": (-100.0, 0.0),
    "flux": (0.0, 5.0),
    "f0": (60.0, 600.0),
    "voicing": (0.0, 1.0),
    "harmonics_to_noise": (0.0, 40.0),
    "jitter": (0.0, 0.2),
    "shimmer": (0.0, 40.0),
    "centroid": (0.0, 8.0),
    "spread": (0.0, 4.0),
    "rolloff": (0.0, 8.0),
    "flatness": (0.0, 1.0),
    "alpha_ratio": (-60.0, 60.0),
    "hammarberg": (-60.0, 90.0),
    "slope_low": (-30.0, 30.0),
    "slope_high": (-30.0, 30.0),
    **{f"mfcc_{number}": (-200.0, 100.0) if number == 0 else (-50.0, 50.0) for number in range(CEPSTRAL)},
}
COLUMNS = tuple(RANGES)
STATISTICS = ("mean", "std", "minimum", "maximum", "slope", *(f"p{share}" for share in PERCENTILES))
DURATION_NAMES = ("seconds", "voiced_share", "voiced_stretches_per_second", "voiced_mean", "voiced_std")


class Functionals:
    """Collects the functionals of one recording; NaN frames (f0 of unvoiced ones) are left out of their column.

    The columns are the prosody and the cepstral coefficients ``mfcc_0`` to ``mfcc_12``. ``slope`` is that of a
    least-squares line, in units of the column a second.
    """

    def __init__(self) -> None:
        shape = len(COLUMNS)
        self.count = np.zeros(shape)
        self.mean, self.squares = np.zeros(shape), np.zeros(shape)  # squares: sum of squared deviations from the mean
        self.time_mean, self.time_squares, self.products = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.low, self.high = np.full(shape, np.inf), np.full(shape, -np.inf)
        self.histogram = np.zeros((shape, BINS))
        self.frames = 0
        self.voiced = VoicedRuns()

    def push(self, block: FrameBlock) -> None:
        """Take the frames of a block in."""
        if len(block.prosody) == 0:
            return
        values = np.hstack([block.prosody, block.cepstrum]).astype(np.float64)
        known = np.isfinite(values)
        count = known.sum(axis=0)
        filled = np.where(known, values, 0.0)
        time = np.where(known, block.seconds[:, None], 0.0)
        safe = np.maximum(count, 1)
        mean, time_mean = filled.sum(axis=0) / safe, time.sum(axis=0) / safe
        apart, time_apart = np.where(known, values - mean, 0.0), np.where(known, time - time_mean, 0.0)
        self._merge(count, mean, time_mean, apart, time_apart)
        self.low = np.minimum(self.low, np.where(known, values, np.inf).min(axis=0))
        self.high = np.maximum(self.high, np.where(known, values, -np.inf).max(axis=0))
        self._count_bins(filled, known)
        self.frames += len(values)
        self.voiced.push(known[:, COLUMNS.index("f0")])

    def _merge(self, count: Doubles, mean: Doubles, time_mean: Doubles, apart: Doubles, time_apart: Doubles) -> None:
        """Pairwise update of Chan, Golub and LeVeque (1983): stable where sums of squares are not."""
        total = np.maximum(self.count + count, 1)
        step, time_step = mean - self.mean, time_mean - self.time_mean
        weight = self.count * count / total
        self.squares += (apart**2).sum(axis=0) + step**2 * weight
        self.time_squares += (time_apart**2).sum(axis=0) + time_step**2 * weight
        self.products += (apart * time_apart).sum(axis=0) + step * time_step * weight
        self.mean += step * count / total
        self.time_mean += time_step * count / total
        self.count = self.count + count

    def _count_bins(self, values: Doubles, known: npt.NDArray[np.bool_]) -> None:
        ranges = np.array([RANGES[name] for name in COLUMNS])
        place = (values - ranges[:, 0]) / (ranges[:, 1] - ranges[:, 0]) * BINS
        bins = np.clip(place, 0, BINS - 1).astype(np.int64) + np.arange(len(COLUMNS)) * BINS
        self.histogram += np.bincount(bins[known], minlength=self.histogram.size).reshape(self.histogram.shape)

    def row(self) -> pd.Series:
        """``<column>_<statistic>`` for all columns and statistics, and the durations.

        A column without any value (f0 where nothing is voiced) is NaN, and so is the spread of a single value.
        """
        if self.frames == 0:
            raise BadInput("there is no sound to describe", where="functionals", mend="push at least one frame")
        none = self.count == 0
        spread = np.where(self.count > 1, np.sqrt(self.squares / np.maximum(self.count, 1)), np.nan)
        slope = np.where(self.time_squares > 0, self.products / np.where(self.time_squares > 0, self.time_squares, 1),
                         np.nan)  # fmt: skip
        table = np.column_stack([self.mean, spread, self.low, self.high, slope, self._percentiles()])
        table[none] = np.nan
        names = [f"{column}_{statistic}" for column in COLUMNS for statistic in STATISTICS]
        seconds = self.frames * HOP_SECONDS
        durations = [seconds, *self.voiced.describe(seconds)]
        return pd.Series([*table.ravel(), *durations], index=[*names, *DURATION_NAMES], dtype=float)

    def _percentiles(self) -> Doubles:
        found = np.full((len(COLUMNS), len(PERCENTILES)), np.nan)
        for column, name in enumerate(COLUMNS):
            if self.count[column] == 0:
                continue
            low, high = RANGES[name]
            below = np.cumsum(self.histogram[column]) / self.count[column]
            edges = low + (np.arange(BINS) + 0.5) * (high - low) / BINS
            found[column] = edges[np.searchsorted(below, np.array(PERCENTILES) / 100 - 1e-12)]
        return found


class VoicedRuns:
    """Lengths of the stretches of voiced frames; a stretch may go on over the end of a block."""

    def __init__(self) -> None:
        self.frames = 0  # voiced ones
        self.stretches = 0
        self.squares = 0.0  # sum of squared lengths of the closed stretches, in frames
        self.open = 0  # length of the stretch that has not ended yet

    def push(self, voiced: npt.NDArray[np.bool_]) -> None:
        """Take in whether each frame is voiced."""
        self.frames += int(voiced.sum())
        ends = np.flatnonzero(~voiced)
        if len(ends) == 0:
            self.open += len(voiced)
            return
        lengths = np.diff(ends) - 1
        for length in (self.open + int(ends[0]), *lengths[lengths > 0].tolist()):
            self._close(length)
        self.open = len(voiced) - 1 - int(ends[-1])

    def _close(self, length: int) -> None:
        if length:
            self.stretches += 1
            self.squares += float(length) ** 2

    def describe(self, seconds: float) -> tuple[float, float, float, float]:
        """Share of voiced frames, stretches a second, and mean and standard deviation of their length in seconds."""
        stretches = self.stretches + (self.open > 0)
        squares = self.squares + float(self.open) ** 2
        if stretches == 0:
            return 0.0, 0.0, 0.0, 0.0
        mean = self.frames / stretches
        spread = np.sqrt(max(squares / stretches - mean**2, 0.0))
        return (
            self.frames * HOP_SECONDS / seconds, stretches / seconds, mean * HOP_SECONDS, float(spread) * HOP_SECONDS
        )  # fmt: skip


def functionals(blocks: Iterable[FrameBlock]) -> pd.Series:
    """The functionals of a stream of frame blocks; see :class:`Functionals`."""
    collected = Functionals()
    for block in blocks:
        collected.push(block)
    return collected.row()


def speech_functionals(path: str | Path, *, start: float = 0.0, end: float | None = None) -> pd.Series:
    """The functionals of a file of any length, or of a part of it.

    Args:
        path: a sound file or a video.
        start: where to begin, in seconds of the file.
        end: where to stop.

    Raises: as :func:`thymos.media.audio.audio_blocks`.
    """
    return functionals(speech_frames(path, start=start, end=end)).rename(str(path))
