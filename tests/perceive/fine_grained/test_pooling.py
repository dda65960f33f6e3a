"""Pooling of frames and sequences of one length."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.errors import BadInput
from thymos.perceive.fine_grained.pooling import (
    ALL_STATISTICS,
    averaged_to_length,
    fit_length,
    pooled,
    pooled_table,
)

FRAMES = arrays(np.float32, st.tuples(st.integers(1, 20), st.integers(1, 4)), elements=st.floats(-100, 100, width=32))


def test_blocks_stand_in_the_order_of_the_statistics() -> None:
    frames = [[0.0, 10.0], [4.0, 10.0], [2.0, 40.0]]
    assert pooled(frames).tolist() == pytest.approx([2, 20, 0, 10, 4, 40, np.sqrt(8 / 3), np.sqrt(200)], abs=1e-5)
    assert pooled(frames, ("max", "min")).tolist() == [4, 40, 0, 10]


def test_a_table_is_named_and_indexed_like_its_sequences() -> None:
    sequences = pd.Series([np.ones((3, 2)), np.zeros((5, 2))], index=["a", "b"])
    table = pooled_table(sequences, ("mean", "std"), ("f0", "energy"))
    assert list(table.columns) == ["f0.mean", "energy.mean", "f0.std", "energy.std"]
    assert table.loc["a"].tolist() == [1, 1, 0, 0]
    assert pooled_table(sequences).shape == (2, 8)


@given(FRAMES)
def test_pooling_does_not_depend_on_the_order_of_the_frames(frames: np.ndarray) -> None:
    assert pooled(frames[::-1]) == pytest.approx(pooled(frames), abs=1e-3)


@given(FRAMES)
def test_minimum_mean_maximum_stand_in_order(frames: np.ndarray) -> None:
    width = frames.shape[1]
    mean, low, high, deviation = np.split(pooled(frames, ALL_STATISTICS), 4)
    assert len(mean) == width
    assert (low <= mean + 1e-3).all()
    assert (mean <= high + 1e-3).all()
    assert (deviation <= (high - low) / 2 + 1e-3).all()


@given(FRAMES, st.integers(1, 30))
def test_fit_length_keeps_the_start_and_fills_with_zeros(frames: np.ndarray, length: int) -> None:
    fitted = fit_length(frames, length)
    kept = min(length, len(frames))
    assert fitted.shape == (length, frames.shape[1])
    assert np.array_equal(fitted[:kept], frames[:kept])
    assert not fitted[kept:].any()


@given(FRAMES, st.integers(1, 30))
def test_averaging_stays_within_the_frames(frames: np.ndarray, length: int) -> None:
    short = averaged_to_length(frames, length)
    assert short.shape == (length, frames.shape[1])
    assert (short >= frames.min(axis=0) - 1e-3).all()
    assert (short <= frames.max(axis=0) + 1e-3).all()


def test_averaging_uses_the_whole_sequence() -> None:
    frames = np.arange(12, dtype=float)[:, None]
    assert averaged_to_length(frames, 3).ravel().tolist() == [1.5, 5.5, 9.5]
    assert averaged_to_length(frames, 12).ravel().tolist() == frames.ravel().tolist()
    assert averaged_to_length(frames[:2], 4).ravel().tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (np.ones(3), r"frames of shape \(3,\)"),
        (np.ones((0, 3)), "frames of shape"),
        ([[1.0], [np.nan]], "frames, frame 1: a value is NaN or infinite"),
        ([["a"]], "not numbers"),
    ],
)
def test_frames_that_cannot_be_used(frames: object, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        pooled(frames)


def test_bad_calls() -> None:
    with pytest.raises(BadInput, match="unknown statistic 'median'; known: mean, min, max, std"):
        pooled([[1.0]], ("median",))
    with pytest.raises(BadInput, match="'b': 3 numbers a frame, 2 before"):
        pooled_table(pd.Series([np.ones((3, 2)), np.ones((3, 3))], index=["a", "b"]))
    with pytest.raises(BadInput, match="1 names for 2 numbers"):
        pooled_table(pd.Series([np.ones((3, 2))]), ("mean",), ("x",))
    with pytest.raises(BadInput, match="there is no item"):
        pooled_table(pd.Series([], dtype=object))
    for function in (fit_length, averaged_to_length):
        with pytest.raises(BadInput, match="a length of 0 frames"):
            function([[1.0]], 0)
