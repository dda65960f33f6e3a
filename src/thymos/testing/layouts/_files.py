"""Writing small files for the layouts."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from thymos.files import write_atomically


def write_rows(
    path: Path,
    rows: Iterable[Sequence[Any]],
    header: Sequence[str] = (),
    *,
    delimiter: str = ",",
    quoting: bool = True,
    encoding: str = "utf-8",
    newline: str = "\n",
) -> None:
    """Write a delimited file; without quoting the fields must not hold the delimiter."""
    stream = io.StringIO()
    every = [list(header), *rows] if header else list(rows)
    if quoting:
        csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(every)
    else:
        for row in every:
            stream.write(delimiter.join(str(field) for field in row) + newline)
    write_atomically(path, stream.getvalue().encode(encoding))


def write_quickly(path: Path, content: str | bytes) -> None:
    """Write one of hundreds of small files. Not ``write_atomically``: that waits for the disk each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def write_json(path: Path, value: Any, *, before: str = "") -> None:
    """Write JSON, with ``before`` put in front of it."""
    write_atomically(path, before + json.dumps(value, ensure_ascii=False, indent=2))
