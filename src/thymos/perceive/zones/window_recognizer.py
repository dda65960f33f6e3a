"""Zones from windows: scaling to 0..1, a support vector machine (RBF) or a multilayer perceptron, calibrated.

The published code asked the support vector machine itself for probabilities, which scikit-learn gives up; here the
margins of held-out folds, which keep recordings or people apart where groups are given, set a temperature and biases.
"""

import warnings
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from thymos.errors import BadInput
from thymos.perceive.media_recognizers import TableRecognizer
from thymos.perceive.prior_shift import Calibration, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats
from thymos.perceive.zones.balancing import CLASS_WEIGHT, METHODS, NONE, OVERSAMPLING, balanced, class_weights

SVM, MLP = "svm", "mlp"
MODELS = (SVM, MLP)
ROWS_AT_ONCE = 2_000  # bounds the kernel matrix of a prediction


class WindowRecognizer(TableRecognizer):
    """One zone a window.

    Args:
        model: "svm" (RBF) or "mlp".
        balancing: a name of ``balancing.METHODS``; training items only.
        cost: C of the support vector machine.
        hidden: layers of the perceptron (200, 100 [repo]).
        weight_decay: alpha of the perceptron (1e-9 [repo]).
        max_iter: passes of the perceptron (500 [repo]).
        folds: held-out folds that calibrate the support vector machine; fewer than 2 leaves its margins as they are.
        seed: of folds, drawing and the perceptron (1 [repo]).

    Attributes:
        low_: smallest training value of each feature.
        span_: largest minus smallest; 1 where a feature never changes.
        calibration_: of the margins; None for the perceptron.
    """

    card_title = "Zone of regulation recognizer"
    card_input = "the features of one window of 200 ms"
    card_warning = "a zone is what observers may see in a moment, not what a child feels; never act on one window"

    def __init__(
        self,
        *,
        model: str = SVM,
        balancing: str = NONE,
        cost: float = 1.0,
        hidden: tuple[int, ...] = (200, 100),
        weight_decay: float = 1e-9,
        max_iter: int = 500,
        folds: int = 3,
        seed: int = 1,
    ) -> None:
        self.model = model
        self.balancing = balancing
        self.cost = cost
        self.hidden = hidden
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.folds = folds
        self.seed = seed

    def _fit_grouped(self, inputs: Floats, codes: Codes, groups: Codes | None) -> None:
        for name, value, known in (("model", self.model, MODELS), ("balancing", self.balancing, METHODS)):
            if value not in known:
                raise BadInput(f"there is no {name} {value!r}", mend=f"known: {', '.join(known)}")
        self.low_ = inputs.min(axis=0)
        span = inputs.max(axis=0) - self.low_
        self.span_ = np.where(span > 0, span, 1.0)
        rows = self._scaled(inputs)
        self.calibration_: Calibration | None = None
        if self.model == MLP:
            self.layers_ = self._perceptron(rows, codes)
            return
        self.calibration_ = self._calibrated(rows, codes, groups)
        self.machine_ = self._machine(rows, codes)

    def _predict_proba(self, inputs: Floats) -> Floats:
        rows = self._scaled(inputs)
        if self.model == MLP:
            return _through(self.layers_, rows)
        margins = class_margins(self.machine_, rows)
        return softmax(margins, axis=1) if self.calibration_ is None else self.calibration_(margins)

    def _scaled(self, inputs: Floats) -> Floats:
        return np.asarray((inputs - self.low_) / self.span_)

    # -- support vector machine -----------------------------------------------------------------------------------

    def _machine(self, rows: Floats, codes: Codes) -> dict[str, npt.NDArray[Any]]:
        """A fitted machine as arrays."""
        part = balanced(rows, codes, self.balancing, seed=self.seed)
        variance = float(part.inputs.var())
        gamma = 1 / (rows.shape[1] * variance) if variance > 0 else 1.0  # scikit-learn's "scale"
        weights = "balanced" if self.balancing == CLASS_WEIGHT else None
        fitted = SVC(C=self.cost, gamma=gamma, class_weight=weights, cache_size=500).fit(part.inputs, part.codes)
        return {
            "support": fitted.support_vectors_,
            "coefficients": fitted.dual_coef_,
            "intercepts": fitted.intercept_,
            "counts": fitted.n_support_.astype(np.int64),
            "codes": fitted.classes_.astype(np.int64),
            "gamma": np.array([gamma]),
            "classes": np.array([len(self.classes_)]),
        }

    def _calibrated(self, rows: Floats, codes: Codes, groups: Codes | None) -> Calibration | None:
        """Temperature and biases from held-out margins; None where a class is too rare for folds."""
        parts = groups if groups is not None else np.arange(len(codes))
        smallest = min(len(np.unique(parts[codes == code])) for code in np.unique(codes))
        count = min(self.folds, smallest)
        if count < 2:
            return None
        folds = StratifiedKFold if groups is None else StratifiedGroupKFold
        splitter = folds(n_splits=count, shuffle=True, random_state=self.seed)
        margins = np.zeros((len(codes), len(self.classes_)))
        for kept, left in splitter.split(rows, codes, groups):
            if len(np.unique(codes[kept])) < len(self.classes_):
                return None
            margins[left] = class_margins(self._machine(rows[kept], codes[kept]), rows[left])
        if self.balancing != NONE:
            # Where classes count alike in training they must count alike here, or the biases undo the balancing.
            even = balanced(margins, codes, OVERSAMPLING, seed=self.seed)
            return fit_bias_corrected_temperature(even.inputs, even.codes)
        return fit_bias_corrected_temperature(margins, codes)

    # -- perceptron -----------------------------------------------------------------------------------------------

    def _perceptron(self, rows: Floats, codes: Codes) -> list[tuple[Floats, Floats]]:
        part = balanced(rows, codes, self.balancing, seed=self.seed)
        network = MLPClassifier(
            hidden_layer_sizes=tuple(self.hidden),
            alpha=self.weight_decay,
            max_iter=self.max_iter,
            random_state=self.seed,
        )
        weights = None
        if self.balancing == CLASS_WEIGHT:
            weights = class_weights(part.codes, len(self.classes_))[part.codes]
        with warnings.catch_warnings():
            # Passes are bounded on purpose: reaching the bound is no news.
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.fit(part.inputs, part.codes, sample_weight=weights)
        return list(zip(network.coefs_, network.intercepts_, strict=True))

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        arrays: dict[str, npt.NDArray[Any]] = {"low": self.low_, "span": self.span_}
        values: dict[str, Any] = {}
        if self.model == MLP:
            for number, (weights, biases) in enumerate(self.layers_):
                arrays[f"layer.{number}.weights"], arrays[f"layer.{number}.biases"] = weights, biases
            values["layers"] = len(self.layers_)
        else:
            arrays |= {f"machine.{name}": array for name, array in self.machine_.items()}
        if self.calibration_ is not None:
            values["temperature"] = self.calibration_.temperature
            arrays["bias"] = self.calibration_.bias
        return values, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.low_, self.span_ = arrays["low"], arrays["span"]
        if self.model == MLP:
            self.layers_ = [
                (arrays[f"layer.{number}.weights"], arrays[f"layer.{number}.biases"])
                for number in range(int(values["layers"]))
            ]
        else:
            prefix = "machine."
            self.machine_ = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
        known = "temperature" in values
        self.calibration_ = Calibration(float(values["temperature"]), arrays["bias"]) if known else None


def class_margins(machine: dict[str, npt.NDArray[Any]], rows: Floats) -> Floats:
    """How far each row lies on the side of each class: the sum of its signed margins against every other class."""
    codes = machine["codes"]
    starts = np.r_[0, np.cumsum(machine["counts"])]
    coefficients, intercepts = machine["coefficients"], machine["intercepts"]
    found = np.zeros((len(rows), int(machine["classes"][0])))
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(begin, begin + ROWS_AT_ONCE)
        kernel = rbf_kernel(rows[part], machine["support"], gamma=float(machine["gamma"][0]))
        if len(codes) == 2:
            # With two classes scikit-learn turns the sign: positive means the second class.
            margin = kernel @ coefficients[0] + intercepts[0]
            found[part, codes[1]] += margin
            found[part, codes[0]] -= margin
            continue
        for number, (one, other) in enumerate(combinations(range(len(codes)), 2)):
            first, second = slice(starts[one], starts[one + 1]), slice(starts[other], starts[other + 1])
            margin = (
                kernel[:, first] @ coefficients[other - 1, first]
                + kernel[:, second] @ coefficients[one, second]
                + intercepts[number]
            )
            found[part, codes[one]] += margin
            found[part, codes[other]] -= margin
    return found


def _through(layers: list[tuple[Floats, Floats]], rows: Floats) -> Floats:
    """Probabilities of a perceptron with rectified units."""
    values = rows
    for number, (weights, biases) in enumerate(layers):
        values = values @ weights + biases
        if number < len(layers) - 1:
            values = np.maximum(values, 0)
    if values.shape[1] == 1:
        second = 1 / (1 + np.exp(-values[:, 0]))
        return np.column_stack([1 - second, second])
    return np.asarray(softmax(values, axis=1))
