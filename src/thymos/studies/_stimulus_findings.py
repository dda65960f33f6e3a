"""Claims and plots that positive_stimuli and negative_stimuli share."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from thymos.assess.wording.paired_scores import score_table
from thymos.errors import BadInput
from thymos.studies._stimulus_arms import ALL_TASKS, CHOSEN, NAIVE, NORMALIZED, PLACEBOS, PLAIN, STIMULI, SUITES
from thymos.studies.contract import Finding, Results, Row, Verdict

SUITE_TITLES = {"instruction_induction": "Instruction Induction", "bigbench": "BIG-bench", ALL_TASKS: "all tasks"}
LEVEL = 0.05
OVER_PLAIN, OVER_PLACEBO = f"{STIMULI} over plain prompt", f"{STIMULI} over their placebos"


def row_of(results: Results, label: str, metric: str, subset: str = ALL_TASKS) -> Row:
    """The row of a label, whatever the model is called."""
    found = [row for row in results.find(metric=metric, subset=subset) if row.system.endswith(f": {label}")]
    if len(found) != 1:
        raise BadInput(f"{len(found)} rows of {label!r} with {metric} on {subset}, one is needed", where="results")
    return found[0]


def points(row: Row) -> str:
    """An effect in points with its interval."""
    return f"{_points(row.value)} points [{_points(row.low)}, {_points(row.high)}]"


def _points(value: float | None) -> str:
    return "?" if value is None else f"{100 * value:+.2f}"


def relative_gain_claim(suite: str, claimed: float) -> Callable[[Results], Finding]:
    """Whether the model under test gains what the paper reports, relative to its plain score.

    ``holds``: the interval lies above 0 and does not rule the claimed gain out from below. ``contradicted``: the
    interval ends below the claimed gain. Where the relative gain has no interval, because resamples of the plain
    score come near or below 0, the claimed gain is turned into points at the plain score that was measured.
    """
    metric = "normalized_effect" if suite == NORMALIZED else "effect"

    def check(results: Results) -> Finding:
        relative = row_of(results, OVER_PLAIN, "relative_gain", suite)
        effect = row_of(results, OVER_PLAIN, metric, suite)
        title, scale = SUITE_TITLES[suite], "normalized score" if suite == NORMALIZED else "score"
        absolute = f"{points(effect)} of the {scale} on {title}, {effect.n} items"
        if relative.value is None:
            return Finding(
                Verdict.NOT_TESTABLE,
                f"the plain prompt is at or below chance, so that a relative gain has no meaning; absolute: {absolute}",
            )
        plain = row_of(results, PLAIN, "normalized_score" if suite == NORMALIZED else "score", suite).value
        low, high, target = relative.low, relative.high, claimed
        interval = "no interval of the ratio" if low is None else f"[{100 * low:+.1f}, {100 * (high or 0):+.1f}] %"
        evidence = f"relative gain {100 * relative.value:+.1f} % {interval}; claimed {100 * claimed:+.2f} %; {absolute}"
        if low is None or high is None:
            if plain is None or effect.low is None or effect.high is None:
                return Finding(Verdict.NOT_SHOWN, evidence)
            low, high, target = effect.low, effect.high, claimed * plain
            evidence += f"; the claimed gain would be {100 * target:+.2f} points"
        if low > 0 and high >= target:
            return Finding(Verdict.HOLDS, evidence)
        if high < target:
            return Finding(Verdict.CONTRADICTED, f"{evidence}; the interval excludes the claimed gain")
        return Finding(Verdict.NOT_SHOWN, f"{evidence}; the interval holds both 0 and the claimed gain")

    return check


def beats_placebo(results: Results) -> Finding:
    """Stimuli against neutral sentences of the same length, on all tasks."""
    row = row_of(results, OVER_PLACEBO, "effect")
    smallest = row_of(results, OVER_PLACEBO, "smallest_detectable_effect").value
    each = [entry for entry in results.find(metric="p_holm", subset=ALL_TASKS) if "over its placebo" in entry.system]
    different = sum((entry.value or 0) < LEVEL for entry in each)
    evidence = (
        f"stimuli minus placebos {points(row)}, {row.n} items on {SUITE_TITLES[ALL_TASKS]}; {row.note}; "
        f"stimulus minus plain {points(row_of(results, OVER_PLAIN, 'effect'))}, placebo minus plain "
        f"{points(row_of(results, f'{PLACEBOS} over plain prompt', 'effect'))}; "
        f"{different} of {len(each)} stimuli differ from their placebo after Holm"
    )
    if smallest is not None:
        evidence += f"; a true difference below {100 * smallest:.2f} points could have been missed"
    return _by_sign(row, row_of(results, OVER_PLACEBO, "p_value"), evidence)


def best_holds(results: Results) -> Finding:
    """Whether the stimulus that is best on development items also gains on others."""
    tested, naive = row_of(results, CHOSEN, "effect"), row_of(results, NAIVE, "effect")
    evidence = (
        f"chosen on development items: {points(tested)} on the test items ({tested.note}); chosen on the test items "
        f"themselves: {points(naive)} ({naive.note})"
    )
    return _by_sign(tested, row_of(results, CHOSEN, "p_value"), evidence)


def emotional_words_weigh_more(results: Results) -> Finding:
    """Whether emotional words have larger shares of the input gradient than the other words."""
    rows = results.find(metric="emotional_word_share_gap", kind="system")
    if not rows:
        return Finding(Verdict.NOT_TESTABLE, "no attribution was made (it needs a model on this machine)")
    above = [row for row in rows if (row.low or 0) > 0]
    below = [row for row in rows if row.high is not None and row.high < 0]
    listed = "; ".join(f"{row.system.rpartition(': ')[2]} {points(row)}" for row in rows)
    evidence = f"share of an emotional word minus share of another word: {listed}"
    if len(above) == len(rows):
        return Finding(Verdict.HOLDS, evidence)
    return Finding(Verdict.CONTRADICTED if len(below) == len(rows) else Verdict.NOT_SHOWN, evidence)


def _by_sign(row: Row, p: Row, evidence: str) -> Finding:
    """Interval and test must agree: where few items change, a bootstrap interval alone is too narrow."""
    if p.value is not None and p.value < LEVEL:
        if row.low is not None and row.low > 0:
            return Finding(Verdict.HOLDS, evidence)
        if row.high is not None and row.high < 0:
            return Finding(Verdict.CONTRADICTED, evidence)
    return Finding(Verdict.NOT_SHOWN, evidence)


def draw_forest(results: Results, figure: Any) -> None:
    """Effect of every stimulus over the plain prompt, with that of its placebo below."""
    axes = figure.subplots()
    marked = [row for row in results.find(metric="effect", subset=ALL_TASKS) if _stimulus(row)]
    stimuli = [row for row in marked if row.kind == "system"]
    controls = {_stimulus(row).removesuffix("_placebo"): row for row in marked if row.kind == "control"}
    for place, row in enumerate(stimuli):
        pairs = [(row, place - 0.15, "o", "#0a58a8", "stimulus")]
        if _stimulus(row) in controls:
            pairs.append((controls[_stimulus(row)], place + 0.15, "s", "#8a4b00", "its placebo"))
        for entry, height, marker, color, label in pairs:
            value, low, high = (100 * (number or 0) for number in (entry.value, entry.low, entry.high))
            axes.errorbar(
                value,
                height,
                xerr=[[value - low], [high - value]],
                marker=marker,
                color=color,
                markerfacecolor=color if marker == "o" else "none",
                capsize=2,
                label=label if place == 0 else None,
            )
    axes.axvline(0, color="gray", linewidth=0.8)
    axes.set_yticks(range(len(stimuli)), [_stimulus(row) for row in stimuli])
    axes.invert_yaxis()
    axes.set_xlabel("change of the score over the plain prompt, points")
    if stimuli:
        axes.legend(fontsize="small")


def _stimulus(row: Row) -> str:
    """Id of the stimulus or placebo of a row ``"<model>: <id> over plain prompt"``, or an empty text."""
    label = row.system.rpartition(": ")[2]
    id, found, _ = label.partition(" over plain prompt")
    return id if found and id.startswith(("positive_", "negative_")) and "+" not in id else ""


def draw_tasks(results: Results, figure: Any) -> None:
    """Each task: score with stimuli (and with placebos) against the score of the plain prompt."""
    axes = figure.subplots()
    outcomes = results.tables.get("outcomes")
    if outcomes is None:
        raise BadInput("the outcome table is not there", where="results")
    for suite, color in zip(SUITES, ("#0a58a8", "#00695c"), strict=True):
        part = outcomes[outcomes["suite"] == suite]
        if part.empty:
            continue
        plain, stimuli, placebos = task_scores(part)
        axes.plot(plain, stimuli, "o", color=color, alpha=0.8, label=f"{SUITE_TITLES[suite]}, stimuli")
        axes.plot(plain, placebos, "s", color=color, markerfacecolor="none", label=f"{SUITE_TITLES[suite]}, placebos")
    axes.plot([0, 100], [0, 100], color="gray", linewidth=0.8, linestyle="--")
    axes.set_xlabel("score of the plain prompt, %")
    axes.set_ylabel("mean score with added sentences, %")
    axes.legend(fontsize="small")


def task_scores(part: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Mean scores in per cent of each task: plain prompt, all stimuli, all placebos."""
    table = score_table(part)
    placebos = [name for name in table.conditions if name.endswith("_placebo")]
    stimuli = [name.removesuffix("_placebo") for name in placebos]
    return (
        100 * table.task_means(table.column("plain")),
        100 * table.task_means(table.column(stimuli)),
        100 * table.task_means(table.column(placebos)),
    )
