"""Two systems on the same items: paired differences with intervals and p, corrected for looking at several metrics.

The interval is a paired bootstrap (whole clusters, when named); p comes from swapping the systems' predictions at
random, which holds for every metric and for small sets. Holm's correction runs over all metrics that are shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.measure.evaluation import cluster_column_of, cluster_units, item_columns, table_sha256
from thymos.measure.findings import Finding
from thymos.measure.predictions import Predictions
from thymos.measure.registry import find_metric
from thymos.measure.resampling import paired_bootstrap
from thymos.measure.score import Provenance
from thymos.measure.significance import holm, mcnemar, swap_test
from thymos.measure.targets import Rule, Target, by_segment, check_rule, default_rule, make_targets

FORMAT = "thymos-comparison"
VERSION = 1
ALPHA = 0.05
SMALL_GROUP = 5


@dataclass(frozen=True)
class PairedDifference:
    """One metric of both systems.

    Args:
        metric: name in the registry.
        subset: "all" or the axis.
        a: score of the first system.
        b: score of the second.
        difference: a - b.
        low: lower end of its 95 % interval (paired bootstrap).
        high: upper end.
        p: two-sided, from the same resamples.
        p_permutation: two-sided, from 10,000 random swaps of the systems.
        p_holm: ``p_permutation`` corrected over all metrics.
        better: "a", "b" or "not shown" (at 5 %, after correction).
        n: items.
        clusters: groups drawn whole, or None.
    """

    metric: str
    subset: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    p_permutation: float
    p_holm: float
    better: str
    n: int
    clusters: int | None


@dataclass(frozen=True)
class McNemar:
    """Items that only one system gets right; p takes items as independent."""

    only_a: int
    only_b: int
    p: float
    exact: bool


@dataclass(frozen=True)
class GroupDifference:
    """The difference inside one group; None where it is too small (``note``). p is corrected over the groups."""

    group: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    p_holm: float | None
    note: str = ""


@dataclass(frozen=True)
class GroupDifferences:
    """Differences by the values of one column, largest group first."""

    column: str
    metric: str
    subset: str
    groups: tuple[GroupDifference, ...]


@dataclass(frozen=True)
class Comparison:
    """Everything that ``compare`` found; ``to_dict`` is its stable JSON form."""

    a: str
    b: str
    annotations: str
    rule: Rule
    verdict: str
    differences: tuple[PairedDifference, ...]
    mcnemar: McNemar | None
    groups: tuple[GroupDifferences, ...]
    findings: tuple[Finding, ...]
    provenance: Provenance
    hashes: Mapping[str, str | None]
    clusters: str | None
    resamples: int
    seed: int

    def difference(self, metric: str, subset: str = "all") -> PairedDifference:
        """The difference of that metric and subset."""
        for one in self.differences:
            if one.metric == metric and one.subset == subset:
                return one
        raise BadInput(f"{metric} of {subset!r} was not measured", mend=", ".join(d.metric for d in self.differences))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``format`` and ``version`` name the layout."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}


def compare(
    a: Predictions,
    b: Predictions,
    annotations: Annotations,
    *,
    scheme: str | None = None,
    rule: str | None = None,
    items: pd.DataFrame | None = None,
    groups: Sequence[str] = (),
    clusters: str | None = None,
    metrics: Sequence[str] | None = None,
    annotations_sha256: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Compare two systems on the items that both predict; arguments as in ``evaluate``.

    Raises:
        BadInput: as ``evaluate``; no metric that fits both systems.

    Example:
        >>> from thymos.affect.scheme import Scheme
        >>> mood = Scheme("mood", "categorical", ("good", "bad"), "perceived")
        >>> votes = pd.DataFrame({"item": list("aabb"), "rater": list("xyxy"), "label": ["good", "good", "bad", "bad"]})
        >>> always = Predictions("always good", "", labels=pd.Series({"a": "good", "b": "good"}))
        >>> right = Predictions("right", "", labels=pd.Series({"a": "good", "b": "bad"}))
        >>> compare(right, always, Annotations(votes, mood), resamples=100).difference("accuracy").difference
        0.5
    """
    annotations = by_segment(annotations)
    chosen = annotations.scheme(scheme)
    used_rule = check_rule(rule, chosen) if rule is not None else default_rule(chosen)
    if len(annotations.schemes) > 1:
        annotations = annotations.select(scheme=chosen.name)
    table = item_columns(items, annotations, [*groups, *([clusters] if clusters else [])])
    both = set(a.items) & set(b.items)
    pairs = _paired_targets(
        make_targets(a, annotations, chosen, used_rule), make_targets(b, annotations, chosen, used_rule), metrics
    )
    hashes = {
        "a": a.sha256 or None,
        "b": b.sha256 or None,
        "annotations": annotations_sha256 or table_sha256(annotations),
    }
    provenance = Provenance(text_sha256(canonical_json(hashes)), "file", "the same items for both systems")
    column = cluster_column_of(table, groups, clusters, pairs[0][0])
    tell = progress or (lambda text: None)
    raw: list[PairedDifference] = []
    for first, second in pairs:
        units = cluster_units(table, column, first)
        for metric in first.metrics:
            tell(f"{metric} of {len(first.items):,} items")
            raw.append(_difference(first, second, metric, units, resamples, seed))
    corrected = holm([one.p_permutation for one in raw])
    differences = tuple(
        replace(one, p_holm=float(p), better=_better(one, float(p))) for one, p in zip(raw, corrected, strict=True)
    )
    by_group = [
        _by_group(first, second, table[name], column, table, resamples, seed)
        for name in groups
        for first, second in pairs
        if first.family == pairs[0][0].family
    ]
    return Comparison(
        a=a.name,
        b=b.name,
        annotations=annotations.where,
        rule=used_rule,
        verdict=verdict(differences, a.name, b.name),
        differences=differences,
        mcnemar=_mcnemar(*pairs[0]),
        groups=tuple(by_group),
        findings=tuple(_findings(a, b, both, pairs[0], column)),
        provenance=provenance,
        hashes=hashes,
        clusters=column,
        resamples=resamples,
        seed=seed,
    )


def _paired_targets(
    first: list[Target], second: list[Target], metrics: Sequence[str] | None
) -> list[tuple[Target, Target]]:
    """Targets of both systems over their common items; what only one of them can be scored on is left out."""
    others = {(target.family, target.subset): target for target in second}
    pairs = []
    for target in first:
        other = others.get((target.family, target.subset))
        if other is None:
            continue
        shared = set(other.items)
        items = [item for item in target.items if item in shared]
        wanted = target.metrics
        if metrics is not None:
            wanted = tuple(name for name in metrics if find_metric(name).kind == target.family)
        if wanted and len(items) >= 2:
            pairs.append((replace(target.rows(items), metrics=wanted), other.rows(items)))
    if not pairs:
        asked = f" ({', '.join(metrics)})" if metrics else ""
        raise BadInput(
            f"the systems share no items on which both can be scored{asked}",
            mend="check the item ids, the metrics and that both predict the same kind of answer",
        )
    found = {name for target, _ in pairs for name in target.metrics}
    lost = [name for name in metrics or () if name not in found]
    if lost:
        raise BadInput(f"metric {lost[0]!r} does not fit what both systems predict", mend="leave it out")
    return pairs


def _difference(
    first: Target, second: Target, metric: str, units: pd.Series | None, resamples: int, seed: int
) -> PairedDifference:
    sampling: dict[str, Any] = {"clusters": units, "resamples": resamples, "seed": seed, "options": first.options}
    found = paired_bootstrap(metric, first.gold, first.predicted, second.predicted, **sampling)
    swapped = swap_test(metric, first.gold, first.predicted, second.predicted, **sampling)
    return PairedDifference(
        metric=metric,
        subset=first.subset,
        a=found.a,
        b=found.b,
        difference=found.value,
        low=found.low,
        high=found.high,
        p=found.p,
        p_permutation=swapped.p,
        p_holm=swapped.p,
        better="not shown",
        n=found.n,
        clusters=found.clusters,
    )


def _better(one: PairedDifference, p: float) -> str:
    if p >= ALPHA or one.difference == 0:
        return "not shown"
    return "a" if (one.difference > 0) == find_metric(one.metric).higher_is_better else "b"


def verdict(differences: Sequence[PairedDifference], a: str, b: str) -> str:
    """The first line: who is better on the first metric, and where the others agree or not."""
    first = differences[0]
    subset = "" if first.subset == "all" else f" of {first.subset}"
    measured = f"{first.metric.replace('_', ' ')}{subset}"
    size = f"difference {first.difference:+.3f} [{first.low:+.3f}, {first.high:+.3f}], p = {first.p_holm:.4f}"
    winner = {"a": a, "b": b}.get(first.better)
    if winner is None:
        text = f"No difference is shown in {measured} ({size}); that is not evidence that the systems are equal."
    else:
        loser = b if first.better == "a" else a
        text = f"{winner} is better than {loser} in {measured} ({size})."
    against = [one.metric for one in differences[1:] if one.better not in ("not shown", first.better)]
    if against:
        text += f" Other metrics say otherwise: {', '.join(against)}."
    return text + (f" p is corrected over {len(differences)} metrics." if len(differences) > 1 else "")


def _mcnemar(first: Target, second: Target) -> McNemar | None:
    if first.family != "labels":
        return None
    right_a, right_b = first.gold == first.predicted, second.gold == second.predicted
    found = mcnemar(right_a.astype(float), right_b.astype(float))
    return McNemar(int((right_a & ~right_b).sum()), int((~right_a & right_b).sum()), found.p, found.exact)


def _by_group(
    first: Target, second: Target, groups: pd.Series, column: str | None, table: pd.DataFrame, resamples: int, seed: int
) -> GroupDifferences:
    assigned = groups.reindex(list(first.items)).dropna().astype(str)
    metric = first.metrics[0]
    found: list[GroupDifference] = []
    p_values: list[float] = []
    for name in assigned.value_counts().index:
        members = [str(item) for item in assigned.index[assigned == name]]
        own, other = first.rows(members), second.rows(members)
        units = cluster_units(table, column, own)
        if units is not None and units.nunique() < 2:
            units = None
        if len(members) < SMALL_GROUP:
            found.append(GroupDifference(str(name), len(members), None, None, None, None, "too few items"))
            continue
        try:
            one = _difference(own, other, metric, units, min(resamples, 2000), seed)
        except BadInput as error:
            found.append(GroupDifference(str(name), len(members), None, None, None, None, error.what))
            continue
        p_values.append(one.p_permutation)
        found.append(GroupDifference(str(name), one.n, one.difference, one.low, one.high, one.p_permutation))
    corrected = iter(np.asarray(holm(p_values)).tolist() if p_values else [])
    fixed = [one if one.p_holm is None else replace(one, p_holm=float(next(corrected))) for one in found]
    return GroupDifferences(str(groups.name), metric, first.subset, tuple(fixed))


def _findings(
    a: Predictions, b: Predictions, both: set[str], pair: tuple[Target, Target], column: str | None
) -> list[Finding]:
    found = []
    for system in (a, b):
        alone = len(set(system.items) - both)
        if alone:
            text = f"{alone} items are predicted by {system.name} only and are left out"
            found.append(Finding("warning", "one_system_only", text, alone))
    first, second = pair
    if np.array_equal(first.predicted, second.predicted):
        found.append(Finding("warning", "equal_predictions", "both systems predict the same on every item"))
    if column is None:
        text = "items are taken as independent; where they share speakers or dialogues, name the cluster column"
        found.append(Finding("note", "independent_items", text))
    else:
        found.append(Finding("note", "clustered", f"whole values of {column!r} are drawn and swapped"))
        if first.family == "labels":
            found.append(Finding("note", "mcnemar_items", "McNemar's p takes single items and ignores the clusters"))
    return found
