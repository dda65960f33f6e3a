"""Wristbands: skin conductance, pulse, temperature, heart rate, beats and movement of an Empatica E4 folder or a CSV.

An E4 folder holds one file a signal: line 1 the start (Unix seconds), line 2 the rate in Hz, then one sample a line.
``IBI.csv`` holds beats (seconds from its start, interval in seconds), ``tags*.csv`` button presses (Unix seconds).
Any of them may be missing. A CSV has a time column and named signals (``thymos.media.wristband_tables``).

What cannot be read is one clear error. What can be read but not used is marked as a gap with its reason, so that
nobody takes a missing value or a settling sensor for physiology. Times are seconds from the recording's start.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.files import read_text

__all__ = ["UNITS", "Gap", "Recording", "Signal", "make_recording", "make_signal", "read_wristband"]

Floats = npt.NDArray[np.float64]

UNITS = {"EDA": "µS", "BVP": "device units", "TEMP": "°C", "HR": "beats a minute", "ACC": "1/64 g"}
E4_RATES = {"EDA": 4.0, "BVP": 64.0, "TEMP": 4.0, "HR": 1.0, "ACC": 32.0}
"""Hz, fixed by the device: a header that says otherwise must at least fit the length of the other signals."""
HIGHEST_RATE = 10_000.0  # Hz; no body signal of a wearable is sampled faster
SETTLING_SECONDS = 10.0
"""Skin conductance climbs to its level when the sensor starts; the E4 itself gives heart rates from 10 s on."""
SETTLING_SIGNALS = ("EDA", "BVP", "TEMP")  # those that are written as zeros until the sensor runs
MOST_APART = 60.0
"""Seconds between the starts of two signals of one recording; the E4's heart rate starts 10 s after the rest."""
LENGTH_TOLERANCE = 0.2  # share by which the lengths of two signals of one recording may differ without a word
MISSING, SETTLING = "missing values", "sensor settling"


@dataclass(frozen=True)
class Gap:
    """A stretch without usable values, in seconds from the recording's start."""

    start: float
    end: float
    reason: str


@dataclass(frozen=True)
class Signal:
    """One evenly sampled signal.

    Args:
        name: EDA, BVP, TEMP, HR, ACC, or what a table calls it.
        values: shape (samples,) or (samples, axes), in ``unit``; NaN where nothing was measured.
        rate: Hz.
        start: of the first sample, in seconds from the recording's start.
        gaps: stretches that must not be used, in order.
        unit: of the values.
    """

    name: str
    values: Floats
    rate: float
    start: float = 0.0
    gaps: tuple[Gap, ...] = ()
    unit: str = ""

    @property
    def end(self) -> float:
        """Seconds from the recording's start to the end of the last sample."""
        return self.start + len(self.values) / self.rate

    @property
    def times(self) -> Floats:
        """Seconds of the samples from the recording's start."""
        return self.start + np.arange(len(self.values)) / self.rate

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """True for samples that lie in no gap."""
        mask = np.ones(len(self.values), dtype=bool)
        for gap in self.gaps:
            first, last = (round((time - self.start) * self.rate) for time in (gap.start, gap.end))
            mask[max(0, first) : max(0, last)] = False
        return mask


@dataclass(frozen=True)
class Recording:
    """Everything that a wristband recorded at once.

    Args:
        where: the folder or file.
        started: Unix seconds of time 0 (or the first time stamp of a table).
        signals: by name.
        beats: columns ``time`` (seconds of the beat) and ``interval`` (seconds since the beat before); None = no file.
        tags: button presses, in seconds from the start; some devices write tags outside the recording.
        notes: what was mended or left out, one sentence each.
    """

    where: str
    started: float
    signals: Mapping[str, Signal]
    beats: pd.DataFrame | None = None
    tags: Floats = field(default_factory=lambda: np.zeros(0))
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length from the start to the end of the last signal or beat."""
        ends = [signal.end for signal in self.signals.values()]
        if self.beats is not None and len(self.beats):
            ends.append(float(self.beats["time"].iloc[-1]))
        return max(ends, default=0.0)

    def signal(self, name: str) -> Signal:
        """The signal of that name; BadInput lists those that are there."""
        if name not in self.signals:
            raise BadInput(f"there is no signal {name!r}", where=self.where, mend=f"present: {_names(self.signals)}")
        return self.signals[name]


def read_wristband(path: str | Path) -> Recording:
    """Read an Empatica E4 folder, or a CSV with a time column (the first) and named signals.

    Raises:
        BadInput: no such place, no signal, an empty file, a sample, start or rate that is none, a rate that
            contradicts the length of the other signals, signals that start far apart, times that jump back.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "TEMP.csv").write_text("1644226061.0\\n4.0\\n30.0\\n30.1\\nnan\\n30.1\\n")
        ...     signal = read_wristband(folder).signal("TEMP")
        >>> signal.rate, signal.gaps
        (4.0, (Gap(start=0.5, end=0.75, reason='missing values'),))
    """
    path = Path(path)
    if path.is_file():
        from thymos.media.wristband_tables import read_signal_table

        return read_signal_table(path)
    if not path.is_dir():
        raise BadInput("there is no such file or folder", where=path, mend="check the path")
    notes: list[str] = []
    raw: dict[str, tuple[float, float, Floats]] = {}
    for name in E4_RATES:
        file = path / f"{name}.csv"
        if file.is_file():
            raw[name] = _read_signal(file, axes=3 if name == "ACC" else 1, notes=notes)
    beats = _read_beats(path / "IBI.csv", notes)
    if not raw and beats is None:
        raise BadInput(
            f"there is no wristband signal ({', '.join(E4_RATES)}.csv or IBI.csv)",
            where=path,
            mend="name the folder that holds these files",
        )
    _check_starts(path, {name: start for name, (start, _, _) in raw.items()} | ({"IBI": beats[0]} if beats else {}))
    started = min([start for start, _, _ in raw.values()] + ([beats[0]] if beats else []))
    signals = {
        name: make_signal(name, values, rate, start - started, settles=True)
        for name, (start, rate, values) in raw.items()
    }
    _check_lengths(path, signals, notes)
    table = None if beats is None else beats[1].assign(time=beats[1]["time"] + (beats[0] - started))
    tags = _read_tags(path, started, notes)
    return make_recording(str(path), started, signals, table, tags, notes)


def make_signal(name: str, values: Floats, rate: float, start: float, *, settles: bool = False) -> Signal:
    """A signal with its gaps marked: missing values, and (``settles``) the start of a sensor of the E4."""
    rows = values.reshape(len(values), -1)
    missing: npt.NDArray[np.bool_] = np.logical_not(np.isfinite(rows).all(axis=1))
    gaps = [Gap(start + first / rate, start + last / rate, MISSING) for first, last in _runs(missing)]
    if settles and name in SETTLING_SIGNALS and (seconds := _settling(rows, rate, name)):
        gaps.append(Gap(start, start + seconds, SETTLING))
    clean = np.where(np.isfinite(values), values, np.nan)
    return Signal(name, clean, rate, start, tuple(sorted(gaps, key=lambda gap: gap.start)), UNITS.get(name, ""))


def make_recording(
    where: str,
    started: float,
    signals: Mapping[str, Signal],
    beats: pd.DataFrame | None = None,
    tags: Floats | None = None,
    notes: Sequence[str] = (),
) -> Recording:
    """A recording, checked: a signal in which nothing can be used is an error."""
    for signal in signals.values():
        if not np.isfinite(signal.values).any():
            raise BadInput("no value is a number", where=f"{where}, signal {signal.name}", mend="leave the signal out")
    return Recording(where, started, dict(signals), beats, np.zeros(0) if tags is None else tags, tuple(notes))


def _settling(rows: Floats, rate: float, name: str) -> float:
    """Seconds at the start that are no physiology: zeros, and for skin conductance the climb to its level."""
    nonzero = np.flatnonzero((rows != 0).any(axis=1))
    zeros = int(nonzero[0]) if len(nonzero) else len(rows)
    extra = SETTLING_SECONDS if name == "EDA" else 0.0
    return min(zeros / rate + extra, len(rows) / rate)


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one-after-last positions of the runs of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


# -- files of an E4 folder ------------------------------------------------------------------------------------------


def _read_signal(path: Path, axes: int, notes: list[str]) -> tuple[float, float, Floats]:
    lines = _whole_lines(path, notes)
    if len(lines) < 3:
        raise BadInput(
            f"{len(lines)} lines found; a start, a rate and samples are needed",
            where=path,
            mend="get the file again or remove it",
        )
    start = _start_of(lines[0].split(",")[0], path)
    rate = _rate_of(lines[1].split(",")[0], path)
    return start, rate, _samples(lines[2:], axes, path)


def _whole_lines(path: Path, notes: list[str]) -> list[str]:
    """The lines of a file; a last line without a line end may be cut off and is left out (the device ends each)."""
    text = read_text(path).removeprefix("\ufeff")
    if not text.strip():
        return []
    lines = text.split("\n")
    last = lines.pop()
    if last.strip():
        notes.append(f"{path.name}, line {len(lines) + 1}: the last line is cut off; it was left out")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _samples(lines: Sequence[str], axes: int, path: Path, *, first_line: int = 3) -> Floats:
    values = np.empty((len(lines), axes))
    for number, line in enumerate(lines):
        cells = line.split(",")
        try:
            if len(cells) != axes:
                raise ValueError
            values[number] = [float(cell) for cell in cells]
        except ValueError:
            what = f"{axes} numbers are needed" if axes > 1 else "a number is needed"
            raise BadInput(
                f"{what}, not {line.strip()[:40]!r}",
                where=f"{path}, line {number + first_line}",
                mend="mend the line; write nan where nothing was measured",
            ) from None
    return values[:, 0] if axes == 1 else values


def _start_of(cell: str, path: Path) -> float:
    start = _number(cell)
    if not 0 <= start < 1e11:
        raise BadInput(
            f"the start {cell.strip()[:40]!r} is no Unix time", where=f"{path}, line 1", mend="write seconds since 1970"
        )
    return start


def _rate_of(cell: str, path: Path) -> float:
    rate = _number(cell)
    if not 0 < rate <= HIGHEST_RATE:
        raise BadInput(
            f"the rate {cell.strip()[:40]!r} is no sampling rate in Hz",
            where=f"{path}, line 2",
            mend="write the rate, e.g. 4.0",
        )
    return rate


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _read_beats(path: Path, notes: list[str]) -> tuple[float, pd.DataFrame] | None:
    """Start and beats; None without a file, and for the empty file that the E4 writes when it found no beat."""
    if not path.is_file():
        return None
    lines = _whole_lines(path, notes)
    if not lines:
        notes.append("IBI.csv is empty: the device found no beat")
        return None
    start = _start_of(lines[0].split(",")[0], path)
    rows = _samples(lines[1:], 2, path, first_line=2)
    table = pd.DataFrame({"time": rows[:, 0], "interval": rows[:, 1]})
    if not np.isfinite(rows).all() or (rows[:, 1] <= 0).any():
        bad = int((~np.isfinite(rows).all(axis=1) | ~(rows[:, 1] > 0)).argmax())
        raise BadInput("an interval between beats is not positive", where=f"{path}, line {bad + 2}")
    back = np.flatnonzero(np.diff(rows[:, 0]) <= 0)
    if len(back):
        raise BadInput("the time jumps back", where=f"{path}, line {back[0] + 3}", mend="sort or split the file")
    return start, table


def _read_tags(folder: Path, started: float, notes: list[str]) -> Floats:
    paths = sorted(folder.glob("tags*.csv"))
    if not paths:
        return np.zeros(0)
    lines = [line for line in read_text(paths[0]).split("\n") if line.strip()]
    tags = np.array([_number(line) for line in lines]) - started
    if not np.isfinite(tags).all():
        bad = int((~np.isfinite(tags)).argmax())
        raise BadInput(f"{lines[bad].strip()[:40]!r} is no time", where=f"{paths[0]}, line {bad + 1}")
    if len(tags) and ((tags < 0).any() or (np.diff(tags) < 0).any()):
        notes.append(f"{paths[0].name}: tags before the start or out of order")
    return tags


# -- do the files of a folder belong together? ----------------------------------------------------------------------


def _check_starts(folder: Path, starts: Mapping[str, float]) -> None:
    if not starts:
        return
    middle = float(np.median(list(starts.values())))
    for name, start in starts.items():
        others = [other for key, other in starts.items() if key != name]
        if others and min(abs(start - other) for other in others) > MOST_APART:
            raise BadInput(
                f"it starts {abs(start - middle):,.0f} s {'after' if start > middle else 'before'} the other signals",
                where=folder / f"{name}.csv, line 1",
                mend="the clock jumped, or the file is of another recording: mend the start or leave the file out",
            )
    if max(starts.values()) - min(starts.values()) > MOST_APART:
        raise BadInput(f"the signals ({_names(starts)}) start more than {MOST_APART:.0f} s apart", where=folder)


def _check_lengths(folder: Path, signals: Mapping[str, Signal], notes: list[str]) -> None:
    """A rate that is not the device's must at least give the length of the others; short signals are noted."""
    for name, signal in signals.items():
        others = [other.end for key, other in signals.items() if key != name]
        if not others:
            continue
        longest = max(others)
        agrees = any(abs(signal.end - other) <= LENGTH_TOLERANCE * max(signal.end, other) for other in others)
        if agrees:
            continue
        if signal.rate != E4_RATES[name]:
            fits = len(signal.values) / (longest - signal.start) if longest > signal.start else E4_RATES[name]
            raise BadInput(
                f"at {signal.rate:g} Hz its {len(signal.values):,} samples last {len(signal.values) / signal.rate:,.0f}"
                f" s, but the other signals last {longest:,.0f} s",
                where=folder / f"{name}.csv, line 2",
                mend=f"a rate of {fits:.3g} Hz would fit",
            )
        notes.append(f"{name}.csv lasts {signal.end:,.0f} s, other signals up to {longest:,.0f} s")


def _names(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "-"
