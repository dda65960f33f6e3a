"""Hidden states of a frozen language model as vectors of texts: the mean over a text's tokens after one layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder, check_texts
from thymos.language.local import LocalLanguageModel
from thymos.language.model import Progress
from thymos.language.tap.architecture import Architecture

MAX_TOKENS = 256


class _Reached(Exception):
    def __init__(self, states: torch.Tensor) -> None:
        self.states = states


class LanguageStateEncoder(SentenceEncoder):
    """Mean token states of a decoder after one of its layers; layers above are not computed.

    Args:
        model: a language model on this machine, built like those that the tap knows.
        layer: which layer's output, from 0; default the one at half the depth [inferred]: in small models emotion is
            read best around the middle (study ``emotion_probing``).
        max_tokens: longer texts are cut off.
        bfloat16: matrix products in half precision, faster where the processor has it.
    """

    def __init__(
        self,
        model: LocalLanguageModel,
        *,
        layer: int | None = None,
        max_tokens: int = MAX_TOKENS,
        bfloat16: bool = True,
    ) -> None:
        self.model = model
        self.architecture = Architecture(model.model)
        layers = len(self.architecture.layers)
        self.layer = (layers - 1) // 2 if layer is None else layer
        if not 0 <= self.layer < layers:
            raise BadInput(f"there is no layer {self.layer}", where=model.name, mend=f"use 0 to {layers - 1}")
        self.max_tokens, self.bfloat16 = max_tokens, bfloat16
        self.dimension = self.architecture.width
        self.name = f"{model.name}-layer-{self.layer}"
        self.identity = f"{model.identity}:mean-state:{self.layer}:{max_tokens}:{'bf16' if bfloat16 else 'f32'}"

    @property
    def tokenizer(self) -> Any:
        """Of the model."""
        return self.model.tokenizer

    def encode(
        self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """Encode in batches of similar length; see :class:`SentenceEncoder`."""
        check_texts(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            ids, mask = self.batch([texts[index] for index in chosen])
            with torch.inference_mode():
                means = self.means(self.embedded(ids), mask)
            vectors[chosen] = functional.normalize(means).float().cpu().numpy()
            if progress is not None:
                progress(start + len(chosen), len(texts))
        return vectors

    def batch(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask, shape (texts, tokens), padded at the end; a text without tokens gets the end token."""
        rows = self.tokenizer(list(texts), truncation=True, max_length=self.max_tokens)["input_ids"]
        rows = [list(row) or [self.model.padding_id] for row in rows]
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.model.padding_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.as_tensor(row)
            mask[place, : len(row)] = 1
        return ids.to(self.model.device), mask.to(self.model.device)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """What the model's table gives for tokens, shape (texts, tokens, width)."""
        found: torch.Tensor = self.architecture.base.embed_tokens(ids)
        return found

    def means(self, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Mean states of texts, shape (texts, width); gradients flow back to the embeddings where they are wanted."""

        def reached(module: Any, arguments: Any, output: Any) -> None:
            raise _Reached(output[0] if isinstance(output, tuple) else output)

        handle = self.architecture.layers[self.layer].register_forward_hook(reached)
        try:
            with torch.autocast(embeddings.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
                self.architecture.base(inputs_embeds=embeddings, attention_mask=mask, use_cache=False)
        except _Reached as found:
            states = found.states.float()
        else:
            raise BadInput(f"layer {self.layer} was never computed", where=self.model.name)
        finally:
            handle.remove()
        weights = mask[..., None].to(states.dtype)
        return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
