"""Windows of a wristband recording as a table of features: one row each, with its quality.

A feature that cannot be computed is NaN and its reason stands in ``quality``; nothing is filled in. Skin conductance
below 0.15 microsiemens means that the electrodes hardly touch the skin: its features are computed, and the row is
marked.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.media.wristband import SETTLING, Recording, Signal
from thymos.perceive.physiology.heartbeats import Beats, find_beats, heart_rate, plausible_beats
from thymos.perceive.physiology.skin_conductance import bridged, divide_skin_conductance, find_responses

__all__ = [
    "FEATURES",
    "HEART_FEATURES",
    "OK",
    "SKIN_FEATURES",
    "TEMPERATURE_FEATURES",
    "UNITS",
    "beats_of",
    "poor_contact",
    "window_table",
]

Floats = npt.NDArray[np.float64]

WINDOW_SECONDS, HOP_SECONDS = 60.0, 30.0
POOR_CONTACT = 0.15  # µS, mean over a window or a recording
SMALLEST_SHARE = 0.8  # of a window that must be usable
SKIN_FEATURES = ("eda_level", "eda_slope", "eda_phasic_sd", "scr_per_minute", "scr_amplitude")
HEART_FEATURES = ("heart_rate", "sdnn", "rmssd", "pnn50", "beat_coverage", "pulse_amplitude")
TEMPERATURE_FEATURES = ("temperature", "temperature_slope")
FEATURES = (*SKIN_FEATURES, *HEART_FEATURES, *TEMPERATURE_FEATURES)
UNITS = {
    "eda_level": "ln µS", "eda_slope": "µS a minute", "eda_phasic_sd": "ln µS", "scr_per_minute": "responses a minute",
    "scr_amplitude": "µS, 0 without a response", "heart_rate": "beats a minute", "sdnn": "ms", "rmssd": "ms",
    "pnn50": "share", "beat_coverage": "share", "pulse_amplitude": "ln device units", "temperature": "°C",
    "temperature_slope": "°C a minute",
}  # fmt: skip
OK = "ok"
GAP = "missing values"
NO_SKIN, NO_PULSE, NO_TEMPERATURE = "no skin conductance", "no pulse", "no temperature"
CONTACT = f"poor contact: mean skin conductance below {POOR_CONTACT} microsiemens"
FEW_BEATS = "too few heartbeats: the wrist moved"
SMALLEST = 1e-3  # µS or device units; logarithms start here


def window_table(
    recording: Recording, *, window: float = WINDOW_SECONDS, hop: float = HOP_SECONDS, device_beats: bool = False
) -> pd.DataFrame:
    """Features of every whole window.

    Args:
        recording: with EDA, BVP (or beats) and TEMP; features of what is missing are NaN.
        window: length in seconds, at least 20.
        hop: seconds from window to window.
        device_beats: take the beats of the device's IBI file instead of those that we find in the pulse.

    Returns:
        Columns ``start``, ``end`` (seconds), ``FEATURES``, ``quality`` ("ok", or why a row should not be used).

    Raises:
        BadInput: windows too short, or a recording shorter than a window.
    """
    if window < 20 or not 0 < hop <= window:
        raise BadInput(f"windows of {window:g} s every {hop:g} s", where="window", mend="use 60 and 30")
    if recording.seconds < window:
        raise BadInput(
            f"it lasts {recording.seconds:.0f} s, a window {window:g} s", where=recording.where, mend="record longer"
        )
    starts = np.arange(0, recording.seconds - window + 1e-9, hop)
    spans = [(float(start), float(start + window)) for start in starts]
    parts: list[tuple[tuple[str, ...], Iterator[tuple[list[float], str]]]] = [
        (SKIN_FEATURES, _skin_rows(recording, spans)),
        (HEART_FEATURES, _heart_rows(recording, spans, device_beats)),
        (TEMPERATURE_FEATURES, _temperature_rows(recording, spans)),
    ]
    table = pd.DataFrame({"start": starts, "end": starts + window})
    reasons: list[list[str]] = []
    for names, rows in parts:
        values, found = zip(*rows, strict=True)
        table[list(names)] = np.array(values)
        reasons.append(list(found))
    # The first reason that is there: without a signal or in a gap nothing else matters.
    table["quality"] = [next((reason for reason in row if reason != OK), OK) for row in zip(*reasons, strict=True)]
    return table


def poor_contact(recording: Recording) -> bool:
    """True when the mean skin conductance of the whole recording is below 0.15 µS."""
    signal = recording.signal("EDA")
    return float(np.nanmean(np.where(signal.usable, signal.values, np.nan))) < POOR_CONTACT


def _cut(signal: Signal, start: float, end: float) -> slice:
    first = max(0, round((start - signal.start) * signal.rate))
    return slice(first, max(first, round((end - signal.start) * signal.rate)))


def _state(signal: Signal, part: slice, window: float) -> str:
    """Whether enough of a window can be used, else why not."""
    usable = signal.usable[part] if part.stop <= len(signal.values) else signal.usable[part.start :]
    if usable.sum() >= SMALLEST_SHARE * window * signal.rate:
        return OK
    start = part.start / signal.rate + signal.start
    settling = any(gap.reason == SETTLING and gap.start <= start < gap.end for gap in signal.gaps)
    return SETTLING if settling else GAP


def _slope(values: Floats, rate: float) -> float:
    """Change a minute by a straight line."""
    times = np.arange(len(values)) / rate / 60
    times -= times.mean()
    return float((times * values).sum() / (times**2).sum())


def _skin_rows(recording: Recording, spans: list[tuple[float, float]]) -> Iterator[tuple[list[float], str]]:
    nothing = [np.nan] * len(SKIN_FEATURES)
    if "EDA" not in recording.signals:
        yield from ((nothing, NO_SKIN) for _ in spans)
        return
    signal = recording.signals["EDA"]
    usable = signal.usable
    divided = divide_skin_conductance(signal.values, signal.rate, usable)
    responses = find_responses(divided.clean, signal.rate)
    genuine = usable[responses.peaks] & usable[responses.onsets]
    for start, end in spans:
        part = _cut(signal, start, end)
        state = _state(signal, part, end - start)
        if state != OK:
            yield nothing, state
            continue
        good = usable[part]
        level = float(divided.clean[part][good].mean())
        inside = (responses.peaks >= part.start) & (responses.peaks < part.stop) & genuine
        rises = responses.amplitudes[inside]
        row = [
            float(np.log(max(level, SMALLEST))),
            _slope(divided.tonic[part], signal.rate),
            float(np.log(max(float(divided.phasic[part][good].std()), SMALLEST))),
            len(rises) * 60 / (end - start),
            float(rises.mean()) if len(rises) else 0.0,
        ]
        yield row, CONTACT if level < POOR_CONTACT else OK


def beats_of(recording: Recording, *, device: bool = False) -> Beats | None:
    """Beats in seconds from the recording's start: found in the pulse, or those of the device; None without either."""
    table = recording.beats
    if (device or "BVP" not in recording.signals) and table is not None and len(table):
        return plausible_beats(table["time"].to_numpy(), table["interval"].to_numpy())
    if "BVP" not in recording.signals:
        return None
    pulse = recording.signals["BVP"]
    found = find_beats(pulse.values, pulse.rate, pulse.usable)
    return Beats(found.times + pulse.start, found.intervals, found.plausible)


def _heart_rows(
    recording: Recording, spans: list[tuple[float, float]], device_beats: bool
) -> Iterator[tuple[list[float], str]]:
    beats = beats_of(recording, device=device_beats)
    if beats is None:
        yield from (([np.nan] * len(HEART_FEATURES), NO_PULSE) for _ in spans)
        return
    pulse = recording.signals.get("BVP")
    for start, end in spans:
        found = heart_rate(beats, start, end)
        amplitude = np.nan
        if pulse is not None:
            part = _cut(pulse, start, end)
            values = pulse.values[part][pulse.usable[part]]
            if len(values) > pulse.rate:
                # Half the range between quartiles: movement is rare and huge, and would rule a standard deviation.
                low, high = np.quantile(values, (0.25, 0.75))
                amplitude = float(np.log(max((high - low) / 2, SMALLEST)))
        row = [found.rate, found.sdnn, found.rmssd, found.pnn50, found.coverage, amplitude]
        yield row, OK if np.isfinite(found.rmssd) and np.isfinite(amplitude) else FEW_BEATS


def _temperature_rows(recording: Recording, spans: list[tuple[float, float]]) -> Iterator[tuple[list[float], str]]:
    nothing = [np.nan] * len(TEMPERATURE_FEATURES)
    if "TEMP" not in recording.signals:
        yield from ((nothing, NO_TEMPERATURE) for _ in spans)
        return
    signal = recording.signals["TEMP"]
    values = bridged(signal.values, signal.usable, what="temperature")
    for start, end in spans:
        part = _cut(signal, start, end)
        state = _state(signal, part, end - start)
        if state != OK:
            yield nothing, state
            continue
        yield [float(values[part].mean()), _slope(values[part], signal.rate)], OK
