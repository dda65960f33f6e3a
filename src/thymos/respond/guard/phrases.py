"""Phrase books: what danger sounds like in one language, and what takes it back. The phrases are data, not code."""

import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from thymos.errors import BadInput
from thymos.respond.guard.normalize import LANGUAGES

CRISIS, CONCERN, NONE = "crisis", "concern", "none"
RISKS = (NONE, CONCERN, CRISIS)
"""Levels of risk, lowest first."""

CUES = ("negation", "not_negation", "reported", "past", "recovered", "fiction", "not_fiction", "information")
ANSWERS = ("question", "question_safe", "affirmed", "evaded", "denied")


class Rule(NamedTuple):
    """Phrases of one meaning.

    Args:
        name: of the rule.
        category: what is found, as audit events call it.
        risk: ``"crisis"`` (counts by itself) or ``"concern"`` (counts with a concern of another category).
        deny: where a negation takes it back: ``"before"`` the phrase, also ``"inside"`` it, or ``""``, nowhere.
        expression: over bare text.
    """

    name: str
    category: str
    risk: str
    deny: str
    expression: re.Pattern[str]


class PhraseBook(NamedTuple):
    """The phrases of one language.

    Args:
        language: two letters.
        rules: phrases of danger.
        idioms: figures of speech; what they cover is no danger.
        cues: expressions of negation, of the past, of fiction ...; see ``CUES``.
        answers: how a question about danger sounds, and answers to it; see ``ANSWERS``.
    """

    language: str
    rules: tuple[Rule, ...]
    idioms: re.Pattern[str]
    cues: dict[str, re.Pattern[str]]
    answers: dict[str, re.Pattern[str]]


@cache
def phrase_books() -> tuple[PhraseBook, ...]:
    """The shipped phrase books, one a language."""
    folder = files("thymos.respond.guard") / "data" / "patterns"
    return tuple(
        read_phrase_book((folder / f"{language}.yaml").read_text(encoding="utf-8"), f"{language}.yaml")
        for language in LANGUAGES
    )


def read_phrase_book(content: str, where: str) -> PhraseBook:
    """A phrase book from YAML.

    Args:
        content: see the head of ``data/patterns/en.yaml``.
        where: named in errors.

    Raises:
        BadInput: an unknown risk, a missing field, an expression that is none.
    """
    try:
        found: dict[str, Any] = yaml.safe_load(content)
        parts = {name: str(part) for name, part in (found.get("parts") or {}).items()}
        for _ in range(2):  # parts may name parts
            parts = {name: _filled(part, parts) for name, part in parts.items()}
        # "ich will nicht sterben": in some languages a negation stands inside of a phrase.
        everywhere = "inside" if found["negation_inside"] else "before"
        rules = tuple(_rule(rule, parts, everywhere, where) for rule in found["rules"])
        cues = {name: re.compile(rf"(?:\b|(?=\W)){found[name]}") for name in CUES}
        answers = {name: re.compile(found["answers"][name]) for name in ANSWERS}
        idioms = re.compile("|".join(_filled(idiom, parts) for idiom in found["idioms"]))
        return PhraseBook(str(found["language"]), rules, idioms, cues, answers)
    except (KeyError, TypeError, AttributeError, yaml.YAMLError, re.error) as error:
        raise BadInput(f"this is no phrase book ({type(error).__name__}: {error})", where=where) from error


def _rule(rule: dict[str, Any], parts: dict[str, str], everywhere: str, where: str) -> Rule:
    risk = rule["risk"]
    if risk not in (CRISIS, CONCERN):
        raise BadInput(f"unknown risk {risk!r}", where=f"{where}, rule {rule['name']!r}", mend="use crisis or concern")
    expression = re.compile("|".join(f"(?:{_filled(pattern, parts)})" for pattern in rule["patterns"]))
    deny = rule.get("deny", False)
    return Rule(
        rule["name"], rule["category"], risk, deny if deny == "inside" else everywhere if deny else "", expression
    )


def _filled(pattern: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{([a-z]+)\}", lambda match: parts[match.group(1)], pattern)
