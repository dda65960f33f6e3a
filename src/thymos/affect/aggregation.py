"""From votes to labels: pure functions on vote-count matrices of shape (items, classes).

Rules and formulas: card 36 (the author's repositories) and shared building blocks, cards 31-39.
"""

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

RULES = ("all_inclusive", "plurality", "majority")


def count_matrix(items: npt.NDArray, labels: npt.NDArray, n_items: int, n_labels: int) -> npt.NDArray[np.int64]:
    """Vote counts of shape (n_items, n_labels) from one pair of codes a rating."""
    flat = np.bincount(items.astype(np.int64) * n_labels + labels, minlength=n_items * n_labels)
    return flat.reshape(n_items, n_labels)


def kept_by(votes: npt.NDArray, rule: str) -> npt.NDArray[np.bool_]:
    """Which items a rule keeps.

    Args:
        votes: counts, shape (items, classes).
        rule: "all_inclusive" keeps every item with a vote, "plurality" those with a unique mode, "majority" those
            where one class has more than half of the votes.
    """
    total = votes.sum(axis=1)
    top = votes.max(axis=1)
    if rule == "all_inclusive":
        return total > 0
    if rule == "plurality":
        return (total > 0) & ((votes == top[:, None]).sum(axis=1) == 1)
    if rule == "majority":
        return (total > 0) & (2 * top > total)
    raise BadInput(f"unknown aggregation rule {rule!r}", mend=f"known: {', '.join(RULES)}")


def distribution(votes: npt.NDArray, *, smoothing: float = 0.0) -> npt.NDArray[np.float64]:
    """Vote shares p, smoothed to p (1 - eps) + (1 - p) eps / (K - 1); rows without a vote are NaN."""
    if not 0 <= smoothing <= 1:
        raise BadInput(f"smoothing {smoothing} is outside 0..1")
    total = votes.sum(axis=1, keepdims=True).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = votes / total
    classes = votes.shape[1]
    if smoothing and classes > 1:
        shares = shares * (1 - smoothing) + (1 - shares) * smoothing / (classes - 1)
    return shares


def multilabel(votes: npt.NDArray) -> npt.NDArray[np.bool_]:
    """Labels whose share is greater than 1/K, strictly, so that a uniform item has none. Exact: no division."""
    return votes * votes.shape[1] > votes.sum(axis=1, keepdims=True)
