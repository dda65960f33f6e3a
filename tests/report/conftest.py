"""A result with everything that a report has to place, and hostile words in every field."""

from typing import Any

import pytest

HOSTILE = '<script>alert("x")</script> & | `code` [x](y)'


def make_row(system: str, kind: str, value: float | None, **changes: Any) -> dict[str, Any]:
    """A row as in ``results.schema.json``."""
    row: dict[str, Any] = {
        "system": system, "kind": kind, "metric": "macro_f1", "subset": "test", "value": value, "low": None,
        "high": None, "n": 100, "clusters": None, "split": "official", "guarantee": "speaker-independent",
        "seeds": [0], "comparable": False, "note": "",
    }  # fmt: skip
    return {**row, **changes}


def make_result(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A result of a run."""
    result: dict[str, Any] = {
        "study": "small_study", "card": 14, "commit": "", "command": "thymos run small_study", "date": "2026-01-02",
        "machine": "2 cores", "seconds": 75.0,
        "data": [{"corpus": "ten_items", "sha256": "ab" * 32, "items": 1234, "simulated": False}],
        "rows": rows,
        "claims": [{"text": "It is above its floor", "verdict": "holds", "evidence": "0.6 over 0.5"}],
        "run": "runs/small_study/abc", "settings": {"quick": False}, "versions": {"python": "3.11.7"},
        "left_out": [],
    }  # fmt: skip
    return {**result, **changes}


@pytest.fixture
def row() -> Any:
    """``row(system, kind, value, **changes)``."""
    return make_row


@pytest.fixture
def result() -> Any:
    """``result(rows, **changes)``."""
    return make_result


@pytest.fixture
def hostile() -> str:
    """Words that would break a page that does not escape them."""
    return HOSTILE
