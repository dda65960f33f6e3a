"""EQ-Bench."""

import pytest

SECOND, GERMAN, FIRST = (
    "data/eq_bench_v2_questions_171.json",
    "data/eq_bench_v2_questions_171_de.json",
    "data/eq_bench_v1_questions_60.json",
)


def test_versions_languages_and_dialogues(release):
    corpus = release("eqbench").read()
    items = corpus.items
    assert items.groupby(["version", "language"]).size().to_dict() == {
        ("v1", "en"): 2, ("v2", "en"): 6, ("v2", "de"): 6,
    }  # fmt: skip
    assert items["dialogue"].nunique() == 3
    assert items.loc["v2/de/3", "dialogue"] == items.loc["v2/en/4", "dialogue"] == items.loc["v1/en/2", "dialogue"]
    question = items.loc["v2/en/1"]
    assert question["emotions"] == ["Pride", "Relief", "Envy", "Boredom"]
    assert question["question"] == "At the end of this dialogue, Ada would feel..."
    assert question["text"].startswith("Ada: ")
    assert "Give scores" in question["prompt"]
    assert all(isinstance(score, float) for score in question["intensities"])  # texts and numbers alike
    assert question["intensities"] == items.loc["v2/de/1", "intensities"]
    assert question["relative_intensities"] == [2.5] * 4


def test_only_the_english_second_version_is_needed(release):
    there = release("eqbench")
    (there.folder / GERMAN).unlink()
    (there.folder / FIRST).unlink()
    assert set(there.read().items["language"]) == {"en"}
    (there.folder / SECOND).unlink()
    there.refused("there is no file data/eq_bench_v2_questions_171.json")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"emotion1_score": "', '"emotion1_score": "2', r"question 1: emotion1_score '2\d' is outside 0..10"),
        ('"emotion1_score": "', '"emotion1_score": "x', r"question 1: emotion1_score 'x\d' is not a number"),
        ('"emotion2_score"', '"emotion2"', "question 1: field 'emotion2_score' is missing"),
        ("[End dialogue]", "", "question 1: the prompt is not dialogue, question and four emotions"),
        ("Pride\\nRelief\\n", "Pride\\n", "question 1: the prompt is not dialogue, question and four emotions"),
        ("Pride\\nRelief", "Relief\\nRelief", "question 1: the four emotions must differ"),
        ('"reference_answer_fullscale"', '"reference"', "field 'reference_answer_fullscale' is missing"),
    ],
)
def test_bad_questions(release, old, new, message):
    there = release("eqbench")
    there.edit(SECOND, old, new)
    there.refused(message)


@pytest.mark.parametrize("score", ["NaN", "-1", "null", "[]"])
def test_scores_must_be_numbers_in_range(release, score):
    there = release("eqbench")
    there.edit(SECOND, '"emotion1_score": 2.5', f'"emotion1_score": {score}')
    there.refused("question 1: emotion1_score .* is (outside 0..10|not a number)")


def test_the_container_must_be_an_object(release):
    there = release("eqbench")
    (there.folder / SECOND).write_text("[1]")
    there.refused("an object of questions by number is needed")


@pytest.mark.data
def test_the_real_questions(data_root):
    from thymos.corpora.registry import load_corpus

    items = load_corpus("eqbench", data_root).items
    assert items["dialogue"].nunique() == 50
    assert items.loc["v2/de/26", "emotions"][2] == "Frustriert"  # the list, not the reference's "Frustrated"
    english = items[(items["version"] == "v2") & (items["language"] == "en")].set_index("number")
    german = items[items["language"] == "de"].set_index("number")
    assert english["intensities"].equals(german["intensities"])
    assert {sum(scores) for scores in items["relative_intensities"]} == {9.0, 10.0}
    assert max(max(scores) for scores in items["intensities"]) == 9
