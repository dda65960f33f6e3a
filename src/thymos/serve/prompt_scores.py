"""Log-probabilities of every token of a text: what completions with ``echo`` and ``logprobs`` return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from thymos.errors import BadInput, Unavailable
from thymos.language.cache import CachedLanguageModel
from thymos.language.local import LocalLanguageModel
from thymos.language.model import LanguageModel


@dataclass(frozen=True)
class TokenScores:
    """The tokens of one text.

    Args:
        tokens: the characters that each token adds; joined they are the text. Tokens without a character of their
            own (special tokens, later bytes of one character) are empty.
        offsets: where each token's characters start in the text; an empty token that continues a character has the
            place of this character.
        log_likelihoods: in nats, given all tokens before; None for the first token.
        top: the most probable tokens at each place with their log-likelihoods; None for the first token.
    """

    tokens: tuple[str, ...]
    offsets: tuple[int, ...]
    log_likelihoods: tuple[float | None, ...]
    top: tuple[Mapping[str, float] | None, ...]

    def as_logprobs(self, with_top: bool) -> dict[str, Any]:
        """The ``logprobs`` field of a completion."""
        return {
            "tokens": list(self.tokens),
            "token_logprobs": list(self.log_likelihoods),
            "top_logprobs": [None if one is None else dict(one) for one in self.top] if with_top else None,
            "text_offset": list(self.offsets),
        }


def local_model(model: LanguageModel) -> LocalLanguageModel:
    """The model held in memory under a reply cache.

    Raises:
        Unavailable: when the model is behind an endpoint.
    """
    inner = model.model if isinstance(model, CachedLanguageModel) else model
    if not isinstance(inner, LocalLanguageModel):
        raise Unavailable(f"{model.name} is not held in memory, so the log-probabilities of its input are not known")
    return inner


@torch.inference_mode()
def score_tokens(model: LocalLanguageModel, text: str, top: int = 0) -> TokenScores:
    """Log-likelihood of every token of a text.

    Args:
        model: a model in memory with a fast tokenizer.
        text: what is scored, as raw text; the tokenizer adds its own special tokens.
        top: how many of the most probable tokens are named at every place.

    Raises:
        Unavailable: when the tokenizer does not say where its tokens stand in the text.
        BadInput: when the text has no token or does not fit the context.
    """
    ids = model.encode_prompt(text)
    room = model.context_length
    if room is not None and len(ids) > room:
        raise BadInput(f"the prompt has {len(ids)} tokens, {model.name} has room for {room}", mend="shorten it")
    try:
        spans = model.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    except NotImplementedError:
        raise Unavailable(f"the tokenizer of {model.name} does not say where its tokens stand in the text") from None
    tokens, offsets = token_texts(text, spans)
    found: list[float | None] = [None]
    best: list[Mapping[str, float] | None] = [None]
    if len(ids) > 1:
        logits = model.model(input_ids=torch.tensor([ids], device=model.device)).logits[0, :-1].float()
        # The logarithm of the sum first: a second table of positions × vocabulary would double the memory.
        norm = logits.logsumexp(-1, keepdim=True)
        following = torch.tensor(ids[1:], device=model.device)[:, None]
        found += (logits.gather(-1, following) - norm)[:, 0].double().tolist()
        best += _best(model, logits, norm, top) if top else [{}] * (len(ids) - 1)
    return TokenScores(tokens, offsets, tuple(found), tuple(best))


def _best(model: LocalLanguageModel, logits: torch.Tensor, norm: torch.Tensor, top: int) -> list[dict[str, float]]:
    values, places = logits.topk(min(top, logits.shape[-1]), dim=-1)
    rows = []
    for numbers, names in zip((values - norm).double().tolist(), places.tolist(), strict=True):
        texts = [model.tokenizer.decode([name]) for name in names]
        # Several tokens can read the same (parts of characters); the most probable one keeps the name.
        rows.append(dict(reversed(list(zip(texts, numbers, strict=True)))))
    return rows


def token_texts(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The characters that each token adds and where they start.

    Tokenizers leave blanks out of their spans and give every byte of one character the same span. Here each token
    starts where the one before ended, the last one ends with the text, a token that adds no character stands at the
    place of the character that it continues, and a special token between characters.

    Example:
        >>> token_texts("a bc", [(0, 1), (2, 3), (3, 4)])
        (('a', ' b', 'c'), (0, 1, 3))
    """
    texts, offsets, done = [], [], 0
    last = max((place for place, (start, end) in enumerate(spans) if end > start), default=-1)
    for place, (start, end) in enumerate(spans):
        until = len(text) if place == last else max(done, end)
        texts.append(text[done:until])
        continues = until == done and end > start
        offsets.append(done - 1 if continues else done)
        done = until
    return tuple(texts), tuple(offsets)
