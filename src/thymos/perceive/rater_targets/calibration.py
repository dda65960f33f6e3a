"""Calibration against the votes of raters, for models with a softmax output.

Card 36 fits one temperature a class by negative log-likelihood on development data and measures the expected
calibration error over 15 bins, averaged over classes. For sigmoid outputs and label sets see
``thymos.measure.calibration``. Here the classes share one softmax, so their temperatures are fitted together, and a
class is right as often as raters chose it.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from thymos.errors import BadInput
from thymos.measure.calibration import BINS
from thymos.measure.metric import Additive, rows_of

Floats = npt.NDArray[np.float64]
LOG_BOUNDS = (-3.0, 3.0)  # temperatures from 0.05 to 20; beyond them the fit has run away


def fit_softmax_temperatures(logits: npt.ArrayLike, shares: npt.ArrayLike, *, shared: bool = False) -> Floats:
    """Temperatures T that minimize the soft cross entropy of softmax(logits / T) on development data.

    Args:
        logits: items × classes.
        shares: soft or one-hot labels, the same shape, rows sum to 1.
        shared: one temperature for all classes, which never changes which class is on top.

    Returns:
        Shape (classes,).
    """
    matrix, goal = np.asarray(logits, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape != goal.shape or len(matrix) == 0:
        raise BadInput(f"logits have shape {matrix.shape}, shares {goal.shape}", mend="pass equal shapes")
    if not np.isfinite(matrix).all() or not np.allclose(goal.sum(axis=1), 1, atol=1e-6):
        raise BadInput("logits must be finite and shares must sum to 1", mend="pass development data")
    classes = matrix.shape[1]

    def loss(logs: Floats) -> tuple[float, Floats]:
        scaled = matrix / np.exp(logs)
        value = -(goal * log_softmax(scaled, axis=1)).sum(axis=1).mean()
        # d loss / d log T_j = -mean((p_j - y_j) * scaled_j)
        slope = -((softmax(scaled, axis=1) - goal) * scaled).mean(axis=0)
        return float(value), slope if len(logs) > 1 else slope.sum(keepdims=True)

    size = 1 if shared else classes
    found = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", bounds=[LOG_BOUNDS] * size)
    return np.broadcast_to(np.exp(found.x), (classes,)).copy()


def with_softmax_temperatures(logits: npt.ArrayLike, temperatures: npt.ArrayLike) -> Floats:
    """softmax(logits / T), shape (items, classes)."""
    values = np.asarray(temperatures, dtype=np.float64)
    if not (values > 0).all():
        raise BadInput("a temperature is not positive", where="temperatures", mend="fit them on development data")
    return np.asarray(softmax(np.asarray(logits, dtype=np.float64) / values, axis=1))


def prepare_share_ece(shares: npt.ArrayLike, probabilities: npt.ArrayLike, *, bins: int = BINS) -> Additive:
    """Sums for `share_ece`."""
    truth, matrix = np.asarray(shares, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != matrix.shape or len(truth) == 0:
        raise BadInput(f"shares have shape {truth.shape}, probabilities {matrix.shape}", mend="pass equal shapes")
    if not (np.isfinite(matrix).all() and matrix.min() >= 0 and matrix.max() <= 1):
        raise BadInput("a probability is outside 0 to 1", where="probabilities")
    items, classes = matrix.shape
    # The bins of ``class_ece``: (0, 1/b], (1/b, 2/b], ...
    bin_of = np.clip(np.ceil(matrix * bins) - 1, 0, bins - 1).astype(np.int64)
    table = np.zeros((items, classes * bins + 1))
    places = np.arange(classes) * bins + bin_of
    np.put_along_axis(table, places, matrix - truth, axis=1)
    table[:, -1] = 1

    def finish(sums: Floats) -> Floats:
        gaps = np.abs(sums[..., :-1]).reshape(*sums.shape[:-1], classes, bins)
        return np.asarray(gaps.sum(-1).mean(-1) / sums[..., -1])

    return rows_of(table, finish)


def share_ece(shares: npt.ArrayLike, probabilities: npt.ArrayLike, *, bins: int = BINS) -> float:
    """Expected calibration error class by class against vote shares, averaged over classes, 0 to 1.

    The same as ``class_ece`` when every vote of an item is a case of its own and all items have equally many votes.

    Args:
        shares: items × classes, the share of the raters who chose the class.
        probabilities: the same shape, each between 0 and 1.
        bins: number of equal-width bins.

    Example:
        >>> round(share_ece([[0.5, 0.5]], [[0.7, 0.3]]), 6)
        0.2
    """
    return prepare_share_ece(shares, probabilities, bins=bins).value()
