"""Calibration: does a probability of 0.8 mean right in 8 of 10 cases? Expected calibration error and temperatures.

Predictions are items × classes probabilities in the order of the label list. Confidence bins are (0, 1/b],
(1/b, 2/b], ...; a confidence of exactly 0 falls into the first.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax

from thymos.errors import BadInput
from thymos.measure.inputs import (
    Floats,
    Integers,
    binary_matrix,
    distributions,
    label_values,
    numbers,
    same_length,
)
from thymos.measure.metric import Additive, mean_of_values, rows_of

BINS = 15
# Temperatures outside e**-5 ... e**5 mean that the fit ran away (a set that is perfectly separated).
LOG_TEMPERATURES = (-5.0, 5.0)


def gold_columns(gold: Iterable[Any], classes: int, labels: Sequence[Any] | None) -> Integers:
    """Column of each item's gold label; without ``labels`` gold holds column numbers itself."""
    known = list(range(classes)) if labels is None else list(labels)
    if len(known) != classes:
        raise BadInput(f"{len(known)} labels for {classes} columns", where="labels", mend="list one per column")
    values = label_values(gold, "gold")
    codes = pd.Index(known, dtype=object).get_indexer(pd.Index(values, dtype=object))
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise BadInput(f"unknown label {values[row]!r}", where=f"gold, row {row}", mend="list it in labels")
    return codes.astype(np.int64)


def _top_label(
    gold: Iterable[Any], probabilities: npt.ArrayLike, labels: Sequence[Any] | None
) -> tuple[Floats, Floats]:
    """Confidence in the top class of each item, and whether it is right."""
    matrix = distributions(probabilities, "probabilities")
    truth = gold_columns(gold, matrix.shape[1], labels)
    same_length(gold=truth, probabilities=matrix)
    return matrix.max(axis=1), (matrix.argmax(axis=1) == truth).astype(float)


def _check_bins(bins: int) -> int:
    if bins < 1:
        raise BadInput(f"{bins} bins", where="bins", mend="use 10 or 15")
    return bins


def _equal_width(confidence: Floats, bins: int) -> Integers:
    return np.clip(np.ceil(confidence * _check_bins(bins)) - 1, 0, bins - 1).astype(np.int64)


def _gap_sums(bin_of: Integers, gap: Floats, bins: int) -> Additive:
    """Sums per bin of confidence minus hit; the error is the sum of their absolute values over the items."""
    table = np.zeros((len(gap), bins + 1))
    table[np.arange(len(gap)), bin_of] = gap
    table[:, -1] = 1
    return rows_of(table, lambda sums: np.abs(sums[..., :-1]).sum(-1) / sums[..., -1])


def prepare_ece(
    gold: Iterable[Any],
    probabilities: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    bins: int = BINS,
) -> Additive:
    """Sums for `ece`."""
    confidence, right = _top_label(gold, probabilities, labels)
    return _gap_sums(_equal_width(confidence, bins), confidence - right, bins)


def ece(
    gold: Iterable[Any],
    probabilities: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    bins: int = BINS,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Expected calibration error of the top label, 0 to 1.

    Items are put into equal-width bins of their top probability; the error is the mean over items of the absolute
    difference between a bin's mean confidence and its accuracy.

    Args:
        gold: label of each item, or its column number when ``labels`` is None.
        probabilities: items × classes, rows sum to 1.
        labels: the labels of the columns.
        bins: number of bins.
        weights: how often each item counts.

    Example:
        >>> round(ece([0, 1], [[0.8, 0.2], [0.8, 0.2]]), 2)
        0.3
    """
    return prepare_ece(gold, probabilities, labels=labels, bins=bins).value(weights)


def prepare_adaptive_ece(
    gold: Iterable[Any],
    probabilities: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    bins: int = BINS,
) -> Additive:
    """Sums for `adaptive_ece`; resamples keep the bins of the full sample."""
    confidence, right = _top_label(gold, probabilities, labels)
    ranks = np.argsort(np.argsort(confidence, kind="stable"), kind="stable")
    bin_of = ranks * min(_check_bins(bins), len(ranks)) // len(ranks)
    # Equal confidences must not be torn apart by the order of the items: all take the bin of the first.
    first = pd.Series(bin_of).groupby(confidence).transform("min").to_numpy()
    return _gap_sums(first.astype(np.int64), confidence - right, bins)


def adaptive_ece(
    gold: Iterable[Any],
    probabilities: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    bins: int = BINS,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Expected calibration error of the top label with bins of (nearly) equally many items, 0 to 1."""
    return prepare_adaptive_ece(gold, probabilities, labels=labels, bins=bins).value(weights)


def prepare_class_ece(targets: npt.ArrayLike, probabilities: npt.ArrayLike, *, bins: int = BINS) -> Additive:
    """Sums for `class_ece`."""
    truth, matrix = binary_matrix(targets, "targets"), _unit_interval(probabilities, "probabilities")
    if truth.shape != matrix.shape:
        raise BadInput(f"targets have shape {truth.shape}, probabilities {matrix.shape}", mend="pass equal shapes")
    columns = [
        _gap_sums(_equal_width(matrix[:, k], bins), matrix[:, k] - truth[:, k], bins) for k in range(matrix.shape[1])
    ]

    def finish(sums: Floats) -> Floats:
        shaped = sums.reshape(*sums.shape[:-1], len(columns), bins + 1)
        return np.asarray(np.abs(shaped[..., :-1]).sum(-1).mean(-1) / sums[..., -1])

    return rows_of(np.hstack([column.table for column in columns]), finish)


def class_ece(
    targets: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    bins: int = BINS,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Expected calibration error class by class, then averaged over classes (card 36: 15 bins), 0 to 1.

    Args:
        targets: items × classes, 0 or 1: label sets, or one-hot labels.
        probabilities: items × classes, each between 0 and 1; rows need not sum to 1.
        bins: number of equal-width bins.
        weights: how often each item counts.
    """
    return prepare_class_ece(targets, probabilities, bins=bins).value(weights)


def prepare_log_loss(
    gold: Iterable[Any],
    probabilities: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    epsilon: float = 1e-15,
) -> Additive:
    """Sums for `log_loss`."""
    matrix = distributions(probabilities, "probabilities")
    truth = gold_columns(gold, matrix.shape[1], labels)
    same_length(gold=truth, probabilities=matrix)
    return mean_of_values(-np.log(np.maximum(matrix[np.arange(len(truth)), truth], epsilon)))


def log_loss(
    gold: Iterable[Any],
    probabilities: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Mean negative log-likelihood of the gold label in nats; probabilities below 1e-15 count as 1e-15."""
    return prepare_log_loss(gold, probabilities, labels=labels).value(weights)


def fit_temperature(logits: npt.ArrayLike, gold: Iterable[Any], *, labels: Sequence[Any] | None = None) -> float:
    """The temperature T that minimizes the negative log-likelihood of softmax(logits / T), to fit on dev data.

    Args:
        logits: items × classes.
        gold: label of each item, or its column number when ``labels`` is None.
        labels: the labels of the columns.

    Returns:
        float: T between e^-5 and e^5; above 1 means that the model was too sure.
    """
    matrix = numbers(logits, "logits", dimensions=2)
    truth = gold_columns(gold, matrix.shape[1], labels)
    same_length(gold=truth, logits=matrix)
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(matrix / np.exp(log_temperature), axis=1)[rows, truth].mean())

    return float(np.exp(minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded").x))


def fit_class_temperatures(logits: npt.ArrayLike, targets: npt.ArrayLike) -> Floats:
    """One temperature per class for sigmoid(logits / T), fitted by negative log-likelihood on dev data (card 36).

    A class whose target never varies tells nothing about its temperature and keeps 1.

    Args:
        logits: items × classes.
        targets: items × classes, 0 or 1.

    Returns:
        Floats: shape (classes,).
    """
    matrix, truth = numbers(logits, "logits", dimensions=2), binary_matrix(targets, "targets")
    if matrix.shape != truth.shape:
        raise BadInput(f"logits have shape {matrix.shape}, targets {truth.shape}", mend="pass equal shapes")
    temperatures = np.ones(matrix.shape[1])
    for k in range(matrix.shape[1]):
        column, signs = matrix[:, k], 2 * truth[:, k] - 1
        if np.ptp(signs) > 0:
            temperatures[k] = np.exp(
                minimize_scalar(
                    lambda t, signed=signs * column: -log_expit(signed / np.exp(t)).mean(),
                    bounds=LOG_TEMPERATURES,
                    method="bounded",
                ).x
            )
    return temperatures


def with_temperature(logits: npt.ArrayLike, temperature: float) -> Floats:
    """Class probabilities softmax(logits / T), shape (items, classes)."""
    return np.asarray(softmax(numbers(logits, "logits", dimensions=2) / _positive(temperature), axis=1))


def with_class_temperatures(logits: npt.ArrayLike, temperatures: npt.ArrayLike) -> Floats:
    """Label probabilities sigmoid(logits / T) with one temperature per class, shape (items, classes)."""
    return np.asarray(expit(numbers(logits, "logits", dimensions=2) / _positive(temperatures)))


def _positive(temperature: npt.ArrayLike) -> Floats:
    values = np.asarray(temperature, dtype=float)
    if not (values > 0).all():
        raise BadInput("a temperature is not positive", where="temperature", mend="fit it on development data")
    return values


def _unit_interval(values: npt.ArrayLike, name: str) -> Floats:
    matrix = numbers(values, name, dimensions=2)
    strange = ((matrix < 0) | (matrix > 1)).any(axis=1)
    if strange.any():
        row = int(np.argmax(strange))
        raise BadInput("a probability is outside 0 to 1", where=f"{name}, row {row}", mend="pass probabilities")
    return matrix
