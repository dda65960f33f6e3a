"""Parquet files of releases: opened so that a damaged one is one clear error."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from thymos.errors import BadInput

# What pyarrow raises for broken files: bad structure, bad compression, missing row groups, texts that are not UTF-8.
DAMAGED = (pyarrow.ArrowException, OSError, IndexError, UnicodeDecodeError)
REASON = 120  # characters of pyarrow's own message


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """A ``pyarrow.parquet.ParquetFile``; whatever goes wrong while it is used is BadInput that names the file."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except DAMAGED as error:
        reason = " ".join(str(error).split())[:REASON]
        raise BadInput(f"this is not a whole parquet file ({reason})", where=path, mend="get the file again") from None
