"""What an emotion label is: the closed vocabulary or the range that a rating is made in, and what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from thymos.errors import BadInput


class Kind(StrEnum):
    """How a rating looks.

    - categorical: one label an item and rater ("anger");
    - multilabel: any number of labels an item and rater;
    - ordinal: one of several ordered levels, kept as a number;
    - intensity: a number for each label (anger 52, joy 0);
    - dimensional: a number on each of one or more axes (valence 3.2, arousal 1.0).
    """

    CATEGORICAL = "categorical"
    MULTILABEL = "multilabel"
    ORDINAL = "ordinal"
    INTENSITY = "intensity"
    DIMENSIONAL = "dimensional"


class Construct(StrEnum):
    """Whose affect the rating is about. Two corpora with the same labels and different constructs do not mix.

    - felt: what the person reports of themselves;
    - expressed: what the signal shows, by a coding rule (action units, tone);
    - perceived: what an observer believes the person feels;
    - evoked: what the observer feels;
    - intended: what the person or the actor was asked to convey;
    - enacted: what the speaker does, not feels (support strategies, refusals). Not an emotion: the label algebra
      is the same.
    """

    FELT = "felt"
    EXPRESSED = "expressed"
    PERCEIVED = "perceived"
    EVOKED = "evoked"
    INTENDED = "intended"
    ENACTED = "enacted"


NOMINAL_KINDS = frozenset({Kind.CATEGORICAL, Kind.MULTILABEL})


@dataclass(frozen=True)
class Scheme:
    """An immutable label scheme.

    Args:
        name: short unique name, e.g. ``"ekman6"``.
        kind: how a rating looks; see Kind.
        labels: the labels, or the names of the axes; the order is the order of every table and matrix.
        construct: whose affect; see Construct.
        range: lowest and highest legal number; None for nominal schemes.
        source: where the scheme comes from (paper, release).
        vad: label to (valence, arousal, dominance), each -1..1; used only as the stated fallback of label maps.
        neutral: the labels that mean "no emotion", if any.
        exclude: labels that are votes but not classes ("unknown", "not a face"): aggregation can leave them out.

    Raises:
        BadInput: an unknown kind or construct, no labels, a label twice, a range that is not low < high, a nominal
            scheme with a range or a numeric one without, anchors for labels that do not exist.

    Example:
        >>> Scheme("mood", Kind.CATEGORICAL, ("good", "bad"), Construct.FELT).index("bad")
        1
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    construct: Construct
    range: tuple[float, float] | None = None
    source: str = ""
    vad: Mapping[str, tuple[float, float, float]] = field(default_factory=dict, hash=False)
    neutral: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"scheme {self.name!r}"
        for name, words in (("kind", Kind), ("construct", Construct)):
            try:
                object.__setattr__(self, name, words(getattr(self, name)))
            except ValueError:
                raise BadInput(
                    f"unknown {name} {getattr(self, name)!r}", where=where, mend=f"known: {', '.join(words)}"
                ) from None
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "vad", MappingProxyType(dict(self.vad)))
        if not self.name:
            raise BadInput("a scheme needs a name")
        if not self.labels:
            raise BadInput("a scheme needs at least one label or axis", where=where)
        doubled = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if doubled:
            raise BadInput(f"labels stand twice: {', '.join(doubled)}", where=where)
        for meaning in ("vad", "neutral", "exclude"):
            unknown = sorted(set(getattr(self, meaning)) - set(self.labels))
            if unknown:
                raise BadInput(f"{meaning} names labels that are not in the scheme: {', '.join(unknown)}", where=where)
        if self.is_nominal and self.range is not None:
            raise BadInput(f"a {self.kind} scheme has labels and no range", where=where)
        if not self.is_nominal:
            if self.range is None:
                raise BadInput(f"a {self.kind} scheme needs its range", where=where, mend="pass range=(low, high)")
            low, high = self.range
            if not low < high:
                raise BadInput(f"range {self.range} is not low < high", where=where)

    def __reduce__(self) -> tuple[object, ...]:
        # MappingProxyType cannot be pickled; rebuild through the constructor.
        return (
            Scheme,
            (
                self.name,
                self.kind,
                self.labels,
                self.construct,
                self.range,
                self.source,
                dict(self.vad),
                self.neutral,
                self.exclude,
            ),
        )

    @property
    def is_nominal(self) -> bool:
        """True where ratings are labels, False where they are numbers."""
        return self.kind in NOMINAL_KINDS

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels without the excluded ones."""
        return tuple(label for label in self.labels if label not in self.exclude)

    def index(self, label: str) -> int:
        """Position of a label; BadInput names the label and the legal ones."""
        try:
            return self.labels.index(label)
        except ValueError:
            raise BadInput(
                f"unknown label {label!r}",
                where=f"scheme {self.name!r}",
                mend=f"legal: {', '.join(self.labels)}",
            ) from None
