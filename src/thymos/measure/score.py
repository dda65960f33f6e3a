"""A number that can be trusted: a score that cannot exist without its provenance."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from thymos.errors import BadInput


@dataclass(frozen=True)
class Provenance:
    """Where a score comes from.

    Args:
        data: SHA-256 (64 hex digits) of the data that was scored.
        split: name of the split, e.g. ``"official"``; ``"all"`` when everything was scored.
        guarantee: what the split keeps apart, in words, e.g. ``"speaker-independent"``,
            ``"random: not speaker-independent"`` or ``"no split"``.
    """

    data: str
    split: str
    guarantee: str

    def __post_init__(self) -> None:
        if len(self.data) != 64 or any(digit not in "0123456789abcdef" for digit in self.data):
            raise BadInput("provenance needs the data's SHA-256 as 64 hex digits")
        if not self.split or not self.guarantee:
            raise BadInput("provenance needs the split's name and its guarantee")


@dataclass(frozen=True)
class Score:
    """One measured number with everything that is needed to trust it.

    Args:
        metric: snake_case name, e.g. ``"macro_f1"``; rates are fractions.
        value: the number; NaN is refused (say why there is none instead).
        low: lower end of the interval, or None where there is none.
        high: upper end of the interval.
        n: number of items that were scored.
        clusters: number of independent groups behind the interval, or None when items are independent.
        provenance: data, split, guarantee.

    Raises:
        BadInput: a NaN value, no items, an interval that is upside down, provenance missing.
    """

    metric: str
    value: float
    low: float | None
    high: float | None
    n: int
    clusters: int | None
    provenance: Provenance

    def __post_init__(self) -> None:
        if not isinstance(self.provenance, Provenance):
            raise BadInput("a score needs provenance: data hash, split and guarantee")
        if math.isnan(self.value):
            raise BadInput("a score cannot be NaN", where=self.metric)
        if self.n < 1:
            raise BadInput("a score needs at least one item", where=self.metric)
        if (self.low is None) != (self.high is None):
            raise BadInput("an interval needs both ends", where=self.metric)
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise BadInput(f"interval [{self.low}, {self.high}] is upside down", where=self.metric)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        interval = "" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.metric} {self.value:.3f}{interval} (n={self.n}, {self.provenance.guarantee})"
