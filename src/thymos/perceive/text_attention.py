"""One label a text, by an encoder tuned with additive attention: which words it looked at comes with the answer."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import torch

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.calibrated_encoder import CalibratedEncoder
from thymos.perceive.dialogue.context import shares_of
from thymos.perceive.dialogue.recognizer import codes_in
from thymos.perceive.encoder_classifier import POOLINGS
from thymos.perceive.recognizer import Codes, Floats, TextItems, TextRecognizer, label_codes_of, texts_of
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.text_multilabel import MultiLabelTextRecognizer
from thymos.perceive.text_tuning import EVALUATION_BATCH, EncodedText, TuningSettings, collated
from thymos.perceive.tuned_encoder import TunedEncoder
from thymos.perceive.words import WordWeights, words_from_tokens

STARTS = ("", "emotions")


class AttentionTextRecognizer(CalibratedEncoder, TextRecognizer):
    """An encoder tuned for one label a text.

    Args:
        encoder: a folder, ``"hf:org/name"``, ``"minilm"`` or ``"multilingual-e5"``.
        start: ``"emotions"`` begins with the weights of the recognizer of 28 emotions that ships (over MiniLM); ``""``
            with the encoder as it is.
        pooling: ``"attention"``, ``"mean"`` or ``"first"``.
        max_tokens: longer texts are cut off.
        learning_rate: of the encoder.
        epochs: passes; the best accuracy on development texts is kept.
        batch_size: texts a step.
        smoothing: share of a label that is spread over all classes.
        precision: ``"float32"`` or ``"bfloat16"``.
        checkpoints: folder for an interrupted fit; empty keeps none.
        device: ``"auto"`` or ``"cpu"``.
        seed: of the head, the order and dropout.

    Attributes:
        development_: accuracy on the development texts after each pass.
        development_shares_: calibrated probabilities of the development texts.
    """

    card_title = "Text emotion recognizer with attention"

    def __init__(
        self,
        *,
        encoder: str = "minilm",
        start: str = "",
        pooling: str = "attention",
        max_tokens: int = 128,
        learning_rate: float = 1e-4,
        epochs: int = 3,
        batch_size: int = 32,
        smoothing: float = 0.0,
        precision: str = "float32",
        checkpoints: str = "",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.start = start
        self.pooling = pooling
        self.max_tokens = max_tokens
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.smoothing = smoothing
        self.precision = precision
        self.checkpoints = checkpoints
        self.device = device
        self.seed = seed

    def fit(
        self,
        items: TextItems,
        labels: Sequence[str] | pd.Series,
        *,
        development: tuple[TextItems, Sequence[str] | pd.Series] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Learn from labeled texts.

        Args:
            items: texts, or a table with a column ``text``.
            labels: one a text.
            development: other texts and their labels, which choose the pass and calibrate; needed.
            progress: called with (steps done, steps in all).

        Raises:
            BadInput: no development texts, a label that is in no training text, see also ``Recognizer.fit``.
        """
        self._check_parameters()
        if development is None:
            raise BadInput("development texts are needed", where=type(self).__name__, mend="hold some out")
        texts, index = texts_of(items)
        other, other_index = texts_of(development[0])
        self.classes_, codes = label_codes_of(labels, index)
        gold = codes_in(pd.Series(list(development[1]), index=other_index), self.classes_)
        tuned = self._fresh()
        if self.start:
            tuned.model.encoder.load_state_dict(emotions_encoder(self.encoder).state_dict())
        found = tuned.tune(
            (tuned.encoded(texts, self.max_tokens), shares_of(codes, len(self.classes_))),
            (tuned.encoded(other, self.max_tokens), shares_of(gold, len(self.classes_))),
            score=accuracy_of_shares,
            checkpoints=self.checkpoints or None,
            progress=progress,
        )
        self.development_shares_ = self._keep(tuned, found, gold)
        return self

    def word_weights(self, items: TextItems) -> list[WordWeights]:
        """The words of each text with the attention that they get; weights of a text sum to at most 1.

        Raises:
            BadInput: the recognizer has no attention.
        """
        self._check_fitted()
        if self.pooling != "attention":
            raise BadInput(f"pooling is {self.pooling!r}", where=type(self).__name__, mend="fit with attention")
        texts, _ = self._inputs_of(items)
        weights = attention_of(self.encoder_, self.encoder_.encoded(texts, self.max_tokens))
        return words_from_tokens(self.encoder_.tokenizer, texts, weights, self.max_tokens, self.encoder_.prefix)

    def _fit(self, inputs: Any, codes: Codes) -> None:
        raise NotImplementedError("fit does it all")

    def _predict_proba(self, inputs: list[str]) -> Floats:
        return self.calibration_(self.encoder_.logits(self.encoder_.encoded(inputs, self.max_tokens)))

    def _fresh(self) -> TunedEncoder:
        return TunedEncoder(self.encoder, len(self.classes_), self._settings(), self.device, pooling=self.pooling)

    def _settings(self) -> TuningSettings:
        return TuningSettings(
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=self.batch_size,
            smoothing=self.smoothing,
            precision=self.precision,
            seed=self.seed,
        )

    def _check_parameters(self) -> None:
        for name, known in (("pooling", POOLINGS), ("start", STARTS)):
            if getattr(self, name) not in known:
                raise BadInput(f"{name} is {getattr(self, name)!r}", mend=f"use one of: {', '.join(map(repr, known))}")


def attention_of(encoder: TunedEncoder, texts: Sequence[EncodedText]) -> list[Floats]:
    """The attention that each token of each text gets; sums to 1 over a text."""
    encoder.model.eval()
    found: list[Floats] = [np.zeros(0)] * len(texts)
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index].tokens))
    for start in range(0, len(order), EVALUATION_BATCH):
        chosen = order[start : start + EVALUATION_BATCH]
        batch = collated([texts[index] for index in chosen], encoder.pad_id)
        with torch.inference_mode():
            output = encoder.model(**{key: value.to(encoder.model.device) for key, value in batch.items()})
        weights = output.attentions[0].double().cpu().numpy()
        for row, index in zip(weights, chosen, strict=True):
            found[index] = row[: len(texts[index].tokens)]
    return found


def accuracy_of_shares(logits: Floats, targets: Floats) -> float:
    """Share of texts whose largest logit is that of their label."""
    return float(score_function("accuracy")(targets.argmax(axis=1), logits.argmax(axis=1)))


def emotions_encoder(encoder: str) -> Any:
    """The tuned encoder of the recognizer of 28 emotions that ships.

    Raises:
        BadInput: it is over another encoder.
    """
    recognizer = shipped_recognizer("emotions")
    assert isinstance(recognizer, MultiLabelTextRecognizer)
    if recognizer.encoder != encoder:
        raise BadInput(
            f"the recognizer of 28 emotions is over {recognizer.encoder!r}, not {encoder!r}", mend="use start=''"
        )
    return recognizer.encoder_.model.encoder
