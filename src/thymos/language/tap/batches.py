"""Texts of different length in one tensor: which run together, and how they are filled up."""

from collections.abc import Sequence
from typing import Literal

import torch

from thymos.errors import BadInput

Side = Literal["left", "right"]


def plan_token_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Cut texts into batches of similar length that hold at most ``batch_tokens`` with padding; one text always fits.

    Example:
        >>> plan_token_batches([3, 9, 4, 8], 18)
        [[1, 3], [2, 0]]
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if not batches or (len(batches[-1]) + 1) * lengths[batches[-1][0]] > batch_tokens:
            batches.append([])
        batches[-1].append(index)
    return batches


def pad_rows(
    rows: Sequence[Sequence[int]], padding_id: int, side: Side, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask of a batch, each of shape (rows, longest row)."""
    check_side(side)
    if not rows or not all(map(len, rows)):
        raise BadInput("a row has no tokens" if rows else "there are no rows", where="tap", mend="leave it out")
    width = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        fill, real = [padding_id] * (width - len(row)), [1] * len(row)
        ids.append([*fill, *row] if side == "left" else [*row, *fill])
        mask.append([0] * len(fill) + real if side == "left" else real + [0] * len(fill))
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def check_side(side: Side) -> None:
    """Raise BadInput unless this is a side."""
    if side not in ("left", "right"):
        raise BadInput(f"padding is {side!r}", where="tap", mend="use 'left' or 'right'")
