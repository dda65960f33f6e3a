"""Checks that the readers of question-and-answer benchmarks share."""

from collections.abc import Iterable
from typing import Any

from thymos.errors import BadInput


def text_of(value: Any, what: str, where: str) -> str:
    """The value as a text that is not empty, without blanks around it."""
    if not isinstance(value, str):
        raise BadInput(f"{what} {value!r} is not a text", where=where)
    if not value.strip():
        raise BadInput(f"{what} is empty", where=where)
    return value.strip()


def texts_of(value: Any, what: str, where: str) -> tuple[str, ...]:
    """One text, or a list of texts, as a tuple without doubles; blank entries of a list are left out."""
    entries = value if isinstance(value, list) else [value]
    kept = [entry for entry in entries if not (isinstance(entry, str) and not entry.strip())]
    if not kept:
        raise BadInput(f"{what} is empty", where=where)
    return without_doubles(text_of(entry, what, where) for entry in kept)


def number_text(value: Any, what: str, where: str) -> str:
    """A number as plain digits: 145.0 becomes "145", 1.84 stays "1.84"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadInput(f"{what} {value!r} is not a number", where=where)
    if value in (float("inf"), float("-inf")):
        raise BadInput(f"{what} {value!r} is not a finite number", where=where)
    # 12 digits: some releases hold sums in binary, 0.8500000000000001.
    return str(int(value)) if float(value).is_integer() else f"{value:.12g}"


def without_doubles(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in order.

    Example:
        >>> without_doubles(["b", "a", "b"])
        ('b', 'a')
    """
    return tuple(dict.fromkeys(texts))
