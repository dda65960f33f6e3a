"""Edits on their own: what they change, against a plain loop over rows, tokens and units; and what they refuse."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.tap import Edit, Place, Site

CPU = torch.device("cpu")
RESIDUAL, HEADS, NEURONS = Place(Site.RESIDUAL, 0), Place(Site.HEADS, 0), Place(Site.NEURONS, 0)
SHAPES = {RESIDUAL: (1, 6), HEADS: (3, 2), NEURONS: (5, 1)}


def applied(edit: Edit, hidden: np.ndarray, chosen: np.ndarray | None = None, prompts: Any = None, count: int = 0):
    """The states after an edit at these tokens (all by default)."""
    shape = SHAPES[edit.place]
    rows, width = hidden.shape[:2]
    states = torch.from_numpy(hidden.copy())
    edit.fitted(shape, CPU, torch.float32).apply(
        states,
        torch.ones(rows, width, dtype=torch.bool) if chosen is None else torch.from_numpy(chosen),
        shape,
        torch.arange(rows) if prompts is None else torch.tensor(prompts),
        count or rows,
    )
    return states.numpy()


@given(data=st.data())
def test_edits_equal_the_plain_loop(data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(list(SHAPES)))
    units, length = SHAPES[place]
    rows, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    hidden = rng.normal(size=(rows, width, units * length)).astype(np.float32)
    chosen = rng.random((rows, width)) < 0.6
    operation = data.draw(st.sampled_from(["add", "set", "scale"]))
    times_rms = operation == "add" and data.draw(st.booleans())
    some = st.lists(st.integers(0, units - 1), min_size=1, unique=True)
    named = data.draw(st.none() | some) if place != RESIDUAL else None
    edited = data.draw(st.none() | st.lists(st.integers(0, rows - 1), min_size=1, unique=True))
    meant = list(range(units)) if named is None else named
    layout = data.draw(st.sampled_from([(), (len(meant),), (len(meant) * length,), (len(meant), length)]))
    stacked = edited is not None and data.draw(st.booleans())
    value = rng.normal(size=(len(edited), *layout) if stacked else layout).astype(np.float32)
    edit = Edit(place, operation, value, named, "all", times_rms, edited)
    assume(edited is None or len(edit._readings(len(meant), length)) == 1)  # see the test of shapes below
    found = applied(edit, hidden, chosen)

    expected = hidden.copy()
    for row in range(rows) if edited is None else edited:
        own = value[edited.index(row)] if stacked else value
        full = np.broadcast_to(
            own.reshape(len(meant), length) if own.size == len(meant) * length else own.reshape(-1, 1),
            (len(meant), length),
        )
        for column in np.flatnonzero(chosen[row]):
            size = np.sqrt((hidden[row, column] ** 2).mean()) if times_rms else 1.0
            state = expected[row, column].reshape(units, length)  # a view
            for number, unit in enumerate(meant):
                old = hidden[row, column].reshape(units, length)[unit]
                state[unit] = {
                    "add": old + full[number] * size,
                    "set": full[number],
                    "scale": old * full[number],
                }[operation]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def states(rows: int, numbers: int = 6, width: int = 2) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, width, numbers)).astype(np.float32)


def test_rows_are_prompts_of_the_call_wherever_they_stand() -> None:
    hidden = states(3)
    edit = Edit.set(RESIDUAL, np.stack([np.full(6, 7.0), np.full(6, 8.0)]), rows=[5, 2])
    found = applied(edit, hidden, prompts=[2, -1, 5], count=9)
    assert (found[0] == 8).all()
    assert (found[1] == hidden[1]).all(), "a row that is done belongs to no prompt"
    assert (found[2] == 7).all()
    # Prompts of another batch: nothing to do here.
    assert (applied(edit, hidden, prompts=[0, 1, 3], count=9) == hidden).all()
    with pytest.raises(BadInput, match="edit of residual_after_mlp 0: there is no row 5; use 0 to 2"):
        applied(edit, hidden)


def test_shapes_that_can_mean_two_things_are_refused_until_they_are_written_out() -> None:
    hidden = states(6)
    numbers = np.arange(1.0, 7.0)
    everyone = list(range(6))
    with pytest.raises(BadInput, match=r"shape \(6,\) can be one array for all rows, or one for each; put an axis of"):
        applied(Edit.scale(RESIDUAL, numbers, rows=everyone), hidden)
    each = applied(Edit.scale(RESIDUAL, numbers[:, None], rows=everyone), hidden)
    np.testing.assert_allclose(each, hidden * numbers[:, None, None], rtol=1e-6)
    shared = applied(Edit.scale(RESIDUAL, numbers[None], rows=everyone), hidden)
    np.testing.assert_allclose(shared, hidden * numbers, rtol=1e-6)
    # Without rows, or with another number of them, there is nothing to confuse.
    np.testing.assert_allclose(applied(Edit.scale(RESIDUAL, numbers), hidden), hidden * numbers, rtol=1e-6)
    pair = applied(Edit.scale(RESIDUAL, [2.0, 3.0], rows=[0, 1]), hidden)
    np.testing.assert_allclose(pair[:2], hidden[:2] * np.array([2, 3])[:, None, None], rtol=1e-6)


@pytest.mark.parametrize(
    ("place", "options", "shape"),
    [
        (RESIDUAL, {}, (5,)),
        (RESIDUAL, {}, (7,)),
        (RESIDUAL, {}, (2, 6)),  # two vectors, and no rows that they are for
        (RESIDUAL, {}, (6, 1)),
        (RESIDUAL, {"rows": [0, 1]}, (3, 6)),
        (HEADS, {}, (2, 3)),  # the other way around
        (HEADS, {}, (2,)),
        (HEADS, {"units": [0, 2]}, (3, 2)),
        (HEADS, {"units": [0, 2]}, (6,)),
        (NEURONS, {"units": [1, 2]}, (5,)),
        (NEURONS, {}, (5, 2)),
        (RESIDUAL, {}, (0,)),
    ],
)
def test_values_of_a_wrong_shape_are_refused(place: Place, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    edit = Edit.add(place, np.ones(shape), **options)
    with pytest.raises(BadInput) as raised:
        edit.fitted(SHAPES[place], CPU, torch.float32)
    assert f"edit of {place}: a value of shape {shape} does not fit" in str(raised.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Edit.add(RESIDUAL, [1.0, np.nan]), "the value is not finite; look at where it comes from"),
        (lambda: Edit.set(RESIDUAL, torch.tensor(torch.inf)), "the value is not finite"),
        (lambda: Edit.add(RESIDUAL, 1e300), "the value is not finite"),
        (lambda: Edit.add(RESIDUAL, "much"), "the value is not made of numbers"),
        (lambda: Edit.add(RESIDUAL, [[1.0], [1.0, 2.0]]), "the value is not made of numbers"),
        (lambda: Edit.add(RESIDUAL, None), "the value is not"),
        (lambda: Edit.add(RESIDUAL, 1.0, units=[0]), "the site has no units; leave units out"),
        (lambda: Edit.ablate(HEADS, units=[]), r"units are \[\]; name each once, from 0"),
        (lambda: Edit.ablate(HEADS, units=[1, 1]), r"units are \[1, 1\]; name each once"),
        (lambda: Edit.ablate(HEADS, units=[-1]), r"units are \[-1\]; name each once, from 0"),
        (lambda: Edit.ablate(HEADS, units=[0.5]), r"units are \[0.5\]; pass a sequence of whole numbers"),
        (lambda: Edit.ablate(HEADS, units=3), "units are 3; pass a sequence of whole numbers"),
        (lambda: Edit.ablate(HEADS, rows=[0, 0]), r"rows are \[0, 0\]; name each once"),
        (lambda: Edit.ablate(HEADS, positions="start"), "unknown positions 'start'"),
        (lambda: Edit.ablate(HEADS, positions=()), "there are no positions"),
        (lambda: Edit(HEADS, "multiply", 1.0), "unknown operation 'multiply'; use 'add', 'set' or 'scale'"),
        (lambda: Edit(HEADS, "set", 1.0, times_rms=True), "times_rms belongs to what is added"),
        (lambda: Edit.add("residual", 1.0), "edit of residual: this is no place; write Place"),
        (lambda: Edit.ablate(HEADS, units=[3]).fitted((3, 2), CPU, torch.float32), "there is no unit 3; use 0 to 2"),
        (
            lambda: Edit.add(RESIDUAL, 1e5).fitted((1, 6), CPU, torch.float16),
            "the value is too large for torch.float16; load the model with dtype float32",
        ),
    ],
)
def test_edits_that_cannot_be_are_one_clear_error(make: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


def test_an_edit_keeps_its_own_copy() -> None:
    array, tensor = np.ones(6, dtype=np.float32), torch.ones(6)
    edits = [Edit.add(RESIDUAL, array), Edit.add(RESIDUAL, tensor)]
    array[:] = 9
    tensor[:] = 9
    assert all((edit.value == 1).all() for edit in edits)
    learned = torch.ones(6, requires_grad=True)
    assert not Edit.add(RESIDUAL, learned).value.requires_grad


def test_numbers_of_numpy_are_taken() -> None:
    edit = Edit.ablate(HEADS, units=np.array([2, 0]), rows=torch.tensor([1]), positions=[np.int64(-1)])
    assert (edit.units, edit.rows, edit.positions) == ((2, 0), (1,), (-1,))


def test_described_edits_differ_where_they_do() -> None:
    base = Edit.add(HEADS, np.ones(6))
    others = [
        Edit.add(Place(Site.HEADS, 1), np.ones(6)),
        Edit.set(HEADS, np.ones(6)),
        Edit.add(HEADS, np.full(6, 1.001)),
        Edit.add(HEADS, np.ones((3, 2))),
        Edit.add(HEADS, np.ones(6), positions="last"),
        Edit.add(HEADS, np.ones(6), times_rms=True),
        Edit.add(HEADS, np.ones(6), units=[0, 1, 2]),
        Edit.add(HEADS, np.ones(6), rows=[0]),
    ]
    assert Edit.add(HEADS, [1] * 6).described() == base.described()
    assert len({str(edit.described()) for edit in [base, *others]}) == len(others) + 1
