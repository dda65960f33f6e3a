"""Early and late fusion over keys that differ."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.zones.fusion import early_fusion, late_fusion

ZONES = ["blue", "green", "red", "yellow"]


def table(keys: list[int], seed: int) -> pd.DataFrame:
    values = np.random.default_rng(seed).dirichlet(np.ones(4), size=len(keys))
    return pd.DataFrame(values, index=keys, columns=ZONES)


def test_early_fusion_keeps_windows_that_all_signals_have() -> None:
    voice = pd.DataFrame({"f0": [1.0, 2.0, 3.0]}, index=[400, 0, 200])
    face = pd.DataFrame({"AU12": [7.0, 8.0]}, index=[0, 400])
    fused = early_fusion({"voice": voice, "face": face})
    assert fused.index.tolist() == [400, 0]
    assert fused.to_numpy().tolist() == [[1, 8], [2, 7]]
    assert list(fused.columns) == ["voice.f0", "face.AU12"]


KEYS = st.lists(st.integers(0, 12), min_size=1, max_size=10, unique=True)


@given(KEYS, KEYS)
def test_late_fusion_is_an_outer_join_of_means(first: list[int], second: list[int]) -> None:
    voice, face = table(first, 1), table(second, 2)
    fused = late_fusion({"voice": voice, "face": face})
    assert set(fused.index) == set(first) | set(second)
    assert np.allclose(fused.sum(axis=1), 1)
    for key in fused.index:
        present = [part.loc[key] for part in (voice, face) if key in part.index]
        assert np.allclose(fused.loc[key], np.mean(present, axis=0))


@given(KEYS)
def test_one_signal_twice_is_itself(keys: list[int]) -> None:
    voice = table(keys, 3)
    pd.testing.assert_frame_equal(late_fusion({"a": voice, "b": voice}), voice)


def test_columns_are_matched_by_name_and_silence_is_left_out() -> None:
    voice = pd.DataFrame({"blue": [0.8, np.nan], "red": [0.2, np.nan]}, index=[0, 200])
    face = pd.DataFrame({"red": [0.6, 0.9], "blue": [0.4, 0.1]}, index=[0, 200])
    fused = late_fusion({"voice": voice, "face": face})
    assert fused.loc[0].to_dict() == pytest.approx({"blue": 0.6, "red": 0.4})
    assert fused.loc[200].to_dict() == pytest.approx({"blue": 0.1, "red": 0.9})
    silent = late_fusion({"voice": voice, "face": face.iloc[:1]})
    assert silent.loc[200].isna().all()


def test_what_cannot_be_joined() -> None:
    voice = table([0, 200], 0)
    doubled = pd.concat([voice, voice])
    partly = voice.copy()
    partly.loc[0, "blue"] = np.nan
    for told, use in (
        ("there is no signal", lambda: early_fusion({})),
        ("signal 'voice': there is no window", lambda: late_fusion({"voice": voice.iloc[:0]})),
        ("window 0 stands twice", lambda: early_fusion({"voice": doubled})),
        ("the signals share no window", lambda: early_fusion({"a": voice, "b": table([400], 0)})),
        ("'b' names other classes than 'a'", lambda: late_fusion({"a": voice, "b": voice[["blue", "red"]]})),
        ("some classes have no probability", lambda: late_fusion({"a": partly})),
    ):
        with pytest.raises(BadInput, match=told):
            use()
