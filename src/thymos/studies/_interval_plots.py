"""Rows as points with their intervals, one below the other."""

from collections.abc import Sequence
from typing import Any

from thymos.studies.contract import Row

COLORS = {"floor": "gray", "system": "C3"}


def draw_rows(axes: Any, rows: Sequence[Row], names: Sequence[str], axis: str) -> None:
    """Draw values with intervals, the first row on top.

    Args:
        axes: of matplotlib.
        rows: rows with a value; one without interval is a point.
        names: what stands beside each row.
        axis: what the values are.
    """
    for place, row in enumerate(rows):
        value = row.value or 0.0
        low, high = value if row.low is None else row.low, value if row.high is None else row.high
        color = COLORS.get(row.kind.value, "C0")
        spread = [[max(0.0, value - low)], [max(0.0, high - value)]]
        axes.errorbar([value], [place], xerr=spread, fmt="o", color=color, capsize=3)
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(axis)
