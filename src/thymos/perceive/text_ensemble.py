"""Several recognizers as one: a logarithmic opinion pool whose weights are learned on held-out predictions.

Each member keeps calibrated probabilities of training items that it did not learn from (``held_out_``). The pool
multiplies the members' probabilities, each to the power of its weight; the weights minimize the log loss of the items
that every member held out, so no further data are needed and no member is trained twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.perceive.prior_shift import SMALLEST, checked_probabilities
from thymos.perceive.recognizer import Codes, Floats, TextRecognizer

MEMBER_FOLDER = "member"


@dataclass(frozen=True)
class Pool:
    """softmax(sum of weight · log probability + bias).

    Args:
        weights: one a member, at least 0; they may sum to more than 1, which sharpens.
        bias: shape (classes,), sums to 0.
    """

    weights: Floats
    bias: Floats

    def __call__(self, probabilities: Sequence[npt.ArrayLike]) -> Floats:
        """Pooled probabilities, items × classes, from those of each member, in the order of the weights."""
        if len(probabilities) != len(self.weights):
            raise BadInput(f"{len(probabilities)} members for {len(self.weights)} weights", where="pool")
        return np.asarray(softmax(np.tensordot(self.weights, log_probabilities(probabilities), 1) + self.bias, axis=1))


def fit_pool(probabilities: Sequence[npt.ArrayLike], codes: Codes) -> Pool:
    """Weights and class biases that minimize the log loss of held-out items.

    Args:
        probabilities: of each member, items × classes, from models that did not see the items.
        codes: true class of each item.
    """
    logs = log_probabilities(probabilities)
    members, items, classes = logs.shape
    if items != len(codes):
        raise BadInput(f"{len(codes)} labels for {items} held-out items", where="pool")
    rows, truth = np.arange(items), np.eye(classes)[codes]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, bias = parameters[:members], parameters[members:]
        scores = log_softmax(np.tensordot(weights, logs, 1) + bias, axis=1)
        slope = (np.exp(scores) - truth) / items
        # The weak pull keeps the optimum unique: a constant can be added to every bias.
        gradient = np.r_[np.tensordot(logs, slope, 2), slope.sum(axis=0) + 1e-6 * bias]
        return float(-scores[rows, codes].mean() + 0.5e-6 * (bias**2).sum()), gradient

    start = np.r_[np.full(members, 1 / members), np.zeros(classes)]
    bounds = [(0.0, None)] * members + [(None, None)] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    bias = found.x[members:]
    return Pool(found.x[:members], bias - bias.mean())


def log_probabilities(probabilities: Sequence[npt.ArrayLike]) -> Floats:
    """Log probabilities, members × items × classes; zeros are lifted so that no member has a veto."""
    if not probabilities:
        raise BadInput("there is no member", where="pool", mend="pass at least one")
    tables = [np.log(np.maximum(checked_probabilities(table), SMALLEST)) for table in probabilities]
    if len({table.shape for table in tables}) > 1:
        raise BadInput(f"members differ in shape: {[table.shape for table in tables]}", where="pool")
    return np.stack(tables)


class PooledTextRecognizer(TextRecognizer):
    """A logarithmic opinion pool of recognizers.

    Args:
        members: unfitted recognizers that keep ``held_out_`` and ``held_out_index_``; they are cloned.

    Attributes:
        members_: the fitted members.
        pool_: weights and biases.
        held_out_index_: positions of the training items that every member held out.
        held_out_: their pooled probabilities; the weights were learned on them.
    """

    def __init__(self, members: tuple[TextRecognizer, ...]) -> None:
        self.members = members

    def _fit(self, texts: list[str], codes: Codes) -> None:
        if not self.members:
            raise BadInput("there is no member", where=type(self).__name__, mend="pass at least one recognizer")
        labels = self.classes_[codes].tolist()
        self.members_ = [clone(member).fit(texts, labels) for member in self.members]
        common = sorted(set.intersection(*(set(member.held_out_index_.tolist()) for member in self.members_)))
        if not common:
            raise BadInput("no item was held out by every member", where=type(self).__name__)
        self.held_out_index_ = np.asarray(common, dtype=np.int64)
        tables = [held_out_rows(member, self.held_out_index_) for member in self.members_]
        self.pool_ = fit_pool(tables, codes[self.held_out_index_])
        self.held_out_ = self.pool_(tables)

    def _predict_proba(self, texts: list[str]) -> Floats:
        return self.pool_([member._predict_proba(texts) for member in self.members_])

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {"members": len(self.members_)}, {"weights": self.pool_.weights, "bias": self.pool_.bias}

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.pool_ = Pool(arrays["weights"], arrays["bias"])

    def _save_files(self, folder: Path) -> None:
        for number, member in enumerate(self.members_):
            member.save(folder / f"{MEMBER_FOLDER}-{number}")

    def _load_files(self, folder: Path) -> None:
        from thymos.perceive.saving import load_recognizer

        self.members_ = [load_recognizer(folder / f"{MEMBER_FOLDER}-{k}") for k in range(len(self.pool_.weights))]


def held_out_rows(member: Any, index: npt.NDArray[np.int64]) -> Floats:
    """A member's held-out probabilities of these training items, in this order."""
    place = {int(item): row for row, item in enumerate(member.held_out_index_)}
    return np.asarray(member.held_out_[[place[int(item)] for item in index]])
