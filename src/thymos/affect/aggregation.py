"""From votes to labels: pure functions on vote-count matrices of shape (items, classes).

Rules and formulas: card 36 (the author's repositories) and shared building blocks, cards 31-39. The cleaning policies
of the FER+ authors stand in ``policies``.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput

RULES = ("all_inclusive", "plurality", "majority")


def count_matrix(items: npt.NDArray, labels: npt.NDArray, n_items: int, n_labels: int) -> npt.NDArray[np.int64]:
    """Vote counts of shape (n_items, n_labels) from one pair of codes a rating.

    Example:
        >>> count_matrix(np.array([0, 0, 1]), np.array([1, 1, 0]), 2, 2).tolist()
        [[0, 2], [1, 0]]
    """
    flat = np.multiply(items, n_labels, dtype=np.int64)
    flat += labels
    return np.bincount(flat, minlength=n_items * n_labels).reshape(n_items, n_labels)


def kept_by(votes: npt.NDArray, rule: str, *, excluded: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.bool_]:
    """Which items a rule keeps.

    Args:
        votes: counts, shape (items, classes).
        rule: "all_inclusive" keeps every item with a vote, "plurality" those with a unique mode, "majority" those
            where one class has more than half of the votes.
        excluded: columns that are counted as votes but cannot win (unknown, not a face): items that one of them
            wins are dropped, and so are items without any other vote.

    Example:
        >>> kept_by(np.array([[3, 1], [1, 1]]), "plurality").tolist()
        [True, False]
    """
    total = votes.sum(axis=1)
    top = votes.max(axis=1)
    if rule == "all_inclusive":
        kept = total > 0
    elif rule == "plurality":
        kept = (total > 0) & ((votes == top[:, None]).sum(axis=1) == 1)
    elif rule == "majority":
        kept = (total > 0) & (2 * top > total)
    else:
        raise BadInput(f"unknown aggregation rule {rule!r}", mend=f"known: {', '.join(RULES)}")
    if excluded is None or not excluded.any():
        return kept
    if rule == "all_inclusive":
        return kept & (votes[:, ~excluded].sum(axis=1) > 0)
    return kept & ~excluded[votes.argmax(axis=1)]


def share_of_ratings_used(votes: npt.NDArray, rule: str) -> float:
    """Share of all ratings that agree with the single label of their item under "majority" or "plurality".

    What hard labels throw away: ratings of dropped items, and ratings for other classes. Card 36 reports it so.

    Example:
        >>> share_of_ratings_used(np.array([[3, 1], [2, 2]]), "majority")
        0.375
    """
    if rule == "all_inclusive":
        return 1.0
    kept = kept_by(votes, rule)
    if votes.sum() == 0:
        raise BadInput("there is no rating")
    return float(votes[kept].max(axis=1, initial=0).sum() / votes.sum())


def strictest_rule(votes: npt.NDArray) -> npt.NDArray[np.object_]:
    """The strictest rule that keeps each item: "majority", "plurality" or "all_inclusive"; None without a vote.

    Example:
        >>> strictest_rule(np.array([[3, 1, 0], [2, 1, 1], [1, 1, 0]])).tolist()
        ['majority', 'plurality', 'all_inclusive']
    """
    names = np.full(len(votes), None, dtype=object)
    for rule in RULES:
        names[kept_by(votes, rule)] = rule
    return names


def distribution(votes: npt.NDArray, *, smoothing: float = 0.0) -> npt.NDArray[np.float64]:
    """Vote shares p, smoothed to p (1 - eps) + (1 - p) eps / (K - 1); rows without a vote are NaN.

    Example:
        >>> distribution(np.array([[3, 1]]), smoothing=0.1).round(3).tolist()
        [[0.7, 0.3]]
    """
    if not 0 <= smoothing <= 1:
        raise BadInput(f"smoothing {smoothing} is outside 0..1")
    total = votes.sum(axis=1, keepdims=True).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = votes / total
    classes = votes.shape[1]
    if smoothing and classes > 1:
        shares *= 1 - smoothing - smoothing / (classes - 1)
        shares += smoothing / (classes - 1)
    return shares


def multilabel(votes: npt.NDArray) -> npt.NDArray[np.bool_]:
    """Labels whose share is greater than 1/K, strictly, so that a uniform item has none. Exact: no division.

    Example:
        >>> multilabel(np.array([[1, 2, 2, 0], [1, 1, 1, 1]])).astype(int).tolist()
        [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    return votes * votes.shape[1] > votes.sum(axis=1, keepdims=True)


def weighted_mean(
    items: npt.NDArray,
    labels: npt.NDArray,
    values: npt.NDArray,
    weights: npt.NDArray | None,
    n_items: int,
    n_labels: int,
) -> npt.NDArray[np.float64]:
    """Mean of the ratings in each cell of (n_items, n_labels); NaN where a cell has no rating or no weight.

    Args:
        items: item code a rating.
        labels: axis code a rating.
        values: the rated numbers.
        weights: weight a rating, not negative; None = all the same.
        n_items: number of items.
        n_labels: number of axes.
    """
    flat = items.astype(np.int64) * n_labels + labels
    size = n_items * n_labels
    sums = np.bincount(flat, weights=values if weights is None else values * weights, minlength=size)
    totals = np.bincount(flat, weights=weights, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums / totals).reshape(n_items, n_labels)


def rater_weights(raters: pd.Index, weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Weights in the order of the raters; BadInput names a rater without one, or a negative or missing number."""
    missing = [rater for rater in raters if rater not in weights]
    if missing:
        raise BadInput(f"rater {missing[0]!r} has no weight", mend="give every rater a weight, 0 leaves one out")
    numbers = np.array([float(weights[rater]) for rater in raters])
    bad = ~(numbers >= 0) | np.isinf(numbers)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        raise BadInput(f"weight {numbers[position]} of rater {raters[position]!r} is not a number from 0 up")
    return numbers


def dawid_skene(
    items: npt.NDArray, raters: npt.NDArray, labels: npt.NDArray, n_items: int, n_labels: int, *, iterations: int = 100
) -> npt.NDArray[np.float64]:
    """Class probabilities by Dawid and Skene (1979): each rater has a confusion matrix of their own.

    The EM algorithm is crowd-kit's, started from the vote shares; it has no random part.

    Args:
        items: item code a rating.
        raters: rater code a rating; must be people that can be followed across items.
        labels: class code a rating.
        n_items: number of items.
        n_labels: number of classes.
        iterations: at most so many EM steps.

    Returns:
        Shape (n_items, n_labels); NaN for items without a rating.
    """
    # Imported here because it takes more than a second and few callers need it.
    from crowdkit.aggregation import DawidSkene

    ratings = pd.DataFrame({"task": items, "worker": raters, "label": labels})
    model = DawidSkene(n_iter=iterations).fit(ratings)
    probabilities = model.probas_.reindex(index=range(n_items), columns=range(n_labels))
    rated = probabilities.notna().any(axis=1)
    probabilities[rated] = probabilities[rated].fillna(0.0)
    return probabilities.to_numpy(dtype=float)
