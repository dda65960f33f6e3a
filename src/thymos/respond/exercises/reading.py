"""Reading scripts: plain YAML, nothing that builds objects, blows up or stands twice; one error for what is wrong."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from thymos.errors import BadInput
from thymos.files import require_file
from thymos.respond.exercises.script import Exercise

DATA = Path(__file__).parent / "data"
LARGEST_FILE = 200_000
"""Bytes of a script."""
DEEPEST = 12
MEND = "see docs/how-to/write-an-exercise.md"


@cache
def exercises(language: str = "en") -> Mapping[str, Exercise]:
    """The exercises that ship, by slug; those without a translation are in English.

    Example:
        >>> sorted(exercises())[:2], exercises("de")["gratitude"].language
        (['behavioral_activation', 'expressive_writing'], 'de')
    """
    found = {one.slug: one for one in _folder(DATA / "en")}
    if language != "en":
        found |= {one.slug: one for one in _folder(DATA / language)}
    return found


def languages() -> tuple[str, ...]:
    """Languages that at least one exercise is written in."""
    return tuple(sorted(one.name for one in DATA.iterdir() if one.is_dir() and len(one.name) == 2))


def find_exercise(name: str, language: str = "en") -> Exercise:
    """An exercise that ships by its slug, or one from a file that ends in ``.yaml``.

    Raises:
        BadInput: there is none of this name; a file with mistakes.
    """
    if name.endswith((".yaml", ".yml")):
        return read_exercise(name)
    known = exercises(language)
    if name not in known:
        raise BadInput(f"there is no exercise {name!r}", mend=f"use one of: {', '.join(sorted(known))}")
    return known[name]


def read_exercise(path: str | Path) -> Exercise:
    """A script from a file.

    Raises:
        BadInput: no such file, too large, no plain YAML, a script with a mistake.
    """
    path = require_file(path)
    if path.stat().st_size > LARGEST_FILE:
        raise BadInput(f"the script has {path.stat().st_size} bytes", where=path, mend=f"use at most {LARGEST_FILE}")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("the script is not UTF-8", where=path, mend="save it as UTF-8") from None
    return parse_exercise(text, path)


def parse_exercise(text: str, where: str | Path = "exercise") -> Exercise:
    """A script from its text.

    Raises:
        BadInput: no plain YAML, a script with a mistake.
    """
    return exercise_from_values(read_plain_yaml(text, where), where)


def exercise_from_values(values: Any, where: str | Path = "exercise") -> Exercise:
    """A script from plain values, as a state keeps them.

    Raises:
        BadInput: the first mistake and where it stands.
    """
    if not isinstance(values, dict):
        raise BadInput("a script is a table of names and values", where=where, mend=MEND)
    try:
        return Exercise.model_validate(values)
    except (ValidationError, RecursionError) as error:
        raise BadInput(_first_mistake(error, values), where=where, mend=MEND) from None


def read_plain_yaml(text: str, where: str | Path) -> Any:
    """The values of a YAML text without anchors, tags, double names or deep nesting.

    Raises:
        BadInput: one of these, or no YAML.
    """
    if len(text) > LARGEST_FILE:
        raise BadInput(f"the text has {len(text)} letters", where=where, mend=f"use at most {LARGEST_FILE}")
    try:
        _check_events(text, where)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise BadInput(f"this is no YAML{_at(line)}", where=where, mend=MEND) from None
    except (ValueError, RecursionError) as error:  # a date such as 2026-99-99, a number that is none
        raise BadInput(f"this YAML cannot be read ({error})", where=where, mend=MEND) from None


def _check_events(text: str, where: str | Path) -> None:
    open_keys: list[list[str] | None] = []  # names so far of the mappings that are open; None for a sequence
    expects_name: list[bool] = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadInput(f"anchors and aliases are not taken{_at(line)}", where=where, mend="write the text again")
        if getattr(event, "tag", None):
            raise BadInput(f"tags are not taken{_at(line)}", where=where, mend="write plain values")
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            open_keys.pop()
            expects_name.pop()
        elif isinstance(event, yaml.NodeEvent) and open_keys and open_keys[-1] is not None:
            if expects_name[-1]:
                name = getattr(event, "value", None)
                if name is None or name in open_keys[-1]:
                    raise BadInput(f"the name {name!r} stands twice or is none{_at(line)}", where=where, mend=MEND)
                open_keys[-1].append(name)
            expects_name[-1] = not expects_name[-1]
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(open_keys) == DEEPEST:
                raise BadInput(f"this is nested too deeply{_at(line)}", where=where, mend=MEND)
            open_keys.append([] if isinstance(event, yaml.MappingStartEvent) else None)
            expects_name.append(True)


def _at(line: int | None) -> str:
    return "" if line is None else f" (line {line + 1})"


def _first_mistake(error: ValidationError | RecursionError, values: dict[str, Any]) -> str:
    if isinstance(error, RecursionError):
        return "this is nested too deeply"
    first = error.errors(include_url=False, include_context=False)[0]
    location = first["loc"]
    message = first["msg"].removeprefix("Value error, ")
    steps = values.get("steps")
    if len(location) > 1 and location[0] == "steps" and isinstance(steps, list) and isinstance(location[1], int):
        step = steps[location[1]]
        own = step.get("id") if isinstance(step, dict) else None
        name = repr(own) if isinstance(own, str) else f"number {location[1] + 1}"
        rest = ".".join(map(str, location[3:]))  # after "steps", the place and the kind
        return f"step {name}{', ' + rest if rest else ''}: {message}"
    place = ".".join(map(str, location))
    return f"{place}: {message}" if place else message


def _folder(folder: Path) -> list[Exercise]:
    found = [read_exercise(path) for path in sorted(folder.glob("*.yaml"))] if folder.is_dir() else []
    for one in found:
        if one.language != folder.name:
            raise BadInput(f"{one.slug} is in {one.language!r}", where=folder, mend="move it to its language's folder")
    return found
