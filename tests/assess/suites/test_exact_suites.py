"""What all suites with exact answers keep to, on small invented files and on the real ones."""

from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from thymos.assess.engine.answers import SCORINGS, grade, parse
from thymos.assess.engine.benchmark import get_suite
from thymos.assess.engine.prompting import build_prompt
from thymos.corpora.registry import get_reader
from thymos.testing import write_official_layout

SUITES = {
    "bigbench": (27982, 13468, 21),
    "gsm8k": (1319, 0, 1),
    "instruction_induction": (2156, 425, 24),
    "reasoning": (15220, 5760, 36),
    "simpleqa": (4326, 0, 1),
    "truthfulqa": (817, 817, 1),
}
# The order of these options is drawn by us: the right one must stand anywhere equally often.
DRAWN_ORDER = (
    "multiple_choice", "disambiguation_qa", "movie_recommendation", "question_selection", "ruin_names", "snarks",
)  # fmt: skip


@pytest.fixture(params=list(SUITES))
def invented(request, tmp_path):
    """The items of a suite on its corpora's invented releases."""
    suite = get_suite(request.param)
    corpora = {
        slug: get_reader(slug).read(write_official_layout(slug, tmp_path / slug, seed=3)) for slug in suite.corpora
    }
    return suite, corpora, suite.items(corpora)


@pytest.fixture(scope="module")
def real(data_root):
    """The items of all suites on the real data, read once."""
    items = {}

    def load(slug):
        if slug not in items:
            items[slug] = get_suite(slug).load(data_root)
        return items[slug]

    return load


def check_items(suite, items):
    """Ids, scorings, what belongs together within a task, and that a right answer is graded as right."""
    shared = defaultdict(set)
    for item in items:
        assert item.suite == suite.slug
        assert item.id.startswith(f"{suite.slug}/{item.task}/")
        assert item.input.strip()
        assert item.scoring in SCORINGS
        assert 6 <= item.max_new_tokens <= 108
        shared[item.task].add((item.instruction, item.option_form, bool(item.options)))
        prompt = build_prompt(item)[0].content
        assert prompt.startswith(f"Instruction: {item.instruction}\n\nInput: ")
        if item.options:
            assert ("letter" in item.instruction) == (item.option_form == "letters")
        if item.option_form == "text" and item.options:
            named = f"{item.instruction} {item.input}"
            assert all(option in named for option in item.options), "a reply could not know its labels"
    assert all(len(told) == 1 for told in shared.values()), "one instruction and form a task: prompts share a prefix"


def check_answers_are_reachable(items):
    """The right answer, said plainly, is read and counts in full; an answer that is no option does not."""
    unread = [item.id for item in items if not _says_right(item)]
    assert unread == []


def _says_right(item):
    for answer in item.answers:
        said = item.labels[item.options.index(answer)] if item.options else answer
        if grade(item, parse(item, f"{said}\nAnd so on.")) < 1:
            return False
    return True


def test_invented_items_keep_to_the_contract(invented):
    suite, _, items = invented
    check_items(suite, items)
    check_answers_are_reachable(items)
    assert suite.notes


def test_prompts_do_not_depend_on_the_answers(invented):
    _, _, items = invented
    for item in items:
        others = item.options[-1:] if item.options else ("something else entirely",)
        assert build_prompt(replace(item, answers=others)) == build_prompt(item)


def test_building_again_gives_the_same_items(invented):
    suite, corpora, items = invented
    assert suite.items(corpora) == items


def test_demonstrations_are_no_items_and_fit_the_tasks(invented):
    suite, corpora, items = invented
    if suite.demonstrations is None:
        assert suite.slug not in {"gsm8k", "instruction_induction"}
        return
    pools = suite.demonstrations(corpora)
    assert set(pools) == {item.task for item in items}
    tested = {(item.task, item.input) for item in items}
    for task, pool in pools.items():
        assert len(pool) >= 5
        assert not {(task, shown.input) for shown in pool} & tested
        one = next(item for item in items if item.task == task)
        assert one.input not in {shown.input for shown in pool}
        if one.options and task not in {"cause_and_effect", "larger_animal"}:
            assert {shown.output for shown in pool} <= set(one.options)
        if task in {"cause_and_effect", "larger_animal"}:
            assert all(shown.output in shown.input for shown in pool)


@pytest.mark.data
@pytest.mark.parametrize("slug", list(SUITES))
def test_real_items(real, slug):
    items = real(slug)
    count, closed, tasks = SUITES[slug]
    assert len(items) == count
    assert sum(bool(item.options) for item in items) == closed
    assert len({item.task for item in items}) == tasks
    check_items(get_suite(slug), items)


@pytest.mark.data
@pytest.mark.parametrize("slug", list(SUITES))
def test_real_answers_are_reachable(real, slug):
    check_answers_are_reachable(real(slug))


@pytest.mark.data
def test_the_right_option_stands_anywhere_equally_often(real):
    by_task = defaultdict(Counter)
    for item in [*real("bigbench"), *real("truthfulqa")]:
        if item.task in DRAWN_ORDER:
            # The place as a share of the places before the last: 0 first, 1 last; its mean is 1/2 by chance.
            by_task[item.task][item.options.index(item.answers[0]) / (len(item.options) - 1)] += 1
    assert set(by_task) == set(DRAWN_ORDER)
    for task, places in by_task.items():
        total = sum(places.values())
        mean = sum(place * count for place, count in places.items()) / total
        # The standard deviation of a place is at most 1/2 (two options).
        assert abs(mean - 0.5) < 3.5 * 0.5 / total**0.5, task


@pytest.mark.data
def test_mean_chance_of_the_closed_tasks(real):
    chance = defaultdict(list)
    for slug in ("bigbench", "instruction_induction", "truthfulqa", "reasoning"):
        for item in real(slug):
            chance[item.task].append(item.chance)
    mean = {task: sum(values) / len(values) for task, values in chance.items()}
    assert mean["snarks"] == mean["sentiment"] == mean["word_in_context"] == mean["bbh/web_of_lies"] == 0.5
    assert mean["sentence_similarity"] == pytest.approx(1 / 6)
    assert mean["presuppositions_as_nli"] == pytest.approx(1 / 3)
    assert mean["multiple_choice"] == pytest.approx(0.230, abs=5e-4)
    assert mean["question_selection"] == pytest.approx(0.380, abs=5e-4)
    assert mean["dyck_languages"] == 0
