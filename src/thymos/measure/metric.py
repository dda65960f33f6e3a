"""What a score is made of: sums over items that can be weighted, so that a bootstrap is one matrix product.

Most scores of the field are functions of sums over items: counts of hits for F1, moments for CCC. Resampling items
with replacement only changes how often each item enters those sums. `Additive` therefore keeps one row of numbers
per *kind* of item (items with equal rows share one) and a `finish` function from the summed row to the score;
`Weighted` is the general form for scores that depend on ranks. Both give exactly the score that the items,
repeated by their weight, would give.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, Integers, item_weights

Kind = Literal["labels", "multilabel", "numeric", "values", "soft", "probabilities", "label_probabilities", "scores"]


@dataclass(frozen=True)
class Additive:
    """A score that is a function of sums over items.

    Args:
        codes: which row of ``table`` each item has, shape (items,).
        table: what one item of each kind adds, shape (kinds, sums).
        finish: from summed rows, shape (..., sums), to scores, shape (...); never warns.
    """

    codes: Integers
    table: Floats
    finish: Callable[[Floats], Floats]

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.codes)

    def value(self, weights: npt.ArrayLike | None = None) -> float:
        """The score of all items, each counted ``weights`` times (once when None)."""
        counts = np.bincount(self.codes, weights=item_weights(weights, self.n), minlength=len(self.table))
        return float(self.finish(counts @ self.table))


@dataclass(frozen=True)
class Weighted:
    """A score that needs every item's weight at once, such as a rank correlation.

    Args:
        n: number of items.
        evaluate: from weights, shape (resamples, items), to scores, shape (resamples,).
    """

    n: int
    evaluate: Callable[[Floats], Floats]

    def value(self, weights: npt.ArrayLike | None = None) -> float:
        """The score of all items, each counted ``weights`` times (once when None)."""
        checked = item_weights(weights, self.n)
        return float(self.evaluate(np.ones((1, self.n)) if checked is None else checked[None, :])[0])


Prepared = Additive | Weighted


@dataclass(frozen=True)
class Metric:
    """A named score: how to compute it, how to resample it, which way is better.

    Args:
        name: snake_case term of the field, e.g. ``"macro_f1"``.
        kind: what gold and predictions are: ``labels`` (one label an item), ``multilabel`` (0/1 matrices),
            ``numeric`` (numbers), ``values`` (one array of numbers, nothing to compare), ``soft`` (distributions
            against distributions), ``probabilities`` (labels against an items × classes matrix in the order of the
            label list), ``label_probabilities`` (0/1 matrix against a probability for each label), ``scores`` (0/1
            against a score).
        function: ``function(gold, predicted, **options) -> float``.
        prepare: the same arguments to an `Additive` or `Weighted`, which the bootstrap uses.
        higher_is_better: the direction.
        low: smallest possible value.
        high: largest possible value.
        about: one sentence.
    """

    name: str
    kind: Kind
    function: Callable[..., float]
    prepare: Callable[..., Prepared]
    higher_is_better: bool
    low: float
    high: float
    about: str


def mean_of_values(values: Floats) -> Additive:
    """The mean over items of one value per item, as an `Additive`; equal values share a row."""
    distinct, codes = np.unique(values, return_inverse=True)
    table = np.column_stack([np.ones(len(distinct)), distinct])
    return Additive(codes.astype(np.int64), table, lambda sums: sums[..., 1] / sums[..., 0])


def average_of(scores: Sequence[Additive]) -> Additive:
    """The mean of several scores over the same items, e.g. of one system trained with several seeds.

    Every resample draws the same items for all of them, so the interval is that of the seeds' mean.

    Raises:
        BadInput: no score, or scores over different numbers of items.
    """
    if not scores or len({score.n for score in scores}) > 1:
        raise BadInput("scores over the same items are needed", where="scores", mend="pass one score a seed")
    widths = np.cumsum([0, *(score.table.shape[1] for score in scores)])

    def finish(sums: Floats) -> Floats:
        parts = [
            score.finish(sums[..., start:end])
            for score, start, end in zip(scores, widths[:-1], widths[1:], strict=True)
        ]
        return np.asarray(np.mean(parts, axis=0))

    return rows_of(np.hstack([score.table[score.codes] for score in scores]), finish)


def rows_of(table: Floats, finish: Callable[[Floats], Floats]) -> Additive:
    """An `Additive` in which every item is a kind of its own."""
    return Additive(np.arange(len(table), dtype=np.int64), table, finish)
