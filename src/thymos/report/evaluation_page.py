"""One evaluation or comparison as an HTML page that needs no other file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from thymos import __version__
from thymos.files import write_atomically
from thymos.measure.comparison import Comparison
from thymos.measure.evaluation import Evaluation, Result
from thymos.measure.group_scores import GroupGap
from thymos.measure.registry import find_metric
from thymos.measure.reliability import Calibration
from thymos.measure.score import Score
from thymos.report.interval_plot import STYLE, Chart, interval_chart, legend
from thymos.report.numbers import interval, number, words
from thymos.report.page import environment

SQUARE = 320  # side of the reliability diagram's plane
MARGIN = 46
RELIABILITY_STYLE = """
.thymos-plot .diagonal { stroke: var(--control); stroke-dasharray: 4 4; }
.thymos-plot .bar { fill: var(--system); fill-opacity: .45; stroke: var(--system); }
.thymos-plot .frame { fill: none; stroke: var(--grid); }
figure.square .thymos-plot { max-width: 26rem; min-width: 0; width: 100%; height: auto; }
"""


def write_evaluation_page(evaluation: Evaluation, html: str | Path) -> Path:
    """Write the page of one evaluation, whole or not at all."""
    return write_atomically(html, evaluation_page(evaluation))


def write_comparison_page(comparison: Comparison, html: str | Path) -> Path:
    """Write the page of one comparison, whole or not at all."""
    return write_atomically(html, comparison_page(comparison))


def evaluation_page(evaluation: Evaluation) -> str:
    """The page's text."""
    return (
        environment()
        .get_template("evaluation.html")
        .render(
            evaluation=evaluation,
            rows=[_result_row(result) for result in evaluation.results],
            charts=_score_charts(evaluation),
            groups=[(gap, _group_chart(gap)) for gap in evaluation.groups],
            reliability=None if evaluation.calibration is None else reliability_diagram(evaluation.calibration),
            plot_style=STYLE + RELIABILITY_STYLE,
            legend=legend(),
            version=__version__,
            number=number,
            span=_span,
            words=words,
        )
    )


def comparison_page(comparison: Comparison) -> str:
    """The page's text."""
    return (
        environment()
        .get_template("comparison.html")
        .render(comparison=comparison, version=__version__, number=number, interval=interval, words=words)
    )


def _span(score: Score | None) -> str:
    return "–" if score is None else f"{number(score.value)} {interval(score.low, score.high)}".strip()


def _result_row(result: Result) -> dict[str, Any]:
    over = result.over_floor
    return {
        "metric": words(result.metric) + ("" if result.higher_is_better else " (lower is better)"),
        "subset": result.subset,
        "score": _span(result.score),
        "floor": _span(result.floor.score),
        "floor_name": result.floor.name,
        "ceiling": "–" if result.ceiling is None else _span(result.ceiling.score),
        "over": f"{number(over.value)} {interval(over.low, over.high)}",
        "beats": result.beats_floor,
        "n": result.score.n,
        "clusters": result.score.clusters,
    }


def _chart_row(kind: str, name: str, subset: str, score: Score, metric: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "system": name,
        "subset": subset,
        "metric": metric,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "comparable": True,
    }


def _score_charts(evaluation: Evaluation) -> list[Chart]:
    """Scores between floor and ceiling: rates and correlations share an axis, every error has its own."""
    together: list[dict[str, Any]] = []
    apart: dict[str, list[dict[str, Any]]] = {}
    for result in evaluation.results:
        metric = find_metric(result.metric)
        shared = metric.higher_is_better and metric.high == 1
        subset = words(result.metric) + ("" if result.higher_is_better else " (lower is better)")
        if result.subset != "all":
            subset += f" of {result.subset}"
        name = "score" if shared else result.metric
        rows = [_chart_row("system", evaluation.system, subset, result.score, name)]
        rows.append(_chart_row("floor", result.floor.name, subset, result.floor.score, name))
        if result.ceiling is not None:
            rows.append(_chart_row("ceiling", "one human rater", subset, result.ceiling.score, name))
        (together if shared else apart.setdefault(name, [])).extend(rows)
    charts = [interval_chart(together, "score")] if together else []
    return charts + [interval_chart(rows, name) for name, rows in apart.items()]


def _group_chart(gap: GroupGap) -> Chart:
    rows = [
        _chart_row("system", one.group, f"by {gap.column}", one.score, gap.metric)
        for one in gap.groups
        if one.score is not None
    ]
    return interval_chart(rows, gap.metric)


def reliability_diagram(calibration: Calibration) -> Markup:
    """Accuracy over confidence, one bar a bin; on the dashed line confidence can be taken at its word."""

    def x(value: float) -> float:
        return round(MARGIN + value * SQUARE, 1)

    def y(value: float) -> float:
        return round(10 + (1 - value) * SQUARE, 1)

    body = [f'<rect class="frame" x="{MARGIN}" y="10" width="{SQUARE}" height="{SQUARE}"/>']
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        body.append(f'<text class="tick" x="{x(tick)}" y="{y(0) + 16}" text-anchor="middle">{tick:g}</text>')
        body.append(f'<text class="tick" x="{MARGIN - 6}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    for one in calibration.bins:
        text = f"confidence {one.confidence:.3f}, accuracy {one.accuracy:.3f}, n = {one.n:,}"
        height = round(y(0) - y(one.accuracy), 1)
        body.append(
            f'<g><title>{escape(text)}</title><rect class="bar" x="{x(one.low)}" y="{y(one.accuracy)}" '
            f'width="{round(x(one.high) - x(one.low), 1)}" height="{height}"/></g>'
        )
    body.append(f'<line class="diagonal" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>')
    middle = MARGIN + SQUARE / 2
    body.append(f'<text x="{middle}" y="{y(0) + 36}" text-anchor="middle">confidence</text>')
    body.append(f'<text transform="translate(12 {10 + SQUARE / 2}) rotate(-90)" text-anchor="middle">accuracy</text>')
    label = _reliability_words(calibration)
    svg = (
        f'<svg class="thymos-plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {MARGIN + SQUARE + 14} '
        f'{SQUARE + 56}" role="img" aria-label="{escape(label)}"><title>Reliability diagram</title>'
        f"{''.join(body)}</svg>"
    )
    # Numbers and escaped texts only.
    return Markup(svg)


def _reliability_words(calibration: Calibration) -> str:
    filled: Sequence[Any] = [one for one in calibration.bins if one.n]
    widest = max(filled, key=lambda one: abs(one.confidence - one.accuracy))
    return (
        f"Reliability diagram with {len(filled)} bins. Calibration error {number(calibration.ece.value)}. Largest gap: "
        f"confidence {number(widest.confidence)} where accuracy is {number(widest.accuracy)} (n = {widest.n})."
    )
