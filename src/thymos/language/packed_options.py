"""Scoring many options of a prompt in one row: they stand one behind the other and do not see each other.

One row a prompt instead of one an option: the prompt's key-value cache is not copied for each, and options of unlike
length fill a row together instead of being padded to the longest. Where a prompt's options are too many for one pass
they take several rows.
"""

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from thymos.language.prefix_tree import PrefixState, attends_to_everything, plan_widths

PASS_TOKENS = 2_048
"""Tokens of options that run together, padding included; each needs a row of logits over the vocabulary."""
MASKED_ATTENTION = frozenset({"sdpa", "eager"})
"""Kinds of attention that take a mask of their own for every token."""


def can_pack(model: Any) -> bool:
    """Whether the model takes a mask that says for every token which others it sees, and every token's place.

    Models that count places from the mask or by columns of the cache (Bloom, MPT, Falcon with ALiBi) do not.
    """
    config = model.config.get_text_config()
    return (
        attends_to_everything(model)
        and getattr(config, "_attn_implementation", "") in MASKED_ATTENTION
        and "position_ids" in inspect.signature(model.forward).parameters
        and not getattr(config, "alibi", False)
    )


@dataclass(frozen=True)
class _Row:
    """Options of one prompt that stand behind each other: the prompt's place, and their numbers and tokens."""

    place: int
    numbers: tuple[int, ...]
    options: tuple[Sequence[int], ...]

    @property
    def width(self) -> int:
        """Tokens; the last one of an option predicts nothing and is left out."""
        return sum(len(option) - 1 for option in self.options)


@torch.inference_mode()
def packed_likelihoods(state: PrefixState, rows: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
    """Log-likelihood of the second and later tokens of every option, in nats; 0 for options of one token.

    Args:
        state: the prompts, one a row, computed up to their last token; it is left as it is.
        rows: for each prompt the token ids of its options.

    Returns:
        For each prompt one number an option.
    """
    totals = [[0.0] * len(options) for options in rows]
    packed = [row for place, options in enumerate(rows) for row in _pack(place, options)]
    for alike in plan_widths([row.width for row in packed]):
        together = max(1, PASS_TOKENS // packed[alike[0]].width)
        for start in range(0, len(alike), together):
            part = [packed[number] for number in alike[start : start + together]]
            for row, values in zip(part, _run(state, part), strict=True):
                for number, value in zip(row.numbers, values, strict=True):
                    totals[row.place][number] = value
    return totals


def _pack(place: int, options: Sequence[Sequence[int]]) -> list[_Row]:
    """The options of more than one token, in rows of PASS_TOKENS at most; a longer option has a row of its own."""
    found: list[list[int]] = []
    width = 0
    for number, option in enumerate(options):
        length = len(option) - 1
        if not length:
            continue
        if not found or width + length > PASS_TOKENS:
            found.append([])
            width = 0
        found[-1].append(number)
        width += length
    return [_Row(place, tuple(numbers), tuple(options[number] for number in numbers)) for numbers in found]


def _chosen(cache: Any, places: Sequence[int], device: torch.device) -> Any:
    """A cache of these rows, in this order. Only they are copied; the given cache keeps its tensors."""
    found = copy.copy(cache)
    found.layers = [copy.copy(layer) for layer in cache.layers]
    found.batch_select_indices(torch.tensor(list(places), device=device))
    return found


def _run(state: PrefixState, part: Sequence[_Row]) -> list[list[float]]:
    """The likelihoods of some rows' options, in one pass."""
    model, device = state.model, state.mask.device
    chosen = [row.place for row in part]
    before = state.mask[chosen]
    width = max(row.width for row in part)
    ids = torch.full((len(part), width), state.padding, device=device)
    # The option of each token, -1 for padding; and its place in the text, as if the option stood alone.
    owner = torch.full((len(part), width), -1, device=device)
    places = before.sum(-1, keepdim=True).repeat(1, width)
    for line, row in enumerate(part):
        at = 0
        for number, option in enumerate(row.options):
            length = len(option) - 1
            ids[line, at : at + length] = torch.tensor(option[:-1], device=device)
            owner[line, at : at + length] = number
            places[line, at : at + length] += torch.arange(length, device=device)
            at += length
    earlier = torch.ones(width, width, dtype=torch.bool, device=device).tril()
    own = (owner[:, :, None] == owner[:, None, :]) & earlier
    seen = torch.cat([before.bool()[:, None].expand(-1, width, -1), own], dim=2)
    mask = torch.zeros(seen.shape, dtype=model.dtype, device=device).masked_fill_(~seen, torch.finfo(model.dtype).min)
    logits = model(
        input_ids=ids,
        attention_mask=mask[:, None],
        position_ids=places,
        past_key_values=_chosen(state.cache, chosen, device),
        use_cache=True,
    ).logits
    found = []
    for line, row in enumerate(part):
        at, values = 0, []
        for option in row.options:
            length = len(option) - 1
            own_logits = logits[line, at : at + length].float()
            wanted = own_logits.gather(-1, torch.tensor(option[1:], device=device, dtype=torch.long)[:, None])[:, 0]
            values.append(float((wanted - own_logits.logsumexp(-1)).double().sum()))
            at += length
        found.append(values)
    return found
