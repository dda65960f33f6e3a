"""Reading the tables of releases: exact errors instead of silently wrong columns."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from thymos.errors import BadInput
from thymos.files import read_text


def read_table(
    path: str | Path,
    *,
    delimiter: str = ",",
    columns: Sequence[str] | None = None,
    quoting: bool = True,
    encoding: str = "utf-8",
    text: bool = False,
) -> pd.DataFrame:
    """Read a delimited file.

    Args:
        path: the file.
        delimiter: one character.
        columns: names, for files without a header; each line must have that many fields.
        quoting: False for tab-separated releases in which quotes are text.
        encoding: of the file; ``utf-8`` skips a byte-order mark.
        text: keep every field as text (no numbers, no NaN for empty fields).

    Raises:
        BadInput: no such file, a wrong encoding, an empty file, a line with another number of fields.
    """
    content = read_text(path, encoding=encoding).removeprefix("\ufeff")
    if not content.strip():
        raise BadInput("the file is empty", where=path)
    rows = csv.reader(
        io.StringIO(content, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
    )
    try:
        first = next(rows)
    except csv.Error as error:
        raise BadInput(f"this is not a table ({error})", where=path) from None
    width = len(columns) if columns is not None else len(first)
    if len(first) != width or (width == 1 and columns is None and any(mark in content[:500] for mark in "\t;")):
        raise BadInput(
            f"{len(first)} fields found with delimiter {delimiter!r}, {width} expected",
            where=f"{path}, line 1",
            mend="check the delimiter",
        )
    for row in rows:
        if len(row) != width and row:
            raise BadInput(
                f"{len(row)} fields found, {width} expected",
                where=f"{path}, line {rows.line_num}",
                mend="mend the line",
            )
    try:
        return pd.read_csv(
            io.StringIO(content, newline=""),
            sep=delimiter,
            header=None if columns is not None else 0,
            names=list(columns) if columns is not None else None,
            quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
            dtype=str if text else None,
            keep_default_na=not text,
            na_filter=not text,
        )
    except pd.errors.ParserError as error:
        raise BadInput(f"this is not a table ({error})", where=path) from None


def require_columns(table: pd.DataFrame, columns: Sequence[str], *, where: str) -> None:
    """BadInput when a column is missing, with the columns that are there."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        present = ", ".join(str(column) for column in table.columns[:20])
        raise BadInput(f"column {missing[0]!r} is missing", where=where, mend=f"present: {present}")
