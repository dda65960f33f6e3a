"""Evaluations and comparisons in a terminal of 80 columns."""

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos.measure.comparison import Comparison
from thymos.measure.evaluation import Evaluation, Result

# Narrow enough for a terminal of 80 columns.
TABLE: dict[str, Any] = {"title_justify": "left", "box": box.SIMPLE_HEAD, "padding": 0, "pad_edge": False}


def _span(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _of(score: Any) -> str:
    return _span(score.value, score.low, score.high)


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """The terminal form: first line, scores between floor and ceiling, groups, warnings."""
    console.print(escape(evaluation.headline), style="bold", highlight=False)
    coverage = evaluation.coverage
    kept = ", ".join(f"{rule} keeps {count}" for rule, count in coverage.kept.items())
    console.print(
        f"{coverage.scored} of {coverage.annotated} annotated items scored by {evaluation.rule} ({kept})",
        style="dim",
        highlight=False,
    )
    title = f"{evaluation.system} ({evaluation.provenance.guarantee})"
    table = Table(title=escape(title), **TABLE)
    several = len({result.subset for result in evaluation.results}) > 1
    table.add_column("metric", no_wrap=True)
    for name in ("score [95 % interval]", "floor", "human", "over the floor", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in evaluation.results:
        table.add_row(*_row(result, several))
    floors = "; ".join(dict.fromkeys(result.floor.name for result in evaluation.results))
    table.caption = escape(f"floor: the best of the trivial systems ({floors}). human: one rater. ↓: lower is better")
    table.caption_justify = "left"
    console.print(table)
    if evaluation.calibration is not None:
        found = evaluation.calibration
        direction = "too sure" if found.overconfidence > 0 else "not sure enough"
        console.print(
            f"calibration error {escape(_of(found.ece))}: {direction} by {abs(found.overconfidence):.3f} on average",
            highlight=False,
        )
    for one in evaluation.agreement:
        shown = f"{one.value:.3f}" if one.value is not None else f"- ({one.note})"
        subset = "" if one.subset == "all" else f" of {one.subset}"
        who = f"{one.raters} raters" if one.identified else "unknown raters"
        console.print(
            escape(f"agreement{subset}: {one.measure} {shown}, {who}, {one.ratings_per_item:.1f} ratings an item"),
            highlight=False,
        )
    for gap in evaluation.groups:
        console.print(_group_table(gap))
    for finding in evaluation.findings:
        style = "yellow" if finding.level == "warning" else "dim"
        console.print(escape(f"{finding.level}: {finding.text}"), style=style, highlight=False)


def _row(result: Result, several: bool) -> list[str]:
    name = result.metric if not several or result.subset == "all" else f"{result.metric} ({result.subset})"
    arrow = "" if result.higher_is_better else " ↓"
    over = result.over_floor
    ceiling = "-" if result.ceiling is None else f"{result.ceiling.score.value:.3f}"
    mark = "" if result.beats_floor else "!"
    return [
        escape(name + arrow),
        escape(_of(result.score)),
        f"{result.floor.score.value:.3f}",
        ceiling,
        escape(f"{over.value:.3f} [{over.low:.3f}, {over.high:.3f}]{mark}"),
        str(result.score.n),
    ]


def _group_table(gap: Any) -> Table:
    chance = "" if gap.p is None else f", as large by chance with p = {gap.p:.3f}"
    subset = "" if gap.subset == "all" else f" of {gap.subset}"
    who = f"{gap.best} over {gap.worst}{chance}"
    table = Table(title=escape(f"{gap.metric}{subset} by {gap.column}"), **TABLE)
    table.caption = escape(f"gap {_span(gap.gap, gap.gap_low, gap.gap_high)}: {who}")
    table.caption_justify = "left"
    table.min_width = 78
    table.add_column(gap.column)
    table.add_column(gap.metric, justify="right", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("note")
    for one in gap.groups[:20]:
        table.add_row(escape(one.group), escape(_of(one.score)) if one.score else "-", str(one.n), escape(one.note))
    if len(gap.groups) > 20:
        table.caption = f"{table.caption}; {len(gap.groups) - 20} smaller groups are in the JSON and the HTML page"
    return table


def print_comparison(comparison: Comparison, console: Console) -> None:
    """The terminal form of a comparison."""
    console.print(escape(comparison.verdict), style="bold", highlight=False)
    table = Table(title=f"A = {escape(comparison.a)}, B = {escape(comparison.b)}", **TABLE)
    table.add_column("metric", no_wrap=True)
    for name in ("A", "B", "A - B [95 % interval]", "p", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    several = len({one.subset for one in comparison.differences}) > 1
    for one in comparison.differences:
        name = one.metric if not several or one.subset == "all" else f"{one.metric} ({one.subset})"
        table.add_row(
            escape(name),
            f"{one.a:.3f}",
            f"{one.b:.3f}",
            escape(f"{one.difference:.3f} [{one.low:.3f}, {one.high:.3f}]"),
            f"{one.p_permutation:.4f}",
            f"{one.p_holm:.4f}",
        )
    console.print(table)
    if comparison.mcnemar is not None:
        test = comparison.mcnemar
        console.print(
            f"McNemar: only A right {test.only_a}, only B right {test.only_b}, p = {test.p:.4f}", highlight=False
        )
    for part in comparison.groups:
        console.print(_difference_table(part))
    for finding in comparison.findings:
        style = "yellow" if finding.level == "warning" else "dim"
        console.print(escape(f"{finding.level}: {finding.text}"), style=style, highlight=False)


def _difference_table(part: Any) -> Table:
    table = Table(title=escape(f"{part.metric} by {part.column}"), **TABLE)
    table.add_column(part.column)
    table.add_column("A - B [95 % interval]", justify="right", no_wrap=True)
    table.add_column("p (Holm)", justify="right")
    table.add_column("n", justify="right")
    for one in part.groups[:20]:
        shown = f"{one.difference:.3f} [{one.low:.3f}, {one.high:.3f}]" if one.low is not None else "-"
        table.add_row(escape(one.group), escape(shown), "-" if one.p_holm is None else f"{one.p_holm:.4f}", str(one.n))
    return table
