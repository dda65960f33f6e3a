"""Conversations as training samples: tokens through the chat template, and which of them are learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from thymos.errors import BadInput, Unavailable
from thymos.language.model import Conversation, as_plain, check_conversation

IGNORED = -100
"""Label of tokens that do not count in the loss, as transformers has it."""

# Batches are cut from pools of this many batches that are sorted by length: little padding, still a random order.
BATCHES_A_POOL = 16


@dataclass(frozen=True)
class TokenSample:
    """One conversation in tokens.

    Args:
        ids: token ids.
        learned: for each token whether it counts in the loss.
    """

    ids: tuple[int, ...]
    learned: tuple[bool, ...]

    @property
    def learned_count(self) -> int:
        """Tokens that count in the loss."""
        return sum(self.learned)


def encode_conversation(tokenizer: Any, conversation: Conversation, *, max_tokens: int = 1024) -> TokenSample:
    """A conversation as the chat template writes it; the assistant's turns are learned, with the marker that ends them.

    A turn is tokenized apart from what stands before it, because that is how a model meets it when it replies.

    Args:
        tokenizer: with a chat template that writes a conversation as a continuation of its beginnings.
        conversation: at least one turn of the assistant.
        max_tokens: what is longer is cut at the end.

    Raises:
        BadInput: no assistant's turn, none left within ``max_tokens``, or a template of another kind.
        Unavailable: no chat template.
    """
    check_conversation(conversation, "training sample")
    if not tokenizer.chat_template:
        raise Unavailable("the model has no chat template, so it cannot be fine-tuned on conversations")
    turns = as_plain(conversation)
    ids: list[int] = []
    learned: list[bool] = []
    written = ""

    def extend(text: str, learn: bool) -> None:
        nonlocal written
        if not text.startswith(written):
            raise BadInput(
                "the chat template rewrites earlier turns when others follow",
                where="training sample",
                mend="train on conversations with one assistant turn, at the end",
            )
        added = tokenizer(text[len(written) :], add_special_tokens=False)["input_ids"] if text != written else []
        ids.extend(added)
        learned.extend([learn] * len(added))
        written = text

    for place, turn in enumerate(turns):
        if turn["role"] == "assistant":  # type: ignore[index]
            extend(_template_text(tokenizer, turns[:place], reply_next=True), False)
            extend(_template_text(tokenizer, turns[: place + 1], reply_next=False), True)
    if not any(learned[:max_tokens]):
        raise BadInput(
            f"no assistant's turn begins within {max_tokens} tokens",
            where="training sample",
            mend="leave the conversation out or allow more tokens",
        )
    return TokenSample(tuple(ids[:max_tokens]), tuple(learned[:max_tokens]))


def _template_text(tokenizer: Any, turns: Any, *, reply_next: bool) -> str:
    try:
        return str(tokenizer.apply_chat_template(turns, add_generation_prompt=reply_next, tokenize=False))
    except Exception as error:  # templates are programs: they raise whatever they like
        raise BadInput(
            f"the chat template refuses this conversation ({error})",
            where="training sample",
            mend="check the order of the roles",
        ) from error


def epoch_batches(lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int) -> list[list[int]]:
    """Places of the samples of each step of one epoch: random, but samples of similar length together.

    Example:
        >>> sorted(place for batch in epoch_batches([5, 1, 4], 2, seed=0, epoch=0) for place in batch)
        [0, 1, 2]
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths)).tolist()
    pool = batch_size * BATCHES_A_POOL
    batches = []
    for start in range(0, len(order), pool):
        chosen = sorted(order[start : start + pool], key=lambda place: lengths[place])
        batches += [chosen[first : first + batch_size] for first in range(0, len(chosen), batch_size)]
    return [batches[place] for place in rng.permutation(len(batches))]


def collate(samples: Sequence[TokenSample], padding: int) -> dict[str, torch.Tensor]:
    """Samples as one batch: input_ids, attention_mask and labels, each (samples, longest), padded at the end."""
    width = max(len(sample.ids) for sample in samples)
    rows: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for sample in samples:
        gap = width - len(sample.ids)
        labels = [token if learn else IGNORED for token, learn in zip(sample.ids, sample.learned, strict=True)]
        rows["input_ids"].append([*sample.ids, *[padding] * gap])
        rows["attention_mask"].append([1] * len(sample.ids) + [0] * gap)
        rows["labels"].append([*labels, *[IGNORED] * gap])
    return {name: torch.tensor(values) for name, values in rows.items()}
