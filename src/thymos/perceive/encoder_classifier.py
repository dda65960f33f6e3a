"""An encoder with a pooled linear head as a PreTrainedModel, and the pieces for tuning only its upper layers.

When the lower layers are frozen, their output for a text never changes: ``lower_states`` computes it once, and
``upper_model`` gives a model that starts from there. With half of the layers frozen an epoch costs about half.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from thymos.errors import BadInput

POOLINGS = ("mean", "first", "attention")


class EncoderClassifierConfig(PretrainedConfig):
    """Configuration of EncoderClassifier: that of the encoder, and the head's.

    Args:
        encoder: the encoder's own configuration as a dictionary.
        pooling: ``"mean"`` over the real tokens, the ``"first"`` token, or additive ``"attention"`` over the tokens
            (Bahdanau et al., ICLR 2015), whose weights come out as ``attentions``.
        head_dropout: share of the pooled vector that is dropped in training.
    """

    model_type = "thymos_encoder_classifier"

    def __init__(
        self, encoder: dict[str, Any] | None = None, pooling: str = "mean", head_dropout: float = 0.1, **kwargs: Any
    ) -> None:
        self.encoder = encoder or {}
        self.pooling = pooling
        self.head_dropout = head_dropout
        super().__init__(**kwargs)


class EncoderClassifier(PreTrainedModel):
    """Encoder, pooling, dropout, linear head; the loss takes class weights where they are set.

    Attributes:
        class_weights: shape (classes,); not saved, only used in training.
    """

    config_class = EncoderClassifierConfig
    base_model_prefix = "encoder"

    def __init__(self, config: EncoderClassifierConfig, encoder: Any = None) -> None:
        super().__init__(config)
        if config.pooling not in POOLINGS:
            raise BadInput(f"pooling is {config.pooling!r}", mend=f"use {', '.join(POOLINGS)}")
        if encoder is None:
            values = dict(config.encoder)
            encoder = AutoModel.from_config(AutoConfig.for_model(values.pop("model_type"), **values))
        self.encoder = encoder
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(int(encoder.config.hidden_size), config.num_labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.attention: nn.Module | None = None
        if config.pooling == "attention":
            width = int(encoder.config.hidden_size)
            self.attention = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False))
        self.class_weights: torch.Tensor | None = None
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Nothing: the encoder comes with its weights, and the head has been drawn above."""

    @classmethod
    def around(cls, encoder: Any, classes: int, *, pooling: str = "mean") -> "EncoderClassifier":
        """A classifier with a fresh head on a loaded encoder."""
        config = EncoderClassifierConfig(encoder=encoder.config.to_dict(), pooling=pooling, num_labels=classes)
        return cls(config, encoder)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        pooled_mask: torch.Tensor | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Logits, and the class-weighted cross entropy where labels are given.

        ``pooled_mask``, shape (texts, tokens), says which tokens the mean is taken over; default: all real ones.
        """
        given = {"input_ids": input_ids} if inputs_embeds is None else {"inputs_embeds": inputs_embeds}
        states = self.encoder(**given, attention_mask=attention_mask).last_hidden_state
        chosen = attention_mask if pooled_mask is None else pooled_mask
        weights = None
        if self.attention is not None:
            weights = self._token_weights(states, torch.ones_like(states[..., 0]) if chosen is None else chosen)
            pooled = (states * weights[..., None]).sum(dim=1)
        elif self.config.pooling == "first" or chosen is None:
            pooled = states[:, 0] if self.config.pooling == "first" else states.mean(dim=1)
        else:
            mask = chosen[..., None].to(states.dtype)
            pooled = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        logits = self.head(self.dropout(pooled))
        loss = None
        if labels is not None:
            factors = None if self.class_weights is None else self.class_weights.to(logits)
            loss = nn.functional.cross_entropy(logits.float(), labels, weight=factors)
        return SequenceClassifierOutput(loss=loss, logits=logits, attentions=None if weights is None else (weights,))

    def _token_weights(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """How much attention each token gets, shape (texts, tokens); 0 outside the mask, rows sum to 1."""
        assert self.attention is not None
        scores = self.attention(states)[..., 0].float().masked_fill(mask == 0, -torch.inf)
        # A text without any token to look at gets no weight instead of not-a-number.
        weights: torch.Tensor = scores.softmax(dim=1).nan_to_num().to(states.dtype)
        return weights


class PassedStates(nn.Module):
    """Stands in for an encoder's embeddings when the states below its first layer are known already."""

    def forward(self, input_ids: Any = None, inputs_embeds: torch.Tensor | None = None, **_: Any) -> torch.Tensor:
        """The states as they were given."""
        if inputs_embeds is None:
            raise BadInput("an encoder without its lower layers needs states, not tokens")
        return inputs_embeds


def layers_of(encoder: Any) -> nn.ModuleList:
    """The list of layers of a BERT-like encoder (BERT, RoBERTa, XLM-R, ELECTRA, MiniLM ...).

    Raises:
        BadInput: the model is built in another way, so its layers cannot be frozen by number.
    """
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList) or not hasattr(encoder, "embeddings"):
        raise BadInput(f"the layers of {type(encoder).__name__} cannot be frozen by number", mend="use frozen_layers=0")
    return layers


def upper_model(encoder: Any, frozen: int) -> Any:
    """A model of the layers from ``frozen`` on, sharing its parameters with ``encoder``; it takes states as input."""
    layers = layers_of(encoder)
    if not 0 < frozen < len(layers):
        raise BadInput(f"frozen_layers is {frozen}", mend=f"use 0..{len(layers) - 1}")
    upper = copy.copy(encoder)
    upper._modules = dict(encoder._modules)
    upper.embeddings = PassedStates()
    upper.encoder = copy.copy(encoder.encoder)
    upper.encoder._modules = dict(encoder.encoder._modules)
    upper.encoder.layer = layers[frozen:]
    return upper


def lower_states(
    encoder: Any,
    frozen: int,
    tokens: Sequence[Sequence[int]],
    pad_id: int,
    *,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> list[npt.NDArray[np.float16]]:
    """The states after ``frozen`` layers for each text, shape (its tokens, hidden); half precision to save memory."""
    lower = copy.copy(encoder)
    lower._modules = dict(encoder._modules)
    lower.encoder = copy.copy(encoder.encoder)
    lower.encoder._modules = dict(encoder.encoder._modules)
    lower.encoder.layer = layers_of(encoder)[:frozen]
    lower.eval()
    found: list[Any] = [None] * len(tokens)
    order = sorted(range(len(tokens)), key=lambda index: -len(tokens[index]))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        inputs, mask = padded_tokens([tokens[index] for index in chosen], pad_id)
        with torch.inference_mode():
            output = lower(input_ids=inputs.to(encoder.device), attention_mask=mask.to(encoder.device))
        states = output.last_hidden_state.half().cpu().numpy()
        for row, index in enumerate(chosen):
            found[index] = states[row, : len(tokens[index])].copy()
        if progress is not None:
            progress(start + len(chosen), len(order))
    return found


def padded_tokens(tokens: Sequence[Sequence[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask of one batch, padded at the end to its longest text."""
    longest = max(len(ids) for ids in tokens)
    inputs = torch.full((len(tokens), longest), pad_id, dtype=torch.long)
    mask = torch.zeros((len(tokens), longest), dtype=torch.long)
    for row, ids in enumerate(tokens):
        inputs[row, : len(ids)] = torch.as_tensor(ids)
        mask[row, : len(ids)] = 1
    return inputs, mask


def padded_states(states: Sequence[npt.NDArray[np.float16]]) -> tuple[torch.Tensor, torch.Tensor]:
    """States and mask of one batch, padded at the end to its longest text; single precision."""
    longest = max(len(rows) for rows in states)
    inputs = torch.zeros((len(states), longest, states[0].shape[1]))
    mask = torch.zeros((len(states), longest), dtype=torch.long)
    for row, values in enumerate(states):
        inputs[row, : len(values)] = torch.from_numpy(values.astype(np.float32))
        mask[row, : len(values)] = 1
    return inputs, mask
