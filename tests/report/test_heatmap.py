"""Heatmaps: every number has its cell and its color, missing ones are marked, every word is escaped."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.report.heatmap import (
    STEPS,
    STOPS,
    STYLE,
    heatmap,
    luminance,
    mix_color,
    scale_limits,
    step_colors,
    step_of,
)

SVG = "{http://www.w3.org/2000/svg}"
TABLE = np.array([[-2.0, 0.0, 1.0], [0.5, np.nan, 2.0]])


def parse(svg: str) -> ElementTree.Element:
    """The drawing as XML; it must be well-formed."""
    return ElementTree.fromstring(svg)


def cells(svg: str, scale: str = "div") -> list[ElementTree.Element]:
    """The colored cells with a tooltip; those of the legend have none."""
    return [
        rect
        for rect in parse(svg).iter(f"{SVG}rect")
        if (rect.get("class") or "").startswith(scale) and rect.find(f"{SVG}title") is not None
    ]


def draw(table: Any = TABLE, **options: Any) -> str:
    """A drawing with numbered names."""
    table = np.asarray(table)
    names = {"rows": range(table.shape[0]), "columns": [f"c{k}" for k in range(table.shape[1])]}
    return heatmap(table, **{**names, "title": "a table", **options}).svg


def test_every_number_has_its_cell_its_color_and_its_tooltip() -> None:
    svg = draw(row_title="layer", column_title="token")
    found = {cell.findtext(f"{SVG}title"): cell.get("class") for cell in cells(svg)}
    assert found == {
        "layer 0, token c0: -2.000": "div0",
        "layer 0, token c1: 0": "div10",
        "layer 0, token c2: 1.000": "div15",
        "layer 1, token c0: 0.500": "div13",
        "layer 1, token c2: 2.000": "div20",
    }
    (missing,) = (group for group in parse(svg).iter(f"{SVG}g") if group.find(f"{SVG}title") is not None)
    assert (missing.get("class"), missing.findtext(f"{SVG}title")) == ("missing", "layer 1, token c1: missing")
    assert ">missing</text>" in svg, "the legend explains the mark"
    assert ">missing</text>" not in draw(np.ones((2, 2)))


@pytest.mark.parametrize("shape", [(30, 60), (30, 9), (1, 1), (2, 200)])
def test_cells_fill_the_frame_without_gaps(shape: tuple[int, int]) -> None:
    svg = draw(np.random.default_rng(0).standard_normal(shape))
    found = cells(svg)
    assert len(found) == shape[0] * shape[1]
    frame = next(rect for rect in parse(svg).iter(f"{SVG}rect") if rect.get("class") == "frame")
    left, right = float(frame.get("x", 0)), float(frame.get("x", 0)) + float(frame.get("width", 0))
    first = sorted(found[: shape[1]], key=lambda cell: float(cell.get("x", 0)))
    ends = [float(cell.get("x", 0)) + float(cell.get("width", 0)) for cell in first]
    assert float(first[0].get("x", 0)) == left
    assert ends[-1] == pytest.approx(right, abs=0.1)
    for end, following in zip(ends, first[1:], strict=False):
        assert end == pytest.approx(float(following.get("x", 0)), abs=0.01)
    assert min(float(cell.get("width", 0)) for cell in found) >= 10.9, "names of 11 px fit beside each other"
    box = [float(value) for value in (parse(svg).get("viewBox") or "").split()]
    assert right <= box[2]
    assert "nan" not in svg


def test_numbers_stand_in_cells_that_have_room() -> None:
    assert ">-2.000</text>" in draw()
    many = draw(np.full((2, 60), 0.25))
    assert ">0.250</text>" not in re.sub(r'<text class="tick".*?</text>', "", many)


def test_long_names_stand_upright_and_are_cut() -> None:
    names = ["a token that is far too long for a label", *(f"c{k}" for k in range(59))]
    svg = draw(np.zeros((1, 60)), columns=names)
    assert "rotate(-90" in svg
    assert ">a token that is f…</text>" in svg
    assert "a token that is far too long for a label: 0<" in svg, "the tooltip has all of it"
    assert "rotate" not in draw()


def test_words_are_escaped_and_kept(hostile: str) -> None:
    drawing = heatmap([[1.0]], [hostile], [hostile], hostile, row_title=hostile, column_title=hostile, standalone=True)
    assert "<script>" not in drawing.svg
    titles = [title.text or "" for title in parse(drawing.svg).iter(f"{SVG}title")]
    assert any(hostile in title for title in titles)
    assert hostile in (parse(drawing.svg).get("aria-label") or "")


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=30),
    table=st.lists(st.lists(st.floats(width=32), min_size=2, max_size=2), min_size=1, max_size=4),
    scale=st.sampled_from(["diverging", "sequential"]),
)
def test_every_drawing_is_well_formed(name: str, table: list[list[float]], scale: Any) -> None:
    svg = heatmap(table, [name] * len(table), [name, "\ud800\x00"], name, scale=scale, standalone=True).svg
    drawn = len(cells(svg, scale[:3]))
    assert drawn == int(np.isfinite(np.asarray(table)).sum())
    for step in re.findall(rf'class="{scale[:3]}(\d+)"', svg):
        assert 0 <= int(step) < STEPS


def test_the_drawing_can_be_read_without_seeing_it() -> None:
    drawing = heatmap(TABLE, ["a", "b"], ["x", "y", "z"], "heads")
    assert drawing.description == "heads: 2 rows, 3 columns; lowest -2.000 at a, x; highest 2.000 at b, z; 1 missing."
    assert parse(drawing.svg).get("role") == "img"
    assert drawing.description in (parse(drawing.svg).get("aria-label") or "")
    assert heatmap([[np.nan]], ["a"], ["x"], "t").description == "t: 1 rows, 1 columns, all missing."


class TestScale:
    def test_a_diverging_scale_is_the_same_on_both_sides_of_0(self) -> None:
        assert scale_limits(np.array([[-1.0, 3.0]]), "diverging", None, "t") == (-3, 3)
        assert scale_limits(np.array([[1.0, 3.0]]), "sequential", None, "t") == (1, 3)

    @pytest.mark.parametrize("values", [[[0.0, 0.0]], [[5.0, 5.0]], [[np.nan, np.nan]]])
    @pytest.mark.parametrize("scale", ["diverging", "sequential"])
    def test_one_number_or_none_still_has_a_scale(self, values: Any, scale: Any) -> None:
        low, high = scale_limits(np.array(values), scale, None, "t")
        assert low < high
        assert "nan" not in draw(values, scale=scale)

    def test_numbers_beyond_the_limits_get_the_color_of_the_end_and_the_legend_says_so(self) -> None:
        svg = draw([[-9.0, 0.0, 1.0]], limits=(-1.0, 1.0))
        assert [cell.get("class") for cell in cells(svg)] == ["div0", "div10", "div20"]
        assert ">≤ -1</text>" in svg
        assert ">1</text>" in svg
        assert ": -9.000<" in svg

    def test_steps_rise_with_the_number(self) -> None:
        steps = [step_of(value, (-1.0, 1.0)) for value in np.linspace(-1.2, 1.2, 200)]
        assert steps == sorted(steps)
        assert set(steps) == set(range(STEPS))
        assert step_of(0.0, (-1.0, 1.0)) == STEPS // 2


class TestColors:
    def test_colors_are_mixed(self) -> None:
        assert mix_color(("#000000", "#ffffff", "#ff0000"), 0.5) == "#ffffff"
        assert mix_color(("#000000", "#ffffff", "#ff0000"), 1.0) == "#ff0000"
        assert mix_color(("#000000", "#ffffff"), 0.25) == "#404040"

    @pytest.mark.parametrize("mode", ["light", "dark"])
    @pytest.mark.parametrize("scale", list(STOPS))
    def test_numbers_can_be_read_on_every_color(self, scale: Any, mode: str) -> None:
        for color, ink in step_colors(scale, mode):
            high, low = sorted((luminance(color), luminance(ink)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5

    @pytest.mark.parametrize("mode", ["light", "dark"])
    def test_lightness_alone_tells_how_far_from_0(self, mode: str) -> None:
        light = [luminance(color) for color, _ in step_colors("diverging", mode)]
        away = light if mode == "dark" else [-value for value in light]
        assert away[: STEPS // 2 + 1] == sorted(away[: STEPS // 2 + 1], reverse=True)
        assert away[STEPS // 2 :] == sorted(away[STEPS // 2 :])
        rising = [luminance(color) for color, _ in step_colors("sequential", mode)]
        assert rising == sorted(rising, reverse=mode == "light")

    def test_every_step_has_a_rule_in_both_modes(self) -> None:
        for block in STYLE.split("@media"):
            for scale in STOPS:
                for step in range(STEPS):
                    assert f"rect.{scale[:3]}{step} {{ fill: #" in block


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": np.ones(3)}, r"shape \(3,\)"),
        ({"table": np.ones((0, 3))}, r"shape \(0, 3\)"),
        ({"rows": ["a"]}, "1 rows and 3 columns are named"),
        ({"limits": (1.0, 1.0)}, "limits are"),
        ({"limits": (0.0, float("nan"))}, "limits are"),
        ({"scale": "rainbow"}, "no scale 'rainbow'"),
    ],
)
def test_bad_input(changes: dict[str, Any], message: str) -> None:
    table = changes.pop("table", TABLE)
    with pytest.raises(BadInput, match=message):
        heatmap(table, **{"rows": ["a", "b"], "columns": ["x", "y", "z"], "title": "t", **changes})


def test_only_a_file_of_its_own_carries_the_style() -> None:
    assert "<style>" not in draw()
    assert "prefers-color-scheme: dark" in draw(standalone=True)
    for part in ("<script", "href", "url("):
        assert part not in draw(standalone=True), "nothing from elsewhere"


def test_the_same_table_gives_the_same_bytes() -> None:
    assert draw() == draw(TABLE.copy())
