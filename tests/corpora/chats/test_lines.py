"""Chats as plain lines: exports of WhatsApp of both kinds, and ``Name: text``."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.chats import read_chat_file
from thymos.corpora.chats.lines import BEFORE, GONE, SYSTEM, chat_turns, looks_like_a_chat, named, stamp
from thymos.corpora.dialogue import Dialogue

ANDROID = """12/31/23, 10:14 PM - Messages and calls are end-to-end encrypted.
12/31/23, 10:15 PM - Mara: hello
second line

fourth line
12/31/23, 10:16 PM - Tom Ruiz: <Media omitted>
12/31/23, 10:16 PM - Tom Ruiz: This message was deleted
12/31/23, 10:17 PM - Mara joined using this group's invite link
12/31/23, 10:18 PM - ‎+49 151 23456: so: what?
12/31/23, 10:19 PM - Mara:
"""
IOS = (
    "[31.12.23, 22:14:01] Family: \u200eMessages and calls are end-to-end encrypted.\r\n"
    "\u200e[31.12.23, 22:15:02] Mara: \u200eimage omitted\r\n"
    "[31.12.23, 22:15:09] Mara: hello\r\nmore\r\n"
    "[31.12.23, 22:16:00] ~\u202fTom: \u200e<attached: 0001-PHOTO.jpg> look\r\n"
)


def turns_of(content):
    turns, left_out = chat_turns(content, Path("a.txt"))
    return [(turn.speaker, turn.text) for turn in turns], dict(left_out)


def test_android():
    turns, left_out = turns_of(ANDROID)
    assert turns == [
        ("Mara", "hello\nsecond line\n\nfourth line"),
        ("Tom Ruiz", ""),
        ("+49 151 23456", "so: what?"),
        ("Mara", ""),
    ]
    assert left_out == {SYSTEM: 2, GONE: 1}


def test_ios():
    turns, left_out = turns_of(IOS)
    assert turns == [("Mara", ""), ("Mara", "hello\nmore"), ("~\u202fTom", "look")]
    assert left_out == {SYSTEM: 1}


def test_times_and_media_are_labels(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(ANDROID, encoding="utf-8")
    found = read_chat_file(path)
    (dialogue,) = found.dialogues
    assert dialogue.utterances[1].labels == {"time": "12/31/23, 10:16 PM", "media": "<Media omitted>"}
    assert dialogue.id == "a"
    assert found.left_out == {SYSTEM: 2, GONE: 1}


@pytest.mark.parametrize(
    "line",
    [
        "31/12/2023, 22:15 - A: b",
        "31.12.23, 22:15 - A: b",
        "2023-12-31, 22:15 - A: b",
        "12/31/23, 10:15\u202fPM - A: b",
        "31/12/23, 10:15 p. m. - A: b",
        "31/12/23 22.15 – A: b",
        "[31/12/2023, 22:15:03] A: b",
        "\u200e[12/31/23, 10:15:03 PM] A: b",
    ],
)
def test_stamps(line):
    assert stamp(line)["rest"] == "A: b"


@pytest.mark.parametrize("line", ["hello", "10:15 hello", "12/31/23 was a day - Ann: hi", "http://a.b: c"])
def test_no_stamps(line):
    assert stamp(line) is None


def test_names_before_colons():
    assert turns_of("Topic of today\nAnn: hi\n go on\n[10:15] Ben Lee: ho\n10:16 Ann:\n") == (
        [("Ann", "hi\n go on"), ("Ben Lee", "ho"), ("Ann", "")],
        {BEFORE: 1},
    )


@pytest.mark.parametrize(
    "line", ["https://example.org", "one two three four five: six", "12: x", ": x", "a" * 50 + ": x"]
)
def test_no_names(line):
    assert named(line) is None


@pytest.mark.parametrize("name", ["Zoë", "李", "דנה", "O'Neil", "Dr. Who", "anna-maria"])
def test_names_of_all_kinds(name):
    assert named(f"{name}: x")["name"] == name


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_lines_give_turns_or_none(lines):
    content = "\n".join(lines)
    turns, left_out = chat_turns(content, Path("a.txt"))
    assert all(turn.text == turn.text.strip() for turn in turns)
    assert len(turns) + sum(left_out.values()) <= content.count("\n") + content.count("\r") + 1
    looks_like_a_chat(lines)


@given(
    st.lists(
        st.tuples(st.sampled_from(["Ann", "Ben Lee"]), st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,3}", fullmatch=True)),
        min_size=1,
    )
)
def test_every_turn_comes_back(talk):
    expected = [(name, text) for name, text in talk]
    assert turns_of("\n".join(f"{name}: {text}" for name, text in talk))[0] == expected
    stamped = "\n".join(f"1/2/23, 10:15 - {name}: {text}" for name, text in talk)
    assert turns_of(stamped)[0] == expected


def test_one_speaker_is_a_dialogue_too(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ann: a\nAnn: b", encoding="utf-8")
    (dialogue,) = read_chat_file(path).dialogues
    assert isinstance(dialogue, Dialogue)
    assert [speaker.name for speaker in dialogue.speakers] == ["Ann"]
