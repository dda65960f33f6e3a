"""The chart between floor and ceiling: every number at its place, every word escaped."""

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.report.interval_plot import (
    KIND_ORDER,
    LABELS,
    MARKS,
    MAX_ROWS,
    STYLE,
    VALUES,
    WIDTH,
    charted_metrics,
    interval_chart,
    legend,
)

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ElementTree.Element:
    """The drawing as XML; it must be well-formed."""
    return ElementTree.fromstring(svg)


def marks(svg: str, kind: str) -> list[tuple[float, float]]:
    """Where the marks of a kind stand."""
    found = []
    for group in parse(svg).iter(f"{SVG}g"):
        if group.get("class") == kind:
            x, y = re.findall(r"[-\d.]+", group.get("transform", ""))
            found.append((float(x), float(y)))
    return found


@pytest.fixture
def rows(row: Any) -> list[dict[str, Any]]:
    """A floor, two systems, a ceiling and published numbers."""
    return [
        row("majority", "floor", 0.2),
        row("a", "system", 0.5, low=0.4, high=0.6),
        row("b", "system", 0.7, low=0.6, high=0.8),
        row("one rater", "ceiling", 0.9, low=0.85, high=0.95),
        row("b", "published", 0.75, comparable=True),
        row("elsewhere", "published", 0.99, comparable=False),
    ]


def test_values_lie_in_their_order_on_one_scale(rows: list[dict[str, Any]]) -> None:
    svg = interval_chart(rows, "macro_f1").svg
    floor, ceiling = marks(svg, "floor")[0][0], marks(svg, "ceiling")[0][0]
    first, second = sorted(x for x, _ in marks(svg, "system"))
    assert LABELS <= floor < first < second < ceiling <= WIDTH - VALUES
    assert (second - first) / (ceiling - floor) == pytest.approx(0.2 / 0.7, abs=0.01)


def test_intervals_are_lines_as_long_as_they_are(rows: list[dict[str, Any]]) -> None:
    drawing = parse(interval_chart(rows, "macro_f1").svg)
    lengths = sorted(
        round(float(line.get("x2", 0)) - float(line.get("x1", 0)))
        for line in drawing.iter(f"{SVG}line")
        if line.get("class") == "system"
    )
    assert len(lengths) == 2
    assert lengths[0] == pytest.approx(lengths[1], abs=1), "both intervals are 0.2 wide"


def test_a_published_number_is_marked_in_the_line_of_ours(rows: list[dict[str, Any]]) -> None:
    chart = interval_chart(rows, "macro_f1")
    (published,) = marks(chart.svg, "published")
    assert published[1] in {y for _, y in marks(chart.svg, "system")}
    assert "elsewhere" not in chart.svg, "a number that is not comparable is not drawn beside ours"


def test_a_published_number_without_ours_has_its_own_line(row: Any) -> None:
    rows = [row("majority", "floor", 0.2), row("theirs", "published", 0.8, comparable=True)]
    assert "theirs" in interval_chart(rows, "macro_f1").svg


def test_words_are_escaped_and_kept(row: Any, hostile: str) -> None:
    rows = [row(hostile, "floor", 0.2, subset=hostile), row(hostile, "system", 0.4, subset=hostile)]
    svg = interval_chart(rows, "macro_f1").svg
    assert "<script>" not in svg
    titles = [title.text or "" for title in parse(svg).iter(f"{SVG}title")]
    assert any(hostile in title for title in titles)


def test_the_drawing_can_be_read_without_seeing_it(rows: list[dict[str, Any]]) -> None:
    chart = interval_chart(rows, "macro_f1")
    drawing = parse(chart.svg)
    assert drawing.get("role") == "img"
    assert chart.description in (drawing.get("aria-label") or "")
    assert "test: floor 0.200, ceiling 0.900, others from 0.500 to 0.700" in chart.description


def test_kinds_differ_in_shape_and_not_only_in_color() -> None:
    assert set(MARKS) == set(KIND_ORDER)
    assert len(set(MARKS.values())) == len(MARKS)
    for kind in KIND_ORDER:
        assert f"> {kind}<" in legend()
        assert f"--{kind}: #" in STYLE


def contrast(one: str, other: str) -> float:
    """Contrast of two colors after WCAG 2."""

    def luminance(color: str) -> float:
        channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("paper", "part"), [("#ffffff", 0), ("#14171a", 1)])
def test_colors_can_be_told_from_paper_and_band(paper: str, part: int) -> None:
    block = STYLE.split("@media")[part]
    band = re.search(r"--band: (#[0-9a-f]{6})", block)
    assert band is not None
    for name, color in re.findall(r"--(\w+): (#[0-9a-f]{6})", block):
        if name not in ("band", "grid"):
            assert contrast(color, paper) >= 4.5, name
            assert contrast(color, band[1]) >= 3, name


def test_a_long_result_is_cut_and_says_so(row: Any) -> None:
    rows = [row(f"s{k}", "system", k / 100) for k in range(MAX_ROWS + 5)] + [row("f", "floor", 0.0)]
    chart = interval_chart(rows, "macro_f1")
    assert (chart.shown, chart.rows) == (MAX_ROWS, MAX_ROWS + 6)


def test_subsets_with_bounds_come_first(row: Any) -> None:
    rows = [row("s", "system", 0.1, subset="alone"), row("s", "system", 0.2), row("f", "floor", 0.1)]
    svg = interval_chart(rows, "macro_f1").svg
    assert svg.index(">test<") < svg.index(">alone<")


def test_equal_values_still_have_a_scale(row: Any) -> None:
    svg = interval_chart([row("f", "floor", 0.0), row("s", "system", 0.0)], "macro_f1").svg
    assert "nan" not in svg
    assert marks(svg, "floor")[0][0] == marks(svg, "system")[0][0]


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.sampled_from(KIND_ORDER), st.text(max_size=80)),
        min_size=1,
        max_size=8,
    )
)
def test_every_drawing_is_well_formed_and_stays_in_its_frame(values: list[tuple[float, float, str, str]]) -> None:
    rows = [
        {
            "system": "".join(c for c in name if c.isprintable()), "kind": kind, "metric": "ccc", "subset": "t",
            "value": value, "low": value - half, "high": value + half, "n": 3, "comparable": True,
        }
        for value, half, kind, name in values
    ]  # fmt: skip
    svg = interval_chart(rows, "ccc", standalone=True).svg
    for kind in KIND_ORDER:
        assert all(LABELS - 1 <= x <= WIDTH - VALUES + 1 for x, _ in marks(svg, kind))


def test_the_same_rows_give_the_same_bytes(rows: list[dict[str, Any]]) -> None:
    assert interval_chart(rows, "macro_f1").svg == interval_chart(list(rows), "macro_f1").svg


def test_only_a_file_of_its_own_carries_the_style(rows: list[dict[str, Any]]) -> None:
    assert "<style>" not in interval_chart(rows, "macro_f1").svg
    assert "prefers-color-scheme: dark" in interval_chart(rows, "macro_f1", standalone=True).svg


class TestChartedMetrics:
    def test_a_metric_needs_a_bound_and_something_to_compare(self, row: Any) -> None:
        rows = [
            row("f", "floor", 0.1),
            row("s", "system", 0.2),
            row("f", "floor", 0.1, metric="alone"),
            row("s", "system", 0.1, metric="unbounded"),
        ]
        assert charted_metrics(rows) == ["macro_f1"]

    def test_there_is_always_a_chart_where_two_rows_share_a_metric(self, row: Any) -> None:
        rows = [row("f", "floor", 0.1, metric="x"), row("s", "system", 0.2), row("t", "system", 0.3)]
        assert charted_metrics(rows) == ["macro_f1"]
        assert charted_metrics(rows[:2]) == []
