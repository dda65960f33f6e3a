"""Claims and plots of the study of layered emotional intelligence: rows in, verdicts and figures out."""

from typing import Any

import numpy as np

from thymos.assess.layered.layered_scores import LAYERS
from thymos.studies.contract import Finding, Results, Row, Verdict, holds_if

BEFORE, AFTER = "letters, before fine-tuning", "letters, after fine-tuning"
TEXTS_BEFORE, TEXTS_AFTER = (
    "option texts, English items, before fine-tuning",
    "option texts, English items, after fine-tuning",
)
BARE = "letters, without the dialogue, English items"
CHANGE, TEXTS_CHANGE = "letters, after minus before", "option texts, English items, after minus before"
READING = "letters, English items, with minus without the dialogue"
CHANCE, ONE_LETTER = "chance", "most frequent right letter"
ALPHA = 0.05


# -- claims ---------------------------------------------------------------------------------------------------------


def only_appraisal_improves(results: Results) -> Finding:
    """Which layers change significantly (Holm), and which way?"""
    better: list[str] = []
    worse: list[str] = []
    parts = []
    tests = results.tables.get("layer_tests")
    if tests is None:
        return Finding(Verdict.NOT_TESTABLE, "the model was not fine-tuned")
    for test in tests.itertuples(index=False):
        change = results.one(system=CHANGE, metric="accuracy_difference", subset=test.layer)
        if test.p_holm < ALPHA:
            (better if test.improved > test.worsened else worse).append(test.layer)
        parts.append(f"{test.layer[6:]} +{test.improved}/-{test.worsened}, p = {test.p_holm:.3f} ({change.note})")
    evidence = f"items that became right/wrong, Holm p, accuracy change: {'; '.join(parts)}"
    if better == ["layer appraisal"] and not worse:
        return Finding(Verdict.HOLDS, evidence)
    if any(layer != "layer appraisal" for layer in better) or "layer appraisal" in worse:
        return Finding(Verdict.CONTRADICTED, evidence)
    return Finding(Verdict.NOT_SHOWN, f"no layer improves significantly; {evidence}" if not better else evidence)


def beats_chance(results: Results) -> Finding:
    """Is the lower end of the interval above 0.25 in every layer?"""
    parts, above = [], 0
    for layer in LAYERS:
        row, blind = (results.one(system=name, metric="accuracy", subset=layer) for name in (BEFORE, CHANCE))
        low = row.low if row.low is not None else 0.0
        above += low > (blind.value or 0)
        parts.append(f"{layer[6:]} {row.value:.3f} [{low:.3f}, {row.high or 1:.3f}]")
    return holds_if(above == len(LAYERS), f"{above} of {len(LAYERS)} layers are above 0.25: {'; '.join(parts)}")


def reads_the_dialogue(results: Results) -> Finding:
    """Is accuracy higher with the dialogue than without it?"""
    row = results.one(system=READING, metric="accuracy_difference", subset="all")
    parts = []
    for layer in LAYERS:
        own = results.one(system=READING, metric="accuracy_difference", subset=layer)
        parts.append(f"{layer[6:]} {own.value:+.3f}")
    evidence = f"the dialogue adds {_with_interval(row)}, {row.note}; by layer: {', '.join(parts)}"
    return holds_if((row.low or 0) > 0, evidence)


def _with_interval(row: Row) -> str:
    if row.low is None or row.high is None:
        return f"{row.value:+.3f}"
    return f"{row.value:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"


def order_matters(results: Results) -> Finding:
    """Does the answer hang on where options stand? Half of the items or more change it with the order."""
    row = results.one(system=BEFORE, metric="rotation_consistency", subset="all")
    shares = results.find(system=BEFORE, metric="letter_share")
    listed = ", ".join(f"{share.subset[-1]} {share.value:.2f}" for share in shares)
    evidence = (
        f"the same option in all four orders for {100 * (row.value or 0):.1f} % of items; letters chosen: {listed}"
    )
    return holds_if((row.high if row.high is not None else 1.0) < 0.5, evidence)


def training_worked(results: Results) -> Finding:
    """Is the loss of unseen replies lower after fine-tuning?"""
    row = results.one(system="after minus before", metric="held_out_reply_loss")
    evidence = f"loss of unseen listeners' replies changes by {_with_interval(row)} nats a byte; {row.note}"
    return holds_if((row.high if row.high is not None else 0.0) < 0, evidence)


def second_scorer(results: Results) -> Finding:
    """Does the second scorer show a gain anywhere?"""
    rows = [results.one(system=TEXTS_CHANGE, metric="accuracy_difference", subset=layer) for layer in LAYERS]
    listed = "; ".join(f"{row.subset[6:]} {_with_interval(row)}" for row in rows)
    return holds_if(any((row.low or 0) > 0 for row in rows), f"change by layer, not adjusted: {listed}")


# -- plots ----------------------------------------------------------------------------------------------------------


def draw_layers(results: Results, figure: Any) -> None:
    """Accuracy by layer before and after, and without the dialogue, with the chance line."""
    axes = figure.subplots()
    subsets = ["all", *LAYERS]
    styles = ((BEFORE, "o", "#4c72b0"), (AFTER, "s", "#dd8452"), (BARE, "x", "#777777"))
    for shift, (system, marker, color) in zip((-0.2, 0.0, 0.2), styles, strict=True):
        rows = {row.subset: row for row in results.find(system=system, metric="accuracy")}
        places = [place for place, subset in enumerate(subsets) if subset in rows]
        found = [rows[subsets[place]] for place in places]
        values = np.array([row.value or 0.0 for row in found])
        below = [value - (row.low if row.low is not None else value) for row, value in zip(found, values, strict=True)]
        over = [(row.high if row.high is not None else value) - value for row, value in zip(found, values, strict=True)]
        at = np.array(places, dtype=float) + shift
        axes.errorbar(at, values, yerr=[below, over], fmt=marker, color=color, capsize=3, label=system)
    axes.axhline(0.25, color="#999999", linestyle="--", linewidth=1, label="chance")
    axes.set_xticks(range(len(subsets)), [subset.removeprefix("layer ") for subset in subsets])
    axes.set_ylabel("accuracy, mean over rotations")
    axes.legend(fontsize="small")


def draw_letters(results: Results, figure: Any) -> None:
    """Which letters are chosen, before and after fine-tuning and without the dialogue."""
    axes = figure.subplots()
    for shift, system, color in ((-0.27, BEFORE, "#4c72b0"), (0.0, AFTER, "#dd8452"), (0.27, BARE, "#bbbbbb")):
        rows = results.find(system=system, metric="letter_share")
        axes.bar(
            np.arange(len(rows)) + shift, [row.value or 0.0 for row in rows], width=0.25, color=color, label=system
        )
    axes.axhline(0.25, color="#999999", linestyle="--", linewidth=1, label="no leaning")
    axes.set_xticks(range(4), list("ABCD"))
    axes.set_ylabel("share of chosen letters over all rotations")
    axes.legend(fontsize="small")
