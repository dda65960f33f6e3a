"""Claims and figures of ``emotion_circuits``."""

from collections.abc import Callable
from typing import Any

import numpy as np

from thymos.errors import BadInput
from thymos.interpret.scenarios import EMOTIONS
from thymos.studies.contract import Finding, Results, Row, Verdict, holds_if

OWN = "own/test"
DIFFERENCE = "expression_accuracy_difference"


def told(row: Row, digits: int = 3) -> str:
    """Value and interval of a row."""
    interval = "" if row.low is None else f" [{row.low:.{digits}f}, {row.high:.{digits}f}]"
    return f"{row.system}: {row.value:.{digits}f}{interval}"


def low(row: Row) -> float:
    """Lower end of the interval, 0 where there is none."""
    return 0.0 if row.low is None else row.low


def high(row: Row) -> float:
    """Upper end of the interval, 1 where there is none; an end of 0 is one."""
    return 1.0 if row.high is None else row.high


def compare(first: str, second: str) -> Callable[[Results], Finding]:
    """Whether one method's replies express the emotion more often than another's, on our test scenarios."""

    def check(results: Results) -> Finding:
        difference = results.one(system=f"{first} minus {second}", metric=DIFFERENCE, subset=OWN)
        both = [results.one(system=name, metric="expression_accuracy", subset=OWN) for name in (first, second)]
        evidence = f"{told(difference)}; {'; '.join(map(told, both))}; {difference.n} pairs"
        if difference.low is None or difference.high is None:
            return Finding(Verdict.NOT_SHOWN, f"{evidence}; nothing varies")
        if difference.high < 0:
            return Finding(Verdict.CONTRADICTED, evidence)
        return holds_if(difference.low > 0, evidence)

    return check


def in_this_order(results: Results) -> Finding:
    """Circuit over steering over prompting: all of it must hold."""
    findings = [compare("circuit modulation", "steering")(results), compare("steering", "prompting")(results)]
    evidence = " | ".join(finding.evidence for finding in findings)
    verdicts = {finding.verdict for finding in findings}
    if Verdict.CONTRADICTED in verdicts:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(verdicts == {Verdict.HOLDS}, evidence)


def prompting_is_enough(results: Results) -> Finding:
    """The paper's 98.96 % under prompting."""
    row = results.one(system="prompting", metric="expression_accuracy", subset=OWN)
    if row.high is not None and row.high < 0.9896:
        return Finding(Verdict.CONTRADICTED, f"{told(row)}; published .9896 for a model of 3 billion weights")
    return holds_if(low(row) >= 0.95, told(row))


def context_free(results: Results) -> Finding:
    """Directions from other themes and other valences against shuffled labels."""
    shuffled = results.one(system="directions from shuffled labels", metric="accuracy")
    rows = [results.one(system=f"directions from other {what}", metric="accuracy") for what in ("themes", "valences")]
    evidence = "; ".join(told(row) for row in (*rows, shuffled))
    return holds_if(all(low(row) > high(shuffled) for row in rows), evidence)


def separate_by_two_fifths(results: Results) -> Finding:
    """Clusters are clear by layer 12 of 28."""
    rows = [row for row in results.find(metric="accuracy", subset=OWN) if row.note.startswith("12/28 of the depth")]
    if len(rows) != 1:
        raise BadInput("no row at 12/28 of the depth", where="results")
    evidence = f"{told(rows[0])}; clear means at least .90"
    if rows[0].high is not None and rows[0].high < 0.9:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(low(rows[0]) >= 0.9, evidence)


def stable_band(results: Results) -> Finding:
    """Directions of neighboring layers at 75 to 90 % depth."""
    row = results.one(system="directions, 75 to 90 % depth", metric="next_layer_cosine")
    return holds_if((row.value or 0) > 0.9, told(row), otherwise=Verdict.CONTRADICTED)


def neurons_overlap_less(results: Results) -> Finding:
    """Overlap of circuits between emotions: neurons against heads."""
    heads, neurons = (
        results.one(system=f"{kind} of two emotions' circuits", metric="jaccard_overlap")
        for kind in ("heads", "neurons")
    )
    evidence = f"{told(heads)}; {told(neurons)}; published .454 and .056 for other budgets"
    return holds_if((neurons.value or 0) < (heads.value or 0), evidence, otherwise=Verdict.CONTRADICTED)


def few_units_carry(results: Results) -> Finding:
    """Two heads and eight neurons a layer reproduce more of the prompted effect than random units, and half of it."""
    circuit = results.one(system="circuit, enhancement", subset="2 heads a layer")
    randomly = results.one(system="random, enhancement", subset="2 heads a layer")
    evidence = f"share of the prompted effect on the final state, {told(circuit)}; {told(randomly)}"
    if circuit.high is not None and circuit.high < 0.5:
        return Finding(Verdict.CONTRADICTED, f"{evidence}; less than half")
    return holds_if(low(circuit) >= 0.5 and low(circuit) > high(randomly), evidence)


def beats_random(system: str, control: str) -> Callable[[Results], Finding]:
    """A method against its random control at the same strength."""

    def check(results: Results) -> Finding:
        return compare(system, control)(results)

    return check


def surprise_is_hardest(results: Results) -> Finding:
    """Surprise has the lowest expression accuracy under steering."""
    rows = {
        emotion: results.one(system="steering", metric="expression_accuracy", subset=f"{OWN}/{emotion}")
        for emotion in EMOTIONS
    }
    evidence = ", ".join(f"{emotion} {row.value:.3f}" for emotion, row in rows.items())
    lowest = min(rows, key=lambda emotion: rows[emotion].value or 0)
    others = [row for emotion, row in rows.items() if emotion != "surprise"]
    if lowest != "surprise" and low(rows["surprise"]) > high(rows[lowest]):
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if(lowest == "surprise" and all(high(rows["surprise"]) < low(row) for row in others), evidence)


def exact_heads(results: Results) -> Finding:
    """One-pass importance against running the model without each head."""
    row = results.one(metric="largest_absolute_difference", system="one-pass head importance")
    return holds_if((row.value or 0) <= 1e-4, f"{told(row, 8)}, {row.n} heads", otherwise=Verdict.CONTRADICTED)


# -- figures --------------------------------------------------------------------------------------------------------


def draw_layers(results: Results, figure: Any) -> None:
    """Accuracy by layer with controls."""
    table = results.tables.get("layers")
    axes = figure.subplots()
    if table is None:
        return
    styles = {
        "accuracy": ("test scenarios", "#1f3b66", "-"),
        "other_themes": ("other themes", "#4c9f70", "-"),
        "other_valences": ("other valences", "#b07aa1", "-"),
        "shuffled_labels": ("shuffled labels", "#777777", "--"),
        "random_directions": ("random directions", "#aaaaaa", ":"),
    }
    table = table[table["site"] == "residual_after_mlp"]
    for measure, (name, color, style) in styles.items():
        own = table[table["measure"] == measure].sort_values("layer")
        axes.plot(own["layer"], own["value"], color=color, linestyle=style, label=name)
        axes.fill_between(own["layer"], own["low"].astype(float), own["high"].astype(float), color=color, alpha=0.15)
    axes.axhline(1 / len(EMOTIONS), color="#c44e52", linewidth=1, linestyle="--", label="chance")
    axes.set_xlabel("layer")
    axes.set_ylabel("emotion told from the last prompt token")
    axes.legend(fontsize=7)


def draw_curves(results: Results, figure: Any) -> None:
    """Enhancement and ablation over the size of the circuit."""
    table = results.tables.get("curves")
    if table is None:
        return
    panels = figure.subplots(1, 3, sharey=True)
    for axes, curve in zip(np.atleast_1d(panels), dict.fromkeys(table["curve"]), strict=False):
        for kind, color in (("circuit", "#1f3b66"), ("random", "#999999")):
            own = table[(table["curve"] == curve) & (table["circuit"] == kind) & (table["emotion"] == "all")]
            axes.plot(own["units"], own["value"], marker="o", color=color, label=kind)
            axes.fill_between(
                own["units"], own["low"].astype(float), own["high"].astype(float), color=color, alpha=0.15
            )
        axes.set_xscale("log", base=2)
        axes.set_title(curve, fontsize=8)
        axes.set_xlabel("heads a layer")
    panels[0].set_ylabel("share of the prompted effect")
    panels[0].legend(fontsize=7)


def draw_dose(results: Results, figure: Any) -> None:
    """Expression and repetition over strength, on development scenarios."""
    table = results.tables.get("development")
    axes = figure.subplots()
    if table is None:
        return
    plain = table[table["system"] == "no control"]
    axes.axhline(
        float(plain["repetition"].mean()), color="#999999", linewidth=1, linestyle=":", label="plain repetition"
    )
    for number, (system, own) in enumerate(table[table["system"] != "no control"].groupby("system", sort=False)):
        by = own.groupby("strength").agg(hit=("hit", "mean"), repetition=("repetition", "mean"))
        axes.plot(by.index, by["hit"], marker="o", color=f"C{number}", label=str(system))
        axes.plot(by.index, by["repetition"], linestyle=":", color=f"C{number}")
    axes.set_xscale("log", base=2)
    axes.set_xlabel("strength (dotted: repetition)")
    axes.set_ylabel("replies that express the emotion")
    axes.legend(fontsize=6)
