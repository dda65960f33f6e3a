"""One person's way through an exercise: a state that is plain JSON, so it can be kept after every answer."""

import json
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from thymos.errors import BadInput
from thymos.respond.exercises.script import LONGEST, Answer, Exercise, Step, exercises, quoted, told

FORMAT = 1


@dataclass(frozen=True)
class Given:
    """An answer.

    Args:
        step: which step.
        answer: None where the step asks nothing, or was left empty.
        time: UTC, to the second.
    """

    step: str
    answer: Answer
    time: str


@dataclass(frozen=True)
class ExerciseRun:
    """Where somebody is in an exercise; never changed, every answer gives a new one.

    Args:
        exercise: the script.
        given: answers so far, in order.
        started: UTC, to the second.

    Example:
        >>> run = ExerciseRun.start(exercises()["gratitude"])
        >>> run = run.answer(None)
        >>> ExerciseRun.from_json(run.to_json()) == run
        True
    """

    exercise: Exercise
    given: tuple[Given, ...] = ()
    started: str = field(default_factory=lambda: now())

    @classmethod
    def start(cls, exercise: Exercise) -> "ExerciseRun":
        """At the first step."""
        return cls(exercise)

    @property
    def answers(self) -> dict[str, Answer]:
        """Answers by step."""
        return {one.step: one.answer for one in self.given}

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.prompt() is None

    def prompt(self) -> Step | None:
        """The step to do now, with earlier answers quoted; None at the end."""
        step = self._next()
        if step is None:
            return None
        answers = self.answers
        return step.model_copy(update={"prompt": quoted(step.prompt, answers), "help": quoted(step.help, answers)})

    def answer(self, value: Answer) -> "ExerciseRun":
        """The run after an answer to the present step.

        Args:
            value: a text, a number, a list of texts; None where the step asks nothing or may be left empty.

        Raises:
            BadInput: the exercise is finished, or the answer does not fit the step; the run stays as it is.
        """
        step = self._next()
        if step is None:
            raise BadInput("the exercise is finished", where=self.exercise.slug, mend="start it again")
        return replace(self, given=(*self.given, Given(step.id, checked(step, value), now())))

    def back(self) -> "ExerciseRun":
        """The run before its last answer; at the beginning the same."""
        return replace(self, given=self.given[:-1])

    def progress(self) -> tuple[int, int]:
        """Steps done, and how many there are at most."""
        skipped = sum(step.id not in self.answers for step in self.exercise.steps[: self._place()])
        return len(self.given), len(self.exercise.steps) - skipped

    def summary(self) -> str:
        """The closing words."""
        return quoted(self.exercise.closing, self.answers) if self.finished else ""

    # -- keeping ------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The whole state, the script included, so that a run goes on with the words it began with."""
        return json.dumps(
            {
                "format": FORMAT,
                "exercise": self.exercise.model_dump(mode="json"),
                "started": self.started,
                "given": [[one.step, one.answer, one.time] for one in self.given],
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "ExerciseRun":
        """The run from its state.

        Raises:
            BadInput: no state of an exercise, or one that does not fit its script.
        """
        try:
            content: Any = json.loads(text)
            if content["format"] != FORMAT:
                raise BadInput(
                    f"the state has format {content['format']!r}", mend=f"this version reads format {FORMAT}"
                )
            run = cls(Exercise.model_validate(content["exercise"]), (), str(content["started"]))
            for step, answer, time in content["given"]:
                expected = run._next()
                if expected is None or expected.id != step:
                    raise BadInput(f"the state answers {step!r}, which is not asked there", where="exercise state")
                run = replace(run, given=(*run.given, Given(step, checked(expected, answer), str(time))))
        except BadInput:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"this is no state of an exercise ({type(error).__name__})", where="exercise state"
            ) from None
        return run

    def newer_script(self) -> bool:
        """Whether the exercise that ships has other words by now; the run goes on with its own."""
        known = exercises().get(self.exercise.slug)
        return known is not None and known.hash != self.exercise.hash

    def export(self, form: Literal["md", "json"] = "md") -> str:
        """What was asked and answered, to keep or print."""
        if form == "json":
            return self.to_json()
        if form != "md":
            raise BadInput(f"there is no form {form!r}", mend="use md or json")
        lines = [
            f"# {self.exercise.title}",
            "",
            f"Begun {self.started}. {'Finished.' if self.finished else 'Not finished.'}",
            "",
        ]
        steps = {step.id: step for step in self.exercise.steps}
        so_far: dict[str, Answer] = {}
        for one in self.given:
            step = steps[one.step]
            if step.asks:
                lines += [
                    f"**{quoted(step.prompt, so_far)}**",
                    "",
                    *(f"> {line}" for line in told(one.answer).splitlines() or [""]),
                    "",
                ]
            so_far[one.step] = one.answer
        if self.finished and self.exercise.closing:
            lines += [self.summary(), ""]
        return "\n".join(lines)

    def _place(self) -> int:
        answers, last = self.answers, self.given[-1].step if self.given else ""
        start = next((place + 1 for place, step in enumerate(self.exercise.steps) if step.id == last), 0)
        for place in range(start, len(self.exercise.steps)):
            step = self.exercise.steps[place]
            if step.when is None or step.when.holds(answers):
                return place
        return len(self.exercise.steps)

    def _next(self) -> Step | None:
        place = self._place()
        return self.exercise.steps[place] if place < len(self.exercise.steps) else None


def checked(step: Step, value: Answer) -> Answer:
    """An answer that fits a step.

    Raises:
        BadInput: it does not.
    """
    where = f"step {step.id!r}"
    if not step.asks:
        return None
    if value is None or value == "" or value == []:
        if step.optional:
            return None
        raise BadInput("an answer is needed", where=where)
    if step.kind == "scale":
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadInput("a number is needed", where=where)
        if not step.low <= value <= step.high:
            raise BadInput(f"{value:g} is outside {step.low:g} to {step.high:g}", where=where)
        return value
    if step.kind == "text":
        if not isinstance(value, str) or not value.strip():
            raise BadInput("a text is needed", where=where)
        return checked_text(value, where)
    if step.kind == "choice":
        if value not in step.options:
            raise BadInput("this is none of the choices", where=where, mend=f"use one of: {', '.join(step.options)}")
        return value
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadInput("a list of texts is needed", where=where)
    if step.kind == "choices":
        unknown = [one for one in value if one not in step.options]
        if unknown or len(set(value)) < len(value):
            raise BadInput("these are not the choices, each at most once", where=where)
        return list(value)
    kept = [checked_text(one, where) for one in value if one.strip()]
    if not step.least <= len(kept) <= step.most:
        raise BadInput(f"{len(kept)} entries; {step.least} to {step.most} are asked for", where=where)
    return kept


def checked_text(text: str, where: str) -> str:
    """A text that can be kept: not too long, no broken characters."""
    if len(text) > LONGEST:
        raise BadInput(f"the answer has {len(text)} characters", where=where, mend=f"use at most {LONGEST}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput("the answer has broken characters", where=where) from None
    return text.strip()


def texts_of(value: Answer) -> str:
    """What a guard should read in an answer; empty where a person wrote nothing of their own."""
    return "\n".join(value) if isinstance(value, list) else value if isinstance(value, str) else ""


def now() -> str:
    """UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
