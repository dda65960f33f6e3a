"""Emotion over time as one table, whatever the signal was.

Columns, in this order:
- ``file``: path as given; ``start``, ``end``: seconds from the beginning of the file (0 and 0 for pictures);
- ``signal``: text, speech, face, scene or physiology; ``track``: which face or speaker, "" where there is one thing;
- one column a label with its probability (0..1); labels of all signals share the columns, NaN where a signal has no
  such label;
- ``valence``, ``arousal``: -1..1 (unpleasant..pleasant, calm..excited), NaN where a recognizer gives none;
- ``confidence``: probability of the best label, or 1 minus the relative error of a number, 0..1;
- ``quality``: ``"ok"``, or why nothing was guessed; then every number of the row is NaN.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thymos.errors import BadInput

OK = "ok"
FRONT = ("file", "start", "end", "signal", "track")
BACK = ("valence", "arousal", "confidence", "quality")


def timeline(rows: Iterable[dict[str, Any]], *, labels: Sequence[str] = ()) -> pd.DataFrame:
    """A table over time from rows.

    Args:
        rows: one dictionary a stretch of time: ``file``, ``start``, ``end``, ``signal`` and whatever else is known;
            missing numbers become NaN, a missing ``quality`` is ``"ok"``.
        labels: label columns in this order first; further ones follow in order of appearance.

    Raises:
        BadInput: see ``check_timeline``.
    """
    table = pd.DataFrame(list(rows))
    for name, filler in (("file", ""), ("start", np.nan), ("end", np.nan), ("signal", ""), ("track", "")):
        if name not in table.columns:
            table[name] = pd.Series([filler] * len(table), dtype=object if filler == "" else float)
    for name in BACK[:-1]:
        if name not in table.columns:
            table[name] = np.nan
    if "quality" not in table.columns:
        table["quality"] = OK
    table["track"] = table["track"].fillna("").astype(str)
    table["quality"] = table["quality"].fillna(OK)
    own = [name for name in table.columns if name not in (*FRONT, *BACK)]
    ordered = [*labels, *(name for name in own if name not in labels)]
    table = table.reindex(columns=[*FRONT, *ordered, *BACK])
    for name in (*ordered, *BACK[:-1], "start", "end"):
        table[name] = table[name].astype(float)
    check_timeline(table)
    return table.reset_index(drop=True)


def label_columns(table: pd.DataFrame) -> list[str]:
    """The label columns of a table over time, in order."""
    return [str(name) for name in table.columns if name not in (*FRONT, *BACK)]


def join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Several tables over time below one another; labels that a signal does not have are NaN."""
    labels: list[str] = []
    for table in tables:
        labels += [name for name in label_columns(table) if name not in labels]
    rows = [row for table in tables for row in table.to_dict("records")]
    return timeline(({str(key): value for key, value in row.items()} for row in rows), labels=labels)


def check_timeline(table: pd.DataFrame) -> None:
    """Check the contract of the table.

    Raises:
        BadInput: a missing column, time that runs backwards, a probability outside 0..1, valence or arousal outside
            -1..1, numbers in a row whose quality is not ok.
    """
    for name in (*FRONT, *BACK):
        if name not in table.columns:
            raise BadInput(f"column {name!r} is missing", where="timeline")
    labels = label_columns(table)
    start, end = table["start"].to_numpy(float), table["end"].to_numpy(float)
    _refuse(~(np.isfinite(start) & np.isfinite(end)) | (start < 0) | (end < start), table, "time runs backwards")
    numbers = table[labels].to_numpy(float)
    _refuse(((numbers < -1e-6) | (numbers > 1 + 1e-6)).any(axis=1), table, "a probability is outside 0..1")
    plane = table[["valence", "arousal"]].to_numpy(float)
    _refuse((np.abs(plane) > 1 + 1e-6).any(axis=1), table, "valence or arousal is outside -1..1")
    everything = np.column_stack([numbers, plane, table["confidence"].to_numpy(float)])
    poor = (table["quality"] != OK).to_numpy()
    _refuse(poor & np.isfinite(everything).any(axis=1), table, "a row of poor quality holds numbers")


def _refuse(wrong: np.ndarray, table: pd.DataFrame, what: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise BadInput(what, where=f"timeline, row {row} of {table['file'].iloc[row]!r}")


def best_labels(table: pd.DataFrame) -> pd.Series:
    """The most probable label of each row, "" where nothing was guessed; named ``label``."""
    labels = label_columns(table)
    numbers = table[labels].to_numpy(float)
    known = np.isfinite(numbers).any(axis=1) if labels else np.zeros(len(table), dtype=bool)
    best = np.full(len(table), "", dtype=object)
    if known.any():
        best[known] = np.asarray(labels, dtype=object)[np.nanargmax(numbers[known], axis=1)]
    return pd.Series(best, index=table.index, name="label")
