"""Names that the reader and the writer of ConvoKit folders share, and values as JSON can hold them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from thymos.errors import BadInput

REPLY, TIME = "reply_to", "timestamp"  # labels
START, END = "thymos_start", "thymos_end"  # metadata in the folder
UNIX = 1e8
"""Timestamps from here on count seconds since 1970 and not since the dialogue began: 1e8 seconds are three years."""

DEEPEST = 100  # levels of lists and objects in metadata


def whole(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs: JSON can hold them, files and tokenizers cannot."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def plain(value: Any, where: str, depth: int = 0) -> Any:
    """A value as JSON has it: NumPy's numbers and arrays become Python's, NaN, infinity and missing values None.

    Raises:
        BadInput: something else, e.g. a set, an object or bytes, or nesting without end.
    """
    if type(value) is str:
        return whole(value)
    if depth > DEEPEST:
        raise BadInput("metadata is nested too deeply", where=where)
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, Mapping):
        return {whole(str(name)): plain(one, where, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, where, depth + 1) for one in value]
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise BadInput(f"JSON cannot hold {type(value).__name__} {str(value)[:40]!r}", where=where)
