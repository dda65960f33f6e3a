"""One person's way through an exercise: immutable, and its whole state is JSON, so it can be kept after every answer.

The state holds the script, too. A run goes on with the words that it began with, whatever a later version of thymos
ships; the hash tells when somebody changed them by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.respond.exercises.answers import checked_answer, own_texts
from thymos.respond.exercises.asking import asked_step
from thymos.respond.exercises.conditions import Answer
from thymos.respond.exercises.reading import exercises
from thymos.respond.exercises.script import Exercise, Step
from thymos.respond.exercises.watching import HINTED, RISKS, TextGuard, read_text_answer

STATE = "exercise state"


@dataclass(frozen=True)
class Given:
    """An answer.

    Args:
        step: whose.
        answer: in the shape of ``checked_answer``; None where nothing was asked, or it was left out.
        time: UTC, ISO 8601, to the second.
        risk: what the guard made of it: ``"none"``, ``"concern"``, or ``"crisis"`` where the person went on after help
            was shown; see ``ExerciseRun.go_on``.
    """

    step: str
    answer: Answer
    time: str
    risk: str = "none"


@dataclass(frozen=True)
class Interruption:
    """The guard found language of a crisis in an answer; help takes the place of the next step.

    Args:
        step: that was asked, and is asked again when the person comes back.
        help: what is shown.
        categories: what was found; never the words.
        time: UTC, ISO 8601, to the second.
    """

    step: str
    help: str
    categories: tuple[str, ...]
    time: str

    @property
    def hinted(self) -> bool:
        """Whether no open words of danger were found, only their tone: then the person may say that all is well."""
        return bool(self.categories) and HINTED.issuperset(self.categories)


@dataclass(frozen=True)
class ExerciseRun:
    """Where somebody is in an exercise; every answer gives a new run.

    Args:
        exercise: the script.
        given: answers so far, in order; the place follows from them.
        started: UTC, ISO 8601, to the second.
        drafts: answers that were taken back by going back, and the text of an interruption, by step.
        interruption: of the last answer, or None.
        notice: one sentence of the guard that can stand beside the next step; not part of the state.
        guard: reads free texts before they are taken; it is not part of the state. With None nothing is read.

    Example:
        >>> run = ExerciseRun.start(exercises()["gratitude"])
        >>> run.prompt().kind, run.answer(None).prompt().kind
        ('say', 'scale')
        >>> ExerciseRun.from_json(run.to_json()) == run
        True
    """

    exercise: Exercise
    given: tuple[Given, ...] = ()
    started: str = field(default_factory=lambda: now())
    drafts: Mapping[str, Answer] = field(default_factory=dict)
    interruption: Interruption | None = None
    notice: str = field(default="", compare=False)
    guard: TextGuard | None = field(default=None, compare=False, repr=False)

    @classmethod
    def start(cls, exercise: Exercise, guard: TextGuard | None = None) -> "ExerciseRun":
        """At the first step."""
        return cls(exercise, guard=guard)

    # -- where it is ----------------------------------------------------------------------------------------------

    @property
    def answers(self) -> dict[str, Answer]:
        """Answers by step."""
        return {one.step: one.answer for one in self.given}

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.current() is None

    @property
    def place(self) -> str | None:
        """The step that is asked now; None at the end."""
        step = self.current()
        return None if step is None else str(step.id)

    @property
    def risk(self) -> str:
        """What the guard made of the last answer: ``"none"``, ``"concern"`` or ``"crisis"``."""
        if self.interruption is not None:
            return RISKS[-1]
        last = self.given[-1].risk if self.given else RISKS[0]
        return RISKS[0] if last == RISKS[-1] else last  # help was shown, and the person went on

    def current(self) -> Any:
        """The step of the script that is asked now, as it was written; None at the end."""
        steps, answers = self.exercise.steps, self.answers
        last = self.given[-1].step if self.given else None
        start = next((place + 1 for place, step in enumerate(steps) if step.id == last), 0)
        return next((step for step in steps[start:] if step.when is None or step.when.holds(answers)), None)

    def prompt(self) -> Step | None:
        """What is asked now; None at the end."""
        step = self.current()
        return None if step is None else asked_step(self.exercise, step, self.answers, self.drafts.get(step.id))

    def progress(self) -> tuple[int, int]:
        """Steps done, and how many there are at most: conditions on answers to come may leave some out."""
        last = self.given[-1].step if self.given else None
        ids = [step.id for step in self.exercise.steps]
        return len(self.given), len(self.given) + len(ids) - (ids.index(last) + 1 if last else 0)

    def summary(self) -> str:
        """What came of it: the summaries of the script that were shown; empty before the end."""
        shown = [asked.prompt for asked, _ in self.asked() if asked.closing] if self.finished else []
        return "\n\n".join(shown)

    def newer_script(self) -> bool:
        """Whether the exercise that ships has other words by now; the run goes on with its own."""
        known = exercises(self.exercise.language).get(self.exercise.slug)
        return known is not None and known.language == self.exercise.language and known != self.exercise

    # -- going on -------------------------------------------------------------------------------------------------

    def answer(self, value: Any, *, time: str | None = None) -> "ExerciseRun":
        """The run after an answer to the step that is asked now.

        A free text is read by the guard first. Language of a crisis is not taken as an answer: the run stays at its
        step with an ``interruption`` that holds the help to show, and the text is kept as the step's draft. The person
        may come back later with another answer; see also ``go_on``.

        Args:
            value: see ``checked_answer``; None where nothing is asked.
            time: when; now unless it is given.

        Raises:
            BadInput: the exercise is finished, or the answer does not fit; the run stays as it is.
        """
        step = self.current()
        if step is None:
            raise BadInput("the exercise is finished", where=self.exercise.slug, mend="start it again")
        answer, time = checked_answer(step, value), time or now()
        risk, notice = RISKS[0], ""
        text = own_texts(step, answer)
        if text and self.guard is not None:
            checked = read_text_answer(self.guard, text, self._earlier_texts())
            risk = checked.risk
            if risk == RISKS[-1]:
                found = Interruption(step.id, checked.help or "", tuple(checked.categories), time)
                return replace(self, drafts={**self.drafts, step.id: answer}, interruption=found, notice="")
            notice = checked.help or ""
        drafts = {name: draft for name, draft in self.drafts.items() if name != step.id}
        given = (*self.given, Given(step.id, answer, time, risk))
        return replace(self, given=given, drafts=drafts, interruption=None, notice=notice)

    def go_on(self) -> "ExerciseRun":
        """The run with the interrupted answer taken as it is, once help was shown and the person wants to go on.

        Hard thoughts are what some exercises are about, and a guard that would rather be wrong towards help stops at
        some that hold no danger. So this is open where only the tone was found, and closed where words were.

        Raises:
            BadInput: nothing was interrupted, or open words of danger were found.
        """
        stopped = self.interruption
        if stopped is None or not stopped.hinted:
            why = "nothing was interrupted" if stopped is None else "this answer speaks of danger"
            raise BadInput(why, where=self.exercise.slug, mend="give another answer")
        drafts = dict(self.drafts)
        given = Given(stopped.step, drafts.pop(stopped.step), stopped.time, RISKS[-1])
        return replace(self, given=(*self.given, given), drafts=drafts, interruption=None, notice="")

    def back(self) -> "ExerciseRun":
        """The run before its last answer, which becomes that step's draft; at the beginning the same run."""
        if not self.given:
            return replace(self, interruption=None, notice="")
        last = self.given[-1]
        drafts = dict(self.drafts) if last.answer is None else {**self.drafts, last.step: last.answer}
        return replace(self, given=self.given[:-1], drafts=drafts, interruption=None, notice="")

    # -- keeping --------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The whole state; see ``state.py``."""
        from thymos.respond.exercises.state import as_state

        return as_state(self)

    @classmethod
    def from_json(cls, text: str, guard: TextGuard | None = None, where: str | Path = STATE) -> "ExerciseRun":
        """The run of a state; its answers are checked again, one after the other.

        Args:
            text: of ``to_json``.
            guard: see the class.
            where: named in errors.

        Raises:
            BadInput: no state, another format, a script that was changed, an answer that does not fit.
        """
        from thymos.respond.exercises.state import read_state

        return read_state(text, guard, where)

    def export(self, form: str = "md") -> str:
        """What was asked and answered, to keep or print: ``"md"`` or ``"json"``.

        Raises:
            BadInput: another form.
        """
        from thymos.respond.exercises.export import exported

        return exported(self, form)

    def asked(self) -> list[tuple[Step, Given]]:
        """Each answer with its prompt as it was asked."""
        steps = {step.id: step for step in self.exercise.steps}
        found = []
        before: dict[str, Answer] = {}
        for one in self.given:
            found.append((asked_step(self.exercise, steps[one.step], before), one))
            before[one.step] = one.answer
        return found

    # -- parts ----------------------------------------------------------------------------------------------------

    def _earlier_texts(self) -> list[tuple[str, str]]:
        steps = {step.id: step for step in self.exercise.steps}
        # What the person went on after is left out, or the guard would stop at every later answer again.
        kept = [one for one in self.given if one.risk != RISKS[-1]]
        texts = [(steps[one.step].prompt, own_texts(steps[one.step], one.answer)) for one in kept]
        return [(prompt, text) for prompt, text in texts if text]


def now() -> str:
    """UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
