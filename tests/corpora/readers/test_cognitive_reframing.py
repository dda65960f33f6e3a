"""Thoughts and their reframes."""

import pytest

FILE, TRAPS = "data/reframing_dataset.csv", "data/thinking_traps.jsonl"


def test_reframes(release):
    corpus = release("cognitive_reframing").read()
    assert len(corpus.items) == 30
    first = corpus.items.loc["reframe-0000"]
    assert first["text"].startswith("Reframe 0: ")
    assert (first["thought"], first["traps"]) == ("Thought 0: it will never change.", "labeling")
    assert corpus.items["situation"].nunique() == 14
    assert corpus.items.groupby(["situation", "thought"]).size().eq(2).all()


def test_several_traps_are_several_ratings(release):
    annotations = release("cognitive_reframing").read().rated()
    own = annotations.select(items=["reframe-0001"]).table
    assert set(own["label"]) == {"mind reading", "blaming"}
    assert len(annotations) == 30 + 8, "eight reframes address two traps"


def test_situations_stay_together(release):
    corpus = release("cognitive_reframing").read()
    assert corpus.split("grouped").guarantee == "situation-independent, thought-independent"


def test_thoughts_of_the_other_file(release):
    there = release("cognitive_reframing")
    table = there.read().tables["thoughts"]
    assert table.iloc[0].tolist() == ["Thought 0: it will never change.", "overgeneralization"]
    assert len(table) == 6
    before = there.read().sha256
    (there.folder / TRAPS).unlink()
    alone = there.read()
    assert not alone.tables
    assert alone.sha256 != before


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (FILE, "labeling", "labelling", r"reframing_dataset.csv, line 2: unknown thinking trap 'labelling'"),
        (FILE, "thought,", "thinking,", "column 'thought' is missing"),
        (FILE, "Thought 0: it will never change.", "", "line 2: thought is empty"),
        (TRAPS, " ->", "", r"thinking_traps.jsonl, line 1: a prompt that ends with '->'"),
        (TRAPS, "completion", "answer", r"thinking_traps.jsonl, line 1: field 'completion' is missing"),
    ],
)
def test_bad_values(release, name, old, new, message):
    there = release("cognitive_reframing")
    there.edit(name, old, new)
    there.refused(message)


def test_a_reframe_twice(release):
    there = release("cognitive_reframing")
    there.repeat_line(FILE, 4)
    there.refused("line 32")
