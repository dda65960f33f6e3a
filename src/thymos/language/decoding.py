"""Generating token by token for a whole batch, with shared beginnings computed once and finished rows dropped.

Unlike ``transformers``' own loop, which computes every prompt from its first token and carries finished rows along
until the longest is done. Penalties that a model's ``generation_config`` may hold are not applied: replies are greedy
or sampled by temperature and top-p, and nothing else.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from thymos.language.known_beginnings import KnownBeginnings
from thymos.language.model import GenerationSettings
from thymos.language.prefix_tree import PassRows, PrefixState, one_level, plan_levels
from thymos.language.stopping import StoppedText

CROWDED = 0.75  # the cache is cut to the running rows when fewer than this share of its rows still run


class StopTexts:
    """Tells when new text holds a stop text.

    Args:
        tokenizer: decodes the new tokens.
        stop: texts that end a reply.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self.tokenizer = tokenizer
        self.stop = tuple(stop)
        # A token adds at least one byte, so a stop text that the last token completes starts within this many tokens.
        self.reach = max((len(text.encode()) for text in stop), default=0) + 4

    def reached(self, tokens: Sequence[int]) -> bool:
        """Whether the newest of these tokens completed a stop text."""
        if not self.stop:
            return False
        text = self.tokenizer.decode(tokens[-self.reach :], skip_special_tokens=True)
        return any(stop in text for stop in self.stop)


class Sampler:
    """Chooses one token a row: the most probable, or by the Gumbel-max trick with a generator of its own for each row.

    A row's noise depends only on its seed and the step, so a sampled reply does not change with its batch.

    Args:
        seeds: one a row.
        settings: temperature and top-p.
    """

    def __init__(self, seeds: Sequence[int], settings: GenerationSettings) -> None:
        self.temperature = settings.temperature
        self.top_p = settings.top_p
        self.generators = [np.random.default_rng(seed) for seed in seeds] if settings.temperature > 0 else []

    def choose(self, logits: torch.Tensor, rows: Sequence[int]) -> list[int]:
        """The next token of each row.

        Args:
            logits: shape (rows, vocabulary).
            rows: which of the generators belong to the logits.
        """
        if self.temperature == 0:
            return logits.argmax(-1).tolist()
        scaled = (logits.float() / self.temperature).log_softmax(-1)
        if self.top_p < 1:
            ranked, places = scaled.sort(-1, descending=True)
            before = ranked.exp().cumsum(-1) - ranked.exp()  # probability of all better tokens
            ranked = ranked.masked_fill(before >= self.top_p, -torch.inf)
            scaled = torch.empty_like(scaled).scatter(-1, places, ranked)
        noise = np.stack([self.generators[row].gumbel(size=scaled.shape[-1]) for row in rows])
        return (scaled + torch.from_numpy(noise).to(scaled)).argmax(-1).tolist()


@torch.inference_mode()
def decode_batch(
    model: Any,
    rows: Sequence[Sequence[int]],
    sampler: Sampler,
    stop: StopTexts,
    *,
    max_new_tokens: int,
    end_ids: set[int],
    padding: int,
    share: bool = True,
    numbers: PassRows | None = None,
) -> list[list[int]]:
    """New tokens of each row, up to and with the token that ended it.

    Args:
        model: a transformers causal language model that attends to everything.
        rows: token ids of the prompts, neighbors in token order next to each other.
        sampler: see Sampler; row ``i`` uses its generator ``i``.
        stop: see StopTexts.
        max_new_tokens: upper bound a row.
        end_ids: tokens that end a reply.
        padding: a token that fills up.
        share: compute shared beginnings once; without it the first pass reads every prompt whole, one a row.
        numbers: which prompts of the call the rows are, told to hooks on the model when ``share`` is off.
    """
    state = PrefixState(model, padding, None if share else numbers)
    logits = state.run(plan_levels(rows) if share else [one_level(rows)])
    new: list[list[int]] = [[] for _ in rows]
    slots = list(range(len(rows)))  # which prompt each row of the cache belongs to
    running = set(slots)
    for step in range(max_new_tokens):
        active = [place for place, row in enumerate(slots) if row in running]
        chosen = sampler.choose(logits[active], [slots[place] for place in active])
        for place, token in zip(active, chosen, strict=True):
            row = slots[place]
            new[row].append(token)
            if token in end_ids or stop.reached(new[row]):
                running.discard(row)
        if not running or step == max_new_tokens - 1:
            break
        if len(running) < CROWDED * len(slots):
            kept = [place for place, row in enumerate(slots) if row in running]
            state.select(kept)
            slots = [slots[place] for place in kept]
        if state.rows is not None and numbers is not None:
            state.rows = PassRows(tuple(numbers.prompts[row] if row in running else -1 for row in slots), numbers.count)
        logits = state.extend([[new[row][-1] if row in running else padding] for row in slots])[:, -1]
    return new


@torch.inference_mode()
def decode_stream(
    model: Any,
    row: Sequence[int],
    sampler: Sampler,
    *,
    max_new_tokens: int,
    end_ids: set[int],
    padding: int,
    known: KnownBeginnings | None = None,
) -> Iterator[int]:
    """New tokens of one prompt as they are chosen, without the token that ends the reply.

    Args:
        model: as for ``decode_batch``.
        row: token ids of the prompt.
        sampler: of one row.
        max_new_tokens: upper bound.
        end_ids: tokens that end a reply.
        padding: a token that fills up.
        known: what the model has read lately; what is read now is added to it, also where the caller stops early.
    """
    begun, length = known.take(row) if known is not None else (None, 0)
    state = PrefixState(model, padding) if begun is None else begun
    logits = state.extend([row[length:]])[:, -1]
    read = list(row)
    try:
        for step in range(max_new_tokens):
            (token,) = sampler.choose(logits, [0])
            if token in end_ids:
                return
            yield token
            if step < max_new_tokens - 1:
                logits = state.extend([[token]])[:, -1]
                read.append(token)
    finally:
        if known is not None:
            known.keep(read, state)


class TextPieces:
    """Text of tokens that come one by one: whole characters only, and nothing that a stop text may still swallow.

    Args:
        tokenizer: decodes the tokens.
        stop: texts that end the reply; it is cut before the first one.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str]) -> None:
        self.tokenizer, self.cut = tokenizer, StoppedText(stop)
        self.tokens: list[int] = []

    @property
    def stopped(self) -> bool:
        """Whether a stop text was reached."""
        return self.cut.stopped

    def add(self, token: int) -> str:
        """What is sure to be said after one more token; may be empty."""
        self.tokens.append(token)
        # A character may be spread over tokens: its first bytes decode to the replacement character.
        return self.cut.grown(self._text().rstrip("\ufffd"))

    def rest(self) -> str:
        """What was held back, once the last token came."""
        return self.cut.grown(self._text(), end=True)

    def _text(self) -> str:
        return str(self.tokenizer.decode(self.tokens, skip_special_tokens=True))
