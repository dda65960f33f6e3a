"""Curves with confidence bands, e.g. accuracy by layer, drawn as plain SVG in the style of the other charts.

Every curve has its name at its end, and its own color, dashes and marks: no key to look up, and no reader who needs the
color. A page that shows curves carries ``STYLE`` of this module beside that of the interval chart.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from markupsafe import escape
from matplotlib.ticker import MaxNLocator

from thymos.errors import BadInput
from thymos.report.drawing import Drawing, frame, shorten, spread_apart, text, visible
from thymos.report.interval_plot import MARKS, WIDTH
from thymos.report.numbers import interval, number

Floats = npt.NDArray[np.float64]
Scale = Callable[[float], float]

LEFT = 64  # width of the ticks of y
NAMES = 200  # width of the names at the right
TOP = 50
HEIGHT = 300  # of the plot, at least
NAME_LINE = 17  # height of a name
NAME_LETTERS = 24
MARKED_POINTS = 40  # a curve of more points has no mark at some of them
# In the order in which curves get them; the colors are those of the interval chart, as is their contrast.
COLORS = ("system", "floor", "baseline", "ceiling", "published", "ablation")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "4 2", "1 4")
SHAPES = ("system", "baseline", "floor", "ceiling", "ablation", "control")
STYLE = """
.thymos-plot .curve { fill: none; stroke-width: 2; } .thymos-plot .spread { stroke: none; fill-opacity: 0.16; }
.thymos-plot .reference { stroke: var(--ablation); stroke-dasharray: 3 3; }
.thymos-plot .leader { stroke-width: 1; opacity: 0.6; } .thymos-plot .curve-name { stroke: none; }
""" + "".join(
    f".thymos-plot .curve.{color} {{ fill: none; }} .thymos-plot .spread.{color} {{ stroke: none; }} "
    f".thymos-plot .curve-name.{color} {{ stroke: none; }}\n"
    for color in COLORS
)


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve.

    Args:
        name: stands at its end.
        x: where, rising.
        y: numbers; NaN leaves a gap.
        low: lower end of the interval of each, NaN where there is none.
        high: upper end.
    """

    name: str
    x: npt.ArrayLike
    y: npt.ArrayLike
    low: npt.ArrayLike | None = None
    high: npt.ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class _Line:
    """A checked curve: its arrays, with NaN for whatever cannot be drawn, and its place in the order of styles."""

    name: str
    number: int
    x: Floats
    y: Floats
    low: Floats
    high: Floats

    @property
    def color(self) -> str:
        return COLORS[self.number % len(COLORS)]

    @property
    def mark(self) -> str:
        # After six curves the colors come again, with other marks and dashes.
        return MARKS[SHAPES[(self.number + self.number // len(COLORS)) % len(SHAPES)]]

    @property
    def dash(self) -> str:
        return DASHES[(self.number + self.number // len(COLORS)) % len(DASHES)]


def curve_chart(
    series: Sequence[Curve],
    title: str,
    *,
    x_title: str = "",
    y_title: str = "",
    log_x: bool = False,
    references: Mapping[str, float] | None = None,
    standalone: bool = False,
) -> Drawing:
    """Draw curves over a common axis.

    Args:
        series: the curves.
        title: what is shown.
        x_title: what x is.
        y_title: what y is.
        log_x: x in decades.
        references: level lines by name, e.g. a floor.
        standalone: put the style into the SVG, for a file of its own.

    Raises:
        BadInput: no curve; arrays that are empty or of unlike length; x that is not finite and rising, or, with
            ``log_x``, not above 0.
    """
    if not series:
        raise BadInput("there is no curve", where=title, mend="pass at least one")
    lines = [_checked(curve, place, title, log_x) for place, curve in enumerate(series)]
    levels = {name: float(value) for name, value in (references or {}).items() if math.isfinite(value)}
    plot = max(HEIGHT, NAME_LINE * (len(lines) + len(levels)))
    bottom = TOP + plot
    first, last = _ends(line.x for line in lines)
    x_ticks = [tick for tick in (log_ticks(first, last) if log_x else _ticks(first, last, 10)) if first <= tick <= last]
    y_ticks = _ticks(*_ends([*(v for line in lines for v in (line.y, line.low, line.high)), *levels.values()]), 6)
    x = _scale(first, last, LEFT, WIDTH - NAMES, math.log10 if log_x else float)
    y = _scale(y_ticks[0], y_ticks[-1], bottom, TOP, float)
    body = [f'<text class="subset" x="8" y="18">{text(title)}</text>']
    body.append(f'<text class="tick" x="8" y="38">{text(y_title)}</text>' if y_title else "")
    for tick in y_ticks:
        body.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - NAMES}" y1="{y(tick)}" y2="{y(tick)}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{round(y(tick) + 4, 1)}" text-anchor="end">{tick:.6g}</text>'
        )
    body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - NAMES}" y1="{bottom}" y2="{bottom}"/>')
    for tick in x_ticks:
        body.append(
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{bottom}" y2="{bottom + 5}"/>'
            f'<text class="tick" x="{x(tick)}" y="{bottom + 19}" text-anchor="middle">{tick:.6g}</text>'
        )
    middle = round((LEFT + WIDTH - NAMES) / 2, 1)
    body.append(f'<text class="tick" x="{middle}" y="{bottom + 38}" text-anchor="middle">{text(x_title)}</text>')
    for value in levels.values():
        body.append(f'<line class="reference" x1="{LEFT}" x2="{WIDTH - NAMES}" y1="{y(value)}" y2="{y(value)}"/>')
    body += [shape for line in lines for shape in _band(line, x, y)]
    body += [shape for line in lines for shape in _curve(line, x, y)]
    body += _names(lines, levels, x, y, (TOP, bottom))
    description = describe(lines, levels, title)
    style = STYLE if standalone else ""
    return Drawing(frame((WIDTH, bottom + 48), title, description, body, style), description)


def _checked(curve: Curve, place: int, title: str, log_x: bool) -> _Line:
    where = f"{title}, {curve.name}"
    x = np.asarray(curve.x, dtype=np.float64)
    given = [curve.y, curve.low, curve.high]
    y, low, high = (
        np.full(x.shape, np.nan) if values is None else np.asarray(values, dtype=np.float64) for values in given
    )
    if x.ndim != 1 or not x.size or not (x.shape == y.shape == low.shape == high.shape):
        raise BadInput(
            f"x, y, low and high have shapes {x.shape}, {y.shape}, {low.shape} and {high.shape}",
            where=where,
            mend="pass one number for each point",
        )
    if not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise BadInput("x does not rise", where=where, mend="sort the points, each x once")
    if log_x and (x <= 0).any():
        raise BadInput("x is not above 0", where=where, mend="leave log_x out")
    y = np.where(np.isfinite(y), y, np.nan)
    whole = np.isfinite(low) & np.isfinite(high) & np.isfinite(y)
    return _Line(curve.name, place, x, y, np.where(whole, low, np.nan), np.where(whole, high, np.nan))


def _ends(values: Iterator[Floats] | Sequence[Floats | float]) -> tuple[float, float]:
    """Lowest and highest finite number; 0 and 1 where there is none, and a little room where there is but one."""
    found = np.concatenate([np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in values])
    found = found[np.isfinite(found)]
    if not found.size:
        return 0.0, 1.0
    low, high = float(found.min()), float(found.max())
    if math.isclose(low, high):
        return low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    return low, high


def _ticks(low: float, high: float, most: int) -> list[float]:
    return [float(tick) for tick in MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers in decades around two ends: 1, 2 and 5 in each, or only 1 where that would be more than ten.

    Example:
        >>> log_ticks(1, 30)
        [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for kept in ((1, 2, 5), (1,)):
        ticks = [float(f"{digit}e{decade}") for decade in decades for digit in kept]
        first = max((k for k, tick in enumerate(ticks) if tick <= low), default=0)
        last = min((k for k, tick in enumerate(ticks) if tick >= high), default=len(ticks) - 1)
        ticks = ticks[first : last + 1]
        if len(ticks) <= 10:
            break
    return ticks


def _scale(low: float, high: float, start: float, end: float, form: Callable[[float], float]) -> Scale:
    first, last = form(low), form(high)
    return lambda value: round(start + (form(value) - first) / (last - first) * (end - start), 1)


def _runs(there: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.int64]]:
    """Places of unbroken runs of True."""
    places = np.flatnonzero(there)
    return [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if run.size]


def _band(line: _Line, x: Scale, y: Scale) -> list[str]:
    drawn = []
    for run in _runs(np.isfinite(line.low)):
        upper = [f"{x(line.x[k])} {y(line.high[k])}" for k in run]
        lower = [f"{x(line.x[k])} {y(line.low[k])}" for k in reversed(run)]
        drawn.append(f'<path class="spread {line.color}" d="M{" L".join([*upper, *lower])} Z"/>')
    return drawn


def _curve(line: _Line, x: Scale, y: Scale) -> list[str]:
    drawn = []
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    for run in _runs(np.isfinite(line.y)):
        points = " L".join(f"{x(line.x[k])} {y(line.y[k])}" for k in run)
        drawn.append(f'<path class="curve {line.color}"{dash} d="M{points}"/>')
    step = math.ceil(len(line.x) / MARKED_POINTS)
    for k in np.flatnonzero(np.isfinite(line.y)):
        low, high = (None if np.isnan(ends[k]) else float(ends[k]) for ends in (line.low, line.high))
        value = f"{number(float(line.y[k]))} {interval(low, high)}".strip()
        title = f"<title>{text(line.name)}, {line.x[k]:.6g}: {value}</title>"
        shape = f'<g transform="scale(0.7)">{line.mark}</g>' if k % step == 0 else '<circle r="5" opacity="0"/>'
        drawn.append(f'<g class="{line.color}" transform="translate({x(line.x[k])} {y(line.y[k])})">{title}{shape}</g>')
    return drawn


def _names(
    lines: Sequence[_Line], levels: Mapping[str, float], x: Scale, y: Scale, room: tuple[float, float]
) -> list[str]:
    """Names at the ends of curves and level lines, moved apart where they would overlap, each tied to its end."""
    wanted: list[tuple[float, float, str, _Line | None]] = []
    for line in lines:
        there = np.flatnonzero(np.isfinite(line.y))
        end = (x(line.x[there[-1]]), y(line.y[there[-1]])) if there.size else (WIDTH - NAMES, room[1])
        wanted.append((end[1], end[0], line.name if there.size else f"{line.name} (no values)", line))
    wanted += [(y(value), WIDTH - NAMES, name, None) for name, value in levels.items()]
    drawn = []
    left = WIDTH - NAMES + 24
    places = spread_apart([height for height, *_ in wanted], NAME_LINE, room)
    for (height, end_x, name, own), place in zip(wanted, places, strict=True):
        color = own.color if own else "reference"
        drawn.append(
            f'<path class="{color} leader" fill="none" d="M{round(end_x + 5, 1)} {height} L{left - 6} {place}"/>'
        )
        if own:
            drawn.append(f'<g class="{color}" transform="translate({left} {place}) scale(0.7)">{own.mark}</g>')
        shown = escape(shorten(name, NAME_LETTERS))
        kind = f"{color} curve-name" if own else "curve-name"
        drawn.append(f'<text class="{kind}" x="{left + 9}" y="{round(place + 4, 1)}">{shown}</text>')
    return drawn


def describe(lines: Sequence[_Line], levels: Mapping[str, float], title: str) -> str:
    """The curves in words: where each begins, ends and is highest."""
    parts = []
    for line in lines[:6]:
        there = np.flatnonzero(np.isfinite(line.y))
        if not there.size:
            parts.append(f"{visible(line.name)}: no values")
            continue
        first, last, top = there[0], there[-1], there[int(np.argmax(line.y[there]))]
        begins, ends, highest = (f"{number(float(line.y[k]))} at {line.x[k]:.6g}" for k in (first, last, top))
        parts.append(f"{visible(line.name)}: from {begins} to {ends}, highest {highest}")
    more = f"; and {len(lines) - 6} further curves" if len(lines) > 6 else ""
    known = "".join(f"; {visible(name)} at {number(value)}" for name, value in levels.items())
    return f"{visible(title)}. {'; '.join(parts)}{more}{known}."
