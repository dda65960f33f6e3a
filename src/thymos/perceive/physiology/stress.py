"""Stress against rest from a row of body features: logistic regression, calibrated, saved as numbers.

In a trial on Stress-Predict boosted trees were no better on people left out (balanced accuracy 0.750 against 0.745
with the same features), so the plain model stays: a few numbers that anyone can read.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.media_recognizers import TableRecognizer
from thymos.perceive.physiology.inputs import STANDARDIZED
from thymos.perceive.prior_shift import Calibration, class_shares, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats

SMALLEST_SPREAD = 1e-9


class StressRecognizer(TableRecognizer):
    """Logistic regression with balanced classes on standardized features.

    The strength of the regularization is chosen by balanced accuracy on people left out of the training set, and
    their decision values calibrate the probabilities. These are for equally frequent classes: in real life stress is
    rarer or more frequent than in a laboratory, and ``thymos.perceive.prior_shift.correct_prior`` takes other shares.

    Args:
        costs: values of C to choose from.
        folds: parts of the cross-validation inside the training set.
        inputs: how the features were made, for whoever loads the recognizer; see ``physiology.inputs``.
        seed: of the folds.

    Attributes:
        cost_: the chosen C.
        development_: balanced accuracy of each cost over the held-out folds.
        calibration_: temperature and biases of the decision values.
    """

    card_title = "Stress recognizer from a wristband"
    card_input = "the features of one window of 60 s, standardized within the recording"
    card_warning = (
        "stress means: as in a Stroop test, an interview or hyperventilation in a laboratory, against rest; "
        "nobody was asked what they felt. Movement, heat, coffee and illness change the same signals"
    )

    def __init__(
        self,
        *,
        costs: tuple[float, ...] = (0.001, 0.01, 0.1),
        folds: int = 5,
        inputs: str = STANDARDIZED,
        seed: int = 0,
    ) -> None:
        self.costs = costs
        self.folds = folds
        self.inputs = inputs
        self.seed = seed

    def _fit_grouped(self, inputs: Floats, codes: Codes, groups: Codes | None) -> None:
        if not self.costs or min(self.costs) <= 0:
            raise BadInput(f"costs are {self.costs}", where=type(self).__name__, mend="pass positive numbers")
        members = np.arange(len(codes)) if groups is None else groups
        margins = {cost: np.zeros((len(codes), len(self.classes_))) for cost in self.costs}
        for kept, left in self._folds(inputs, codes, members):
            mean, spread = _scale(inputs[kept])
            for cost in self.costs:
                weights, intercepts = self._weights((inputs[kept] - mean) / spread, codes[kept], cost)
                margins[cost][left] = (inputs[left] - mean) / spread @ weights.T + intercepts
        uar = score_function("uar")
        self.development_ = {cost: uar(codes, margins[cost].argmax(axis=1)) for cost in self.costs}
        self.cost_ = max(self.costs, key=lambda cost: self.development_[cost])
        fitted = fit_bias_corrected_temperature(margins[self.cost_], codes)
        # Calibrated for the training shares; without them the probabilities are for equally frequent classes.
        bias = fitted.bias - np.log(class_shares(codes, len(self.classes_)))
        self.calibration_ = Calibration(fitted.temperature, bias - bias.mean())
        self.mean_, self.spread_ = _scale(inputs)
        self.coefficients_, self.intercepts_ = self._weights((inputs - self.mean_) / self.spread_, codes, self.cost_)

    def _predict_proba(self, inputs: Floats) -> Floats:
        rows = (inputs - self.mean_) / self.spread_
        return self.calibration_(rows @ self.coefficients_.T + self.intercepts_)

    def _folds(self, inputs: Floats, codes: Codes, groups: Codes) -> list[tuple[Codes, Codes]]:
        parts = min(self.folds, *(len(np.unique(groups[codes == code])) for code in np.unique(codes)))
        if parts < 2:
            raise BadInput(
                "a class occurs in one group only, so nothing can be held out",
                where="groups",
                mend="pass items of at least two people a class",
            )
        splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=self.seed)
        return [
            (kept, left)
            for kept, left in splitter.split(inputs, codes, groups)
            if len(np.unique(codes[kept])) == len(self.classes_)
        ]

    def _weights(self, rows: Floats, codes: Codes, cost: float) -> tuple[Floats, Floats]:
        """Coefficients (classes × features) and intercepts; two classes become (0, margin)."""
        model = LogisticRegression(C=cost, class_weight="balanced", solver="newton-cholesky").fit(rows, codes)
        if len(self.classes_) > 2:
            return model.coef_, model.intercept_
        return np.vstack([np.zeros_like(model.coef_[0]), model.coef_[0]]), np.r_[0.0, model.intercept_]

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        arrays = {
            "coefficients": self.coefficients_,
            "intercepts": self.intercepts_,
            "mean": self.mean_,
            "spread": self.spread_,
            "bias": self.calibration_.bias,
        }
        values = {
            "cost": self.cost_,
            "development": [[cost, score] for cost, score in self.development_.items()],
            "temperature": self.calibration_.temperature,
        }
        return values, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.cost_ = float(values["cost"])
        self.development_ = {float(cost): float(score) for cost, score in values["development"]}
        self.calibration_ = Calibration(float(values["temperature"]), arrays["bias"])
        self.mean_, self.spread_ = arrays["mean"], arrays["spread"]
        self.coefficients_, self.intercepts_ = arrays["coefficients"], arrays["intercepts"]


def _scale(inputs: Floats) -> tuple[Floats, Floats]:
    spread = inputs.std(axis=0)
    return inputs.mean(axis=0), np.where(spread > SMALLEST_SPREAD, spread, 1.0)
