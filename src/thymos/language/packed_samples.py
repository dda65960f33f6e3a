"""Samples that begin alike as one row, to train on them or to score them: what they share is computed once.

The samples form a tree of tokens. Each token sees its ancestors only and has the place that it has in its sample, so
likelihoods are those of the samples one by one; questions about every turn of a dialogue cost one dialogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.language.local import LocalLanguageModel
from thymos.language.model import OptionScores, Prompt, move_trailing_spaces
from thymos.language.training_samples import TokenSample


@dataclass(frozen=True)
class PackedSamples:
    """Samples as one row of tokens.

    Args:
        ids: token ids, shape (tokens,).
        places: of each token in its sample, from 0, shape (tokens,).
        seen: whether a token (row) sees another (column), shape (tokens, tokens).
        asked: the token after which a learned one is predicted, shape (learned,).
        targets: ids of the learned tokens, shape (learned,).
    """

    ids: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    seen: npt.NDArray[np.bool_]
    asked: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]


def pack_samples(samples: Sequence[TokenSample]) -> PackedSamples:
    """Join samples at their common beginnings.

    Raises:
        BadInput: no sample, or nothing that is learned.

    Example:
        >>> packed = pack_samples([TokenSample((5, 6, 7), (False, False, True)), TokenSample((5, 8), (False, True))])
        >>> packed.ids.tolist(), packed.places.tolist(), packed.asked.tolist()
        ([5, 6, 7, 8], [0, 1, 2, 1], [1, 0])
    """
    child: dict[tuple[int, int], int] = {}
    ids: list[int] = []
    parents: list[int] = []
    asked: list[int] = []
    targets: list[int] = []
    for sample in samples:
        last = -1
        for token, learn in zip(sample.ids, sample.learned, strict=True):
            if learn and last >= 0:
                asked.append(last)
                targets.append(token)
            place = child.setdefault((last, token), len(ids))
            if place == len(ids):
                ids.append(token)
                parents.append(last)
            last = place
    if not asked:
        raise BadInput("no token is learned", where="packed samples")
    seen = np.eye(len(ids), dtype=np.bool_)
    for place, parent in enumerate(parents):
        if parent >= 0:
            seen[place] |= seen[parent]
    return PackedSamples(np.array(ids), seen.sum(axis=1) - 1, seen, np.array(asked), np.array(targets))


def learned_likelihoods(model: Any, packed: PackedSamples) -> torch.Tensor:
    """Log-likelihood of each learned token, in nats, as if each sample stood alone; shape (learned,).

    Args:
        model: one for which ``packed_options.can_pack`` is true.
        packed: see ``pack_samples``.
    """
    device, kind = model.device, model.dtype
    seen = torch.from_numpy(packed.seen).to(device)
    mask = torch.zeros(seen.shape, dtype=kind, device=device).masked_fill_(~seen, torch.finfo(kind).min)
    asked, back = np.unique(packed.asked, return_inverse=True)
    logits = model(
        input_ids=torch.from_numpy(packed.ids)[None].to(device),
        attention_mask=mask[None, None],
        position_ids=torch.from_numpy(packed.places)[None].to(device),
        logits_to_keep=torch.from_numpy(asked).to(device),
        use_cache=False,
    ).logits[0]
    logs = logits.float().log_softmax(-1)
    return logs[torch.from_numpy(back).to(device), torch.from_numpy(packed.targets).to(device)]


def packed_loss(model: Any, packed: PackedSamples) -> torch.Tensor:
    """Mean loss of the learned tokens, in nats; see ``learned_likelihoods``."""
    return -learned_likelihoods(model, packed).mean()


@torch.inference_mode()
def score_together(
    model: LocalLanguageModel, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
) -> list[OptionScores]:
    """What ``stream_scores`` gives, for prompts that begin alike to any depth, in one pass.

    Args:
        model: one whose network can be packed, see ``packed_options.can_pack``.
        prompts: few enough that all their tokens fit into memory together.
        options: the texts of each prompt.
    """
    samples, counts = [], []
    for number, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
        before, moved = move_trailing_spaces(prompt, texts)
        ids = model.encode_prompt(before)
        answers = [model.encode_option(text) for text in moved]
        model.check_length(len(ids) + max(map(len, answers)), f"prompt {number}")
        samples += [TokenSample((*ids, *answer), (False,) * len(ids) + (True,) * len(answer)) for answer in answers]
        counts.append([len(answer) for answer in answers])
    values = learned_likelihoods(model.model, pack_samples(samples)).double().cpu().numpy()
    ends = np.cumsum([count for own in counts for count in own])
    totals = np.add.reduceat(values, np.r_[0, ends[:-1]])
    found, first = [], 0
    for own, texts in zip(counts, options, strict=True):
        sizes = np.array([len(text.encode()) for text in texts], dtype=np.int64)
        found.append(OptionScores(totals[first : first + len(own)], np.array(own, dtype=np.int64), sizes))
        first += len(own)
    return found
