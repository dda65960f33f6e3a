"""Emotion over time as a page or a picture: one chart a file and track, poor stretches marked and explained."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thymos import __version__
from thymos.files import write_atomically
from thymos.perceive.analysis.run import Analysis
from thymos.perceive.timeline import OK, label_columns
from thymos.report import curves as curve_style
from thymos.report.curves import Curve, curve_chart
from thymos.report.drawing import Drawing
from thymos.report.interval_plot import STYLE
from thymos.report.numbers import count
from thymos.report.page import environment

DRAWN_LABELS = 5
LISTED_ROWS = 200
DOTS_PER_INCH = 120
POOR_SHADE = "#bbbbbb"


@dataclass(frozen=True)
class Stretch:
    """All rows of one signal and track of one file.

    Args:
        title: file, signal and track.
        rows: the part of the table, in order of time.
        labels: the labels with the highest means, highest first.
    """

    title: str
    rows: pd.DataFrame
    labels: tuple[str, ...]

    @property
    def times(self) -> np.ndarray:
        """Middle of each row, seconds."""
        return ((self.rows["start"] + self.rows["end"]) / 2).to_numpy(float)

    @property
    def is_series(self) -> bool:
        """Whether there is something to draw over time."""
        return len(self.rows) > 2 and bool((np.diff(self.times) > 0).all()) and bool(self.columns)

    @property
    def columns(self) -> list[str]:
        """What is drawn: labels, and valence and arousal where they are known."""
        plane = [name for name in ("valence", "arousal") if self.rows[name].notna().any()]
        return [*self.labels, *plane]

    @property
    def caption(self) -> str:
        """What to see, and what was not judged and why."""
        poor = self.rows.loc[self.rows["quality"] != OK, "quality"].value_counts()
        judged = count(len(self.rows) - int(poor.sum()), "stretch", "stretches")
        reasons = ", ".join(f"{number} x {reason}" for reason, number in poor.items())
        return f"{judged} judged" + (f"; not judged: {reasons}" if reasons else "")


def stretches(table: pd.DataFrame) -> Iterator[Stretch]:
    """The parts of a table over time: file by file, signal by signal, track by track.

    Tracks without extent in time (lines of a text, faces of a picture) stay together.
    """
    labels = label_columns(table)
    moving = table["end"] > table["start"]
    track = table["track"].where(moving | (table["signal"] == "face") & (table["start"] > 0), "")
    for (file, signal, name), part in table.groupby(["file", "signal", track], sort=False):
        means = part[labels].mean().dropna().sort_values(ascending=False)
        told = name if str(name).startswith(str(signal)) else f"{signal} {name}".strip()
        title = f"{Path(str(file)).name}: {told}"
        yield Stretch(title, part.sort_values("start", kind="stable"), tuple(map(str, means.index[:DRAWN_LABELS])))


def write_timeline_plot(found: Analysis, path: str | Path) -> Path:
    """Draw an analysis as .png, .svg or as a page (.html) that needs no other file."""
    path = Path(path)
    if path.suffix.lower() == ".html":
        return write_atomically(path, timeline_page(found))
    return write_atomically(path, picture(found, path.suffix.lower().lstrip(".")))


def picture(found: Analysis, form: str) -> bytes:
    """A PNG or SVG with one chart a stretch; a stretch that does not move is drawn as bars."""
    from matplotlib.figure import Figure

    parts = list(stretches(found.table))
    heights = [2.6 if part.columns else 0.7 for part in parts]
    figure = Figure(figsize=(9, sum(heights) + 0.4), layout="constrained")
    every = figure.subplots(len(parts), 1, squeeze=False, gridspec_kw={"height_ratios": heights})
    for axes, part in zip(every.ravel(), parts, strict=True):
        axes.set_title(part.title, loc="left", fontsize=9)
        if part.is_series:
            _draw_series(axes, part)
        elif part.columns:
            _draw_bars(axes, part)
        else:
            axes.axis("off")
            axes.text(0.0, 0.9, part.caption, fontsize=8, transform=axes.transAxes, va="top")
    stream = io.BytesIO()
    figure.savefig(stream, format=form, dpi=DOTS_PER_INCH)
    return stream.getvalue()


def _draw_series(axes: Any, part: Stretch) -> None:
    for name in part.columns:
        axes.plot(part.times, part.rows[name].to_numpy(float), marker=".", label=name)
    for row in part.rows.loc[part.rows["quality"] != OK].to_dict("records"):
        axes.axvspan(row["start"], max(row["end"], row["start"] + 1e-3), color=POOR_SHADE, alpha=0.4, lw=0)
    axes.set_ylim(-1.02 if {"valence", "arousal"} & set(part.columns) else -0.02, 1.02)
    axes.set_xlabel(f"seconds ({part.caption})", fontsize=8)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)


def _draw_bars(axes: Any, part: Stretch) -> None:
    means = part.rows[part.columns].mean()
    axes.barh(list(means.index), means.to_numpy(float), color="#4477aa")
    axes.invert_yaxis()
    axes.set_xlim(min(0.0, float(means.min())) - 0.02, 1.02)
    axes.set_xlabel(f"mean ({part.caption})", fontsize=8)


def timeline_page(found: Analysis) -> str:
    """The page's text."""
    parts = [
        {"title": part.title, "caption": part.caption, "chart": _chart(part), **_cells(part)}
        for part in stretches(found.table)
    ]
    return (
        environment()
        .get_template("timeline.html")
        .render(
            parts=parts,
            failures=found.failures,
            files=count(found.files, "file"),
            use=found.use,
            version=__version__,
            plot_style=STYLE + curve_style.STYLE,
        )
    )


def _chart(part: Stretch) -> Drawing | None:
    if not part.is_series:
        return None
    series = [Curve(name, part.times, part.rows[name].to_numpy(float)) for name in part.columns]
    return curve_chart(series, part.title, x_title="seconds", y_title="probability; valence and arousal -1..1")


def _cells(part: Stretch) -> dict[str, Any]:
    columns = ["seconds", "track", *part.columns, "quality"]
    rows = []
    for row in part.rows.head(LISTED_ROWS).to_dict("records"):
        seconds = f"{row['start']:.2f}-{row['end']:.2f}" if row["end"] > row["start"] else f"{row['start']:.2f}"
        numbers = ["" if row[name] != row[name] else f"{row[name]:.2f}" for name in part.columns]
        rows.append([seconds, row["track"], *numbers, row["quality"]])
    return {"columns": columns, "rows": rows, "left_out": max(0, len(part.rows) - LISTED_ROWS)}
