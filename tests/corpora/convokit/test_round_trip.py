"""Dialogues to a ConvoKit folder and back."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from thymos.corpora.convokit import read_convokit, write_convokit
from thymos.corpora.convokit.values import END, REPLY, START, TIME
from thymos.corpora.dialogue import Dialogue, Speaker, Utterance, dialogues_of, from_table, utterance_table
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.testing import write_official_layout

ODD = [
    "",
    " ",
    "שלום, מה שלומך?",
    "سلام",
    "🙂👩‍👩‍👧",
    'she said "no"\nand\r\nleft\t\\',
    "a\u2028b\x85c\x00",
    "\ufeffx",
    "null",
]
# Halves of surrogate pairs are no text; everything else is.
WHOLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXTS = st.sampled_from(ODD) | WHOLE
NAMES = st.sampled_from(["emotion", "שם", "meta", "vectors", "id", "text", "a b", ""]) | WHOLE
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
METAS = st.dictionaries(NAMES.filter(lambda name: name not in (REPLY, TIME, START, END)), VALUES, max_size=3)
PEOPLE = st.dictionaries(TEXTS, METAS, min_size=1, max_size=3)


@st.composite
def talks(draw):
    """Dialogues with unique ids in which a speaker is the same one everywhere."""
    people = [Speaker(name, meta) for name, meta in draw(PEOPLE).items()]
    ids = draw(st.lists(TEXTS.filter(bool), min_size=2, max_size=6, unique=True))
    cut = draw(st.integers(1, len(ids) - 1))
    names = draw(st.lists(TEXTS.filter(bool), min_size=2, max_size=2, unique=True))
    dialogues = []
    for name, own in zip(names, (ids[:cut], ids[cut:]), strict=True):
        utterances = tuple(draw(utterance(one, own[:place], people)) for place, one in enumerate(own))
        dialogues.append(Dialogue(name, utterances, draw(METAS)))
    return dialogues


@st.composite
def utterance(draw, name, earlier, people):
    """One utterance; it may answer an earlier one than the last, and may have times."""
    start = draw(st.none() | st.floats(0, 1e12))
    end = None if start is None else draw(st.none() | st.floats(start, 1e13))
    return Utterance(name, draw(st.sampled_from(people)), draw(TEXTS), start, end, draw(METAS))


@settings(max_examples=25)
@given(talks())
def test_what_was_written_is_read(dialogues):
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_convokit(dialogues, Path(scratch) / "corpus")
        assert read_convokit(folder) == dialogues
        for path in folder.iterdir():
            assert path.read_bytes().isascii()
            assert path.read_bytes().count(b"\n") == (sum(map(len, dialogues)) if path.suffix == ".jsonl" else 0)


@settings(max_examples=20)
@given(st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=7))
@example([None, 0, 0, None, 1])
def test_who_answers_whom_is_kept(above):
    ids = [f"u{place}" for place in range(len(above))]
    utterances = []
    for place, answered in enumerate(above):
        reply = None if answered is None or answered >= place else ids[answered]
        before = ids[place - 1] if place else None
        labels = {} if reply == before else {REPLY: reply}
        utterances.append(Utterance(ids[place], Speaker("Ann"), "x", labels=labels))
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_convokit([Dialogue("d", tuple(utterances))], Path(scratch) / "corpus")
        assert read_convokit(folder) == [Dialogue("d", tuple(utterances))]


@pytest.mark.parametrize("slug", ["meld", "annomi", "epitome", "reccon"])
def test_corpora(slug, tmp_path):
    dialogues = dialogues_of(load_corpus(slug, write_official_layout(slug, tmp_path / slug)))
    folder = write_convokit(dialogues, tmp_path / "corpus")
    found = read_convokit(folder)
    assert found == dialogues
    first = utterance_table(found).reset_index()
    assert [one.id for one in from_table(first)] == [one.id for one in dialogues]


def test_the_files(tmp_path):
    ann = Speaker("Ann", {"age": 30})
    one = Utterance("u1", ann, "hi", 1.5, 2.0, {"emotion": "joy", "votes": [1, 2], "sure": True})
    two = Utterance("u2", Speaker("Ben"), "ho", labels={"emotion": None, "share": np.float32(0.5)})
    folder = write_convokit([Dialogue("d", (one, two), {"topic": "cats"})], tmp_path / "corpus", meta={"year": 2026})
    files = {path.name: path.read_text() for path in folder.iterdir()}
    lines = [json.loads(line) for line in files.pop("utterances.jsonl").splitlines()]
    assert lines == [
        {"id": "u1", "conversation_id": "d", "text": "hi", "speaker": "Ann", "reply-to": None, "timestamp": 1.5,
         "meta": {"emotion": "joy", "votes": [1, 2], "sure": True, "thymos_end": 2.0}, "vectors": []},
        {"id": "u2", "conversation_id": "d", "text": "ho", "speaker": "Ben", "reply-to": "u1", "timestamp": None,
         "meta": {"emotion": None, "share": 0.5}, "vectors": []},
    ]  # fmt: skip
    assert {name: json.loads(text) for name, text in files.items()} == {
        "speakers.json": {"Ann": {"meta": {"age": 30}, "vectors": []}, "Ben": {"meta": {}, "vectors": []}},
        "conversations.json": {"d": {"meta": {"topic": "cats"}, "vectors": []}},
        "corpus.json": {"year": 2026},
        "index.json": {
            "utterances-index": {
                "emotion": ["<class 'str'>"], "votes": ["<class 'list'>"], "sure": ["<class 'bool'>"],
                "thymos_end": ["<class 'float'>"], "share": ["<class 'float'>"],
            },
            "speakers-index": {"age": ["<class 'int'>"]},
            "conversations-index": {"topic": ["<class 'str'>"]},
            "overall-index": {"year": ["<class 'int'>"]},
            "version": 1,
            "vectors": [],
        },
    }  # fmt: skip


def said(name="u", who="Ann", text="x", **more):
    return Utterance(name, who if isinstance(who, Speaker) else Speaker(who), text, **more)


@pytest.mark.parametrize(
    ("labels", "kept"),
    [
        ({"n": np.int64(3), "b": np.bool_(True)}, {"n": 3, "b": True}),
        ({"a": np.arange(3)}, {"a": [0, 1, 2]}),
        ({"x": float("nan"), "y": np.nan, "z": float("inf"), "w": pd.NA}, {"x": None, "y": None, "z": None, "w": None}),
        ({"t": (1, 2)}, {"t": [1, 2]}),
        ({5: "number as name"}, {"5": "number as name"}),
        ({"half": "a\ud83d!"}, {"half": "a\ufffd!"}),
        ({TIME: "last Tuesday"}, {TIME: "last Tuesday"}),
    ],
)
def test_labels_that_json_has_no_word_for(tmp_path, labels, kept):
    folder = write_convokit([Dialogue("d", (said(labels=labels),))], tmp_path / "corpus")
    assert read_convokit(folder)[0].utterances[0].labels == kept


@pytest.mark.parametrize(
    ("dialogues", "message"),
    [
        ([], "there is no dialogue to write"),
        ([Dialogue("a", (said(),)), Dialogue("b", (said(),))], "utterance 'u': two utterances have this id"),
        ([Dialogue("a", (said("u"),)), Dialogue("a", (said("v"),))], "dialogue 'a': two dialogues have this id"),
        ([Dialogue("", (said(),))], "dialogue '': it has no id"),
        ([Dialogue("a", (said(""),))], "utterance '': it has no id"),
        ([Dialogue("a", (said(labels={"s": {1}}),))], "utterance 'u': JSON cannot hold set"),
        ([Dialogue("a", (said(labels={"s": object()}),))], "JSON cannot hold object"),
        ([Dialogue("a", (said(labels={REPLY: "u"}),))], "utterance 'u': it replies to itself or a later one"),
        (
            [Dialogue(f"d{age}", (said(f"u{age}", Speaker("A", {"age": age})),)) for age in (3, 4)],
            "speaker 'A': age is '3' and '4'; ConvoKit knows one speaker of a name",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_written_leaves_nothing(tmp_path, dialogues, message):
    with pytest.raises(BadInput, match=message):
        write_convokit(dialogues, tmp_path / "corpus")
    assert list(tmp_path.iterdir()) == []


def test_nesting_without_end_is_refused(tmp_path):
    inside = []
    inside.append(inside)
    with pytest.raises(BadInput, match="nested too deeply"):
        write_convokit([Dialogue("d", (said(labels={"x": inside}),))], tmp_path / "corpus")


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def stopped():
        yield Dialogue("a", (said(),))
        assert not (tmp_path / "corpus").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_convokit(stopped(), tmp_path / "corpus")
    assert list(tmp_path.iterdir()) == []


def test_only_an_empty_folder_is_taken(tmp_path):
    dialogues = [Dialogue("a", (said(),))]
    (tmp_path / "corpus").mkdir()
    folder = write_convokit(dialogues, tmp_path / "corpus")
    assert read_convokit(folder) == dialogues
    with pytest.raises(BadInput, match="there is something already; choose another folder"):
        write_convokit(dialogues, folder)
    with pytest.raises(BadInput, match="there is something already"):
        write_convokit(dialogues, folder / "corpus.json")
    assert read_convokit(folder) == dialogues
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]
