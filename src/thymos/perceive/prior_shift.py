"""When the classes are not as frequent in use as in training: correct probabilities for another prior.

Bayes' rule says how probabilities change when only the class shares change: multiply each class by target share over
source share and normalize. The target shares are known, or they are estimated from the *inputs* of the test set:
by expectation maximization (Saerens, Latinne and Decaestecker, Neural Computation 2002) or from the confusion matrix
(black-box shift estimation, Lipton, Wang and Smola, ICML 2018). An estimate from test inputs is transductive: it
uses no test label, but it needs the whole test set at once, and a result must say so.

All three assume label shift: what texts of a class look like stays the same. Probabilities must be calibrated;
``fit_bias_corrected_temperature`` does it on held-out predictions (Alexandari, Kundaje and Shrikumar, ICML 2020).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear, minimize
from scipy.special import log_softmax, softmax

from thymos.errors import BadInput
from thymos.perceive.recognizer import Codes, Floats

TRANSDUCTIVE = "transductive: uses unlabelled test inputs"
SMALLEST = 1e-12
LARGEST_LOG_TEMPERATURE = 5.0


def class_shares(codes: Codes, classes: int) -> Floats:
    """Share of each class, shape (classes,)."""
    if len(codes) == 0:
        raise BadInput("there is no label to count", where="class shares")
    return np.bincount(codes, minlength=classes) / len(codes)


def correct_prior(probabilities: npt.ArrayLike, source: npt.ArrayLike, target: npt.ArrayLike) -> Floats:
    """Probabilities under other class shares.

    Args:
        probabilities: items × classes, as learned with class shares ``source``.
        source: class shares of training (uniform for a model with balanced class weights), shape (classes,).
        target: class shares where the model is used, shape (classes,).

    Example:
        >>> correct_prior([[0.5, 0.5]], [0.5, 0.5], [0.9, 0.1]).round(2).tolist()
        [[0.9, 0.1]]
    """
    values = checked_probabilities(probabilities)
    old, new = _shares(source, values.shape[1], "source"), _shares(target, values.shape[1], "target")
    logits = (
        np.log(np.maximum(values, SMALLEST)) + np.log(np.maximum(new, SMALLEST)) - np.log(np.maximum(old, SMALLEST))
    )
    return np.asarray(softmax(logits, axis=1))


class EstimatedPrior(NamedTuple):
    """Class shares of a test set, estimated without its labels.

    ``steps`` counts the updates until the shares moved by less than the tolerance.
    """

    shares: Floats
    steps: int


def estimate_prior_em(
    probabilities: npt.ArrayLike, source: npt.ArrayLike, *, most_steps: int = 1000, tolerance: float = 1e-6
) -> EstimatedPrior:
    """Class shares of the items that maximize their likelihood (Saerens et al. 2002).

    Args:
        probabilities: calibrated probabilities of the unlabeled items, items × classes.
        source: class shares that the probabilities were learned with.
        most_steps: an end to the updates.
        tolerance: sum of absolute changes under which the shares stand.
    """
    values = checked_probabilities(probabilities)
    old = np.maximum(_shares(source, values.shape[1], "source"), SMALLEST)
    shares, steps = old, 0
    while steps < most_steps:
        steps += 1
        weighted = values * (shares / old)
        new = (weighted / np.maximum(weighted.sum(axis=1, keepdims=True), SMALLEST)).mean(axis=0)
        moved = float(np.abs(new - shares).sum())
        shares = new
        if moved < tolerance:
            break
    return EstimatedPrior(shares, steps)


def estimate_prior_from_confusion(
    held_out_codes: Codes, held_out_probabilities: npt.ArrayLike, probabilities: npt.ArrayLike
) -> EstimatedPrior:
    """Class shares of unlabeled items from how classes are confused on held-out items (black-box shift estimation).

    Solves confusion · shares = mean prediction for shares of at least 0 by least squares. Soft predictions are used,
    which vary less than counts of hard ones.

    Args:
        held_out_codes: true class of items that the model did not learn from.
        held_out_probabilities: their probabilities, items × classes.
        probabilities: probabilities of the unlabeled items.
    """
    held_out, values = checked_probabilities(held_out_probabilities), checked_probabilities(probabilities)
    if len(held_out_codes) != len(held_out):
        raise BadInput(f"{len(held_out_codes)} labels for {len(held_out)} held-out items", where="prior estimation")
    classes = held_out.shape[1]
    missing = sorted(set(range(classes)) - set(np.asarray(held_out_codes).tolist()))
    if missing:
        raise BadInput(f"class {missing[0]} has no held-out item", where="prior estimation", mend="hold out more items")
    confusion = np.column_stack([held_out[held_out_codes == k].mean(axis=0) for k in range(classes)])
    solution = lsq_linear(confusion, values.mean(axis=0), bounds=(0.0, 1.0))
    total = float(solution.x.sum())
    if total <= 0:
        raise BadInput("the confusion matrix gives no class shares", where="prior estimation")
    return EstimatedPrior(np.asarray(solution.x / total), int(solution.nit))


@dataclass(frozen=True)
class Calibration:
    """softmax(logits / temperature + bias): one temperature for all classes and a bias for each.

    Args:
        temperature: above 1 where the model is too sure.
        bias: shape (classes,), sums to 0.
    """

    temperature: float
    bias: Floats

    def __call__(self, logits: npt.ArrayLike) -> Floats:
        """Calibrated probabilities of logits (or log-probabilities), items × classes."""
        return np.asarray(softmax(np.asarray(logits, dtype=float) / self.temperature + self.bias, axis=1))


def fit_bias_corrected_temperature(logits: npt.ArrayLike, codes: Codes) -> Calibration:
    """Temperature and class biases that minimize the negative log-likelihood of held-out items.

    The biases take out what class weights in training put in, so that the calibrated probabilities have the class
    shares of the held-out items as their prior.
    """
    matrix = np.asarray(logits, dtype=float)
    if matrix.ndim != 2 or len(matrix) != len(codes) or len(matrix) == 0:
        raise BadInput(f"logits of shape {matrix.shape} for {len(codes)} labels", where="calibration")
    if not np.isfinite(matrix).all():
        raise BadInput("a logit is NaN or infinite", where="calibration")
    rows, classes = np.arange(len(matrix)), matrix.shape[1]
    truth = np.eye(classes)[codes]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scale = np.exp(-parameters[0])
        scores = matrix * scale + parameters[1:]
        logs = log_softmax(scores, axis=1)
        slope = (np.exp(logs) - truth) / len(matrix)
        # A weak pull to no bias keeps the loss strictly convex in the biases (a constant can be added to all).
        pull = 1e-6 * parameters[1:]
        gradient = np.r_[-(slope * matrix).sum() * scale, slope.sum(axis=0) + pull]
        return float(-logs[rows, codes].mean() + 0.5e-6 * (parameters[1:] ** 2).sum()), gradient

    bounds = [(-LARGEST_LOG_TEMPERATURE, LARGEST_LOG_TEMPERATURE)] + [(None, None)] * classes
    found = minimize(loss, np.zeros(1 + classes), jac=True, method="L-BFGS-B", bounds=bounds)
    bias = found.x[1:]
    return Calibration(float(np.exp(found.x[0])), bias - bias.mean())


def checked_probabilities(probabilities: npt.ArrayLike) -> Floats:
    """Probabilities as an array, items × classes; BadInput names the first row that is none."""
    values = np.asarray(probabilities, dtype=float)
    if values.ndim != 2 or values.shape[0] == 0 or values.shape[1] < 2:
        raise BadInput(f"probabilities have shape {values.shape}", mend="pass items × classes, at least 1 × 2")
    bad = ~np.isfinite(values).all(axis=1) | (values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > 1e-3)
    if bad.any():
        raise BadInput("this is no distribution", where=f"probabilities, row {int(np.flatnonzero(bad)[0])}")
    return values


def _shares(shares: npt.ArrayLike, classes: int, name: str) -> Floats:
    values = np.asarray(shares, dtype=float)
    if values.shape != (classes,):
        raise BadInput(f"{name} shares have shape {values.shape}, ({classes},) is needed")
    if not np.isfinite(values).all() or (values < 0).any() or abs(values.sum() - 1) > 1e-3:
        raise BadInput(f"{name} shares must be at least 0 and sum to 1")
    return values
