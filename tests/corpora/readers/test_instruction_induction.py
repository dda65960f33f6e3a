"""Instruction Induction."""

import json

import pytest

CAUSE = "raw/execute/cause_and_effect.json"
LARGER = "raw/execute/larger_animal.json"
SUM = "raw/execute/sum.json"


def test_tasks_parts_and_answers(release):
    corpus = release("instruction_induction").read()
    items = corpus.items
    assert items["task"].nunique() == 24
    assert len(corpus.part("induce")) == 7 * 24
    assert len(corpus.part("execute")) == 4 * 24
    assert corpus.split().guarantee == "official: not task-independent"
    assert items.loc["execute/rhymes/00001", "answers"] == ("damp", "lampe1", "camp")
    assert items.loc["execute/translation_en-de/00002", "answers"] == ("Baum", "Gehölz")  # the blank entry is out
    same = items.loc[items["task"] == "word_in_context", "answers"]
    assert set(same) <= {("same", "yes", "true"), ("not the same", "no", "false")}
    concept = items.loc["induce/common_concept/00007"]
    assert concept["text"] == "crate i7, jar, drum"
    assert len(concept["answers"]) == 2


def test_the_text_of_causes_tells_nothing_about_the_order(release):
    items = release("instruction_induction").read().items
    causes = items[items["task"] == "cause_and_effect"]
    for row in causes.itertuples():
        assert row.text.split("\n") == sorted(row.choices) == list(row.choices)
        assert row.answers[0] in row.choices
        assert row.answers[0].startswith("The ")
    larger = items[items["task"] == "larger_animal"]
    assert all(set(row.text.split(", ")) == set(row.choices) for row in larger.itertuples())
    assert all(not choices for choices in items.loc[items["task"] == "antonyms", "choices"])


def test_the_layout_of_the_first_authors_is_read(release):
    there = release("instruction_induction")
    expected = there.read().items
    (there.folder / "data").mkdir()
    (there.folder / "raw").rename(there.folder / "data" / "raw")
    assert there.read().items.equals(expected)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (SUM, '"num_examples": 4', '"num_examples": 100', "4 examples found, 100 stated; the file may be cut"),
        (SUM, '"2": {', '"7": {', "example 2 is numbered '7'"),
        (SUM, '"output"', '"result"', "example 1: field 'output' is missing"),
        (SUM, '"metadata"', '"meta"', "field 'metadata' is missing"),
        (CAUSE, '"cause": "The', '"cause": " ", "was": "The', "example 1: cause is empty"),
        (LARGER, '"large": "', '"large": "not ', "is none of the two animals"),
        ("raw/induce/rhymes.json", '"input": "lampi1"', '"input": 5', "example 1: input 5 is not a text"),
    ],
)
def test_bad_values(release, file, old, new, message):
    there = release("instruction_induction")
    there.edit(file, old, new)
    there.refused(message)


def test_a_missing_task_and_an_odd_container_are_named(release):
    there = release("instruction_induction")
    (there.folder / SUM).write_text(json.dumps({"metadata": {"num_examples": 0}, "examples": []}))
    there.refused("sum.json: an object of examples by number is needed")
    (there.folder / SUM).unlink()
    there.refused("there is no file raw/execute/sum.json")
