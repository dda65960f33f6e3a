"""States: kept after every answer, the same again, and never trusted."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.respond.exercises.walks import SMALL, TIME, PhraseGuard, answer_of, answered

from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.respond.exercises import ExerciseRun, exercises, parse_exercise

SCRIPT = parse_exercise(SMALL)
RUN = answered(ExerciseRun(SCRIPT, started=TIME, guard=PhraseGuard()), None, "I fail", 80, ["a", "b"], "bad")
STATE: dict[str, Any] = json.loads(RUN.to_json())


def test_a_state_says_which_script_and_where() -> None:
    assert STATE["exercise"] == {"slug": "small", "version": 1, "language": "en", "sha256": SCRIPT.sha256}
    assert STATE["place"] == "why_bad"
    assert STATE["given"][1] == {"step": "thought", "answer": "I fail", "time": TIME, "risk": "none"}


@given(data=st.data())
def test_any_prefix_of_answers_resumes_to_the_same_state(data: st.DataObject) -> None:
    run = ExerciseRun(SCRIPT, started=TIME)
    resumed = run
    while (step := run.prompt()) is not None:
        value = data.draw(answer_of(step))
        run = run.answer(value, time=TIME)
        resumed = ExerciseRun.from_json(resumed.to_json()).answer(value, time=TIME)
        if data.draw(st.integers(0, 4)) == 0:
            run, resumed = run.back(), ExerciseRun.from_json(resumed.to_json()).back()
            assert run.prompt() == resumed.prompt()
            run, resumed = run.answer(value, time=TIME), resumed.answer(value, time=TIME)
        assert resumed == run
        assert ExerciseRun.from_json(run.to_json()).to_json() == run.to_json()


def test_an_interruption_is_kept() -> None:
    guard = PhraseGuard()
    stopped = answered(ExerciseRun(SCRIPT, started=TIME, guard=guard), None, "danger")
    again = ExerciseRun.from_json(stopped.to_json(), guard)
    assert again == stopped
    assert again.risk == "crisis"
    assert answered(again, "danger").interruption == stopped.interruption
    tone = answered(ExerciseRun(SCRIPT, started=TIME, guard=guard), None, "tone").go_on()
    assert ExerciseRun.from_json(tone.to_json()) == tone


def test_a_run_goes_on_with_the_script_that_it_began_with() -> None:
    shipped = exercises()["gratitude"]
    old = parse_exercise(SMALL.replace("slug: small", "slug: gratitude").replace("Hello.", "Older words."))
    run = ExerciseRun.from_json(ExerciseRun(old, started=TIME).to_json())
    assert run.exercise == old
    assert run.prompt().prompt == "Older words."  # type: ignore[union-attr]
    assert run.newer_script()
    assert not ExerciseRun.start(shipped).newer_script()
    assert not RUN.newer_script()  # an own script, which does not ship


def test_a_script_changed_by_hand_is_refused() -> None:
    state = copy.deepcopy(STATE)
    state["script"]["steps"][0]["prompt"] = "Call this number."
    with pytest.raises(BadInput, match="not the one that the run began with; start it anew"):
        ExerciseRun.from_json(json.dumps(state), where="kept.json")


def mutated(*path: Any, value: Any) -> str:
    state = copy.deepcopy(STATE)
    target = state
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    return json.dumps(state)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "no state of an exercise"),
        ("[]", "no state of an exercise"),
        ("{}", "no state of an exercise"),
        ('{"format": 1, "script": null, "given": []}', "a script is a table"),
        (mutated("format", value=2), "format 2; format 1 is read"),
        (mutated("exercise", value=None), "does not fit"),
        (mutated("exercise", "slug", value="other"), "not the one"),
        (mutated("exercise", "version", value=7), "not the one"),
        (mutated("script", "steps", value=[]), "steps: "),
        (mutated("script", "steps", 0, "kind", value="shell"), "step 'hello'"),
        (mutated("started", value="yesterday"), "does not fit"),
        (mutated("started", value="2026-01-02T03:04:05"), "no time zone"),
        (mutated("given", value=None), "does not fit"),
        (mutated("given", value=[1]), "does not fit"),
        (mutated("given", 1, "step", value="after"), "answers 'after', which is not asked there"),
        (mutated("given", 1, "answer", value=None), "an answer is needed"),
        (mutated("given", 2, "answer", value=101), "outside the scale"),
        (mutated("given", 2, "answer", value=float("nan")), "no number"),
        (mutated("given", 4, "answer", value="good"), "the place 'why_bad' does not follow"),
        (mutated("given", 0, "risk", value="?"), "risk"),
        (mutated("given", 0, "time", value=5), "does not fit"),
        (mutated("place", value="end"), "the place 'end' does not follow"),
        (mutated("drafts", value={"nothing": "x"}), "no step"),
        (mutated("drafts", value={"after": "x"}), "no number"),
        (mutated("drafts", value=[]), "does not fit"),
        (mutated("interruption", value={"step": "thought"}), "does not fit"),
        (
            mutated("interruption", value={"step": "why_bad", "help": "", "categories": [], "time": TIME}),
            "the place .* does not follow",
        ),
    ],
)
def test_what_is_no_state_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        ExerciseRun.from_json(text, where="kept.json")
    assert str(caught.value)
    assert len(str(caught.value)) < 400


@given(data=st.data())
def test_no_change_of_a_state_does_more_than_fit_or_be_refused(data: st.DataObject) -> None:
    text = RUN.to_json()
    place = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from('0"[]{},:x\\'))
    changed = text[:place] + sign + text[place + data.draw(st.integers(0, 3)) :]
    try:
        run = ExerciseRun.from_json(changed)
    except BadInput:
        return
    assert run.exercise == SCRIPT
    assert ExerciseRun.from_json(run.to_json()) == run


def test_a_state_can_be_written_and_read(tmp_path: Any) -> None:
    path = write_atomically(tmp_path / "run.json", RUN.to_json())
    assert ExerciseRun.from_json(path.read_text(encoding="utf-8")) == RUN
