"""A user's table before it means anything: cells, and the line that each stands on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from thymos.errors import BadInput
from thymos.files import require_file
from thymos.tabular import read_cells

PARQUET_SUFFIXES = frozenset({".parquet", ".pq"})
# Spellings that programs write for "no value". Words such as "none" or "NA" can be labels and are left alone.
NAN_SPELLINGS = frozenset({"nan", "NaN", "NAN", "<NA>"})


@dataclass(frozen=True)
class Cells:
    """A table and where it came from.

    Args:
        frame: the columns; text cells from CSV, typed cells from Parquet; the index counts lines or rows.
        path: named in errors.
        unit: "line" (of a CSV file) or "row" (of any other table).
    """

    frame: pd.DataFrame
    path: str
    unit: str

    def where(self, line: object) -> str:
        """A place for errors, e.g. ``"votes.csv, line 12"``."""
        return f"{self.path}, {self.unit} {line}"

    def require(self, column: str, *, mend: str = "") -> None:
        """BadInput when a column is missing, with the columns that are there."""
        if column not in self.frame.columns:
            present = ", ".join(str(name) for name in self.frame.columns[:20])
            mend = f"{mend}; " if mend else ""
            raise BadInput(f"column {column!r} is missing", where=self.path, mend=f"{mend}present: {present}")

    def texts(self, column: str) -> pd.Series:
        """A column as text; an empty cell is None. Whole numbers lose the ``.0`` that Parquet gaps give them."""
        series = self.frame[column]
        if self.unit == "line":
            # CSV cells are texts already.
            return series.where((series != "").to_numpy(), None)
        if pd.api.types.is_float_dtype(series.dtype) and (series.dropna() % 1 == 0).all():
            series = series.astype("Int64")
        codes, distinct = pd.factorize(series)
        words = np.array([*(_text(cell) for cell in distinct), None], dtype=object)
        return pd.Series(words[codes], index=series.index, dtype=object)

    def filled(self, column: str) -> pd.Series:
        """A column as text without an empty cell; BadInput names the first one."""
        texts = self.texts(column)
        empty = texts.isna().to_numpy()
        if empty.any():
            line = texts.index[int(np.flatnonzero(empty)[0])]
            raise BadInput(f"column {column!r} is empty", where=self.where(line), mend="fill it or remove the line")
        return texts

    def numbers(self, column: str) -> pd.Series:
        """A column as finite numbers, NaN where the cell is empty; BadInput names the first that is none."""
        return numbers_of(self.texts(column), column, self)

    def is_numeric(self, columns: Sequence[str]) -> bool:
        """True when every filled cell of the columns is a number and there is one at all."""
        found = False
        for column in columns:
            filled = self.texts(column).dropna()
            numeric = pd.to_numeric(filled[~filled.isin(NAN_SPELLINGS)], errors="coerce")
            if numeric.isna().any():
                return False
            found = found or len(numeric) > 0
        return found


def _text(cell: object) -> str | None:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return None
    text = str(cell)
    return text if text else None


def numbers_of(texts: pd.Series, column: str, cells: Cells) -> pd.Series:
    """Texts as finite numbers, NaN where a text is None."""
    filled = texts.dropna()
    numbers = pd.to_numeric(filled, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers.to_numpy())
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        cell = filled.iloc[position]
        problem = "is not a number" if cell not in NAN_SPELLINGS else "is NaN"
        raise BadInput(
            f"value {cell!r} in column {column!r} {problem}",
            where=cells.where(filled.index[position]),
            mend="write a number or remove the line",
        )
    result: npt.NDArray[np.float64] = np.full(len(texts), np.nan)
    # pandas parses fast and loses the last bit of some numbers; float() does not.
    result[texts.notna().to_numpy()] = [float(text) for text in filled]
    return pd.Series(result, index=texts.index)


def is_parquet(path: str | Path) -> bool:
    """True for the file name endings of Parquet."""
    return Path(path).suffix.lower() in PARQUET_SUFFIXES


def read_parquet(path: str | Path) -> pa.Table:
    """A Parquet file; BadInput when it is something else or cut short."""
    path = require_file(path)
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        problem = str(error).splitlines()[0]
        raise BadInput(f"this is not a Parquet file ({problem})", where=path, mend="write it again") from None


def load_cells(path: str | Path, *, delimiter: str | None = None, encoding: str = "utf-8") -> Cells:
    """Read a CSV, TSV or Parquet file.

    Raises:
        BadInput: no such file, nothing in it, a wrong encoding or delimiter, not a Parquet file.
    """
    if not is_parquet(path):
        frame = read_cells(require_file(path), delimiter=delimiter, encoding=encoding)
        return Cells(frame, str(path), "line")
    frame = read_parquet(path).to_pandas()
    if frame.index.name is not None or frame.index.nlevels > 1:
        frame = frame.reset_index()
    return cells_from_frame(frame, str(path))


def cells_from_frame(frame: pd.DataFrame, path: str) -> Cells:
    """Cells from a table in memory; rows count from 1."""
    if len(frame) == 0:
        raise BadInput("there is no row", where=path)
    named = frame.set_axis([str(name) for name in frame.columns], axis=1)
    doubled = named.columns[named.columns.duplicated()]
    if len(doubled):
        raise BadInput(f"column {doubled[0]!r} stands twice", where=path, mend="rename one of the two")
    return Cells(named.set_axis(pd.RangeIndex(1, len(frame) + 1, name="row"), axis=0), path, "row")
