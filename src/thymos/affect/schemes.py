"""The label schemes that affective computing uses, by name: labels, construct, range and source of each.

Labels are spelled as the official release spells them, so that a reader needs no table of its own; where a release
has only codes or phrases they are lower-case words. ``canonical_label`` understands the other spellings. A scheme that
is rated from two sides (the writer felt it, the reader perceives it) is listed once: ask for the other side with
``get_scheme(name, construct="perceived")``.

Valence, arousal and dominance anchors come from ``data/vad.json``: seven published ones, and a coarse table placed by
hand for the rest [inferred]. They serve the stated fallback of label maps and nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

import pandas as pd

from thymos.affect.scheme import Construct, Scheme
from thymos.errors import BadInput

Anchor = tuple[float, float, float]
BRACKETS = "[]<>()\"' \t"


@dataclass(frozen=True)
class SchemeEntry:
    """A scheme of the catalogue with what belongs beside it.

    Args:
        scheme: the scheme itself.
        cards: numbers of the paper cards that use it.
        aliases: other spellings of its labels (codes, adjectives, misspellings of a release) to the label.
        note: a trap or a remark, may be empty.
    """

    scheme: Scheme
    cards: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def get_scheme(name: str, *, construct: Construct | str | None = None) -> Scheme:
    """The scheme of that name.

    Args:
        name: see ``list_schemes``.
        construct: whose affect, where it differs from the scheme's usual one (readers who judge a writer:
            "perceived"; what an actor was asked to play: "intended").

    Raises:
        BadInput: no such scheme or construct.

    Example:
        >>> get_scheme("ekman6").labels
        ('anger', 'disgust', 'fear', 'happiness', 'sadness', 'surprise')
        >>> get_scheme("cremad6", construct="intended").construct.value
        'intended'
    """
    scheme = describe_scheme(name).scheme
    # Scheme itself turns the word into a Construct, or refuses it.
    return scheme if construct is None else replace(scheme, construct=cast(Construct, construct))


def describe_scheme(name: str) -> SchemeEntry:
    """The scheme of that name with its cards, aliases and note."""
    entries = _entries()
    if name not in entries:
        near = [known for known in entries if name.lower()[:4] in known] or list(entries)
        raise BadInput(f"unknown scheme {name!r}", mend=f"for example {', '.join(near[:8])}; see list_schemes()")
    return entries[name]


def list_schemes() -> tuple[str, ...]:
    """Names of all schemes, emotions first, then behavior, then numbers.

    Example:
        >>> "goemotions28" in list_schemes()
        True
    """
    return tuple(_entries())


def scheme_table() -> pd.DataFrame:
    """One row a scheme: kind, construct, number of labels, range, source, cards, note; index = name."""
    rows = [
        {
            "name": name,
            "kind": str(entry.scheme.kind),
            "construct": str(entry.scheme.construct),
            "labels": len(entry.scheme.labels),
            "range": entry.scheme.range,
            "source": entry.scheme.source,
            "cards": ", ".join(entry.cards),
            "note": entry.note,
        }
        for name, entry in _entries().items()
    ]
    return pd.DataFrame(rows).set_index("name")


def canonical_label(name: str, label: str) -> str:
    """The label of a scheme that a spelling means: exact, then alias, then both without case and brackets.

    Args:
        name: name of the scheme.
        label: a label as it stands in some file.

    Raises:
        BadInput: no label is meant; the text lists the legal ones.

    Example:
        >>> canonical_label("esconv8", "[Reflection of feelings]")
        'Reflection of feelings'
        >>> canonical_label("cremad6", "HAP")
        'happiness'
    """
    entry = describe_scheme(name)
    if label in entry.scheme.labels:
        return label
    if label in entry.aliases:
        return entry.aliases[label]
    meant = _folded(name).get(label.strip(BRACKETS).casefold())
    if meant is None:
        raise BadInput(
            f"unknown label {label!r}", where=f"scheme {name!r}", mend=f"legal: {', '.join(entry.scheme.labels)}"
        )
    return meant


@cache
def _folded(name: str) -> dict[str, str]:
    entry = describe_scheme(name)
    spellings = {alias.casefold(): label for alias, label in entry.aliases.items()}
    return spellings | {label.casefold(): label for label in entry.scheme.labels}


# -- the data files -----------------------------------------------------------------------------------------------


def read_data(name: str) -> Any:
    """A JSON file of this package's data folder."""
    return json.loads(files("thymos.affect").joinpath("data").joinpath(name).read_text(encoding="utf-8"))


@cache
def _anchors() -> Mapping[str, Anchor]:
    table = read_data("vad.json")
    merged = table["coarse"]["anchors"] | table["published"]["anchors"]
    return MappingProxyType({word: (float(v), float(a), float(d)) for word, (v, a, d) in merged.items()})


@cache
def _entries() -> Mapping[str, SchemeEntry]:
    entries: dict[str, SchemeEntry] = {}
    for name in ("emotions.json", "behavior.json", "ratings.json"):
        for record in read_data(f"schemes/{name}")["schemes"]:
            entries[record["name"]] = _entry(record)
    return MappingProxyType(entries)


def _entry(record: dict[str, Any]) -> SchemeEntry:
    concepts = record.get("concepts", {})
    words = {label: concepts.get(label, label.lower()) for label in record["labels"]}
    anchors = {label: _anchors()[word] for label, word in words.items() if word in _anchors()}
    # "neutral" alone says nothing of where a scheme's labels lie.
    has_anchors = len(set(anchors) - set(record.get("neutral", ()))) >= 2
    scheme = Scheme(
        name=record["name"],
        kind=record["kind"],
        labels=tuple(record["labels"]),
        construct=record["construct"],
        range=tuple(record["range"]) if "range" in record else None,
        source=record["source"],
        vad=anchors if has_anchors else {},
        neutral=tuple(record.get("neutral", ())),
        exclude=tuple(record.get("exclude", ())),
    )
    aliases = MappingProxyType(dict(record.get("aliases", {})))
    return SchemeEntry(scheme, tuple(record["cards"]), aliases, record.get("note", ""))
