"""A linear head on the states of a frozen language model; gradients say which words the answer hangs on."""

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from thymos.errors import BadInput
from thymos.language.cache import CachedEncoder
from thymos.language.state_encoder import LanguageStateEncoder
from thymos.perceive.recognizer import Floats, TextItems
from thymos.perceive.text_embedding import EncoderTextRecognizer, own_encoder
from thymos.perceive.text_persian import PersianNormalizer
from thymos.perceive.words import WordWeights, words_from_tokens

BATCH = 16


class StateTextRecognizer(EncoderTextRecognizer):
    """Mean states of a frozen language model, and a linear head.

    Args:
        encoder: ``"states:"`` and a language model on this machine.
        layers: ``"own"``: the layer is the encoder's.
        normalizer: applied to every text first.
        head: as for ``EncoderTextRecognizer``.
        costs: the same.
        folds: the same.
        seed: the same.
    """

    card_title = "Text emotion recognizer over a frozen language model"

    def __init__(
        self,
        *,
        encoder: str = "states:embedded",
        layers: str = "own",
        normalizer: PersianNormalizer | None = None,
        head: str = "discriminant",
        costs: tuple[float, ...] = (0.003, 0.01, 0.03),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        super().__init__(
            encoder=encoder, layers=layers, normalizer=normalizer, head=head, costs=costs, folds=folds, seed=seed
        )

    def word_weights(self, items: TextItems) -> list[WordWeights]:
        """The words of each text, with how much the most probable class hangs on them: |gradient x input|.

        The gradient is that of the class's logit above the mean of all logits. The product of gradient and token vector
        is summed over the vector and over the tokens of a word; its size is taken, so that words for and against the
        class both count [inferred].
        """
        self._check_fitted()
        texts, _ = self._inputs_of(items)
        states = state_encoder(self.encoder)
        rows: list[Any] = [None] * len(texts)
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            for index, row in zip(chosen, self._products(states, [texts[index] for index in chosen]), strict=True):
                rows[index] = row
        found = words_from_tokens(states.tokenizer, texts, rows, states.max_tokens)
        return [[one._replace(weight=abs(one.weight)) for one in words] for words in found]

    def _products(self, states: LanguageStateEncoder, texts: list[str]) -> list[Floats]:
        """Gradient times input of every token of the texts."""
        ids, mask = states.batch(texts)
        embeddings = states.embedded(ids).detach().requires_grad_(True)
        vectors = functional.normalize(states.means(embeddings, mask))
        weights = torch.as_tensor(self.coefficients_, dtype=vectors.dtype, device=vectors.device)
        logits = vectors @ weights.T + torch.as_tensor(self.intercepts_, dtype=vectors.dtype, device=vectors.device)
        # Against the mean of all classes: of two classes one has no weights of its own.
        margins = logits.max(dim=1).values - logits.mean(dim=1)
        (slope,) = torch.autograd.grad(margins.sum(), embeddings)
        products = (slope * embeddings).sum(dim=2).detach().double().cpu().numpy()
        lengths = mask.sum(dim=1).tolist()
        return [np.asarray(row[:length]) for row, length in zip(products, lengths, strict=True)]


def state_encoder(spec: str) -> LanguageStateEncoder:
    """The reader of states behind a spec.

    Raises:
        BadInput: the spec names an encoder of another kind.
    """
    encoder = own_encoder(spec)
    inner = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    if not isinstance(inner, LanguageStateEncoder):
        raise BadInput(f"{spec!r} is no language model's states", mend="use 'states:embedded'")
    return inner
