"""Other shapes of the same ratings turned into a rating table: six columns, vote counts, one column a rater."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect import rating_table
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput

ANONYMOUS = "?"


def anonymous_rater(slot: int) -> str:
    """The id of a rater slot whose person is unknown, e.g. ``?3``."""
    return f"{ANONYMOUS}{slot}"


def from_six_columns(table: pd.DataFrame, schemes: Mapping[str, Scheme], where: str) -> pd.DataFrame:
    """The table with ``label`` and a numeric ``value``, still to be validated; see ``Annotations.from_table``."""
    if "value" not in table.columns:
        raise BadInput("column 'value' is missing", where=where)
    empty = table["value"].isna().to_numpy()
    if empty.any():
        raise BadInput("column 'value' is empty", where=f"{where}, row {int(empty.argmax()) + 1}")
    only = rating_table.only_scheme(table, schemes, where)
    if only is not None:
        table = table.assign(scheme=only)
    value = table["value"].astype(object).to_numpy().copy()
    given = "label" in table.columns
    label = table["label"].astype(object).to_numpy().copy() if given else np.full(len(table), None, dtype=object)
    names = table["scheme"].astype(str).to_numpy()
    for name in pd.unique(names):
        scheme = rating_table.known_scheme(schemes, name, where)
        rows = names == name
        unnamed = rows & pd.isna(label)
        if scheme.is_nominal:
            label[unnamed] = value[unnamed]
            value[rows & (value == label)] = 1.0
        elif len(scheme.labels) == 1:
            label[unnamed] = scheme.labels[0]
        elif not given:
            mend = "add a column 'label' with the axis"
            raise BadInput(f"scheme {scheme.name!r} has several axes", where=where, mend=mend)
    return table.assign(label=label, value=value)


def from_counts(counts: pd.DataFrame, scheme: Scheme, rater: str | None, where: str) -> pd.DataFrame:
    """A finished rating table from vote counts; see ``Annotations.from_counts``."""
    if not scheme.is_nominal:
        raise BadInput(f"scheme {scheme.name!r} is {scheme.kind}: it has numbers, not votes", where=where)
    unknown = [column for column in counts.columns if column not in scheme.labels]
    if unknown:
        raise BadInput(f"unknown label {unknown[0]!r} as a column", where=where)
    if not counts.columns.is_unique:
        raise BadInput(f"column {counts.columns[counts.columns.duplicated()][0]!r} stands twice", where=where)
    ids = counts.index.astype(str)
    if not ids.is_unique:
        raise BadInput(f"item {ids[ids.duplicated()][0]!r} stands twice", where=where, mend="keep one of the rows")
    votes = _whole_numbers(counts, where)
    rows, columns = np.nonzero(votes)
    if len(rows) == 0:
        raise BadInput("there is no rating", where=where)
    times = votes[rows, columns]
    starts = np.r_[0, np.flatnonzero(np.diff(rows)) + 1]  # first cell of each item that has a vote
    rated = ids[rows[starts]]
    ratings = np.add.reduceat(times, starts)
    item = np.repeat(np.arange(len(rated), dtype=np.int32), ratings)
    if rater is None:
        before = np.cumsum(ratings) - ratings
        slot = np.arange(len(item), dtype=np.int32) - np.repeat(before.astype(np.int32), ratings)
        raters = rating_table.category(slot, [anonymous_rater(k) for k in range(int(ratings.max()))])
    else:
        _check_one_source(times, rows, ratings, rated, ids, rater, scheme, where)
        raters = rating_table.constant_category(rater, len(item))
    labels = rating_table.category(np.repeat(columns.astype(np.int32), times), list(counts.columns))
    return rating_table.frame_of(
        {
            "item": rating_table.category(item, rated),
            "start": rating_table.constant(np.nan, len(item)),
            "end": rating_table.constant(np.nan, len(item)),
            "rater": raters,
            "scheme": rating_table.constant_category(scheme.name, len(item)),
            "label": rating_table.without_unused(labels),
            "value": rating_table.constant(1.0, len(item)),
        }
    )


def from_wide(ratings: pd.DataFrame, scheme: Scheme, label: str | None, where: str) -> pd.DataFrame:
    """A rating table, still to be validated, from one row an item and one column a rater."""
    if scheme.kind is Kind.MULTILABEL:
        raise BadInput(f"scheme {scheme.name!r} is multilabel: a cell holds one label", where=where)
    if not scheme.is_nominal and label is None and len(scheme.labels) > 1:
        raise BadInput(f"scheme {scheme.name!r} has several axes", where=where, mend="name one label")
    cells = ratings.astype(object).to_numpy()
    rows, columns = np.nonzero(~pd.isna(cells))
    chosen = cells[rows, columns]
    return pd.DataFrame(
        {
            "item": np.asarray(ratings.index, dtype=object)[rows],
            "rater": np.asarray(ratings.columns, dtype=object)[columns],
            "label": chosen if scheme.is_nominal else label or scheme.labels[0],
            "value": 1.0 if scheme.is_nominal else chosen,
        }
    )


def _check_one_source(
    times: npt.NDArray[np.int64],
    rows: npt.NDArray[np.intp],
    ratings: npt.NDArray[np.int64],
    rated: pd.Index,
    ids: pd.Index,
    rater: str,
    scheme: Scheme,
    where: str,
) -> None:
    """One named rater gives a label at most once, and one label an item in a categorical scheme."""
    if (times > 1).any():
        item = ids[rows[int((times > 1).argmax())]]
        raise BadInput(f"rater {rater!r} chose one label several times", where=f"{where}, item {item!r}")
    if scheme.kind is Kind.CATEGORICAL and ratings.max() > 1:
        item = rated[int(ratings.argmax())]
        raise BadInput(f"rater {rater!r} chose several labels", where=f"{where}, item {item!r}")


def _whole_numbers(counts: pd.DataFrame, where: str) -> npt.NDArray[np.int64]:
    numbers = counts.to_numpy()
    if numbers.dtype.kind not in "iub":
        numbers = counts.to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(numbers) | (numbers < 0) | (numbers != np.round(numbers))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise BadInput(
            f"count {numbers[row, column]} of {counts.columns[column]!r} is not a whole number of votes",
            where=f"{where}, item {counts.index[row]!r}",
        )
    return numbers.astype(np.int64, copy=False)
