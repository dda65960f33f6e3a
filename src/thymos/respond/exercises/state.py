"""The state of a run as JSON: the script with its hash, answers with times, the place, drafts, an interruption."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.respond.exercises.answers import checked_answer
from thymos.respond.exercises.conditions import Answer
from thymos.respond.exercises.reading import exercise_from_values
from thymos.respond.exercises.run import STATE, ExerciseRun, Given, Interruption
from thymos.respond.exercises.script import Exercise
from thymos.respond.exercises.watching import RISKS, TextGuard

FORMAT = 1


def as_state(run: ExerciseRun) -> str:
    """The state of a run."""
    script, stopped = run.exercise, run.interruption
    values = {
        "format": FORMAT,
        "exercise": {
            "slug": script.slug, "version": script.version, "language": script.language, "sha256": script.sha256,
        },
        "started": run.started,
        "place": run.place,
        "given": [{"step": one.step, "answer": one.answer, "time": one.time, "risk": one.risk} for one in run.given],
        "drafts": dict(run.drafts),
        "interruption": None if stopped is None else {
            "step": stopped.step, "help": stopped.help, "categories": list(stopped.categories), "time": stopped.time,
        },
        "script": script.as_values(),
    }  # fmt: skip
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def read_state(text: str, guard: TextGuard | None = None, where: str | Path = STATE) -> ExerciseRun:
    """The run of a state; see ``ExerciseRun.from_json``."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("this is not JSON", where=where, mend="name a file that an exercise was kept in") from None
    if not isinstance(values, dict) or "script" not in values or "given" not in values:
        raise BadInput("this is no state of an exercise", where=where, mend="name a file that an exercise was kept in")
    if values.get("format") != FORMAT:
        raise BadInput(
            f"the state has format {values.get('format')!r:.40}", where=where, mend=f"format {FORMAT} is read"
        )
    exercise = exercise_from_values(values["script"], where)
    try:
        named = values["exercise"]
        own = (exercise.slug, exercise.version, exercise.language, exercise.sha256)
        if (named["slug"], named["version"], named["language"], named["sha256"]) != own:
            raise BadInput(
                "the script in this state is not the one that the run began with", where=where, mend="start it anew"
            )
        run = ExerciseRun(exercise, started=_time(values["started"]), guard=guard)
        for one in values["given"]:
            run = _replayed(run, one, where)
        drafts = {str(name): _draft(exercise, name, draft) for name, draft in values["drafts"].items()}
        run = replace(run, drafts=drafts, interruption=_interruption(values["interruption"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"the state does not fit ({type(error).__name__}: {error})", where=where) from None
    stopped = run.interruption
    if values.get("place") != run.place or (stopped and (stopped.step != run.place or stopped.step not in run.drafts)):
        raise BadInput(f"the place {values.get('place')!r:.60} does not follow from the answers", where=where)
    return run


def _replayed(run: ExerciseRun, one: Mapping[str, Any], where: str | Path) -> ExerciseRun:
    step = run.current()
    if step is None or step.id != one["step"]:
        raise BadInput(f"the state answers {one['step']!r:.60}, which is not asked there", where=where)
    if one["risk"] not in RISKS:
        raise ValueError(f"risk {one['risk']!r:.60}")
    given = Given(step.id, checked_answer(step, one["answer"]), _time(one["time"]), one["risk"])
    return replace(run, given=(*run.given, given))


def _interruption(values: Any) -> Interruption | None:
    if values is None:
        return None
    categories = tuple(str(name) for name in values["categories"])
    return Interruption(str(values["step"]), str(values["help"]), categories, _time(values["time"]))


def _time(text: Any) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text!r:.60} has no time zone")
    return str(text)


def _draft(exercise: Exercise, name: Any, draft: Any) -> Answer:
    step = next((one for one in exercise.steps if one.id == name), None)
    if step is None:
        raise ValueError(f"a draft of {name!r:.60}, which is no step")
    return checked_answer(step, draft)
