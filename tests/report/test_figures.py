"""A study's plots as images that need no other file."""

import base64
from typing import Any

import numpy as np

from thymos.report import figures
from thymos.report.figures import render
from thymos.studies.contract import Plot, Results


def draw(results: Results, figure: Any) -> None:
    """A line."""
    figure.subplots().plot([0, 1], [0, 1])


def data_of(source: str) -> tuple[str, bytes]:
    """Kind and bytes of a data URI."""
    head, data = source.split(",", 1)
    return head.removeprefix("data:image/").removesuffix(";base64"), base64.b64decode(data)


def test_a_plot_is_a_drawing_in_the_page() -> None:
    image = render(Plot("line", "A line", draw), Results(()))
    kind, data = data_of(image.source)
    assert kind == "svg+xml"
    assert b"<svg" in data
    assert image.title == "A line"
    assert image.problem == ""


def test_the_same_plot_gives_the_same_bytes() -> None:
    assert render(Plot("line", "A line", draw), Results(())) == render(Plot("line", "A line", draw), Results(()))


def test_a_plot_of_many_points_becomes_pixels(monkeypatch: Any) -> None:
    monkeypatch.setattr(figures, "MAX_SVG_BYTES", 20_000)

    def cloud(results: Results, figure: Any) -> None:
        points = np.random.default_rng(0).random((2, 2_000))
        figure.subplots().plot(points[0], points[1], ".")

    kind, data = data_of(render(Plot("cloud", "A cloud", cloud), Results(())).source)
    assert kind == "png"
    assert data.startswith(b"\x89PNG")


def test_a_plot_that_fails_says_why_and_stops_nothing() -> None:
    def missing(results: Results, figure: Any) -> None:
        results.one(system="left out")

    image = render(Plot("missing", "A title", missing), Results(()))
    assert image.source == ""
    assert "0 rows match" in image.problem


def test_no_figure_is_left_open() -> None:
    import matplotlib.pyplot as pyplot

    before = pyplot.get_fignums()
    render(Plot("line", "A line", draw), Results(()))
    assert pyplot.get_fignums() == before
