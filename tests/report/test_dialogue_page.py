"""The page of dialogues: readable, whole, and safe against what people write."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.corpora.dialogue import Dialogue, Speaker, Utterance
from thymos.perceive.analysis.run import Failure
from thymos.perceive.dialogue.reading import read_turns
from thymos.perceive.text_reading import TextReader
from thymos.report import dialogue_page as page_of
from thymos.report.dialogue_page import MACRO_F1, dialogue_page, highlighted, write_dialogue_page
from thymos.respond.conversation import NextWishes, ReadDialogue, ReadDialogues, next_emotions
from thymos.testing.word_recognizer import WordRecognizer

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>{{ 7*7 }}\'"&'
VOID = {"meta", "img", "br", "hr", "line", "circle", "rect", "path"}


class Tags(HTMLParser):
    """Every tag with its attributes, and whether tags are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def made(*talks, **options):
    reader = TextReader(WordRecognizer({"glad": "joy", "mad": "anger"}))
    found = []
    for number, turns in enumerate(talks):
        dialogue = Dialogue(
            f"talk {number}", tuple(Utterance(str(k), Speaker(who), text) for k, (who, text) in enumerate(turns))
        )
        readings = tuple(read_turns([dialogue], reader))
        found.append(ReadDialogue("chat.txt", dialogue.id, readings, next_emotions(readings, NextWishes())))
    return ReadDialogues(tuple(found), tuple(reader.labels), files=1, **options)


TALK = [("Ann", "so glad"), ("Ben", "I am mad"), ("Ann", "mad <b>now</b>"), ("", ""), ("Ben", "a chair")]


def test_everything_stands_on_it():
    page = dialogue_page(made(TALK, left_out={"deleted messages": 2}, use="my <own>"))
    tags = Tags(page)
    assert tags.open == []
    for part in (
        "joy 0.90",
        "anger 0.90",
        "not judged: empty",
        "shift: joy → anger",
        "words: glad (−0.88)",
        "neutral 0.60",
        "Left out: 2 deleted messages",
        "for: my <own>",
        "last anger",
        "nothing, nobody is named",
        "5 turns, 2 named speakers, 4 judged, 2 marked shifts",
        "nothing beats saying the last emotion again",
    ):
        assert part in tags.text, part  # fmt: skip
    assert "<mark>glad</mark>" in page
    assert "<b>" not in page


def test_it_loads_nothing_and_runs_nothing():
    page = dialogue_page(made(TALK))
    tags = Tags(page)
    assert not {tag for tag, _ in tags.tags} & {"script", "iframe", "object", "link", "img", "form"}
    assert not [name for _, attributes in tags.tags for name in attributes if name.startswith("on")]
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    assert "default-src 'none'" in page


def test_it_can_be_read_without_eyes_or_mouse():
    tags = Tags(dialogue_page(made(TALK)))
    assert ("html", {"lang": "en"}) in tags.tags
    levels = [int(tag[1]) for tag, _ in tags.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("aria-label" in attributes for tag, attributes in tags.tags if tag == "svg")
    assert ("a", {"class": "skip", "href": "#main"}) in tags.tags
    assert any(attributes.get("tabindex") == "0" for _, attributes in tags.tags)
    assert any(attributes.get("dir") == "auto" for _, attributes in tags.tags)


@pytest.mark.parametrize("place", ["text", "speaker", "file", "dialogue", "time", "use", "failure"])
def test_hostile_words_are_only_words(place):
    reader = TextReader(WordRecognizer({"alert": "joy", "script": "anger"}))
    labels = {"time": HOSTILE} if place == "time" else {}
    text = HOSTILE if place == "text" else "hi"
    one = Utterance("0", Speaker(HOSTILE if place == "speaker" else "Ann"), text, labels=labels)
    name = HOSTILE if place == "dialogue" else "d"
    dialogue = Dialogue(name, (one, Utterance("1", Speaker("Ben"), text)))
    readings = tuple(read_turns([dialogue], reader))
    found = ReadDialogues(
        (ReadDialogue(HOSTILE if place == "file" else "a.txt", name, readings, next_emotions(readings, NextWishes())),),
        tuple(reader.labels),
        failures=(Failure("a", "text", HOSTILE),) if place == "failure" else (),
        use=HOSTILE if place == "use" else "",
    )
    tags = Tags(dialogue_page(found))
    assert tags.open == []
    assert not {tag for tag, _ in tags.tags} & {"script", "img"}
    assert "49" not in tags.text or "{{ 7*7 }}" in tags.text


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=40)), min_size=1, max_size=4))
def test_any_dialogue_gives_a_whole_page(turns):
    tags = Tags(dialogue_page(made([(who.strip(), text) for who, text in turns])))
    assert tags.open == []
    assert {tag for tag, _ in tags.tags} & {"ol"}


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_marking_words_changes_no_word(text, spans):
    good = [(start, end) for start, end in spans if start < end]
    shown = highlighted(text, good[:2], good[2:])
    parsed = Tags(f"<p>{shown}</p>")
    assert parsed.text.replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_words_of_the_turn_before_are_marked_there():
    assert '<span class="later">b</span>' in highlighted("a b", [(0, 1)], [(2, 3)])
    assert highlighted("ab", [(0, 2)], [(1, 2)]) == "<mark>ab</mark>"
    assert highlighted("ab", [(1, 9)], []) == "ab"


def test_long_dialogues_are_cut_and_said_so(monkeypatch):
    monkeypatch.setattr(page_of, "SHOWN_TURNS", 3)
    monkeypatch.setattr(page_of, "SHOWN_LETTERS", 4)
    text = Tags(dialogue_page(made(TALK, TALK))).text
    assert "2 more turns are not shown; write all of them with --out." in text
    assert "1 more dialogues are not shown" in text
    assert "so g [3 more characters]" in text


def test_speakers_have_the_colors_of_their_curves():
    page = dialogue_page(made([("Ann", "🙂"), ("Ben", "glad"), ("Ben", "mad")]))
    assert "Ann (no values)" in page
    assert '<li class="s1">' in page
    assert 'class="curve floor"' in page


def test_what_an_export_left_out_is_told():
    reader = TextReader(WordRecognizer({"glad": "joy"}))
    dialogue = Dialogue("d", (Utterance("0", Speaker("Ann"), "", labels={"media": "<Media omitted>"}),))
    readings = tuple(read_turns([dialogue], reader))
    found = ReadDialogues((ReadDialogue("a.txt", "d", readings, ()),), tuple(reader.labels))
    assert "not judged: empty, <Media omitted>" in Tags(dialogue_page(found)).text


def test_a_single_turn_has_no_chart(tmp_path):
    path = write_dialogue_page(made([("Ann", "glad")]), tmp_path / "a.html")
    assert "<svg" not in path.read_text(encoding="utf-8")


def test_the_accuracy_is_the_published_one():
    result = json.loads((Path(__file__).parents[2] / "docs/results/text_recognizer.json").read_text(encoding="utf-8"))
    (value,) = (
        row["value"]
        for row in result["rows"]
        if (row["system"], row["metric"], row["subset"]) == ("shipped", "macro_f1", "goemotions_28 test")
    )
    assert pytest.approx(value, abs=0.0006) == MACRO_F1
    assert f"macro F1 is {MACRO_F1:.3f}" in dialogue_page(made(TALK))
