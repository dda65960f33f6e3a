"""Schemes as JSON, and schemes guessed from a file that names none."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.files import canonical_json, read_text

FORMAT = "thymos-schemes"
VERSION = 1
FOUND_LABELS = "labels found in the file"
FOUND_RANGE = "range found in the file"


def scheme_to_dict(scheme: Scheme) -> dict[str, Any]:
    """Every field of a scheme as plain JSON values."""
    return {
        "name": scheme.name,
        "kind": scheme.kind.value,
        "labels": list(scheme.labels),
        "construct": scheme.construct.value,
        "range": None if scheme.range is None else [float(scheme.range[0]), float(scheme.range[1])],
        "source": scheme.source,
        "vad": {label: [float(number) for number in point] for label, point in scheme.vad.items()},
        "neutral": list(scheme.neutral),
        "exclude": list(scheme.exclude),
    }


def scheme_from_dict(value: Any, *, where: str | Path) -> Scheme:
    """The scheme that ``scheme_to_dict`` wrote; BadInput names the file when a field is missing or illegal."""
    try:
        return Scheme(
            name=str(value["name"]),
            kind=Kind(value["kind"]),
            labels=tuple(str(label) for label in value["labels"]),
            construct=Construct(value["construct"]),
            range=None if value.get("range") is None else (float(value["range"][0]), float(value["range"][1])),
            source=str(value.get("source", "")),
            vad={str(label): (float(p[0]), float(p[1]), float(p[2])) for label, p in value.get("vad", {}).items()},
            neutral=tuple(value.get("neutral", ())),
            exclude=tuple(value.get("exclude", ())),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise BadInput(
            f"this is not the description of a scheme ({error})", where=where, mend="see thymos.io.schemes"
        ) from None


def schemes_to_json(schemes: Iterable[Scheme]) -> str:
    """Schemes as one JSON text, the same for the same schemes."""
    return canonical_json({"format": FORMAT, "version": VERSION, "schemes": [scheme_to_dict(s) for s in schemes]})


def schemes_from_json(text: str, *, where: str | Path) -> list[Scheme]:
    """The schemes that ``schemes_to_json`` wrote."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"this is not JSON ({error.msg})", where=f"{where}, line {error.lineno}") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise BadInput(f"this is not a {FORMAT} file", where=where)
    if value.get("version") != VERSION:
        raise BadInput(f"version {value.get('version')!r} is unknown, {VERSION} expected", where=where)
    return [scheme_from_dict(one, where=where) for one in value["schemes"]]


def schemes_beside(path: str | Path) -> Path:
    """Where the schemes of a CSV file stand: ``votes.csv`` has ``votes.schemes.json`` beside it."""
    path = Path(path)
    return path.with_name(f"{path.stem}.schemes.json")


def read_schemes_beside(path: str | Path) -> list[Scheme] | None:
    """The schemes beside a CSV file, or None where there are none."""
    beside = schemes_beside(path)
    return schemes_from_json(read_text(beside), where=beside) if beside.is_file() else None


def infer_nominal(labels: Sequence[str], *, name: str, kind: Kind, where: str) -> Scheme:
    """A scheme of the labels that a file uses, in alphabetical order (numbers by value).

    Construct "perceived": a file of ratings without a word about it comes from observers more often than not.
    """
    padded = next((label for label in labels if label != label.strip()), None)
    if padded is not None:
        raise BadInput(f"label {padded!r} starts or ends with a space", where=where, mend="remove the space")
    ordered = sorted(labels, key=int) if all(label.isdecimal() for label in labels) else sorted(labels)
    return Scheme(name, kind, tuple(ordered), Construct.PERCEIVED, source=FOUND_LABELS)


def infer_numeric(axes: Sequence[str], low: float, high: float, *, name: str, where: str) -> Scheme:
    """A dimensional scheme whose range is what the file uses."""
    if not low < high:
        raise BadInput(f"every rating is {low:g}: nothing can be measured", where=where, mend="check the column")
    return Scheme(name, Kind.DIMENSIONAL, tuple(axes), Construct.PERCEIVED, (low, high), source=FOUND_RANGE)


def unused(name: str, taken: set[str]) -> str:
    """The name, or the first of ``name-2``, ``name-3`` ... that is not taken."""
    number, candidate = 2, name
    while candidate in taken:
        number, candidate = number + 1, f"{name}-{number}"
    return candidate
