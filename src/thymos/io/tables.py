"""Annotations as tables: CSV, TSV and Parquet, long (one row a rating) or wide (one row an item, one column a rater).

A file is read without guessing at its meaning: ids stay text, an empty cell of a wide file means that the rater
left the item out, and whatever does not fit is one error with its line. Written CSV files have their schemes in
``<name>.schemes.json`` beside them, Parquet files carry them inside, so that both come back without loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.files import file_sha256, files_sha256
from thymos.io.cells import Cells, is_parquet, load_cells
from thymos.io.ratings import SEPARATOR, Reading, check_ratings, infer_schemes, item_table, rate
from thymos.io.schemes import read_schemes_beside, schemes_beside
from thymos.io.stored import read_stored, schemes_inside

Layout = Literal["auto", "long", "wide", "counts"]
LAYOUTS = ("auto", "long", "wide", "counts")
NOT_RATERS = ("start", "end", "split", "text", "scheme", "label")


@dataclass(frozen=True)
class Columns:
    """How a file names its columns.

    Args:
        item: the items' ids.
        rater: who rated (long files).
        value: the rating (long files); default ``value`` or ``label``.
        raters: the columns that hold ratings (wide and counts files); default: every column that is not named
            otherwise.
        groups: columns that describe an item and keep items together (speaker, dialogue).
        text: the items' text, if any.
    """

    item: str = "item"
    rater: str = "rater"
    value: str | None = None
    raters: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True)
class RatedTable:
    """Annotations that were read from a file, with what the file says about the items.

    Args:
        annotations: every rating.
        items: one row an item of the file, rated or not, indexed by ``item``; group columns and ``text``.
        sha256: of the file's bytes (and of the schemes beside it).
        path: where it was read.
        layout: "long", "wide" or "counts", as given or found.
        notes: what a reader of the numbers must know (how the columns were understood).
    """

    annotations: Annotations
    items: pd.DataFrame
    sha256: str
    path: str
    layout: str
    notes: tuple[str, ...] = ()


def read_annotations(
    path: str | Path,
    schemes: Scheme | Sequence[Scheme] | None = None,
    *,
    columns: Columns | None = None,
    layout: Layout = "auto",
    kind: Kind | str | None = None,
    labels: Sequence[str] = (),
    delimiter: str | None = None,
    encoding: str = "utf-8",
) -> RatedTable:
    """Read annotations from a CSV, TSV or Parquet file.

    Args:
        path: the file.
        schemes: the label schemes; default: those stored with the file, else one that is inferred.
        columns: the file's column names.
        layout: "long", "wide", "counts" (one column a label with the number of votes) or "auto".
        kind: how an inferred scheme is read: "categorical" makes classes of numbers, "multilabel" allows several
            labels an item and rater (in one cell divided by ``|``, or in several rows).
        labels: the legal labels of an inferred nominal scheme; default: those that the file uses.
        delimiter: one character; default a comma, or a tab for ``.tsv``.
        encoding: of the file.

    Raises:
        BadInput: no such file, nothing in it, a wrong encoding or delimiter, a missing column, an empty or illegal
            cell, an unknown label, the same rating twice.

    Example:
        >>> rated = read_annotations("votes.csv", columns=Columns(groups=("speaker",)))  # doctest: +SKIP
        >>> rated.annotations.plurality()  # doctest: +SKIP
    """
    columns = columns or Columns()
    if layout not in LAYOUTS:
        raise BadInput(f"unknown layout {layout!r}", mend=f"known: {', '.join(LAYOUTS)}")
    if is_parquet(path) and schemes is None:
        stored = read_stored(path)
        if stored is not None:
            items = item_table(stored.extra, "item", columns.groups, columns.text)
            return RatedTable(stored.annotations, items, file_sha256(path), str(path), "long")
    cells = load_cells(path, delimiter=delimiter, encoding=encoding)
    sha256 = file_sha256(path)
    if schemes is None and is_parquet(path):
        schemes = schemes_inside(path)
    elif schemes is None:
        schemes = read_schemes_beside(path)
        if schemes is not None:
            sha256 = files_sha256(Path(path).parent, [path, schemes_beside(path)])
    rated = annotations_from_cells(cells, schemes, columns=columns, layout=layout, kind=kind, labels=labels)
    return replace(rated, sha256=sha256)


def annotations_from_cells(
    cells: Cells,
    schemes: Scheme | Sequence[Scheme] | None = None,
    *,
    columns: Columns,
    layout: Layout = "auto",
    kind: Kind | str | None = None,
    labels: Sequence[str] = (),
) -> RatedTable:
    """Annotations from a table in memory; arguments as in ``read_annotations``. The hash is left empty."""
    cells.require(columns.item, mend="name the column of the item ids")
    for column in (*columns.groups, *([columns.text] if columns.text else [])):
        cells.require(column)
    found = find_layout(cells, columns) if layout == "auto" else layout
    given = None if schemes is None else [schemes] if isinstance(schemes, Scheme) else list(schemes)
    if found == "long":
        reading = _long(cells, columns)
    else:
        reading = _wide(cells, columns, counts=found == "counts", check=given is None)
    chosen, notes = (given, ()) if given is not None else infer_schemes(reading, kind, labels)
    ratings = rate(reading, chosen)
    check_ratings(ratings, chosen, cells)
    table = ratings.drop(columns="line").reset_index(drop=True)
    annotations = Annotations(table, chosen, where=cells.path)
    items = item_table(cells, columns.item, columns.groups, columns.text)
    return RatedTable(annotations, items, "", cells.path, found, notes)


def find_layout(cells: Cells, columns: Columns) -> Literal["long", "wide"]:
    """Long when there is a rater column and a rating column, else wide."""
    present = set(cells.frame.columns)
    rated = {columns.value} if columns.value is not None else {"value", "label"}
    if columns.rater in present and not columns.raters:
        if rated & present:
            return "long"
        raise BadInput(
            f"there is a column {columns.rater!r} and none with the rating",
            where=cells.path,
            mend=f"name the column of the ratings; present: {', '.join(map(str, cells.frame.columns))}",
        )
    return "wide"


def _long(cells: Cells, columns: Columns) -> Reading:
    present = set(cells.frame.columns)
    cells.require(columns.rater, mend="name the column of the raters, or use layout 'wide'")
    value = columns.value
    label = None
    if value is not None:
        cells.require(value)
        label = "label" if "label" in present and value != "label" and cells.is_numeric([value]) else None
    elif {"value", "label"} <= present:
        value, label = "value", "label"
        if not cells.is_numeric(["value"]):
            raise BadInput(
                "columns 'value' and 'label' both hold words", where=cells.path, mend="name the one with the rating"
            )
    else:
        value = next((name for name in ("value", "label") if name in present), None)
        if value is None:
            cells.require("value", mend="name the column of the ratings")
            raise AssertionError
    texts = cells.filled(value)
    frame = pd.DataFrame(
        {
            "line": cells.frame.index,
            "item": cells.filled(columns.item).to_numpy(),
            "rater": cells.filled(columns.rater).to_numpy(),
            "cell": texts.to_numpy(),
            "axis": None if label is None else cells.filled(label).to_numpy(),
            "scheme": cells.filled("scheme").to_numpy() if "scheme" in present else None,
            "start": cells.numbers("start").to_numpy() if "start" in present else float("nan"),
            "end": cells.numbers("end").to_numpy() if "end" in present else float("nan"),
        }
    )
    return Reading(frame, cells, has_axis=label is not None, has_scheme="scheme" in present)


def _wide(cells: Cells, columns: Columns, *, counts: bool, check: bool) -> Reading:
    present = list(cells.frame.columns)
    if columns.raters:
        for column in columns.raters:
            cells.require(column)
        raters = list(columns.raters)
    else:
        others = {columns.item, columns.text, *columns.groups, *NOT_RATERS}
        raters = [column for column in present if column not in others]
        if not raters:
            raise BadInput(
                "there is no column with ratings",
                where=cells.path,
                mend=f"a long file needs the columns {columns.rater!r} and 'value'; present: {', '.join(present)}",
            )
        if check and not counts:
            _refuse_strangers(cells, raters)
    timed = {name: cells.numbers(name).to_numpy() for name in ("start", "end") if name in present}
    items = cells.filled(columns.item).to_numpy()
    parts = []
    for rater in raters:
        part = pd.DataFrame({"line": cells.frame.index, "item": items, "rater": rater, "cell": cells.texts(rater)})
        parts.append(part.assign(start=timed.get("start", float("nan")), end=timed.get("end", float("nan"))))
    frame = pd.concat(parts, ignore_index=True).assign(axis=None, scheme=None)
    _refuse_doubled_items(cells, columns.item, timed)
    if counts:
        frame = _votes_of_counts(frame, cells)
    frame = frame[frame["cell"].notna()]
    if len(frame) == 0:
        raise BadInput("there is no rating: every cell is empty", where=cells.path)
    # Rows of one item stand together, so that items keep the order of the file.
    return Reading(frame.sort_values("line", kind="stable", ignore_index=True), cells)


def _votes_of_counts(frame: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """Columns of vote counts as one row a vote, by rater slots whose people are unknown."""
    numbers = pd.to_numeric(frame["cell"].fillna("0"), errors="coerce")
    bad = ~((numbers >= 0) & (numbers % 1 == 0))
    if bad.any():
        row = frame[bad].iloc[0]
        raise BadInput(
            f"{row['cell']!r} in column {row['rater']!r} is not a number of votes", where=cells.where(row["line"])
        )
    votes = frame.loc[frame.index.repeat(numbers.astype(int))].sort_values("line", kind="stable")
    slot = votes.groupby("line", sort=False).cumcount()
    return votes.assign(cell=votes["rater"], rater="?" + slot.astype(str))


def _refuse_doubled_items(cells: Cells, item: str, timed: dict[str, object]) -> None:
    keys = [item, *timed]
    doubled = cells.frame.duplicated(keys)
    if doubled.any():
        line = cells.frame.index[doubled][0]
        name = cells.frame[item].loc[line]
        first = cells.frame.index[(cells.frame[item] == name).to_numpy()][0]
        raise BadInput(
            f"item {name!r} stands twice (first on {cells.unit} {first})",
            where=cells.where(line),
            mend="keep one of the rows, or name the rater column of a long file",
        )


def _refuse_strangers(cells: Cells, raters: Sequence[str]) -> None:
    """A column of another kind than the rest is hardly a rater: speakers, texts and notes look like that."""
    values = {rater: set(cells.texts(rater).dropna()) for rater in raters}
    filled = [rater for rater in raters if values[rater]]
    numeric = [rater for rater in filled if cells.is_numeric([rater])]
    words = [rater for rater in filled if rater not in numeric]
    stranger = None
    if numeric and words:
        stranger = min(words, numeric, key=len)[0]
    elif len(words) > 1 and len(cells.frame) > 2:
        # Numbers may share no value between raters who agree well; labels do.
        apart = (r for r in words if not values[r] & set().union(*(values[o] for o in words if o != r)))
        stranger = next(apart, None)
    if stranger is not None:
        raise BadInput(
            f"column {stranger!r} does not look like a rater: its values stand in no other column",
            where=cells.path,
            mend="name it as a group (--group) or text column (--text), or list the columns of the raters (--raters)",
        )


__all__ = ["SEPARATOR", "Columns", "Layout", "RatedTable", "annotations_from_cells", "find_layout", "read_annotations"]
