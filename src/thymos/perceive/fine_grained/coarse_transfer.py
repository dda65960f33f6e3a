"""From forty fine scores to the few classes of a coarse corpus, by the published lenient rule and by a strict one.

The lenient rule [paper]: softmax over the mapped fine labels; a coarse class is *present* when one of its fine labels
has a probability above 1.5 times uniform chance; the answer counts as right when the gold class is among those that
are present, however many these are. Such a rule has a high floor: ``floor_scores`` makes the scorers that know nothing
of the sound, the worst of which calls every class present in every clip and is always right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.maps import LabelMap
from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
FACTOR = 1.5
HIGHEST = 4.0


@dataclass(frozen=True)
class CoarseTransfer:
    """A map from fine labels to coarse classes with the rules that read fine scores through it.

    Args:
        map: fine label to coarse class; labels without a counterpart take no part in the softmax.
        factor: how many times uniform chance a fine label needs for its class to be present.

    Example:
        >>> from thymos.affect.maps import get_map
        >>> len(CoarseTransfer(get_map("emonet40_to_ravdess8")).labels)
        39
    """

    map: LabelMap
    factor: float = FACTOR

    def __post_init__(self) -> None:
        if not self.factor > 0:
            raise BadInput(f"the factor is {self.factor}", mend="use a number above 0, such as 1.5")

    @property
    def labels(self) -> tuple[str, ...]:
        """The fine labels that have a counterpart."""
        return tuple(label for label, meant in self.map.mapping.items() if meant is not None)

    @property
    def classes(self) -> tuple[str, ...]:
        """The coarse classes that at least one fine label maps to, in the order of the coarse scheme."""
        reached = set(self.map.mapping.values())
        return tuple(label for label in self.map.target.labels if label in reached)

    @property
    def threshold(self) -> float:
        """The probability that a fine label must exceed."""
        return self.factor / len(self.labels)

    def probabilities(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Softmax over the mapped fine labels; columns in the order of ``labels``."""
        missing = [label for label in self.labels if label not in scores.columns]
        if missing:
            raise BadInput(f"column {missing[0]!r} is missing", where="scores", mend="score every mapped emotion")
        values = scores[list(self.labels)].to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0][0])
            raise BadInput("a score is NaN or infinite", where=f"scores, {scores.index[row]!r}")
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return pd.DataFrame(raised / raised.sum(axis=1, keepdims=True), index=scores.index, columns=list(self.labels))

    def strongest(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The highest fine probability of each coarse class, items × classes."""
        fine = self.probabilities(scores)
        table = {name: fine[self._constituents(name)].max(axis=1) for name in self.classes}
        return pd.DataFrame(table, index=scores.index)

    def present(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Which coarse classes are present by the lenient rule, items × classes of booleans."""
        return self.strongest(scores) > self.threshold

    def strict(self, scores: pd.DataFrame) -> "pd.Series[str]":
        """One class an item: that of the most probable fine label (of equals the first class)."""
        table = self.strongest(scores)
        return table.idxmax(axis=1).rename("label")

    def spread(self, coarse: pd.DataFrame) -> pd.DataFrame:
        """Coarse scores given to every fine label of their class; unmapped labels get 0.

        Args:
            coarse: scores 0 to 4, one column a coarse class; a class without a column is scored 0.
        """
        unknown = [name for name in coarse.columns if name not in self.classes]
        if unknown:
            raise BadInput(f"no fine label maps to {unknown[0]!r}", where="coarse scores")
        columns = {
            label: coarse[meant].to_numpy() if meant in coarse.columns else np.zeros(len(coarse))
            for label, meant in self.map.mapping.items()
        }
        return pd.DataFrame(columns, index=coarse.index)

    def _constituents(self, name: str) -> list[str]:
        return [label for label in self.labels if self.map.mapping[label] == name]


@dataclass(frozen=True)
class LenientScores:
    """What the lenient rule gives on one set of items.

    Args:
        hit: gold class present, one 0 or 1 an item.
        by_class: share of hits by gold class.
        classes_present: mean number of classes that were called present.
        nothing_present: share of items without any.
    """

    hit: Floats
    by_class: Mapping[str, float]
    classes_present: float
    nothing_present: float

    @property
    def accuracy(self) -> float:
        """Share of items whose gold class is present."""
        return float(self.hit.mean())


def lenient_scores(present: pd.DataFrame, gold: "pd.Series[str]") -> LenientScores:
    """Score the lenient rule.

    Args:
        present: items × coarse classes, booleans.
        gold: coarse class of each item, indexed like ``present``.

    Raises:
        BadInput: other items, a gold class without a column.
    """
    if not present.index.equals(gold.index) or len(gold) == 0:
        raise BadInput("gold is indexed by other items", where="gold", mend="reindex it")
    places = pd.Index(present.columns).get_indexer(pd.Index(gold))
    if (places < 0).any():
        raise BadInput(f"class {gold.iloc[int((places < 0).argmax())]!r} is not among the scored ones", where="gold")
    values = present.to_numpy(dtype=bool)
    hit = values[np.arange(len(gold)), places].astype(float)
    by_class = {
        str(name): float(hit[(gold == name).to_numpy()].mean()) for name in present.columns if (gold == name).any()
    }
    return LenientScores(
        hit, MappingProxyType(by_class), float(values.sum(axis=1).mean()), float((~values.any(axis=1)).mean())
    )


# -- scorers that know nothing of the sound -------------------------------------------------------------------------


def everything_present(transfer: CoarseTransfer) -> Floats:
    """Fine scores that make every class present in every item, shape (labels,): one label a class is raised.

    Raises:
        BadInput: the classes are so many that the factor leaves no room for all of them.
    """
    raised = np.zeros(len(transfer.labels))
    for name in transfer.classes:
        raised[transfer.labels.index(transfer._constituents(name)[0])] = HIGHEST
    share = np.exp(HIGHEST) / (len(transfer.classes) * np.exp(HIGHEST) + len(raised) - len(transfer.classes))
    if share <= transfer.threshold:
        raise BadInput(f"{len(transfer.classes)} classes cannot all exceed {transfer.threshold:.3f}")
    return raised


def _everything(transfer: CoarseTransfer, count: int, rng: np.random.Generator) -> Floats:
    return np.tile(everything_present(transfer), (count, 1))


def _uniform(transfer: CoarseTransfer, count: int, rng: np.random.Generator) -> Floats:
    return rng.uniform(0, HIGHEST, size=(count, len(transfer.labels)))


def _one_hot(transfer: CoarseTransfer, count: int, rng: np.random.Generator) -> Floats:
    scores = np.zeros((count, len(transfer.labels)))
    scores[np.arange(count), rng.integers(len(transfer.labels), size=count)] = HIGHEST
    return scores


def _equal(transfer: CoarseTransfer, count: int, rng: np.random.Generator) -> Floats:
    return np.ones((count, len(transfer.labels)))


FLOORS: Mapping[str, Callable[[CoarseTransfer, int, np.random.Generator], Floats]] = MappingProxyType(
    {
        "the same score for every emotion": _equal,
        "one random emotion at 4, the others at 0": _one_hot,
        "random scores between 0 and 4": _uniform,
        "one emotion of every class at 4, always": _everything,
    }
)
"""Scorers that never hear the clip: name to a function of (transfer, items, random state)."""


def floor_scores(name: str, transfer: CoarseTransfer, index: pd.Index, *, seed: int = 0) -> pd.DataFrame:
    """The fine scores that a scorer of ``FLOORS`` gives to these items."""
    if name not in FLOORS:
        raise BadInput(f"there is no floor {name!r}", mend=f"known: {', '.join(FLOORS)}")
    values = FLOORS[name](transfer, len(index), np.random.default_rng(seed))
    return pd.DataFrame(values, index=index, columns=list(transfer.labels))
