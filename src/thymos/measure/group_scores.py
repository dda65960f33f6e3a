"""How differently a system serves the groups of its items: scores by group, and the gap between best and worst."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.measure.gaps import group_gaps, restrict
from thymos.measure.metric import Additive, Prepared
from thymos.measure.resampling import Calls, cluster_sums, prepare_statistic
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
        gap: size of the difference between best and worst, in the metric's unit.
        gap_low: lower end of its 95 % interval; the two groups were picked by their scores, so it is optimistic.
        gap_high: upper end.
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
    gap_low: float
    gap_high: float
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
    assigned = groups.reindex(list(target.items)).dropna().astype(str)
    part = target.rows([str(item) for item in assigned.index])
    names = assigned.to_numpy(dtype=object)
    units = None if clusters is None else clusters.loc[list(part.items)]
    if units is not None and (units.groupby(names).nunique() < 2).any():
        # A group that is one cluster (a speaker, by speaker) has only its items to draw.
        units = None
    sampling: dict[str, Any] = {"minimum": 2, "resamples": resamples, "seed": seed, "options": part.options}
    try:
        with warnings.catch_warnings():
            # Small groups miss a class in some resamples; that they are small is told in their note.
            warnings.simplefilter("ignore")
            found = group_gaps(metric, (part.gold, part.predicted), names, units, **sampling)
    except BadInput:
        return None
    prepared = prepare_statistic(metric, (part.gold, part.predicted), part.options)
    scores = []
    for name, n in assigned.value_counts().items():
        if name in found.by_group:
            one = found.by_group[name]
            score = Score(metric, one.value, one.low, one.high, one.n, one.clusters, provenance)
            scores.append(
                GroupScore(str(name), int(n), score, f"fewer than {SMALL_GROUP} items" if n < SMALL_GROUP else "")
            )
        else:
            value = restrict(prepared, names == name).value()
            alone = Score(metric, value, None, None, int(n), None, provenance) if np.isfinite(value) else None
            scores.append(GroupScore(str(name), int(n), alone, "a single item"))
    gap = found.gap
    size, low, high = (gap.value, gap.low, gap.high) if gap.value >= 0 else (-gap.value, -gap.high, -gap.low)
    kept = np.isin(names, list(found.by_group))
    p = _chance(prepared, names, kept, size, seed)
    return GroupGap(
        str(groups.name), metric, target.subset, tuple(scores), str(found.best), str(found.worst), size, low, high, p
    )


def _chance(
    prepared: Prepared | Calls, names: npt.NDArray[Any], kept: npt.NDArray[np.bool_], gap: float, seed: int
) -> float | None:
    """Permutation p of the gap: group names are dealt to the items at random."""
    own = restrict(prepared, kept)
    if not isinstance(own, Additive):
        return None
    codes, _ = pd.factorize(names[kept])
    rng = np.random.default_rng(seed)
    as_large = 0
    with np.errstate(all="ignore"):
        for _ in range(PERMUTATIONS):
            values = own.finish(cluster_sums(own, rng.permutation(codes)))
            as_large += bool(np.ptp(values) >= gap - 1e-12)
    return (as_large + 1) / (PERMUTATIONS + 1)
