"""The table behind ``Annotations``: its columns, and the checks that every row passes once.

Ten million rows must fit: ids, labels and schemes are categories (codes of one to four bytes), and a column that is
the same in every row (no times, every value 1) is stored as one number that is shown n times, read-only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput

COLUMNS = ("item", "start", "end", "rater", "scheme", "label", "value")
NAMES = ("item", "rater", "scheme", "label")
TIMES = ("start", "end")

LARGEST_KEY = 2**62


def known_scheme(schemes: Mapping[str, Scheme], name: str, where: str) -> Scheme:
    """The scheme of that name, or BadInput with the known ones."""
    if name not in schemes:
        raise BadInput(f"unknown scheme {name!r}", where=where, mend=f"known: {', '.join(schemes)}")
    return schemes[name]


def schemes_by_name(schemes: Scheme | Sequence[Scheme], where: str) -> dict[str, Scheme]:
    """Schemes by name; BadInput without one, or when two different schemes share a name."""
    chosen = (schemes,) if isinstance(schemes, Scheme) else tuple(schemes)
    if not chosen:
        raise BadInput("annotations need at least one scheme", where=where)
    named: dict[str, Scheme] = {}
    for scheme in chosen:
        if named.setdefault(scheme.name, scheme) != scheme:
            raise BadInput(
                f"two different schemes are called {scheme.name!r}",
                where=where,
                mend="rename one, or map both to one scheme",
            )
    return named


def only_scheme(table: pd.DataFrame, schemes: Mapping[str, Scheme], where: str) -> str | None:
    """The name that fills a missing scheme column; None where the table has that column."""
    if "scheme" in table.columns:
        return None
    if len(schemes) != 1:
        raise BadInput("column 'scheme' is missing and there are several schemes", where=where)
    return next(iter(schemes))


def constant_category(name: str, rows: int) -> pd.Categorical:
    """A category column that holds one name in every row."""
    return category(np.zeros(rows, dtype=np.int8), [name])


def category(codes: npt.NDArray[Any], names: Sequence[str] | pd.Index) -> pd.Categorical:
    """A category column from codes that are known to be right; codes take the fewest bytes that hold them."""
    small = codes.astype(np.min_scalar_type(-max(len(names), 1)), copy=False)
    dtype = pd.CategoricalDtype(pd.Index(names, dtype=object))
    return pd.Categorical.from_codes(small, dtype=dtype, validate=False)


def without_unused(values: pd.Categorical) -> pd.Categorical:
    """The same column without the categories that no row uses, in the same order."""
    used = np.zeros(len(values.categories), dtype=bool)
    used[values.codes[values.codes >= 0]] = True
    if used.all():
        return values
    place = np.append(np.cumsum(used) - 1, -1)
    return category(place[values.codes], values.categories[used])


def constant(value: float, rows: int) -> npt.NDArray[np.float64]:
    """One number shown in every row: read-only, eight bytes in all."""
    return np.broadcast_to(np.float64(value), (rows,))


def frame_of(columns: Mapping[str, Any]) -> pd.DataFrame:
    """A rating table of finished columns; nothing is copied, so constant columns stay one number."""
    return pd.DataFrame({column: columns[column] for column in COLUMNS}, copy=False)


def take_rows(table: pd.DataFrame, keep: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows of a rating table, without categories that no row uses, constant columns kept constant."""
    rows = int(keep.sum())
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        values = table[column].array if column in NAMES else table[column].to_numpy()
        if column in NAMES:
            columns[column] = without_unused(values[keep])
        else:
            columns[column] = constant(values[0], rows) if is_constant(values) else values[keep]
    return frame_of(columns)


def is_constant(values: npt.NDArray[Any]) -> bool:
    """Whether a column is one number shown many times (not merely equal in all rows)."""
    return len(values) > 1 and values.strides == (0,)


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The numbers of a column without the repeats of a constant one: enough to check every row."""
    return values[:1] if is_constant(values) else values


def has_times(table: pd.DataFrame) -> bool:
    """Whether at least one rating is about a stretch of its item."""
    return not bool(np.isnan(distinct(table["start"].to_numpy())).all())


def row_name(table: pd.DataFrame, position: int, where: str) -> str:
    """How an error names a row: its number, from 1, with its item and rater."""
    row = table.iloc[position]
    return f"{where}, row {position + 1} (item {str(row['item'])!r}, rater {str(row['rater'])!r})"


def validated(table: pd.DataFrame, schemes: Mapping[str, Scheme], where: str) -> pd.DataFrame:
    """The checked table with exactly the columns ``COLUMNS``.

    Raises:
        BadInput: an empty table, a missing column or cell, an unknown label or scheme, a value that is NaN or out of
            range, a segment that ends before it starts, the same rating twice, two labels of one rater in a
            categorical scheme.
    """
    if len(table) == 0:
        raise BadInput("there is no rating", where=where)
    only = only_scheme(table, schemes, where)
    missing = [column for column in ("item", "rater", "label") if column not in table.columns]
    if missing:
        present = ", ".join(map(str, table.columns))
        raise BadInput(f"column {missing[0]!r} is missing", where=where, mend=f"present: {present}")
    columns: dict[str, Any] = {
        column: _names(table[column], column, where) for column in NAMES if column in table.columns
    }
    if only is not None:
        columns["scheme"] = constant_category(only, len(table))
    columns |= {column: _seconds(table, column, where) for column in TIMES}
    columns["value"] = _values(table, schemes, where)
    clean = frame_of(columns)
    _check_values(clean, schemes, where)
    _check_times(clean, where)
    _check_doubles(clean, schemes, where)
    return clean


# -- columns ------------------------------------------------------------------------------------------------------


def _names(series: pd.Series, column: str, where: str) -> pd.Categorical:
    """Ids as categories, without unused ones, in order of first use or of the given categories."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        values = without_unused(series.array)
        codes, names = values.codes, values.categories
    else:
        codes, names = pd.factorize(series)
    words = [name if type(name) is str else str(name) for name in names]
    if len(set(words)) < len(words):  # 1 and "1" are one id
        again, unique = pd.factorize(np.array(words, dtype=object))
        codes, words = np.append(again, -1)[codes], list(unique)
    empty = codes < 0
    if "" in words:
        empty |= codes == words.index("")
    if empty.any():
        raise BadInput(f"column {column!r} is empty", where=f"{where}, row {int(empty.argmax()) + 1}")
    return category(codes, words)


def _seconds(table: pd.DataFrame, column: str, where: str) -> npt.NDArray[np.float64]:
    rows = len(table)
    if column not in table.columns:
        return constant(np.nan, rows)
    series = table[column]
    if pd.api.types.is_timedelta64_dtype(series.dtype):
        series = series.dt.total_seconds()
    numbers = _numbers(series, column, where)
    return constant(np.nan, rows) if np.isnan(numbers).all() else numbers


def _values(table: pd.DataFrame, schemes: Mapping[str, Scheme], where: str) -> npt.NDArray[np.float64]:
    if "value" not in table.columns:
        if not all(scheme.is_nominal for scheme in schemes.values()):
            raise BadInput("column 'value' is missing", where=where, mend="numeric schemes need a number a rating")
        return constant(1.0, len(table))
    numbers = _numbers(table["value"], "value", where)
    return constant(1.0, len(table)) if (numbers == 1.0).all() else numbers


def _numbers(series: pd.Series, column: str, where: str) -> npt.NDArray[np.float64]:
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    try:
        return pd.to_numeric(series).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError):
        numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        position = int((np.isnan(numbers) & series.notna().to_numpy()).argmax())
        raise BadInput(
            f"{column} {series.iloc[position]!r} is not a number", where=f"{where}, row {position + 1}"
        ) from None


# -- checks -------------------------------------------------------------------------------------------------------


def _check_values(table: pd.DataFrame, schemes: Mapping[str, Scheme], where: str) -> None:
    scheme_codes = table["scheme"].cat.codes.to_numpy()
    label_codes = table["label"].cat.codes.to_numpy()
    labels = list(table["label"].cat.categories)
    values = table["value"].to_numpy()
    several = len(table["scheme"].cat.categories) > 1
    for code, name in enumerate(table["scheme"].cat.categories):
        scheme = known_scheme(schemes, name, where)
        rows = np.flatnonzero(scheme_codes == code) if several else slice(None)
        foreign = np.array([label not in scheme.labels for label in labels])
        if foreign.any():
            bad = foreign[label_codes[rows]]
            if bad.any():
                position = _position(rows, bad)
                raise BadInput(
                    f"unknown label {labels[label_codes[position]]!r} in scheme {name!r}",
                    where=row_name(table, position, where),
                    mend=f"legal: {', '.join(scheme.labels)}",
                )
        low, high = scheme.range or (1.0, 1.0)
        part = distinct(values) if is_constant(values) else values[rows]
        bad = ~((part >= low) & (part <= high))  # NaN fails both
        if bad.any():
            position = _position(rows, bad)
            allowed = f"outside {low:g}..{high:g}" if scheme.range else "not 1 (a chosen label)"
            number = values[position]
            problem = "is missing (NaN)" if np.isnan(number) else f"{number:g} is {allowed}"
            raise BadInput(f"value {problem} in scheme {name!r}", where=row_name(table, position, where))


def _position(rows: npt.NDArray[np.intp] | slice, bad: npt.NDArray[np.bool_]) -> int:
    first = int(bad.argmax())
    return first if isinstance(rows, slice) else int(rows[first])


def _check_times(table: pd.DataFrame, where: str) -> None:
    start, end = table["start"].to_numpy(), table["end"].to_numpy()
    if is_constant(start) and is_constant(end):
        start, end = distinct(start), distinct(end)
    bad = (end < start) | (start < 0) | np.isinf(start) | np.isinf(end) | (np.isnan(start) != np.isnan(end))
    if bad.any():
        position = int(bad.argmax())
        raise BadInput(
            f"segment {start[position]:g}..{end[position]:g} is not a stretch of time that ends after it starts",
            where=row_name(table, position, where),
            mend="times are seconds from 0 up, both or none",
        )


def _check_doubles(table: pd.DataFrame, schemes: Mapping[str, Scheme], where: str) -> None:
    sizes = {column: len(table[column].cat.categories) for column in NAMES}
    codes = {column: table[column].cat.codes.to_numpy() for column in NAMES}
    # One rater gives one label in a categorical scheme: leave the label out of the key there.
    single = np.array([schemes[name].kind is Kind.CATEGORICAL for name in table["scheme"].cat.categories])
    if single.all():
        sizes["label"], codes["label"] = 1, np.zeros(1, dtype=np.int8)
    elif single.any():
        codes["label"] = np.where(single[codes["scheme"]], 0, codes["label"])
    timed = has_times(table)
    largest = sizes["item"] * sizes["rater"] * sizes["scheme"] * sizes["label"]
    if largest > LARGEST_KEY:
        keys = pd.DataFrame({column: np.broadcast_to(codes[column], len(table)) for column in NAMES})
        doubled = keys.assign(start=table["start"], end=table["end"]).duplicated().to_numpy()
    else:
        key = codes["item"].astype(np.int64)
        for column in NAMES[1:]:
            if sizes[column] > 1:
                key *= sizes[column]
                key += codes[column]
        if timed:
            doubled = pd.DataFrame({"key": key, "start": table["start"], "end": table["end"]}).duplicated().to_numpy()
        else:
            ordered = np.sort(key)  # several times faster than hashing ten million keys
            if not (ordered[1:] == ordered[:-1]).any():
                return
            doubled = pd.Series(key).duplicated().to_numpy()
    if doubled.any():
        position = int(doubled.argmax())
        where_row = row_name(table, position, where)
        raise BadInput("this rater rated this item twice", where=where_row, mend="keep one of the rows")
