"""Heartbeats from the pulse at the wrist, and heart rate and its variability from the intervals between them.

Beats are the feet of the pulse wave, where it turns to rise: they are sharper than its top, and the Empatica E4 marks
the same points (our feet lie within one sample, 16 ms, of the beats of its own IBI files). A wrist moves, so beats are
missed and invented: intervals that no heart makes, or that differ much from their neighbors, are left out, and
variability is only taken from intervals that follow each other.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter
from scipy.signal import butter, find_peaks, sosfiltfilt

from thymos.errors import BadInput
from thymos.perceive.physiology.skin_conductance import Mask, bridged

Floats = npt.NDArray[np.float64]

PULSE_BAND = (0.5, 4.0)  # Hz: 30 to 240 beats a minute
SHORTEST, LONGEST = 0.33, 1.5  # seconds between beats: 40 to 180 beats a minute
NEIGHBORS = 11  # intervals whose median an interval is compared with
LARGEST_DEVIATION = 0.2  # share of that median; sinus rhythm at rest stays within
SMALLEST_PROMINENCE = 0.3  # standard deviations of the undisturbed pulse
FEWEST_INTERVALS = 10
"""Intervals from which on a mean rate is given, and successive pairs for RMSSD."""


class Beats(NamedTuple):
    """Intervals between beats: time of the later beat and length, both in seconds, and whether it is plausible."""

    times: Floats
    intervals: Floats
    plausible: Mask


class HeartRate(NamedTuple):
    """Of one stretch; NaN where there are too few intervals.

    Args:
        rate: beats a minute, from the median interval.
        sdnn: standard deviation of intervals in ms.
        rmssd: root mean square of differences of successive intervals in ms.
        pnn50: share of successive differences above 50 ms.
        coverage: share of the stretch that plausible intervals fill, 0..1; low where the wrist moves.
    """

    rate: float
    sdnn: float
    rmssd: float
    pnn50: float
    coverage: float


def find_beats(pulse: npt.ArrayLike, rate: float, usable: Mask | None = None) -> Beats:
    """Beats in a pulse wave (BVP).

    Args:
        pulse: shape (samples,), any unit.
        rate: Hz, at least 16: below, intervals are too coarse.
        usable: False where a sample must not be used; beats there are left out.

    Returns:
        Times are seconds from the first sample.

    Raises:
        BadInput: a rate below 16 Hz, fewer than 5 s, nothing usable.
    """
    signal = bridged(pulse, usable, what="pulse")
    if rate < 16 or len(signal) < 5 * rate:
        raise BadInput(
            f"{len(signal)} samples at {rate:g} Hz are too few", where="pulse", mend="pass 5 s at 16 Hz or faster"
        )
    wave = sosfiltfilt(butter(3, PULSE_BAND, btype="bandpass", fs=rate, output="sos"), signal)
    size = np.abs(wave)
    calm = size < 5 * np.median(size)  # movement makes waves of many times the usual height
    spread = float(wave[calm].std()) if calm.any() else float(wave.std())
    feet, _ = find_peaks(-wave, distance=max(1, int(SHORTEST * rate)), prominence=SMALLEST_PROMINENCE * spread)
    if usable is not None:
        feet = feet[usable[feet]]
    times = feet / rate
    return plausible_beats(times[1:], np.diff(times))


def plausible_beats(times: npt.ArrayLike, intervals: npt.ArrayLike) -> Beats:
    """Mark intervals that a heart can make: 0.33 to 1.5 s, and within 20 % of the median of their neighbors."""
    when, lengths = np.asarray(times, dtype=np.float64), np.asarray(intervals, dtype=np.float64)
    if when.shape != lengths.shape:
        raise BadInput(f"{when.size} times for {lengths.size} intervals", where="beats")
    if len(lengths) == 0:
        return Beats(when, lengths, np.zeros(0, dtype=bool))
    middle = median_filter(lengths, size=NEIGHBORS, mode="nearest")
    possible = (lengths >= SHORTEST) & (lengths <= LONGEST)
    return Beats(when, lengths, possible & (np.abs(lengths - middle) <= LARGEST_DEVIATION * middle))


def heart_rate(beats: Beats, start: float, end: float) -> HeartRate:
    """Heart rate and variability from the plausible intervals that end in ``start`` to ``end`` (seconds).

    Example:
        >>> even = plausible_beats(np.arange(1, 61) * 0.8, np.full(60, 0.8))
        >>> heart_rate(even, 0.0, 48.5)
        HeartRate(rate=75.0, sdnn=0.0, rmssd=0.0, pnn50=0.0, coverage=0.9896907216494846)
    """
    inside = (beats.times > start) & (beats.times <= end)
    times, intervals, good = beats.times[inside], beats.intervals[inside], beats.plausible[inside]
    kept = intervals[good]
    coverage = min(1.0, float(kept.sum()) / (end - start))
    if len(kept) < FEWEST_INTERVALS:
        return HeartRate(np.nan, np.nan, np.nan, np.nan, coverage)
    # Successive: both plausible, and the second begins where the first ends (device files leave beats out).
    follows = good[1:] & good[:-1] & (np.abs(np.diff(times) - intervals[1:]) < 0.01)
    steps = np.diff(intervals)[follows] * 1000
    enough = len(steps) >= FEWEST_INTERVALS
    return HeartRate(
        rate=60 / float(np.median(kept)),
        sdnn=float(kept.std() * 1000),
        rmssd=float(np.sqrt((steps**2).mean())) if enough else np.nan,
        pnn50=float((np.abs(steps) > 50).mean()) if enough else np.nan,
        coverage=coverage,
    )
