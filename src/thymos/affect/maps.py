"""Label maps: how the labels of one scheme become the labels of another, with the source of each table.

A map translates labels, not constructs: mapped annotations keep whose affect they are about. Where no published table
exists, ``nearest_by_vad`` builds one from valence, arousal and dominance anchors; it says in ``source_of_map`` that it
is a fallback.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Scheme
from thymos.affect.schemes import get_scheme, read_data
from thymos.errors import BadInput

UNMAPPED = ("error", "drop")


@dataclass(frozen=True)
class LabelMap:
    """A table from the labels of one scheme to those of another.

    Args:
        source: the scheme that is translated.
        target: the scheme that it becomes.
        mapping: source label to target label; None = this label has no counterpart.
        unmapped: what happens to a rating whose label has no counterpart: "error", "drop" (the rating is left out),
            or a label of the target that takes them all, such as "other".
        source_of_map: where the table comes from: paper, release, or that it is a fallback.
        name: short name, may be empty.

    Raises:
        BadInput: a label that is not of its scheme, a source label without an entry, an unknown way of ``unmapped``.

    Example:
        >>> coarse = get_map("goemotions28_to_ekman7")
        >>> coarse.apply("annoyance")
        'anger'
    """

    source: Scheme
    target: Scheme
    mapping: Mapping[str, str | None] = field(hash=False)
    unmapped: str = "error"
    source_of_map: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        where = f"label map {self.name or f'{self.source.name} to {self.target.name}'!r}"
        foreign = [label for label in self.mapping if label not in self.source.labels]
        foreign += [label for label in self.mapping.values() if label is not None and label not in self.target.labels]
        if foreign:
            raise BadInput(f"unknown label {foreign[0]!r}", where=where, mend="spell it as its scheme does")
        gaps = [label for label in self.source.labels if label not in self.mapping]
        if gaps:
            raise BadInput(f"label {gaps[0]!r} has no entry", where=where, mend="map it, or map it to None")
        if self.unmapped not in UNMAPPED and self.unmapped not in self.target.labels:
            raise BadInput(
                f"unmapped={self.unmapped!r} is neither 'error', 'drop' nor a label of {self.target.name!r}",
                where=where,
            )
        object.__setattr__(self, "mapping", MappingProxyType({x: self.mapping[x] for x in self.source.labels}))

    def __reduce__(self) -> tuple[object, ...]:
        # MappingProxyType cannot be pickled; rebuild through the constructor.
        return LabelMap, (self.source, self.target, dict(self.mapping), self.unmapped, self.source_of_map, self.name)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Source labels without a counterpart."""
        return tuple(label for label, meant in self.mapping.items() if meant is None)

    def apply(self, labels: Any) -> Any:
        """Translate labels, a table with one column a label, or annotations.

        Args:
            labels: one of
                - a label, or an iterable or Series of labels: the translated ones; None where a label is dropped
                  (missing entries of a Series stay missing);
                - a DataFrame with one column a source label: columns that fall together are added (whole numbers:
                  votes), joined by "or" (booleans), or added and scaled to sum to 1 again (fractions: shares; a row
                  whose whole mass is dropped becomes NaN);
                - Annotations: the ratings of the source scheme; a rater who chose two labels that fall together
                  counts once.

        Raises:
            BadInput: a label that is not of the source scheme, or one without a counterpart where ``unmapped`` is
                "error".

        Example:
            >>> shares = pd.DataFrame({"joy": [0.5], "pride": [0.25], "anger": [0.25]})
            >>> get_map("goemotions28_to_ekman7").apply(shares)[["joy", "anger"]].values.tolist()
            [[0.75, 0.25]]
        """
        if isinstance(labels, Annotations):
            return self._annotations(labels)
        if isinstance(labels, pd.DataFrame):
            return self._table(labels)
        if isinstance(labels, pd.Series):
            words = labels.astype(object)
            return words.map({word: self._one(word) for word in words.dropna().unique()}).astype(object)
        if isinstance(labels, str):
            return self._one(labels)
        return [self._one(label) for label in labels]

    def then(self, other: "LabelMap") -> "LabelMap":
        """This map followed by another, as one map.

        Example:
            >>> both = get_map("goemotions28_to_ekman7").then(get_map("goemotions_ekman7_to_ekman6_neutral"))
            >>> both.apply("gratitude")
            'happiness'
        """
        if other.source.labels != self.target.labels:
            raise BadInput(f"a map to {self.target.name!r} cannot be followed by one from {other.source.name!r}")
        table = {
            label: None if (middle := self._soft(label)) is None else other._soft(middle) for label in self.mapping
        }
        strict = "error" in (self.unmapped, other.unmapped)
        sources = "; then ".join(part.source_of_map or "no source stated" for part in (self, other))
        return LabelMap(
            self.source,
            other.target,
            table,
            unmapped="error" if strict else "drop",
            source_of_map=sources,
            name=f"{self.name} then {other.name}" if self.name and other.name else "",
        )

    # -- inside ---------------------------------------------------------------------------------------------------

    def _soft(self, label: str) -> str | None:
        """The target label, or the catch-all; None where there is neither."""
        meant = self.mapping[label]
        return self.unmapped if meant is None and self.unmapped not in UNMAPPED else meant

    def _one(self, label: str) -> str | None:
        self.source.index(label)
        meant = self._soft(label)
        if meant is None and self.unmapped == "error":
            raise BadInput(
                f"label {label!r} of scheme {self.source.name!r} has no counterpart in {self.target.name!r}",
                mend="use unmapped='drop' or name a label that takes it",
            )
        return meant

    def _table(self, table: pd.DataFrame) -> pd.DataFrame:
        kinds = {dtype.kind for dtype in table.dtypes}
        if not kinds <= set("biuf"):
            raise BadInput("a table of labels needs numbers or booleans, one column a label")
        matrix = np.zeros((len(table.columns), len(self.target.labels)))
        used = (table.fillna(0) != 0).any(axis=0).to_numpy()
        for position, label in enumerate(table.columns):
            # A label without a counterpart is no trouble as long as nobody chose it.
            meant = self._one(label) if used[position] or label not in self.mapping else self._soft(label)
            if meant is not None:
                matrix[position, self.target.index(meant)] = 1
        values = table.to_numpy(dtype=float) @ matrix
        if kinds <= {"b"}:
            return pd.DataFrame(values > 0, index=table.index, columns=list(self.target.labels))
        if kinds <= set("biu"):
            return pd.DataFrame(values.astype(np.int64), index=table.index, columns=list(self.target.labels))
        with np.errstate(invalid="ignore", divide="ignore"):
            values = values / values.sum(axis=1, keepdims=True)
        return pd.DataFrame(values, index=table.index, columns=list(self.target.labels))

    def _annotations(self, annotations: Annotations) -> Annotations:
        scheme = annotations.scheme(self.source.name if self.source.name in annotations.schemes else None)
        if not scheme.is_nominal or not set(scheme.labels) <= set(self.source.labels):
            raise BadInput(f"this map translates {self.source.name!r}, not {scheme.name!r}", where=annotations.where)
        target = replace(self.target, kind=scheme.kind, construct=scheme.construct)
        table = annotations.table
        mine = (table["scheme"] == scheme.name).to_numpy()
        label = table["label"].astype(object).to_numpy().copy()
        label[mine] = self.apply(pd.Series(label[mine])).to_numpy()
        named = table["scheme"].astype(object).to_numpy().copy()
        named[mine] = target.name
        kept = ~pd.isna(label)
        mapped = table.assign(label=label, scheme=named)[kept]
        mapped = mapped[~(mapped.duplicated().to_numpy() & mine[kept])]
        others = [other for name, other in annotations.schemes.items() if name != scheme.name]
        return Annotations(mapped, [target, *others], where=annotations.where)


def nearest_by_vad(source: Scheme, target: Scheme) -> LabelMap:
    """The fallback where nobody published a table: each label goes to the target label with the nearest anchor.

    Distance is Euclidean over valence, arousal and dominance; of equally near labels the first of the target wins.
    Labels without an anchor are dropped. Most anchors are a coarse table placed by hand [inferred]: read the map
    before using it.

    Raises:
        BadInput: a scheme without anchors.

    Example:
        >>> nearest_by_vad(get_scheme("empathetic_dialogues32"), get_scheme("ekman6_neutral")).apply("furious")
        'anger'
    """
    for scheme in (source, target):
        if not scheme.vad:
            raise BadInput(f"scheme {scheme.name!r} has no valence-arousal-dominance anchors")
    candidates = [label for label in target.labels if label in target.vad]
    points = np.array([target.vad[label] for label in candidates])
    mapping: dict[str, str | None] = {}
    for label in source.labels:
        if label not in source.vad:
            mapping[label] = None
            continue
        distances = np.linalg.norm(points - np.array(source.vad[label]), axis=1)
        mapping[label] = candidates[int(distances.argmin())]
    return LabelMap(
        source,
        target,
        mapping,
        unmapped="drop",
        source_of_map="fallback: nearest valence-arousal-dominance anchor, coarse anchors [inferred]",
        name=f"{source.name}_to_{target.name}_by_vad",
    )


def zone_of(valence: float, arousal: float) -> str:
    """The zone of regulation of a point with valence and arousal centered on 0 (rule of the CALMED code, card 13).

    Example:
        >>> zone_of(-0.5, 0.8)
        'red'
    """
    if not (np.isfinite(valence) and np.isfinite(arousal)):
        raise BadInput("valence and arousal must be finite numbers")
    if valence == 0 and arousal == 0:
        return "green"
    if arousal > 0:
        return "yellow" if valence >= 0 else "red"
    if valence > 0:
        return "green"
    return "blue" if arousal < 0 else "red"


# -- the published tables -----------------------------------------------------------------------------------------


def get_map(name: str, *, unmapped: str | None = None) -> LabelMap:
    """The published label map of that name; see ``list_maps``.

    Args:
        name: for example "goemotions28_to_ekman7".
        unmapped: overrides what happens to labels without a counterpart; see ``LabelMap``.
    """
    maps = _maps()
    if name not in maps:
        raise BadInput(f"unknown label map {name!r}", mend=f"known: {', '.join(maps)}")
    return maps[name] if unmapped is None else replace(maps[name], unmapped=unmapped)


def list_maps() -> tuple[str, ...]:
    """Names of all published label maps.

    Example:
        >>> "emonet40_to_ravdess8" in list_maps()
        True
    """
    return tuple(_maps())


@cache
def _maps() -> Mapping[str, LabelMap]:
    records = read_data("maps/label_maps.json")
    return MappingProxyType(
        {
            record["name"]: LabelMap(
                get_scheme(record["source"]),
                get_scheme(record["target"]),
                record["mapping"],
                unmapped=record["unmapped"],
                source_of_map=record["source_of_map"],
                name=record["name"],
            )
            for record in records
        }
    )
