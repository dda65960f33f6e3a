"""The flow of participants through a trial (CONSORT) as a figure: SVG for pages, PNG for papers and slides."""

import io
from dataclasses import dataclass
from pathlib import Path

from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.report.drawing import Drawing, frame, text
from thymos.respond.trial.analysis import TrialResult

BOX, GAP, LINE = 210, 26, 18  # width of a box, room between boxes, height of a line
FLOW_STYLE = """
.thymos-plot .box { fill: var(--band); stroke: var(--grid); stroke-width: 1.5; }
.thymos-plot .way { stroke: var(--control); stroke-width: 1.5; fill: none; }
"""


@dataclass(frozen=True)
class Box:
    """A box of the flow: where it is and what stands in it; the first line is its title."""

    left: float
    top: float
    lines: tuple[str, ...]
    width: float = BOX

    @property
    def height(self) -> float:
        """Room for the lines."""
        return LINE * len(self.lines) + 14

    @property
    def middle(self) -> float:
        """Across."""
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class FlowChart:
    """Boxes, and the pairs of boxes that a line leads between."""

    boxes: tuple[Box, ...]
    ways: tuple[tuple[int, int], ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return round(max(box.left + box.width for box in self.boxes)) + 10, round(
            max(box.bottom for box in self.boxes)
        ) + 10  # fmt: skip


def flow_chart(result: TrialResult) -> FlowChart:
    """The way of everybody through the trial, as boxes."""
    steps = result.steps
    width = len(steps.arms) * (BOX + GAP) - GAP + 20
    total = sum(one.randomized for one in steps.arms)
    boxes: list[Box] = []
    ways: list[tuple[int, int]] = []
    top = 10.0
    if steps.consented is not None:
        boxes.append(Box(width / 2 - BOX / 2, top, ("Agreed", f"n = {steps.consented}")))
        top = boxes[-1].bottom + GAP
    boxes.append(Box(width / 2 - BOX / 2, top, ("Randomized", f"n = {total}")))
    if steps.consented is not None:
        ways.append((0, 1))
    root, start = len(boxes) - 1, boxes[-1].bottom + GAP
    for place, arm in enumerate(steps.arms):
        uses = ", ".join(result.plan.arm(arm.arm).uses) or "nothing"
        stay = [f"{time}: {count}" for time, count in arm.measured.items()]
        left = [] if arm.withdrew is None else [("Left", f"n = {arm.withdrew}", f"data deleted: {arm.deleted}")]
        followed = [] if arm.per_protocol is None else [f"per protocol: {arm.per_protocol}"]
        column = [
            (arm.arm, f"n = {arm.randomized}", f"may use: {uses}"),
            ("Measured", *stay),
            *left,
            ("Analyzed", f"intention to treat: {arm.analyzed}", f"complete cases: {arm.complete}", *followed),
        ]
        above, at = root, start
        for lines in column:
            boxes.append(Box(10 + place * (BOX + GAP), at, tuple(lines)))
            ways.append((above, len(boxes) - 1))
            above, at = len(boxes) - 1, boxes[-1].bottom + GAP
    return FlowChart(tuple(boxes), tuple(ways))


def flow_drawing(result: TrialResult, *, standalone: bool = False) -> Drawing:
    """The flow as SVG, with its description in words."""
    chart = flow_chart(result)
    body = []
    for start, end in chart.ways:
        above, below = chart.boxes[start], chart.boxes[end]
        turn = below.top - GAP / 2
        body.append(
            f'<path class="way" d="M{above.middle} {above.bottom} V{turn} H{below.middle} V{below.top} '
            f'm-4 -6 l4 6 l4 -6"/>'
        )
    for box in chart.boxes:
        body.append(
            f'<rect class="box" x="{box.left}" y="{box.top}" width="{box.width}" height="{box.height}" rx="4"/>'
        )
        for place, line in enumerate(box.lines):
            shown = line if len(line) <= 34 else f"{line[:33]}…"
            kind = ' class="subset"' if not place else ""
            body.append(
                f'<text{kind} x="{box.middle}" y="{box.top + LINE * (place + 1)}" text-anchor="middle">'
                f"{text(shown)}<title>{text(line)}</title></text>"
            )
    told = ". ".join(": ".join((box.lines[0], ", ".join(box.lines[1:]))) for box in chart.boxes)
    style = FLOW_STYLE if standalone else ""
    return Drawing(frame(chart.size, "Participants through the trial", told, body, style), told)


def write_flow(result: TrialResult, path: str | Path) -> Path:
    """The flow as a file: .svg or .png.

    Raises:
        BadInput: another ending.
    """
    path = check_flow_path(path)
    if path.suffix == ".svg":
        return write_atomically(path, str(flow_drawing(result, standalone=True).svg))
    return write_atomically(path, flow_png(flow_chart(result)))


def check_flow_path(path: str | Path) -> Path:
    """The path; BadInput for an ending that cannot be written."""
    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise BadInput("the flow is written as .svg or .png", where=path)
    return path


def flow_png(chart: FlowChart) -> bytes:
    """The flow as pixels, for papers and slides."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    width, height = chart.size
    figure = Figure(figsize=(width / 96, height / 96))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    for start, end in chart.ways:
        above, below = chart.boxes[start], chart.boxes[end]
        turn = below.top - GAP / 2
        axes.plot([above.middle, above.middle, below.middle], [above.bottom, turn, turn], color="0.3", linewidth=1)
        axes.annotate(
            "", (below.middle, below.top), (below.middle, turn), arrowprops={"arrowstyle": "->", "color": "0.3"}
        )
    for box in chart.boxes:
        axes.add_patch(Rectangle((box.left, box.top), box.width, box.height, facecolor="0.94", edgecolor="0.5"))
        for place, line in enumerate(box.lines):
            axes.text(
                box.middle, box.top + LINE * (place + 1), line, ha="center", fontsize=8,
                fontweight="bold" if not place else "normal",
            )  # fmt: skip
    found = io.BytesIO()
    figure.savefig(found, format="png", dpi=192, metadata={"Software": None})
    return found.getvalue()
