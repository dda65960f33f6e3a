"""Answers: whether one fits its step, and in which shape it is kept."""

import math
from typing import Any

from thymos.errors import BadInput
from thymos.respond.exercises.conditions import Answer
from thymos.respond.exercises.steps import Breathing, Choices, Choosing, ListOfTexts, Pause, Scale, Text

_SLACK = 1e-9


def checked_answer(step: Any, value: Any) -> Answer:
    """An answer in the shape in which it is kept.

    Args:
        step: of a script.
        value: a text (``text``), texts (``list``), a number (``scale``), a choice (``choice``) or choices
            (``choices``) by value or label. None, an empty text or an empty list leaves an optional step out. Steps
            that ask for nothing take None; ``breathing`` also how many rounds were done, ``pause`` how many seconds.

    Raises:
        BadInput: the answer does not fit; the mend says what would.
    """
    where = f"step {step.id!r}"
    if not step.asks:
        return _done(step, value, where)
    if value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, list) and not value):
        if step.optional:
            return None
        raise BadInput("an answer is needed here", where=where, mend=_wanted(step))
    if isinstance(step, Scale):
        return _number(step, value, where)
    if isinstance(step, Text):
        if not isinstance(value, str):
            raise BadInput("a text is needed here", where=where)
        return _text(value, step.longest, where)
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(step, Choosing):
        return _choices(step, value, where)
    return _texts(step, value, where)


def own_texts(step: Any, answer: Answer) -> str:
    """What somebody wrote in their own words in an answer; empty where there is nothing of that kind."""
    if isinstance(step, Text) and isinstance(answer, str):
        return answer
    if isinstance(step, ListOfTexts) and isinstance(answer, list):
        return "\n".join(answer)
    return ""


def _done(step: Any, value: Any, where: str) -> Answer:
    most = step.rounds if isinstance(step, Breathing) else step.seconds if isinstance(step, Pause) else None
    if value is None:
        return None
    if most is None:
        raise BadInput("there is nothing to answer here", where=where, mend="give None")
    if not _is_number(value) or not 0 <= value <= most:
        raise BadInput(f"{value!r} is not how much was done", where=where, mend=f"give 0 to {most:g}, or None")
    return value


def _number(step: Scale, value: Any, where: str) -> float:
    if not _is_number(value):
        raise BadInput(f"{value!r} is no number", where=where, mend=_wanted(step))
    if not step.low <= value <= step.high:
        raise BadInput(f"{value:g} is outside the scale", where=where, mend=_wanted(step))
    steps = (value - step.low) / step.step
    if abs(steps - round(steps)) > _SLACK * max(1, abs(steps)):
        raise BadInput(f"{value:g} is between two steps of the scale", where=where, mend=_wanted(step))
    return int(value) if float(value).is_integer() else float(value)


def _choices(step: Choosing, value: Any, where: str) -> Answer:
    several = isinstance(step, Choices)
    chosen = value if several else [value]
    if not isinstance(chosen, list) or not all(isinstance(one, str) for one in chosen):
        raise BadInput("this is not what a choice gives", where=where, mend=_wanted(step))
    known = [one.value for one in step.choices]
    by_label = {one.label: one.value for one in step.choices}
    chosen = [one if one in known else by_label.get(one, one) for one in chosen]
    unknown = [one for one in chosen if one not in known]
    if unknown:
        raise BadInput(f"{unknown[0]!r:.60} is none of the choices", where=where, mend=f"use {', '.join(known)}")
    if len(set(chosen)) < len(chosen):
        raise BadInput("a choice stands twice", where=where)
    if not isinstance(step, Choices):
        return str(chosen[0])
    if not step.least <= len(chosen) <= (step.most or len(known)):
        raise BadInput(f"{len(chosen)} choices are given", where=where, mend=_wanted(step))
    return sorted(chosen, key=known.index)


def _texts(step: ListOfTexts, value: Any, where: str) -> Answer:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadInput("several texts are needed here", where=where, mend="give a list of texts")
    kept = [_text(one, step.longest, where) for one in value if one.strip()]
    if not kept and step.optional:
        return None
    if not step.least <= len(kept) <= step.most:
        raise BadInput(f"{len(kept)} entries are given", where=where, mend=_wanted(step))
    return kept


def _text(text: str, longest: int, where: str) -> str:
    text = text.strip()
    if len(text) > longest:
        raise BadInput(f"the answer has {len(text)} letters", where=where, mend=f"use at most {longest}")
    # No database keeps a NUL, and half of a surrogate pair cannot be written as UTF-8.
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadInput("the answer holds a character that cannot be kept", where=where, mend="remove it")
    return text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _wanted(step: Any) -> str:
    if isinstance(step, Scale):
        return f"give {step.low:g} to {step.high:g}" + (f" in steps of {step.step:g}" if step.step != 1 else "")
    if isinstance(step, Choices):
        most = step.most or len(step.choices)
        return f"choose {step.least}" if step.least == most else f"choose {step.least} to {most}"
    if isinstance(step, ListOfTexts):
        return f"give {step.least} to {step.most}" if step.least < step.most else f"give {step.least}"
    return "choose one" if isinstance(step, Choosing) else "write a few words"
