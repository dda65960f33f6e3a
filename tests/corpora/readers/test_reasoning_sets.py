"""Small reasoning sets."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.readers._examples import number_text
from thymos.corpora.readers.reasoning_sets import last_boxed, split_options
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput


def test_every_set_with_its_own_fields(release):
    items = release("reasoning_sets").read().items
    assert items.groupby("set").size().to_dict() == {
        "aime24": 4, "amc23": 4, "aqua": 4, "asdiv": 4, "bbh": 14, "college_math": 4, "mawps": 4, "minerva_math": 4,
        "olympiadbench": 4, "svamp": 4,
    }  # fmt: skip
    answers = items["answers"].map(lambda accepted: accepted[0])
    assert answers.loc["asdiv/00001":"asdiv/00004"].tolist() == ["0", "3:4", "14", "Yes"]
    assert answers.loc["mawps/00001":"mawps/00004"].tolist() == ["0", "1.5", "2", "3.5"]
    assert answers.loc["amc23/00001"] == "-1"
    assert answers.loc["aime24/00002"] == "013"
    assert answers.loc["minerva_math/00001":"minerva_math/00004"].tolist() == ["12", "4.5e33", "\\frac{1}{2}", "-3"]
    assert answers.loc["college_math/00001":"college_math/00004"].tolist() == ["3x", "7", "1,2", "-\\frac{1}{2}"]
    assert answers.loc["olympiadbench/00002"] == "\\frac{1}{2}"
    assert items.loc[items["multiple"]].index.tolist() == ["olympiadbench/00003", "olympiadbench/00004"]
    assert items.loc["svamp/00001", "text"] == "There are 0 cats. How many cats?"
    assert items.loc["svamp/00002", "text"] == "There are 1 cats. How many cats?"
    assert items.loc["aqua/00001", "choices"] == ("1", "20", "4 km", "None of these")  # "1" stands twice
    assert answers.loc["aqua/00003"] == "1"


def test_options_of_hard_tasks(release):
    items = release("reasoning_sets").read().items
    navigate = items.loc["bbh/navigate/00001"]
    assert navigate[["question", "choices", "answers"]].tolist() == ["Take 0 steps.", ("Yes", "No"), ("Yes",)]
    snark = items.loc["bbh/snarks/00002"]
    assert snark["choices"][1] == snark["answers"][0]
    assert snark["question"] == "Which is sarcastic?"
    for damaged in ("bbh/snarks/00004", "bbh/snarks/00005", "bbh/ruin_names/00001"):
        assert items.loc[damaged, "choices"] == ()
        assert items.loc[damaged, "question"] == items.loc[damaged, "text"]
    assert items.loc["bbh/ruin_names/00001", "answers"] == ("salt, pepper",)


def test_sets_that_are_not_there_are_left_out(release):
    there = release("reasoning_sets")
    for path in there.folder.iterdir():
        if path.name not in {"svamp", "bbh"}:
            shutil.rmtree(path)
    corpus = there.read()
    assert set(corpus.items["set"]) == {"svamp", "bbh"}
    checks = {check.what: check for check in get_reader("reasoning_sets").check(corpus)}
    assert checks["aqua problems"].verdict == "not in this copy"
    assert checks["svamp problems"].verdict == "differs"
    shutil.rmtree(there.folder / "svamp")
    shutil.rmtree(there.folder / "bbh")
    there.refused("there is none of the sets")


def test_the_layout_of_the_repository(release):
    there = release("reasoning_sets")
    shutil.rmtree(there.folder / "bbh")
    expected = there.read().items
    data = there.folder / "evaluation" / "data"
    data.mkdir(parents=True)
    for name in set(expected["set"]):
        (there.folder / name).rename(data / name)
    assert there.read().items.equals(expected)


@pytest.mark.parametrize(
    ("name", "field", "value", "message"),
    [
        ("svamp", "Answer", "five", "line 1: Answer 'five' is not a number"),
        ("svamp", "Answer", float("nan"), "line 1: Answer nan is not a number"),
        ("mawps", "target", float("inf"), "line 1: target inf is not a finite number"),
        ("mawps", "target", True, "line 1: target True is not a number"),
        ("aqua", "correct", "F", "line 1: correct 'F' is none of the options"),
        ("aqua", "options", ["A)1", "2"], "the option '2' does not start with a letter and a bracket"),
        ("minerva_math", "solution", "It is 5.", r"the solution has no \\boxed\{...\} answer"),
        ("minerva_math", "solution", "\\boxed{5", r"the solution has no \\boxed\{...\} answer"),
        ("olympiadbench", "final_answer", ["1", "2"], "final_answer must hold one text"),
        ("asdiv", "answer", 7, "line 1: answer 7 is not a text"),
        ("amc23", "answer", None, "line 1: answer None is not a number"),
    ],
)
def test_bad_values(release, name, field, value, message):
    there = release("reasoning_sets")

    def change(line):
        return json.dumps(json.loads(line) | {field: value})

    there.edit_line(f"{name}/test.jsonl", 1, change)
    there.refused(message)


def test_bad_hard_tasks(release):
    there = release("reasoning_sets")
    there.edit("bbh/navigate.json", '"target": "No"', '"target": ["No"]')
    there.refused(r"navigate.json, example 2: target \['No'\] is not a text")
    (there.folder / "bbh/navigate.json").write_text('{"examples": {}}')
    there.refused("navigate.json: a list of examples is needed")


plain = st.text(alphabet="abc ={}\\^_12", max_size=12)


@given(plain, plain, plain)
def test_the_last_box_is_found_whatever_stands_around(before, inside, after):
    balanced = inside.replace("{", "").replace("}", "")
    nested = f"\\frac{{{balanced}}}{{2}}"
    tail = after.replace("{", "").replace("}", "")
    assert last_boxed(f"{before}\\boxed{{1}} then \\boxed{{{nested}}}{tail}") == nested.strip()


@given(
    st.lists(st.text(alphabet="abcd (),-", min_size=1, max_size=9).map(str.strip).filter(bool), min_size=2, max_size=9)
)
def test_lettered_options_come_back_in_order(texts):
    listed = "\n".join(f"({'ABCDEFGHI'[place]}) {text}" for place, text in enumerate(texts))
    question, options = split_options(f"Which?\nOptions:\n{listed}")
    assert question == "Which?"
    assert list(options.values()) == texts
    assert list(options) == [f"({letter})" for letter in "ABCDEFGHI"[: len(texts)]]


def test_texts_without_a_clean_list_of_options_stay_whole():
    for text in ("Which?\nOptions:\n(A) ice\nand tea", "Which? Options: (A) ice", "Which?\nOptions:\n(A) \n(B) tea"):
        assert split_options(text) == (text, {})


def test_numbers_as_texts():
    assert number_text(145.0, "x", "") == "145"
    assert number_text(0.1 + 0.2, "x", "") == "0.3"
    assert number_text(-1, "x", "") == "-1"
    with pytest.raises(BadInput):
        number_text("1", "x", "here")
