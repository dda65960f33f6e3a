"""EmoBench."""

import json

import pytest

UNDERSTANDING, APPLICATION = "data/EU.jsonl", "data/EA.jsonl"


def change(there, file, line, **fields):
    """Set fields of the question on one line."""
    there.edit_line(file, line, lambda text: json.dumps(json.loads(text) | fields, ensure_ascii=False))


def test_both_tests_in_both_languages(release):
    corpus = release("emobench").read()
    assert corpus.items.groupby(["test", "language"]).size().to_dict() == {
        ("EU", "en"): 8, ("EU", "zh"): 8, ("EA", "en"): 6, ("EA", "zh"): 6,
    }  # fmt: skip
    question = corpus.items.loc["EU/zh/2"]
    assert (question["emotion"], question["cause"]) == ("轻松", "面包糊了")
    assert len(question["emotion_options"]) == 6
    assert len(question["cause_options"]) == 6
    assert corpus.items.loc["EU/en/1", "cause_options"] == [
        "The lamp works", "The bread is burnt", "The train is late", "Nobody called",
    ]  # fmt: skip
    action = corpus.items.loc["EA/en/1"]
    assert (action["question_type"], action["answer"]) == ("Action", "The lamp works")
    assert corpus.card.test_only


def test_scenarios_join_translations_and_questions_on_the_same_text(release):
    items = release("emobench").read().items
    assert items.loc[["EU/en/1", "EU/en/2", "EU/zh/1", "EU/zh/2"], "scenario"].tolist() == ["EU/1"] * 4
    assert items.loc["EU/en/3", "scenario"] == items.loc["EU/zh/4", "scenario"] == "EU/3"
    assert items.loc["EA/en/1", "scenario"] == items.loc["EA/zh/1", "scenario"] == "EA/1"
    assert items["scenario"].nunique() == 4 + 6


def test_a_question_that_links_two_scenarios_makes_them_one(release):
    there = release("emobench")
    scenario = there.read().items.loc["EU/zh/4", "text"]
    change(there, UNDERSTANDING, 9, scenario=scenario)  # the first Chinese question takes the text of the fourth
    items = there.read().items
    assert (
        items.loc[[f"EU/{language}/{k}" for language in ("en", "zh") for k in (1, 2, 3, 4)], "scenario"].nunique() == 1
    )
    assert items["scenario"].nunique() == 3 + 6


@pytest.mark.parametrize(
    ("file", "fields", "message"),
    [
        (UNDERSTANDING, {"language": "fr"}, "EU.jsonl, line 2: unknown language 'fr'; legal: en, zh"),
        (UNDERSTANDING, {"qid": "1"}, "line 2: question '1' stands twice"),
        (UNDERSTANDING, {"scenario": " "}, "line 2: scenario ' ' is not a text"),
        (UNDERSTANDING, {"emotion_label": "Sleepy"}, "line 2: emotion_label 'Sleepy' is none of the emotion_choices"),
        (UNDERSTANDING, {"emotion_label": ["Pride"]}, "line 2: emotion_label .* is none of the emotion_choices"),
        (UNDERSTANDING, {"cause_choices": "A"}, "line 2: cause_choices is not a list of texts"),
        (UNDERSTANDING, {"cause_choices": [1, 2]}, "line 2: cause_choices is not a list of texts"),
        (APPLICATION, {"choices": ["x", "x"]}, "EA.jsonl, line 2: choices must be at least two different texts"),
        (APPLICATION, {"question type": "Wish"}, "line 2: unknown question type 'Wish'; legal: Action, Response"),
        (APPLICATION, {"subject": None}, "line 2: subject None is not a text"),
    ],
)
def test_bad_questions(release, file, fields, message):
    there = release("emobench")
    change(there, file, 2, **fields)
    there.refused(message)


def test_a_missing_field_and_a_missing_file(release):
    there = release("emobench")
    there.edit(APPLICATION, '"label"', '"lable"')
    there.refused("EA.jsonl, line 1: field 'label' is missing")
    (there.folder / APPLICATION).unlink()
    there.refused("there is no file data/EA.jsonl")


@pytest.mark.data
def test_the_real_questions(data_root):
    from thymos.corpora.registry import load_corpus

    items = load_corpus("emobench", data_root).items
    assert items["scenario"].nunique() == 337
    understanding = items[items["test"] == "EU"]
    first = sum(row.cause == row.cause_options[0] for row in understanding.itertuples())
    assert first == 185  # the trap that the card names
    per_scenario = understanding[understanding["language"] == "en"].groupby("scenario").size()
    assert int(per_scenario[per_scenario > 1].sum()) == 123
