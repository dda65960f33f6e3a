"""Does a study beat its floor? The comparison of systems with floors, and the first line of each study.

A study that cannot beat its floor says so in its first line. The line is computed here from the rows of a result
(``results.schema.json``), so nobody has to remember to write it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from thymos.measure.registry import METRICS
from thymos.report.numbers import count, number, valued, words

ResultRow = Mapping[str, Any]

# Endings of metric names that are not in the registry: which way is better. Rates of one kind of error alone (refusals
# of harmless items, say) are in neither list: a system that never or always acts makes none, so it cannot be beaten.
LOWER_IS_BETTER = (
    "rmse", "mae", "error", "loss", "kld", "kl_divergence", "jsd", "divergence", "ece", "brier", "wasserstein",
    "distance", "difference", "perplexity", "p_value",
)  # fmt: skip
HIGHER_IS_BETTER = (
    "accuracy", "f1", "uar", "recall", "precision", "ccc", "pearson", "spearman", "correlation", "auc", "alpha",
    "kappa", "agreement", "gain", "win_rate", "average_precision", "r_squared", "partial_eta_squared", "interaction_f",
)  # fmt: skip


class Outcome(StrEnum):
    """How the best system stands to the best floor."""

    BEATS = "beats its floor"
    UNCLEAR = "is not told apart from its floor"
    FAILS = "does not beat its floor"
    DIFFERS = "differs from its floor"


@dataclass(frozen=True)
class Comparison:
    """The best system against the best floor on one metric and subset.

    Args:
        metric: the metric's name.
        subset: the test set or slice.
        system: row of the best system; where no way is better, of the one that is farthest from the floor.
        floor: row of the best floor; where no way is better, of the first.
        systems: how many systems the best one was taken from.
        outcome: see Outcome.
    """

    metric: str
    subset: str
    system: ResultRow
    floor: ResultRow
    systems: int
    outcome: Outcome


def higher_is_better(metric: str) -> bool | None:
    """Which way is better; None where that is no question (a rate of behavior, a coefficient)."""
    if metric in METRICS:
        return METRICS[metric].higher_is_better if metric != "mean" else None
    if metric.endswith(LOWER_IS_BETTER):
        return False
    if metric.endswith(HIGHER_IS_BETTER):
        return True
    return None


def comparisons(rows: Sequence[ResultRow], first: Sequence[str] = ()) -> list[Comparison]:
    """Every metric and subset on which a floor and a system stand, in the order of the rows.

    The metrics named in ``first`` come before the others, in that order.

    Where no row of the kind ``system`` stands beside a floor, the baselines there stand in: the question stays
    whether anything beats the floor.
    """
    found = []
    pairs = list(dict.fromkeys((row["metric"], row["subset"]) for row in rows))
    pairs.sort(key=lambda pair: first.index(pair[0]) if pair[0] in first else len(first))
    for metric, subset in pairs:
        here = [row for row in rows if row["metric"] == metric and row["subset"] == subset and row["value"] is not None]
        floors = [row for row in here if row["kind"] == "floor"]
        systems = [row for row in here if row["kind"] == "system"] or [row for row in here if row["kind"] == "baseline"]
        if floors and systems:
            found.append(_compare(metric, subset, systems, floors))
    return found


def _compare(metric: str, subset: str, systems: list[ResultRow], floors: list[ResultRow]) -> Comparison:
    upward = higher_is_better(metric)
    if upward is None:
        return _undirected(metric, subset, systems, floors)
    sign = 1.0 if upward else -1.0
    system = max(systems, key=lambda row: sign * row["value"])
    floor = max(floors, key=lambda row: sign * row["value"])
    near_end = system.get("low") if upward else system.get("high")
    covered = _inside(system["value"], floor) if near_end is None else sign * near_end <= sign * floor["value"]
    if sign * system["value"] <= sign * floor["value"]:
        outcome = Outcome.FAILS
    elif covered:
        outcome = Outcome.UNCLEAR
    else:
        outcome = Outcome.BEATS
    return Comparison(metric, subset, system, floor, len(systems), outcome)


def _undirected(metric: str, subset: str, systems: list[ResultRow], floors: list[ResultRow]) -> Comparison:
    floor = floors[0]
    system = max(systems, key=lambda row: abs(row["value"] - floor["value"]))
    covered = _inside(floor["value"], system) or _inside(system["value"], floor)
    outcome = Outcome.UNCLEAR if covered or system["value"] == floor["value"] else Outcome.DIFFERS
    return Comparison(metric, subset, system, floor, len(systems), outcome)


def _inside(value: float, row: ResultRow) -> bool:
    return row.get("low") is not None and row.get("high") is not None and row["low"] <= value <= row["high"]


def headline(result: Mapping[str, Any], first: Sequence[str] = ()) -> str:
    """The first line of a study: does it beat its floor, and what do the claims come to?

    The first metric that has both a floor and a system is the one that is told; the others are counted.

    Args:
        result: as in ``results.schema.json``.
        first: metrics in the order of their weight (``Study.headline``); else the order of the rows.
    """
    return " ".join(
        filter(None, [_stamp(result), _floor_sentence(comparisons(result["rows"], first)), claims_line(result)])
    )


def claims_line(result: Mapping[str, Any]) -> str:
    """The verdicts counted, e.g. ``Claims: 3 hold, 1 not shown.``"""
    parts = [f"{amount} {_VERDICT_WORDS[verdict]}" for verdict, amount in verdict_counts(result["claims"]).items()]
    return f"Claims: {', '.join(parts)}."


def verdict_counts(claims: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """How many claims got each verdict, in the order holds to not testable; verdicts that none got are left out."""
    found = Counter(claim["verdict"] for claim in claims)
    return {verdict: found[verdict] for verdict in _VERDICT_WORDS if found[verdict]}


_VERDICT_WORDS = {
    "holds": "hold",
    "not shown": "not shown",
    "contradicted": "contradicted",
    "not testable here": "not testable here",
}


def _stamp(result: Mapping[str, Any]) -> str:
    stamps = []
    if any(entry["simulated"] for entry in result["data"]):
        stamps.append("Simulated data: not evidence about people.")
    if result.get("settings", {}).get("quick"):
        stamps.append("Quick run: not for quoting.")
    return " ".join(stamps)


def _floor_sentence(found: list[Comparison]) -> str:
    if not found:
        return "No system stands beside a floor on the same metric and subset; the claims below carry the result."
    first = found[0]
    where = f"{words(first.metric)} on {first.subset}"
    system, floor = first.system["system"], first.floor["system"]
    stand_in = ["baseline"] if first.system["kind"] == "baseline" else []
    directed = higher_is_better(first.metric) is not None
    unclear = "No gain over the floor is shown" if directed else "Not told apart from its floor"
    picked = f"{'best' if directed else 'farthest'} of {first.systems}"
    among = ", ".join([*stand_in, *([picked] if first.systems > 1 else [])])
    among = f" ({among})" if among else ""
    mine, theirs = valued(dict(first.system)), number(first.floor["value"])
    sentence = {
        Outcome.BEATS: f"Beats its floor: {where} {mine} for {system}{among}, floor {theirs} ({floor}).",
        Outcome.UNCLEAR: f"{unclear}: {where} {mine} for {system}{among}, floor {valued(dict(first.floor))} ({floor}).",
        Outcome.FAILS: f"Does not beat its floor: {where} {mine} for {system}{among}, floor {theirs} ({floor}).",
        Outcome.DIFFERS: f"Differs from its floor: {where} {mine} for {system}{among}, floor {theirs} ({floor}).",
    }[first.outcome]
    if len(found) == 1:
        return sentence
    outcomes = Counter(each.outcome for each in found)
    rest = [f"{outcomes[outcome]} {text}" for outcome, text in _OUTCOME_WORDS.items() if outcomes[outcome]]
    return f"{sentence} All {count(len(found), 'comparison')} with a floor: {', '.join(rest)}."


_OUTCOME_WORDS = {
    Outcome.BEATS: "beaten",
    Outcome.DIFFERS: "told apart",
    Outcome.UNCLEAR: "unclear",
    Outcome.FAILS: "not beaten",
}
