"""Curves: points at their places, gaps where there is nothing, names that do not overlap, every word escaped."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.report.curves import (
    COLORS,
    LEFT,
    MARKED_POINTS,
    NAME_LINE,
    NAMES,
    Curve,
    curve_chart,
    log_ticks,
)
from thymos.report.drawing import spread_apart
from thymos.report.interval_plot import KIND_ORDER, WIDTH

SVG = "{http://www.w3.org/2000/svg}"
X = np.arange(5.0)
Y = np.array([0.0, 0.5, 1.0, 0.5, 0.25])


def parse(svg: str) -> ElementTree.Element:
    """The drawing as XML; it must be well-formed."""
    return ElementTree.fromstring(svg)


def paths(svg: str, kind: str) -> list[list[tuple[float, float]]]:
    """Points of the paths of a class, e.g. ``"curve"`` or ``"spread"``."""
    found = []
    for path in parse(svg).iter(f"{SVG}path"):
        if kind in (path.get("class") or "").split():
            numbers = [float(value) for value in re.findall(r"-?[\d.]+", path.get("d") or "")]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return found


def tooltips(svg: str) -> list[str]:
    """Texts of the points."""
    return [title.text or "" for title in parse(svg).iter(f"{SVG}title")][1:]


def names(svg: str) -> dict[str, float]:
    """Heights of the names."""
    texts = parse(svg).iter(f"{SVG}text")
    return {text.text or "": float(text.get("y", 0)) for text in texts if "curve-name" in (text.get("class") or "")}


def test_points_stand_at_their_places() -> None:
    svg = curve_chart([Curve("a", X, Y)], "t").svg
    (points,) = paths(svg, "curve")
    assert [x for x, _ in points] == pytest.approx(np.linspace(LEFT, WIDTH - NAMES, 5), abs=0.1)
    heights = [y for _, y in points]
    assert heights[2] < heights[1] == heights[3] < heights[4] < heights[0]
    assert (heights[0] - heights[1]) / (heights[0] - heights[2]) == pytest.approx(0.5, abs=0.01)
    assert tooltips(svg)[1] == "a, 1: 0.500"


def test_a_band_goes_there_and_back() -> None:
    svg = curve_chart([Curve("a", X, Y, Y - 0.1, Y + 0.2)], "t").svg
    (band,), (curve,) = paths(svg, "spread"), paths(svg, "curve")
    assert len(band) == 10
    for (x, y), (_, above), (_, below) in zip(curve, band[:5], reversed(band[5:]), strict=True):
        assert above < y < below
        assert (below - y) / (y - above) == pytest.approx(0.5, abs=0.02)
        assert x in {point[0] for point in band}
    assert "a, 1: 0.500 [0.400, 0.700]" in tooltips(svg)


def test_what_is_missing_is_a_gap() -> None:
    y, low, high = Y.copy(), Y - 0.1, Y + 0.1
    y[2], low[4] = np.nan, np.nan
    svg = curve_chart([Curve("a", X, y, low, high)], "t").svg
    assert [len(points) for points in paths(svg, "curve")] == [2, 2]
    assert [len(points) for points in paths(svg, "spread")] == [4, 2]
    assert len(tooltips(svg)) == 4
    assert "nan" not in svg


def test_a_curve_without_values_is_named_as_such() -> None:
    svg = curve_chart([Curve("a", X, np.full(5, np.nan)), Curve("b", X, Y)], "t").svg
    assert "a (no values)" in names(svg)
    assert len(paths(svg, "curve")) == 1
    assert "no values" in curve_chart([Curve("a", [1], [np.nan])], "t").description


@pytest.mark.parametrize(
    "curve", [Curve("a", [3.0], [0.2]), Curve("a", X, np.full(5, 7.0)), Curve("a", X, np.zeros(5))]
)
def test_a_point_and_a_level_curve_have_a_scale(curve: Curve) -> None:
    svg = curve_chart([curve], "t").svg
    assert "nan" not in svg
    assert len(tooltips(svg)) == len(np.atleast_1d(curve.x))


def test_decades_are_equally_wide() -> None:
    svg = curve_chart([Curve("a", [1, 10, 100, 1_000], [0, 1, 2, 3])], "t", log_x=True).svg
    (points,) = paths(svg, "curve")
    steps = np.diff([x for x, _ in points])
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    for tick in ("1", "10", "100", "1000"):
        assert f'text-anchor="middle">{tick}</text>' in svg


def test_log_ticks_are_round_and_few() -> None:
    assert log_ticks(1, 1_000)[-1] == 1_000
    assert log_ticks(0.02, 0.3) == [0.02, 0.05, 0.1, 0.2, 0.5]
    assert log_ticks(1, 1e9) == [10.0**k for k in range(10)]


def test_level_lines_are_drawn_and_named() -> None:
    drawing = curve_chart([Curve("a", X, Y)], "t", references={"floor": 0.4, "none": float("nan")})
    (line,) = (line for line in parse(drawing.svg).iter(f"{SVG}line") if line.get("class") == "reference")
    (curve,) = paths(drawing.svg, "curve")
    assert curve[1][1] < float(line.get("y1", 0)) < curve[4][1]
    assert set(names(drawing.svg)) == {"a", "floor"}
    assert "floor at 0.400" in drawing.description


def test_names_that_would_overlap_are_moved_apart() -> None:
    svg = curve_chart([Curve(f"curve {k}", X, Y + k * 1e-4) for k in range(12)], "t").svg
    heights = sorted(names(svg).values())
    assert len(heights) == 12
    assert np.diff(heights).min() >= NAME_LINE - 0.2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 400), min_size=1, max_size=20))
def test_names_keep_their_order_their_distance_and_the_room(places: list[float]) -> None:
    found = spread_apart(places, 17, (0, 400))
    order = np.argsort(places, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 16.7).all()
    assert min(found) >= -0.1
    assert max(found) <= 400.1
    if len(places) == 1 or np.diff(np.sort(places)).min() > 17.1:
        assert found == pytest.approx(places, abs=0.1)


def test_curves_differ_without_their_color() -> None:
    svg = curve_chart([Curve(f"c{k}", X, Y + k) for k in range(12)], "t").svg
    marks = {}
    for group in parse(svg).iter(f"{SVG}g"):
        title = group.findtext(f"{SVG}title")
        if title is not None:
            mark = ElementTree.tostring(group.findall(f"{SVG}g")[0])
            marks.setdefault(title.split(",")[0], (group.get("class"), mark))
    assert len(set(marks.values())) == 12
    dashes = [
        path.get("stroke-dasharray")
        for path in parse(svg).iter(f"{SVG}path")
        if "curve" in (path.get("class") or "").split()
    ]
    assert len(set(dashes[:6])) == 6
    assert set(COLORS) <= set(KIND_ORDER), "colors whose contrast is tested with the interval chart"


def test_long_curves_have_every_tooltip_and_some_marks() -> None:
    x = np.arange(10 * MARKED_POINTS)
    svg = curve_chart([Curve("a", x, x / 10)], "t").svg
    assert len(tooltips(svg)) == len(x)
    assert svg.count("scale(0.7)") == MARKED_POINTS + 1, "one more at the name"


def test_words_are_escaped_and_kept(hostile: str) -> None:
    drawing = curve_chart(
        [Curve(hostile, X, Y)], hostile, x_title=hostile, y_title=hostile, references={hostile: 0.5}, standalone=True
    )
    assert "<script>" not in drawing.svg
    assert any(hostile in title for title in tooltips(drawing.svg))
    assert hostile in (parse(drawing.svg).get("aria-label") or "")


def test_the_drawing_can_be_read_without_seeing_it() -> None:
    drawing = curve_chart([Curve("held out", X, Y)], "rho by layer")
    assert drawing.description == "rho by layer. held out: from 0 at 0 to 0.250 at 4, highest 1.000 at 2."
    assert parse(drawing.svg).get("role") == "img"
    assert drawing.description in (parse(drawing.svg).get("aria-label") or "")
    many = curve_chart([Curve(f"c{k}", X, Y) for k in range(8)], "t")
    assert "and 2 further curves" in many.description


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=30),
    points=st.lists(st.tuples(st.floats(width=32), st.floats(0, 1e3)), min_size=1, max_size=8),
)
def test_every_drawing_is_well_formed_and_stays_in_its_frame(name: str, points: list[tuple[float, float]]) -> None:
    y, half = np.array(points).T
    svg = curve_chart([Curve(name, np.arange(len(y)), y, y - half, y + half)], name, standalone=True).svg
    box = [float(value) for value in (parse(svg).get("viewBox") or "").split()]
    for points_of_path in [*paths(svg, "curve"), *paths(svg, "spread")]:
        assert all(LEFT - 1 <= x <= WIDTH - NAMES + 1 and 0 <= height <= box[3] for x, height in points_of_path)


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        ([], {}, "there is no curve"),
        ([Curve("a", [], [])], {}, r"shapes \(0,\)"),
        ([Curve("a", X, Y[:3])], {}, r"t, a: x, y, low and high have shapes \(5,\), \(3,\)"),
        ([Curve("a", X, Y, Y[:1], Y)], {}, "have shapes"),
        ([Curve("a", [1, 1, 2], [1, 2, 3])], {}, "x does not rise"),
        ([Curve("a", [1, np.nan], [1, 2])], {}, "x does not rise"),
        ([Curve("a", [0, 1], [1, 2])], {"log_x": True}, "x is not above 0"),
    ],
)
def test_bad_input(series: list[Curve], options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        curve_chart(series, "t", **options)


def test_only_a_file_of_its_own_carries_the_style() -> None:
    curve = Curve("a", X, Y)
    assert "<style>" not in curve_chart([curve], "t").svg
    alone = curve_chart([curve], "t", standalone=True).svg
    assert "prefers-color-scheme: dark" in alone
    for part in ("<script", "href", "url("):
        assert part not in alone, "nothing from elsewhere"
    assert alone == curve_chart([Curve("a", X.tolist(), Y.tolist())], "t", standalone=True).svg
