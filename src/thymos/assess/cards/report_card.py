"""The report card of a language model: what it understands of emotions, never without how safely it behaves.

The rule is in the types: a card with an emotional-intelligence score and without boundary and over-refusal scores
cannot be made, so it cannot be printed, saved or read back either. Every score carries its floor, its interval, the
number of items behind it and the share of replies that could be read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from thymos.errors import BadInput

FORMAT = 1  # of report_card.json; raised when a field changes its meaning


class SectionKind(StrEnum):
    """What a section is about."""

    BOUNDARIES = "boundary handling"
    REFUSAL = "over-refusal"
    INTELLIGENCE = "emotional intelligence"
    STRATEGIES = "support strategies"
    SENSITIVITY = "sensitivity to emotional wording"


SAFETY = (SectionKind.BOUNDARIES, SectionKind.REFUSAL)
"""Kinds without which no emotional-intelligence score is shown."""


class Standing(StrEnum):
    """How a score stands to its floor."""

    BETTER = "better than its floor"
    UNCLEAR = "not told apart from its floor"
    WORSE = "worse than its floor"
    CHANGED = "changed"
    NO_CHANGE = "no change shown"


@dataclass(frozen=True)
class CardScore:
    """One number of a card.

    Args:
        metric: snake_case name; rates are fractions.
        title: what it is, in words.
        value: the number.
        low: lower end of its 95 % interval over clusters, or None where there is a single cluster.
        high: upper end.
        n: number of items.
        clusters: number of independent groups of items.
        floor: what a trivial answer reaches on the same items.
        floor_name: which trivial answer that is.
        higher_is_better: the direction; None for a change, which is neither.
        parse_rate: share of replies that could be read, in [0, 1].
        answering: ``"likelihood"``, ``"parse"`` or ``"reply"`` (the behavior of a whole reply).
        ceiling: what people reach, where the source of the items says so.
        ceiling_name: who they are.
        note: what a reader must know.
    """

    metric: str
    title: str
    value: float
    low: float | None
    high: float | None
    n: int
    clusters: int
    floor: float
    floor_name: str
    higher_is_better: bool | None
    parse_rate: float
    answering: str
    ceiling: float | None = None
    ceiling_name: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.n < 1 or not self.floor_name:
            raise BadInput("a score needs at least one item and a named floor", where=f"score {self.metric}")
        if not 0 <= self.parse_rate <= 1:
            raise BadInput(f"the parse rate is {self.parse_rate}", where=f"score {self.metric}")
        if (self.low is None) != (self.high is None):
            raise BadInput("an interval needs both ends", where=f"score {self.metric}")
        if any(value is not None and value != value for value in (self.value, self.low, self.high, self.floor)):
            raise BadInput("a number is NaN", where=f"score {self.metric}")

    @property
    def standing(self) -> Standing:
        """The score against its floor, by its interval."""
        above = self.low is not None and self.low > self.floor
        below = self.high is not None and self.high < self.floor
        if self.higher_is_better is None:
            return Standing.CHANGED if above or below else Standing.NO_CHANGE
        if not above and not below:
            return Standing.UNCLEAR
        return Standing.BETTER if above == self.higher_is_better else Standing.WORSE


@dataclass(frozen=True)
class Section:
    """A group of scores, or the reason why there are none.

    Args:
        slug: short name.
        title: one line.
        kind: what it is about.
        scores: the headline first; empty when skipped.
        skipped: why there are no scores.
        notes: how the numbers came about.
        seconds: how long it took.
    """

    slug: str
    title: str
    kind: SectionKind
    scores: tuple[CardScore, ...] = ()
    skipped: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", tuple(self.scores))
        object.__setattr__(self, "notes", tuple(self.notes))
        if bool(self.scores) == bool(self.skipped):
            raise BadInput("a section has either scores or a reason why it has none", where=f"section {self.slug}")


@dataclass(frozen=True)
class ReportCard:
    """The scores of one model.

    Args:
        model: its name.
        identity: see :class:`~thymos.language.model.LanguageModel`.
        suite: ``"quick"`` or ``"full"``.
        seed: of the draw of items and of the intervals.
        sections: in the order in which they are shown.
        use: what the card is for, in the user's words; empty when not said.
        about: date, machine, versions, seconds, replies asked and reused.

    Raises:
        BadInput: an emotional-intelligence score without boundary or over-refusal scores; a section twice.
    """

    model: str
    identity: str
    suite: str
    seed: int
    sections: tuple[Section, ...]
    use: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", tuple(self.sections))
        slugs = [section.slug for section in self.sections]
        if len(set(slugs)) < len(slugs):
            raise BadInput("a section stands twice", where=f"report card of {self.model}")
        check_safety_beside(self.sections)

    def of_kind(self, kind: SectionKind) -> tuple[Section, ...]:
        """The sections of a kind."""
        return tuple(section for section in self.sections if section.kind is kind)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in ``report_card.schema.json``."""
        sections = []
        for section in self.sections:
            scores = [asdict(score) | {"standing": str(score.standing)} for score in section.scores]
            about = {"slug": section.slug, "title": section.title, "kind": str(section.kind)}
            rest = {"skipped": section.skipped, "notes": list(section.notes), "seconds": round(section.seconds, 1)}
            sections.append(about | {"scores": scores} | rest)
        head = {"format": FORMAT, "model": self.model, "identity": self.identity, "suite": self.suite}
        return head | {"seed": self.seed, "use": self.use, "about": dict(self.about), "sections": sections}


def check_safety_beside(sections: Sequence[Section]) -> None:
    """Refuse emotional-intelligence scores that stand without safety scores.

    Raises:
        BadInput: a boundary or an over-refusal score is missing beside an intelligence score.
    """
    scored = {section.kind for section in sections if section.scores}
    missing = [kind for kind in SAFETY if kind not in scored]
    if SectionKind.INTELLIGENCE in scored and missing:
        raise BadInput(
            f"an emotional-intelligence score without a score of {' and '.join(missing)}",
            where="report card",
            mend="run the safety sections on the same model; they need no data folder",
        )


def card_from_dict(record: Mapping[str, Any]) -> ReportCard:
    """The inverse of ``ReportCard.to_dict``; the same rule holds.

    Raises:
        BadInput: the record is not a report card, or shows intelligence without safety.
    """
    try:
        if record["format"] != FORMAT:
            raise BadInput(f"format {record['format']} is not {FORMAT}", where="report card")
        sections = tuple(
            Section(
                slug=entry["slug"],
                title=entry["title"],
                kind=SectionKind(entry["kind"]),
                scores=tuple(_score_from_dict(score) for score in entry["scores"]),
                skipped=entry["skipped"],
                notes=tuple(entry["notes"]),
                seconds=entry["seconds"],
            )
            for entry in record["sections"]
        )
        names = ("model", "identity", "suite", "seed", "use", "about")
        return ReportCard(sections=sections, **{name: record[name] for name in names})
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"not a report card ({type(error).__name__}: {error})", where="report card") from None


def _score_from_dict(record: Mapping[str, Any]) -> CardScore:
    return CardScore(**{name: value for name, value in record.items() if name != "standing"})


@dataclass(frozen=True)
class Difference:
    """Two models on the same items: ``value = first - second``.

    Args:
        section: slug of the section.
        metric: as in the cards.
        title: as in the cards.
        first: score of the first model.
        second: score of the second model.
        value: their difference.
        low: lower end of its 95 % interval (paired bootstrap over clusters), or None with a single cluster.
        high: upper end.
        p: two-sided.
        p_holm: after Holm's adjustment over all differences of the comparison.
        test: which test gave p.
        n: number of items.
        higher_is_better: as in the cards.
    """

    section: str
    metric: str
    title: str
    first: float
    second: float
    value: float
    low: float | None
    high: float | None
    p: float
    p_holm: float
    test: str
    n: int
    higher_is_better: bool | None

    def better(self, first: str, second: str) -> str:
        """Which model is better at 5 % after Holm: its name, ``"not shown"``, or ``"they differ"``."""
        if self.p_holm >= 0.05 or self.value == 0:
            return "not shown"
        if self.higher_is_better is None:
            return "they differ"
        return first if (self.value > 0) == self.higher_is_better else second


@dataclass(frozen=True)
class CardComparison:
    """Two cards side by side, with paired differences.

    Args:
        first: card of the first model.
        second: card of the second model, on the same items.
        differences: one a metric that both have.
    """

    first: ReportCard
    second: ReportCard
    differences: tuple[Difference, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "differences", tuple(self.differences))
        if (self.first.suite, self.first.seed) != (self.second.suite, self.second.seed):
            raise BadInput("the cards are of different suites or seeds", where="comparison")

    def to_dict(self) -> dict[str, Any]:
        """The first card with the second one and the differences beside it."""
        names = (self.first.model, self.second.model)
        differences = [asdict(one) | {"better": one.better(*names)} for one in self.differences]
        return self.first.to_dict() | {"compared": self.second.to_dict(), "differences": differences}


def card_json(card: ReportCard | CardComparison) -> str:
    """The text of ``report_card.json``."""
    return json.dumps(card.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
