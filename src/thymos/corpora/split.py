"""Splits that say what they keep apart, after checking it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256


@dataclass(frozen=True)
class Split:
    """A named division of items into parts, e.g. train, dev and test.

    Build it with ``Split.of``, ``Split.grouped``, ``Split.random`` or ``Split.everything``: these check the groups,
    so that the guarantee is a measured fact and not a promise.

    Args:
        name: e.g. ``"official"``.
        parts: part name to item ids.
        apart: group columns that no two parts share a value of.
        shared: group columns that at least two parts share a value of.
    """

    name: str
    parts: Mapping[str, tuple[str, ...]]
    apart: tuple[str, ...]
    shared: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", MappingProxyType({k: tuple(v) for k, v in self.parts.items()}))

    @classmethod
    def of(
        cls, name: str, parts: Mapping[str, Iterable[str]], items: pd.DataFrame, groups: Sequence[str] = ()
    ) -> "Split":
        """A given division, e.g. the official one; every column in ``groups`` is checked.

        Raises:
            BadInput: an empty part, an item twice, an item that the corpus does not have.
        """
        known = set(items.index)
        seen: dict[str, str] = {}
        named = {part: tuple(ids) for part, ids in parts.items()}
        for part, ids in named.items():
            if not ids:
                raise BadInput(f"part {part!r} is empty", where=f"split {name!r}")
            for item in ids:
                if item not in known:
                    raise BadInput(f"part {part!r} names item {item!r}, which is unknown", where=f"split {name!r}")
                if item in seen:
                    raise BadInput(f"item {item!r} stands twice ({seen[item]}, {part})", where=f"split {name!r}")
                seen[item] = part
        apart: list[str] = []
        shared: list[str] = []
        for group in groups:
            if group not in items.columns:
                raise BadInput(f"there is no group column {group!r}", where=f"split {name!r}")
            (shared if _parts_share(named, items[group]) else apart).append(group)
        return cls(name, named, tuple(apart), tuple(shared))

    @classmethod
    def from_column(cls, name: str, column: pd.Series, items: pd.DataFrame, groups: Sequence[str] = ()) -> "Split":
        """The division that a column of the release names; items without a value belong to no part."""
        filled = column.dropna()
        return cls.of(name, {str(p): list(filled.index[filled == p]) for p in filled.unique()}, items, groups)

    @classmethod
    def everything(cls, items: pd.DataFrame, name: str = "all") -> "Split":
        """One part with every item: nothing is held out."""
        return cls.of(name, {"all": list(items.index)}, items)

    @classmethod
    def grouped(
        cls, items: pd.DataFrame, group: str, shares: Mapping[str, float], *, seed: int = 0,
        groups: Sequence[str] = (), name: str = "",
    ) -> "Split":  # fmt: skip
        """Parts that keep the values of one column apart, filled group by group in random order.

        Args:
            items: the corpus' items.
            group: the column that is kept apart, e.g. ``"speaker"``; items without a value are groups of their own.
            shares: part name to share of the items, summing to 1.
            seed: of the order.
            groups: further group columns that are checked and told.
            name: default ``"grouped by <group>, seed <seed>"``.
        """
        if group not in items.columns:
            raise BadInput(f"there is no column {group!r} to group by", mend=f"present: {', '.join(items.columns)}")
        values = items[group].astype(object).where(items[group].notna(), pd.Series(items.index, index=items.index))
        sizes = values.value_counts(sort=False)
        order = np.random.default_rng(seed).permutation(len(sizes))
        parts = _fill(shares, [(sizes.index[k], int(sizes.iloc[k])) for k in order])
        members = {part: [item for item, value in values.items() if value in chosen] for part, chosen in parts.items()}
        return cls.of(
            name or f"grouped by {group}, seed {seed}", members, items, tuple(dict.fromkeys([group, *groups]))
        )

    @classmethod
    def random(
        cls,
        items: pd.DataFrame,
        shares: Mapping[str, float],
        *,
        seed: int = 0,
        groups: Sequence[str] = (),
        name: str = "",
    ) -> "Split":
        """Parts of items at random, an explicit choice: name the corpus' group columns and the guarantee tells."""
        order = np.random.default_rng(seed).permutation(len(items))
        parts = _fill(shares, [(items.index[k], 1) for k in order])
        members = {part: [item for item in items.index if item in chosen] for part, chosen in parts.items()}
        return cls.of(name or f"random, seed {seed}", members, items, groups)

    @property
    def guarantee(self) -> str:
        """What the split keeps apart, e.g. ``"speaker-independent"`` or ``"random: not speaker-independent"``."""
        if len(self.parts) == 1:
            return "no split"
        kept = [f"{group}-independent" for group in self.apart]
        broken = [f"not {group}-independent" for group in self.shared]
        if kept:
            return ", ".join(kept + broken)
        start = "random" if self.name.startswith("random") else self.name
        return f"{start}: {', '.join(broken)}" if broken else f"{start}: no groups known"

    @property
    def hash(self) -> str:
        """SHA-256 of the name and the parts: the order of ids inside a part does not matter."""
        return text_sha256(canonical_json({"name": self.name, "parts": {k: sorted(v) for k, v in self.parts.items()}}))

    def __getitem__(self, part: str) -> tuple[str, ...]:
        if part not in self.parts:
            raise BadInput(f"split {self.name!r} has no part {part!r}", mend=f"it has {', '.join(self.parts)}")
        return self.parts[part]


def _parts_share(parts: Mapping[str, tuple[str, ...]], column: pd.Series) -> bool:
    seen: set[object] = set()
    for ids in parts.values():
        values = set(column.loc[list(ids)].dropna())
        if seen & values:
            return True
        seen |= values
    return False


def _fill(shares: Mapping[str, float], ordered: Sequence[tuple[str, int]]) -> dict[str, set[str]]:
    """Give the ordered groups to the parts, each part until its share of the items is reached."""
    if not shares or not all(share > 0 for share in shares.values()) or not abs(sum(shares.values()) - 1) <= 1e-9:
        raise BadInput(f"shares {dict(shares)} must be positive and sum to 1")
    if len(ordered) < len(shares):
        raise BadInput(f"{len(ordered)} groups cannot fill {len(shares)} parts")
    total = sum(size for _, size in ordered)
    names = list(shares)
    goals = np.cumsum([shares[name] for name in names]) * total
    parts: dict[str, set[str]] = {name: set() for name in names}
    filled, current = 0, 0
    for position, (group, size) in enumerate(ordered):
        left = len(ordered) - position
        behind = len(names) - 1 - current
        full = filled + size / 2 > goals[current] and bool(parts[names[current]])
        if current < len(names) - 1 and (full or (left <= behind and bool(parts[names[current]]))):
            current += 1
        parts[names[current]].add(group)
        filled += size
    return parts
