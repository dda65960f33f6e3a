"""Ridge regression to a distribution, with the penalty chosen on validation texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import Ridge

from thymos.errors import BadInput
from thymos.measure.regression import rmse

Floats = npt.NDArray[np.float64]
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class ChosenRidge(NamedTuple):
    """A fitted regression, its penalty, and the validation RMSE of every penalty that was tried."""

    model: Ridge
    penalty: float
    errors: dict[float, float]

    def predict(self, inputs: Any) -> Floats:
        """Distributions, shape (texts, emotions)."""
        return to_distribution(self.model.predict(inputs))


def fit_ridge(
    inputs: Any, shares: Floats, validation: Any, validation_shares: Floats, penalties: Sequence[float] = PENALTIES
) -> ChosenRidge:
    """Fit with every penalty on the training texts and keep the one with the lowest validation RMSE.

    Args:
        inputs: features of the training texts, dense or sparse.
        shares: their distributions.
        validation: features of the validation texts.
        validation_shares: theirs.
        penalties: tried.
    """
    if not penalties or min(penalties) <= 0:
        raise BadInput("penalties must be positive", where="ridge", mend="pass e.g. (0.1, 1, 10)")
    models = {penalty: Ridge(alpha=penalty).fit(inputs, shares) for penalty in penalties}
    errors = {
        penalty: rmse(validation_shares, to_distribution(model.predict(validation)))
        for penalty, model in models.items()
    }
    best = min(errors, key=lambda penalty: errors[penalty])
    return ChosenRidge(models[best], best, errors)


def to_distribution(values: Floats) -> Floats:
    """Regression outputs as distributions: values below 0 become 0, rows are divided by their sum."""
    raised = np.maximum(np.asarray(values, dtype=float), 0.0)
    sums = raised.sum(axis=1, keepdims=True)
    return np.where(sums > 0, raised / np.where(sums > 0, sums, 1.0), 1.0 / raised.shape[1])
