"""Batches of texts of different length."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.tap.batches import pad_rows, plan_token_batches

CPU = torch.device("cpu")
ROWS = st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=8), min_size=1, max_size=6)


@given(lengths=st.lists(st.integers(1, 60), max_size=40), batch_tokens=st.integers(0, 200))
def test_every_text_is_in_one_batch_and_batches_are_not_too_large(lengths: list[int], batch_tokens: int) -> None:
    batches = plan_token_batches(lengths, batch_tokens)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        width = max(lengths[index] for index in batch)
        assert len(batch) == 1 or len(batch) * width <= batch_tokens
    # Longest first, and a batch is closed only when the next text would not fit any more.
    ordered = [lengths[index] for batch in batches for index in batch]
    assert ordered == sorted(lengths, reverse=True)
    for batch, after in pairwise(batches):
        assert after
        assert (len(batch) + 1) * lengths[batch[0]] > batch_tokens


@given(rows=ROWS, side=st.sampled_from(["left", "right"]), fill=st.integers(0, 99))
def test_padded_rows_hold_every_token_under_the_mask(rows: list[list[int]], side: Any, fill: int) -> None:
    ids, mask = pad_rows(rows, fill, side, CPU)
    assert ids.shape == mask.shape == (len(rows), max(map(len, rows)))
    assert [ids[row][mask[row].bool()].tolist() for row in range(len(rows))] == rows
    assert (ids[~mask.bool()] == fill).all()
    edge = mask[:, -1] if side == "left" else mask[:, 0]
    assert edge.all(), "padding is on one side only"
    assert (mask.diff(dim=1).abs().sum(1) <= 1).all()


def test_what_cannot_be_padded_is_refused() -> None:
    with pytest.raises(BadInput, match="padding is 'middle'; use 'left' or 'right'"):
        pad_rows([[1]], 0, "middle", CPU)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="there are no rows"):
        pad_rows([], 0, "left", CPU)
    with pytest.raises(BadInput, match="a row has no tokens"):
        pad_rows([[1], []], 0, "left", CPU)


def test_no_text_gives_no_batch() -> None:
    assert plan_token_batches([], 10) == []
