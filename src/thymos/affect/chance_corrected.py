"""Chance-corrected agreement from vote counts, class codes or single ratings: arrays in, one number out.

Every function returns NaN where the coefficient is 0/0 because nothing varies, and raises BadInput where no item has
two ratings. Sources: Krippendorff, Content Analysis (2004), ch. 11; Fleiss (1971); Cohen (1960, 1968).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["none", "linear", "quadratic"]
Floats = npt.NDArray[np.float64]

LEVELS = ("nominal", "ordinal", "interval")
NOTHING_SHARED = "no item has two ratings, so there is nothing to compare"


def krippendorff_from_counts(
    counts: npt.ArrayLike, level: Level = "nominal", values: Sequence[float] | npt.NDArray | None = None
) -> float:
    """Krippendorff's alpha from vote counts; raters need no identity and may differ in number.

    Args:
        counts: shape (items, classes), how many raters gave each item each class. Items with fewer than two
            ratings cannot be paired and do not count.
        level: "nominal" (two classes differ or not), "ordinal" (classes stand in rank order), "interval"
            (squared difference of ``values``).
        values: the number that each class stands for; needed by "interval" only.

    Returns:
        Alpha, at most 1; 0 is chance. NaN when all pairable ratings are the same class.

    Raises:
        BadInput: no item has two ratings, a count is negative or NaN, ``values`` do not fit.

    Example:
        >>> round(krippendorff_from_counts([[2, 0], [0, 2], [1, 1]]), 4)
        0.4444
    """
    votes = _counts(counts)
    if level not in LEVELS:
        raise BadInput(f"unknown level {level!r}", mend=f"known: {', '.join(LEVELS)}")
    raters = votes.sum(axis=1)
    if raters.size and raters.min() < 2:
        votes, raters = votes[raters >= 2], raters[raters >= 2]
    if len(votes) == 0:
        raise BadInput(NOTHING_SHARED, where="agreement")
    used = votes.sum(axis=0)
    if (used > 0).sum() < 2:
        return float("nan")
    if level == "nominal":
        return _nominal_alpha(raters, np.einsum("ik,ik->i", votes, votes), used)
    if level == "ordinal":
        # Krippendorff's ordinal difference of two classes is the difference of their mid-ranks.
        numbers = np.cumsum(used) - used / 2
    else:
        if values is None:
            raise BadInput("interval alpha needs the number that each class stands for", mend="pass values=")
        numbers = np.asarray(values, dtype=float)
        if numbers.shape != used.shape or not np.isfinite(numbers).all():
            raise BadInput(f"values must be {len(used)} finite numbers, one a class")
    numbers = _centered(numbers, used)
    return _alpha_from_sums(raters, votes @ numbers, votes @ numbers**2)


def krippendorff_from_ratings(items: npt.NDArray, values: npt.NDArray, level: Level = "nominal") -> float:
    """Krippendorff's alpha from single ratings; millions of ratings and of distinct values are no trouble.

    Args:
        items: item code a rating, from 0 up.
        values: the rated numbers, or class codes ("nominal": any, "ordinal": in rank order); none missing.
        level: as in ``krippendorff_from_counts``.

    Example:
        >>> items, values = np.array([0, 0, 1, 1, 2, 2]), np.array([1.0, 1, 5, 4, 3, 3])
        >>> round(krippendorff_from_ratings(items, values, "interval"), 4)
        0.9351
    """
    if level not in LEVELS:
        raise BadInput(f"unknown level {level!r}", mend=f"known: {', '.join(LEVELS)}")
    raters = np.bincount(items) if len(items) else np.zeros(0, dtype=np.int64)
    paired = raters[items] >= 2
    if not paired.any():
        raise BadInput(NOTHING_SHARED, where="agreement")
    items, values = items[paired], values[paired]
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        return float("nan")
    if level == "nominal":
        # Equal pairs of an item are counted cell by cell, so that rare values need no column of zeros.
        cells, sizes = np.unique(items.astype(np.int64) * len(classes) + codes, return_counts=True)
        squares = _summed(cells // len(classes), sizes.astype(float) ** 2, len(raters))
        used = np.bincount(codes).astype(float)
        pairable = raters >= 2
        return _nominal_alpha(raters[pairable].astype(float), squares[pairable], used)
    numbers = classes.astype(float)
    used = np.bincount(codes).astype(float)
    if level == "ordinal":
        numbers = np.cumsum(used) - used / 2
    rated = _centered(numbers, used)[codes]
    sums, squares = _summed(items, rated, len(raters)), _summed(items, rated**2, len(raters))
    pairable = raters >= 2
    return _alpha_from_sums(raters[pairable].astype(float), sums[pairable], squares[pairable])


def fleiss_kappa_from_counts(counts: npt.ArrayLike) -> float:
    """Fleiss' kappa from vote counts, shape (items, classes).

    Fleiss assumes the same number of raters on every item. Where numbers differ, each item's agreement is taken over
    its own pairs, items count equally, and class shares are taken over all ratings of items with two or more; with
    equal numbers this is the published coefficient.

    Returns:
        Kappa, at most 1; 0 is chance; NaN when only one class was used.

    Example:
        >>> round(fleiss_kappa_from_counts([[2, 0], [0, 2], [1, 1]]), 4)
        0.3333
    """
    votes = _counts(counts)
    raters = votes.sum(axis=1)
    votes, raters = votes[raters >= 2], raters[raters >= 2]
    if len(votes) == 0:
        raise BadInput(NOTHING_SHARED, where="agreement")
    agreeing = (np.einsum("ik,ik->i", votes, votes) - raters) / (raters * (raters - 1))
    shares = votes.sum(axis=0) / votes.sum()
    chance = float((shares**2).sum())
    if np.count_nonzero(shares) < 2:
        return float("nan")
    return float((agreeing.mean() - chance) / (1 - chance))


def cohen_kappa_from_codes(first: npt.NDArray, second: npt.NDArray, classes: int, weights: Weights = "none") -> float:
    """Cohen's kappa of two raters from class codes 0..classes-1, one pair an item, none missing.

    Args:
        first: codes of the first rater.
        second: codes of the second rater, same length.
        classes: number of classes.
        weights: cost of a disagreement: "none" = 1, "linear" = distance of the codes, "quadratic" = its square.

    Returns:
        Kappa, at most 1; NaN when both raters used one and the same class throughout.

    Example:
        >>> round(cohen_kappa_from_codes(np.array([0, 1, 0]), np.array([0, 1, 1]), 2), 3)
        0.4
    """
    table = np.bincount(first * classes + second, minlength=classes**2).reshape(classes, classes).astype(float)
    steps = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))).astype(float)
    cost = {"none": (steps > 0).astype(float), "linear": steps, "quadratic": steps**2}[weights]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chance = float((cost * expected).sum())
    return float("nan") if chance == 0 else float(1 - (cost * table).sum() / chance)


def _counts(counts: npt.ArrayLike) -> Floats:
    votes = np.asarray(counts, dtype=float)
    if votes.ndim != 2:
        raise BadInput(f"vote counts have {votes.ndim} dimensions, not 2 (items, classes)")
    if not np.isfinite(votes).all() or (votes < 0).any():
        raise BadInput("vote counts must be finite and not negative")
    return votes


def _summed(places: npt.NDArray, numbers: Floats, size: int) -> Floats:
    return np.bincount(places, weights=numbers, minlength=size).astype(np.float64)


def _nominal_alpha(raters: Floats, squares: Floats, used: Floats) -> float:
    """Alpha of classes from each item's number of ratings and sum of squared class counts, and the ratings a class."""
    total = used.sum()
    # Disagreeing pairs of an item, each rating weighted by 1 / (raters - 1).
    observed = ((raters**2 - squares) / (raters - 1)).sum()
    expected = (total**2 - (used**2).sum()) / (total - 1)
    return float(1 - observed / expected)


def _centered(numbers: Floats, weights: Floats) -> Floats:
    # Differences do not change when a constant is taken off; sums of squares then keep their digits.
    return numbers - float(numbers @ weights) / float(weights.sum())


def _alpha_from_sums(raters: Floats, sums: Floats, squares: Floats) -> float:
    """Alpha under squared difference from each item's number, sum and sum of squares of ratings (two or more)."""
    total = raters.sum()
    observed = ((raters * squares - sums**2) / (raters - 1)).sum()
    expected = (total * squares.sum() - sums.sum() ** 2) / (total - 1)
    return float(1 - observed / expected)
