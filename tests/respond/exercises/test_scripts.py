"""Every script that ships: what a person needs is there, every way through it ends, and a change counts a version."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.respond.exercises.walks import LANGUAGES, TIME, answer_of, answered

from thymos.respond.exercises import Exercise, ExerciseRun, exercises, parse_exercise, read_exercise
from thymos.respond.exercises.reading import DATA

FILES = sorted(DATA.glob("*/*.yaml"))
SCRIPTS = {f"{path.parent.name}/{path.stem}": read_exercise(path) for path in FILES}
VERSIONS = Path(__file__).with_name("versions.json")
everyone = pytest.mark.parametrize("name", sorted(SCRIPTS))


def test_the_exercises_of_the_issue_are_there() -> None:
    wanted = {
        "thought_record", "expressive_writing", "gratitude", "behavioral_activation", "paced_breathing", "sleep_plan"
    }  # fmt: skip
    assert set(exercises()) == wanted
    assert {path.parent.name for path in FILES} == set(LANGUAGES)


@everyone
def test_a_script_has_what_a_person_needs(name: str) -> None:
    script = SCRIPTS[name]
    assert name == f"{script.language}/{script.slug}"
    assert script.cautions
    assert all(re.search(r"\b(19|20)\d\d\b", source) for source in script.sources)
    assert script.minutes <= 30
    assert any(step.asks for step in script.steps)
    assert script.steps[-1].kind in ("summary", "say")
    words = json.dumps(script.as_values(), ensure_ascii=False).lower()
    for never in ("you have depression", "you suffer from", "diagnos", "du hast eine depression", "http"):
        assert never not in words


@everyone
@settings(max_examples=25)
@given(data=st.data())
def test_every_walk_ends_and_every_prefix_resumes(name: str, data: st.DataObject) -> None:
    script = SCRIPTS[name]
    run = ExerciseRun(script, started=TIME)
    while (step := run.prompt()) is not None:
        if not any("{{" in str(answer) for answer in run.answers.values()):
            assert "{{" not in step.prompt + step.help
        before = run
        run = run.answer(data.draw(answer_of(step)), time=TIME)
        assert len(run.given) == len(before.given) + 1 <= len(script.steps)
        assert run.back().place == before.place
        done, steps = run.progress()
        assert 0 < done <= steps <= len(script.steps)
    assert ExerciseRun.from_json(run.to_json()) == run
    assert run.export("md").startswith("# ")
    assert len(json.loads(run.export("json"))["given"]) == len(run.given)


@everyone
def test_every_step_can_be_reached(name: str) -> None:
    script = SCRIPTS[name]
    reached: set[str] = set()
    for seed in range(80):
        draw = random.Random(seed)
        run = ExerciseRun(script, started=TIME)
        while (step := run.prompt()) is not None:
            reached.add(step.id)
            run = answered(run, some_answer(step, draw.choice((0.0, 0.5, 1.0)), draw.randrange(12)))
    assert reached == {step.id for step in script.steps}


def some_answer(step: Any, share: float, place: int) -> Any:
    if not step.asks:
        return None
    if step.kind == "scale":
        low, high, width = step.low, step.high, step.step
        return low + round((high - low) * share / width) * width
    if step.kind == "choice":
        return step.values[place % len(step.values)]
    if step.kind == "choices":
        return [step.values[place % len(step.values)]]
    return ["a word"] * step.least if step.kind == "list" else "a word"


@pytest.mark.parametrize("name", sorted(name for name in SCRIPTS if not name.startswith("en/")))
def test_a_translation_differs_in_words_only(name: str) -> None:
    translated, english = SCRIPTS[name], exercises()[SCRIPTS[name].slug]
    assert bones(translated) == bones(english)
    assert translated.sources == english.sources
    assert translated.title != english.title


def bones(script: Exercise) -> list[Any]:
    """What a script is without its words."""
    found = []
    for step in script.steps:
        values = step.model_dump(by_alias=True)
        for words in ("prompt", "help", "low_label", "high_label"):
            values.pop(words, None)
        values["choices"] = [one["value"] for one in values.get("choices", [])]
        values["quotes"] = step.quotes()
        found.append(values)
    return [script.minutes, script.version, len(script.cautions), found]


def test_a_changed_script_has_a_new_version() -> None:
    """Runs name the version that they began with: one version is one script. After a change, count up and note it."""
    noted = json.loads(VERSIONS.read_text(encoding="utf-8"))
    assert {name: [one.version, one.sha256] for name, one in SCRIPTS.items()} == noted


def test_the_thought_record_shows_the_change() -> None:
    answers = [
        None, "The talk went wrong.", "I cannot speak in public", 90, "other", "uneasy", 80, ["labeling"],
        ["I lost the thread once"], ["Two people thanked me", "I finished in time"],
        "I lost the thread once, and it was fine.", 70, 40, 80, None, None, None,
    ]  # fmt: skip
    run = answered(ExerciseRun(exercises()["thought_record"], started=TIME), *answers)
    assert run.finished
    assert "not_eased" in run.answers
    assert "Belief in it: 90 before, 40 now: 50 lower" in run.summary()
    assert "Strength of the feeling: 80 before, 80 now: no change" in run.summary()
    eased = answered(ExerciseRun(exercises()["thought_record"], started=TIME), *answers[:13], 30)
    assert eased.place == "eased"


def test_expressive_writing_has_three_timed_parts() -> None:
    timed = [step for step in exercises()["expressive_writing"].steps if step.kind == "text" and step.seconds]
    assert [step.seconds for step in timed] == [300, 300, 300]
    assert all(step.longest == 20_000 for step in timed)


def test_breathing_is_slow_and_longer_out_than_in() -> None:
    for step in exercises()["paced_breathing"].steps:
        if step.kind == "breathing":
            assert 4 <= 60 * step.rounds / step.seconds <= 9  # breaths a minute
            assert step.exhale > step.inhale
            assert step.hold <= 2


def test_a_long_lasting_trouble_with_sleep_is_sent_to_a_doctor() -> None:
    run = answered(ExerciseRun(exercises()["sleep_plan"], started=TIME), 10, ["waking_up"], 60, "months")
    assert run.place == "see_somebody"
    assert "doctor" in run.prompt().prompt  # type: ignore[union-attr]


def test_the_example_of_the_guide_is_a_script() -> None:
    guide = Path(__file__).parents[3] / "docs" / "how-to" / "write-an-exercise.md"
    script = parse_exercise(guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0], guide)
    run = answered(ExerciseRun(script, started=TIME), 60, None, 70)
    assert run.prompt().prompt == "You were at 60. What usually helps?"  # type: ignore[union-attr]
    assert answered(run, None, None).summary() == "Tension: 60 before, 70 now: 10 higher"
