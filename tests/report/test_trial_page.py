"""The page and the flow of a trial: every number stands there, every word is escaped, no other file is needed."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.report.test_scan_page import Page
from tests.respond.trial.plans import changed

from thymos.errors import BadInput
from thymos.report.numbers import number
from thymos.report.trial_flow import flow_chart, flow_drawing, flow_png, write_flow
from thymos.report.trial_page import tables, write_trial_page
from thymos.respond.trial import TrialEvent, TrialResult, analyze_trial, parse_plan, simulate_trial, trial_data
from thymos.respond.trial.analysis import COMPLETE, INTENTION

HOSTILE = "<script>alert('x')</script> & \"q\""
PLAN = changed(
    title=HOSTILE,
    question=HOSTILE,
    outcomes=[
        {"name": "mood", "title": HOSTILE, "low": 0, "high": 27, "primary": True},
        {"name": "sleep", "title": "Sleep", "low": 0, "high": 28},
    ],
    times=["before", "after"],
    sample_size=60,
)


@pytest.fixture(scope="module")
def result() -> TrialResult:
    plan = parse_plan(PLAN)
    return analyze_trial(plan, simulate_trial(plan, {"both": -0.9}, seed=1, dropout=0.2))


def test_the_page_is_well_formed_and_needs_no_other_file(result: TrialResult, tmp_path: Path) -> None:
    path = write_trial_page(result, tmp_path / "trial.html")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not re.search(r"(src|href)\s*=|url\(|@import", text)
    assert "<script" not in text
    assert HOSTILE in page.text
    assert "nothing follows for people" in page.text
    assert result.plan.hash in page.text
    ElementTree.fromstring(str(flow_drawing(result).svg))


def test_every_effect_stands_on_the_page(result: TrialResult, tmp_path: Path) -> None:
    page = Page(write_trial_page(result, tmp_path / "trial.html").read_text(encoding="utf-8"))
    for one in result.effects:
        for value in (one.estimate, one.low, one.high, one.p):
            assert number(value) in page.text, (one.outcome, one.analysis)
    for arm in result.steps.arms:
        assert f"intention to treat: {arm.analyzed}" in flow_drawing(result).description


def test_what_is_not_defined_is_a_dash_and_no_nan(result: TrialResult, tmp_path: Path) -> None:
    nan = float("nan")
    effects = tuple(replace(one, p=nan, p_holm=nan, d=nan, d_low=nan, d_high=nan) for one in result.effects)
    empty = replace(result, effects=effects, tests=result.tests * nan, ranks=result.ranks.assign(p=nan))
    page = Page(write_trial_page(empty, tmp_path / "trial.html").read_text(encoding="utf-8"))
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)


def test_the_tables_are_whole(result: TrialResult) -> None:
    found = {table.title: table for table in tables(result)}
    assert len(found["Arms compared"].rows) == len(result.effects)
    assert len(found["By ranks"].rows) == len(result.plan.outcomes) * len(result.plan.contrasts)
    assert len(found["Missing values"].rows) == len(result.plan.outcomes) * len(result.plan.times)
    for table in found.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
    informed = {row[2]: row[-1] for row in found["Arms compared"].rows}
    assert informed[COMPLETE] == ""
    assert informed[INTENTION] != ""


def event(kind: str, code: str, **values: Any) -> TrialEvent:
    """A line of a log."""
    return TrialEvent(kind, code, values, "", "")


@pytest.fixture(scope="module")
def flowing() -> TrialResult:
    """A trial with its log: who agreed, who left."""
    plan = parse_plan(PLAN)
    rng = np.random.default_rng(0)
    events = []
    for place, arm in enumerate(["control", "exercises_only", "both"] * 8):
        code, sex = f"p{place}", ("male", "female")[place % 2]
        events += [event("consented", code), event("randomized", code, arm=arm, strata={"sex": sex})]
        for outcome in ("mood", "sleep"):
            for time in plan.times:
                value = float(rng.uniform(1, 20))
                events.append(event("measured", code, outcome=outcome, occasion=time, value=value))
    events += [event("withdrew", "p0"), event("deleted", "p0"), event("consented", "late")]
    return analyze_trial(plan, trial_data(plan, events), events=events)


def test_the_flow_tells_who_agreed_and_who_left(flowing: TrialResult) -> None:
    chart = flow_chart(flowing)
    lines = [box.lines for box in chart.boxes]
    assert lines[0] == ("Agreed", "n = 25")
    assert lines[1] == ("Randomized", "n = 24")
    assert ("Left", "n = 1", "data deleted: 1") in lines
    assert lines.count(("Left", "n = 0", "data deleted: 0")) == 2
    assert len(chart.boxes) == 2 + 3 * 4
    assert len(chart.ways) == len(chart.boxes) - 1  # everybody came from one place
    assert {end for _, end in chart.ways} == set(range(1, len(chart.boxes)))


def test_boxes_stand_apart_and_inside(flowing: TrialResult) -> None:
    chart = flow_chart(flowing)
    width, height = chart.size
    for place, one in enumerate(chart.boxes):
        assert 0 <= one.left <= one.left + one.width <= width
        assert 0 <= one.top <= one.bottom <= height
        for other in chart.boxes[:place]:
            beside = one.left + one.width <= other.left or other.left + other.width <= one.left
            assert beside or one.bottom <= other.top or other.bottom <= one.top
    for start, end in chart.ways:
        assert chart.boxes[start].bottom < chart.boxes[end].top


def test_the_flow_is_written_as_svg_and_png(flowing: TrialResult, tmp_path: Path) -> None:
    svg = write_flow(flowing, tmp_path / "flow.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "Randomized: n = 24" in root.attrib["aria-label"]
    png = write_flow(flowing, tmp_path / "flow.png").read_bytes()
    with Image.open(BytesIO(png)) as picture:
        width, height = flow_chart(flowing).size
        assert picture.size == pytest.approx((2 * width, 2 * height), abs=3)
    assert flow_png(flow_chart(flowing)) == png
    with pytest.raises(BadInput, match=r"\.svg or \.png"):
        write_flow(flowing, tmp_path / "flow.pdf")
