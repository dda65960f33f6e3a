"""What no reply may hold: diagnosis, medication, claims to be a person, dependence, secrecy, methods, encouragement."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from thymos.language.model import Message
from thymos.respond.guard.normalize import readings

PROBLEMS = (
    "methods",
    "encouragement",
    "diagnosis",
    "medication",
    "claims_therapist",
    "claims_human",
    "dependence",
    "secrecy",
)
"""In the order of weight: the first one found names the replacement."""

# "Not a diagnosis" takes a diagnosis back, but "you do not need anyone" is what dependence sounds like.
_DENIABLE = frozenset({"diagnosis", "claims_therapist", "claims_human", "encouragement", "methods"})
_BEFORE = 4  # words before a finding in which a denial counts
_CLAUSE = re.compile(r"[.!?;:]|\b(?:but|aber|pero|mais)\b")


class _Book(NamedTuple):
    problems: dict[str, re.Pattern[str]]
    asked_human: re.Pattern[str]
    asked_machine: re.Pattern[str]
    asked_therapist: re.Pattern[str]
    bare_yes: re.Pattern[str]
    bare_no: re.Pattern[str]
    denial: re.Pattern[str]
    asking_professional: re.Pattern[str]


@cache
def _book() -> _Book:
    content = (files("thymos.respond.guard") / "data" / "reply_patterns.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(content)
    problems = {
        name: re.compile("|".join(f"(?:{one})" for patterns in found[name].values() for one in patterns))
        for name in PROBLEMS
    }
    asked = (re.compile("|".join(found[name].values())) for name in ("asked_human", "asked_therapist"))
    human, therapist = asked
    rest = {
        name: re.compile(found[name])
        for name in ("asked_machine", "bare_yes", "bare_no", "denial", "asking_professional")
    }
    return _Book(problems, human, rest.pop("asked_machine"), therapist, **rest)


def reply_problems(text: str, history: Sequence[Message] = ()) -> tuple[str, ...]:
    """What is wrong with a reply, in the order of ``PROBLEMS``; empty where nothing is.

    Args:
        text: the reply, or a sentence of it.
        history: the conversation that it answers.

    Example:
        >>> reply_problems("You clearly have depression, take 20 mg a day.")
        ('diagnosis', 'medication')
        >>> reply_problems("I am not a therapist, but I can listen.")
        ()
        >>> reply_problems("Yes, of course.", [Message("user", "Are you human?")])
        ('claims_human',)
    """
    found = {problem for reading in readings(text) for problem in _found(reading)}
    found |= _claimed(readings(text)[0], history)
    return tuple(problem for problem in PROBLEMS if problem in found)


def _found(text: str) -> set[str]:
    book = _book()
    found = set()
    for problem, expression in book.problems.items():
        for match in expression.finditer(text):
            clause = _CLAUSE.split(text[: match.start()])[-1]
            words = clause.split()[-_BEFORE:]
            if problem in _DENIABLE and book.denial.search(" ".join(words)):
                continue
            if (
                problem == "medication"
                and book.asking_professional.search(text)
                and not re.search(r"\d", match.group())
            ):
                continue  # "ask your doctor before you stop your medication"
            found.add(problem)
            break
    return found


def _claimed(text: str, history: Sequence[Message]) -> set[str]:
    """A bare yes or no to the question whether this is a person, a program or a therapist."""
    book = _book()
    asked = next((turn.content for turn in reversed(history) if turn.role == "user"), "")
    question = readings(asked)[0]
    found = set()
    answer = text.lstrip("¿¡ ")
    human = book.asked_human.search(question)
    if human:
        machine = book.asked_machine.search(human.group()) is not None
        if (book.bare_no if machine else book.bare_yes).search(answer):
            found.add("claims_human")
    if book.asked_therapist.search(question) and book.bare_yes.search(answer):
        found.add("claims_therapist")
    return found
