"""Scores of a ranking: how far items with the label stand above items without it.

Gold is 0 or 1 for each item, the prediction any number (higher means more likely). Equal scores count as ties:
they enter a curve together, and a tied pair counts half in the area under the ROC curve.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.class_counts import divide
from thymos.measure.inputs import Floats, binary_vector, group_codes, numbers, same_length
from thymos.measure.metric import Weighted

# The 1,000 thresholds of the BAH authors' script: 0, 0.001, ..., 0.999.
SWEEP = np.arange(0, 1, 0.001)


class WithinGroups(NamedTuple):
    """Mean area under the ROC curve over groups; ``skipped`` groups have items of one kind only."""

    value: float
    by_group: dict[Any, float]
    skipped: list[Any]


class _Ranked:
    """Positive and negative weight at each distinct score, from the highest score down."""

    def __init__(self, gold: npt.ArrayLike, scores: npt.ArrayLike) -> None:
        truth, values = binary_vector(gold, "gold"), numbers(scores, "scores", dimensions=1)
        self.n = same_length(gold=truth, scores=values)
        if truth.min() == truth.max():
            raise BadInput("gold has a single class", where="gold", mend="pass items with and without the label")
        self.order = np.argsort(-values, kind="stable")
        self.truth = truth[self.order]
        self.starts = np.flatnonzero(np.r_[True, np.diff(values[self.order]) != 0])

    def counts(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weights (resamples, items) as positives and negatives by distinct score, (resamples, scores)."""
        ordered = weights[:, self.order]
        positives = np.add.reduceat(ordered * self.truth, self.starts, axis=1)
        return positives, np.add.reduceat(ordered, self.starts, axis=1) - positives


def prepare_roc_auc(gold: npt.ArrayLike, scores: npt.ArrayLike) -> Weighted:
    """Weighted form of `roc_auc`; NaN for weights that leave one class only."""
    ranked = _Ranked(gold, scores)

    def evaluate(weights: Floats) -> Floats:
        positives, negatives = ranked.counts(weights)
        above = np.cumsum(positives, axis=1) - positives / 2
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        return np.where(pairs > 0, divide((above * negatives).sum(axis=1), pairs), np.nan)

    return Weighted(ranked.n, evaluate)


def roc_auc(gold: npt.ArrayLike, scores: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Area under the ROC curve, 0 to 1: the chance that an item with the label scores above one without it.

    Args:
        gold: 0 or 1 for each item; both must occur.
        scores: any numbers, higher means more likely.
        weights: how often each item counts.

    Example:
        >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    return prepare_roc_auc(gold, scores).value(weights)


def prepare_average_precision(gold: npt.ArrayLike, scores: npt.ArrayLike) -> Weighted:
    """Weighted form of `average_precision`; NaN for weights that leave no positive item."""
    ranked = _Ranked(gold, scores)

    def evaluate(weights: Floats) -> Floats:
        positives, negatives = ranked.counts(weights)
        hits = np.cumsum(positives, axis=1)
        precision = divide(hits, hits + np.cumsum(negatives, axis=1))
        total = positives.sum(axis=1)
        return np.where(total > 0, divide((positives * precision).sum(axis=1), total), np.nan)

    return Weighted(ranked.n, evaluate)


def average_precision(gold: npt.ArrayLike, scores: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Average precision Σ (R_k - R_(k-1)) · P_k over distinct scores, without interpolation, 0 to 1."""
    return prepare_average_precision(gold, scores).value(weights)


def prepare_swept_average_precision(gold: npt.ArrayLike, probabilities: npt.ArrayLike) -> Weighted:
    """Weighted form of `swept_average_precision`; NaN for weights that leave no positive item."""
    truth, values = binary_vector(gold, "gold"), numbers(probabilities, "probabilities", dimensions=1)
    n = same_length(gold=truth, probabilities=values)
    if (values < 0).any() or (values > 1).any():
        row = int(np.argmax((values < 0) | (values > 1)))
        raise BadInput("a probability is outside 0 to 1", where=f"probabilities, row {row}", mend="pass probabilities")
    if not truth.any():
        raise BadInput("no item has the label", where="gold", mend="pass at least one positive item")
    # An item is predicted at the thresholds up to its probability; order by the last such threshold.
    last = np.searchsorted(SWEEP, values, side="right")
    order = np.argsort(last, kind="stable")
    ordered_truth = truth[order]
    starts = np.searchsorted(last[order], np.arange(1, len(SWEEP) + 1))

    def evaluate(weights: Floats) -> Floats:
        ordered = weights[:, order]
        hits, alarms = (
            _tail_sums(ordered * ordered_truth)[:, starts],
            _tail_sums(ordered * (1 - ordered_truth))[:, starts],
        )
        total = (weights * truth).sum(axis=1, keepdims=True)
        precision, recall = divide(hits, hits + alarms), divide(hits, total)
        area = ((recall[:, :-1] - recall[:, 1:]) * (precision[:, :-1] + precision[:, 1:]) / 2).sum(axis=1)
        return np.where(total[:, 0] > 0, area, np.nan)

    return Weighted(n, evaluate)


def _tail_sums(values: Floats) -> Floats:
    """Sum of each row from every position to its end, with a final 0."""
    tails = np.zeros((values.shape[0], values.shape[1] + 1))
    tails[:, :-1] = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    return tails


def swept_average_precision(
    gold: npt.ArrayLike, probabilities: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """Average precision as the BAH authors compute it (card 10), 0 to 1.

    Precision and recall at the thresholds 0, 0.001, ..., 0.999 (predicted means probability >= threshold; precision
    without any prediction is 0), then the trapezoid area of precision over recall. Nothing is added below the recall
    of the highest threshold, so confident items cost area that the standard definition gives: a perfect prediction
    with probabilities of exactly 0 and 1 scores 0.
    """
    return prepare_swept_average_precision(gold, probabilities).value(weights)


def prepare_within_group_auc(gold: npt.ArrayLike, scores: npt.ArrayLike, groups: Iterable[Any]) -> Weighted:
    """Weighted form of the mean of `within_group_auc`.

    Groups with items of one kind only are left out; so are, in a resample, groups that the draw left with one kind.
    """
    parts = [(np.flatnonzero(own), prepared) for _, own, prepared in _by_group(gold, scores, groups)[0]]

    def evaluate(weights: Floats) -> Floats:
        areas = np.stack([prepared.evaluate(weights[:, own]) for own, prepared in parts])
        known = np.isfinite(areas)
        total = np.where(known, areas, 0.0).sum(axis=0)
        return np.where(known.any(axis=0), divide(total, known.sum(axis=0).astype(float)), np.nan)

    return Weighted(len(numbers(scores, "scores", dimensions=1)), evaluate)


def within_group_auc(gold: npt.ArrayLike, scores: npt.ArrayLike, groups: Iterable[Any]) -> WithinGroups:
    """Mean over groups of the area under the ROC curve inside each group.

    An area over all items is high already when the score only knows the group, e.g. which question was asked
    (card 10); inside a group that knowledge is worth nothing.

    Raises:
        BadInput: no group has items of both kinds.
    """
    parts, skipped = _by_group(gold, scores, groups)
    by_group = {name: prepared.value() for name, _, prepared in parts}
    return WithinGroups(float(np.mean(list(by_group.values()))), by_group, skipped)


def _by_group(
    gold: npt.ArrayLike, scores: npt.ArrayLike, groups: Iterable[Any]
) -> tuple[list[tuple[Any, npt.NDArray[np.bool_], Weighted]], list[Any]]:
    """Name, members and prepared area of every group with items of both kinds, and the names of the others."""
    truth, values = binary_vector(gold, "gold"), numbers(scores, "scores", dimensions=1)
    codes, names = group_codes(groups, "groups")
    same_length(gold=truth, scores=values, groups=codes)
    parts: list[tuple[Any, npt.NDArray[np.bool_], Weighted]] = []
    skipped: list[Any] = []
    for code, name in enumerate(names):
        own = codes == code
        if truth[own].min() == truth[own].max():
            skipped.append(name)
        else:
            parts.append((name, own, prepare_roc_auc(truth[own], values[own])))
    if not parts:
        raise BadInput("no group has items of both kinds", where="groups", mend="use larger groups")
    return parts, skipped
