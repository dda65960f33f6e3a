"""How differently a system serves the groups of its items: scores by group, and the gap between best and worst."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.measure.metric import Additive
from thymos.measure.registry import find_metric
from thymos.measure.resampling import bootstrap_interval, cluster_sums, prepare_statistic
from thymos.measure.score import Provenance, Score
from thymos.measure.targets import Target

PERMUTATIONS = 1000
# Below this number of items a group's score says little, and the largest gap is found in the smallest groups.
SMALL_GROUP = 30


@dataclass(frozen=True)
class GroupScore:
    """One group's score; None with the reason in ``note`` where it has none."""

    group: str
    n: int
    score: Score | None
    note: str = ""


@dataclass(frozen=True)
class GroupGap:
    """Scores by the values of one column.

    Args:
        column: e.g. "speaker_sex".
        metric: what was measured.
        subset: "all" or the axis.
        groups: by size, largest first.
        best: the group with the best score.
        worst: the group with the worst score.
        gap: best minus worst, in the metric's unit; never negative.
        p: share of random divisions of the same sizes with a gap at least as large (1,000 permutations of items);
            None where it was not computed. The gap of many small groups is large by chance: read it with p.
    """

    column: str
    metric: str
    subset: str
    groups: tuple[GroupScore, ...]
    best: str
    worst: str
    gap: float
    p: float | None


def group_gap(
    target: Target,
    metric: str,
    groups: pd.Series,
    provenance: Provenance,
    *,
    clusters: pd.Series | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> GroupGap | None:
    """Scores by group with intervals, and the gap; None when fewer than two groups have a score.

    Args:
        target: what is scored.
        metric: of the target's family.
        groups: group of every item; items without one are left out.
        provenance: for the scores.
        clusters: cluster of every item; used inside a group when it holds at least two.
        resamples: of each interval.
        seed: of bootstrap and permutations.
    """
    assigned = groups.reindex(list(target.items)).dropna()
    part = target.rows([str(item) for item in assigned.index])
    names = assigned.astype(str).to_numpy()
    scores = []
    for name in pd.Series(names).value_counts(sort=True).index:
        own = part.rows([item for item, group in zip(part.items, names, strict=True) if group == name])
        scores.append(_group_score(str(name), own, metric, provenance, clusters, resamples, seed))
    scored = [one for one in scores if one.score is not None]
    if len(scored) < 2:
        return None
    sign = 1.0 if find_metric(metric).higher_is_better else -1.0
    values = {one.group: sign * one.score.value for one in scored if one.score is not None}
    best, worst = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
    gap = values[best] - values[worst]
    kept = np.isin(names, list(values))
    p = _chance(part, names, kept, metric, gap, seed)
    return GroupGap(str(groups.name), metric, target.subset, tuple(scores), best, worst, gap, p)


def _group_score(
    name: str, own: Target, metric: str, provenance: Provenance, clusters: pd.Series | None, resamples: int, seed: int
) -> GroupScore:
    n = len(own.items)
    arrays = (own.gold, own.predicted)
    try:
        if n < 2:
            value = prepare_statistic(metric, arrays, own.options).value()
            return GroupScore(name, n, Score(metric, value, None, None, n, None, provenance), "a single item")
        units = None if clusters is None else clusters.loc[list(own.items)]
        if units is not None and units.nunique() < 2:
            units = None
        found = bootstrap_interval(metric, arrays, clusters=units, resamples=resamples, seed=seed, options=own.options)
    except BadInput as error:
        return GroupScore(name, n, None, error.what)
    note = f"fewer than {SMALL_GROUP} items" if n < SMALL_GROUP else ""
    return GroupScore(name, n, Score(metric, found.value, found.low, found.high, n, found.clusters, provenance), note)


def _chance(part: Target, names: np.ndarray, kept: np.ndarray, metric: str, gap: float, seed: int) -> float | None:
    """Permutation p of the gap: group names are dealt to the items at random."""
    own = part.rows([item for item, keep in zip(part.items, kept, strict=True) if keep])
    prepared = prepare_statistic(metric, (own.gold, own.predicted), own.options)
    if not isinstance(prepared, Additive):
        return None
    codes, _ = pd.factorize(names[kept])
    rng = np.random.default_rng(seed)
    as_large = 0
    with np.errstate(all="ignore"):
        for _ in range(PERMUTATIONS):
            values = prepared.finish(cluster_sums(prepared, rng.permutation(codes)))
            as_large += bool(np.ptp(values) >= gap - 1e-12)
    return (as_large + 1) / (PERMUTATIONS + 1)
