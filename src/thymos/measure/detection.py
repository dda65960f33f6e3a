"""Scores of yes-or-no answers where "yes" is the rare thing that is looked for: how much is found, and at what price.

Gold and answers are 0 or 1. Each function has a ``prepare_`` form for the bootstrap.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from thymos.measure.inputs import Floats, binary_vector, same_length
from thymos.measure.metric import Additive

# Kinds of items: correct no, false alarm, miss, hit.
REJECTION, ALARM, MISS, HIT = range(4)


def _prepare(gold: npt.ArrayLike, answers: npt.ArrayLike, finish: Callable[[Floats], Floats]) -> Additive:
    truth, given = binary_vector(gold, "gold"), binary_vector(answers, "answers")
    same_length(gold=truth, answers=given)
    return Additive((2 * truth + given).astype(np.int64), np.eye(4), finish)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """NaN where there is nothing to divide by: such a resample is left out."""
    return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1.0), np.nan)


def prepare_detection_rate(gold: npt.ArrayLike, answers: npt.ArrayLike) -> Additive:
    """Sums for `detection_rate`."""
    return _prepare(gold, answers, lambda sums: _ratio(sums[..., HIT], sums[..., HIT] + sums[..., MISS]))


def detection_rate(gold: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Share of the positive items that are answered with yes (recall), 0 to 1; NaN without a positive item.

    Example:
        >>> detection_rate([1, 1, 0, 0], [1, 0, 1, 0])
        0.5
    """
    return prepare_detection_rate(gold, answers).value()


def prepare_false_alarm_rate(gold: npt.ArrayLike, answers: npt.ArrayLike) -> Additive:
    """Sums for `false_alarm_rate`."""
    return _prepare(gold, answers, lambda sums: _ratio(sums[..., ALARM], sums[..., ALARM] + sums[..., REJECTION]))


def false_alarm_rate(gold: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """Share of the negative items that are answered with yes, 0 to 1; NaN without a negative item."""
    return prepare_false_alarm_rate(gold, answers).value()


def prepare_positive_f1(gold: npt.ArrayLike, answers: npt.ArrayLike) -> Additive:
    """Sums for `positive_f1`."""
    return _prepare(
        gold, answers, lambda sums: _ratio(2 * sums[..., HIT], 2 * sums[..., HIT] + sums[..., ALARM] + sums[..., MISS])
    )


def positive_f1(gold: npt.ArrayLike, answers: npt.ArrayLike) -> float:
    """F1 of yes, 0 to 1: 2 hits / (positive items + yes answers); NaN where there is neither.

    Example:
        >>> positive_f1([1, 0, 0, 0], [1, 1, 1, 1])
        0.4
    """
    return prepare_positive_f1(gold, answers).value()
