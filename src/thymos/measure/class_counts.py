"""Hits, gold items and predictions of each class, and the scores that are functions of their sums.

The zero rules are stated in `classification`, which gives these scores their public form.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from thymos.measure.inputs import Floats, Outside, label_codes

Absent = Literal["skip", "zero"]


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Element-wise ratio, 0 where the denominator is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.divide(top, bottom, out=np.zeros(bottom.shape), where=bottom != 0)


def class_counts(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    labels: Sequence[Any] | None = None,
    outside: Outside = "error",
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Codes and table of an `Additive` whose sums are, class by class: hits, gold items, predictions (3 × classes)."""
    codes = label_codes(gold, predicted, labels, outside)
    size = len(codes.labels)
    cells, item_cells = np.unique(codes.gold * (size + 1) + codes.predicted, return_inverse=True)
    truth, guess = np.divmod(cells, size + 1)
    table = np.zeros((len(cells), 3, size + 1))
    rows = np.arange(len(cells))
    table[rows, 0, truth] = truth == guess
    table[rows, 1, truth] = 1
    table[rows, 2, guess] = 1
    return item_cells.astype(np.int64), table[:, :, :size].reshape(len(cells), 3 * size)


def split_counts(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Summed rows (..., 3 × classes) as hits, gold items and predictions, each (..., classes)."""
    size = sums.shape[-1] // 3
    return sums[..., :size], sums[..., size : 2 * size], sums[..., 2 * size :]


def accuracy_from(sums: Floats) -> Floats:
    """Share of items whose label is hit."""
    hits, gold, _ = split_counts(sums)
    return divide(hits.sum(-1), gold.sum(-1))


def _macro(scores: Floats, gold: Floats, predicted: Floats, absent: Absent) -> Floats:
    """Mean over classes; a class that is nowhere has score 0 and is left out of the count unless absent='zero'."""
    present = (gold + predicted > 0).sum(-1) if absent == "skip" else np.asarray(scores.shape[-1])
    return divide(scores.sum(-1), present)


def macro_f1_from(sums: Floats, absent: Absent = "skip") -> Floats:
    """Mean F1 over classes."""
    hits, gold, predicted = split_counts(sums)
    return _macro(divide(2 * hits, gold + predicted), gold, predicted, absent)


def macro_precision_from(sums: Floats, absent: Absent = "skip") -> Floats:
    """Mean precision over classes."""
    hits, gold, predicted = split_counts(sums)
    return _macro(divide(hits, predicted), gold, predicted, absent)


def macro_recall_from(sums: Floats, absent: Absent = "skip") -> Floats:
    """Mean recall over classes that are in gold or predicted."""
    hits, gold, predicted = split_counts(sums)
    return _macro(divide(hits, gold), gold, predicted, absent)


def weighted_f1_from(sums: Floats) -> Floats:
    """Mean F1 over classes, weighted by gold items."""
    hits, gold, predicted = split_counts(sums)
    return divide((gold * divide(2 * hits, gold + predicted)).sum(-1), gold.sum(-1))


def micro_f1_from(sums: Floats) -> Floats:
    """F1 of the pooled counts; equals accuracy when every prediction is one of the labels."""
    hits, gold, predicted = split_counts(sums)
    return divide(2 * hits.sum(-1), gold.sum(-1) + predicted.sum(-1))


def uar_from(sums: Floats) -> Floats:
    """Mean recall over the classes that are in gold."""
    hits, gold, _ = split_counts(sums)
    return divide(divide(hits, gold).sum(-1), (gold > 0).sum(-1))
