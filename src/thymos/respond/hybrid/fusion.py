"""A small model and a language model together: log p = log p(small) + trust · log p(language model)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from thymos.errors import BadInput
from thymos.perceive.recognizer import Codes, Floats
from thymos.perceive.text_ensemble import log_probabilities

TRUSTS = np.round(np.arange(0, 2.01, 0.05), 2)


@dataclass(frozen=True)
class TrustFusion:
    """Probabilities of both models as one.

    Args:
        trust: how much the language model counts; 0 leaves it out.
        prior: mean log-probability of each class by the language model on development texts, which is subtracted
            first: it would say some labels whatever it reads. Zeros leave its answers as they are.
    """

    trust: float
    prior: Floats

    def __call__(self, small: npt.ArrayLike, language: npt.ArrayLike) -> Floats:
        """Probabilities, texts × classes.

        Args:
            small: probabilities, rows sum to 1.
            language: scores of the labels, e.g. mean log-likelihoods; any constant a row.
        """
        logs = log_probabilities([small])[0]
        other = log_softmax(np.asarray(language, dtype=float), axis=1) - self.prior
        if other.shape != logs.shape:
            raise BadInput(f"tables of shapes {logs.shape} and {other.shape} do not fit", where="fusion")
        return np.asarray(softmax(logs + self.trust * other, axis=1))


def fit_trust(small: npt.ArrayLike, language: npt.ArrayLike, codes: Codes, *, prior: bool = True) -> TrustFusion:
    """The trust with the smallest log loss on development texts, among 0, 0.05 ... 2.

    Args:
        small: probabilities of the small model, texts × classes.
        language: scores by the language model.
        codes: true class of each text.
        prior: whether what the language model says on average is subtracted [inferred].
    """
    scores = np.asarray(language, dtype=float)
    if len(scores) != len(codes) or not len(codes):
        raise BadInput(f"{len(codes)} labels for {len(scores)} texts", where="fusion")
    average = log_softmax(scores, axis=1).mean(axis=0) if prior else np.zeros(scores.shape[1])
    rows = np.arange(len(codes))
    losses = []
    for trust in TRUSTS:
        shares = TrustFusion(float(trust), average)(small, scores)
        losses.append(-np.log(np.maximum(shares[rows, codes], 1e-12)).mean())
    return TrustFusion(float(TRUSTS[int(np.argmin(losses))]), average)
