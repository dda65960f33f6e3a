"""Guided exercises: begun, interrupted, gone on with, exported. The guard reads every text before it is an answer."""

from typing import Any, Literal

from fastapi import APIRouter, Response

from thymos.respond.exercises import ExerciseRun, exercises
from thymos.respond.exercises import Step as AskedStep
from thymos.respond.exercises.script import Exercise
from thymos.serve.studio import bodies
from thymos.serve.studio.help import settings_of
from thymos.serve.studio.parts import acting_for
from thymos.serve.studio.store import Conflict, NotFound, UserStore
from thymos.serve.studio.store.owned import Row
from thymos.serve.studio.studio import Before, Here, Limit, Mine, open_to

router = APIRouter(tags=["exercises"])

OPEN, FINISHED = "open", "finished"
MEDIA = {"md": "text/markdown; charset=utf-8", "json": "application/json"}


@router.get("/exercises")
def catalog(user: Mine) -> bodies.Page[bodies.ExerciseInfo]:
    """The exercises that ship, in the user's language where they are translated."""
    return bodies.Page(items=[exercise_body(one) for one in exercises(settings_of(user).language).values()])


def exercise_body(exercise: Exercise) -> bodies.ExerciseInfo:
    """An exercise as told."""
    fields = exercise.model_dump(include={"slug", "title", "summary", "minutes", "language", "caution", "source"})
    return bodies.ExerciseInfo(**fields, steps=len(exercise.steps))


def step_body(step: AskedStep) -> bodies.Step:
    """A step as told."""
    return bodies.Step(**step.model_dump(mode="json"))


def _info(row: Row, run: ExerciseRun) -> dict[str, Any]:
    done, steps = run.progress()
    named = {name: row[name] for name in ("id", "exercise", "status", "created", "updated")}
    return named | {"title": run.exercise.title, "done": done, "steps": steps}


def run_body(row: Row, run: ExerciseRun) -> bodies.Run:
    """A run as told; prompts quote the answers that were given before them."""
    current, stopped = run.prompt(), run.interruption
    return bodies.Run(
        **_info(row, run),
        answers=[
            bodies.GivenAnswer(step=one.step, prompt=asked.prompt, answer=one.answer, time=one.time)
            for asked, one in run.asked()
        ],
        current=None if current is None else step_body(current),
        risk=run.risk,
        interruption=None
        if stopped is None
        else bodies.Interruption(step=stopped.step, help=stopped.help, may_go_on=stopped.hinted),
        help=run.notice or None,
        summary=run.summary(),
        caution=run.exercise.caution,
        newer_script=run.newer_script(),
    )


@router.get("/exercise-runs")
def runs(user: Mine, limit: Limit = 50, before: Before = None) -> bodies.Page[bodies.RunInfo]:
    """Exercises that were begun, the last used first."""
    rows, more = user.runs.newest(limit, before)
    items = [bodies.RunInfo(**_info(row, ExerciseRun.from_json(row["state"]))) for row in rows]
    return bodies.Page(items=items, more=more)


@router.post("/exercise-runs", dependencies=[open_to("exercises")], status_code=201)
def begin(wanted: bodies.NewRun, user: Mine) -> bodies.Run:
    """Begin an exercise."""
    exercise = exercises(settings_of(user).language).get(wanted.exercise)
    if exercise is None:
        raise NotFound("exercise")
    run = ExerciseRun.start(exercise)
    return run_body(user.runs.make(exercise.slug, run.to_json(), OPEN), run)


@router.get("/exercise-runs/{run_id}")
def one_run(run_id: str, user: Mine) -> bodies.Run:
    """An exercise where it stands."""
    row = user.runs.get(run_id)
    return run_body(row, ExerciseRun.from_json(row["state"]))


@router.delete("/exercise-runs/{run_id}", status_code=204)
def drop_run(run_id: str, user: Mine) -> None:
    """Delete a run with its answers."""
    user.runs.drop(run_id)


@router.post("/exercise-runs/{run_id}/answers", dependencies=[open_to("exercises")])
def answer(run_id: str, given: bodies.NewAnswer, user: Mine, studio: Here) -> bodies.Run:
    """Answer the current step. Where the guard hears a crisis, help takes the place of the next step."""
    row = user.runs.get(run_id)
    run = ExerciseRun.from_json(row["state"], studio.parts.guard(settings_of(user)))
    if run.finished:
        raise Conflict("the exercise is finished")
    if run.place != given.step:
        raise Conflict(f"{given.step!r} is not asked now; the current step is {run.place!r}")
    with acting_for(user.owner):
        run = run.answer(given.answer)
    return _kept(row, run, user)


def _kept(row: Row, run: ExerciseRun, user: UserStore) -> bodies.Run:
    """The run after it was kept; nobody is told of an answer that is not on the disk."""
    return run_body(
        user.runs.save(row["id"], row["version"], run.to_json(), FINISHED if run.finished else OPEN), run
    )  # fmt: skip


@router.post("/exercise-runs/{run_id}/go-on", dependencies=[open_to("exercises")])
def go_on(run_id: str, user: Mine) -> bodies.Run:
    """Take an interrupted answer as it is, after help was shown; only where the guard found no open words of danger."""
    row = user.runs.get(run_id)
    return _kept(row, ExerciseRun.from_json(row["state"]).go_on(), user)


@router.post("/exercise-runs/{run_id}/back", dependencies=[open_to("exercises")])
def back(run_id: str, user: Mine) -> bodies.Run:
    """Take the last answer back; it stays as a draft."""
    row = user.runs.get(run_id)
    return _kept(row, ExerciseRun.from_json(row["state"]).back(), user)


@router.get(
    "/exercise-runs/{run_id}/export",
    response_class=Response,
    responses={200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA.values()}}},
)
def export_run(run_id: str, user: Mine, format: Literal["md", "json"] = "md") -> Response:
    """What was asked and answered, as Markdown to keep or print, or as JSON."""
    row = user.runs.get(run_id)
    text = ExerciseRun.from_json(row["state"]).export(format)
    headers = {"Content-Disposition": f'attachment; filename="{row["exercise"]}.{format}"'}
    return Response(text, media_type=MEDIA[format], headers=headers)
