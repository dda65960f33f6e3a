"""A frozen sentence encoder with a linear head: what a pretrained space knows about a label without being trained.

Vectors are the mean token states after one, two and three thirds of the encoder's layers. They are kept in the
user's cache, so a second run encodes nothing.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from thymos.errors import BadInput
from thymos.language.cache import CachedEncoder
from thymos.language.encoders import SentenceEncoder, TransformerEncoder, check_texts
from thymos.language.load import load_encoder
from thymos.language.model import Progress
from thymos.measure.registry import score_function
from thymos.perceive.prior_shift import Calibration, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats, TextRecognizer
from thymos.perceive.text_linear import held_out_scores, linear_weights, text_folds
from thymos.perceive.text_persian import PersianNormalizer

HEADS = ("discriminant", "logistic")
LAYERS = ("last", "thirds", "own")
DEPTHS = 3


class DepthEncoder(SentenceEncoder):
    """Mean token states of an encoder after a third, two thirds and all of its layers, side by side.

    Args:
        encoder: a transformers encoder.
    """

    def __init__(self, encoder: TransformerEncoder) -> None:
        self.encoder = encoder
        self.name = f"{encoder.name}-thirds"
        self.identity = f"{encoder.identity}:thirds"
        self.dimension = encoder.dimension * DEPTHS

    def encode(
        self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """Shape (texts, 3 · dimension): each third of a row has length 1."""
        import torch

        check_texts(texts)
        model, tokenizer = self.encoder.model, self.encoder.tokenizer
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            inputs = tokenizer(
                [self.encoder.prefix + texts[index] for index in chosen],
                padding=True,
                truncation=True,
                max_length=self.encoder.max_tokens,
                return_tensors="pt",
            ).to(model.device)
            with torch.inference_mode():
                states = model(**inputs, output_hidden_states=True).hidden_states
            mask = inputs["attention_mask"][..., None].float()
            count = len(states) - 1
            depths = [round(count * part / DEPTHS) for part in range(1, DEPTHS + 1)]
            means = [(states[depth].float() * mask).sum(1) / mask.sum(1).clamp(min=1) for depth in depths]
            vectors[chosen] = torch.cat([torch.nn.functional.normalize(mean) for mean in means], dim=1).cpu().numpy()
            if progress is not None:
                progress(start + len(chosen), len(texts))
        return vectors


@lru_cache(maxsize=2)
def depth_encoder(spec: str) -> SentenceEncoder:
    """The DepthEncoder of a spec as for ``load_encoder``, with its cache on disk."""
    encoder = load_encoder(spec)
    inner = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    if not isinstance(inner, TransformerEncoder):
        raise BadInput(f"encoder {spec!r} has no layers to read", mend="name a transformers encoder")
    return CachedEncoder(DepthEncoder(inner))


@lru_cache(maxsize=2)
def own_encoder(spec: str) -> SentenceEncoder:
    """The encoder of a spec as for ``load_encoder``, with its cache on disk."""
    return load_encoder(spec)


class EncoderTextRecognizer(TextRecognizer):
    """A linear head on the vectors of a frozen encoder.

    Args:
        encoder: as for ``load_encoder``: ``"multilingual-e5"``, ``"minilm"``, a folder or ``"hf:org/name"``, or
            ``"states:embedded"`` for states of a language model.
        layers: ``"thirds"`` (after 1/3, 2/3 and all of the layers), ``"last"``, or ``"own"``: the vectors as the
            encoder gives them, the only one for states of a language model.
        normalizer: applied to every text first.
        head: ``"discriminant"`` (linear discriminant analysis with Ledoit-Wolf shrinkage, uniform class prior) or
            ``"logistic"`` (balanced class weights, on standardized vectors).
        costs: values of C of the logistic head; the best by macro F1 over the folds is taken.
        folds: parts of the cross-validation inside the training set.
        seed: of the folds.

    Attributes:
        development_: macro F1 over the held-out folds, by cost (0.0 for the discriminant, which has none).
        cost_: the chosen cost.
        held_out_: calibrated probabilities of the training items from heads that did not see them; not saved.
    """

    def __init__(
        self,
        *,
        encoder: str = "multilingual-e5",
        layers: str = "thirds",
        normalizer: PersianNormalizer | None = None,
        head: str = "discriminant",
        costs: tuple[float, ...] = (0.003, 0.01, 0.03),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.layers = layers
        self.normalizer = normalizer
        self.head = head
        self.costs = costs
        self.folds = folds
        self.seed = seed

    def _fit(self, texts: list[str], codes: Codes) -> None:
        if self.head not in HEADS or self.layers not in LAYERS:
            raise BadInput(
                f"head {self.head!r} with layers {self.layers!r} is unknown",
                where=type(self).__name__,
                mend=f"heads: {', '.join(HEADS)}; layers: {', '.join(LAYERS)}",
            )
        folds = text_folds(
            texts if self.normalizer is None else self.normalizer.all(texts), codes, self.folds, self.seed
        )
        vectors = self.vectors(texts)
        tried = {}
        for cost in self.costs if self.head == "logistic" else (0.0,):

            def score(kept: Any, left: Any, cost: float = cost) -> Floats:
                weights, intercepts = fit_head(vectors[kept], codes[kept], self.head, cost)
                return np.asarray(vectors[left] @ weights.T + intercepts)

            tried[cost] = held_out_scores(score, folds, (len(codes), len(self.classes_)))
        macro_f1 = score_function("macro_f1")
        self.development_ = {cost: macro_f1(codes, scores.argmax(axis=1)) for cost, scores in tried.items()}
        self.cost_ = max(tried, key=lambda cost: self.development_[cost])
        self.calibration_ = fit_bias_corrected_temperature(tried[self.cost_], codes)
        self.held_out_index_ = np.arange(len(codes))
        self.held_out_ = self.calibration_(tried[self.cost_])
        self.coefficients_, self.intercepts_ = fit_head(vectors, codes, self.head, self.cost_)

    def _predict_proba(self, texts: list[str]) -> Floats:
        texts = texts if self.normalizer is None else self.normalizer.all(texts)
        return self.calibration_(self.vectors(texts) @ self.coefficients_.T + self.intercepts_)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """The features of normalized texts, from the cache where they are there."""
        if self.layers == "own":
            return np.asarray(own_encoder(self.encoder).encode(texts), dtype=np.float64)
        vectors = depth_encoder(self.encoder).encode(texts)
        width = vectors.shape[1] // DEPTHS
        return np.asarray(vectors[:, -width:] if self.layers == "last" else vectors, dtype=np.float64)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        arrays = {"coefficients": self.coefficients_, "intercepts": self.intercepts_, "bias": self.calibration_.bias}
        development = [[cost, score] for cost, score in self.development_.items()]
        return {"cost": self.cost_, "development": development, "temperature": self.calibration_.temperature}, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.cost_ = float(values["cost"])
        self.development_ = {float(cost): float(score) for cost, score in values["development"]}
        self.calibration_ = Calibration(float(values["temperature"]), arrays["bias"])
        self.coefficients_, self.intercepts_ = arrays["coefficients"], arrays["intercepts"]


def fit_head(vectors: Floats, codes: Codes, head: str, cost: float) -> tuple[Floats, Floats]:
    """Weights (classes × features) and intercepts on the vectors as they are."""
    if head == "discriminant":
        classes = int(codes.max()) + 1
        if len(codes) <= classes:
            raise BadInput(
                f"{len(codes)} texts of {classes} classes are too few for a discriminant", mend="use head='logistic'"
            )
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=np.full(classes, 1 / classes))
        return linear_weights(model.fit(vectors, codes))
    scaler = StandardScaler().fit(vectors)
    fitted = LogisticRegression(C=cost, class_weight="balanced", max_iter=1000).fit(scaler.transform(vectors), codes)
    weights, intercepts = linear_weights(fitted)
    weights = weights / scaler.scale_
    return weights, intercepts - weights @ scaler.mean_
