"""Does a system serve every group alike? One score per group with its interval, and the gap from best to worst."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, group_codes
from thymos.measure.metric import Additive, Metric, Prepared, Weighted
from thymos.measure.registry import find_metric
from thymos.measure.resampling import Calls, Interval, Statistic, bootstrap_interval, prepare_statistic

Mask = npt.NDArray[np.bool_]


class GroupGaps(NamedTuple):
    """Scores by group.

    ``gap`` is the size of the difference between ``best`` and ``worst`` group, 0 or more, with the interval of the
    difference between these two. The two were picked by looking at the scores, so the gap is somewhat too large,
    more so with many small groups. ``small`` lists groups that were left out for having too few items or clusters.
    """

    by_group: dict[Any, Interval]
    best: Any
    worst: Any
    gap: Interval
    small: list[Any]


def group_gaps(
    statistic: Statistic,
    arrays: Sequence[Any],
    groups: Iterable[Any],
    clusters: Iterable[Any] | None = None,
    *,
    minimum: int = 10,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> GroupGaps:
    """Score every group and the gap between the best and the worst one.

    Args:
        statistic: as in `resampling.bootstrap_interval`. A plain callable is taken as higher-is-better.
        arrays: what the statistic takes, usually ``(gold, predicted)``.
        groups: group of each item (sex, age band, language).
        clusters: what is drawn whole in the bootstrap (speakers); a cluster may reach over several groups.
        minimum: smallest group that is scored, in items; with clusters it needs at least 2 of them, too.
        resamples: number of bootstrap samples.
        confidence: coverage of the intervals.
        seed: of the random draws.
        options: keyword arguments of the metric.

    Raises:
        BadInput: fewer than 2 groups are large enough; unequal lengths; missing groups.
    """
    metric = find_metric(statistic) if isinstance(statistic, str) else statistic
    prepared = prepare_statistic(metric, arrays, options)
    codes, names = group_codes(groups, "groups")
    units = None if clusters is None else group_codes(clusters, "clusters")[0]
    for label, part in (("groups", codes), ("clusters", units)):
        if part is not None and len(part) != prepared.n:
            raise BadInput(f"there are {prepared.n} items and {len(part)} {label}", mend="pass one per item")
    settings: dict[str, Any] = {"resamples": resamples, "confidence": confidence, "seed": seed}
    masks = {name: codes == code for code, name in enumerate(names)}
    small = [
        name
        for name, mask in masks.items()
        if mask.sum() < max(minimum, 2) or (units is not None and len(np.unique(units[mask])) < 2)
    ]
    large = [name for name in names if name not in small]
    if len(large) < 2:
        raise BadInput(f"{len(large)} groups have enough items", where="groups", mend="merge groups or lower minimum")
    by_group = {
        name: _interval(restrict(prepared, masks[name]), None if units is None else units[masks[name]], settings)
        for name in large
    }
    higher = metric.higher_is_better if isinstance(metric, Metric) else True
    ranked = sorted(large, key=lambda name: by_group[name].value, reverse=higher)
    best, worst = ranked[0], ranked[-1]
    upper, lower = (best, worst) if higher else (worst, best)
    gap = _interval(_difference(prepared, masks[upper], masks[lower]), units, settings)
    return GroupGaps(by_group, best, worst, gap, small)


def _interval(prepared: Prepared | Calls, units: Any, settings: dict[str, Any]) -> Interval:
    if isinstance(prepared, Calls):
        return bootstrap_interval(prepared.function, prepared.arrays, units, **settings)
    return bootstrap_interval(prepared, (), units, **settings)


def restrict(prepared: Prepared | Calls, mask: Mask) -> Prepared | Calls:
    """The same score over the items of ``mask`` only, with the label list of all items."""
    if isinstance(prepared, Additive):
        return Additive(prepared.codes[mask], prepared.table, prepared.finish)
    if isinstance(prepared, Weighted):
        evaluate = prepared.evaluate

        def inside(weights: Floats) -> Floats:
            whole = np.zeros((len(weights), len(mask)))
            whole[:, mask] = weights
            return evaluate(whole)

        return Weighted(int(mask.sum()), inside)
    return Calls(prepared.function, tuple(array[mask] for array in prepared.arrays))


def _difference(prepared: Prepared | Calls, one: Mask, two: Mask) -> Prepared | Calls:
    """Score of group one minus score of group two, over all items; undefined where a group was not drawn."""
    if isinstance(prepared, Additive):
        kinds, width = prepared.table.shape
        side = np.where(one, 0, np.where(two, 1, 2))
        table = np.zeros((kinds * 3, 2 * (width + 1)))
        for position in (0, 1):
            columns = slice(position * (width + 1), (position + 1) * (width + 1))
            table[position::3, columns] = np.column_stack([prepared.table, np.ones(kinds)])
        finish = prepared.finish

        def gap(sums: Floats) -> Floats:
            first, second = sums[..., : width + 1], sums[..., width + 1 :]
            drawn = (first[..., -1] > 0) & (second[..., -1] > 0)
            return np.where(drawn, finish(first[..., :-1]) - finish(second[..., :-1]), np.nan)

        return Additive(prepared.codes * 3 + side, table, gap)
    if isinstance(prepared, Weighted):
        evaluate = prepared.evaluate

        def weighted_gap(weights: Floats) -> Floats:
            first, second = weights * one, weights * two
            drawn = first.any(axis=1) & second.any(axis=1)
            return np.where(drawn, evaluate(first) - evaluate(second), np.nan)

        return Weighted(prepared.n, weighted_gap)
    function = prepared.function

    def called_gap(first: Mask, second: Mask, *arrays: npt.NDArray[Any]) -> float:
        if not first.any() or not second.any():
            return float("nan")
        return function(*(array[first] for array in arrays)) - function(*(array[second] for array in arrays))

    return Calls(called_gap, (one, two, *prepared.arrays))
