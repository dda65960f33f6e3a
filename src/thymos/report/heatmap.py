"""Tables of numbers as colored cells, e.g. layers x tokens or layers x heads, drawn as plain SVG.

Colors are classes and not values, so that they follow the reader's light or dark mode like the other charts; a page
that shows a heatmap carries ``STYLE`` of this module beside that of the interval chart. Every cell says its number in a
tooltip, and where there is room in the cell itself.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from markupsafe import escape

from thymos.errors import BadInput
from thymos.report.drawing import Drawing, frame, shorten, text, visible
from thymos.report.interval_plot import WIDTH
from thymos.report.numbers import number

Scale = Literal["diverging", "sequential"]
Limits = tuple[float, float]

STEPS = 21  # colors of a scale; the middle one of a diverging scale is 0
LINE = 16  # height of a row of cells
NARROWEST, WIDEST = 11.0, 64.0  # of a cell; text of 11 px has to fit beside its neighbor
ROOM = 40.0  # width from which a cell carries its number
LETTER = 6.4  # width of a letter of the labels
LABEL_LETTERS = 18
BAR = 200  # width of the legend

# Ends and middles of the scales: colors between them are mixed. Blue and orange stay apart in all common kinds of color
# blindness, and lightness rises or falls steadily, so that a print in gray still reads.
STOPS: Mapping[Scale, Mapping[str, tuple[str, ...]]] = {
    "diverging": {
        "light": ("#08306b", "#3f7fbf", "#a9cbe8", "#f5f5f3", "#f5c08a", "#d0701a", "#6e2c00"),
        "dark": ("#b5dcff", "#5b9fe0", "#27507c", "#24292e", "#7a4718", "#e08a34", "#ffdcae"),
    },
    "sequential": {
        "light": ("#f5f5f3", "#b9d7ea", "#5b9fc9", "#1f6aa5", "#08306b"),
        "dark": ("#24292e", "#22486d", "#2f77b5", "#71b4ea", "#d6ecff"),
    },
}


def mix_color(stops: Sequence[str], share: float) -> str:
    """The color at a share of the way through some colors, mixed in sRGB.

    Example:
        >>> mix_color(("#000000", "#ffffff"), 0.5)
        '#808080'
    """
    place = share * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    ends = [[int(stop[k : k + 2], 16) for k in (1, 3, 5)] for stop in stops[first : first + 2]]
    return "#" + "".join(f"{int(a + (b - a) * (place - first) + 0.5):02x}" for a, b in zip(*ends, strict=True))


def luminance(color: str) -> float:
    """Relative luminance of a color after WCAG 2, from 0 (black) to 1 (white)."""
    channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def step_colors(scale: Scale, mode: str) -> list[tuple[str, str]]:
    """(color of a cell, color of the number in it) for each step; black or white, whichever has more contrast."""
    colors = [mix_color(STOPS[scale][mode], step / (STEPS - 1)) for step in range(STEPS)]
    return [(color, "#000000" if (luminance(color) + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff") for color in colors]


def _step_rules(mode: str) -> str:
    return "".join(
        f".thymos-plot rect.{scale[:3]}{step} {{ fill: {color}; }} "
        f".thymos-plot text.{scale[:3]}{step} {{ fill: {ink}; }}\n"
        for scale in STOPS
        for step, (color, ink) in enumerate(step_colors(scale, mode))
    )


STYLE = f"""
{_step_rules("light")}@media (prefers-color-scheme: dark) {{
{_step_rules("dark")}}}
.thymos-plot .cell {{ font-size: 11px; text-anchor: middle; font-variant-numeric: tabular-nums; pointer-events: none; }}
.thymos-plot .name {{ font-size: 11px; }}
.thymos-plot .frame {{ fill: none; stroke: var(--grid); }}
.thymos-plot .missing rect {{ fill: var(--band); }} .thymos-plot .missing path {{ stroke: var(--ablation); }}
"""


def heatmap(
    values: npt.ArrayLike,
    rows: Sequence[str | int],
    columns: Sequence[str | int],
    title: str,
    *,
    row_title: str = "",
    column_title: str = "",
    scale: Scale = "diverging",
    limits: Limits | None = None,
    standalone: bool = False,
) -> Drawing:
    """Draw a table of numbers.

    Args:
        values: shape (rows, columns); NaN and infinite numbers are shown as missing.
        rows: names of the rows, from top to bottom.
        columns: names of the columns.
        title: what is shown.
        row_title: what the rows are, e.g. ``"layer"``.
        column_title: what the columns are, e.g. ``"token"``.
        scale: ``"diverging"`` around 0, or ``"sequential"`` from the lowest to the highest number.
        limits: numbers at the ends of the scale; those beyond get the color of the end. Default: the numbers' own, the
            same on both sides of 0 for a diverging scale.
        standalone: put the style into the SVG, for a file of its own.

    Raises:
        BadInput: no cells, names that do not fit the shape, limits that are not two rising numbers.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise BadInput(f"the values have shape {table.shape}", where=title, mend="pass rows x columns")
    if table.shape != (len(rows), len(columns)):
        raise BadInput(
            f"{len(rows)} rows and {len(columns)} columns are named, there are {table.shape[0]} and {table.shape[1]}",
            where=title,
            mend="name each",
        )
    table = np.where(np.isfinite(table), table, np.nan)
    low, high = scale_limits(table, scale, limits, title)
    names = [shorten(name, LABEL_LETTERS) for name in rows], [shorten(name, LABEL_LETTERS) for name in columns]
    left = round(28 + LETTER * max(len(row_title), *map(len, names[0])))
    width = min(WIDEST, max(NARROWEST, (WIDTH - left - 12) / table.shape[1]))
    right = left + width * table.shape[1]
    # Names of columns stand upright when they do not fit side by side.
    upright = max(map(len, names[1])) * LETTER + 4 > width
    top = 44 + (LETTER * max(map(len, names[1])) + 6 if upright else 18)
    bottom = top + LINE * table.shape[0]
    size = (max(WIDTH, math.ceil(right + 12)), math.ceil(bottom + 56))
    body = [f'<text class="subset" x="8" y="18">{text(title)}</text>']
    body += _axis_titles(row_title, column_title, left, top)
    for place, name in enumerate(names[0]):
        y = _at(top, LINE, place + 0.75)
        body.append(f'<text class="name" x="{left - 6}" y="{y}" text-anchor="end">{escape(name)}</text>')
    for place, name in enumerate(names[1]):
        x = _at(left, width, place + 0.5)
        turned = f' transform="rotate(-90 {round(x + 4, 1)} {round(top - 6, 1)})"' if upright else ""
        anchor = "start" if upright else "middle"
        x = round(x + 4, 1) if upright else x
        body.append(
            f'<text class="name" x="{x}" y="{round(top - 6, 1)}" text-anchor="{anchor}"{turned}>{escape(name)}</text>'
        )
    body += _cells(table, rows, columns, (row_title, column_title), (left, top, width), (low, high), scale)
    body.append(
        f'<rect class="frame" x="{left}" y="{round(top, 1)}" width="{round(right - left, 1)}" '
        f'height="{LINE * table.shape[0]}"/>'
    )
    body += _legend(table, (low, high), scale, left, bottom + 16)
    description = describe(table, rows, columns, title)
    return Drawing(frame(size, title, description, body, STYLE if standalone else ""), description)


def scale_limits(table: npt.NDArray[np.float64], scale: Scale, limits: Limits | None, where: str) -> Limits:
    """Numbers at the ends of the scale; a table of one number, or of none, gets a scale around it."""
    if scale not in STOPS:
        raise BadInput(f"there is no scale {scale!r}", where=where, mend=f"use {' or '.join(STOPS)}")
    if limits is not None:
        if not (math.isfinite(limits[0]) and math.isfinite(limits[1]) and limits[0] < limits[1]):
            raise BadInput(f"the limits are {limits}", where=where, mend="pass a lower and a higher number")
        return limits
    found = table[~np.isnan(table)]
    if scale == "diverging":
        most = float(np.abs(found).max()) if found.size else 0.0
        return (-most, most) if most > 0 else (-1.0, 1.0)
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
    return (low, high) if low < high else (low, low + (abs(low) or 1.0))


def step_of(value: float, limits: Limits) -> int:
    """The color of a number, from 0 to ``STEPS - 1``; numbers beyond the limits get the color of the end.

    Example:
        >>> step_of(0.0, (-2.0, 2.0)), step_of(5.0, (-2.0, 2.0))
        (10, 20)
    """
    share = (min(max(value, limits[0]), limits[1]) - limits[0]) / (limits[1] - limits[0])
    return min(STEPS - 1, int(share * STEPS))


def _at(start: float, each: float, place: float) -> float:
    return round(start + each * place, 1)


def _axis_titles(row_title: str, column_title: str, left: float, top: float) -> list[str]:
    titles = []
    if row_title:
        titles.append(
            f'<text class="tick" x="{left - 6}" y="{round(top - 6, 1)}" text-anchor="end">{text(row_title)}</text>'
        )
    if column_title:
        titles.append(f'<text class="tick" x="{left}" y="38">{text(column_title)} →</text>')
    return titles


def _cells(
    table: npt.NDArray[np.float64],
    rows: Sequence[str | int],
    columns: Sequence[str | int],
    titles: tuple[str, str],
    grid: tuple[float, float, float],
    limits: Limits,
    scale: Scale,
) -> list[str]:
    left, top, width = grid
    row_names = [text(f"{titles[0]} {name}".strip()) for name in rows]
    column_names = [text(f"{titles[1]} {name}".strip()) for name in columns]
    drawn = []
    for i, line in enumerate(table):
        for j, value in enumerate(line):
            # Ends are rounded and not widths, so that no gap opens between cells.
            x, y, end = _at(left, width, j), _at(top, LINE, i), _at(left, width, j + 1)
            box = f'x="{x}" y="{y}" width="{round(end - x, 1)}" height="{LINE}"'
            missing = bool(np.isnan(value))
            label = (
                f"<title>{row_names[i]}, {column_names[j]}: {'missing' if missing else number(float(value))}</title>"
            )
            if missing:
                cross = f'<path d="M{x} {y + LINE} L{end} {y}"/>'
                drawn.append(f'<g class="missing">{label}<rect {box}/>{cross}</g>')
                continue
            step = step_of(float(value), limits)
            drawn.append(f'<rect class="{scale[:3]}{step}" {box}>{label}</rect>')
            if width >= ROOM:
                middle = f'x="{_at(left, width, j + 0.5)}" y="{y + 12}"'
                drawn.append(f'<text class="cell {scale[:3]}{step}" {middle}>{number(float(value))}</text>')
    return drawn


def _legend(table: npt.NDArray[np.float64], limits: Limits, scale: Scale, left: float, top: float) -> list[str]:
    """The scale with its ends and middle, with a sign where numbers lie beyond; and the mark of missing cells."""
    found = table[~np.isnan(table)]
    width = BAR / STEPS
    drawn = []
    for step in range(STEPS):
        x, end = _at(left, width, step), _at(left, width, step + 1)
        drawn.append(
            f'<rect class="{scale[:3]}{step}" x="{x}" y="{round(top, 1)}" width="{round(end - x, 1)}" height="12"/>'
        )
    drawn.append(f'<rect class="frame" x="{left}" y="{round(top, 1)}" width="{BAR}" height="12"/>')
    below = "≤ " if found.size and found.min() < limits[0] else ""
    above = "≥ " if found.size and found.max() > limits[1] else ""
    middle = (limits[0] + limits[1]) / 2
    ends = (
        (0.0, "start", below + _end(limits[0])),
        (0.5, "middle", _end(middle)),
        (1.0, "end", above + _end(limits[1])),
    )
    for share, anchor, shown in ends:
        place = f'x="{_at(left, BAR, share)}" y="{round(top + 27, 1)}"'
        drawn.append(f'<text class="tick" {place} text-anchor="{anchor}">{shown}</text>')
    if np.isnan(table).any():
        x, y = left + BAR + 40, round(top, 1)
        drawn.append(
            f'<g class="missing"><rect x="{x}" y="{y}" width="{LINE}" height="12"/>'
            f'<path d="M{x} {y + 12} L{x + LINE} {y}"/></g>'
            f'<text class="tick" x="{x + LINE + 6}" y="{y + 11}">missing</text>'
        )
    return drawn


def _end(value: float) -> str:
    return f"{value:.3g}"


def describe(
    table: npt.NDArray[np.float64], rows: Sequence[str | int], columns: Sequence[str | int], title: str
) -> str:
    """The table in words: its size, its range and where its ends are."""
    size = f"{visible(title)}: {table.shape[0]} rows, {table.shape[1]} columns"
    if np.isnan(table).all():
        return f"{size}, all missing."
    ends = []
    for word, place in (("lowest", np.nanargmin(table)), ("highest", np.nanargmax(table))):
        i, j = np.unravel_index(int(place), table.shape)
        ends.append(f"{word} {number(float(table[i, j]))} at {visible(rows[int(i)])}, {visible(columns[int(j)])}")
    missing = int(np.isnan(table).sum())
    return f"{size}; {'; '.join(ends)}{f'; {missing} missing' if missing else ''}."
