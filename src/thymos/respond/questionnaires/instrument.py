"""Instruments as data: items, answers, scales and published bands, and the one way to score them.

PHQ-9 and GAD-7 may be reproduced by everybody, so their items are in ``data/``. The items of PANAS and ISI belong to
others: only their structure and scoring are here; ``own_items.py`` reads the user's own copy. See ``data/README.md``.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thymos.errors import BadInput
from thymos.files import read_text
from thymos.respond.exercises.conditions import Name
from thymos.respond.exercises.reading import read_plain_yaml
from thymos.respond.questionnaires.scoring import Scored

DATA = Path(__file__).parent / "data"
NOTE = (
    "This is information, not a diagnosis: a questionnaire cannot know why you answer as you do. If the result or "
    "anything in it worries you, take it to a doctor, a therapist or somebody whom you trust."
)
Whole = Annotated[int, Field(ge=-1000, le=1000)]
Words = Annotated[str, Field(min_length=1, max_length=600)]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Options = dict[Whole, Label]
"""What can be answered: numbers and their words, or the number again where the words may not be handed on."""


class Part(BaseModel):
    """Part of an instrument: unknown fields are refused, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Band(Part):
    """A range of the total, both ends in it, and its published name."""

    low: Whole
    high: Whole
    name: Words


class Questionnaire(Part):
    """An instrument.

    Args:
        slug: its name in commands and addresses.
        version: counts up with every change of items or scoring.
        title, about: what it is called, and what it asks about.
        instructions: shown before the items.
        period: that the answers are about.
        items: ids of the items that count, in order.
        extra: ids of items that are asked after them and do not count; they may be left out.
        texts: by item; none where they may not be handed on.
        options: what can be answered.
        item_options: by item, where it has others.
        no_total: the sum of all items means nothing.
        subscales: sums over some items, by name.
        band_of: what bands are about, e.g. ``"depression severity"``.
        bands: of the total; they cover its range without gaps.
        urgent: items of which an answer above the lowest asks for help at once.
        reading: how the numbers are read, with the publication.
        sources: where scoring and bands were published.
        licence: who owns the items, and what may be done with them.
    """

    slug: Name
    version: Annotated[int, Field(strict=True, ge=1)]
    title: Words
    about: Words
    instructions: Words
    period: Words
    items: Annotated[tuple[Name, ...], Field(min_length=1, max_length=200)]
    extra: tuple[Name, ...] = ()
    texts: dict[Name, Words] = {}
    options: Options
    item_options: dict[Name, Options] = {}
    no_total: Annotated[bool, Field(strict=True)] = False
    subscales: dict[Name, Annotated[tuple[Name, ...], Field(min_length=1)]] = {}
    band_of: str = ""
    bands: tuple[Band, ...] = ()
    urgent: tuple[Name, ...] = ()
    reading: Annotated[str, Field(min_length=1, max_length=2000)]
    sources: Annotated[tuple[Words, ...], Field(min_length=1)]
    licence: Words

    @model_validator(mode="after")
    def _fits(self) -> "Questionnaire":
        if len(set(self.asked)) < len(self.asked):
            raise ValueError("an item stands twice")
        named = {name for names in self.subscales.values() for name in names} | set(self.urgent)
        if named - set(self.items):
            raise ValueError(f"{sorted(named - set(self.items))[0]!r} is no item that counts")
        if self.texts and set(self.texts) != set(self.asked):
            raise ValueError("texts and items differ")
        if set(self.item_options) - set(self.asked):
            raise ValueError("item_options name an item that is not there")
        for options in (self.options, *self.item_options.values()):
            if len(options) < 2 or list(options) != sorted(options):
                raise ValueError("options must be two or more, the lowest first")
        if self.bands:
            low, high = self.limits
            ends = [(low - 1, low - 1), *((one.low, one.high) for one in self.bands)]
            gaps = any(after[0] != before[1] + 1 for before, after in pairwise(ends))
            if self.no_total or gaps or any(one.low > one.high for one in self.bands) or ends[-1][1] != high:
                raise ValueError("bands must cover the range of the total, in order")
        return self

    @property
    def asked(self) -> tuple[str, ...]:
        """All items in the order in which they are asked."""
        return (*self.items, *self.extra)

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest sum of the items that count."""
        ranges = [list(self.options_of(name)) for name in self.items]
        return sum(one[0] for one in ranges), sum(one[-1] for one in ranges)

    @property
    def has_texts(self) -> bool:
        """Whether the items can be shown; scoring needs no texts."""
        return bool(self.texts)

    @property
    def source(self) -> str:
        """The sources as one text."""
        return " ".join(self.sources)

    def options_of(self, name: str) -> Options:
        """What can be answered to an item, lowest first; BadInput for another name."""
        if name not in self.asked:
            raise BadInput(f"{name!r:.60} is no item", where=self.slug, mend=f"items: {', '.join(self.asked)}")
        return self.item_options.get(name, self.options)

    def checked(self, name: str, value: Any) -> int:
        """An answer to an item.

        Raises:
            BadInput: no such item, or no such option.
        """
        options = self.options_of(name)
        if isinstance(value, bool) or not isinstance(value, int) or value not in options:
            raise BadInput(
                f"{value!r:.60} is no answer to {name}", where=self.slug, mend=f"use {', '.join(map(str, options))}"
            )
        return value

    def is_urgent(self, answers: Mapping[str, int | None]) -> bool:
        """Whether an answer asks for help at once; it can be asked after every single answer."""
        given = {name: answers.get(name) for name in self.urgent}
        return any(value is not None and value > min(self.options_of(name)) for name, value in given.items())

    def score(self, answers: Mapping[str, int | None]) -> Scored:
        """Score answers.

        Nothing is filled in for missing answers. Where an answer is urgent, though, a result comes back in any case,
        with what is missing and without a total, so that help is shown.

        Args:
            answers: a number an item; None or absent = not answered. Items that do not count may be left out.

        Raises:
            BadInput: an unknown item, a number that is no option, a missing answer.
        """
        for name in answers:
            self.options_of(name)
        given = {name: self.checked(name, value) for name, value in answers.items() if value is not None}
        missing = tuple(name for name in self.items if name not in given)
        urgent = self.is_urgent(given)
        if missing and not urgent:
            raise BadInput(
                f"{len(missing)} of {len(self.items)} answers are missing, first {missing[0]}",
                where=self.slug,
                mend="answer all; a sum over fewer items could not be compared",
            )
        total = None if missing or self.no_total else sum(given[name] for name in self.items)
        subscales = {
            name: sum(given[item] for item in items)
            for name, items in self.subscales.items()
            if not set(items) & set(missing)
        }
        band = next((one.name for one in self.bands if total is not None and one.low <= total <= one.high), "")
        note = f"{NOTE} {self.reading}"
        if missing:
            note = f"{len(missing)} answers are missing, so there is no total. {note}"
        return Scored(self.slug, self.version, given, total, subscales, band, note, urgent, missing)


@cache
def questionnaires() -> Mapping[str, Questionnaire]:
    """The instruments, by slug.

    Example:
        >>> sorted(questionnaires())
        ['gad7', 'isi', 'panas', 'phq9']
        >>> gad7 = questionnaires()["gad7"]
        >>> result = gad7.score(dict.fromkeys(gad7.items, 1))
        >>> result.total, result.band
        (7, 'mild')
    """
    found = [read_questionnaire(path) for path in sorted(DATA.glob("*.yaml"))]
    return {one.slug: one for one in found}


def find_questionnaire(name: str) -> Questionnaire:
    """An instrument by its slug; hyphens and capitals do not matter. BadInput for another."""
    plain = name.lower().replace("-", "").replace("_", "")
    known = questionnaires()
    if plain not in known:
        raise BadInput(f"there is no questionnaire {name!r}", mend=f"use one of: {', '.join(known)}")
    return known[plain]


def read_questionnaire(path: str | Path) -> Questionnaire:
    """An instrument from a file.

    Raises:
        BadInput: no plain YAML, or something that does not fit.
    """
    return checked_questionnaire(read_plain_yaml(read_text(path), path), path)


def checked_questionnaire(values: Any, where: str | Path) -> Questionnaire:
    """An instrument from plain values; BadInput names the first mistake."""
    try:
        return Questionnaire.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "questionnaire"
        raise BadInput(f"{place}: {first['msg'].removeprefix('Value error, ')}", where=where) from None
