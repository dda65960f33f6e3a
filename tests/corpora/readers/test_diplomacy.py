"""Diplomacy: messages with both marks, scores as numbers, games apart."""

import json

import pytest

from thymos.corpora.registry import corpus_folder, get_reader
from thymos.errors import Unavailable

TRAIN = "data/train.jsonl"


def edit_record(there, line, change):
    """Change one dialogue of the training file."""

    def changed(text):
        record = json.loads(text)
        change(record)
        return json.dumps(record)

    there.edit_line(TRAIN, line, changed)


def test_messages_and_splits(release):
    corpus = release("diplomacy").read()
    items = corpus.items
    assert len(items) == 7 * 3 * 24
    assert set(items["label"]) == {"truth", "lie"}
    assert set(items["suspected"]) == {"truth", "lie", ""}
    assert items["score_delta"].dtype.kind == "i"
    assert (items["sender"] != items["receiver"]).all()
    first = items.loc["game1/germany-italy/0"]
    assert first["label"] == "lie"
    assert corpus.split().guarantee == "dialogue-independent, game-independent"
    assert list(corpus.split("games").parts) == ["game1", "game2", "game3", "game4", "game5", "game11", "game12"]


def test_the_readme_s_name_of_the_score_and_flat_files(release):
    corpus = release("diplomacy", "flat").read()
    assert corpus.items["score_delta"].abs().max() > 0


def test_texts_for_truth_values_and_an_empty_dialogue(release):
    there = release("diplomacy")
    before = there.read()
    edit_record(there, 1, lambda record: record.update(sender_labels=[str(x).lower() for x in record["sender_labels"]]))
    assert there.read().items["label"].tolist() == before.items["label"].tolist()

    def emptied(record):
        for name, value in record.items():
            if isinstance(value, list) and name != "players":
                record[name] = []

    edit_record(there, 2, emptied)
    after = there.read()
    assert len(after.items) == len(before.items) - 24
    assert len(after.tables["dialogues"]) == 21


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.pop("speakers"), "field 'speakers' is missing"),
        (lambda record: record.pop("game_score_delta"), "field 'game_score_delta' is missing"),
        (lambda record: record["seasons"].pop(), "23 entries in 'seasons' for 24 messages"),
        (lambda record: record.update(messages="hello"), "field 'messages' is no list"),
        (lambda record: record["messages"].__setitem__(3, 7), "message 3 is no text"),
        (lambda record: record["sender_labels"].__setitem__(0, "NOANNOTATION"), "is neither true nor false"),
        (lambda record: record["receiver_labels"].__setitem__(0, None), "receiver_labels None is neither"),
        (lambda record: record["speakers"].__setitem__(0, "spain"), "unknown speakers 'spain'"),
        (lambda record: record["game_score"].__setitem__(0, "x"), "game_score 'x' is no whole number in 0..34"),
        (lambda record: record["game_score"].__setitem__(0, True), "game_score True is no whole number"),
        (lambda record: record["years"].__setitem__(0, "19"), "years '19' is no whole number in 1901"),
        (lambda record: record["relative_message_index"].__setitem__(1, 0), "stands twice"),
    ],
)
def test_wrong_dialogues_are_named(release, change, message):
    there = release("diplomacy")
    edit_record(there, 2, change)
    assert there.refused(message).where.endswith("train.jsonl, line 2")


@pytest.mark.data
def test_published_counts_of_the_real_release(data_root):
    try:
        folder = corpus_folder("diplomacy", data_root)
    except Unavailable as reason:
        pytest.skip(str(reason))
    reader = get_reader("diplomacy")
    corpus = reader.read(folder)
    if corpus.simulated:
        pytest.skip("this is a format twin")
    assert all(check.agrees for check in reader.check(corpus))
    lies = corpus.items[corpus.items["label"] == "lie"]["part"].value_counts().to_dict()
    assert lies == {"train": 591, "test": 240, "validation": 56}
