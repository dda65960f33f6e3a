"""Several emotions in one text: a tuned encoder with one probability a label, and thresholds from development data.

Probabilities of the labels do not sum to 1: a text may hold several emotions, or none. With many rare labels a
threshold of .5 finds next to nothing, so thresholds are chosen for F1 on texts that were not trained on.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.recognizer import Estimator, Floats, TextItems, texts_of
from thymos.perceive.text_tuning import TuningSettings
from thymos.perceive.tuned_encoder import TunedEncoder

THRESHOLDS = ("one", "each")
GRID = np.round(np.arange(0.05, 0.96, 0.01), 2)
ARRAYS = ("thresholds", "scales", "shifts")


class MultiLabelTextRecognizer(Estimator):
    """An encoder tuned for several labels a text.

    Args:
        encoder: a folder, ``"hf:org/name"``, ``"minilm"`` or ``"multilingual-e5"``.
        max_tokens: longer texts are cut off.
        learning_rate: of the encoder.
        epochs: passes over the texts; the best on development data is kept.
        batch_size: texts a step.
        frozen_embeddings: keep the word vectors, which are half of a small encoder.
        precision: ``"float32"`` or ``"bfloat16"``.
        thresholds: ``"each"`` label has its own, or ``"one"`` for all.
        checkpoints: folder for an interrupted fit; empty keeps none.
        device: ``"auto"`` or ``"cpu"``.
        seed: of the head, the order and dropout.

    Attributes:
        classes_: the labels, in the order of the memberships.
        thresholds_: from which probability on a label is said, shape (classes,).
        development_: macro F1 on the development texts after each pass, with the best single threshold.
    """

    card_title = "Multi-label text emotion recognizer"
    card_input = "one text"
    card_warning = "a predicted emotion is what readers may perceive in a text, not what its writer feels"
    classes_: npt.NDArray[np.object_]

    def __init__(
        self,
        *,
        encoder: str = "minilm",
        max_tokens: int = 96,
        learning_rate: float = 1e-4,
        epochs: int = 3,
        batch_size: int = 32,
        frozen_embeddings: bool = True,
        precision: str = "float32",
        thresholds: str = "each",
        checkpoints: str = "",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.max_tokens = max_tokens
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.frozen_embeddings = frozen_embeddings
        self.precision = precision
        self.thresholds = thresholds
        self.checkpoints = checkpoints
        self.device = device
        self.seed = seed

    def fit(
        self,
        items: TextItems,
        memberships: pd.DataFrame,
        *,
        development: tuple[TextItems, pd.DataFrame],
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Learn from texts and their memberships.

        Args:
            items: texts, or a table with a column ``text``.
            memberships: one row a text, one column a label, 0 or 1 (or a share of raters).
            development: the same for texts that choose the pass, calibration and thresholds.
            progress: called with (steps done, steps in all).

        Raises:
            BadInput: no texts, memberships of other texts or outside 0..1, another set of labels in the two parts.
        """
        if self.thresholds not in THRESHOLDS:
            raise BadInput(f"thresholds is {self.thresholds!r}", mend=f"use {', '.join(THRESHOLDS)}")
        self.classes_ = np.asarray([str(name) for name in memberships.columns], dtype=object)
        tuned = TunedEncoder(self.encoder, len(self.classes_), self._settings(), self.device)
        parts = []
        for some, members in ((items, memberships), development):
            texts, index = texts_of(some)
            parts.append((tuned.encoded(texts, self.max_tokens), membership_rows(members, self.classes_, index)))
        found = tuned.tune(*parts, score=best_macro_f1, checkpoints=self.checkpoints or None, progress=progress)
        self.encoder_, self.development_ = tuned, found.development
        gold = parts[1][1] > 0.5
        self.scales_, self.shifts_ = fit_label_calibration(found.logits, gold)
        shares = calibrated_shares(found.logits, self.scales_, self.shifts_)
        self.thresholds_ = choose_thresholds(shares, gold, each=self.thresholds == "each")
        return self

    def predict_proba(self, items: TextItems) -> pd.DataFrame:
        """Probabilities: one row a text, one column a label; rows do not sum to 1."""
        self._check_fitted()
        texts, index = self._inputs_of(items)
        logits = self.encoder_.logits(self.encoder_.encoded(texts, self.max_tokens))
        shares = calibrated_shares(logits, self.scales_, self.shifts_)
        return pd.DataFrame(shares, index=index, columns=list(self.classes_))

    def predict(self, items: TextItems) -> pd.DataFrame:
        """True where a label is said: one row a text, one column a label."""
        return self.predict_proba(items) >= self.thresholds_

    def _settings(self) -> TuningSettings:
        return TuningSettings(
            objective="several",
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=self.batch_size,
            frozen_embeddings=self.frozen_embeddings,
            precision=self.precision,
            seed=self.seed,
        )

    def _inputs_of(self, items: Any) -> tuple[list[str], pd.Index]:
        return texts_of(items)

    def _check_fitted(self) -> None:
        if not hasattr(self, "thresholds_"):
            raise BadInput("it has not learned anything yet", where=type(self).__name__, mend="call fit first")

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        values = {"base": self.encoder_.identity, "development": list(self.development_)}
        own = {name: getattr(self, f"{name}_") for name in ARRAYS}
        return values, {**own, **self.encoder_.changes()}

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.development_ = [float(score) for score in values["development"]]
        for name in ARRAYS:
            setattr(self, f"{name}_", arrays[name].astype(float))
        self.encoder_ = TunedEncoder(self.encoder, len(self.classes_), self._settings(), self.device)
        self.encoder_.restore({name: rows for name, rows in arrays.items() if name not in ARRAYS}, values["base"])


def membership_rows(members: pd.DataFrame, classes: npt.NDArray[np.object_], index: pd.Index) -> Floats:
    """Memberships as an array in the order of the texts; BadInput where they belong to others."""
    if [str(name) for name in members.columns] != list(classes):
        raise BadInput("the two parts have other labels", where="memberships", mend="use the same columns")
    if not members.index.equals(index):
        raise BadInput("memberships belong to other items", where="memberships", mend="give them the items' index")
    rows: Floats = members.to_numpy(dtype=float)
    return rows


def sigmoid(logits: Floats) -> Floats:
    """Stable for large numbers."""
    shares: Floats = 0.5 * (1 + np.tanh(0.5 * logits))
    return shares


def f1_of_grid(shares: Floats, gold: npt.NDArray[np.bool_]) -> Floats:
    """F1 of each label at each threshold of ``GRID``, shape (thresholds, labels); 0 where nothing is there."""
    found = np.zeros((len(GRID), shares.shape[1]))
    for place, threshold in enumerate(GRID):
        said = shares >= threshold
        hits = (said & gold).sum(axis=0)
        total = said.sum(axis=0) + gold.sum(axis=0)
        found[place] = 2 * hits / np.maximum(total, 1)
    return found


def best_macro_f1(logits: Floats, targets: Floats) -> float:
    """Macro F1 with the single threshold that suits best."""
    return float(f1_of_grid(sigmoid(logits), targets > 0.5).mean(axis=1).max())


def choose_thresholds(shares: Floats, gold: npt.NDArray[np.bool_], *, each: bool, strength: float = 20.0) -> Floats:
    """The thresholds with the best F1 on held-out texts, shape (labels,).

    A label's own threshold is drawn toward the common one, the more the rarer the label: the F1 of a label is weighed
    with its number of texts against ``strength`` times the F1 of all labels together.

    Args:
        shares: held-out probabilities.
        gold: which labels are right.
        each: one a label, or one for all.
        strength: how many texts the common curve stands for; 0 = every label for itself.
    """
    curves = f1_of_grid(shares, gold)
    common = curves.mean(axis=1)
    if not each:
        return np.full(shares.shape[1], GRID[int(common.argmax())])
    counts = gold.sum(axis=0)
    mixed = (curves * counts + common[:, None] * strength) / (counts + strength)
    return GRID[mixed.argmax(axis=0)]


def fit_label_calibration(logits: Floats, gold: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Scale and shift of each label's logit (Platt scaling), drawn toward 1 and 0 so that rare labels stay sane."""
    from scipy.optimize import minimize

    scales, shifts = np.ones(logits.shape[1]), np.zeros(logits.shape[1])
    for label in range(logits.shape[1]):
        values, truth = logits[:, label], gold[:, label].astype(float)

        def loss(parameters: Floats, values: Floats = values, truth: Floats = truth) -> float:
            moved = parameters[0] * values + parameters[1]
            return float((np.logaddexp(0, moved) - truth * moved).sum() + (parameters[0] - 1) ** 2 + parameters[1] ** 2)

        scales[label], shifts[label] = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return np.maximum(scales, 0.05), shifts


def calibrated_shares(logits: Floats, scales: Floats, shifts: Floats) -> Floats:
    """Probabilities after calibration."""
    return sigmoid(logits * scales + shifts)
