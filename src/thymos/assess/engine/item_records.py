"""Benchmark items as plain records: so that an Inspect log holds everything that its scores can be recomputed from."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.errors import BadInput

SEQUENCES = ("answers", "options")


def item_to_record(item: BenchmarkItem) -> dict[str, Any]:
    """The item as JSON-able values."""
    record: dict[str, Any] = {entry.name: getattr(item, entry.name) for entry in fields(item)}
    return record | {name: list(record[name]) for name in SEQUENCES} | {"tags": dict(item.tags)}


def item_from_record(record: Mapping[str, Any]) -> BenchmarkItem:
    """The inverse of ``item_to_record``.

    Raises:
        BadInput: the record is not one of ours.
    """
    known = {entry.name for entry in fields(BenchmarkItem)}
    try:
        return BenchmarkItem(**{name: value for name, value in record.items() if name in known})
    except TypeError as error:
        raise BadInput(f"this is no record of a benchmark item ({error})", where="Inspect log") from None
