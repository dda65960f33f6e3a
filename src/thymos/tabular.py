"""Reading delimited files: exact errors instead of silently wrong columns."""

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


DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


def read_cells(path: str | Path, *, delimiter: str | None = None, encoding: str = "utf-8") -> pd.DataFrame:
    """Read a user's delimited file with a header, every cell kept as the text that stands there.

    Nothing is guessed: ``001`` stays ``001`` and ``NA`` stays ``NA``. An empty cell is an empty text. The index
    (named ``line``) is the line of the file that a row ends on, so that errors can name it; blank lines are skipped.

    Args:
        path: the file.
        delimiter: one character; default a tab for ``.tsv`` and ``.tab``, else a comma.
        encoding: of the file; a UTF-8 byte-order mark is skipped.

    Raises:
        BadInput: no such file, a wrong encoding or delimiter, an empty file, a header without rows, a column name
            that is empty or stands twice, a row with another number of fields.
    """
    if delimiter is None:
        delimiter = "\t" if Path(path).suffix.lower() in {".tsv", ".tab"} else ","
    content = read_text(path, encoding=encoding).removeprefix("\ufeff")
    if not content.strip():
        raise BadInput("the file is empty", where=path)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    header: list[str] = []
    try:
        for row in reader:
            if not row or row == [""]:
                continue
            if not header:
                header = _checked_header(row, delimiter, f"{path}, line {reader.line_num}")
                continue
            if len(row) != len(header):
                raise BadInput(
                    f"{len(row)} fields found, {len(header)} expected",
                    where=f"{path}, line {reader.line_num}",
                    mend="mend the line; a field that holds the delimiter needs double quotes",
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise BadInput(
            f"this is not a table ({error})", where=f"{path}, line {reader.line_num}", mend="check the quotes"
        ) from None
    if not rows:
        raise BadInput("there is a header and no row", where=path)
    return pd.DataFrame(rows, columns=header, index=pd.Index(lines, name="line"), dtype=object)


def _checked_header(names: list[str], delimiter: str, where: str) -> list[str]:
    if len(names) == 1:
        other = next((mark for mark in DELIMITERS if mark != delimiter and mark in names[0]), None)
        if other is not None:
            raise BadInput(
                f"one column found with delimiter {delimiter!r}; {DELIMITERS[other]} seems to divide the fields",
                where=where,
                mend=f"say delimiter {other!r} (--delimiter)",
            )
    if "" in names:
        raise BadInput(f"column {names.index('') + 1} has no name", where=where, mend="name every column")
    padded = next((name for name in names if name != name.strip()), None)
    if padded is not None:
        raise BadInput(f"column name {padded!r} starts or ends with a space", where=where, mend="remove the space")
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise BadInput(f"column {doubled!r} stands twice", where=where, mend="rename one of the two")
    return names
