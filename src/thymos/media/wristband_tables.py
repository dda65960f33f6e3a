"""Body signals in a CSV: one column of times in seconds, and one column a signal.

The rate is that of most steps. A step that is longer than that is a gap of missing time, filled with NaN so that the
signal stays evenly sampled; a time that jumps back is an error with its line.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.media.wristband import HIGHEST_RATE, Recording, Signal, make_recording, make_signal
from thymos.tabular import read_cells

LONGEST_GAP = 6 * 3600.0
"""Seconds; a longer one is two recordings in one file, and filling it would only cost memory."""
# What people call the signals, in lower case without what follows a blank or a bracket, as in "EDA (uS)".
ALIASES = {
    "EDA": ("eda", "gsr", "skin_conductance", "electrodermal_activity"),
    "BVP": ("bvp", "ppg", "pulse"),
    "TEMP": ("temp", "temperature", "skin_temperature"),
    "HR": ("hr", "heart_rate"),
}
NEAR_STEP = 0.5  # steps within this share of the usual one count for the rate; the others are gaps


def read_signal_table(path: str | Path, *, time: str | None = None, delimiter: str | None = None) -> Recording:
    """Read body signals from a delimited file with a header.

    Args:
        path: the file.
        time: name of the column with the times in seconds, Unix or from any start; default: the first column.
        delimiter: see ``thymos.tabular.read_cells``.

    Returns:
        A recording with one signal for each other column; an empty cell or ``nan`` is a missing value. Usual names
        of EDA, BVP, TEMP and HR ("gsr", "EDA (uS)") become these.

    Raises:
        BadInput: no such file or column, a cell that is no number, times that stand still or jump back or ahead by
            more than six hours.
    """
    cells = read_cells(path, delimiter=delimiter)
    name = cells.columns[0] if time is None else time
    if name not in cells.columns:
        raise BadInput(f"there is no column {name!r}", where=path, mend=f"present: {', '.join(cells.columns)}")
    if cells.shape[1] < 2:
        raise BadInput("there is a column of times and no signal", where=path, mend="add a column a signal")
    if len(cells) < 2:
        raise BadInput("one row has no rate", where=path, mend="at least two samples are needed")
    numbers = {str(column): _numbers(cells[column], path) for column in cells.columns}
    times = numbers.pop(str(name))
    positions, rate = _positions(times, cells.index, path)
    signals: dict[str, Signal] = {}
    for column, values in numbers.items():
        grid = np.full(int(positions[-1]) + 1, np.nan)
        grid[positions] = values
        known = _usual_name(column)
        if known in signals:
            raise BadInput(f"two columns hold {known}", where=path, mend=f"remove {column!r} or rename it")
        signals[known] = make_signal(known, grid, rate, 0.0)
    return make_recording(str(path), float(times[0]), signals)


def _usual_name(column: str) -> str:
    first = re.split(r"[\s(\[]", column.strip().lower(), maxsplit=1)[0]
    return next((name for name, aliases in ALIASES.items() if first in aliases), column)


def _numbers(cells: pd.Series, path: str | Path) -> np.ndarray:
    values = np.empty(len(cells))
    for number, (line, cell) in enumerate(cells.items()):
        text = str(cell).strip()
        try:
            values[number] = float(text) if text else np.nan
        except ValueError:
            raise BadInput(
                f"{cells.name} {text[:40]!r} is not a number",
                where=f"{path}, line {line}",
                mend="leave the cell empty where nothing was measured",
            ) from None
    return values


def _positions(times: np.ndarray, lines: pd.Index, path: str | Path) -> tuple[np.ndarray, float]:
    """The sample number of each row on an even grid, and the rate in Hz."""
    if not np.isfinite(times).all():
        row = int((~np.isfinite(times)).argmax())
        raise BadInput("the time is missing", where=f"{path}, line {lines[row]}", mend="every row needs its time")
    steps = np.diff(times)
    for wrong, what in ((steps < 0, "the time jumps back"), (steps == 0, "the time stands still")):
        if wrong.any():
            row = int(wrong.argmax()) + 1
            raise BadInput(
                f"{what} ({times[row - 1]:.10g} to {times[row]:.10g})",
                where=f"{path}, line {lines[row]}",
                mend="sort the rows or split the file where the clock was set",
            )
    if steps.max() > LONGEST_GAP:
        row = int(steps.argmax()) + 1
        raise BadInput(
            f"the time jumps ahead by {steps.max():,.0f} s", where=f"{path}, line {lines[row]}", mend="split the file"
        )
    middle = float(np.median(steps))
    # The mean of usual steps: rounded time stamps (0.016 s at 64 Hz) would make the median drift away.
    step = float(steps[np.abs(steps - middle) < NEAR_STEP * middle].mean())
    if 1 / step > HIGHEST_RATE:
        raise BadInput(f"{1 / step:,.0f} samples a second", where=path, mend="are the times in seconds?")
    moves = np.rint(steps / step).astype(np.int64)
    if (moves == 0).any():
        row = int((moves == 0).argmax()) + 1
        raise BadInput(
            f"the samples are not evenly spaced: most are {step:.4g} s apart, these two {steps[row - 1]:.4g} s",
            where=f"{path}, line {lines[row]}",
            mend="resample the signals to one rate",
        )
    return np.r_[0, np.cumsum(moves)], 1 / step
