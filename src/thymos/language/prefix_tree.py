"""Computing what prompts have in common only once: batches of prompts as small trees of shared beginnings.

Benchmark prompts repeat themselves: a system prompt shared by all, an instruction shared by a task, then the item. A
batch is run in up to three levels. The first level computes what all prompts of the batch share (one row), the second
what groups of neighbors share (one row a group), the third the rest (one row a prompt). Each level selects its parents'
rows of the key-value cache and adds its own tokens, padded on the left and masked.
"""

import copy
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from transformers import DynamicCache

LEAST_SHARED = 8  # tokens; sharing less is not worth another forward pass
LEAST_PADDING = 16  # tokens a row; saving less is not worth another forward pass


@dataclass(frozen=True)
class Level:
    """One forward pass of a batch.

    Args:
        parents: for each row, its row in the level above; empty for the first level.
        chunks: for each row, the tokens that it adds; at least one.
    """

    parents: tuple[int, ...]
    chunks: tuple[tuple[int, ...], ...]

    def select(self, places: Sequence[int]) -> "Level":
        """Some of its rows."""
        return Level(
            tuple(self.parents[place] for place in places) if self.parents else (),
            tuple(self.chunks[place] for place in places),
        )


@dataclass(frozen=True)
class PassRows:
    """Which prompts the rows of a forward pass belong to, where every row is a whole prompt.

    Args:
        prompts: for each row, the number of its prompt in the call, from 0; -1 for a row that is done and only waits
            for the others.
        count: prompts of the call.
    """

    prompts: tuple[int, ...]
    count: int

    def select(self, places: Sequence[int]) -> "PassRows":
        """These rows, in this order; a row may be taken several times or never."""
        return PassRows(tuple(self.prompts[place] for place in places), self.count)


PASS_ROWS: ContextVar[PassRows | None] = ContextVar("pass_rows", default=None)
"""What the rows of the running pass are, for hooks on the model; None where nobody says."""


def shared_length(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two prompts have in common at the start.

    Example:
        >>> shared_length([1, 2, 3], [1, 2, 4, 5])
        2
    """
    count = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        count += 1
    return count


def plan_batches(rows: Sequence[Sequence[int]], batch_size: int, positions: int, *, extra: int = 0) -> list[list[int]]:
    """Cut rows into batches of neighbors in token order, where prompts that begin alike stand together.

    Args:
        rows: token ids of each prompt.
        batch_size: most rows of a batch.
        positions: most rows x (longest row + extra) of a batch (memory of the key-value cache); one row always fits.
        extra: tokens that every row will get later.

    Returns:
        Batches of places in ``rows``; every place once.
    """
    batches: list[list[int]] = []
    widest = 0
    for place in sorted(range(len(rows)), key=lambda place: tuple(rows[place])):
        widest = max(widest, len(rows[place]))
        full = not batches or len(batches[-1]) >= batch_size or (len(batches[-1]) + 1) * (widest + extra) > positions
        if full:
            batches.append([])
            widest = len(rows[place])
        batches[-1].append(place)
    return batches


def plan_levels(rows: Sequence[Sequence[int]]) -> list[Level]:
    """The levels of one batch, so that few tokens are computed.

    Args:
        rows: token ids, neighbors in token order next to each other; none is empty.

    Returns:
        One to three levels; following parents and joining chunks gives every row again.
    """
    # Every row keeps at least its last token for its own level: its logits are wanted.
    neighbors = [min(shared_length(first, second), len(first) - 1, len(second) - 1) for first, second in pairwise(rows)]
    root = min(neighbors) if neighbors else 0
    if len(rows) == 1 or root < LEAST_SHARED:
        root = 0
    groups = _best_groups(rows, neighbors, root)
    levels = []
    if root:
        levels.append(Level((), (tuple(rows[0][:root]),)))
    if any(depth > root for _, depth in groups):
        # A group that shares nothing more than the root has no token to add: it needs one, so take it from a row.
        levels.append(
            Level(
                (0,) * len(groups) if root else (),
                tuple(tuple(rows[members[0]][root:depth]) for members, depth in groups),
            )
        )
        starts = [depth for members, depth in groups for _ in members]
        parents = [number for number, (members, _) in enumerate(groups) for _ in members]
    else:
        starts = [root] * len(rows)
        parents = [0] * len(rows) if root else []
    levels.append(Level(tuple(parents), tuple(tuple(row[start:]) for row, start in zip(rows, starts, strict=True))))
    return levels


def one_level(rows: Sequence[Sequence[int]]) -> Level:
    """A batch as one pass in which every row is a whole prompt."""
    return Level((), tuple(tuple(row) for row in rows))


def _best_groups(rows: Sequence[Sequence[int]], neighbors: list[int], root: int) -> list[tuple[list[int], int]]:
    """Neighbors that share more than the root, as (places, shared tokens); the cut that computes fewest tokens."""
    whole = [(list(range(len(rows))), root)]
    best, fewest = whole, root + sum(len(row) - root for row in rows)
    for cut in sorted(set(neighbors)):
        if cut < root + LEAST_SHARED:
            continue
        groups: list[tuple[list[int], int]] = []
        for place, row in enumerate(rows):
            if place and neighbors[place - 1] >= cut:
                members, depth = groups[-1]
                groups[-1] = ([*members, place], min(depth, neighbors[place - 1]))
            else:
                groups.append(([place], len(row) - 1))
        # A row alone would compute its own tokens in two passes; let it keep one token more than the root.
        groups = [(members, depth if len(members) > 1 else min(depth, root + 1)) for members, depth in groups]
        if any(depth <= root for _, depth in groups):
            continue
        tokens = root + sum((depth - root) + sum(len(rows[m]) - depth for m in members) for members, depth in groups)
        if tokens < fewest:
            best, fewest = groups, tokens
    return best


def plan_widths(lengths: Sequence[int]) -> list[list[int]]:
    """Cut rows into groups of similar length, so that little padding is computed; longest first.

    Args:
        lengths: tokens of each row.

    Returns:
        Groups of places; every place once.

    Example:
        >>> plan_widths([100, 20, 95, 18])
        [[0, 2], [1, 3]]
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        widest = lengths[groups[-1][0]] if groups else 0
        if not groups or widest - lengths[place] > max(LEAST_PADDING, widest // 6):
            groups.append([])
        groups[-1].append(place)
    return groups


class PrefixState:
    """Key-value cache and mask of rows that were computed so far.

    Args:
        model: a transformers causal language model.
        padding: token that fills up; it is masked everywhere.
        rows: which prompts the rows are, where every row is a whole prompt; None otherwise.

    Attributes:
        mask: shape (rows, positions), 1 where a real token stands.
    """

    def __init__(self, model: Any, padding: int, rows: PassRows | None = None) -> None:
        self.model = model
        self.padding = padding
        self.rows = rows
        self.cache: Any = DynamicCache(config=model.config)
        self.mask = torch.ones((1, 0), dtype=torch.long, device=model.device)

    def copy(self) -> "PrefixState":
        """An independent copy, when a state is continued several times."""
        twin = PrefixState(self.model, self.padding, self.rows)
        twin.cache, twin.mask = copy.deepcopy(self.cache), self.mask.clone()
        return twin

    def beginning(self, length: int) -> "PrefixState":
        """An independent state of one row that has read its first tokens only; the model attends to everything."""
        twin = PrefixState(self.model, self.padding)
        for number, layer in enumerate(self.cache.layers):
            # A copy, and not a view that would keep the whole state alive.
            twin.cache.update(layer.keys[..., :length, :].clone(), layer.values[..., :length, :].clone(), number)
        twin.mask = self.mask[:, :length].clone()
        return twin

    @property
    def size_in_bytes(self) -> int:
        """Memory of keys and values."""
        return sum(layer.keys.nbytes + layer.values.nbytes for layer in self.cache.layers)

    def select(self, parents: Sequence[int]) -> None:
        """Keep these rows of the cache, in this order; a row may be taken several times or never."""
        if list(parents) == list(range(len(self.mask))):
            return
        if self.rows is not None:
            self.rows = self.rows.select(parents)
        index = torch.tensor(list(parents), device=self.mask.device)
        if self.mask.shape[1]:
            self.cache.batch_select_indices(index)
        self.mask = self.mask[index]

    def extend(self, chunks: Sequence[Sequence[int]], *, every_logit: bool = False) -> torch.Tensor:
        """Add tokens to each row and compute them.

        Args:
            chunks: one a row, none empty; padded on the left to the same width.
            every_logit: give the logits at every place of the chunk, not only at the last.

        Returns:
            Logits of shape (rows, width or 1, vocabulary); those at padding mean nothing.
        """
        device = self.mask.device
        width = max(map(len, chunks))
        ids = torch.tensor([[self.padding] * (width - len(chunk)) + list(chunk) for chunk in chunks], device=device)
        real = torch.tensor([[0] * (width - len(chunk)) + [1] * len(chunk) for chunk in chunks], device=device)
        if len(self.mask) != len(chunks):
            self.mask = self.mask.expand(len(chunks), -1)
        self.mask = torch.cat([self.mask, real], dim=1)
        places = (self.mask.cumsum(-1) - 1).clamp(min=0)[:, -width:]
        token = PASS_ROWS.set(self.rows)
        try:
            out = self.model(
                input_ids=ids,
                attention_mask=self.mask,
                position_ids=places,
                past_key_values=self.cache,
                use_cache=True,
                logits_to_keep=0 if every_logit else 1,
            )
        finally:
            PASS_ROWS.reset(token)
        self.cache = out.past_key_values
        return out.logits

    def run(self, levels: Sequence[Level]) -> torch.Tensor:
        """Compute the levels of a batch; the last logits of every row, shape (rows, vocabulary); empty for none."""
        logits = torch.empty(0, 1, 0)
        for level in levels:
            if level.parents:
                self.select(level.parents)
            logits = self.extend(level.chunks)
        return logits[:, -1]


def attends_to_everything(model: Any) -> bool:
    """Whether every layer attends to all earlier tokens, so that caches can be cut and padded anywhere."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        return False
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return window is None and not getattr(config, "is_encoder_decoder", False)
