"""The table over time: its contract, joining, best labels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.timeline import BACK, FRONT, OK, best_labels, check_timeline, join, label_columns, timeline

ROW = {"file": "a.wav", "start": 0.0, "end": 1.0, "signal": "speech", "anger": 0.7, "calm": 0.3, "confidence": 0.7}


def test_columns_come_in_order_and_gaps_are_nan():
    table = timeline([{**ROW, "joy": 0.0}], labels=("calm", "anger"))
    assert list(table.columns) == [*FRONT, "calm", "anger", "joy", *BACK]
    assert table.loc[0, "track"] == ""
    assert table.loc[0, "quality"] == OK
    assert np.isnan(table.loc[0, "valence"])
    assert label_columns(table) == ["calm", "anger", "joy"]


def test_an_empty_table_has_its_columns():
    table = timeline([])
    assert list(table.columns) == [*FRONT, *BACK]
    assert len(table) == 0
    assert list(best_labels(table)) == []


def test_join_keeps_labels_apart_that_a_signal_does_not_have():
    face = timeline([{"file": "b.jpg", "start": 0, "end": 0, "signal": "face", "track": "0", "fear": 1.0}])
    table = join([timeline([ROW]), face])
    assert label_columns(table) == ["anger", "calm", "fear"]
    assert np.isnan(table.loc[0, "fear"])
    assert np.isnan(table.loc[1, "anger"])
    assert list(best_labels(table)) == ["anger", "fear"]
    assert list(table["track"]) == ["", "0"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": 2.0}, "row 0 of 'a.wav': time runs backwards"),
        ({"start": float("nan")}, "time runs backwards"),
        ({"start": -1.0}, "time runs backwards"),
        ({"anger": 1.2}, r"a probability is outside 0\.\.1"),
        ({"valence": -1.5}, r"valence or arousal is outside -1\.\.1"),
        ({"quality": "no voice"}, "a row of poor quality holds numbers"),
    ],
)
def test_what_breaks_the_contract_is_refused(change, message):
    with pytest.raises(BadInput, match=message):
        timeline([{**ROW, **change}])


def test_a_missing_column_is_refused():
    with pytest.raises(BadInput, match="column 'confidence' is missing"):
        check_timeline(timeline([ROW]).drop(columns="confidence"))


def test_poor_rows_say_why_and_hold_nothing():
    table = timeline([ROW, {"file": "a.wav", "start": 1, "end": 2, "signal": "speech", "quality": "no voice"}])
    assert list(best_labels(table)) == ["anger", ""]
    assert table.loc[1, ["anger", "calm", "confidence"]].isna().all()


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 10), st.floats(0, 1)), max_size=20))
def test_any_legal_rows_come_back(rows):
    made = timeline(
        {"file": "x", "start": start, "end": start + length, "signal": "speech", "anger": p}
        for start, length, p in rows
    )
    assert len(made) == len(rows)
    assert (made["end"] >= made["start"]).all()
    pd.testing.assert_frame_equal(join([made]), made)
