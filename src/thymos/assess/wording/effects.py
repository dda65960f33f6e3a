"""Does a change of the prompt change the score? Paired effects over items, every task with the same weight.

All conditions are asked on the same items, so effects are differences within items; what makes an item hard cancels.
A score is averaged within each task and then over tasks, as the papers on emotional prompts do. Uncertainty comes
from the items: clusters are resampled within each task. Statements are about these tasks, not about tasks at large.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from thymos.assess.wording.paired_scores import Conditions, ScoreTable, condition_names, normalized_score, score_table
from thymos.errors import BadInput
from thymos.measure.inputs import Floats
from thymos.measure.resampling import Interval
from thymos.measure.significance import holm, paired_permutation

__all__ = [
    "Effect",
    "ScoreTable",
    "effect_family",
    "normalized_score",
    "paired_effect",
    "score_table",
    "smallest_detectable_effect",
    "standard_error",
    "stratified_means",
    "task_averaged_score",
]

ROUNDING = 1e-12


@dataclass(frozen=True)
class Effect:
    """What a condition changes against a reference, on the same items.

    Args:
        condition: name, or several joined with `` & ``, whose mean is taken.
        reference: the same.
        value: mean over tasks of the difference of scores, as a fraction (0.01 is one point).
        low: lower end of the bootstrap interval.
        high: upper end.
        p: two-sided sign-flip p over clusters.
        p_holm: the same after Holm's adjustment over a family of effects, or None.
        score: task-averaged score of the condition.
        reference_score: task-averaged score of the reference.
        relative: ``value / reference_score``, or None where the reference is not positive; see ``note``.
        relative_low: lower end of its interval, or None.
        relative_high: upper end of its interval, or None.
        relative_by_task: the other reading of a relative gain, the mean of the tasks' own relative gains over the
            tasks with a positive reference, or None without any.
        standard_error: of ``value``, from the paired differences within tasks.
        smallest_detectable: the effect that such a sample shows with 80 % power at 5 %, or None where no item
            changed.
        tasks: number of tasks.
        items: number of items.
        clusters: number of clusters.
        resamples: bootstrap samples.
        note: what a reader must know.
    """

    condition: str
    reference: str
    value: float
    low: float
    high: float
    p: float
    p_holm: float | None
    score: float
    reference_score: float
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    relative_by_task: float | None
    standard_error: float
    smallest_detectable: float | None
    tasks: int
    items: int
    clusters: int
    resamples: int
    note: str = ""


def paired_effect(
    table: ScoreTable,
    condition: Conditions,
    reference: Conditions = "plain",
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Effect:
    """Effect of a condition over a reference, both taken on the same items.

    Against a stimulus's own placebo this is the difference in differences, (stimulus − plain) − (placebo − plain):
    the plain prompt cancels, because all three are asked on the same items.

    Args:
        table: see :func:`score_table`.
        condition: a condition, or several whose mean per item is taken.
        reference: the same.
        resamples: bootstrap samples, and random sign flips of the permutation test.
        confidence: coverage of the intervals.
        seed: of both.

    Raises:
        BadInput: an unknown condition, or a task with a single cluster (nothing to resample).
    """
    first, second = table.column(condition), table.column(reference)
    difference = first - second
    means_a, means_b = table.task_means(first), table.task_means(second)
    score, base = float(means_a.mean()), float(means_b.mean())
    drawn = stratified_means(table, np.column_stack([difference, second]), resamples=resamples, seed=seed)
    levels = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(drawn[:, 0], levels)
    error = standard_error(table, difference)
    relative, relative_low, relative_high, notes = None, None, None, []
    if base > ROUNDING:
        relative = (score - base) / base
        if (drawn[:, 1] > ROUNDING).all():
            bounds = np.quantile(drawn[:, 0] / drawn[:, 1], levels)
            relative_low, relative_high = float(bounds[0]), float(bounds[1])
        else:
            notes.append("no interval of the relative gain: resamples with a reference of 0 or less")
    else:
        notes.append(
            f"no relative gain: the reference score is {base:.4f}; near or below 0 a small change is a huge percentage"
        )
    positive = means_b > ROUNDING
    by_task = float(((means_a - means_b)[positive] / means_b[positive]).mean()) if positive.any() else None
    if by_task is not None and not positive.all():
        notes.append(f"mean of the tasks' own relative gains over {int(positive.sum())} of {len(positive)} tasks")
    return Effect(
        condition=" & ".join(condition_names(condition)),
        reference=" & ".join(condition_names(reference)),
        value=float((means_a - means_b).mean()),
        low=float(low),
        high=float(high),
        p=_permutation_p(table, first, second, resamples, seed),
        p_holm=None,
        score=score,
        reference_score=base,
        relative=relative,
        relative_low=relative_low,
        relative_high=relative_high,
        relative_by_task=by_task,
        standard_error=error,
        smallest_detectable=smallest_detectable_effect(error) if error > 0 else None,
        tasks=len(table.names),
        items=len(table.items),
        clusters=int(table.clusters.max()) + 1,
        resamples=resamples,
        note="; ".join(notes),
    )


def task_averaged_score(
    table: ScoreTable, condition: Conditions, *, resamples: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Score of a condition (or the mean of several), averaged within tasks and then over tasks, with its interval."""
    values = table.column(condition)
    drawn = stratified_means(table, values[:, None], resamples=resamples, seed=seed)[:, 0]
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    value = float(table.task_means(values).mean())
    return Interval(value, float(low), float(high), int(table.clusters.max()) + 1, resamples, len(values))


def effect_family(
    table: ScoreTable,
    pairs: Mapping[str, str],
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Effect]:
    """Effects of several conditions, each over its own reference, with Holm's adjustment over the family.

    Args:
        table: see :func:`score_table`.
        pairs: reference by condition: ``{"positive_01": "plain", ...}``, or each stimulus's own placebo.
        resamples: see :func:`paired_effect`.
        confidence: the same.
        seed: the same.
    """
    if not pairs:
        raise BadInput("there is no pair of conditions", where="effect_family")
    found = [
        paired_effect(table, condition, reference, resamples=resamples, confidence=confidence, seed=seed)
        for condition, reference in pairs.items()
    ]
    adjusted = holm([effect.p for effect in found])
    return [replace(effect, p_holm=float(p)) for effect, p in zip(found, adjusted, strict=True)]


def stratified_means(table: ScoreTable, values: Floats, *, resamples: int, seed: int) -> Floats:
    """Task-averaged means of resamples, shape (resamples, columns of ``values``).

    Clusters are drawn with replacement within each task, one fewer than there are: with few clusters a task, drawing
    as many as there are would make intervals too narrow by √((n − 1) / n) (McCarthy and Snowden, 1985).

    Args:
        table: the items' tasks and clusters.
        values: shape (items, columns).
        resamples: bootstrap samples.
        seed: of the draws.
    """
    if resamples < 1:
        raise BadInput(f"{resamples} resamples", where="resamples", mend="use at least 1, better 10,000")
    rng = np.random.default_rng(seed)
    total = np.zeros((resamples, values.shape[1]))
    for task, name in enumerate(table.names):
        chosen = table.tasks == task
        _, units = np.unique(table.clusters[chosen], return_inverse=True)
        sizes = np.bincount(units)
        if len(sizes) < 2:
            raise BadInput("there is only one cluster", where=f"task {name}", mend="take at least 2 items a task")
        sums = np.column_stack([np.bincount(units, weights=column) for column in values[chosen].T])
        counts = rng.multinomial(len(sizes) - 1, np.full(len(sizes), 1 / len(sizes)), size=resamples)
        total += (counts @ sums) / (counts @ sizes)[:, None]
    return total / len(table.names)


def standard_error(table: ScoreTable, difference: Floats) -> float:
    """Standard error of the task-averaged mean of one difference an item, from the spread within tasks."""
    sizes = np.bincount(table.tasks)
    centered = (difference - table.task_means(difference)[table.tasks]) / sizes[table.tasks]
    by_cluster = np.bincount(table.clusters, weights=centered)
    task_of = np.zeros(len(by_cluster), dtype=np.int64)
    task_of[table.clusters] = table.tasks
    count = np.bincount(task_of)
    if (count < 2).any():
        name = table.names[int(np.argmax(count < 2))]
        raise BadInput("there is only one cluster", where=f"task {name}", mend="take at least 2 items a task")
    variance = np.bincount(task_of, weights=by_cluster**2) * count / (count - 1)
    return float(np.sqrt(variance.sum()) / len(sizes))


def smallest_detectable_effect(error: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """The true effect that a two-sided test finds with the given power, for a standard error.

    Example:
        >>> round(smallest_detectable_effect(0.01), 4)
        0.028
    """
    if error < 0 or not 0 < power < 1 or not 0 < alpha < 1:
        raise BadInput(f"error {error}, power {power}, alpha {alpha}", where="smallest_detectable_effect")
    return float((stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)) * error)


def _permutation_p(table: ScoreTable, first: Floats, second: Floats, resamples: int, seed: int) -> float:
    """Sign flips of whole clusters; each cluster weighs what it adds to the mean over tasks."""
    weights = 1.0 / np.bincount(table.tasks)[table.tasks]
    a = np.bincount(table.clusters, weights=weights * first)
    b = np.bincount(table.clusters, weights=weights * second)
    difference = np.where(np.abs(a - b) < ROUNDING, 0.0, a - b)
    return paired_permutation(difference, np.zeros(len(difference)), resamples=resamples, seed=seed).p
