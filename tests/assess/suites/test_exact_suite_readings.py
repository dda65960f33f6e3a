"""What each suite with exact answers makes of its corpus: our readings, one by one."""

import json

import pytest

from thymos.assess.engine.answers import grade, parse
from thymos.assess.engine.benchmark import get_suite
from thymos.assess.suites.reasoning import left_out
from thymos.assess.suites.truthfulqa import MOST_OPTIONS
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.testing import write_official_layout


def read(slug, folder, edit=None):
    """An invented release, changed by ``edit`` (a file and what to do with its JSON), as a corpus."""
    write_official_layout(slug, folder, seed=5)
    if edit:
        path, change = folder / edit[0], edit[1]
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    return get_reader(slug).read(folder)


def items_of(slug, corpus):
    return {item.id.removeprefix(f"{slug}/"): item for item in get_suite(slug).items({corpus.slug: corpus})}


# -- Instruction Induction ----------------------------------------------------------------------------------------


@pytest.fixture
def induction(tmp_path):
    return items_of("instruction_induction", read("instruction_induction", tmp_path))


def test_induction_tests_on_execute_only(induction):
    assert len(induction) == 24 * 4
    assert "lampe1" in induction["rhymes/00001"].input
    assert len({item.instruction for item in induction.values()}) == 24


def test_a_word_is_no_rhyme_of_itself(induction):
    item = induction["rhymes/00001"]
    assert item.answers == ("damp", "camp")
    assert grade(item, parse(item, item.input)) == 0
    assert grade(item, parse(item, "Camp.")) == 1


def test_the_two_sentences_of_a_cause_come_in_a_drawn_order(tmp_path):
    corpus = read("instruction_induction", tmp_path)
    examples = corpus.items[corpus.items["task"] == "cause_and_effect"]
    suite = get_suite("instruction_induction")
    shown = [item for item in suite.items({corpus.slug: corpus}) if item.task == "cause_and_effect"]
    pool = suite.demonstrations({corpus.slug: corpus})["cause_and_effect"]
    texts = [item.input for item in shown] + [demonstration.input for demonstration in pool]
    assert len(texts) == len(examples)
    causes_first = [text.startswith("Sentence 1: The") for text in texts]
    assert len(set(causes_first)) == 2, "neither always first nor always second"
    for item in shown:
        assert item.input == f"Sentence 1: {item.options[0]}\nSentence 2: {item.options[1]}"
        assert item.answers[0].startswith("The ")


def test_larger_animals_are_listed_as_in_the_input(induction):
    for number in range(1, 5):
        item = induction[f"larger_animal/0000{number}"]
        assert ", ".join(item.options) == item.input
        assert item.chance == 0.5


def test_closed_answers_are_the_output_and_not_its_other_names(induction):
    item = induction["word_in_context/00001"]
    assert item.options == ("same", "not the same")
    assert len(item.answers) == 1  # "yes" and "no" of the release are no labels
    assert parse(item, "Not the same, I think") == "not the same"
    assert induction["sentence_similarity/00001"].chance == pytest.approx(1 / 6)


def test_a_pool_leaves_out_inputs_that_are_tested(tmp_path):
    def shared(content):
        content["examples"]["1"]["input"] = "lampe1"

    corpus = read("instruction_induction", tmp_path, ("raw/induce/rhymes.json", shared))
    pool = get_suite("instruction_induction").demonstrations({corpus.slug: corpus})["rhymes"]
    assert len(pool) == 6
    assert "lampe1" not in {demonstration.input for demonstration in pool}


# -- BIG-bench ----------------------------------------------------------------------------------------------------


@pytest.fixture
def big(tmp_path):
    return items_of("bigbench", read("bigbench21", tmp_path))


def test_forms_of_big_bench_answers(big):
    forms = {item.task: (item.option_form if item.options else item.scoring) for item in big.values()}
    assert {task for task, form in forms.items() if form == "letters"} == {
        "disambiguation_qa", "movie_recommendation", "question_selection", "ruin_names", "snarks",
    }  # fmt: skip
    assert {task for task, form in forms.items() if form == "text"} == {
        "causal_judgment", "epistemic_reasoning", "implicatures", "logical_fallacy_detection", "navigate",
        "presuppositions_as_nli", "sports_understanding", "winowhy",
    }  # fmt: skip
    assert forms["dyck_languages"] == "sequence"
    assert forms["operators"] == forms["object_counting"] == "number"
    assert forms["tense"] == "exact"


def test_instructions_come_from_the_data_and_name_the_labels(big):
    assert big["causal_judgment/00001"].instruction == 'Do what causal_judgment asks. Answer "Yes" or "No".'
    assert big["tense/00001"].instruction == "Answer the question."  # the invented file has none
    assert "correct or incorrect" in big["winowhy/00001"].instruction
    assert big["tense/00003"].input.startswith("FUTURE PERFECT\n")
    assert big["snarks/00001"].tags == {"preferred_score": "multiple_choice_grade"}


def test_many_options_are_cut_and_equally_good_ones_kept(big):
    many = big["question_selection/00001"]
    assert len(many.options) == 10
    assert many.answers[0] in many.options
    tied = big["ruin_names/00002"]
    assert {"What about 0, 1?", "What about 1, 1?"} <= set(tied.answers)
    assert tied.chance >= 0.5


def test_snarks_shows_its_statements_once(big, tmp_path):
    item = big["snarks/00001"]
    assert item.input == "Two statements:"
    assert len(item.options) == 2
    assert not any(option.startswith("(") for option in item.options)

    def twice(content):
        content["examples"][0]["input"] = "(a) A fine day. (b) A fine day."

    fewer = items_of("bigbench", read("bigbench21", tmp_path / "twice", ("snarks/task.json", twice)))
    assert set(big) - set(fewer) == {"snarks/00001"}


def test_brackets_count_and_number_words_are_numbers(big):
    brackets = big["dyck_languages/00001"]
    assert grade(brackets, parse(brackets, "])")) == 1
    assert grade(brackets, parse(brackets, ") ]")) == 0
    counting = big["object_counting/00001"]
    assert grade(counting, parse(counting, "Three.")) == grade(counting, parse(counting, "3")) == 1
    assert grade(counting, parse(counting, "13")) == 0


# -- the others ---------------------------------------------------------------------------------------------------


def test_truthful_items(tmp_path):
    corpus = read("truthfulqa", tmp_path)
    items = items_of("truthfulqa", corpus)
    for item in items.values():
        row = corpus.items.loc[item.id.rpartition("/")[2]]
        assert len(item.options) == min(MOST_OPTIONS, 1 + len(row["incorrect"]))
        assert item.answers == row["answers"][:1]
        assert set(item.options) - set(item.answers) <= set(row["incorrect"])
        assert dict(item.tags) == {"category": row["category"], "kind": row["kind"]}
    assert items["multiple_choice/00001"].chance == 0.5


def test_numbers_of_simple_questions_are_compared_by_value(tmp_path):
    items = items_of("simpleqa", read("simpleqa", tmp_path))
    number = items["facts/00003"]
    assert (number.scoring, number.answers) == ("number", ("1250",))
    assert grade(number, parse(number, "About 1,250 of them")) == 1
    date = items["facts/00001"]
    assert date.scoring == "exact"
    assert grade(date, parse(date, "may 4 1911")) == 1
    assert grade(date, parse(date, "May 1911")) == 0


def test_word_problems_are_those_of_the_test_part(tmp_path):
    corpus = read("gsm8k", tmp_path)
    items = items_of("gsm8k", corpus)
    assert [item.input for item in items.values()] == corpus.part("test")["text"].tolist()
    item = items["word_problems/00001"]
    assert grade(item, parse(item, f"The answer is ${int(item.answers[0]):,}.00")) == 1


def test_reasoning_items(tmp_path):
    corpus = read("reasoning_sets", tmp_path)
    items = items_of("reasoning", corpus)
    reasons = left_out(corpus.items)
    assert reasons[reasons != ""].to_dict() == {
        "bbh/ruin_names/00001": "damaged options",
        "bbh/snarks/00004": "damaged options",
        "bbh/snarks/00005": "damaged options",
        "olympiadbench/00003": "several answers",
        "olympiadbench/00004": "several answers",
    }
    assert set(items) == set(reasons.index[reasons == ""])
    assert items["bbh/navigate/00001"].options == ("Yes", "No")
    assert items["bbh/boolean_expressions/00001"].answers == ("False",)
    assert items["bbh/snarks/00001"].option_form == "letters"
    assert items["aqua/00003"].answers == ("1",)
    assert items["aime24/00002"].scoring == "number"
    assert items["asdiv/00002"].scoring == "exact"
    assert items["svamp/00001"].tags == {"set": "svamp", "topic": "Addition"}


def test_symbolic_answers_need_every_sign(tmp_path):
    items = items_of("reasoning", read("reasoning_sets", tmp_path))
    item = items["college_math/00004"]
    assert item.scoring == "sequence"
    for reply, score in (("-\\frac{1}{2}", 1), ("$-\\frac{1} {2}$", 1), ("\\frac{1}{2}", 0), ("-1/2", 0)):
        assert grade(item, parse(item, reply)) == score
    leading_zero = items["aime24/00002"]
    assert grade(leading_zero, parse(leading_zero, "13")) == 1
    assert items["college_math/00003"].scoring == "sequence"  # "1,2" is a list and no number


def test_long_symbolic_answers_are_left_out(tmp_path):
    folder = tmp_path / "r"
    write_official_layout("reasoning_sets", folder)
    path = folder / "college_math" / "test.jsonl"
    lines = path.read_text().splitlines()
    lines[0] = json.dumps(json.loads(lines[0]) | {"answer": "$" + "x+" * 31 + "1$"})
    lines[1] = json.dumps(json.loads(lines[1]) | {"answer": "x\ny"})
    path.write_text("\n".join(lines))
    reasons = left_out(get_reader("reasoning_sets").read(folder).items)
    assert reasons[reasons == "long answer"].index.tolist() == ["college_math/00001", "college_math/00002"]


def test_an_unknown_task_is_named(tmp_path):
    corpus = read("instruction_induction", tmp_path)
    corpus.items["task"] = corpus.items["task"].replace("sum", "product")
    with pytest.raises(BadInput, match="unknown task 'product'"):
        items_of("instruction_induction", corpus)
