"""A corpus: items, every rating, splits with their guarantees, and a card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.corpora.card import Card
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.measure.score import Provenance


@dataclass(frozen=True)
class Corpus:
    """Items and their ratings.

    Args:
        slug: short name, e.g. ``"meld"``.
        items: one row an item, indexed by unique string ids named ``item``. Texts stand in columns; media are
            referenced by path, never copied.
        annotations: every rating that the release holds; None for corpora of another kind (trial tables).
        splits: split name to Split.
        card: see Card.
        sha256: hash over the files that were read (or over the generator's arguments, for simulated data).
        groups: item columns that keep people or conversations together (speaker, dialogue, actor ...).
        tables: further tables of the release (participants, responses), by name.
        simulated: True for generated data; results on it are stamped.
    """

    slug: str
    items: pd.DataFrame
    annotations: Annotations | None
    splits: Mapping[str, Split]
    card: Card
    sha256: str
    groups: tuple[str, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    simulated: bool = False

    def __post_init__(self) -> None:
        if len(self.items) == 0:
            raise BadInput("there is no item", where=self.slug)
        if not all(isinstance(item, str) and item for item in self.items.index):
            raise BadInput("item ids must be texts that are not empty", where=self.slug)
        if not self.items.index.is_unique:
            doubled = self.items.index[self.items.index.duplicated()][0]
            raise BadInput(f"item id {doubled!r} stands twice", where=self.slug)
        missing = [group for group in self.groups if group not in self.items.columns]
        if missing:
            raise BadInput(f"group column {missing[0]!r} is missing", where=self.slug)
        if self.annotations is not None:
            strangers = set(self.annotations.items) - set(self.items.index)
            if strangers:
                raise BadInput(f"ratings of unknown item {sorted(strangers)[0]!r}", where=self.slug)
        if self.items.index.name != "item":
            object.__setattr__(self, "items", self.items.rename_axis(index="item"))
        object.__setattr__(self, "splits", MappingProxyType(dict(self.splits)))
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def split(self, name: str = "official") -> Split:
        """The split of that name."""
        if name not in self.splits:
            raise BadInput(
                f"there is no split {name!r}", where=self.slug, mend=f"known: {', '.join(self.splits) or '-'}"
            )
        return self.splits[name]

    def part(self, part: str, split: str = "official") -> pd.DataFrame:
        """The items of one part of a split."""
        return self.items.loc[list(self.split(split)[part])]

    def rated(self) -> Annotations:
        """The annotations, or BadInput for corpora that have none."""
        if self.annotations is None:
            raise BadInput("this corpus has no ratings", where=self.slug)
        return self.annotations

    def provenance(self, split: Split | None = None) -> Provenance:
        """Provenance for scores on this corpus; without a split: everything, nothing held out."""
        if split is None:
            return Provenance(self.sha256, "all", "no split")
        return Provenance(self.sha256, split.name, split.guarantee)


@dataclass(frozen=True)
class Published:
    """A count that the release or its paper states.

    Args:
        what: e.g. ``"train utterances"``.
        count: the published number.
        measure: the same number, measured on a corpus that was read; None where this copy lacks the files for it.
        note: why a difference is expected, where one is known (e.g. the copy holds a part of the release).
    """

    what: str
    count: int
    measure: Callable[[Corpus], int | None]
    note: str = ""


@dataclass(frozen=True)
class CountCheck:
    """Result of one published count; ``found`` is None where the copy lacks the files for it."""

    what: str
    published: int
    found: int | None
    note: str

    @property
    def agrees(self) -> bool:
        """True where found and published are the same number."""
        return self.published == self.found

    @property
    def verdict(self) -> str:
        """``"agrees"``, ``"differs"`` or ``"not in this copy"``."""
        if self.found is None:
            return "not in this copy"
        return "agrees" if self.agrees else "differs"


@dataclass(frozen=True)
class Reader:
    """How one corpus is read: one module in ``thymos.corpora.readers`` a corpus, each with a ``READER``."""

    card: Card
    read: Callable[[Path], Corpus]
    published: Sequence[Published]

    @property
    def slug(self) -> str:
        """The corpus' short name."""
        return self.card.slug

    def check(self, corpus: Corpus) -> list[CountCheck]:
        """Compare the published counts with what was read."""
        checks = []
        for claim in self.published:
            found = claim.measure(corpus)
            checks.append(CountCheck(claim.what, claim.count, None if found is None else int(found), claim.note))
        return checks
