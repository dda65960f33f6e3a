"""Reading the files of releases: every cell as text, errors that name file and line, numbers checked one by one.

Nothing is guessed here. ``NA`` in an utterance stays ``NA``, ``007`` stays ``007``, and a number that is not one is
an error with its line. The tables come back indexed by ``line``, the line of the file that a row ends on.
"""

import json
import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.errors import BadInput
from thymos.files import read_text, require_file
from thymos.tabular import read_cells, read_table, require_columns

__all__ = [
    "check_unique",
    "check_vocabulary",
    "decode_json",
    "file_version",
    "find_file",
    "numbers",
    "optional_file",
    "read_cells",
    "read_json",
    "read_json_lines",
    "read_lines",
    "read_table",
    "require_columns",
    "require_fields",
]


def optional_file(folder: Path, *candidates: str) -> Path | None:
    """The first of the candidate paths below ``folder`` that exists, else None."""
    return next((folder / name for name in candidates if (folder / name).is_file()), None)


def find_file(folder: Path, *candidates: str) -> Path:
    """The first of the candidate paths below ``folder`` that exists; BadInput names all of them."""
    if not Path(folder).is_dir():
        raise BadInput("there is no such folder", where=folder, mend="check the path")
    found = optional_file(folder, *candidates)
    if found is None:
        others = f" (nor {', '.join(candidates[1:])})" if len(candidates) > 1 else ""
        raise BadInput(
            f"there is no file {candidates[0]}{others}", where=folder, mend="get the release and keep its file names"
        )
    return found


def file_version(path: str | Path) -> tuple[int, int]:
    """When a file was changed (nanoseconds) and its size: part of the key where what was read is kept in memory."""
    status = require_file(path).stat()
    return status.st_mtime_ns, status.st_size


def read_lines(
    path: Path,
    columns: Sequence[str],
    *,
    delimiter: str | None = "\t",
    header: bool = False,
    optional: int = 0,
    encoding: str = "utf-8",
) -> pd.DataFrame:
    """Read a file in which quotes are text: one record a line, split at the delimiter and nowhere else.

    Args:
        path: the file.
        columns: names of the fields; each line must have as many.
        delimiter: one character; None splits at runs of blanks.
        header: True where the first line names the columns; it must name exactly these.
        optional: how many of the last columns a line may leave out; they are "" then.
        encoding: of the file; a byte-order mark is skipped.

    Returns:
        All cells as text, indexed by ``line`` (1-based). Only ``\\n`` ends a line: tweets hold other line separators.

    Raises:
        BadInput: no such file, a wrong encoding, an empty file, a line with another number of fields.
    """
    content = read_text(path, encoding=encoding).removeprefix("\ufeff")
    rows: list[list[str]] = []
    lines: list[int] = []
    named = False
    for number, text in enumerate(content.split("\n"), start=1):
        line = text.removesuffix("\r")
        if not line.strip():
            continue
        row = line.split(delimiter)
        missing = len(columns) - len(row)
        if not 0 <= missing <= optional:
            raise BadInput(
                f"{len(row)} fields found, {len(columns)} expected ({', '.join(columns)})",
                where=f"{path}, line {number}",
                mend=f"fields are divided by {'a blank' if delimiter is None else repr(delimiter)}",
            )
        if header and not named:
            named = True
            if row != list(columns[: len(row)]):
                raise BadInput(f"the columns are not {', '.join(columns)}", where=f"{path}, line {number}")
            continue
        rows.append(row + [""] * missing)
        lines.append(number)
    if not rows:
        raise BadInput("the file is empty", where=path)
    return pd.DataFrame(rows, columns=list(columns), index=pd.Index(lines, name="line"), dtype=object)


# -- JSON ---------------------------------------------------------------------------------------------------------


def read_json(path: Path, *, prepare: Callable[[str], str] | None = None) -> Any:
    """Read a JSON file; ``prepare`` may strip what surrounds the JSON (it must not remove lines)."""
    text = read_text(path).removeprefix("\ufeff")
    return decode_json(prepare(text) if prepare else text, path)


def read_json_lines(path: Path) -> list[tuple[int, Any]]:
    """Read a file of one JSON value a line: (line number, value); blank lines are skipped."""
    lines = read_text(path).removeprefix("\ufeff").split("\n")
    values = [(number, decode_json(line, path, number)) for number, line in enumerate(lines, 1) if line.strip()]
    if not values:
        raise BadInput("the file is empty", where=path)
    return values


def decode_json(text: str, path: Path, line: int | None = None) -> Any:
    """Parse JSON text; an error names the line (``line`` where the text is one line of a larger file)."""
    if not text.strip():
        raise BadInput("the file is empty", where=path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"this is not JSON ({error.msg})",
            where=f"{path}, line {line or error.lineno}",
            mend="the file may be cut off: get it again",
        ) from None
    except RecursionError:
        raise BadInput("the JSON is nested too deeply", where=path) from None


def require_fields(value: Any, fields: Sequence[str], *, where: str) -> Mapping[str, Any]:
    """The value as a mapping that has these fields, else BadInput."""
    if not isinstance(value, Mapping):
        raise BadInput(f"an object is needed here, not {type(value).__name__}", where=where)
    missing = [name for name in fields if name not in value]
    if missing:
        raise BadInput(
            f"field {missing[0]!r} is missing", where=where, mend=f"present: {', '.join(map(str, list(value)[:20]))}"
        )
    return value


# -- checks that name the line ------------------------------------------------------------------------------------


def _line(series: pd.Series, position: int, where: str | Path) -> str:
    return f"{where}, line {series.index[position]}"


def check_vocabulary(series: pd.Series, labels: Collection[Hashable], *, where: str | Path, what: str) -> pd.Series:
    """Return the series when every value is one of ``labels``; else BadInput with the line and the legal labels."""
    known = series.isin(list(labels)).to_numpy()
    if not known.all():
        position = int((~known).argmax())
        raise BadInput(
            f"unknown {what} {series.iloc[position]!r}",
            where=_line(series, position, where),
            mend=f"legal: {', '.join(map(str, labels))}",
        )
    return series


def check_unique(series: pd.Series, *, where: str | Path, what: str) -> pd.Series:
    """Return the series when no value is empty and none stands twice; else BadInput with the line."""
    empty = (series.isna() | (series.astype(str).str.strip() == "")).to_numpy()
    if empty.any():
        raise BadInput(f"{what} is empty", where=_line(series, int(empty.argmax()), where))
    doubled = series.duplicated().to_numpy()
    if doubled.any():
        position = int(doubled.argmax())
        first = series.index[int((series == series.iloc[position]).to_numpy().argmax())]
        raise BadInput(
            f"{what} {series.iloc[position]!r} stands twice (first in line {first})",
            where=_line(series, position, where),
            mend="keep one of the rows",
        )
    return series


def numbers(
    series: pd.Series,
    *,
    where: str | Path,
    low: float = -math.inf,
    high: float = math.inf,
    whole: bool = False,
    what: str = "",
) -> pd.Series:
    """Turn a column of text into numbers; a cell that is empty, NaN, no number or out of range is an error.

    Args:
        series: text cells (or numbers) indexed by line.
        where: the file, for errors.
        low: lowest legal number.
        high: highest legal number.
        whole: True where only whole numbers are legal; the result is then int64.
        what: name of the column in errors; default the series' name.
    """
    values = pd.Series([_number(cell) for cell in series], index=series.index, name=series.name, dtype=float)
    bad = ~((values >= low) & (values <= high)).to_numpy()  # NaN fails both
    if whole:
        bad |= (values != values.round()).to_numpy()
    if bad.any():
        position = int(bad.argmax())
        cell = series.iloc[position]
        if math.isnan(values.iloc[position]):
            problem = "is empty" if pd.isna(cell) or str(cell).strip() == "" else f"{cell!r} is not a number"
        elif not low <= values.iloc[position] <= high:
            problem = f"{cell!r} is outside {low:g}..{high:g}"
        else:
            problem = f"{cell!r} is not a whole number"
        raise BadInput(f"{what or series.name} {problem}", where=_line(series, position, where))
    return values.astype("int64") if whole else values


def _number(cell: Any) -> float:
    """The number of a cell, correctly rounded (pandas' conversion is off in the last bit); NaN where there is none."""
    try:
        return math.nan if isinstance(cell, str) and "_" in cell else float(cell)
    except (TypeError, ValueError):
        return math.nan
