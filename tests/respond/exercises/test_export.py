"""Exports: complete, and somebody's words stay words."""

import json

import pytest
from hypothesis import given
from tests.respond.exercises.walks import SMALL, TEXTS, TIME, answered

from thymos.errors import BadInput
from thymos.respond.exercises import ExerciseRun, exercises, parse_exercise
from thymos.respond.exercises.export import plain_markdown

SCRIPT = parse_exercise(SMALL)
DONE = answered(ExerciseRun(SCRIPT, started=TIME), None, "I fail\nalways", 80, ["a", "- b"], "bad", None, 30, None)


def test_markdown_reads_like_the_exercise() -> None:
    assert DONE.export("md") == (
        "# Small\n\nBegun 2026-01-02, 03:04 UTC; finished 2026-01-02, 03:04 UTC.\n\n"
        "**What do you think?**\n\n> I fail\n> always\n\n"
        "**How sure are you of I fail always?**\n\n> 80\n\n"
        "**Why?**\n\n- a\n- \\- b\n\n"
        "**How is it?**\n\n> Not so good\n\n"
        "**What is bad?**\n\n> (not answered)\n\n"
        "**And now?**\n\n> 30\n\n"
        "80 before, 30 now: 50 lower\n\n"
        "Technique: Us.\n\n"
        "Written by yourself with a self-help exercise. It is no diagnosis and no treatment.\n"
    )


def test_an_unfinished_exercise_says_so() -> None:
    text = answered(ExerciseRun(SCRIPT, started=TIME), None, "x").export()
    assert "Not finished." in text
    assert "How sure" not in text


def test_json_holds_questions_answers_and_words() -> None:
    found = json.loads(DONE.export("json"))
    assert found["exercise"]["sha256"] == SCRIPT.sha256
    assert found["finished"]
    assert found["summary"] == "80 before, 30 now: 50 lower"
    mood = next(one for one in found["given"] if one["step"] == "mood")
    assert (mood["answer"], mood["told"], mood["prompt"], mood["time"]) == ("bad", ["Not so good"], "How is it?", TIME)
    assert [one["step"] for one in found["given"]] == [one.step for one in DONE.given]


def test_another_form_is_refused() -> None:
    with pytest.raises(BadInput, match="no form 'pdf'; use md or json"):
        DONE.export("pdf")


def test_a_translation_speaks_its_language() -> None:
    run = answered(ExerciseRun(exercises("de")["gratitude"], started=TIME), None, 50, ["Suppe"])
    text = run.export()
    assert "Begonnen 2026-01-02" in text
    assert "Nicht beendet." in text
    assert "keine Diagnose" in text


ACTIVE = ("<", "]", "[", "`", "*", "_", "#", "|", "~")


@given(text=TEXTS)
def test_markup_in_an_answer_is_escaped(text: str) -> None:
    for line in text.splitlines():
        escaped = plain_markdown(line)
        for sign in ACTIVE:
            bare = escaped.replace("\\\\", "").replace(f"\\{sign}", "")
            assert sign not in bare
        assert escaped.replace("\\", "") == line.replace("\\", "")


@given(thought=TEXTS, reason=TEXTS)
def test_answers_cannot_add_lines_of_their_own(thought: str, reason: str) -> None:
    run = answered(ExerciseRun(SCRIPT, started=TIME), None, thought[:50], 5, [reason])
    lines = run.export("md").split("\n")
    assert [line for line in lines if line.startswith("#")] == ["# Small"]
    assert sum(line.startswith("**") for line in lines) == 3
    assert json.loads(run.export("json"))["given"][1]["answer"] == run.answers["thought"]
