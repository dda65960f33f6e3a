"""The pages of an evaluation and a comparison: every number, no script, nothing unescaped."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.measure.comparison import compare
from thymos.measure.evaluation import Evaluation, evaluate
from thymos.measure.predictions import Predictions
from thymos.report.evaluation_page import (
    comparison_page,
    evaluation_page,
    reliability_diagram,
    write_comparison_page,
    write_evaluation_page,
)
from thymos.report.numbers import number

EVIL = '<b onload="x()">&'


def _inputs(kind: Kind = Kind.CATEGORICAL) -> tuple[Annotations, Predictions, pd.DataFrame]:
    rng = np.random.default_rng(0)
    ids = [f"i{k}" for k in range(40)]
    items = pd.DataFrame({EVIL: [f"g{k % 3}{EVIL}" for k in range(40)]}, index=pd.Index(ids, name="item"))
    if kind is Kind.CATEGORICAL:
        scheme = Scheme("mood", kind, ("joy", EVIL), Construct.FELT)
        rows = [(i, r, scheme.labels[(k + (rng.random() < 0.2)) % 2]) for k, i in enumerate(ids) for r in ("x", EVIL)]
        first = rng.uniform(0, 1, 40)
        shares = pd.DataFrame({"joy": first, EVIL: 1 - first}, index=ids)
        table = pd.DataFrame(rows, columns=["item", "rater", "label"])
        return Annotations(table, scheme), Predictions(EVIL, "", probabilities=shares), items
    scheme = Scheme("va", kind, ("valence", "arousal"), Construct.FELT, (0, 10))
    rows = [(i, r, axis, rng.uniform(0, 10)) for i in ids for r in ("x", "y") for axis in scheme.labels]
    table = pd.DataFrame(rows, columns=["item", "rater", "label", "value"])
    numbers = pd.DataFrame(rng.uniform(0, 10, (40, 2)), columns=list(scheme.labels), index=ids)
    return Annotations(table, scheme), Predictions("n", "", numbers=numbers), items


def _evaluation(kind: Kind = Kind.CATEGORICAL) -> Evaluation:
    annotations, predictions, items = _inputs(kind)
    return evaluate(predictions, annotations, items=items, groups=[EVIL], resamples=100)


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "link", "br", "rect", "line", "path", "circle", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"rect", "line", "path", "circle"}:
            return
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", [Kind.CATEGORICAL, Kind.DIMENSIONAL])
def test_the_page_holds_every_number_and_every_group(kind: Kind) -> None:
    evaluation = _evaluation(kind)
    page = evaluation_page(evaluation)
    for result in evaluation.results:
        for score in (result.score, result.floor.score, result.ceiling and result.ceiling.score):
            assert score is None or number(score.value) in page
    for gap in evaluation.groups:
        assert number(gap.gap) in page
        assert all(one.score is None or number(one.score.value) in page for one in gap.groups)
    for finding in evaluation.findings:
        assert finding.text.split("'")[0][:40] in page


def test_the_page_is_whole_runs_nothing_and_loads_nothing() -> None:
    page = evaluation_page(_evaluation())
    tags = _Tags(page)
    assert tags.open == []
    assert not {"script", "iframe", "link", "b"} & set(tags.seen)
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!#|data:)', page)


def test_what_users_wrote_is_escaped() -> None:
    annotations, predictions, items = _inputs()
    other = Predictions(f"B{EVIL}", "", probabilities=1 - predictions.probabilities)  # type: ignore[operator]
    for page in (
        evaluation_page(_evaluation()),
        comparison_page(compare(predictions, other, annotations, items=items, groups=[EVIL], resamples=100)),
    ):
        assert "<b onload" not in page
        assert "&lt;b onload" in page


def test_the_reliability_diagram_has_a_bar_a_bin_and_a_description() -> None:
    calibration = _evaluation().calibration
    assert calibration is not None
    drawing = str(reliability_diagram(calibration))
    assert drawing.count('class="bar"') == len(calibration.bins)
    assert f"Calibration error {number(calibration.ece.value)}" in drawing
    heights = [float(found) for found in re.findall(r'class="bar"[^>]*height="([\d.]+)"', drawing)]
    assert heights == pytest.approx([one.accuracy * 320 for one in calibration.bins], abs=0.11)


def test_numbers_without_probabilities_have_no_calibration() -> None:
    page = evaluation_page(_evaluation(Kind.DIMENSIONAL))
    assert "Calibration" not in page
    assert "valence" in page


def test_pages_are_written_whole(tmp_path: Path) -> None:
    annotations, predictions, _ = _inputs()
    assert write_evaluation_page(_evaluation(), tmp_path / "a" / "e.html").read_text().rstrip().endswith("</html>")
    comparison = compare(predictions, predictions, annotations, resamples=100)
    assert "both systems predict the same" in write_comparison_page(comparison, tmp_path / "c.html").read_text()
