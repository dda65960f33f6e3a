"""Questionnaires: structure, scoring and published cut-offs. A score is information, never a diagnosis.

PHQ-9 and GAD-7 may be reproduced without permission (their authors and Pfizer say so on phqscreeners.com), so their
items are in ``data/``. The items of PANAS and ISI belong to others: they are not here, and are read from the user's
own copy.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thymos.errors import BadInput, Unavailable

NOTE = (
    "A score is information to talk about with somebody who knows you or who is trained for it. It is not a diagnosis."
)
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Band(BaseModel):
    """A published range of the total and what it is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    low: int
    high: int
    name: str


class Questionnaire(BaseModel):
    """One instrument.

    Args:
        slug: short name.
        title: of the instrument.
        instructions: what is asked, in words of ours where the original may not be copied.
        period: that the answers are about.
        items: ids of the items, in order.
        texts: of the items; empty where they may not be handed on.
        options: what can be answered: number and word, the same for all items.
        subscales: items by name; a total is made of all items unless ``no_total``.
        no_total: the instrument has no total.
        bands: of the total.
        missing: how many items may be left out; the rest is scaled up (the published rule), 0 = none.
        urgent: items of which an answer above 0 asks for help at once.
        source: where scoring and bands were published.
        licence: who owns the items.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    slug: Name
    title: str
    instructions: str
    period: str
    items: Annotated[tuple[Name, ...], Field(min_length=2)]
    texts: dict[str, str] = {}
    options: dict[int, str]
    subscales: dict[str, tuple[Name, ...]] = {}
    no_total: bool = False
    bands: tuple[Band, ...] = ()
    missing: Annotated[int, Field(ge=0)] = 0
    urgent: tuple[Name, ...] = ()
    source: str
    licence: str

    @model_validator(mode="after")
    def _fits(self) -> "Questionnaire":
        known = set(self.items)
        if len(known) < len(self.items):
            raise ValueError("an item is there twice")
        if self.texts and set(self.texts) != known:
            raise ValueError("texts and items differ")
        for names in (*self.subscales.values(), self.urgent):
            if set(names) - known:
                raise ValueError(f"{sorted(set(names) - known)[0]!r} is no item")
        low, high = self.limits
        places = sorted((band.low, band.high) for band in self.bands)
        if places and (
            places[0][0] != low or places[-1][1] != high or any(b[0] != a[1] + 1 for a, b in pairwise(places))
        ):
            raise ValueError("the bands do not cover the range")
        return self

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest total."""
        return min(self.options) * len(self.items), max(self.options) * len(self.items)

    @property
    def has_texts(self) -> bool:
        """Whether the items can be shown."""
        return bool(self.texts)

    def score(self, answers: Mapping[str, int | None]) -> "Scored":
        """Score answers.

        Args:
            answers: a number an item; None or absent = left out.

        Raises:
            BadInput: an unknown item, a number that is no option, or more left out than the published rule allows.
        """
        unknown = sorted(set(answers) - set(self.items))
        if unknown:
            raise BadInput(f"{unknown[0]!r} is no item", where=self.slug, mend=f"items: {', '.join(self.items)}")
        given: dict[str, int] = {}
        for name in self.items:
            value = answers.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or value not in self.options:
                raise BadInput(
                    f"{value!r} is no answer to {name}",
                    where=self.slug,
                    mend=f"use {min(self.options)} to {max(self.options)}",
                )
            given[name] = int(value)
        left_out = len(self.items) - len(given)
        if left_out > self.missing:
            first = next(name for name in self.items if name not in given)
            raise BadInput(
                f"{left_out} items have no answer, the first is {first}",
                where=self.slug,
                mend=f"at most {self.missing} may be left out",
            )
        total = None if self.no_total else scaled(given, self.items)
        parts = {name: scaled(given, items) for name, items in self.subscales.items()}
        band = next(
            (one.name for one in self.bands if total is not None and one.low <= round_half_up(total) <= one.high), ""
        )
        urgent = any(given.get(name, 0) > 0 for name in self.urgent)
        return Scored(self.slug, total, parts, band, NOTE, urgent, left_out)


@dataclass(frozen=True)
class Scored:
    """A result.

    Args:
        questionnaire: which.
        total: None where the instrument has none.
        subscales: by name.
        band: published name of the range, "" where none is published.
        note: what a score is and is not.
        urgent: an answer asks for help at once; whoever shows the result shows help with it.
        left_out: items without an answer.
    """

    questionnaire: str
    total: float | None
    subscales: dict[str, float]
    band: str
    note: str
    urgent: bool
    left_out: int


def scaled(given: Mapping[str, int], items: tuple[str, ...]) -> float:
    """Sum over items, those left out counted as the mean of the others; NaN where all are left out."""
    values = [given[name] for name in items if name in given]
    return sum(values) * len(items) / len(values) if values else math.nan


def round_half_up(value: float) -> int:
    """To whole numbers, halves up, as people do by hand."""
    return math.floor(value + 0.5)


@lru_cache(maxsize=1)
def questionnaires() -> dict[str, Questionnaire]:
    """All instruments, by name."""
    found = {}
    for place in sorted((files(__package__) / "data").iterdir(), key=lambda one: one.name):
        if place.name.endswith(".yaml"):
            one = Questionnaire.model_validate(yaml.safe_load(place.read_text(encoding="utf-8")))
            found[one.slug] = one
    return found


def find_questionnaire(slug: str) -> Questionnaire:
    """One of them; BadInput for another name."""
    known = questionnaires()
    if slug not in known:
        raise BadInput(f"there is no questionnaire {slug!r}", mend=f"use one of: {', '.join(known)}")
    return known[slug]


def with_texts(one: Questionnaire, path: str | Path) -> Questionnaire:
    """The instrument with item texts from the user's own copy: a YAML table from item id to text.

    Raises:
        BadInput: no such file, no table, other items.
    """
    place = Path(path)
    try:
        content = yaml.safe_load(place.read_text(encoding="utf-8"))
        return Questionnaire.model_validate(one.model_dump() | {"texts": content})
    except OSError as error:
        raise BadInput(f"the items cannot be read ({error.strerror})", where=place) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError):
        raise BadInput(
            "this is no table of item texts", where=place, mend=f"one line an item: {one.items[0]}: TEXT"
        ) from None


def check_texts(one: Questionnaire) -> None:
    """Raise Unavailable where the item texts are not there."""
    if not one.has_texts:
        raise Unavailable(
            f"{one.title}: its items may not be handed on ({one.licence}); give your own copy with --items FILE"
        )
