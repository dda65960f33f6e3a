"""A study's own plots as images that need no other file."""

import base64
import io
from dataclasses import dataclass

from thymos.studies.contract import Plot, Results

# A drawing with tens of thousands of points is smaller as pixels than as shapes.
MAX_SVG_BYTES = 400_000
SIZE_INCHES = (8.0, 4.5)


@dataclass(frozen=True)
class Image:
    """A plot, ready for ``<img>``; ``problem`` says why there is none."""

    name: str
    title: str
    source: str = ""
    problem: str = ""


def render(plot: Plot, results: Results) -> Image:
    """Draw one plot with matplotlib, without a display.

    A plot whose rows or tables are missing (an arm was left out) does not stop the report: the reason is shown in
    its place.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Fixed salt and no date: the same results give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "thymos", "font.size": 10, "svg.fonttype": "path"}):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        try:
            plot.draw(results, figure)
            drawing = io.BytesIO()
            figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
            kind, data = "svg+xml", drawing.getvalue()
            if len(data) > MAX_SVG_BYTES:
                drawing = io.BytesIO()
                figure.savefig(drawing, format="png", dpi=144, metadata={"Software": None})
                kind, data = "png", drawing.getvalue()
        except Exception as error:  # a plot is code of the study; its fault must not cost the reader the tables
            return Image(plot.name, plot.title, problem=f"{type(error).__name__}: {error}")
    return Image(plot.name, plot.title, f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}")
