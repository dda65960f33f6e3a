"""Where raters differ: entropy and spread of votes, emotions that go together, and the weights built on them.

All functions take vote counts of shape (items, classes). Sources: card 36 (class-balanced weights, co-occurrence and
penalization of unlikely pairs); entropy and pairwise disagreement are the usual definitions.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from thymos.affect.aggregation import RULES, multilabel, strictest_rule
from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Construction = Literal["row", "jaccard", "inverse_frequency"]
CONSTRUCTIONS = ("row", "jaccard", "inverse_frequency")


def vote_entropy(votes: npt.NDArray) -> Floats:
    """Shannon entropy of each item's votes in bits: 0 = all agree, log2(classes) = uniform; NaN without a vote.

    Example:
        >>> vote_entropy(np.array([[2, 2], [4, 0]])).tolist()
        [1.0, 0.0]
    """
    shares = _shares(votes)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs((shares * logs).sum(axis=1))


def modal_share(votes: npt.NDArray) -> Floats:
    """Share of the most frequent class of each item, 1/classes..1; NaN without a vote.

    Example:
        >>> modal_share(np.array([[3, 1]])).tolist()
        [0.75]
    """
    return _shares(votes).max(axis=1)


def pairwise_disagreement(votes: npt.NDArray) -> Floats:
    """Probability that two different raters of an item chose different classes; NaN with fewer than two votes.

    Example:
        >>> pairwise_disagreement(np.array([[2, 2], [3, 0]])).round(3).tolist()
        [0.667, 0.0]
    """
    total = votes.sum(axis=1).astype(float)
    same = (votes * (votes - 1.0)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 1, 1 - same / (total * (total - 1)), np.nan)


def co_occurrence(votes: npt.NDArray, *, binarize: bool = False) -> npt.NDArray[np.int64]:
    """How many items have both classes among their ratings: symmetric, shape (classes, classes).

    The diagonal counts the items that have the class at all.

    Args:
        votes: counts, shape (items, classes).
        binarize: False = every vote counts (2022 form of card 36); True = only classes whose share is greater than
            1/K (2023 form).

    Example:
        >>> co_occurrence(np.array([[3, 1, 0], [2, 0, 2]])).tolist()
        [[2, 1, 1], [1, 1, 0], [1, 0, 1]]
    """
    present = (multilabel(votes) if binarize else votes > 0).astype(np.int64)
    return present.T @ present


def penalization_matrix(counts: npt.NDArray, construction: Construction = "row") -> Floats:
    """Penalty P_jz of predicting class z where the target is j: larger for pairs that rarely occur together.

    The published papers state the idea, not the formula; all three constructions are readings [inferred].

    Args:
        counts: co-occurrence C of the training items, see ``co_occurrence``.
        construction: "row" = 1 - C_jz / C_jj (default); "jaccard" = 1 - C_jz / (C_jj + C_zz - C_jz), symmetric;
            "inverse_frequency" = 1 / (1 + C_jz), symmetric.

    Returns:
        Shape (classes, classes), 0..1, zero diagonal. A pair with a class that never occurs costs 1.

    Example:
        >>> penalization_matrix(np.array([[4, 1], [1, 2]])).tolist()
        [[0.0, 0.75], [0.5, 0.0]]
    """
    pairs = np.asarray(counts, dtype=float)
    if pairs.ndim != 2 or pairs.shape[0] != pairs.shape[1] or (pairs < 0).any() or not np.isfinite(pairs).all():
        raise BadInput("a co-occurrence matrix is square with counts from 0 up")
    items = np.diag(pairs)
    if (pairs > items[:, None]).any() or (pairs > items[None, :]).any():
        raise BadInput("a co-occurrence count is larger than its diagonal", mend="the diagonal counts a class's items")
    if construction == "row":
        whole = np.repeat(items[:, None], len(items), axis=1)
    elif construction == "jaccard":
        whole = items[:, None] + items[None, :] - pairs
    elif construction == "inverse_frequency":
        penalty = 1 / (1 + pairs)
        np.fill_diagonal(penalty, 0)
        return penalty
    else:
        raise BadInput(f"unknown construction {construction!r}", mend=f"known: {', '.join(CONSTRUCTIONS)}")
    penalty = 1 - np.divide(pairs, whole, out=np.zeros_like(pairs), where=whole > 0)
    np.fill_diagonal(penalty, 0)
    return penalty


def class_balanced_weights(shares: npt.NDArray) -> Floats:
    """Class weights w_j = (1 - beta) / (1 - beta^n_j) with beta = (N - 1) / N, scaled to sum to the classes.

    N is the number of items and n_j the number of items whose share of j is greater than 1/K. A class without an item
    gets the weight of a class with one (n_j = 1), the largest finite weight.

    Args:
        shares: soft labels or vote counts of the training items, shape (items, classes).

    Returns:
        Shape (classes,), positive, mean 1. The weight of an item is ``shares @ weights``.

    Example:
        >>> class_balanced_weights(np.array([[1, 0], [1, 0], [1, 0], [0, 1]])).round(3).tolist()
        [0.604, 1.396]
    """
    items, classes = shares.shape
    if items == 0:
        raise BadInput("there is no item to take class weights from")
    total = shares.sum(axis=1, keepdims=True)
    # A share of exactly 1/K must not pass by a rounding error of the division that made it.
    counts = np.maximum((shares * classes - total > 1e-9 * total).sum(axis=0), 1)
    beta = (items - 1) / items
    weights = (1 - beta) / (1 - beta**counts)
    return weights * classes / weights.sum()


def rule_weights(votes: npt.NDArray, weights: Mapping[str, float]) -> Floats:
    """Weight of each item by the strictest rule that keeps it, for losses that trust majorities more than ties.

    Args:
        votes: counts, shape (items, classes).
        weights: a number each for "majority", "plurality" and "all_inclusive".

    Returns:
        Shape (items,); 0 for items without a vote.

    Example:
        >>> rule_weights(np.array([[3, 1], [1, 1]]), {"majority": 1.0, "plurality": 0.5, "all_inclusive": 0.2}).tolist()
        [1.0, 0.2]
    """
    missing = [rule for rule in RULES if rule not in weights]
    if missing:
        raise BadInput(f"rule {missing[0]!r} has no weight", mend=f"give one each for {', '.join(RULES)}")
    return np.array([0.0 if rule is None else float(weights[rule]) for rule in strictest_rule(votes)])


def _shares(votes: npt.NDArray) -> Floats:
    total = votes.sum(axis=1, keepdims=True).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return votes / total
