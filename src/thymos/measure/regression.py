"""Scores of predicted numbers: concordance, correlations, errors, and the two tracks of OMG-Empathy.

All moments are population moments (divided by n). A correlation with a constant side is undefined; it is reported
as 0 here, as the OMG-Empathy script does for CCC (card 03), so that a flat predictor scores 0 and never NaN.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from thymos.measure.class_counts import divide
from thymos.measure.inputs import Floats, group_codes, numbers, paired_numbers, same_length
from thymos.measure.metric import Additive, Weighted, mean_of_values, rows_of

# Below this share of the mean square, a variance is rounding noise: the values are constant.
CONSTANT = 1e-13


class _Moments:
    """Weighted first and second moments of two variables that were centered on their full-sample means."""

    def __init__(self, sums: Floats, gap: float, scales: tuple[float, float]) -> None:
        total, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
        self.mean_gap = x / total - y / total + gap
        self.covariance = xy / total - (x / total) * (y / total)
        self.variance_x = _variance(xx / total, x / total, scales[0])
        self.variance_y = _variance(yy / total, y / total, scales[1])
        self.defined = (self.variance_x > 0) & (self.variance_y > 0)


def _variance(mean_square: Floats, mean: Floats, scale: float) -> Floats:
    variance = mean_square - mean**2
    noise = np.maximum(CONSTANT * mean_square, (1e-14 * scale) ** 2)
    return np.where(variance <= noise, 0.0, variance)


def _moment_table(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[Floats, float, tuple[float, float]]:
    x, y = paired_numbers(gold, predicted, dimensions=1)
    mean_x, mean_y = float(x.mean()), float(y.mean())
    scales = float(np.abs(x).max()), float(np.abs(y).max())
    x, y = x - mean_x, y - mean_y
    return np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y]), mean_x - mean_y, scales


def prepare_pearson(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Moment sums for `pearson`."""
    table, gap, scales = _moment_table(gold, predicted)

    def finish(sums: Floats) -> Floats:
        moments = _Moments(sums, gap, scales)
        # Two roots instead of the root of the product: tiny variances would underflow when multiplied.
        spread = np.sqrt(moments.variance_x) * np.sqrt(moments.variance_y)
        return np.clip(divide(np.where(moments.defined, moments.covariance, 0.0), spread), -1, 1)

    return rows_of(table, finish)


def prepare_ccc(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Moment sums for `ccc`."""
    table, gap, scales = _moment_table(gold, predicted)

    def finish(sums: Floats) -> Floats:
        moments = _Moments(sums, gap, scales)
        whole = moments.variance_x + moments.variance_y + moments.mean_gap**2
        return np.clip(divide(np.where(moments.defined, 2 * moments.covariance, 0.0), whole), -1, 1)

    return rows_of(table, finish)


def _item_means(values: Floats) -> Floats:
    return values.reshape(len(values), -1).mean(axis=1)


def prepare_rmse(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `rmse`."""
    truth, guess = paired_numbers(gold, predicted)
    squares = mean_of_values(_item_means((truth - guess) ** 2))
    return Additive(squares.codes, squares.table, lambda sums: np.sqrt(sums[..., 1] / sums[..., 0]))


def prepare_mae(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `mae`."""
    truth, guess = paired_numbers(gold, predicted)
    return mean_of_values(_item_means(np.abs(truth - guess)))


def prepare_spearman(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Weighted:
    """Weighted form of `spearman`: ranks are taken anew under every set of weights."""
    x, y = paired_numbers(gold, predicted, dimensions=1)

    ranks_x, ranks_y = _WeightedRanks(x), _WeightedRanks(y)

    def evaluate(weights: Floats) -> Floats:
        # Items along the first axis: reordering items then copies whole rows, which is several times faster.
        counts = np.ascontiguousarray(weights.T)
        center = (counts.sum(axis=0) + 1) / 2
        x_ranks, y_ranks = ranks_x(counts) - center, ranks_y(counts) - center
        weighted_x = counts * x_ranks
        covariance = np.einsum("ij,ij->j", weighted_x, y_ranks)
        spread_x = np.einsum("ij,ij->j", weighted_x, x_ranks)
        spread_y = np.einsum("ij,ij,ij->j", counts, y_ranks, y_ranks)
        return np.clip(divide(covariance, np.sqrt(spread_x) * np.sqrt(spread_y)), -1, 1)

    return Weighted(len(x), evaluate)


class _WeightedRanks:
    """Mid-ranks of items that are repeated by weight; the order of the values is found once."""

    def __init__(self, values: Floats) -> None:
        self.order = np.argsort(values, kind="stable")
        self.starts = np.flatnonzero(np.r_[True, np.diff(values[self.order]) > 0])
        self.group = np.empty(len(values), dtype=np.int64)
        self.group[self.order] = np.repeat(np.arange(len(self.starts)), np.diff(np.r_[self.starts, len(values)]))

    def __call__(self, counts: Floats) -> Floats:
        """Ranks, shape (items, resamples), from counts of the same shape."""
        tied = counts[self.order]
        if len(self.starts) < len(self.order):
            tied = np.add.reduceat(tied, self.starts, axis=0)
        rank: Floats = np.cumsum(tied, axis=0) - (tied - 1) / 2
        return rank[self.group]


def pearson(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Pearson correlation, -1 to 1; 0 where one side is constant.

    Example:
        >>> round(pearson([1, 2, 3, 4], [1, 2, 3, 5]), 4)
        0.9827
    """
    return prepare_pearson(gold, predicted).value(weights)


def spearman(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Spearman rank correlation with mid-ranks for ties, -1 to 1; 0 where one side is constant."""
    if weights is None:
        x, y = paired_numbers(gold, predicted, dimensions=1)
        return pearson(stats.rankdata(x), stats.rankdata(y))
    return prepare_spearman(gold, predicted).value(weights)


def ccc(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Concordance correlation coefficient, 2ρσσ̂ / (σ² + σ̂² + (μ - μ̂)²) with population moments, -1 to 1.

    Args:
        gold: numbers, one per item or frame.
        predicted: the same length.
        weights: how often each item counts.

    Returns:
        float: 0 where ρ is undefined because one side is constant (card 03's script sets NaN to 0).

    Example:
        >>> round(ccc([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), 4)
        0.8571
    """
    return prepare_ccc(gold, predicted).value(weights)


def rmse(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Root of the mean squared error over all entries; matrices (items × dimensions) are allowed."""
    return prepare_rmse(gold, predicted).value(weights)


def mae(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean absolute error over all entries; matrices (items × dimensions) are allowed."""
    return prepare_mae(gold, predicted).value(weights)


def mean(values: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean of one number per item; of 0/1 values it is a rate."""
    return prepare_mean(values).value(weights)


def prepare_mean(values: npt.ArrayLike) -> Additive:
    """Sums for `mean`."""
    return mean_of_values(numbers(values, "values", dimensions=1))


def ccc_by_file(
    gold: npt.ArrayLike, predicted: npt.ArrayLike, subjects: Iterable[Any], stories: Iterable[Any]
) -> dict[tuple[Any, Any], float]:
    """CCC of every file, a file being one subject hearing one story; all arguments have one entry per frame."""
    x, y = paired_numbers(gold, predicted, dimensions=1)
    subject_codes, subject_names = group_codes(subjects, "subjects")
    story_codes, story_names = group_codes(stories, "stories")
    same_length(gold=x, subjects=subject_codes, stories=story_codes)
    files = subject_codes * len(story_names) + story_codes
    order = np.argsort(files, kind="stable")
    result = {}
    for frames in np.split(order, np.flatnonzero(np.diff(files[order])) + 1):
        subject, story = divmod(int(files[frames[0]]), len(story_names))
        result[subject_names[subject], story_names[story]] = ccc(x[frames], y[frames])
    return result


def _nested_mean(scores: dict[tuple[Any, Any], float], outer: int) -> float:
    groups: dict[Any, list[float]] = {}
    for key, score in scores.items():
        groups.setdefault(key[outer], []).append(score)
    return float(np.mean([np.mean(values) for values in groups.values()]))


def omg_personalized(
    gold: npt.ArrayLike, predicted: npt.ArrayLike, subjects: Iterable[Any], stories: Iterable[Any]
) -> float:
    """OMG-Empathy's personalized track: mean CCC over the stories of each subject, then over subjects (card 03)."""
    return _nested_mean(ccc_by_file(gold, predicted, subjects, stories), outer=0)


def omg_generalized(
    gold: npt.ArrayLike, predicted: npt.ArrayLike, subjects: Iterable[Any], stories: Iterable[Any]
) -> float:
    """OMG-Empathy's generalized track: mean CCC over the subjects of each story, then over stories (card 03)."""
    return _nested_mean(ccc_by_file(gold, predicted, subjects, stories), outer=1)
