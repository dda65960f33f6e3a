"""From the cells of a table to ratings under a scheme, every problem named with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.io.cells import NAN_SPELLINGS, Cells, numbers_of
from thymos.io.schemes import infer_nominal, infer_numeric

# Divides the labels that a rater chose together, in one cell of a multilabel file.
SEPARATOR = "|"
INFERRED_NAME = "ratings"
# Whole numbers of so few different values are as often class codes as they are ratings on a scale.
FEW_CODES = 20


@dataclass(frozen=True)
class Reading:
    """Ratings before they have a scheme: columns line, item, rater, cell, axis, scheme, start, end.

    Args:
        frame: one row a rating; ``cell`` is the text that was written, ``axis`` the axis or label it belongs to.
        cells: the file, for errors.
        has_axis: whether ``axis`` is filled.
        has_scheme: whether ``scheme`` is filled.
    """

    frame: pd.DataFrame
    cells: Cells
    has_axis: bool = False
    has_scheme: bool = False


def infer_schemes(
    reading: Reading, kind: Kind | str | None, labels: Sequence[str]
) -> tuple[list[Scheme], tuple[str, ...]]:
    """The schemes that a file's ratings fit, one for every name in its scheme column, and notes about them."""
    try:
        wanted = None if kind is None else Kind(kind)
    except ValueError:
        raise BadInput(f"unknown kind {kind!r}", mend=f"known: {', '.join(Kind)}") from None
    schemes, notes = [], []
    for name, part in _by_scheme(reading):
        scheme, note = _infer(part, reading, wanted, labels, name)
        schemes.append(scheme)
        notes.extend([note] if note else [])
    return schemes, tuple(notes)


def _by_scheme(reading: Reading) -> list[tuple[str, pd.DataFrame]]:
    if not reading.has_scheme:
        return [(INFERRED_NAME, reading.frame)]
    return [(str(name), part) for name, part in reading.frame.groupby("scheme", sort=False)]


def _infer(
    part: pd.DataFrame, reading: Reading, kind: Kind | None, labels: Sequence[str], name: str
) -> tuple[Scheme, str]:
    path = reading.cells.path
    texts = part["cell"]
    known = pd.to_numeric(texts[~texts.isin(NAN_SPELLINGS)], errors="coerce")
    numeric = bool(len(known)) and not known.isna().any()
    nominal = (kind or (Kind.CATEGORICAL if labels or not numeric else Kind.DIMENSIONAL)) in {
        Kind.CATEGORICAL,
        Kind.MULTILABEL,
    }
    if nominal or (reading.has_axis and kind is None and numeric and bool((known == 1).all())):
        words = part["axis"] if reading.has_axis else texts
        chosen = kind or Kind.CATEGORICAL
        if labels:
            return Scheme(name, chosen, tuple(labels), Construct.PERCEIVED, source="labels named by the user"), ""
        _refuse_nan(words, part, reading.cells)
        used = words.drop_duplicates()
        if chosen is Kind.MULTILABEL:
            used = used.str.split(SEPARATOR, regex=False).explode().drop_duplicates()
        return infer_nominal([str(word) for word in used], name=name, kind=chosen, where=path), ""
    if not numeric:
        position = int(np.flatnonzero(pd.to_numeric(texts, errors="coerce").isna().to_numpy())[0])
        raise BadInput(
            f"{texts.iloc[position]!r} is not a number, and {kind} ratings are numbers",
            where=reading.cells.where(part["line"].iloc[position]),
        )
    axes = [str(axis) for axis in part["axis"].drop_duplicates()] if reading.has_axis else ["value"]
    # NaN and infinite cells are found here, before they spoil the range.
    numbers = numbers_of(pd.Series(texts.to_numpy(), index=part["line"]), "value", reading.cells)
    scheme = infer_numeric(axes, float(numbers.min()), float(numbers.max()), name=name, where=path)
    scheme = Scheme(name, kind or Kind.DIMENSIONAL, scheme.labels, scheme.construct, scheme.range, scheme.source)
    codes = bool((known % 1 == 0).all()) and known.nunique() <= FEW_CODES and kind is None
    note = "whole numbers were read as ratings on a scale; if they are class codes, say kind 'categorical' (--kind)"
    return scheme, note if codes else ""


def _refuse_nan(words: pd.Series, part: pd.DataFrame, cells: Cells) -> None:
    marks = words.isin(NAN_SPELLINGS).to_numpy()
    if marks.any():
        position = int(np.flatnonzero(marks)[0])
        raise BadInput(
            f"rating {words.iloc[position]!r} is NaN, not a label",
            where=cells.where(part["line"].iloc[position]),
            mend="fill it, remove the line, or leave the cell of a wide file empty",
        )


def rate(reading: Reading, schemes: Sequence[Scheme]) -> pd.DataFrame:
    """The ratings as columns line, item, start, end, rater, scheme, label, value.

    Raises:
        BadInput: an unknown scheme, label or axis, a number that is none or out of range.
    """
    by_name = {scheme.name: scheme for scheme in schemes}
    frame = reading.frame
    if not reading.has_scheme:
        if len(by_name) != 1:
            raise BadInput(
                "column 'scheme' is missing", where=reading.cells.path, mend=f"the schemes are {', '.join(by_name)}"
            )
        frame = frame.assign(scheme=next(iter(by_name)))
    parts = []
    for name, part in frame.groupby("scheme", sort=False):
        if name not in by_name:
            where = reading.cells.where(part["line"].iloc[0])
            raise BadInput(f"unknown scheme {name!r}", where=where, mend=f"known: {', '.join(by_name)}")
        scheme = by_name[str(name)]
        parts.append((_nominal if scheme.is_nominal else _numeric)(part, scheme, reading))
    table = pd.concat(parts)
    # Several schemes: back to the order of the file.
    table = table.sort_index(kind="stable")
    return table[["line", "item", "start", "end", "rater", "scheme", "label", "value"]]


def _nominal(part: pd.DataFrame, scheme: Scheme, reading: Reading) -> pd.DataFrame:
    words = part["axis"] if reading.has_axis else part["cell"]
    table = part.assign(label=words, value=1.0)
    if scheme.kind is Kind.MULTILABEL:
        joined = ~table["label"].isin(scheme.labels)
        pieces = table["label"].where(~joined, table["label"].str.split(SEPARATOR, regex=False))
        table = table.assign(label=pieces).explode("label")
    unknown = ~table["label"].isin(scheme.labels).to_numpy()
    if unknown.any():
        row = table.iloc[int(np.flatnonzero(unknown)[0])]
        raise BadInput(
            f"unknown label {row['label']!r}",
            where=reading.cells.where(row["line"]),
            mend=f"legal in scheme {scheme.name!r}: {', '.join(scheme.labels)}",
        )
    return table


def _numeric(part: pd.DataFrame, scheme: Scheme, reading: Reading) -> pd.DataFrame:
    texts = pd.Series(part["cell"].to_numpy(), index=part["line"])
    numbers = numbers_of(texts, "value", reading.cells).to_numpy()
    axes = part["axis"] if reading.has_axis else None
    if axes is None and len(scheme.labels) > 1:
        raise BadInput(
            f"scheme {scheme.name!r} has several axes",
            where=reading.cells.path,
            mend="use a long file with a column 'label' that names the axis",
        )
    table = part.assign(label=scheme.labels[0] if axes is None else axes, value=numbers)
    unknown = ~table["label"].isin(scheme.labels).to_numpy()
    low, high = scheme.range or (-np.inf, np.inf)
    outside = ~((numbers >= low) & (numbers <= high))
    if unknown.any() or outside.any():
        row = table.iloc[int(np.flatnonzero(unknown | outside)[0])]
        where = reading.cells.where(row["line"])
        if row["label"] not in scheme.labels:
            raise BadInput(f"unknown axis {row['label']!r}", where=where, mend=f"legal: {', '.join(scheme.labels)}")
        raise BadInput(f"value {row['value']:g} is outside {low:g}..{high:g} of scheme {scheme.name!r}", where=where)
    return table


def check_ratings(ratings: pd.DataFrame, schemes: Sequence[Scheme], cells: Cells) -> None:
    """What ``Annotations`` would refuse as well, but named with the line: doubled ratings and bad segments."""
    start, end = ratings["start"].to_numpy(dtype=float), ratings["end"].to_numpy(dtype=float)
    bad = (end < start) | (np.isnan(start) != np.isnan(end))
    if bad.any():
        row = ratings.iloc[int(np.flatnonzero(bad)[0])]
        raise BadInput(
            f"segment {row['start']:g}..{row['end']:g} does not end after it starts", where=cells.where(row["line"])
        )
    single = {scheme.name: scheme.kind is Kind.CATEGORICAL for scheme in schemes}
    key = ratings.assign(label=ratings["label"].where(~ratings["scheme"].map(single).astype(bool), ""))
    columns = ["item", "start", "end", "rater", "scheme", "label"]
    doubled = key.duplicated(columns).to_numpy()
    if doubled.any():
        position = int(np.flatnonzero(doubled)[0])
        row = key.iloc[position]
        same = (key[columns].fillna(-1.0) == row[columns].fillna(-1.0)).all(axis=1).to_numpy()
        first = ratings.iloc[int(np.flatnonzero(same)[0])]
        differs = first["label"] != ratings["label"].iloc[position]
        raise BadInput(
            f"rater {row['rater']!r} rated item {row['item']!r} twice (first on {cells.unit} {first['line']})",
            where=cells.where(row["line"]),
            mend="keep one of the two" + (", or say kind 'multilabel' (--kind multilabel)" if differs else ""),
        )


def item_table(source: Cells, item: str, groups: Sequence[str], text: str | None = None) -> pd.DataFrame:
    """One row an item in the order of the file, with its group columns and its text.

    Raises:
        BadInput: an item that has two values of a group or two texts.
    """
    wanted = [*groups, *([text] if text else [])]
    ids = source.filled(item)
    table = pd.DataFrame({"item": ids.to_numpy()}, index=source.frame.index)
    for column in wanted:
        table[column] = source.texts(column)
    distinct = table.drop_duplicates()
    doubled = distinct["item"].duplicated()
    if doubled.any():
        line = distinct.index[doubled][0]
        name = distinct["item"].loc[line]
        first = distinct[distinct["item"] == name].iloc[0]
        differing = next(column for column in wanted if first[column] != distinct[column].loc[line])
        raise BadInput(
            f"item {name!r} has two values of {differing!r}: {first[differing]!r} and "
            f"{distinct[differing].loc[line]!r}",
            where=source.where(line),
            mend="give each item one value",
        )
    items = distinct.set_index("item")
    return items.rename(columns={text: "text"}) if text else items
