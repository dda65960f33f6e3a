"""Guided exercises as scripts: YAML files with steps, checked when they are read; nothing in them is run.

A step asks for one thing. ``when`` lets it depend on an earlier answer, ``{step}`` in a text quotes one. Quoting is a
plain replacement of known names: braces in what a person wrote stay what they are.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thymos.errors import BadInput
from thymos.files import text_sha256

Kind = Literal["say", "text", "scale", "choice", "choices", "list", "pause", "breathing"]
Answer = str | int | float | list[str] | None
QUOTE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
LONGEST = 10_000  # letters of an answer
LARGEST_FILE = 200_000  # bytes of a script
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Condition(BaseModel):
    """When a step is asked: an earlier number is at least or at most something, or a choice is one of several."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    step: Name
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] | None = None

    def holds(self, answers: Mapping[str, Answer]) -> bool:
        """Whether it holds; an answer that was not given fails it."""
        given = answers.get(self.step)
        if given is None:
            return False
        if self.one_of is not None:
            return (
                bool({given} & set(self.one_of))
                if isinstance(given, str)
                else bool(set(given) & set(self.one_of))
                if isinstance(given, list)
                else False
            )
        if isinstance(given, str | list):
            return False
        return (self.at_least is None or given >= self.at_least) and (self.at_most is None or given <= self.at_most)


class Step(BaseModel):
    """One step.

    Args:
        id: unique in the exercise.
        kind: ``say`` (nothing to answer), ``text``, ``scale`` (a number in ``low``..``high``), ``choice``,
            ``choices``, ``list`` (``least``..``most`` short texts), ``pause`` (``seconds``), ``breathing``
            (``rounds`` of ``pattern``).
        prompt: what is asked; may quote earlier answers.
        help: a further line.
        options: of a choice.
        low, high: of a scale.
        low_label, high_label: what its ends mean.
        least, most: of a list.
        seconds: of a pause, or how long to write.
        pattern: seconds of breathing in, holding, breathing out, holding.
        rounds: of breathing.
        optional: may be left empty.
        when: see ``Condition``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Name
    kind: Kind
    prompt: Annotated[str, Field(min_length=1, max_length=2000)]
    help: str = ""
    options: tuple[str, ...] = ()
    low: float = 0
    high: float = 100
    low_label: str = ""
    high_label: str = ""
    least: Annotated[int, Field(ge=1)] = 1
    most: Annotated[int, Field(le=20)] = 5
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    pattern: tuple[float, float, float, float] = (4, 0, 6, 0)
    rounds: Annotated[int, Field(ge=1, le=60)] = 6
    optional: bool = False
    when: Condition | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Step":
        if self.kind in ("choice", "choices") and len(self.options) < 2:
            raise ValueError("a choice needs two options at least")
        if self.kind == "scale" and not self.low < self.high:
            raise ValueError("low must be below high")
        if self.kind == "pause" and self.seconds is None:
            raise ValueError("a pause needs seconds")
        if self.least > self.most:
            raise ValueError("least is above most")
        return self

    @property
    def asks(self) -> bool:
        """Whether there is something to answer."""
        return self.kind not in ("say", "pause", "breathing")


class Exercise(BaseModel):
    """A guided exercise; see the module."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    slug: Name
    version: Annotated[int, Field(ge=1)]
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    title: Annotated[str, Field(min_length=1, max_length=120)]
    summary: Annotated[str, Field(min_length=1, max_length=500)]
    minutes: Annotated[int, Field(ge=1, le=120)]
    caution: str = ""
    source: Annotated[str, Field(min_length=1)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=60)]
    closing: str = ""

    @model_validator(mode="after")
    def _refers_back(self) -> "Exercise":
        seen: set[str] = set()
        for step in self.steps:
            if step.id in seen:
                raise ValueError(f"two steps are called {step.id!r}")
            wanted = {*QUOTE.findall(f"{step.prompt} {step.help}"), *([step.when.step] if step.when else [])}
            if wanted - seen:
                raise ValueError(
                    f"step {step.id!r} speaks of {sorted(wanted - seen)[0]!r}, which does not come before it"
                )
            seen.add(step.id)
        if set(QUOTE.findall(self.closing)) - seen:
            raise ValueError("the closing quotes a step that is not there")
        return self

    @property
    def hash(self) -> str:
        """Changes with every word of the script."""
        return text_sha256(self.model_dump_json())[:16]


def quoted(text: str, answers: Mapping[str, Answer]) -> str:
    """A text with earlier answers in the places of their names.

    Example:
        >>> quoted("You wrote: {thought}", {"thought": "I {fail}"})
        'You wrote: I {fail}'
    """
    return QUOTE.sub(lambda match: told(answers.get(match.group(1))), text)


def told(answer: Answer) -> str:
    """An answer in words."""
    if answer is None:
        return "(left out)"
    if isinstance(answer, list):
        return ", ".join(answer)
    return f"{answer:g}" if isinstance(answer, int | float) else answer


def read_exercise(path: str | Path) -> Exercise:
    """A script from a file.

    Raises:
        BadInput: no such file, no YAML, tags or anchors that build objects or blow up, a script with a mistake.
    """
    place = Path(path)
    try:
        raw = place.read_bytes()
    except OSError as error:
        raise BadInput(f"the script cannot be read ({error.strerror})", where=place) from None
    if len(raw) > LARGEST_FILE:
        raise BadInput(f"the script has {len(raw)} bytes", where=place, mend=f"use at most {LARGEST_FILE}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("the script is not UTF-8", where=place, mend="save it as UTF-8") from None
    return parse_exercise(text, place)


def parse_exercise(text: str, where: object = "exercise") -> Exercise:
    """A script from a text; see ``read_exercise``."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise BadInput("the script uses an alias", where=where, mend="write the text again")
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise BadInput(
            f"this is no plain YAML (line {line})", where=where, mend="see docs/how-to/write-an-exercise.md"
        ) from None
    if not isinstance(content, dict):
        raise BadInput("a script is a table of names and values", where=where)
    try:
        return Exercise.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "script"
        raise BadInput(f"{place}: {first['msg']}", where=where, mend="mend the script") from None


@lru_cache(maxsize=1)
def exercises() -> dict[str, Exercise]:
    """The exercises that ship, by name."""
    found: dict[str, Exercise] = {}
    for place in sorted((files(__package__) / "data").iterdir(), key=lambda one: one.name):
        if place.name.endswith(".yaml"):
            one = parse_exercise(place.read_text(encoding="utf-8"), place.name)
            found[one.slug] = one
    return found


def find_exercise(slug: str, known: Mapping[str, Any] | None = None) -> Exercise:
    """One of the exercises that ship.

    Raises:
        BadInput: there is none of this name.
    """
    table = known or exercises()
    if slug not in table:
        raise BadInput(f"there is no exercise {slug!r}", mend=f"use one of: {', '.join(sorted(table))}")
    found: Exercise = table[slug]
    return found
