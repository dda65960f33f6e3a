"""What the guard says, in the languages that it writes: help, replacements of refused replies, disclosure."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from thymos.respond.guard.help_lines import INTERNATIONAL, HelpLine, region_of

FALLBACK = "en"
MOST_LINES = 3
SIGNATURE = "findahelpline.com"
"""Stands in every help message of a crisis: how the guard sees in a history that help was shown."""


@cache
def guard_texts() -> dict[str, Any]:
    """All texts by language."""
    content = (files("thymos.respond.guard") / "data" / "texts.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(content)
    return found


def languages() -> list[str]:
    """Languages that the guard writes, sorted."""
    return sorted(guard_texts())


def written_language(*wanted: str) -> str:
    """The first of these languages that the guard writes, else English; ``"de-AT"`` counts as ``"de"``."""
    for language in wanted:
        short = language.lower().replace("_", "-").partition("-")[0]
        if short in guard_texts():
            return short
    return FALLBACK


def disclosure(language: str = FALLBACK) -> str:
    """What is shown at first contact: that this is a program, and what it cannot do.

    Example:
        >>> disclosure("en").partition(",")[0]
        'You are talking to a computer program'
    """
    return str(guard_texts()[written_language(language)]["disclosure"])


def crisis_text(region: str, language: str, categories: Sequence[str]) -> str:
    """The message that takes the place of a reply: acknowledging, without a diagnosis, with help lines.

    Args:
        region: of the help lines.
        language: one that the guard writes.
        categories: what was found; worry about others and violence have texts of their own.
    """
    texts = guard_texts()[written_language(language)]
    found = set(categories) - {"suicide_topic"}
    kind = "crisis"
    if found and found <= {"about_others"}:
        kind = "about_others"
    elif found and found <= {"violence", "about_others"}:
        kind = "violence"
    here = region_of(region)
    lines = [_line(line, texts) for line in here.lines[:MOST_LINES]]
    if here.code != INTERNATIONAL:
        lines.append(f"{texts['elsewhere']}: {SIGNATURE}")
    listed = "\n".join(f"- {line}" for line in lines)
    return str(texts[kind]).format(lines=listed, emergency=here.emergency)


def concern_text(region: str, language: str) -> str:
    """One sentence that can stand beside an ordinary reply."""
    texts = guard_texts()[written_language(language)]
    return str(texts["concern"]).format(first=_line(region_of(region).lines[0], texts))


def replacement_text(problem: str, region: str, language: str) -> str:
    """What is said instead of a refused reply."""
    texts = guard_texts()[written_language(language)]
    return str(texts["replies"][problem]).format(first=_line(region_of(region).lines[0], texts))


def shows_help(text: str) -> bool:
    """Whether a text is one of the guard's crisis messages (they all name the international directory)."""
    return SIGNATURE in text


def _line(line: HelpLine, texts: dict[str, Any]) -> str:
    told = str(texts["line"]).format(name=line.name, contact=line.contact)
    return told + (str(texts["hours"]).format(hours=line.hours) if line.hours == "24/7" else "")
