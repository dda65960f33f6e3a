"""From votes to what a model is trained on: which items an aggregation rule keeps, and the target of each.

Any rule (majority, plurality, all-inclusive) goes with any kind of target (hard, multi-label, soft). Source: card 36
(Chou, 2025, and the author's repositories); the aggregation itself is that of ``thymos.affect.aggregation``.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.affect.aggregation import distribution, kept_by, multilabel
from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
HARD, MULTILABEL, SOFT = "hard", "multilabel", "soft"
KINDS = (HARD, MULTILABEL, SOFT)


class RaterTargets(NamedTuple):
    """Which items are trained on, and with what.

    Attributes:
        kept: shape (items,).
        targets: shape (kept items, classes): one-hot rows, label sets of 0 and 1, or shares that sum to 1.
        shares: shape (kept items, classes): the unsmoothed vote shares of the same items.
    """

    kept: Mask
    targets: Floats
    shares: Floats


def rater_targets(
    votes: npt.NDArray, rule: str, kind: str, *, excluded: Mask | None = None, smoothing: float = 0.0
) -> RaterTargets:
    """Targets of the items that a rule keeps.

    Args:
        votes: counts, shape (items, labels).
        rule: ``"majority"``, ``"plurality"`` or ``"all_inclusive"``; see ``kept_by``.
        kind: ``"hard"``: the mode; classes that share the top (possible under the all-inclusive rule only) share the
            target [inferred], so that no order of columns decides. ``"multilabel"``: every class whose share is
            greater than 1/K, strictly; a uniform item has none. ``"soft"``: vote shares.
        excluded: labels that are votes but no class (unknown, not a face); they have no column in the targets.
        smoothing: epsilon of y = p (1 - eps) + (1 - p) eps / (K - 1), for hard and soft targets; the author's
            repositories use 0.05.

    Raises:
        BadInput: an unknown rule or kind, smoothing of label sets, a rule that keeps nothing.

    Example:
        >>> found = rater_targets(np.array([[3, 1, 0], [1, 1, 0]]), "majority", "hard")
        >>> found.kept.tolist(), found.targets.tolist()
        ([True, False], [[1.0, 0.0, 0.0]])
    """
    if kind not in KINDS:
        raise BadInput(f"unknown kind of target {kind!r}", mend=f"known: {', '.join(KINDS)}")
    if smoothing and kind == MULTILABEL:
        raise BadInput("label sets are not smoothed", where="smoothing", mend="use 0, or soft targets")
    kept = kept_by(votes, rule, excluded=excluded)
    if not kept.any():
        raise BadInput(f"rule {rule!r} keeps none of {len(votes)} items", where="votes", mend="use another rule")
    counts = votes[kept] if excluded is None else votes[kept][:, ~excluded]
    shares = distribution(counts)
    if kind == MULTILABEL:
        targets = multilabel(counts).astype(np.float64)
    elif kind == HARD:
        top = (counts == counts.max(axis=1, keepdims=True)).astype(np.int64)
        targets = distribution(top, smoothing=smoothing)
    else:
        targets = distribution(counts, smoothing=smoothing)
    return RaterTargets(kept, targets, shares)
