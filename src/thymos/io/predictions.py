"""A system's predictions from a table: a label, label sets, one probability a class, or numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.files import file_sha256
from thymos.io.cells import NAN_SPELLINGS, Cells, load_cells
from thymos.io.ratings import SEPARATOR
from thymos.measure.predictions import SUM_TOLERANCE, Predictions, segment_id

# Names that files use for the column of the answer, in the order in which they are looked for.
VALUE_COLUMNS = ("prediction", "predicted", "label", "value")
PROBABILITY_PREFIXES = ("", "p_", "prob_")


def read_predictions(
    path: str | Path,
    scheme: Scheme,
    *,
    item: str = "item",
    value: str | None = None,
    miss: str | None = None,
    name: str | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
) -> Predictions:
    """Read predictions from a CSV, TSV or Parquet file.

    The columns say what was predicted. Nominal schemes: a label (``prediction``, ``predicted``, ``label`` or
    ``value``), or one probability a class under the class's name (also ``p_<class>``, ``prob_<class>``), or both.
    Multilabel schemes: a cell with labels divided by ``|``, or one column a label with 0 and 1 or probabilities.
    Numeric schemes: one column an axis, or the answer column when there is one axis.

    Args:
        path: the file.
        scheme: of the annotations; it says which labels are legal.
        item: the column of the item ids.
        value: the column of the answer, when its name is another.
        miss: a label that means "no answer": such replies count as wrong.
        name: how the system is called; default the file's name.
        delimiter: one character; default a comma, or a tab for ``.tsv``.
        encoding: of the file.

    Raises:
        BadInput: no such file, nothing in it, a missing column, an item twice, an unknown label, NaN,
            probabilities that are negative or do not sum to 1.
    """
    cells = load_cells(path, delimiter=delimiter, encoding=encoding)
    found = predictions_from_cells(cells, scheme, item=item, value=value, miss=miss, name=name or Path(path).stem)
    return Predictions(
        found.name, file_sha256(path), found.labels, found.probabilities, found.sets, found.numbers, str(path)
    )


def predictions_from_cells(
    cells: Cells, scheme: Scheme, *, item: str = "item", value: str | None = None, miss: str | None = None, name: str
) -> Predictions:
    """Predictions from a table in memory; arguments as in ``read_predictions``. The hash is left empty."""
    cells.require(item, mend="name the column of the item ids")
    index = _item_ids(cells, item)
    if value is not None:
        cells.require(value)
    answer = value or next((column for column in VALUE_COLUMNS if column in cells.frame.columns), None)
    if not scheme.is_nominal:
        return Predictions(name, "", numbers=_numbers(cells, scheme, answer, index), path=cells.path)
    matrix = _class_columns(cells, scheme, index, required=answer is None)
    if scheme.kind is Kind.MULTILABEL:
        return _multilabel(cells, scheme, answer, matrix, index, name)
    labels = None if answer is None else _labels(cells, scheme, answer, miss, index)
    if matrix is not None:
        matrix = _shares(matrix, cells)
    return Predictions(name, "", labels=labels, probabilities=matrix, path=cells.path)


def _item_ids(cells: Cells, item: str) -> pd.Index:
    ids = cells.filled(item)
    if {"start", "end"} <= set(cells.frame.columns):
        start, end = cells.numbers("start"), cells.numbers("end")
        ids = pd.Series([segment_id(*one) for one in zip(ids, start, end, strict=True)], index=ids.index, dtype=object)
    doubled = ids.duplicated().to_numpy()
    if doubled.any():
        position = int(np.flatnonzero(doubled)[0])
        first = ids.index[int(np.flatnonzero((ids == ids.iloc[position]).to_numpy())[0])]
        raise BadInput(
            f"item {ids.iloc[position]!r} is predicted twice (first on {cells.unit} {first})",
            where=cells.where(ids.index[position]),
            mend="keep one of the rows",
        )
    return pd.Index(ids.to_numpy(), name="item", dtype=object)


def _labels(cells: Cells, scheme: Scheme, column: str, miss: str | None, index: pd.Index) -> pd.Series:
    texts = cells.filled(column)
    known = texts.isin(scheme.labels) | (texts == miss)
    if not known.all():
        line = texts.index[int(np.flatnonzero(~known.to_numpy())[0])]
        _refuse_label(texts.loc[line], cells.where(line), scheme)
    values = texts.where(texts != miss, None) if miss is not None and miss not in scheme.labels else texts
    return pd.Series(values.to_numpy(dtype=object), index=index, name="label")


def _refuse_label(label: str, where: str, scheme: Scheme) -> None:
    if label in NAN_SPELLINGS:
        raise BadInput(
            "the prediction is NaN", where=where, mend="predict a label, or name a label that means a miss (--miss)"
        )
    raise BadInput(
        f"unknown label {label!r}",
        where=where,
        mend=f"legal: {', '.join(scheme.labels)}; name all labels (--labels) if the annotations do not use every one",
    )


def _class_columns(cells: Cells, scheme: Scheme, index: pd.Index, *, required: bool) -> pd.DataFrame | None:
    """The columns named after the classes as numbers, or None where there is not one."""
    present = set(cells.frame.columns)
    # A label called "value" or "item" must not make a probability of an ordinary column.
    taken = {"item", "start", "end", *VALUE_COLUMNS}
    for prefix in PROBABILITY_PREFIXES:
        named = {label: f"{prefix}{label}" for label in scheme.classes if f"{prefix}{label}" not in taken}
        found = [label for label, column in named.items() if column in present]
        if not found:
            continue
        missing = [label for label in scheme.classes if label not in found]
        if missing:
            raise BadInput(
                f"column {prefix + missing[0]!r} is missing: probabilities need one column a class",
                where=cells.path,
                mend=f"found: {', '.join(named[label] for label in found)}",
            )
        table = {}
        for label in scheme.classes:
            cells.filled(named[label])
            table[label] = cells.numbers(named[label]).to_numpy()
        return pd.DataFrame(table, index=index)
    if required:
        raise BadInput(
            "there is no column with predictions",
            where=cells.path,
            mend=f"name the column, or add one of {', '.join(VALUE_COLUMNS)}, or one column a class "
            f"({', '.join(scheme.classes[:4])} ...); present: {', '.join(map(str, cells.frame.columns))}",
        )
    return None


def _shares(matrix: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """Rows that sum to 1 up to rounding, divided by their sum; anything else is not a distribution."""
    values = matrix.to_numpy(dtype=float)
    totals = values.sum(axis=1)
    bad = (values < 0).any(axis=1) | (np.abs(totals - 1) > SUM_TOLERANCE)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        problem = (
            "a probability is negative" if (values[row] < 0).any() else f"the probabilities sum to {totals[row]:.4g}"
        )
        raise BadInput(problem, where=cells.where(cells.frame.index[row]), mend="pass probabilities that sum to 1")
    return pd.DataFrame(values / totals[:, None], index=matrix.index, columns=matrix.columns)


def _multilabel(
    cells: Cells, scheme: Scheme, answer: str | None, matrix: pd.DataFrame | None, index: pd.Index, name: str
) -> Predictions:
    if matrix is not None:
        values = matrix.to_numpy(dtype=float)
        bad = ((values < 0) | (values > 1)).any(axis=1)
        if bad.any():
            line = cells.frame.index[int(np.flatnonzero(bad)[0])]
            raise BadInput("a probability is outside 0..1", where=cells.where(line))
        if np.isin(values, (0.0, 1.0)).all():
            return Predictions(name, "", sets=matrix.astype(bool), path=cells.path)
        return Predictions(name, "", probabilities=matrix, path=cells.path)
    assert answer is not None
    # An empty cell is the empty set here: the system chose no label.
    rows = [_cell_labels(text, scheme) for text in cells.texts(answer)]
    for line, row in zip(cells.frame.index, rows, strict=True):
        unknown = next((label for label in row if label not in scheme.labels), None)
        if unknown is not None:
            _refuse_label(unknown, cells.where(line), scheme)
    sets = pd.DataFrame({label: [label in row for row in rows] for label in scheme.classes}, index=index)
    return Predictions(name, "", sets=sets, path=cells.path)


def _cell_labels(text: str | None, scheme: Scheme) -> Sequence[str]:
    if text is None:
        return []
    return [text] if text in scheme.labels else text.split(SEPARATOR)


def _numbers(cells: Cells, scheme: Scheme, answer: str | None, index: pd.Index) -> pd.DataFrame:
    present = [axis for axis in scheme.labels if axis in cells.frame.columns]
    # With one axis, a column that says "prediction" goes before one that has the name of the axis: it may be gold.
    stated = len(scheme.labels) == 1 and answer is not None and answer not in ("label", "value")
    if len(present) == len(scheme.labels) and not stated:
        chosen = {axis: axis for axis in scheme.labels}
    elif answer is not None and len(scheme.labels) == 1:
        chosen = {scheme.labels[0]: answer}
    else:
        missing = next((axis for axis in scheme.labels if axis not in present), scheme.labels[0])
        raise BadInput(
            f"column {missing!r} is missing: numeric predictions need one column an axis",
            where=cells.path,
            mend=f"present: {', '.join(map(str, cells.frame.columns))}",
        )
    table = {}
    for axis, column in chosen.items():
        cells.filled(column)
        table[axis] = cells.numbers(column).to_numpy()
    return pd.DataFrame(table, index=index)
