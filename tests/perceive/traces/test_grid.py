"""Traces on a grid: interpolation, moving mean and delay by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.traces.grid import delayed, on_grid, smoothed, time_grid

TRACES = st.lists(st.floats(-10, 10), min_size=1, max_size=40).map(np.array)


def test_grid() -> None:
    assert len(time_grid(60, 2)) == 120
    assert time_grid(59.99, 2)[-1] == 59.5
    assert time_grid(0.3, 10).tolist() == pytest.approx([0, 0.1, 0.2])
    for seconds, rate in ((0, 2), (5, 0), (-1, 2)):
        with pytest.raises(BadInput, match="no grid"):
            time_grid(seconds, rate)


def test_values_between_and_outside() -> None:
    found = on_grid([1.0, 2.0, 4.0], [10, 20, 0], np.array([0.0, 1.5, 3.0, 9.0]))
    assert found.tolist() == [10, 15, 10, 0]


def test_bad_traces() -> None:
    grid = np.arange(3.0)
    for times, values, match in (
        ([0, 1], [1], "2 times and 1 values"),
        ([], [], "0 times"),
        ([0, np.nan], [1, 2], "missing"),
        ([0, 1], [1, np.inf], "missing"),
        ([0, 0], [1, 2], "do not rise"),
    ):
        with pytest.raises(BadInput, match=match):
            on_grid(times, values, grid)


def test_moving_mean() -> None:
    assert smoothed([1.0, 5.0], 1).tolist() == [1, 5]
    assert smoothed([0.0, 4.0, 0.0, 0.0], 2).tolist() == [2, 2, 0, 0]
    assert smoothed([[0.0, 3.0, 0.0], [3.0, 3.0, 3.0]], 3).tolist() == [[1, 1, 1], [3, 3, 3]]


def test_delay() -> None:
    assert delayed([1.0, 2.0, 3.0], 0).tolist() == [1, 2, 3]
    assert delayed([1.0, 2.0, 3.0], 9).tolist() == [1, 1, 1]
    assert delayed([[1.0, 2.0], [3.0, 4.0]], 1).tolist() == [[1, 1], [3, 3]]
    with pytest.raises(BadInput, match="delay"):
        delayed([1.0], -1)


@settings(deadline=None)
@given(TRACES, st.integers(0, 60))
def test_smoothing_and_delay_keep_length_and_range(trace: np.ndarray, samples: int) -> None:
    for changed in (smoothed(trace, samples), delayed(trace, samples)):
        assert changed.shape == trace.shape
        assert changed.min() >= trace.min() - 1e-9
        assert changed.max() <= trace.max() + 1e-9


@settings(deadline=None)
@given(TRACES, st.integers(0, 9), st.floats(-3, 3), st.floats(-3, 3))
def test_smoothing_is_linear(trace: np.ndarray, samples: int, factor: float, shift: float) -> None:
    changed = smoothed(factor * trace + shift, samples)
    np.testing.assert_allclose(changed, factor * smoothed(trace, samples) + shift, atol=1e-8)
