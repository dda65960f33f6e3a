"""How the FER+ authors clean ten crowd votes a face, as policies on vote-count matrices.

Source: Barsoum et al. (2016), "Training deep networks for facial expression recognition with crowd-sourced label
distribution", and the authors' repository microsoft/FERPlus, src/ferplus.py (MIT), whose order of steps is kept. The
policies leave different images, and published accuracies differ with them: name the policy in every result.

Images kept [measured]: majority 25,045 / 3,191 / 3,137 (train, valid, test) on the votes of the repository's three
label.csv files, 25,060 / 3,199 / 3,153 on fer2013new.csv; the two do not hold the same votes. Arg-max keeps 28,556 of
the 28,558 train images and all of valid and test: two images have no vote for an emotion (an arg-max over eight zeros
calls them neutral and so "keeps" 28,558).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

Shares = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def apply_policy(votes: npt.NDArray, excluded: Mask, policy: str) -> Shares:
    """Soft labels under a named policy.

    Args:
        votes: counts, shape (items, classes).
        excluded: shape (classes,), True for classes that are votes but no emotion (unknown, not a face).
        policy: a name of ``POLICIES``.

    Returns:
        Shape (items, emotions): shares that sum to 1, or a row of NaN where the policy drops the item. For the
        multi-target policy the labels are the shares above zero.

    Example:
        >>> votes = np.array([[7, 1, 2], [4, 4, 2]])
        >>> apply_policy(votes, np.array([False, False, True]), "majority").tolist()
        [[1.0, 0.0], [nan, nan]]
    """
    if policy not in POLICIES:
        raise BadInput(f"unknown policy {policy!r}", mend=f"known: {', '.join(POLICIES)}")
    if excluded.shape != votes.shape[1:] or excluded.all():
        raise BadInput("the mask of excluded classes must have one entry a class and leave one class")
    return POLICIES[policy](votes, excluded)


def without_single_votes(votes: npt.NDArray) -> npt.NDArray:
    """Votes without the classes that only one rater of an item chose."""
    return np.where(votes <= 1, 0, votes)


def _arg_max(votes: npt.NDArray, excluded: Mask) -> Shares:
    """The emotion with the most votes; of several, the first column. Only items without any such vote are dropped."""
    emotions = votes[:, ~excluded]
    return _one_hot(emotions, emotions.sum(axis=1) > 0)


def _majority(votes: npt.NDArray, excluded: Mask) -> Shares:
    """Single votes dropped; the top class needs more than half of the rest and must be an emotion."""
    votes = without_single_votes(votes)
    emotions = votes[:, ~excluded]
    return _one_hot(emotions, 2 * emotions.max(axis=1) > votes.sum(axis=1))


def _probability(votes: npt.NDArray, excluded: Mask, *, share: float = 0.75, most: int = 3) -> Shares:
    """Single votes dropped; top classes are taken, ties together, until they hold 75 % of the votes or are three.

    An item is dropped when more than three are taken, when they hold no more than half, or when an excluded class is
    on top. An excluded class that comes later ends the taking and is left out.
    """
    votes = without_single_votes(votes)
    total = votes.sum(axis=1)
    emotions, others = votes[:, ~excluded].astype(float), votes[:, excluded].max(axis=1, initial=0)
    taken = np.zeros_like(emotions)
    open_items = total > 0
    for _ in range(most):
        number = (taken > 0).sum(axis=1)
        open_items &= (taken.sum(axis=1) < share * total) & (number < most)
        top = np.maximum(emotions.max(axis=1), others)
        tied = (emotions == top[:, None]) & open_items[:, None] & (top > 0)[:, None]
        taken[tied] = emotions[tied]
        emotions[tied] = 0
        open_items &= others < top
    number, held = (taken > 0).sum(axis=1), taken.sum(axis=1)
    return _normalized(taken, (number > 0) & (number <= most) & (2 * held > total))


def _multi_target(votes: npt.NDArray, excluded: Mask, *, share: float = 0.3) -> Shares:
    """Single votes dropped; every class with at least 30 % of the rest is taken.

    An item is dropped when the taken classes hold no more than half, or when an excluded class is on top.
    """
    votes = without_single_votes(votes)
    total = votes.sum(axis=1)
    taken = np.where(votes >= share * total[:, None], votes, 0)
    emotions, others = taken[:, ~excluded], taken[:, excluded].max(axis=1, initial=0)
    top = emotions.max(axis=1)
    return _normalized(emotions, (top > 0) & (top >= others) & (2 * taken.sum(axis=1) > total))


def _one_hot(votes: npt.NDArray, kept: Mask) -> Shares:
    shares = np.zeros(votes.shape)
    shares[np.arange(len(votes)), votes.argmax(axis=1)] = 1.0
    shares[~kept] = np.nan
    return shares


def _normalized(votes: npt.NDArray, kept: Mask) -> Shares:
    shares = np.full(votes.shape, np.nan)
    shares[kept] = votes[kept] / votes[kept].sum(axis=1, keepdims=True)
    return shares


POLICIES: Mapping[str, Callable[[npt.NDArray, Mask], Shares]] = MappingProxyType(
    {"arg_max": _arg_max, "majority": _majority, "probability": _probability, "multi_target": _multi_target}
)
"""Policy name to function of (votes, excluded)."""
