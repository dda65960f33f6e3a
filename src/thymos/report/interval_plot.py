"""One chart for every study: dots with intervals between floor and ceiling, drawn as plain SVG.

The SVG is written here and not by a plotting library, because it must follow the reader's light or dark mode, be
the same bytes on every machine (pages under ``docs`` are checked against it) and carry its own text description.
Color never stands alone: every kind of row has its own mark.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape
from matplotlib.ticker import MaxNLocator

from thymos.report.numbers import interval, number, words

ResultRow = Mapping[str, Any]

WIDTH = 880
LABELS = 330  # width of the names at the left
VALUES = 190  # width of the numbers at the right
LINE = 24  # height of one row
TOP = 16
MAX_ROWS = 48
LABEL_LETTERS = 50

KIND_ORDER = ("ceiling", "published", "system", "baseline", "ablation", "control", "floor")
# The mark of each kind, drawn around (0, 0); stroke and fill come from the class.
MARKS = {
    "ceiling": '<path d="M0 -6 L6 0 L0 6 L-6 0 Z"/>',
    "published": '<path d="M-5 -5 L5 5 M-5 5 L5 -5"/>',
    "system": '<circle r="5"/>',
    "baseline": '<rect x="-4.5" y="-4.5" width="9" height="9"/>',
    "ablation": '<circle class="hollow" r="4.5"/>',
    "control": '<rect class="hollow" x="-4.5" y="-4.5" width="9" height="9"/>',
    "floor": '<path d="M-6 5 L6 5 L0 -5 Z"/>',
}
STYLE = (
    """
.thymos-plot { font: 13px system-ui, sans-serif; fill: #1b1f24; --band: #e8edf2; --grid: #cfd6dd;
  --floor: #8a4b00; --ceiling: #7a2fa0; --system: #0a58a8; --baseline: #00695c; --ablation: #4a5560;
  --control: #4a5560; --published: #a3164b; }
@media (prefers-color-scheme: dark) { .thymos-plot { fill: #e8eaed; --band: #262c33; --grid: #414a53;
  --floor: #f0b25c; --ceiling: #d3a1f0; --system: #7cbcff; --baseline: #62d2bf; --ablation: #b4bec8;
  --control: #b4bec8; --published: #ff8fb4; } }
.thymos-plot .grid { stroke: var(--grid); } .thymos-plot .band { fill: var(--band); }
.thymos-plot .subset { font-weight: 600; } .thymos-plot .tick { font-size: 12px; }
.thymos-plot .number { font-size: 12px; font-variant-numeric: tabular-nums; }
"""
    + "".join(
        f".thymos-plot .{kind} {{ stroke: var(--{kind}); fill: var(--{kind}); stroke-width: 2; }}\n"
        for kind in KIND_ORDER
    )
    + ".thymos-plot .hollow { fill: none; }\n"
)


@dataclass(frozen=True)
class Chart:
    """A finished chart.

    Args:
        metric: the metric that it shows.
        svg: the drawing, to be put into a page or a file.
        description: what stands in it, in words, for readers who do not see it.
        shown: number of rows in it.
        rows: number of rows that there are.
    """

    metric: str
    svg: Markup
    description: str
    shown: int
    rows: int


def charted_metrics(rows: Sequence[ResultRow]) -> list[str]:
    """The metrics worth a chart: those with a floor or a ceiling and something to compare with it.

    A study whose floors and ceilings stand on other metrics than everything else gets its first metric with two rows.
    """
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    chosen = []
    for metric in metrics:
        kinds = [row["kind"] for row in rows if row["metric"] == metric and row["value"] is not None]
        bounds = [kind for kind in kinds if kind in ("floor", "ceiling")]
        if bounds and len(kinds) > len(bounds):
            chosen.append(metric)
    if not chosen:
        several = [m for m in metrics if sum(row["metric"] == m and row["value"] is not None for row in rows) > 1]
        chosen = several[:1]
    return chosen


def interval_chart(rows: Sequence[ResultRow], metric: str, *, standalone: bool = False) -> Chart:
    """Draw one metric: a block a subset, floor and ceiling as a band, every row a dot with its interval.

    Args:
        rows: rows of a result; published rows that are not comparable are left out, comparable ones are marked in
            the line of the same system and subset, or in a line of their own.
        metric: which metric.
        standalone: put the style into the SVG, for a file of its own.
    """
    valued = [row for row in rows if row["metric"] == metric and row["value"] is not None]
    ours = [row for row in valued if row["kind"] != "published"]
    published = {
        (row["system"], row["subset"]): row for row in valued if row["kind"] == "published" and row["comparable"]
    }
    own = {(row["system"], row["subset"]) for row in ours}
    mine = [*ours, *(row for key, row in published.items() if key not in own)]
    blocks = _blocks(mine)
    shown = [row for block in blocks for row in block]
    beside = [published[key] for row in shown if (key := (row["system"], row["subset"])) in published]
    low, high, ticks = _scale([*shown, *beside])
    height = TOP + sum(LINE * (len(block) + 1) for block in blocks) + 34

    def x(value: float) -> float:
        return round(LABELS + (value - low) / (high - low) * (WIDTH - LABELS - VALUES), 1)

    body = [
        f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{TOP}" y2="{height - 30}"/>'
        f'<text class="tick" x="{x(tick)}" y="{height - 12}" text-anchor="middle">{_tick_text(tick)}</text>'
        for tick in ticks
    ]
    y = TOP
    for block in blocks:
        body += _draw_block(block, y, x, published)
        y += LINE * (len(block) + 1)
    description = describe(blocks, metric)
    title = f"{words(metric)}: floors, systems and ceilings"
    style = f"<style>{STYLE}</style>" if standalone else ""
    svg = (
        f'<svg class="thymos-plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}. {escape(description)}">{style}<title>{escape(title)}</title>'
        f"{''.join(body)}</svg>"
    )
    return Chart(metric, Markup(svg), description, len(shown), len(mine))


def _blocks(rows: Sequence[ResultRow]) -> list[list[ResultRow]]:
    """Rows by subset, best bounds outside; subsets with a floor or ceiling first, cut at MAX_ROWS rows."""
    subsets: dict[str, list[ResultRow]] = {}
    for row in rows:
        subsets.setdefault(row["subset"], []).append(row)
    bounded = sorted(subsets.values(), key=lambda block: not any(row["kind"] in ("floor", "ceiling") for row in block))
    blocks: list[list[ResultRow]] = []
    left = MAX_ROWS
    for block in bounded:
        if left < 1:
            break
        blocks.append(sorted(block, key=lambda row: KIND_ORDER.index(row["kind"]))[:left])
        left -= len(blocks[-1])
    return blocks


def _scale(rows: Sequence[ResultRow]) -> tuple[float, float, list[float]]:
    """Ends of the axis and its ticks."""
    ends = [row[name] for row in rows for name in ("value", "low", "high") if row.get(name) is not None]
    low, high = min(ends), max(ends)
    if math.isclose(low, high):
        low, high = low - (abs(low) or 1.0) * 0.1, high + (abs(high) or 1.0) * 0.1
    ticks = [float(tick) for tick in MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    return ticks[0], ticks[-1], ticks


def _tick_text(tick: float) -> str:
    return f"{tick:.6g}"


def _draw_block(
    block: list[ResultRow], y: float, x: Callable[[float], float], published: Mapping[tuple[str, str], ResultRow]
) -> list[str]:
    drawn = [f'<text class="subset" x="8" y="{y + 16}">{escape(_short(block[0]["subset"]))}</text>']
    floors = [row["value"] for row in block if row["kind"] == "floor"]
    ceilings = [row["value"] for row in block if row["kind"] == "ceiling"]
    if floors and ceilings:
        left, right = sorted((x(floors[0]), x(ceilings[0])))
        drawn.insert(
            0,
            f'<rect class="band" x="{left}" y="{y + LINE}" width="{round(right - left, 1)}" '
            f'height="{LINE * len(block)}"/>',
        )
    for index, row in enumerate(block, start=1):
        middle = y + LINE * index + LINE / 2
        kind, at = row["kind"], x(row["value"])
        text = f"{number(row['value'])} {interval(row.get('low'), row.get('high'))}".strip()
        drawn.append(f"<g><title>{escape(row['system'])} ({kind}): {text}, n = {row['n']:,}</title>")
        drawn.append(f'<text x="20" y="{middle + 4}">{escape(_short(row["system"]))}</text>')
        if row.get("low") is not None and row.get("high") is not None:
            drawn.append(
                f'<line class="{kind}" x1="{x(row["low"])}" x2="{x(row["high"])}" y1="{middle}" y2="{middle}"/>'
            )
        drawn.append(f'<g class="{kind}" transform="translate({at} {middle})">{MARKS[kind]}</g>')
        told = published.get((row["system"], row["subset"]))
        if told is not None and kind != "published":
            drawn.append(
                f'<g class="published" transform="translate({x(told["value"])} {middle})">{MARKS["published"]}'
                f"<title>published: {number(told['value'])}</title></g>"
            )
        drawn.append(f'<text class="number" x="{WIDTH - VALUES + 14}" y="{middle + 4}">{text}</text></g>')
    return drawn


def _short(text: str) -> str:
    return text if len(text) <= LABEL_LETTERS else f"{text[: LABEL_LETTERS - 1]}…"


def describe(blocks: Sequence[Sequence[ResultRow]], metric: str) -> str:
    """The chart in words: per subset the floor, the ceiling and the range of what lies between."""
    sentences = []
    for block in blocks[:4]:
        parts = []
        for kind in ("floor", "ceiling"):
            values = [row["value"] for row in block if row["kind"] == kind]
            if values:
                parts.append(f"{kind} {number(max(values) if kind == 'floor' else values[0])}")
        others = [row["value"] for row in block if row["kind"] not in ("floor", "ceiling")]
        if others:
            parts.append(f"others from {number(min(others))} to {number(max(others))}")
        sentences.append(f"{block[0]['subset']}: {', '.join(parts)}")
    more = f"; and {len(blocks) - 4} further subsets" if len(blocks) > 4 else ""
    return f"{words(metric)}. {'; '.join(sentences)}{more}. All numbers stand in the table."


def legend() -> Markup:
    """The marks and what they stand for, as one row of small drawings."""
    items = "".join(
        f'<li><svg class="thymos-plot" viewBox="-9 -9 18 18" width="18" height="18" aria-hidden="true">'
        f'<g class="{kind}">{MARKS[kind]}</g></svg> {kind}</li>'
        for kind in KIND_ORDER
    )
    return Markup(f'<ul class="legend">{items}</ul>')
