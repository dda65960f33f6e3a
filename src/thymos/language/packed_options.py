"""Scoring all options of a prompt in one row: they stand one behind the other and do not see each other.

One row a prompt instead of one an option: the prompt's key-value cache is not copied for each, and options of unlike
length fill a row together instead of being padded to the longest.
"""

from collections.abc import Sequence
from typing import Any

import torch

from thymos.language.prefix_tree import PrefixState, attends_to_everything, plan_widths

PASS_TOKENS = 2_048
"""Tokens of options that run together; each needs a row of logits over the vocabulary."""
MASKED_ATTENTION = frozenset({"sdpa", "eager"})
"""Kinds of attention that take a mask of their own for every token."""


def can_pack(model: Any) -> bool:
    """Whether the model takes a mask that says for every token which others it sees."""
    return attends_to_everything(model) and getattr(model.config, "_attn_implementation", "") in MASKED_ATTENTION


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
    widths = [sum(len(option) - 1 for option in options) for options in rows]
    for alike in plan_widths(widths):
        wanted = [place for place in alike if widths[place]]
        most = max(1, PASS_TOKENS // max([widths[place] for place in wanted], default=1))
        for start in range(0, len(wanted), most):
            part = wanted[start : start + most]
            for place, values in zip(part, _part(state, part, [rows[place] for place in part]), strict=True):
                totals[place] = values
    return totals


def _part(state: PrefixState, part: Sequence[int], rows: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
    """The same for some of the prompts, in one pass."""
    model, device = state.model, state.mask.device
    before = state.mask[list(part)]
    past = before.shape[1]
    width = max(sum(len(option) - 1 for option in options) for options in rows)
    ids = torch.full((len(rows), width), state.padding, device=device)
    # The option of each token, -1 for padding; and its place in the text, as if the option stood alone.
    owner = torch.full((len(rows), width), -1, device=device)
    places = before.sum(-1, keepdim=True).repeat(1, width)
    for row, options in enumerate(rows):
        at = 0
        for number, option in enumerate(options):
            length = len(option) - 1
            ids[row, at : at + length] = torch.tensor(option[:-1], device=device)
            owner[row, at : at + length] = number
            places[row, at : at + length] += torch.arange(length, device=device)
            at += length
    earlier = torch.ones(width, width, dtype=torch.bool, device=device).tril()
    own = (owner[:, :, None] == owner[:, None, :]) & earlier
    seen = torch.cat([before.bool()[:, None].expand(-1, width, -1), own], dim=2)
    mask = torch.zeros(seen.shape, dtype=model.dtype, device=device).masked_fill_(~seen, torch.finfo(model.dtype).min)
    cache = state.copy().cache
    if list(part) != list(range(len(state.mask))) and past:
        cache.batch_select_indices(torch.tensor(list(part), device=device))
    logits = model(
        input_ids=ids, attention_mask=mask[:, None], position_ids=places, past_key_values=cache, use_cache=True
    ).logits
    found = []
    for row, options in enumerate(rows):
        at, values = 0, []
        for option in options:
            length = len(option) - 1
            own_logits = logits[row, at : at + length].float()
            chosen = own_logits.gather(-1, torch.tensor(option[1:], device=device, dtype=torch.long)[:, None])[:, 0]
            values.append(float((chosen - own_logits.logsumexp(-1)).double().sum()))
            at += length
        found.append(values)
    return found
