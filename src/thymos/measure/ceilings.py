"""What one human rater reaches against the others: the ceiling beside which a system's score should stand.

With identified raters (`one_rater_against_rest`) each rating is scored against the aggregate of the other ratings of
the same item. With anonymous votes (`one_vote_against_rest`) the expectation over a randomly drawn vote is computed
in closed form. A system is scored against all raters, a rater against one fewer; with few raters per item the ceiling
is therefore slightly low.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.measure.class_counts import (
    accuracy_from,
    divide,
    macro_f1_from,
    uar_from,
    weighted_f1_from,
)
from thymos.measure.inputs import Floats, Integers, numbers, sorted_labels
from thymos.measure.metric import Additive
from thymos.measure.registry import score_function

Aggregate = Literal["plurality", "majority", "mean"]
RaterTies = Literal["drop", "random"]
VoteTies = Literal["split", "drop"]
FINISHES = {
    "accuracy": accuracy_from,
    "macro_f1": macro_f1_from,
    "weighted_f1": weighted_f1_from,
    "uar": uar_from,
}
CHUNK_PAIRS = 500_000


class RaterCeiling(NamedTuple):
    """One rater against the rest.

    ``value`` is the score over all pooled (item, rater) pairs, ``mean_over_raters`` the mean of the scores in
    ``by_rater`` (raters with at least 2 pairs). ``gold``, ``predicted``, ``items`` and ``raters`` hold the pairs
    themselves, for an interval clustered by rater or by item. ``dropped`` counts ratings without a reference:
    nobody else rated the item, or the rest has no unique label.
    """

    value: float
    mean_over_raters: float
    by_rater: dict[Any, float]
    gold: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    items: Integers
    raters: Integers
    dropped: int


class VoteCeiling(NamedTuple):
    """One random vote against the rest of an item's votes.

    ``hits`` is the expected accuracy of each item that was used, ``items`` their row numbers; ``skipped`` counts
    items with fewer than 2 votes (or, under ``ties="drop"``, without any unique reference).
    """

    accuracy: float
    macro_f1: float
    weighted_f1: float
    uar: float
    hits: Floats
    items: Integers
    skipped: int


def one_rater_against_rest(
    ratings: Any,
    metric: str | Callable[..., float] = "macro_f1",
    *,
    aggregate: Aggregate = "plurality",
    ties: RaterTies = "drop",
    seed: int = 0,
) -> RaterCeiling:
    """Score every rating against the aggregate of the other ratings of its item.

    Args:
        ratings: items × raters, labels or numbers, None or NaN where a rater did not rate; a DataFrame's columns
            name the raters.
        metric: name in `registry.METRICS` or ``function(gold, predicted)``; the rest is gold.
        aggregate: ``"plurality"`` (the single most frequent label), ``"majority"`` (more than half) or ``"mean"``.
        ties: what happens where the rest has no such label: ``"drop"`` the pair or take one of the most frequent
            labels at ``"random"``. Under ``"majority"`` pairs are always dropped.
        seed: of the random ties.

    Raises:
        BadInput: no item with two ratings, NaN-free text where numbers are needed, or a wrong shape.

    Example:
        >>> one_rater_against_rest([["joy", "joy", "fear"], ["fear", "fear", "fear"]], "accuracy").value
        0.75
    """
    score = score_function(metric) if isinstance(metric, str) else metric
    matrix, names = _rating_matrix(ratings)
    present = ~pd.isna(matrix)
    items, raters = np.nonzero(present)
    if aggregate == "mean":
        gold, predicted, kept = _rest_means(matrix, present, items, raters)
    elif aggregate in ("plurality", "majority"):
        gold, predicted, kept = _rest_labels(matrix, items, raters, aggregate, ties, seed)
    else:
        raise BadInput(f"there is no aggregate {aggregate!r}", mend="use 'plurality', 'majority' or 'mean'")
    if not kept.any():
        raise BadInput("no rating has a reference", where="ratings", mend="pass items with several raters")
    gold, predicted, items, raters = gold[kept], predicted[kept], items[kept], raters[kept]
    by_rater = {}
    for rater in np.unique(raters):
        own = raters == rater
        if own.sum() >= 2:
            by_rater[names[rater]] = float(score(gold[own], predicted[own]))
    return RaterCeiling(
        value=float(score(gold, predicted)),
        mean_over_raters=float(np.mean(list(by_rater.values()))) if by_rater else float("nan"),
        by_rater=by_rater,
        gold=gold,
        predicted=predicted,
        items=items,
        raters=raters,
        dropped=int((~kept).sum()),
    )


def _rating_matrix(ratings: Any) -> tuple[npt.NDArray[Any], list[Any]]:
    names = list(ratings.columns) if isinstance(ratings, pd.DataFrame) else None
    matrix = np.asarray(ratings, dtype=object)
    if matrix.ndim != 2 or matrix.shape[1] < 2:
        raise BadInput("ratings must be items × raters with at least 2 raters", where="ratings", mend="check the shape")
    return matrix, names or list(range(matrix.shape[1]))


def _rest_means(
    matrix: npt.NDArray[Any], present: npt.NDArray[np.bool_], items: Integers, raters: Integers
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    own = numbers(matrix[items, raters], "ratings", dimensions=1) if len(items) else np.zeros(0)
    counts = present.sum(axis=1)[items]
    totals = np.bincount(items, weights=own, minlength=len(matrix))[items]
    return divide(totals - own, counts - 1.0), own, counts > 1


def _rest_labels(
    matrix: npt.NDArray[Any], items: Integers, raters: Integers, aggregate: str, ties: RaterTies, seed: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    own = matrix[items, raters]
    labels = sorted_labels(own)
    codes = pd.Index(labels, dtype=object).get_indexer(pd.Index(own, dtype=object))
    counts = np.zeros((len(matrix), len(labels)))
    np.add.at(counts, (items, codes), 1)
    rng = np.random.default_rng(seed)
    reference = np.zeros(len(items), dtype=np.int64)
    kept = np.zeros(len(items), dtype=bool)
    for start in range(0, len(items), CHUNK_PAIRS):
        part = slice(start, start + CHUNK_PAIRS)
        rest = counts[items[part]]
        rest[np.arange(len(rest)), codes[part]] -= 1
        top = rest.max(axis=1)
        tied = (rest == top[:, None]).sum(axis=1) > 1
        if ties == "random":
            rest = rest + rng.random(rest.shape) * 0.5
        reference[part] = rest.argmax(axis=1)
        kept[part] = top > 0
        if aggregate == "majority":
            kept[part] &= 2 * top > counts[items[part]].sum(axis=1) - 1
        elif ties == "drop":
            kept[part] &= ~tied
    return np.array(labels, dtype=object)[reference], own, kept


def one_vote_against_rest(votes: npt.ArrayLike, *, ties: VoteTies = "split") -> VoteCeiling:
    """Expected scores of one vote, drawn at random from each item, against the plurality of the item's other votes.

    Args:
        votes: items × classes, how many raters chose each class.
        ties: where several classes are equally frequent among the others, ``"split"`` gives each an equal share (a
            coin is tossed), ``"drop"`` leaves that vote out.

    Returns:
        VoteCeiling: accuracy is the exact expectation; F1 and average recall are taken at the expected counts.

    Example:
        >>> round(one_vote_against_rest([[3, 1], [0, 4]]).accuracy, 3)
        0.875
    """
    counts = _votes(votes)
    additive, used = _vote_sums(counts, ties)
    sums = np.bincount(additive.codes, minlength=len(additive.table)) @ additive.table
    per_kind = accuracy_from(additive.table)
    return VoteCeiling(
        accuracy=float(accuracy_from(sums)),
        macro_f1=float(macro_f1_from(sums)),
        weighted_f1=float(weighted_f1_from(sums)),
        uar=float(uar_from(sums)),
        hits=per_kind[additive.codes],
        items=used,
        skipped=len(counts) - len(used),
    )


def vote_ceiling(votes: npt.ArrayLike, metric: str = "macro_f1", *, ties: VoteTies = "split") -> Additive:
    """The score of `one_vote_against_rest` in the form that `resampling.bootstrap_interval` takes.

    Its items are those with at least 2 votes (``one_vote_against_rest(votes).items``), which clusters must match.

    Example:
        >>> from thymos.measure.resampling import bootstrap_interval
        >>> bootstrap_interval(vote_ceiling([[3, 1], [0, 4], [2, 2]], "accuracy")).n
        3
    """
    if metric not in FINISHES:
        raise BadInput(f"there is no vote ceiling of {metric!r}", mend=f"use one of: {', '.join(FINISHES)}")
    additive, _ = _vote_sums(_votes(votes), ties)
    return Additive(additive.codes, additive.table, FINISHES[metric])


def _votes(votes: npt.ArrayLike) -> Floats:
    counts = numbers(votes, "votes", dimensions=2)
    if (counts < 0).any() or (counts != np.floor(counts)).any():
        row = int(np.argwhere((counts < 0) | (counts != np.floor(counts)))[0][0])
        raise BadInput("votes must be whole numbers of 0 or more", where=f"votes, row {row}", mend="pass counts")
    return counts


def _vote_sums(counts: Floats, ties: VoteTies) -> tuple[Additive, Integers]:
    """Expected hits, gold and predictions by class of each distinct vote row, weighted to one vote per item."""
    if ties not in ("split", "drop"):
        raise BadInput(f"there is no tie rule {ties!r}", where="ties", mend="use 'split' or 'drop'")
    used = np.flatnonzero(counts.sum(axis=1) >= 2)
    rows, codes = np.unique(counts[used], axis=0, return_inverse=True)
    classes = counts.shape[1]
    hits, gold, predicted = np.zeros((3, len(rows), classes))
    shares = divide(rows, rows.sum(axis=1, keepdims=True))
    for vote in range(classes):
        rest = rows.copy()
        rest[:, vote] -= 1
        modes = (rest == rest.max(axis=1, keepdims=True)).astype(float)
        if ties == "drop":
            modes[modes.sum(axis=1) > 1] = 0
        reference = divide(modes, modes.sum(axis=1, keepdims=True)) * shares[:, [vote]]
        gold += reference
        predicted[:, vote] = reference.sum(axis=1)
        hits[:, vote] = reference[:, vote]
    kept = gold.sum(axis=1)[codes.reshape(-1)] > 0
    if not kept.any():
        raise BadInput("no item has a vote with a reference", where="votes", mend="pass items with several votes")
    additive = Additive(codes.reshape(-1)[kept].astype(np.int64), np.hstack([hits, gold, predicted]), accuracy_from)
    return additive, used[kept]
