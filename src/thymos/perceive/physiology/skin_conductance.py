"""Skin conductance (EDA): cleaned, divided into its slow level and its fast responses, and the responses counted.

The division is a high-pass filter at 0.05 Hz, the method "highpass" of neurokit2 without its overhead. Responses (SCR)
are found by their amplitude in microsiemens, not by their share of the largest one: a count must not depend on what
else happened in the recording.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelextrema, butter, sosfiltfilt

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

LOW_PASS = 1.0  # Hz, where half of the power is left; responses rise within 1 to 3 s, what is faster is noise
# A Gaussian does not overshoot: a steep filter rings before a large response, and the ringing counts as a response.
LOW_PASS_SECONDS = np.sqrt(np.log(2)) / (2 * np.pi * LOW_PASS)  # its standard deviation
TONIC_CUT = 0.05  # Hz; slower changes are the level (neurokit2's cut)
SMALLEST_RESPONSE = 0.02
"""µS from onset to peak; 0.01 to 0.05 is usual (Boucsein et al. 2012), and the E4 resolves about 0.001."""
LONGEST_RISE = 8.0  # seconds from onset to peak; slower rises belong to the level
SHORTEST_SECONDS = 15.0  # below, the filters only see their own edges


class SkinConductance(NamedTuple):
    """A divided signal; ``clean = tonic + phasic``, all of shape (samples,) in µS."""

    clean: Floats
    tonic: Floats
    phasic: Floats


class Responses(NamedTuple):
    """Skin conductance responses: sample of the peak, of the onset before it, and the rise between them in µS."""

    peaks: npt.NDArray[np.int64]
    onsets: npt.NDArray[np.int64]
    amplitudes: Floats


def divide_skin_conductance(values: npt.ArrayLike, rate: float, usable: Mask | None = None) -> SkinConductance:
    """Clean a recording and divide it into level and responses.

    Args:
        values: shape (samples,), µS; NaN is not usable.
        rate: Hz, at least 1.
        usable: False where a sample must not be used; such stretches are bridged by straight lines for the filters.

    Raises:
        BadInput: fewer than 15 s, nothing usable, a rate below 1 Hz.
    """
    signal = bridged(values, usable, what="skin conductance")
    if rate < 1 or len(signal) < SHORTEST_SECONDS * rate:
        raise BadInput(
            f"{len(signal)} samples at {rate:g} Hz are too few",
            where="skin conductance",
            mend=f"pass at least {SHORTEST_SECONDS:.0f} s at 1 Hz or faster",
        )
    if rate > 2 * LOW_PASS:
        signal = gaussian_filter1d(signal, LOW_PASS_SECONDS * rate, mode="nearest")
    phasic = sosfiltfilt(butter(2, TONIC_CUT, btype="highpass", fs=rate, output="sos"), signal)
    return SkinConductance(signal, signal - phasic, phasic)


def find_responses(clean: npt.ArrayLike, rate: float, *, smallest: float = SMALLEST_RESPONSE) -> Responses:
    """Responses in a cleaned signal: rises from a local minimum to the next local maximum.

    Args:
        clean: shape (samples,), µS, low-passed (``divide_skin_conductance``).
        rate: Hz.
        smallest: rise in µS from which on it counts.

    Example:
        >>> seconds = np.arange(0, 40, 0.25)
        >>> bump = np.where(seconds > 20, (seconds - 20) * np.exp(-(seconds - 20) / 2), 0)
        >>> found = find_responses(1 + bump, 4)
        >>> len(found.peaks), float(seconds[found.peaks[0]]), round(float(found.amplitudes[0]), 2)
        (1, 22.0, 0.74)
    """
    signal = np.asarray(clean, dtype=np.float64)
    peaks = argrelextrema(signal, np.greater_equal)[0]
    peaks = peaks[(peaks > 0) & (peaks < len(signal) - 1)]
    # On a flat top greater_equal names every sample: the first one that is higher than what came before is the peak.
    peaks = peaks[signal[peaks] > signal[peaks - 1]]
    falling = np.r_[False, np.diff(signal) <= 0]
    last_fall = np.maximum.accumulate(np.where(falling, np.arange(len(signal)), 0))
    onsets = last_fall[peaks - 1]
    # Before the first fall there is no onset: a recording may start in the middle of a rise.
    rises = signal[peaks] - signal[onsets]
    keep = (rises >= smallest) & (peaks - onsets <= LONGEST_RISE * rate)
    return Responses(peaks[keep].astype(np.int64), onsets[keep].astype(np.int64), rises[keep])


def bridged(values: npt.ArrayLike, usable: Mask | None = None, *, what: str = "signal") -> Floats:
    """The values with straight lines over what is NaN or not usable; the ends are held."""
    signal = np.asarray(values, dtype=np.float64)
    if signal.ndim != 1:
        raise BadInput(f"one value a sample is needed, not shape {signal.shape}", where=what)
    good = np.isfinite(signal) if usable is None else np.isfinite(signal) & usable
    if not good.any():
        raise BadInput("no sample can be used", where=what, mend="leave the signal out")
    places = np.arange(len(signal))
    return np.interp(places, places[good], signal[good])
