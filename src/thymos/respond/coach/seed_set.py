"""The seven DEAR MAN skills, their rubrics, and the authored seed set: situations with utterances of three levels.

Schema of ``data/dear_man.yaml``: a list of situations with id, area, text, partner, emotions, and under ``skills`` for
each skill the utterances ``none``, ``weak`` and ``strong``, each [text, reason]; ``after`` is what the partner said
before, where a skill needs it. All of it was written by one writer and rated by nobody else; see ``data/README.md``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from thymos.errors import BadInput
from thymos.files import read_text
from thymos.respond.coach.examples import LEVELS, NONE, STRONG, Example

DATA = Path(__file__).parent / "data"
SKILLS = ("describe", "express", "assert", "reinforce", "negotiate", "mindful", "confident")
DIFFICULTIES = ("easy", "medium", "hard")
ORIGIN = "authored by one writer, not rated by clinicians"


@dataclass(frozen=True)
class Rubric:
    """What a skill is and how its levels are told apart.

    Args:
        skill: short name.
        title: shown to people.
        goal: what the skill is, one sentence.
        levels: none, weak and strong in one sentence each.
        suggestions: what to do next, by level; may be empty.
        frame: a sentence with gaps in brackets; may be empty.
    """

    skill: str
    title: str
    goal: str
    levels: Mapping[str, str]
    suggestions: Mapping[str, str]
    frame: str = ""


@dataclass(frozen=True)
class Situation:
    """A situation to practice.

    Args:
        text: what is the matter, told by the user.
        partner: who is talked to, e.g. ``"my manager"``.
        difficulty: ``"easy"``, ``"medium"`` or ``"hard"``.
        emotions: the user's own.
        id: of a situation of the seed set; nothing of it is retrieved. Empty for the user's own.

    Raises:
        BadInput: no text or partner, another difficulty.
    """

    text: str
    partner: str
    difficulty: str = "medium"
    emotions: tuple[str, ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        for name in ("text", "partner"):
            if not str(getattr(self, name)).strip():
                raise BadInput(f"the {name} is empty", where="situation", mend="tell it in a sentence or two")
        if self.difficulty not in DIFFICULTIES:
            raise BadInput(
                f"unknown difficulty {self.difficulty!r}", where="situation", mend=f"use {', '.join(DIFFICULTIES)}"
            )
        object.__setattr__(self, "emotions", tuple(str(one) for one in self.emotions))


@dataclass(frozen=True)
class SeedSituation:
    """A situation of the seed set.

    Args:
        situation: at medium difficulty.
        area: work, family, friends ...
        start_with: the two skills that the writer would begin with.
        examples: by skill, three levels each.
        after: by skill, what the partner said before.
    """

    situation: Situation
    area: str
    start_with: tuple[str, ...]
    examples: Mapping[str, tuple[Example, ...]]
    after: Mapping[str, str]


@cache
def rubrics() -> dict[str, Rubric]:
    """Rubrics by skill: DEAR MAN and the three mechanisms of empathy, all in our words."""
    path = DATA / "rubrics.yaml"
    found = {}
    for skill, value in yaml.safe_load(read_text(path)).items():
        where = f"{path.name}, {skill}"
        if set(value.get("levels", {})) != set(LEVELS):
            raise BadInput("levels must be none, weak and strong", where=where)
        found[skill] = Rubric(
            skill, value["title"], value["goal"], value["levels"], value.get("suggestions", {}), value.get("frame", "")
        )
    return found


@cache
def seed_set() -> tuple[SeedSituation, ...]:
    """The seed set that ships."""
    return read_seed_set(DATA / "dear_man.yaml")


def read_seed_set(path: str | Path) -> tuple[SeedSituation, ...]:
    """Read situations with their utterances.

    Raises:
        BadInput: another schema, an unknown skill, a missing level, an id or an utterance that stands twice.
    """
    path = Path(path)
    try:
        values = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise BadInput("this is not YAML", where=path, mend=str(error).splitlines()[0]) from None
    if not isinstance(values, list) or not values:
        raise BadInput("a list of situations is needed", where=path)
    found = [_situation(value, f"{path.name}, situation {number}") for number, value in enumerate(values, start=1)]
    for what, names in (
        ("situation", [one.situation.id for one in found]),
        ("utterance", [own.text for one in found for rated in one.examples.values() for own in rated]),
    ):
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise BadInput(f"the {what} {doubled!r} stands twice", where=path)
    return tuple(found)


def _situation(value: Any, where: str) -> SeedSituation:
    if not isinstance(value, Mapping):
        raise BadInput("a situation is needed here", where=where, mend="give id, area, text, partner, skills")
    missing = [
        name for name in ("id", "area", "text", "partner", "emotions", "start_with", "skills") if name not in value
    ]
    if missing:
        raise BadInput(f"{missing[0]!r} is missing", where=where)
    where = f"{where} ({value['id']})"
    unknown = [name for name in (*value["skills"], *value["start_with"]) if name not in SKILLS]
    if unknown:
        raise BadInput(f"unknown skill {unknown[0]!r}", where=where, mend=f"known: {', '.join(SKILLS)}")
    situation = Situation(value["text"], value["partner"], emotions=tuple(value["emotions"]), id=value["id"])
    examples = {}
    for skill, rated in value["skills"].items():
        if not set(LEVELS) <= set(rated):
            raise BadInput(f"{skill} needs none, weak and strong", where=where)
        own = []
        for level in LEVELS:
            if not isinstance(rated[level], list) or len(rated[level]) != 2:
                raise BadInput(f"{skill}, {level}: [text, reason] is needed", where=where)
            text, reason = rated[level]
            own.append(Example(text, value["text"], value["id"], level, f"{value['id']}/{skill}", reason))
        examples[skill] = tuple(own)
    after = {skill: str(rated["after"]) for skill, rated in value["skills"].items() if "after" in rated}
    return SeedSituation(situation, value["area"], tuple(value["start_with"]), examples, after)


def seed_examples(skill: str, situations: tuple[SeedSituation, ...] | None = None) -> list[Example]:
    """All utterances of a skill.

    Raises:
        BadInput: an unknown skill.
    """
    if skill not in SKILLS:
        raise BadInput(f"unknown skill {skill!r}", mend=f"known: {', '.join(SKILLS)}")
    return [one for situation in (situations or seed_set()) for one in situation.examples.get(skill, ())]


# Whose strong utterances show none of a skill, by the writer's judgement: facts and feelings ask for nothing.
OTHERS = {
    "express": ("describe", "assert"),
    "assert": ("describe", "express"),
    "reinforce": ("describe", "express", "assert"),
    "negotiate": ("describe", "express", "assert"),
}


def other_skill_examples(skill: str, without: Collection[str] = ()) -> list[Example]:
    """Strong utterances of other skills as examples of none of this one: learned from lightly, never retrieved.

    Args:
        skill: one of ``SKILLS``; some have no such examples.
        without: situations that are left out.
    """
    return [
        replace(one, level=NONE, pair="", reason="")
        for other in OTHERS.get(skill, ())
        for one in seed_examples(other)
        if one.level == STRONG and one.group not in without
    ]


@cache
def neutral_examples() -> tuple[Example, ...]:
    """Small talk: none of any skill; never retrieved."""
    return tuple(Example(text, group="neutral") for text in yaml.safe_load(read_text(DATA / "neutral.yaml")))
