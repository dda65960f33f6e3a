"""The leakage check finds every planted leak, names it, and stays silent on a clean split."""

import numpy as np
import pandas as pd
import pytest

from thymos.errors import BadInput
from thymos.measure.leakage import Leak, check_leakage

TRAIN = pd.DataFrame(
    {
        "speaker": ["anna", "bert", None],
        "dialogue": [1, 2, 3],
        "text": ["I lost my keys on the way home today.", "Nice weather, isn't it?", "We won the match last night!"],
        "hash": ["aa", "bb", None],
    },
    index=["t1", "t2", "t3"],
)
TEST = pd.DataFrame(
    {
        "speaker": ["bert", "carl", None, "bert"],
        "dialogue": [4, 5, 6, 7],
        "text": ["NICE  weather, isn't it?", "I lost my keys on the way home today!", "Something else.", "Well."],
        "hash": ["cc", "dd", None, "aa"],
    },
    index=["e1", "e2", "e3", "e4"],
)


def test_every_planted_leak_is_found_with_examples():
    leaks = check_leakage(TRAIN, TEST, group_columns=["speaker", "dialogue"], text_column="text", hash_column="hash")
    by_kind = {leak.kind: leak for leak in leaks}
    assert [leak.kind for leak in leaks] == ["group", "text", "near_text", "media"]
    group = by_kind["group"]
    assert (group.columns, group.count, group.share, group.values) == (("speaker",), 2, 0.5, 1)
    assert group.examples[0][:3] == ("t2", "e1", "bert")
    assert by_kind["text"].examples[0][:2] == ("t2", "e1")
    near = by_kind["near_text"]
    assert near.count == 1
    assert near.examples[0][:2] == ("t1", "e2")
    assert 0.8 <= near.examples[0].similarity < 1
    assert by_kind["media"].examples[0][:3] == ("t1", "e4", "aa")
    assert str(group) == "2 test items (50.0%) share a group with training (speaker)"


def test_a_clean_split_has_no_leaks():
    columns = {"group_columns": ["dialogue"], "text_column": "text", "hash_column": "hash"}
    assert check_leakage(TRAIN.iloc[:1], TEST.iloc[2:3], **columns) == []
    assert check_leakage(TRAIN, TEST) == []


def test_missing_values_are_never_equal():
    both = pd.DataFrame({"speaker": [None, np.nan, "a"]})
    assert check_leakage(both.iloc[:2], both.iloc[:2], group_columns=["speaker"]) == []


def test_an_item_is_found_on_both_sides_and_counted_once():
    frame = pd.DataFrame({"text": ["the very same text, found on both of the sides"] * 3})
    leaks = check_leakage(frame, frame, text_column="text", examples=1)
    assert len(leaks) == 1
    assert leaks[0] == Leak("text", ("text",), 3, 1.0, 1, leaks[0].examples)
    assert len(leaks[0].examples) == 1


def test_a_random_split_of_speakers_leaks_and_a_grouped_one_does_not():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"speaker": rng.integers(0, 20, 400)})
    order = rng.permutation(400)
    random = check_leakage(frame.iloc[order[:300]], frame.iloc[order[300:]], group_columns=["speaker"])
    assert random[0].share > 0.9
    held_out = frame["speaker"] < 5
    assert check_leakage(frame[~held_out], frame[held_out], group_columns=["speaker"]) == []


def test_media_files_are_compared_by_content(tmp_path):
    for name, content in {"a.wav": b"one", "b.wav": b"two!", "c.wav": b"one", "d.wav": b"six"}.items():
        (tmp_path / name).write_bytes(content)
    train = pd.DataFrame({"path": [str(tmp_path / "a.wav"), str(tmp_path / "b.wav"), None]})
    test = pd.DataFrame({"path": [tmp_path / "c.wav", tmp_path / "d.wav", None]})
    (leak,) = check_leakage(train, test, media_column="path")
    assert (leak.kind, leak.count, leak.values) == ("media", 1, 1)
    assert leak.examples[0].test == 0
    (tmp_path / "c.wav").unlink()
    with pytest.raises(BadInput, match=r"c\.wav: there is no such file"):
        check_leakage(train, test, media_column="path")


@pytest.mark.parametrize(
    ("train", "test", "columns", "message"),
    [
        (TRAIN, TEST.iloc[:0], {}, "test: there are no items"),
        (TRAIN.iloc[:0], TEST, {}, "train: there are no items"),
        (TRAIN, TEST, {"group_columns": ["actor"]}, "train: column 'actor' is missing"),
        (TRAIN, TEST.drop(columns="text"), {"text_column": "text"}, "test: column 'text' is missing"),
        (TRAIN, TEST, {"text_column": "speaker"}, "train, row 2"),
    ],
)
def test_bad_input_names_the_side(train, test, columns, message):
    with pytest.raises(BadInput, match=message):
        check_leakage(train, test, **columns)
