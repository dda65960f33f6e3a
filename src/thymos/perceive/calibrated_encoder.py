"""What recognizers over a tuned encoder share: what they learn from their development items, and how they are saved."""

from typing import Any

import numpy.typing as npt

from thymos.perceive.prior_shift import Calibration, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats
from thymos.perceive.text_tuning import Tuned
from thymos.perceive.tuned_encoder import TunedEncoder

BIAS = "calibration_bias"


class CalibratedEncoder:
    """A mixin: tuned encoder, its calibration, and its scores on development items after each pass."""

    encoder_: TunedEncoder
    calibration_: Calibration
    development_: list[float]

    def _fresh(self) -> TunedEncoder:
        """The encoder before tuning, made from the recognizer's parameters."""
        raise NotImplementedError

    def _keep(self, tuned: TunedEncoder, found: Tuned, gold: Codes) -> Floats:
        """Take over what tuning gave and calibrate on the development items; their probabilities."""
        self.encoder_, self.development_ = tuned, found.development
        self.calibration_ = fit_bias_corrected_temperature(found.logits, gold)
        return self.calibration_(found.logits)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        values = {
            "base": self.encoder_.identity,
            "temperature": self.calibration_.temperature,
            "development": list(self.development_),
        }
        return values, {BIAS: self.calibration_.bias, **self.encoder_.changes()}

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.development_ = [float(score) for score in values["development"]]
        self.calibration_ = Calibration(float(values["temperature"]), arrays[BIAS].astype(float))
        self.encoder_ = self._fresh()
        self.encoder_.restore({name: rows for name, rows in arrays.items() if name != BIAS}, values["base"])
