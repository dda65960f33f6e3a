"""Kernel ridge regression whose penalty is chosen on held-out groups, exactly and from one decomposition.

With G = (K + penalty I)^-1, the error that items b have under a fit on all other items is G_bb^-1 (G y)_b: the
well-known leave-one-out formula, for whole folds. So one eigendecomposition serves all folds and all penalties.
Targets are centered on the mean of all items before; a fold's own share in that mean is the only thing it sees.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import linalg
from sklearn.model_selection import GroupKFold

from thymos.errors import BadInput
from thymos.perceive.recognizer import Codes, Floats


class Choice(NamedTuple):
    """The best setting of one target.

    Args:
        kernel: position in the list of kernels.
        penalty: the chosen one.
        held_out: its error on every item, predicted by folds that had not seen the item's group.
    """

    kernel: int
    penalty: float
    held_out: Floats

    @property
    def rmse(self) -> float:
        """Root mean squared held-out error."""
        return float(np.sqrt((self.held_out**2).mean()))


def group_folds(groups: Codes | None, items: int, folds: int) -> Codes:
    """A fold number an item, groups kept whole and folds of similar size; None = every item is a group of its own.

    Raises:
        BadInput: fewer than two groups.
    """
    codes = np.arange(items) if groups is None else groups
    count = min(folds, len(np.unique(codes)))
    if count < 2:
        raise BadInput("all items are of one group", where="groups", mend="pass items of at least two groups")
    numbers = np.empty(items, dtype=np.int64)
    for number, (_, test) in enumerate(GroupKFold(count).split(np.zeros((items, 1)), groups=codes)):
        numbers[test] = number
    return numbers


def choose(kernels: Sequence[Floats], targets: Floats, folds: Codes, penalties: Sequence[float]) -> list[Choice]:
    """For every target the kernel and penalty with the smallest held-out squared error (the first of equals).

    Args:
        kernels: each (items, items), positive semidefinite.
        targets: (items, targets), centered.
        folds: a fold number an item.
        penalties: all above 0.
    """
    best: list[Choice | None] = [None] * targets.shape[1]
    for number, kernel in enumerate(kernels):
        values, vectors = linalg.eigh(kernel, check_finite=False)
        values = np.maximum(values, 0.0)
        for penalty in penalties:
            errors = held_out_errors(values, vectors, targets, folds, penalty)
            for target in range(targets.shape[1]):
                found = Choice(number, float(penalty), errors[:, target])
                previous = best[target]
                if previous is None or found.rmse < previous.rmse - 1e-12:
                    best[target] = found
    return [choice for choice in best if choice is not None]


def held_out_errors(values: Floats, vectors: Floats, targets: Floats, folds: Codes, penalty: float) -> Floats:
    """Target minus the prediction of a fit without the item's fold, shape (items, targets).

    Args:
        values: eigenvalues of the kernel, at least 0.
        vectors: its eigenvectors, as columns.
        targets: (items, targets).
        folds: a fold number an item.
        penalty: above 0.
    """
    shrunk = 1 / (values + penalty)
    weights = vectors @ (shrunk[:, None] * (vectors.T @ targets))
    errors = np.empty_like(targets)
    for fold in np.unique(folds):
        own = folds == fold
        part = vectors[own]
        block = (part * shrunk) @ part.T
        errors[own] = linalg.solve(block, weights[own], assume_a="pos", check_finite=False)
    return errors


def dual_weights(kernel: Floats, target: Floats, penalty: float) -> Floats:
    """(K + penalty I)^-1 y."""
    system = kernel + penalty * np.eye(len(kernel))
    return np.asarray(linalg.solve(system, target, assume_a="pos", check_finite=False), dtype=np.float64)


def squared_distances(left: Floats, right: Floats) -> npt.NDArray[np.float64]:
    """Between all rows of two tables."""
    cross = left @ right.T
    return np.maximum((left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2 * cross, 0.0)
