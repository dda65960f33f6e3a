"""``thymos analyze`` for dialogues: every form, every bad input, the options, and what is written."""

import json

import pandas as pd
import pytest

from thymos.perceive import text_reading
from thymos.testing.word_recognizer import WordRecognizer

CHAT = "Ann: I am so glad!\nBen: I am mad at you\nAnn: thanks\n"
FORMS = {
    "a.txt": CHAT,
    "a.md": CHAT,
    "phone.txt": "1/2/23, 10:15 - Ann: glad\nto be\n1/2/23, 10:16 - Ben left\n1/2/23, 10:16 - Ben: <Media omitted>\n",
    "apple.txt": "[1.2.23, 10:15:01] Ann: glad\n\u200e[1.2.23, 10:15:02] Ben: \u200eimage omitted\n",
    "a.jsonl": '{"speaker": "Ann", "text": "glad"}\n{"speaker": "Ben", "text": "mad"}\n',
    "b.jsonl": '{"messages": [{"role": "user", "content": "glad"}, {"role": "assistant", "content": "mad"}]}\n',
    "a.csv": "Speaker,Utterance,Dialogue_ID\nAnn,glad,0\nBen,mad,0\n",
    "a.tsv": "user\tmessage\nAnn\tglad\nBen\tmad\n",
    "a.srt": "1\n00:00:01,000 --> 00:00:02,000\n- ANN: glad\n- BEN: mad\n",
    "a.ass": "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,ANN: glad\n",
}


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """The recognizer that ships knows three words."""
    known = WordRecognizer({"glad": "joy", "mad": "anger", "thanks": "gratitude"})
    monkeypatch.setattr(text_reading, "shipped_recognizer", lambda name: known)
    return known


@pytest.fixture
def chat(tmp_path):
    return write(tmp_path, "chat.txt", CHAT)


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize("name", FORMS)
def test_every_form_by_itself(thymos, tmp_path, name):
    done = thymos("analyze", write(tmp_path, name, FORMS[name]), "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert found["turns"][0]["emotion"] == "joy"
    assert found["turns"][0]["speaker"].lower() in ("ann", "user")
    assert found["failures"] == []


def test_what_is_printed(thymos, chat):
    done = thymos("analyze", chat)
    assert done.status == 0
    rows = done.out.splitlines()
    assert rows[0].split() == ["turn", "speaker", "text", "emotion", "valence", "shift", "cause", "words"]
    assert rows[2].split()[:3] == ["2", "Ben", "I"]
    assert "suggested next for Ann: " in done.out
    assert "nothing beats saying the last emotion again" in done.out


def test_page_and_table(thymos, chat, tmp_path):
    page, table = tmp_path / "chat.html", tmp_path / "chat.csv"
    done = thymos("analyze", chat, "--plot", page, "--out", table)
    assert done.status == 0
    assert "written: " in done.out
    assert "<mark>glad</mark>" in page.read_text(encoding="utf-8")
    found = pd.read_csv(table)
    assert found["emotion"].tolist() == ["joy", "anger", "gratitude"]
    assert found["cause_words"].tolist() == ["glad 0.88", "mad 0.88", "thanks 0.88"]
    thymos("analyze", chat, "--out", tmp_path / "chat.parquet", "--causes", "0")
    exact = pd.read_parquet(tmp_path / "chat.parquet")
    assert exact["cause_words"].tolist() == [""] * 3
    assert list(exact.columns) == list(found.columns)


def test_a_stopped_run_goes_on_and_leaves_nothing_beside_the_table(thymos, tmp_path, words, monkeypatch):
    talks = [write(tmp_path, f"{name}.txt", CHAT.replace("glad", f"glad {name}")) for name in ("one", "two")]
    judge, asked = words.predict_proba, []

    def stops(texts):
        if len(asked) >= 2:
            raise KeyboardInterrupt
        asked.extend(texts)
        return judge(texts)

    monkeypatch.setattr(words, "predict_proba", stops)
    done = thymos("analyze", *talks, "--out", tmp_path / "turns.csv")
    assert done.status == 130
    assert "goes on from here" in done.err
    before = list(asked)
    asked.clear()
    monkeypatch.setattr(words, "predict_proba", lambda texts: asked.extend(texts) or judge(texts))
    done = thymos("analyze", *talks, "--out", tmp_path / "turns.csv")
    assert done.status == 0, done.err
    assert before
    assert not set(before) & set(asked)
    assert len(pd.read_csv(tmp_path / "turns.csv")) == 6
    assert not list(tmp_path.glob(".*"))


def test_several_files_and_lines_left_out(thymos, tmp_path):
    done = thymos("analyze", write(tmp_path, "a.txt", FORMS["phone.txt"]), write(tmp_path, "b.jsonl", FORMS["a.jsonl"]))
    assert done.status == 0
    assert "a.txt: a" in done.out
    assert "b.jsonl: b" in done.out
    assert "left out: 1 lines of the program" in done.err


BAD = {
    "empty turns": ("a.jsonl", '{"speaker": "Ann", "text": ""}\n{"speaker": "Ben", "text": "mad"}', ["empty", "ok"]),
    "a long turn": ("a.jsonl", json.dumps({"text": "word " * 10_000}), ["longer than 20000 characters"]),
    "emoji only": ("a.txt", "Ann: 🙂🙂\nAnn: 🎉", ["no word that the recognizer knows"] * 2),
    "mixed scripts": ("a.txt", "Ann: I said привет and glad\nAnn: mad да", ["ok", "ok"]),
    "right to left": ("a.txt", "דנה: שלום\nדנה: glad", ["Hebrew script, the recognizer knows English", "ok"]),
    "missing speaker": ("a.csv", "speaker,text\n,glad\nAnn,mad", ["ok", "ok"]),
    "one speaker": ("a.txt", "Ann: glad\nAnn: mad", ["ok", "ok"]),
    "empty cells": ("a.csv", "speaker,text\nNaN,NaN\nAnn,", ["empty", "empty"]),
    "nothing in JSON": ("a.jsonl", '{"speaker": NaN, "text": NaN}', ["empty"]),
}


@pytest.mark.parametrize("what", BAD)
def test_odd_turns_keep_their_row(thymos, tmp_path, what):
    name, content, qualities = BAD[what]
    page = tmp_path / "page.html"
    done = thymos("analyze", write(tmp_path, name, content), "--json", "--plot", page)
    assert done.status == 0, done.err
    assert [turn["quality"] for turn in json.loads(done.out)["turns"]] == qualities
    assert page.read_text(encoding="utf-8").count("<h4>") == len(qualities)
    assert thymos("analyze", tmp_path / name).status == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "caf\xe9"}', "line 1: byte 0xe9 is not valid utf-8; save the file as UTF-8"),
        ("a.csv", b"speaker,text\nAnn,caf\xe9", "line 2: byte 0xe9 is not valid utf-8"),
        ("a.txt", b"Ann: hi\nAnn: caf\xe9", "line 2: byte 0xe9 is not valid utf-8"),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9", "line 3: byte 0xe9 is not valid utf-8"),
        ("a.jsonl", "", "the file is empty"),
        ("a.srt", "", "the file is empty"),
        ("a.csv", "speaker,text\n", "there is a header and no row"),
        ("a.jsonl", "[]", "line 1: this is no JSON object"),
    ],
)
def test_files_that_cannot_be_read_are_one_line(thymos, tmp_path, name, content, message):
    page = tmp_path / "page.html"
    done = thymos("analyze", write(tmp_path, name, content), "--plot", page)
    assert done.status == 1
    assert done.err.strip().startswith("not used: ")
    assert message in done.err
    assert "\n" not in done.err.strip()
    assert not page.exists()


@pytest.mark.parametrize(("name", "content"), [("a.txt", ""), ("a.txt", "a line\nanother"), ("a.csv", "time,EDA\n0,1")])
def test_what_is_none_can_be_forced_and_says_why_not(thymos, tmp_path, name, content):
    done = thymos("analyze", write(tmp_path, name, content), "--dialogue")
    assert done.status == 1
    assert "not used: " in done.err
    assert any(why in done.err for why in ("the file is empty", "there is no turn", "there is no column of texts"))


def test_a_short_chat_can_be_forced_and_a_chat_can_stay_a_text(thymos, tmp_path):
    short = write(tmp_path, "short.txt", "Ann: glad\nBen: mad\n")
    assert [row["track"] for row in json.loads(thymos("analyze", short, "--json").out)["rows"]] == ["line 1", "line 2"]
    assert len(json.loads(thymos("analyze", short, "--json", "--dialogue").out)["turns"]) == 2
    chat = write(tmp_path, "chat.txt", CHAT)
    assert len(json.loads(thymos("analyze", chat, "--json", "--signal", "text").out)["rows"]) == 3


def test_beside_other_files_a_dialogue_gives_rows_to_the_common_table(thymos, tmp_path, chat):
    diary = write(tmp_path, "diary.txt", "glad\n")
    rows = json.loads(thymos("analyze", chat, diary, "--json").out)["rows"]
    assert [row["track"] for row in rows] == ["turn 1 Ann", "turn 2 Ben", "turn 3 Ann", "line 1"]


def test_personality_and_rate_move_the_suggestion(thymos, tmp_path):
    talk = write(tmp_path, "a.txt", "Ann: glad\nBen: mad\nAnn: glad")

    def suggested(*options):
        return json.loads(thymos("analyze", talk, "--json", *options).out)["next"][0]["emotion"]

    assert suggested("--rate", "0") == "joy"
    assert suggested("--rate", "1", "--personality", "0,0,1,1,1") != "joy"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--use", "hiring"), "refused"),
        (("--out", "a.xml"), "dialogues are written as .csv or .parquet"),
        (("--plot", "a.png"), "dialogues are drawn as a page"),
        (("--format", "csv"), "dialogues have no other formats"),
        (("--personality", "1,2"), "five numbers in 0..1"),
        (("--rate", "3"), "a rate of 3 cannot be"),
        (("--selector", "nowhere"), "nowhere"),
        (("--dialogue", "--signal", "text"), "a dialogue has no other signals"),
        (("--signal", "smell"), "there is no signal 'smell'"),
    ],
)
def test_wrong_wishes_are_one_line(thymos, chat, options, message):
    done = thymos("analyze", chat, *options)
    assert done.status == 2
    assert message in done.err
    assert "\n" not in done.err.strip()


def test_hostile_words_do_nothing(thymos, tmp_path):
    evil = "<script>alert(1)</script>[red]glad[/red]"
    path = write(tmp_path, "a.jsonl", json.dumps({"speaker": evil, "text": evil, "dialogue": evil}))
    done = thymos("analyze", path, "--plot", tmp_path / "a.html")
    assert done.status == 0
    assert "[red]" in done.out
    assert "<script>" not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_help_says_what_a_dialogue_is(thymos):
    told = " ".join(thymos("analyze", "--help").out.split())
    for part in (
        "thymos analyze chat.txt --plot chat.html",
        "--dialogue",
        "nothing beats saying the last emotion again",
    ):
        assert part in told


@pytest.mark.slow
@pytest.mark.model
def test_with_the_recognizer_that_ships(thymos, tmp_path, monkeypatch):
    monkeypatch.undo()
    path = write(
        tmp_path, "a.txt", "Ann: Thank you so much for your help!\nBen: I am terrified of the dark.\nAnn: oh no"
    )
    found = json.loads(thymos("analyze", path, "--json").out)
    assert [turn["emotion"] for turn in found["turns"][:2]] == ["gratitude", "fear"]
    assert "thank" in found["turns"][0]["cause_words"].lower()
