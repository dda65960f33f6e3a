"""Scores of label sets: every item has any number of labels, given as an items × labels matrix of 0 and 1.

The zero rules are those of `classification`: F1 of a label is 2 hits / (gold + predictions); a label that is neither
in gold nor predicted is left out of the macro average (``absent="skip"``) or counts as 0 (``absent="zero"``).
"""

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.class_counts import (
    Absent,
    divide,
    macro_f1_from,
    micro_f1_from,
    weighted_f1_from,
)
from thymos.measure.inputs import Floats, binary_matrix
from thymos.measure.metric import Additive, mean_of_values


def _matrices(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[Floats, Floats]:
    truth, guess = binary_matrix(gold, "gold"), binary_matrix(predicted, "predicted")
    if truth.shape != guess.shape:
        raise BadInput(f"gold has shape {truth.shape}, predicted has {guess.shape}", mend="pass equal shapes")
    return truth, guess


def _label_counts(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Floats]:
    """Codes and table with hits, gold and predictions of each label; items with equal label sets share a row."""
    truth, guess = _matrices(gold, predicted)
    rows, codes = np.unique(np.hstack([truth, guess]).astype(np.uint8), axis=0, return_inverse=True)
    size = truth.shape[1]
    first, second = rows[:, :size].astype(float), rows[:, size:].astype(float)
    return codes.reshape(-1).astype(np.int64), np.hstack([first * second, first, second])


def prepare_multilabel_macro_f1(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, absent: Absent = "skip") -> Additive:
    """Sums for `multilabel_macro_f1`."""
    return Additive(*_label_counts(gold, predicted), lambda sums: macro_f1_from(sums, absent))


def prepare_multilabel_micro_f1(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `multilabel_micro_f1`."""
    return Additive(*_label_counts(gold, predicted), micro_f1_from)


def prepare_multilabel_weighted_f1(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `multilabel_weighted_f1`."""
    return Additive(*_label_counts(gold, predicted), weighted_f1_from)


def prepare_samples_f1(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `samples_f1`."""
    truth, guess = _matrices(gold, predicted)
    total = truth.sum(axis=1) + guess.sum(axis=1)
    return mean_of_values(np.where(total == 0, 1.0, divide(2 * (truth * guess).sum(axis=1), total)))


def prepare_jaccard(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `jaccard`."""
    truth, guess = _matrices(gold, predicted)
    union = np.maximum(truth, guess).sum(axis=1)
    return mean_of_values(np.where(union == 0, 1.0, divide((truth * guess).sum(axis=1), union)))


def prepare_exact_match(gold: npt.ArrayLike, predicted: npt.ArrayLike) -> Additive:
    """Sums for `exact_match`."""
    truth, guess = _matrices(gold, predicted)
    return mean_of_values((truth == guess).all(axis=1).astype(float))


def multilabel_macro_f1(
    gold: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    absent: Absent = "skip",
) -> float:
    """Unweighted mean over labels of F1, 0 to 1.

    Args:
        gold: items × labels, 0 or 1.
        predicted: the same shape.
        weights: how often each item counts.
        absent: whether a label that is neither in gold nor predicted is left out or counts as 0.

    Raises:
        BadInput: other values than 0 and 1, unequal shapes, no items.

    Example:
        >>> multilabel_macro_f1([[1, 0], [1, 1]], [[1, 0], [1, 0]])
        0.5
    """
    return prepare_multilabel_macro_f1(gold, predicted, absent=absent).value(weights)


def multilabel_micro_f1(
    gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """F1 of the pooled label decisions, 0 to 1; 0 when no label is in gold or predicted."""
    return prepare_multilabel_micro_f1(gold, predicted).value(weights)


def multilabel_weighted_f1(
    gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """Mean over labels of F1 weighted by gold items, 0 to 1."""
    return prepare_multilabel_weighted_f1(gold, predicted).value(weights)


def samples_f1(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean over items of the F1 between gold and predicted label sets, 0 to 1; two empty sets agree fully (1)."""
    return prepare_samples_f1(gold, predicted).value(weights)


def jaccard(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean over items of intersection / union of label sets, 0 to 1; two empty sets agree fully (1)."""
    return prepare_jaccard(gold, predicted).value(weights)


def exact_match(gold: npt.ArrayLike, predicted: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Share of items whose predicted label set equals the gold set, 0 to 1."""
    return prepare_exact_match(gold, predicted).value(weights)
