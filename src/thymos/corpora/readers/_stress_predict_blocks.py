"""Blocks of a Stress-Predict recording from its button presses and the experimenters' clock.

Seven presses mark the borders of the Stroop test, the interview, the hyperventilation and the rest between them; nine
also those of the closing questionnaires and the last rest; ten (the first subject) also the baseline, which came after
the first rest there. A press is taken for what its place in the list says when it lies within three minutes of the
experimenters' clock; where one does not, the whole recording is cut by the clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from thymos.corpora.spreadsheet import Grid, column_letters, read_workbook, seconds_of_day
from thymos.errors import BadInput

STRESS_BLOCKS = ("stroop", "interview", "hyperventilation")
COLUMNS = ("item", "block", "start", "end", "start_unix", "end_unix", "stress", "source", "difference")

# Columns of Time_logs.xlsx in order, as the start of their (misspelled) names, and the blocks that they are.
LOGGED = (
    ("consent", "consent"), ("baseline", "baseline"), ("stroop", "stroop"), ("relax", "relax_1"),
    ("interview", "interview"), ("relax", "relax_2"), ("hyperventilation", "hyperventilation"), ("relax", "relax_3"),
    ("question", "questionnaires"), ("relax", "relax_4"),
)  # fmt: skip
FIRST_TIME = 4  # column E
MAIN_BORDERS = ("stroop start", "stroop end", "interview start", "interview end", "hyperventilation start",
                "hyperventilation end", "relax_3 end")  # fmt: skip
LAST_BORDERS = ("questionnaires end", "relax_4 end")
PRESSES: Mapping[int, tuple[str, ...]] = {
    7: MAIN_BORDERS,
    9: (*MAIN_BORDERS, *LAST_BORDERS),
    10: ("stroop start", "stroop end", "relax_1 end", *MAIN_BORDERS[2:], *LAST_BORDERS),
}
TOLERANCE = 180.0  # seconds between a press and the clock: the clock is kept in whole minutes, by hand
HALF_DAY = 43200.0
DAY_ZERO = 25569  # the workbook's number of 1970-01-01


@dataclass(frozen=True)
class Recording:
    """Start (Unix seconds, UTC) and length (seconds) of a recording, and the presses (Unix seconds)."""

    item: str
    start: float
    duration: float
    presses: Sequence[float]

    def nearest(self, moment: float) -> float:
        """The moment (Unix), or the one half a day from it, that is nearest to the middle of the recording.

        Clock times stand in the log without a.m. and p.m., and some presses are half a day off.
        """
        middle = self.start + self.duration / 2
        return min((moment, moment + HALF_DAY, moment - HALF_DAY), key=lambda candidate: abs(candidate - middle))


def read_log(path: Path) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """The experimenters' clock.

    Returns:
        Subject to border ("stroop start") to Unix seconds with the half of the day still open (see
        ``Recording.nearest``), and subject to the name of the day ("Day 1").
    """
    grid = next(iter(read_workbook(path).values()))
    _check_header(grid, path)
    times: dict[str, dict[str, float]] = {}
    days: dict[str, str] = {}
    for row_number, row in enumerate(grid[2:], start=3):
        subject = row[0].strip()
        if not subject:
            continue
        if subject in times:
            raise BadInput(f"subject {subject!r} stands twice", where=f"{path}, row {row_number}")
        date_cell = row[FIRST_TIME + 2 * len(LOGGED) + 1]
        if not date_cell.isdecimal():
            raise BadInput(f"the date of {subject!r} is {date_cell!r}", where=f"{path}, row {row_number}")
        midnight = (int(date_cell) - DAY_ZERO) * 86400.0
        times[subject] = {}
        for number, (_, block) in enumerate(LOGGED):
            for edge in (0, 1):
                column = FIRST_TIME + 2 * number + edge
                clock = seconds_of_day(row[column])
                if clock is None:
                    place = f"{path}, cell {column_letters(column)}{row_number}"
                    raise BadInput(f"{row[column]!r} is no clock time", where=place)
                times[subject][f"{block} {('start', 'end')[edge]}"] = midnight + clock
        days[subject] = row[FIRST_TIME + 2 * len(LOGGED)].strip()
    return times, days


def _check_header(grid: Grid, path: Path) -> None:
    width = FIRST_TIME + 2 * len(LOGGED) + 2
    if len(grid) < 3 or len(grid[0]) < width:
        raise BadInput(f"three rows and {width} columns are expected", where=path)
    for number, (name, _) in enumerate(LOGGED):
        column = FIRST_TIME + 2 * number
        found = grid[0][column].strip().casefold()
        edges = [grid[1][column + edge].strip().casefold() for edge in (0, 1)]
        if not found.startswith(name) or edges != ["start", "end"]:
            place = f"{path}, cell {column_letters(column)}1"
            raise BadInput(f"{name!r} with 'Start' and 'End' is expected, not {found!r}", where=place)


def blocks_of(recording: Recording, log: Mapping[str, float], where: str) -> pd.DataFrame:
    """The blocks of one recording in the order of time.

    Args:
        recording: its start, length and presses.
        log: border to Unix seconds of the experimenters' clock.
        where: the recording's folder, for errors.

    Returns:
        Columns item, block, start, end (seconds since the start of the recording), start_unix, end_unix, stress
        (1 in the three tasks, else 0), source ("tags" or "log") and difference (largest distance in seconds of a
        border from the clock; NaN where no press marks the block).

    Raises:
        BadInput: the log is of another day, or the recording ends before the last task does.
    """
    clock = {border: recording.nearest(moment) - recording.start for border, moment in log.items()}
    if abs(clock["stroop start"] - recording.duration / 2) > HALF_DAY / 2:
        raise BadInput("the log has another day than the recording", where=where, mend="check the date in the log")
    marked = _marked_borders(recording, clock)
    borders = {**clock, **marked}
    spans = _spans(borders)
    if spans["hyperventilation"][1] > recording.duration:
        raise BadInput(
            f"the recording ends after {recording.duration:.0f} s, before the last task does",
            where=where,
            mend="the file may be cut off: get it again",
        )
    rows = []
    for block, (start, end) in spans.items():
        start, end = max(start, 0.0), min(end, recording.duration)
        if end <= start:  # the log's whole minutes leave nothing of it between its neighbours
            continue
        distances = [abs(marked[border] - clock[border]) for border in _edges(block, marked) if border in marked]
        rows.append(
            (recording.item, block, start, end, recording.start + start, recording.start + end,
             int(block in STRESS_BLOCKS), "tags" if distances else "log", max(distances, default=float("nan")))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("start", ignore_index=True)


def _marked_borders(recording: Recording, clock: Mapping[str, float]) -> dict[str, float]:
    """Border to seconds since the start, where presses mark it and agree with the clock; else empty."""
    names = PRESSES.get(len(recording.presses), ())
    marked = {
        name: recording.nearest(press) - recording.start for name, press in zip(names, recording.presses, strict=False)
    }
    ordered = list(marked.values()) == sorted(marked.values())
    agrees = all(abs(moment - clock[name]) <= TOLERANCE for name, moment in marked.items())
    return marked if ordered and agrees else {}


def _spans(borders: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Start and end of every block; a rest lasts from the end of a task to the start of the next one."""
    tasks = {block: (borders[f"{block} start"], borders[f"{block} end"]) for block in STRESS_BLOCKS}
    baseline = borders["baseline start"], borders["baseline end"]
    if baseline[0] < tasks["stroop"][0]:
        baseline = baseline[0], min(baseline[1], tasks["stroop"][0])
        first_rest = tasks["stroop"][1], tasks["interview"][0]
    else:
        first_rest = tasks["stroop"][1], borders["relax_1 end"]
        baseline = max(baseline[0], first_rest[1]), min(baseline[1], tasks["interview"][0])
    third_end = borders["relax_3 end"]
    questions = max(borders["questionnaires start"], third_end), borders["questionnaires end"]
    return {
        "baseline": baseline,
        "stroop": tasks["stroop"],
        "relax_1": first_rest,
        "interview": tasks["interview"],
        "relax_2": (tasks["interview"][1], tasks["hyperventilation"][0]),
        "hyperventilation": tasks["hyperventilation"],
        "relax_3": (tasks["hyperventilation"][1], third_end),
        "questionnaires": questions,
        "relax_4": (max(borders["relax_4 start"], questions[1]), borders["relax_4 end"]),
    }


def _edges(block: str, marked: Mapping[str, float]) -> tuple[str, str]:
    """The two borders of a block that a press may mark."""
    return {
        "relax_1": ("stroop end", "relax_1 end" if "relax_1 end" in marked else "interview start"),
        "relax_2": ("interview end", "hyperventilation start"),
        "relax_3": ("hyperventilation end", "relax_3 end"),
    }.get(block, (f"{block} start", f"{block} end"))
