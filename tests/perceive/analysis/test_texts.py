"""Texts over time, with the recognizer that ships."""

import pytest

from thymos.errors import BadInput, Unavailable
from thymos.perceive.analysis import Wishes, analyze
from thymos.perceive.analysis.texts import LONGEST
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.timeline import best_labels, label_columns

pytestmark = pytest.mark.model


def test_lines_are_judged_one_by_one(tmp_path):
    path = tmp_path / "diary.txt"
    path.write_text("I am so happy and grateful today!\n\nI am terrified of the dark.\n", encoding="utf-8")
    found = analyze([path])
    assert found.failures == ()
    assert list(found.table["track"]) == ["line 1", "line 3"]
    assert list(best_labels(found.table)) == ["joy", "fear"]
    assert len(label_columns(found.table)) == 28
    assert (found.table["valence"] > 0).tolist() == [True, False]


def test_a_table_with_a_column_of_texts(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("id,Text\n1,What a disgusting smell\n2,\n3," + "x" * (LONGEST + 1) + "\n", encoding="utf-8")
    table = analyze([path]).table
    assert list(best_labels(table)) == ["disgust", "", ""]
    assert list(table["quality"]) == ["ok", "empty", f"longer than {LONGEST} characters"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "there is no text in it"),
        (b"  \n\n", "there is no text in it"),
        (b"caf\xe9", "byte 0xe9 is not valid utf-8"),
    ],
)
def test_texts_that_cannot_be_read(tmp_path, content, message):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    found = analyze([path])
    assert len(found.table) == 0
    assert message in found.failures[0].reason


def test_a_dialogue_gives_a_row_a_turn(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text("Ann: Thank you so much!\nBen: I am terrified.\nAnn:\n", encoding="utf-8")
    table = analyze([path]).table
    assert list(table["track"]) == ["turn 1 Ann", "turn 2 Ben", "turn 3 Ann"]
    assert list(best_labels(table)) == ["gratitude", "fear", ""]
    assert list(analyze([path], Wishes(signals=("text",))).table["track"]) == ["line 1", "line 2", "line 3"]


def test_subtitles_keep_their_times(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,500\nANN: I am so happy!\n", encoding="utf-8")
    (row,) = analyze([path]).table.to_dict("records")
    assert (row["start"], row["end"], row["track"]) == (1.0, 2.5, "Ann".upper())


def test_a_table_that_names_its_texts_otherwise(tmp_path):
    path = tmp_path / "talk.csv"
    path.write_text("Speaker,Utterance\nAnn,I am so happy!\n", encoding="utf-8")
    assert list(analyze([path], Wishes(signals=("text",))).table["track"]) == ["line 2"]
    assert list(analyze([path]).table["track"]) == ["turn 1 Ann"]


@pytest.mark.parametrize("text", ["🙂🙂🙂", "مرحبا كيف حالك", "a" * 19_000, "\u200b", "mixed שלום text"])
def test_odd_texts_are_judged_or_marked(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    found = analyze([path])
    assert found.failures == ()
    assert len(found.table) == 1


def test_what_does_not_ship_is_unavailable():
    with pytest.raises(Unavailable, match="no recognizer for 'smell' ships"):
        shipped_recognizer("smell")


def test_no_texts_lie_in_the_recognizer():
    recognizer = shipped_recognizer("text")
    values, arrays = recognizer._state()
    assert all(array.dtype.kind == "f" for array in arrays.values())
    assert set(values) == {"cost", "development", "temperature"}


def test_empty_tables_have_no_rows_to_judge(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\n", encoding="utf-8")
    failure = analyze([path]).failures[0]
    assert str(path) in failure.reason
    assert issubclass(BadInput, Exception)
