"""An encoder tuned with a head, kept as its changes against the encoder that it began as.

Changes are small numbers, so one byte a weight is enough: a row of a matrix is stored as whole numbers from -127 to
127 and one factor. The base encoder is named with its hash, and loaded again from wherever it came.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.perceive.encoder_classifier import EncoderClassifier
from thymos.perceive.recognizer import Floats
from thymos.perceive.text_finetuned import transformer_encoder
from thymos.perceive.text_tuning import (
    EncodedText,
    Positions,
    Score,
    Tuned,
    TuningSettings,
    classifier_around,
    logits_of,
    tune,
)

STEPS = 127
FACTORS, ENCODER = ":factors", "encoder."
Arrays = dict[str, npt.NDArray[Any]]


class TunedEncoder:
    """A tokenizer and an encoder with a head; made fresh, tuned, or restored from changes.

    Args:
        spec: a folder, ``"hf:org/name"``, ``"minilm"`` or ``"multilingual-e5"``.
        classes: how many.
        settings: see ``TuningSettings``.
        device: ``"auto"`` or ``"cpu"``.
        pooling: see ``EncoderClassifierConfig``.

    Attributes:
        model: the EncoderClassifier.
        tokenizer: of the encoder.
        identity: name and hash of the base encoder.
    """

    def __init__(
        self, spec: str, classes: int, settings: TuningSettings, device: str = "auto", *, pooling: str = "mean"
    ) -> None:
        loaded = transformer_encoder(spec, device)
        self.spec, self.settings, self.device = spec, settings, device
        self.tokenizer, self.prefix, self.identity = loaded.tokenizer, loaded.prefix, loaded.identity
        self.model: EncoderClassifier = classifier_around(loaded.model, classes, settings, pooling=pooling)

    @property
    def pad_id(self) -> int:
        """The token that fills a batch."""
        return int(self.tokenizer.pad_token_id or 0)

    def encoded(self, texts: Sequence[str], max_tokens: int) -> list[EncodedText]:
        """Texts on their own; the head averages all of their tokens."""
        rows = self.tokenizer([self.prefix + text for text in texts], truncation=True, max_length=max_tokens)
        return [EncodedText(list(tokens), (0, len(tokens))) for tokens in rows["input_ids"]]

    def tune(
        self,
        train: tuple[Sequence[EncodedText], Floats],
        development: tuple[Sequence[EncodedText], Floats],
        *,
        score: Score,
        passes: Sequence[Positions] | None = None,
        class_weights: npt.ArrayLike | None = None,
        checkpoints: str | Path | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tuned:
        """See ``thymos.perceive.text_tuning.tune``."""
        return tune(
            self.model,
            train,
            development,
            settings=self.settings,
            score=score,
            passes=passes,
            class_weights=class_weights,
            checkpoints=checkpoints,
            progress=progress,
            pad_id=self.pad_id,
        )

    def logits(self, texts: Sequence[EncodedText]) -> Floats:
        """Shape (texts, classes)."""
        return logits_of(self.model, texts, precision=self.settings.precision, pad_id=self.pad_id)

    def changes(self) -> Arrays:
        """What tuning changed, as arrays; see ``packed_changes``."""
        return packed_changes(transformer_encoder(self.spec, "cpu").model.state_dict(), self.model.state_dict())

    def restore(self, arrays: Arrays, identity: str) -> None:
        """Put changes back onto a fresh encoder.

        Raises:
            BadInput: the encoder is not the one that was tuned, arrays of another model.
        """
        if identity != self.identity:
            raise BadInput(
                f"the weights are changes to {identity!r}, and {self.spec!r} is {self.identity!r}",
                where="tuned encoder",
                mend="use the encoder that it was trained on",
            )
        state = self.model.state_dict()
        try:
            unpack_changes(arrays, state)
        except (KeyError, ValueError, RuntimeError) as error:
            raise BadInput(f"the weights do not fit the encoder ({error})", where="tuned encoder") from None
        self.model.load_state_dict(state)
        self.model.eval()


def packed_changes(base: dict[str, torch.Tensor], tuned: dict[str, torch.Tensor]) -> Arrays:
    """The head as it is; of the encoder, every tensor that changed, as bytes and a factor a row.

    Args:
        base: of the encoder before.
        tuned: of the EncoderClassifier, its encoder under ``encoder.``.
    """
    arrays: Arrays = {}
    for name, tensor in tuned.items():
        values = tensor.detach().float().cpu().numpy()
        if not name.startswith(ENCODER):
            arrays[name] = values
            continue
        difference = values - base[name.removeprefix(ENCODER)].float().cpu().numpy()
        if not np.any(difference):
            continue
        if difference.ndim < 2:
            arrays[name] = difference
            continue
        rows = difference.reshape(len(difference), -1)
        factors = np.abs(rows).max(axis=1) / STEPS
        arrays[name + FACTORS] = factors.astype(np.float32)
        whole = np.rint(rows / np.where(factors == 0, 1, factors)[:, None])
        arrays[name] = whole.astype(np.int8).reshape(difference.shape)
    return arrays


def unpack_changes(arrays: Arrays, state: dict[str, torch.Tensor]) -> None:
    """Add changes to the weights of an untuned EncoderClassifier, in place; the head is replaced.

    Raises:
        KeyError: a tensor that the model does not have.
        ValueError: one of another shape.
    """
    for name, values in arrays.items():
        if name.endswith(FACTORS):
            continue
        if tuple(values.shape) != tuple(state[name].shape):
            raise ValueError(f"{name} has shape {values.shape}, the model's has {tuple(state[name].shape)}")
        change = values.astype(np.float32)
        if values.dtype == np.int8:
            factors = arrays[name + FACTORS].reshape(-1, *[1] * (values.ndim - 1))
            change = change * factors
        given = torch.from_numpy(np.ascontiguousarray(change)).to(state[name])
        state[name] = state[name] + given if name.startswith(ENCODER) else given
