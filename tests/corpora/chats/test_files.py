"""Dialogues from a user's files: the forms, what is a dialogue, and everything that can be wrong with one."""

import csv
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.corpora.chats import is_dialogue, read_chat_file, read_dialogues
from thymos.corpora.chats.turns import MISSING, roles_of, seconds_of
from thymos.corpora.dialogue import Dialogue, Speaker, Utterance, utterance_table
from thymos.errors import BadInput

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(LETTERS, max_size=20).filter(lambda text: text not in MISSING)
NAMES = TEXTS.map(str.strip).filter(lambda name: name not in MISSING)
WORDS = TEXTS.filter(bool)
TURNS = st.tuples(NAMES, TEXTS, st.one_of(st.none(), WORDS), st.booleans())
TALKS = st.lists(st.lists(TURNS, min_size=1, max_size=4), min_size=1, max_size=3)


def built(talks):
    found = []
    for number, talk in enumerate(talks):
        turns = []
        for turn, (who, text, mood, timed) in enumerate(talk):
            times = (turn + 0.5, turn + 1.0) if timed else (None, None)
            labels = {} if mood is None else {"mood": mood}
            turns.append(Utterance(f"d{number}/{turn}", Speaker(who), text, *times, labels))
        found.append(Dialogue(f"d{number}", tuple(turns)))
    return found


def rows_of(dialogues):
    table = utterance_table(dialogues).reset_index()
    return [
        {name: None if value != value else value for name, value in row.items()} for row in table.to_dict("records")
    ]


ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@ONCE
@given(TALKS)
def test_what_is_written_as_json_lines_is_read_again(tmp_path, talks):
    path = tmp_path / "a.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in rows_of(built(talks))]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    assert read_dialogues(path) == built(talks)
    assert [one.labels for found in read_dialogues(path) for one in found] == [
        one.labels for found in built(talks) for one in found
    ]


@ONCE
@given(TALKS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_written_as_a_table_is_read_again(tmp_path, talks, delimiter, encoding):
    path = tmp_path / "a.csv"
    rows = rows_of(built(talks))
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    assert read_dialogues(path) == built(talks)
    assert is_dialogue(path)


def write(folder, name, content, encoding="utf-8"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def said(path):
    return [[(one.speaker.name, one.text) for one in dialogue] for dialogue in read_dialogues(path)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('{"text": "hi", "speaker": "Ann"}\n\n{"text": "ho", "user": "Ben"}', [[("Ann", "hi"), ("Ben", "ho")]]),
        ('{"Utterance": "hi", "Role": "user", "conversation_id": 7}', [[("user", "hi")]]),
        ('{"text": "b", "turn": 2}\n{"text": "a", "turn": 1}', [[("", "a"), ("", "b")]]),
        ('{"text": "a", "dialogue": "x"}\n{"text": "b", "dialogue": "y"}', [[("", "a")], [("", "b")]]),
        ('{"messages": [{"role": "u", "content": "a"}, {"role": "v", "content": null}]}', [[("u", "a"), ("v", "")]]),
        ('{"id": 3, "turns": ["a"]}\n{"id": 4, "utterances": [{"text": "c"}]}', [[("", "a")], [("", "c")]]),
        ('{"text": NaN, "speaker": NaN}\n{"text": 12}', [[("", ""), ("", "12")]]),
        ('{"text": "line\\u2028separator"}', [[("", "line\u2028separator")]]),
    ],
)  # fmt: skip
def test_json_lines(tmp_path, lines, expected):
    assert said(write(tmp_path, "a.jsonl", lines)) == expected


def test_the_names_of_dialogues_in_json_lines(tmp_path):
    path = write(
        tmp_path, "a.jsonl", '{"id": "x", "turns": ["a"]}\n{"turns": ["b"]}\n{"conversation_id": 9, "turns": ["c"]}'
    )
    assert [dialogue.id for dialogue in read_dialogues(path)] == ["x", "line 2", "9"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("{", r"a.jsonl, line 1: this is no JSON \(JSONDecodeError\)"),
        ("[" * 100_000, "line 1: this is no JSON"),
        ('{"text": "a"}\n[1]', "line 2: this is no JSON object"),
        ('{"speaker": "a"}', "line 1: there is no text"),
        ('{"text": ["a"]}', "'text' is a list, not a text"),
        ('{"turns": [1]}', "line 1, turn 0: this is no utterance"),
        ('{"turns": []}', "there is no turn of a dialogue in it"),
        ('{"text": "a", "turn": "x"}', "the turn 'x' is no number"),
        ('{"text": "a", "turn": Infinity}', "the turn 'inf' is no number"),
        ('{"text": "a", "turn": 1}\n{"text": "b", "turn": 1}', "line 2: dialogue 'a' has turn 1 twice"),
        ('{"text": "a", "turn": 1}\n{"text": "b"}', "line 2: this row has no turn number and others have"),
        ('{"text": "a", "start": "soon"}', "the time 'soon' is no number"),
        ('{"text": "a", "start": 2, "end": 1}', "it ends at 1 s and starts at 2 s"),
    ],
)
def test_json_lines_that_cannot_be_read(tmp_path, lines, message):
    with pytest.raises(BadInput, match=message):
        read_dialogues(write(tmp_path, "a.jsonl", lines))


MELD = (
    "Sr No.,Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID,StartTime,EndTime\n"
    '1,"Oh, no",Zoe,sadness,0,1,"00:01:02,500","00:01:03,000"\n2,What?,Max,surprise,0,0,,\n3,,NaN,,1,0,,\n'
)


def test_a_table_in_the_manner_of_meld(tmp_path):
    path = write(tmp_path, "a.csv", MELD)
    assert said(path) == [[("Max", "What?"), ("Zoe", "Oh, no")], [("", "")]]
    first = read_dialogues(path)[0]
    assert (first.utterances[1].start, first.utterances[1].end) == (62.5, 63.0)
    assert first.utterances[0].labels == {"Sr No.": "2", "Emotion": "surprise"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("speaker,mood\nAnn,joy\n", "there is no column of texts"),
        ("speaker,text\n", "there is a header and no row"),
        ("speaker,text\nAnn,hi,there\n", "line 2: 3 fields found, 2 expected"),
        ("", "the file is empty"),
        ("\ufeff \n", "the file is empty"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, content, message):
    with pytest.raises(BadInput, match=message):
        read_dialogues(write(tmp_path, "a.csv", content))


SRT = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there", [("", "Hello there")]),
        ("ANN: Hello\nthere", [("ANN", "Hello there")]),
        ("Ann Lee: hello", [("Ann Lee", "hello")]),
        ("- Hello\n- Go", [("", "Hello"), ("", "Go")]),
        ("- ANN: Hello\n- BEN: <i>Go</i>", [("ANN", "Hello"), ("BEN", "Go")]),
        ("it is 10:15", [("", "it is 10:15")]),
    ],
)
def test_subtitles(tmp_path, text, expected):
    path = write(tmp_path, "a.srt", SRT.format(text))
    assert said(path) == [expected]
    assert (read_dialogues(path)[0].utterances[0].start, read_dialogues(path)[0].utterances[0].end) == (1.0, 2.0)


def test_other_subtitles(tmp_path):
    content = "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,BEN: {\\i1}well\n"
    assert said(write(tmp_path, "a.ass", content)) == [[("BEN", "well")]]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.srt"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"speaker,text\nAnn: caf\xe9\n", "line 2: byte 0xe9 is not valid utf-8; save the file as UTF-8"), (b"", "empty")],
)
def test_broken_bytes_and_empty_files_are_one_clear_error(tmp_path, name, content, message):
    with pytest.raises(BadInput, match=message):
        read_dialogues(write(tmp_path, name, content))


def test_files_that_are_none(tmp_path):
    with pytest.raises(BadInput, match="there is no such file"):
        read_dialogues(tmp_path / "gone.txt")
    with pytest.raises(BadInput, match=r"a file of kind '.wav' is read as no dialogue; use .jsonl"):
        read_dialogues(write(tmp_path, "a.wav", "x"))
    with pytest.raises(BadInput, match="there is no turn of a dialogue in it"):
        read_dialogues(write(tmp_path, "a.txt", "just a sentence\nand another"))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", "", True),
        ("a.srt", "", True),
        ("a.txt", "Ann: hi\nBen: ho\nAnn: well", True),
        ("a.txt", "Monday: rain\nTuesday: sun\n", False),
        ("a.txt", "I met Ann.\nAnn: kind\nAnn: tall\nIt rains.\nI sleep.\nMore rain.", False),
        ("a.txt", "1/2/23, 10:15 - Ann: hi\nmore\nmore\nmore\nmore\n1/2/23, 10:16 - Ben: ho", True),
        ("a.txt", "", False),
        ("a.md", "https://example.org\nhttps://example.com", False),
        ("a.csv", "Text,User\nx,y", True),
        ("a.tsv", "Text\tUser\nx\ty", True),
        ("a.csv", "message;sender\nx;y", True),
        ("a.csv", "text,id\nx,y", False),
        ("a.csv", "time,EDA\n0,1", False),
        ("a.wav", "Ann: hi\nAnn: ho", False),
    ],
)  # fmt: skip
def test_what_is_a_dialogue(tmp_path, name, content, expected):
    assert is_dialogue(write(tmp_path, name, content)) is expected


def test_what_is_not_there_is_no_dialogue(tmp_path):
    assert not is_dialogue(tmp_path / "gone.txt")


def test_roles_and_times():
    assert roles_of(["Message", "From", "text"]) == {"text": "text", "speaker": "From"}
    assert roles_of(["mood"]) == {}
    assert seconds_of("1:02", "") == 62.0
    with pytest.raises(BadInput, match="here: the time 'later'"):
        seconds_of("later", "here")


def test_equal_ids_are_made_anew(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"text": "a", "id": "x"}\n{"text": "b", "id": "x"}')
    assert [one.id for one in read_dialogues(path)[0]] == ["a/0", "a/1"]


def test_nothing_is_left_out_of_tables(tmp_path):
    assert read_chat_file(write(tmp_path, "a.csv", MELD)).left_out == {}
