"""Answers in words: for quotations in prompts and for the export. The few words of our own are kept by language."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from thymos.files import read_text
from thymos.respond.exercises.conditions import Answer
from thymos.respond.exercises.reading import DATA
from thymos.respond.exercises.steps import Choosing, Scale
from thymos.respond.exercises.templates import Quote, fill


@cache
def words(language: str) -> Mapping[str, str]:
    """The words of our own in a language; English where it has none."""
    table = yaml.safe_load(read_text(DATA / "words.yaml"))
    own: dict[str, str] = table["en"] | table.get(language, {})
    return own


def filled(text: str, steps: Mapping[str, Any], answers: Mapping[str, Answer], language: str) -> str:
    """A text with earlier answers in the places of their names.

    Args:
        text: of a script.
        steps: steps by id.
        answers: so far; a step that was not asked has none.
        language: for the words of our own.
    """
    return fill(text, lambda quote: _quoted(quote, steps, answers, words(language)))


def told(step: Any, answer: Answer, language: str) -> list[str]:
    """An answer as lines: a text as it was written, several entries one a line, a number with its unit."""
    if answer is None:
        return [words(language)["unanswered"]]
    if isinstance(answer, list):
        return [step.label(one) if isinstance(step, Choosing) else one for one in answer]
    if isinstance(answer, str):
        return [step.label(answer)] if isinstance(step, Choosing) else answer.splitlines() or [""]
    unit = step.unit if isinstance(step, Scale) else ""
    return [f"{number(answer)} {unit}".rstrip()]


def number(value: float) -> str:
    """A number without needless decimals.

    Example:
        >>> number(40.0), number(7.5)
        ('40', '7.5')
    """
    return f"{value:.10g}"


def _quoted(quote: Quote, steps: Mapping[str, Any], answers: Mapping[str, Answer], own: Mapping[str, str]) -> str:
    value, step = answers.get(quote.step), steps[quote.step]
    language = own["language"]
    if quote.form == "change":
        return _change(answers.get(quote.other), value, own)
    lines = told(step, value, language)
    if quote.form == "lines":
        return "\n".join(lines)
    if quote.form == "list":
        return "\n".join(f"- {' '.join(line.split())}" for line in lines)
    joined = ", ".join(lines) if isinstance(value, list) else " ".join(lines)
    return " ".join(joined.split())


def _change(before: Answer, after: Answer, own: Mapping[str, str]) -> str:
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return own["unanswered"]
    form = own["same" if after == before else "higher" if after > before else "lower"]
    parts = {"before": number(before), "after": number(after), "by": number(abs(after - before))}
    for name, part in parts.items():
        form = form.replace(f"<{name}>", part)
    return form
