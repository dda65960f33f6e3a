"""BIG-bench, 21 tasks."""

import json

import pytest

SNARKS, COUNTING, TENSE = "snarks/task.json", "object_counting/task.json", "tense/task.json"


def change(there, name, edit):
    path = there.folder / name
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_tasks_targets_and_scores(release):
    corpus = release("bigbench21").read()
    items, tasks = corpus.items, corpus.tables["tasks"].set_index("task")
    assert len(items) == 21 * 6
    assert items.loc["object_counting/00001", "answers"] == ("three", "3")
    assert items.loc["dyck_languages/00001", "answers"] == ("] )",)  # the target, not the best option
    assert items.loc["dyck_languages/00001", "choices"] == ("] )", ") ]")
    assert items.loc["tense/00003", "prefix"] == "FUTURE PERFECT"
    assert (items["prefix"] != "").sum() == 1
    tied = items.loc["ruin_names/00002"]
    assert {"What about 0, 1?", "What about 1, 1?"} <= set(tied["answers"])
    assert len(items.loc["question_selection/00001", "choices"]) == 30
    assert tasks.loc["snarks", "preferred_score"] == "multiple_choice_grade"
    assert tasks.loc["snarks", "instruction"] == "Do what snarks asks."
    assert tasks.loc["tense", "instruction"] == ""
    assert not corpus.items.astype(str).apply(lambda column: column.str.contains("training data")).any().any()


def test_the_layout_of_the_repository_is_read(release):
    there = release("bigbench21")
    expected = there.read().items
    new = there.folder / "bigbench" / "benchmark_tasks"
    new.mkdir(parents=True)
    for path in list(there.folder.glob("*/task.json")):
        path.parent.rename(new / path.parent.name)
    assert there.read().items.equals(expected)


@pytest.mark.parametrize(
    ("file", "edit", "message"),
    [
        (SNARKS, lambda c: c["examples"][0].pop("target_scores"), "example 1: there is neither target nor target_sc"),
        (SNARKS, lambda c: c["examples"][1].update(target_scores={"(a)": 1}), "example 2: .* two options or more"),
        (SNARKS, lambda c: c["examples"][1].update(target_scores={"(a)": 1, "(a) ": 0}), "are the same text"),
        (SNARKS, lambda c: c["examples"][1].update(target_scores={"(a)": 0, "(b)": 0}), "no option has a score above"),
        (SNARKS, lambda c: c["examples"][1].update(target_scores={"(a)": "1", "(b)": 0}), "score '1' .* not a number"),
        (SNARKS, lambda c: c["examples"][1].update(target_scores={"(a)": True, "(b)": 0}), "score True .* not a num"),
        (SNARKS, lambda c: c.update(examples=[]), "a list of examples is needed"),
        (SNARKS, lambda c: c.pop("preferred_score"), "field 'preferred_score' is missing"),
        (SNARKS, lambda c: c.update(task_prefix=["a"]), r"task_prefix \['a'\] is not a text"),
        (COUNTING, lambda c: c["examples"][2].update(target=[]), "example 3: target is empty"),
        (COUNTING, lambda c: c["examples"][2].update(target=3), "example 3: target 3 is not a text"),
        (TENSE, lambda c: c["examples"][0].update(input="  "), "example 1: input is empty"),
    ],
)
def test_bad_values(release, file, edit, message):
    there = release("bigbench21")
    change(there, file, edit)
    there.refused(message)
