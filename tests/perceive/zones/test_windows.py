"""Windows of 200 ms and their keys."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.zones.windows import joined_windows, nearest_window, window_table

HOP = 0.01


def test_a_window_by_hand() -> None:
    values = np.array([[1.0, np.nan], [3.0, 5.0], [5.0, np.nan], [5.0, np.nan]])
    table = window_table(values, [0.0, 0.1, 0.2, 0.3], ["energy", "f0"])
    assert table.index.tolist() == [0, 200]
    assert table["energy.mean"].tolist() == [2, 5]
    assert table["energy.std"].tolist() == [1, 0]
    assert table["f0.mean"].tolist() == [5, 0]
    assert table["f0.share"].tolist() == [0.5, 0.0]
    assert "energy.share" not in table.columns


@given(st.integers(1, 200), st.integers(1, 30))
def test_frame_times_never_fall_on_the_wrong_side(frames: int, tenths: int) -> None:
    window = tenths * 10
    seconds = np.arange(frames) * HOP  # 0.6000000000000001 and the like
    table = window_table(np.arange(frames, dtype=float)[:, None], seconds, ["x"], window_ms=window)
    for start, mean in table["x.mean"].items():
        inside = [k for k in range(frames) if start <= k * 10 < start + window]
        assert mean == pytest.approx(np.mean(inside))


@given(st.integers(20, 199))
def test_an_incomplete_end_counts_from_half_a_window_on(frames: int) -> None:
    table = window_table(np.zeros((frames, 1)), np.arange(frames) * HOP, ["x"])
    rest = frames % 20
    assert len(table) == frames // 20 + (rest >= 10)


def test_statistics_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 3))
    values[rng.random((60, 3)) < 0.3] = np.nan
    table = window_table(values, np.arange(60) * HOP, ["a", "b", "c"])
    for number, name in enumerate("abc"):
        parts = values[:, number].reshape(3, 20)
        assert table[f"{name}.mean"].to_numpy() == pytest.approx(np.nanmean(parts, axis=1))
        assert table[f"{name}.std"].to_numpy() == pytest.approx(np.nanstd(parts, axis=1))
        assert table[f"{name}.share"].to_numpy() == pytest.approx(np.isfinite(parts).mean(axis=1))


def test_recordings_are_joined_by_their_names() -> None:
    gaps = window_table([[np.nan], [1.0]], [0.0, 0.1], ["f0"])
    whole = window_table([[2.0], [2.0]], [0.0, 0.1], ["f0"])
    table = joined_windows({"a": gaps, "b": whole})
    assert table.index.names == ["item", "frametime"]
    assert table["f0.share"].tolist() == [0.5, 1.0]
    with pytest.raises(BadInput, match=r"column 'f0.mean' is missing in some recordings"):
        joined_windows({"a": gaps, "c": window_table([[1.0]], [0.0], ["x"])})
    with pytest.raises(BadInput, match="there is no recording"):
        joined_windows({})


def test_times_of_another_signal_find_their_window() -> None:
    assert nearest_window([0, 199.9, 200, 455]).tolist() == [0, 0, 200, 400]


@pytest.mark.parametrize(
    ("values", "seconds", "told"),
    [
        ([[1.0]], [0.0, 0.1], "do not fit"),
        (np.zeros((0, 1)), [], "do not fit"),
        ([[1.0], [1.0]], [0.1, 0.1], "the times must start at 0 or later and rise"),
        ([[1.0]], [-0.1], "the times must start at 0"),
        ([[np.inf]], [0.0], "column 'x': a value is infinite"),
    ],
)
def test_frames_that_cannot_be_used(values: object, seconds: object, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        window_table(values, seconds, ["x"])
    with pytest.raises(BadInput, match="a window of 0 ms"):
        window_table([[1.0]], [0.0], ["x"], window_ms=0)


def test_tables_of_a_recording_keep_their_index_name() -> None:
    assert isinstance(window_table([[1.0]], [0.0], ["x"]), pd.DataFrame)
    assert window_table([[1.0]], [0.0], ["x"]).index.name == "frametime"
