"""Guided exercises: every script that ships, every way through one, and states that survive."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.exercises import ExerciseRun, Step, exercises, find_exercise, parse_exercise, read_exercise
from thymos.respond.exercises.script import quoted

NAMES = sorted(exercises())
MINIMAL = """slug: a
version: 1
title: A
summary: B
minutes: 1
source: us
steps:
  - {id: one, kind: text, prompt: Say}
"""


def answer_for(step: Step, draw):
    """A valid answer, or None where one may be left out."""
    if not step.asks or (step.optional and draw(st.booleans())):
        return None
    if step.kind == "scale":
        return draw(st.integers(int(step.low), int(step.high)))
    if step.kind == "choice":
        return draw(st.sampled_from(step.options))
    if step.kind == "choices":
        return draw(st.lists(st.sampled_from(step.options), min_size=1, unique=True))
    text = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=30).filter(str.strip)
    if step.kind == "list":
        return draw(st.lists(text, min_size=step.least, max_size=step.most))
    return draw(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_script_has_what_a_person_needs(name):
    one = exercises()[name]
    assert one.slug == name
    assert one.source
    assert one.minutes <= 30
    assert any(step.asks for step in one.steps)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_valid_answers_end_and_every_prefix_resumes(name, data):
    run = ExerciseRun.start(find_exercise(name))
    for _ in range(100):
        kept = ExerciseRun.from_json(run.to_json())
        assert kept == run
        assert kept.prompt() == run.prompt()
        step = run.prompt()
        if step is None:
            break
        before = run
        run = run.answer(answer_for(step, data.draw))
        assert run.back() == before
        done, steps = run.progress()
        assert 0 < done <= steps <= len(run.exercise.steps)
    assert run.finished
    assert run.export("md").startswith("# ")
    assert json.loads(run.export("json"))["exercise"]["slug"] == name
    with pytest.raises(BadInput, match="finished"):
        run.answer("more")


def test_a_condition_asks_only_where_it_holds():
    run = ExerciseRun.start(find_exercise("paced_breathing"))
    calm = run.answer(3).answer(None).answer(None).answer(2)
    assert calm.finished
    tense = run.answer(8).answer(None).answer(None).answer(7)
    assert tense.prompt().id == "again"
    assert tense.answer("no").finished
    assert tense.answer("yes").prompt().kind == "breathing"


def test_answers_are_quoted_and_never_read_as_templates():
    run = (
        ExerciseRun.start(find_exercise("thought_record"))
        .answer(None)
        .answer("x")
        .answer("I {belief} {0} {thought.__class__}")
    )
    assert "I {belief} {0} {thought.__class__}" in run.prompt().prompt
    assert quoted("{a} {b}", {"a": "{b}", "b": "no"}) == "{b} no"


def test_the_change_is_shown_at_the_end():
    answers = [None, "s", "I fail", 90, "sad", 80, None, "f", "a", "b", 40, 30]
    run = ExerciseRun.start(find_exercise("thought_record"))
    for answer in answers:
        run = run.answer(answer)
    assert run.finished
    assert "90 before, 40 after" in run.summary()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "needed"),
        ("5", "number"),
        (math.nan, "number"),
        (math.inf, "number"),
        (True, "number"),
        (101, "outside"),
        (-1, "outside"),
    ],
)
def test_wrong_numbers_leave_the_run_as_it_is(value, message):
    run = ExerciseRun.start(find_exercise("thought_record")).answer(None).answer("s").answer("t")
    with pytest.raises(BadInput, match=message):
        run.answer(value)
    assert run.prompt().id == "belief"


@pytest.mark.parametrize("value", ["", "   ", 5, ["a"], "x" * 10_001, "\ud800"])
def test_wrong_texts_are_refused(value):
    run = ExerciseRun.start(find_exercise("thought_record")).answer(None)
    with pytest.raises(BadInput):
        run.answer(value)


@pytest.mark.parametrize("value", [[], ["", " "], list("abcd"), "one", [1]])
def test_wrong_lists_are_refused(value):
    with pytest.raises(BadInput):
        ExerciseRun.start(find_exercise("gratitude")).answer(None).answer(value)


@pytest.mark.parametrize(
    "state",
    ["", "{}", "[]", "null", '{"format": 2}', '{"format": 1, "exercise": {}, "started": "", "given": []}'],
)
def test_states_that_are_none_are_one_clear_error(state):
    with pytest.raises(BadInput):
        ExerciseRun.from_json(state)


def test_a_state_that_skips_a_step_is_refused():
    state = json.loads(ExerciseRun.start(find_exercise("gratitude")).answer(None).to_json())
    state["given"][0][0] = "thank"
    with pytest.raises(BadInput, match="not asked there"):
        ExerciseRun.from_json(json.dumps(state))


def test_a_run_goes_on_with_the_words_it_began_with():
    old = parse_exercise(MINIMAL.replace("slug: a", "slug: gratitude"))
    run = ExerciseRun.from_json(ExerciseRun.start(old).to_json())
    assert run.newer_script()
    assert run.prompt().prompt == "Say"
    assert not ExerciseRun.start(find_exercise("gratitude")).newer_script()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "no plain YAML"),
        ("- a", "table"),
        (MINIMAL + "more: 1\n", "more"),
        (MINIMAL.replace("kind: text", "kind: shell"), "kind"),
        (MINIMAL.replace("prompt: Say", 'prompt: "{later}"'), "later"),
        (MINIMAL + "  - {id: one, kind: text, prompt: again}\n", "two steps"),
        ("!!python/object/apply:os.system ['true']", "no plain YAML"),
        ("a: &a [1]\nb: *a\n", "alias"),
        (MINIMAL.replace("kind: text", "kind: choice"), "choice"),
        (MINIMAL + "closing: '{nothing}'\n", "closing"),
    ],
)
def test_scripts_with_mistakes_are_refused(text, message):
    with pytest.raises(BadInput, match=message):
        parse_exercise(text)


def test_files_that_cannot_be_read_are_one_clear_error(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_exercise(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("title: Grüße".encode("latin-1"))
    with pytest.raises(BadInput, match="UTF-8"):
        read_exercise(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_text("# " + "x" * 200_001)
    with pytest.raises(BadInput, match="bytes"):
        read_exercise(tmp_path / "large.yaml")
    (tmp_path / "good.yaml").write_text(MINIMAL)
    assert read_exercise(tmp_path / "good.yaml").slug == "a"


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(BadInput, match="gratitude"):
        find_exercise("juggling")
