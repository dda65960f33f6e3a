"""Scores of predicted labels: accuracy, precision, recall, the F1 family, unweighted average recall.

Everything is computed from three counts per class: items of the class (gold), predictions of the class, and hits.
Zero rules, stated once:

* precision of a class that is never predicted, and recall of a class that is not in gold, are 0;
* F1 of a class is 2 hits / (gold + predictions), so it is 0 when one side is there and nothing is hit;
* a class that is neither in gold nor predicted has no F1. By default (``absent="skip"``) macro averages leave it
  out, as scikit-learn does when it is given no label list. ``absent="zero"`` counts it as 0, as scikit-learn does
  when it is given one (``zero_division=0``).

Weighted scores count every item ``weights`` times: integer weights give exactly the score of the repeated items.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.measure.class_counts import (
    Absent,
    class_counts,
    divide,
    macro_f1_from,
    macro_precision_from,
    macro_recall_from,
    micro_f1_from,
    uar_from,
    weighted_f1_from,
)
from thymos.measure.inputs import Floats, Outside, item_weights, label_codes
from thymos.measure.metric import Additive, mean_of_values

FINISH = Callable[[Floats], Floats]


class Confusion(NamedTuple):
    """Counts of items by gold label (rows) and predicted label (columns), in the order of ``labels``."""

    labels: list[Any]
    counts: Floats
    outside: Floats


class ClassScores(NamedTuple):
    """Precision, recall and F1 of every class, with the number of gold items and of predictions."""

    labels: list[Any]
    precision: Floats
    recall: Floats
    f1: Floats
    gold: Floats
    predicted: Floats


def confusion(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
) -> Confusion:
    """Confusion counts.

    Args:
        gold: true label of each item.
        predicted: predicted label of each item.
        labels: the label list; None takes the sorted union of both.
        weights: how often each item counts.
        outside: whether a prediction outside ``labels`` is an error or a miss (`inputs.label_codes`).

    Returns:
        Confusion: ``counts`` (classes × classes) and ``outside`` (classes,), the items of each gold class whose
        prediction is none of the labels.

    Example:
        >>> confusion(["joy", "joy", "fear"], ["joy", "fear", "fear"]).counts.tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    codes = label_codes(gold, predicted, labels, outside)
    size = len(codes.labels)
    cells = np.bincount(
        codes.gold * (size + 1) + codes.predicted,
        weights=item_weights(weights, len(codes.gold)),
        minlength=size * (size + 1),
    ).reshape(size, size + 1)
    return Confusion(codes.labels, cells[:, :size].astype(float), cells[:, size].astype(float))


def _prepare(finish: FINISH) -> Callable[..., Additive]:
    def prepare(
        gold: Iterable[Any],
        predicted: Iterable[Any],
        *,
        labels: Sequence[Any] | None = None,
        outside: Outside = "error",
    ) -> Additive:
        return Additive(*class_counts(gold, predicted, labels, outside), finish)

    return prepare


def _prepare_macro(finish: Callable[[Floats, Absent], Floats]) -> Callable[..., Additive]:
    def prepare(
        gold: Iterable[Any],
        predicted: Iterable[Any],
        *,
        labels: Sequence[Any] | None = None,
        outside: Outside = "error",
        absent: Absent = "skip",
    ) -> Additive:
        counts = class_counts(gold, predicted, labels, outside)
        return Additive(*counts, lambda sums: finish(sums, absent))

    return prepare


def prepare_accuracy(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    outside: Outside = "error",
) -> Additive:
    """Accuracy as the mean of hits: two kinds of items, whatever the number of classes."""
    codes = label_codes(gold, predicted, labels, outside)
    return mean_of_values((codes.gold == codes.predicted).astype(float))


prepare_macro_f1 = _prepare_macro(macro_f1_from)
prepare_macro_precision = _prepare_macro(macro_precision_from)
prepare_macro_recall = _prepare_macro(macro_recall_from)
prepare_weighted_f1 = _prepare(weighted_f1_from)
prepare_micro_f1 = _prepare(micro_f1_from)
prepare_uar = _prepare(uar_from)


def accuracy(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
) -> float:
    """Share of items whose predicted label equals the gold label, 0 to 1.

    Example:
        >>> accuracy(["joy", "fear"], ["joy", "joy"])
        0.5
    """
    return prepare_accuracy(gold, predicted, labels=labels, outside=outside).value(weights)


def macro_f1(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
    absent: Absent = "skip",
) -> float:
    """Unweighted mean of the classes' F1, 0 to 1.

    Args:
        gold: true label of each item.
        predicted: predicted label of each item.
        labels: the label list; None takes the sorted union of both.
        weights: how often each item counts.
        outside: whether a prediction outside ``labels`` is an error or a miss.
        absent: whether a class that is neither in gold nor predicted is left out or counts as 0.

    Raises:
        BadInput: missing, unknown or empty labels, unequal lengths.

    Example:
        >>> round(macro_f1(["joy", "joy", "fear"], ["joy", "fear", "fear"]), 4)
        0.6667
    """
    return prepare_macro_f1(gold, predicted, labels=labels, outside=outside, absent=absent).value(weights)


def macro_precision(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
    absent: Absent = "skip",
) -> float:
    """Unweighted mean of the classes' precision, 0 to 1; arguments as in `macro_f1`."""
    return prepare_macro_precision(gold, predicted, labels=labels, outside=outside, absent=absent).value(weights)


def macro_recall(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
    absent: Absent = "skip",
) -> float:
    """Unweighted mean of recall over classes in gold *or* predicted; `uar` averages over classes in gold only."""
    return prepare_macro_recall(gold, predicted, labels=labels, outside=outside, absent=absent).value(weights)


def weighted_f1(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
) -> float:
    """Mean of the classes' F1 weighted by their gold items, 0 to 1."""
    return prepare_weighted_f1(gold, predicted, labels=labels, outside=outside).value(weights)


def micro_f1(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
) -> float:
    """F1 of pooled counts, 0 to 1. Predictions outside the labels count as misses only, so it may exceed accuracy."""
    return prepare_micro_f1(gold, predicted, labels=labels, outside=outside).value(weights)


def uar(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
) -> float:
    """Unweighted average recall (balanced accuracy): mean recall over the classes that are in gold, 0 to 1."""
    return prepare_uar(gold, predicted, labels=labels, outside=outside).value(weights)


def class_scores(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    outside: Outside = "error",
) -> ClassScores:
    """Precision, recall and F1 class by class; undefined values are 0 (see the module's zero rules)."""
    table = confusion(gold, predicted, labels=labels, weights=weights, outside=outside)
    hits = np.diag(table.counts)
    in_gold = table.counts.sum(axis=1) + table.outside
    in_predicted = table.counts.sum(axis=0)
    return ClassScores(
        labels=table.labels,
        precision=divide(hits, in_predicted),
        recall=divide(hits, in_gold),
        f1=divide(2 * hits, in_gold + in_predicted),
        gold=in_gold,
        predicted=in_predicted,
    )
