"""Names of places, and which tokens are meant: against a plain loop over every row and token."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.tap.places import (
    NAMED_POSITIONS,
    Place,
    Positions,
    Site,
    check_positions,
    choose_positions,
    numbered_positions,
    token_columns,
)

# Texts as (padding on the left, tokens, padding on the right) that share one width.
WIDTH = 9
TEXTS = st.lists(
    st.integers(1, WIDTH).flatmap(lambda count: st.tuples(st.integers(0, WIDTH - count), st.just(count))),
    min_size=1,
    max_size=5,
)


def mask_of(texts: list[tuple[int, int]]) -> torch.Tensor:
    return torch.tensor([[left <= column < left + count for column in range(WIDTH)] for left, count in texts])


@given(texts=TEXTS, name=st.sampled_from(NAMED_POSITIONS), prefill=st.booleans())
def test_named_positions_equal_the_plain_loop(texts: list[tuple[int, int]], name: Any, prefill: bool) -> None:
    chosen = choose_positions(name, mask_of(texts), prefill=prefill)
    for row, (left, count) in enumerate(texts):
        for column in range(WIDTH):
            real = left <= column < left + count
            end = column == left + count - 1
            expected = {
                "all": real,
                "prompt": real and prefill,
                "generated": real and not prefill,
                "prompt_end": real and prefill and end,
                "last": real and (end or not prefill),
            }[name]
            assert bool(chosen[row, column]) == expected


@given(texts=TEXTS, data=st.data())
def test_numbered_positions_equal_python_indexing(texts: list[tuple[int, int]], data: st.DataObject) -> None:
    shortest = min(count for _, count in texts)
    positions = tuple(data.draw(st.lists(st.integers(-shortest, shortest - 1), min_size=1, max_size=4)))
    real = mask_of(texts)
    columns = token_columns(positions, real)
    expected = [[range(left, left + count)[position] for position in positions] for left, count in texts]
    assert columns.tolist() == expected
    chosen = choose_positions(positions, real, prefill=True)
    assert [set(row.nonzero()[:, 0].tolist()) for row in chosen] == [set(row) for row in expected]
    assert not choose_positions(positions, real, prefill=False).any()


@given(texts=TEXTS, far=st.integers(0, 5), negative=st.booleans())
def test_positions_outside_a_text_are_refused(texts: list[tuple[int, int]], far: int, negative: bool) -> None:
    shortest = min(count for _, count in texts)
    position = -shortest - 1 - far if negative else shortest + far
    with pytest.raises(BadInput, match=rf"row \d: there are \d+ tokens, positions \[0, {position}\] are not all"):
        token_columns((0, position), mask_of(texts))


@given(texts=TEXTS, name=st.sampled_from(NAMED_POSITIONS), prefill=st.booleans())
def test_padding_is_never_meant_and_the_mask_stays_as_it_was(
    texts: list[tuple[int, int]], name: Any, prefill: bool
) -> None:
    real = mask_of(texts)
    kept = real.clone()
    assert not (choose_positions(name, real, prefill=prefill) & ~real).any()
    assert torch.equal(real, kept)


def test_positions_are_checked() -> None:
    assert [check_positions(name) for name in NAMED_POSITIONS] == list(NAMED_POSITIONS)
    for given_numbers in ([0, -1], np.array([0, -1]), torch.tensor([0, -1]), range(0, -2, -1), (np.int64(0), -1)):
        numbers: Any = check_positions(given_numbers)
        assert numbers == (0, -1)
        assert all(type(number) is int for number in numbers)
    wrong: Positions
    for wrong, message in (
        ("first", "unknown positions 'first'; use all, last"),
        ((), "there are no positions"),
        ((0.5,), "positions are"),
        (("a",), "positions are"),
        (3, "positions are 3; pass a sequence"),
        (None, "positions are None"),
    ):
        with pytest.raises(BadInput, match=message):
            check_positions(wrong)
    with pytest.raises(BadInput, match="numbered positions are needed, not 'last'; use recording for named ones"):
        numbered_positions("last")


def test_places_have_names_and_an_order() -> None:
    assert str(Place(Site.RESIDUAL, 3)) == "residual_after_mlp 3"
    assert str(Place(Site.EMBEDDINGS)) == "embeddings"
    assert Place("head_outputs", 1) == Place(Site.HEADS, 1)
    assert Place(Site.HEADS, np.int64(1)) == Place(Site.HEADS, 1)
    assert type(Place(Site.HEADS, np.int64(1)).layer) is int
    assert sorted([Place(Site.HEADS, 2), Place(Site.EMBEDDINGS), Place(Site.HEADS, 0)])[1] == Place(Site.HEADS, 0)
    assert {site for site in Site if not site.has_layers} == {Site.EMBEDDINGS, Site.FINAL_NORM}


@pytest.mark.parametrize(
    ("site", "layer", "message"),
    [
        ("nose", 0, "place: there is no site 'nose'; known: embeddings"),
        (Site.RESIDUAL, None, "the site residual_after_mlp needs a layer; name one, from 0"),
        (Site.FINAL_NORM, 0, "the site final_norm needs no layer; leave it out"),
        (Site.RESIDUAL, 1.5, r"layers are \[1.5\]; pass a sequence of whole numbers"),
        (Site.RESIDUAL, "1", "layers are"),
    ],
)
def test_places_that_cannot_be(site: Any, layer: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Place(site, layer)
