"""A step of a script as it is asked: earlier answers filled in, and every kind in the same fields."""

from collections.abc import Mapping
from typing import Any

from thymos.respond.exercises.conditions import Answer
from thymos.respond.exercises.script import Exercise, Step
from thymos.respond.exercises.steps import Breathing, Choices, Choosing, ListOfTexts, Pause, Scale, Summary, Text
from thymos.respond.exercises.wording import filled


def asked_step(exercise: Exercise, step: Any, answers: Mapping[str, Answer], draft: Answer = None) -> Step:
    """A step as it is asked.

    Args:
        exercise: that it belongs to.
        step: as it was written.
        answers: that it may quote.
        draft: an answer that was given to it before.
    """
    steps = {one.id: one for one in exercise.steps}
    language = exercise.language
    own: dict[str, Any] = {}
    if isinstance(step, Choosing):
        parts = {"options": "label", "values": "value", "option_help": "help"}
        own = {name: tuple(getattr(one, part) for one in step.choices) for name, part in parts.items()}
    if isinstance(step, Choices):
        own |= {"least": step.least, "most": step.most or len(step.choices)}
    fields: dict[Any, tuple[str, ...]] = {
        Scale: ("low", "high", "step", "low_label", "high_label", "unit"),
        Text: ("longest", "rows", "seconds"),
        ListOfTexts: ("longest", "least", "most"),
        Pause: ("seconds",),
        Breathing: ("seconds", "pattern", "rounds"),
    }
    own |= {name: getattr(step, name) for name in fields.get(type(step), ())}
    closing = isinstance(step, Summary)
    return Step(
        id=step.id,
        kind="say" if closing else step.kind,
        asks=step.asks,
        prompt=filled(step.prompt, steps, answers, language),
        help=filled(step.help, steps, answers, language),
        optional=getattr(step, "optional", False),
        closing=closing,
        draft=draft,
        **own,
    )
