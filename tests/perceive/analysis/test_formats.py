"""A table over time in the formats of the field, and back."""

import numpy as np
import pandas as pd
import pytest

from thymos.errors import BadInput
from thymos.io.emotionml_annotations import read_annotations_emotionml
from thymos.perceive.analysis.formats import annotations_of, format_of, openface_table, write_timeline
from thymos.perceive.timeline import timeline


@pytest.fixture
def table():
    rows = [
        {"file": "a.mp4", "start": 0, "end": 0.5, "signal": "face", "track": "face 1", "joy": 0.9, "fear": 0.1},
        {"file": "a.mp4", "start": 0, "end": 0.5, "signal": "face", "track": "face 2", "quality": "blurred"},
        {"file": "a.mp4", "start": 0.5, "end": 1, "signal": "face", "track": "face 2", "joy": 0.2, "fear": 0.8},
        {"file": "b.jpg", "start": 0, "end": 0, "signal": "scene", "valence": -0.5, "arousal": 0.25},
    ]
    return timeline(rows)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_come_back(table, tmp_path, ending):
    path = write_timeline(table, tmp_path / f"out.{ending}")
    back = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    assert list(back.columns) == list(table.columns)
    back["track"] = back["track"].fillna("")
    pd.testing.assert_frame_equal(back, table, check_dtype=False)


def test_annotations_name_the_recognizer_and_keep_faces_apart(table):
    ratings = annotations_of(table).table
    assert set(ratings["rater"]) == {"thymos face", "thymos scene"}
    assert set(ratings["item"]) == {"a.mp4 face 1", "a.mp4 face 2", "b.jpg"}
    picture = ratings[ratings["item"] == "b.jpg"]
    assert picture["start"].isna().all()
    assert dict(zip(picture["label"], picture["value"], strict=True)) == {"valence": -0.5, "arousal": 0.25}
    assert len(ratings[ratings["item"] == "a.mp4 face 2"]) == 2


def test_emotionml_comes_back(table, tmp_path):
    path = write_timeline(table, tmp_path / "out.xml")
    back = read_annotations_emotionml(path).annotations.table
    assert len(back) == len(annotations_of(table).table)
    np.testing.assert_allclose(sorted(back["value"]), sorted(annotations_of(table).table["value"]))


def test_audformat_comes_back(table, tmp_path):
    pytest.importorskip("audformat")
    from thymos.io.audformat_io import read_audformat

    back = read_audformat(write_timeline(table, tmp_path / "database")).annotations.table
    np.testing.assert_allclose(sorted(back["value"]), sorted(annotations_of(table).table["value"]))


def test_openface_style(table):
    faces = openface_table(table)
    assert list(faces.columns) == ["file", "frame", "face_id", "timestamp", "confidence", "success", "joy", "fear"]
    assert list(faces["frame"]) == [1, 1, 2]
    assert list(faces["face_id"]) == [0, 1, 1]
    assert list(faces["success"]) == [1, 0, 1]
    with pytest.raises(BadInput, match="there is no face"):
        openface_table(table[table["signal"] == "scene"])


def test_formats_by_ending_and_name(tmp_path):
    assert format_of(tmp_path / "a.CSV") == "csv"
    assert format_of(tmp_path / "database") == "audformat"
    assert format_of(tmp_path / "a.csv", "openface") == "openface"
    for path, name in ((tmp_path / "a.doc", ""), (tmp_path / "a.csv", "word")):
        with pytest.raises(BadInput, match=r"the format .* is unknown; use one of: csv"):
            format_of(path, name)


def test_nothing_to_say_is_an_error_not_an_empty_document(tmp_path):
    silent = timeline([{"file": "a.wav", "start": 0, "end": 1, "signal": "speech", "quality": "no voice"}])
    with pytest.raises(BadInput, match="there is no number to write"):
        write_timeline(silent, tmp_path / "a.xml")
    assert not (tmp_path / "a.xml").exists()
    assert write_timeline(silent, tmp_path / "a.csv").is_file()
