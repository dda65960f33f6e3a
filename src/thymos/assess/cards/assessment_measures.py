"""From outcomes to numbers of a report card, and from two models' outcomes on the same items to paired differences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from thymos.assess.cards.report_card import CardScore, Difference
from thymos.errors import BadInput
from thymos.measure.inputs import Floats
from thymos.measure.metric import Additive, mean_of_values, rows_of
from thymos.measure.registry import score_function
from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.measure.significance import Significance, holm, mcnemar, paired_permutation

Statistic = Literal["mean", "balanced_mean", "macro_f1", "preference_bias"]
"""How the values become a number; the balanced mean averages each kind (``gold``) first."""
AVERAGES = ("mean", "balanced_mean")


@dataclass(frozen=True)
class Measure:
    """One metric with all that it is computed from.

    Args:
        metric: snake_case name.
        title: what it is, in words.
        items: ids of the items.
        clusters: the group of each item.
        values: one number an item for means; else the answered label of each item.
        floor: what a trivial answer reaches.
        floor_name: which one.
        higher_is_better: the direction; None for a change.
        statistic: how the values become one number.
        gold: right label of each item, for statistics over labels; its kind, for the balanced mean.
        labels: all labels, for these.
        parse_rate: share of replies that could be read.
        answering: see :class:`~thymos.assess.cards.report_card.CardScore`.
        note: what a reader must know.
    """

    metric: str
    title: str
    items: tuple[str, ...]
    clusters: tuple[str, ...]
    values: tuple[float, ...] | tuple[str, ...]
    floor: float
    floor_name: str
    higher_is_better: bool | None = True
    statistic: Statistic = "mean"
    gold: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    parse_rate: float = 1.0
    answering: str = "likelihood"
    note: str = ""

    def __post_init__(self) -> None:
        lengths = {len(self.items), len(self.clusters), len(self.values)} | ({len(self.gold)} if self.gold else set())
        if lengths != {len(self.items)} or not self.items:
            raise BadInput("one cluster and one value an item are needed", where=f"measure {self.metric}")

    @property
    def numbers(self) -> Floats:
        """The values as floats."""
        return np.asarray(self.values, dtype=float)


def measure_of(
    rows: pd.DataFrame,
    *,
    metric: str,
    title: str,
    floor: float | None = None,
    floor_name: str = "chance",
    higher_is_better: bool = True,
    flip: bool = False,
    answering: str = "",
    note: str = "",
) -> Measure:
    """A mean score from outcome rows (see ``thymos.assess.engine.evaluate.outcomes``).

    Args:
        rows: one row a trial.
        metric: its name.
        title: in words.
        floor: a trivial answer's score; the items' mean chance when left out.
        floor_name: which trivial answer.
        higher_is_better: the direction.
        flip: count 1 - score: the rate of the error.
        answering: overrides the rows' own.
        note: what a reader must know.
    """
    if rows.empty:
        raise BadInput("there is no trial", where=f"measure {metric}")
    scores = rows["score"].to_numpy(dtype=float)
    ways = " and ".join(sorted(rows["answering"].unique()))
    return Measure(
        metric=metric,
        title=title,
        items=tuple(map(str, rows["trial"])),
        clusters=tuple(map(str, rows["cluster"])),
        values=tuple((1 - scores if flip else scores).tolist()),
        floor=float(rows["chance"].mean()) if floor is None else floor,
        floor_name=floor_name,
        higher_is_better=higher_is_better,
        parse_rate=float(rows["parsed"].mean()),
        answering=answering or ways,
        note=note,
    )


def card_score(measure: Measure, *, resamples: int = 10_000, seed: int = 0) -> CardScore:
    """The number with its interval, as it stands on a card."""
    if measure.statistic in AVERAGES:
        value = prepared_average(measure, measure.numbers).value()
    else:
        value = float(score_function(measure.statistic)(measure.gold, measure.values, labels=list(measure.labels)))
    low, high = _interval(measure, resamples, seed)
    return CardScore(
        metric=measure.metric,
        title=measure.title,
        value=value,
        low=low,
        high=high,
        n=len(measure.items),
        clusters=len(set(measure.clusters)),
        floor=measure.floor,
        floor_name=measure.floor_name,
        higher_is_better=measure.higher_is_better,
        parse_rate=measure.parse_rate,
        answering=measure.answering,
        note=measure.note,
    )


def _interval(measure: Measure, resamples: int, seed: int) -> tuple[float | None, float | None]:
    count = len(set(measure.clusters))
    if count < 2:
        return None, None
    if measure.statistic not in AVERAGES:
        found = bootstrap_interval(
            measure.statistic,
            (measure.gold, measure.values),
            measure.clusters,
            resamples=resamples,
            seed=seed,
            options={"labels": list(measure.labels)},
        )
        return found.low, found.high
    return _average_interval(measure, resamples, seed)


def _average_interval(measure: Measure, resamples: int, seed: int) -> tuple[float, float]:
    """Bootstrap over clusters; where all values of a kind are 0 or all are 1, from exact limits.

    Resamples of equal values are equal, which looks like certainty. Exact binomial limits over clusters do not; the
    limits of the kinds of a balanced mean are joined by recovering their variances (Newcombe, 1998).
    """
    numbers, kinds = measure.numbers, np.asarray(measure.gold if measure.statistic == "balanced_mean" else [])
    if measure.statistic == "mean":
        if set(numbers.tolist()) in ({0.0}, {1.0}):
            count = len(set(measure.clusters))
            exact = stats.binomtest(count if numbers[0] else 0, count).proportion_ci()
            return float(exact.low), float(exact.high)
    elif any(len(set(numbers[kinds == kind].tolist())) == 1 for kind in set(kinds.tolist())):
        parts = [_of_kind(measure, kinds == kind) for kind in sorted(set(kinds.tolist()))]
        values = [float(part.numbers.mean()) for part in parts]
        limits = [_interval(part, resamples, seed) for part in parts]
        value, size = float(np.mean(values)), len(parts)
        below = [own - (own if low is None else low) for own, (low, _) in zip(values, limits, strict=True)]
        above = [(own if high is None else high) - own for own, (_, high) in zip(values, limits, strict=True)]
        return value - float(np.linalg.norm(below)) / size, value + float(np.linalg.norm(above)) / size
    drawn = bootstrap_interval(prepared_average(measure, numbers), (), measure.clusters, resamples=resamples, seed=seed)
    return drawn.low, drawn.high


def _of_kind(measure: Measure, chosen: npt.NDArray[np.bool_]) -> Measure:
    """The items of one kind of a balanced mean, with their plain mean."""
    places = np.flatnonzero(chosen)
    return replace(
        measure,
        statistic="mean",
        gold=(),
        items=tuple(measure.items[place] for place in places),
        clusters=tuple(measure.clusters[place] for place in places),
        values=tuple(measure.numbers[places].tolist()),
    )


def prepared_average(measure: Measure, values: Floats) -> Additive:
    """The mean of values, or the mean of each kind's mean, ready for resampling."""
    if measure.statistic == "mean":
        return mean_of_values(values)
    kinds, codes = np.unique(np.asarray(measure.gold), return_inverse=True)
    members = (codes[:, None] == np.arange(len(kinds))).astype(float)

    def finish(sums: Floats) -> Floats:
        sizes, totals = sums[..., : len(kinds)], sums[..., len(kinds) :]
        return np.asarray((totals / sizes).mean(axis=-1))

    return rows_of(np.hstack([members, members * values[:, None]]), finish)


def differences(
    section: str, first: Sequence[Measure], second: Sequence[Measure], *, resamples: int = 10_000, seed: int = 0
) -> list[Difference]:
    """Paired differences of two models' measures of one section; p is not adjusted yet, see :func:`adjust`.

    Raises:
        BadInput: the measures are not about the same items.
    """
    others = {measure.metric: measure for measure in second}
    return [_difference(section, one, others[one.metric], resamples, seed) for one in first if one.metric in others]


def adjust(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """The differences with Holm's adjustment over all of them."""
    if not found:
        return ()
    adjusted = holm([one.p for one in found])
    return tuple(replace(one, p_holm=float(p)) for one, p in zip(found, adjusted, strict=True))


def _difference(section: str, a: Measure, b: Measure, resamples: int, seed: int) -> Difference:
    if a.items != b.items or a.gold != b.gold:
        raise BadInput("the models were not asked the same items", where=f"{section}, {a.metric}")
    low: float | None
    high: float | None
    if a.statistic in AVERAGES:
        first, second = (prepared_average(one, one.numbers).value() for one in (a, b))
        low, high = None, None
        if len(set(a.clusters)) > 1:
            moved = prepared_average(a, a.numbers - b.numbers)
            drawn = bootstrap_interval(moved, (), a.clusters, resamples=resamples, seed=seed)
            low, high = drawn.low, drawn.high
        tested, test = _paired_test(a, b, resamples, seed)
        p = tested.p
    else:
        paired = paired_bootstrap(
            a.statistic,
            a.gold,
            a.values,
            b.values,
            a.clusters,
            resamples=resamples,
            seed=seed,
            options={"labels": list(a.labels)},
        )
        first, second, low, high, p = paired.a, paired.b, paired.low, paired.high, paired.p
        test = "paired bootstrap over clusters"
    return Difference(
        section, a.metric, a.title, first, second, first - second, low, high, p, p, test, len(a.items),
        a.higher_is_better,
    )  # fmt: skip


def _paired_test(a: Measure, b: Measure, resamples: int, seed: int) -> tuple[Significance, str]:
    """Exact McNemar for independent right-or-wrong items, else sign flips of whole clusters."""
    x, y = a.numbers, b.numbers
    independent = len(set(a.clusters)) == len(a.clusters) and a.statistic == "mean"
    if independent and set(np.concatenate([x, y]).tolist()) <= {0.0, 1.0}:
        return mcnemar(x, y, method="exact"), "exact McNemar"
    _, codes = np.unique(np.asarray(a.clusters), return_inverse=True)
    weights = np.ones(len(x))
    if a.statistic == "balanced_mean":
        _, kinds = np.unique(np.asarray(a.gold), return_inverse=True)
        weights = 1 / np.bincount(kinds)[kinds]
    sums = np.bincount(codes, weights=weights * (x - y))
    # Sums of equal scores differ by rounding, which must not count as a change.
    sums[np.abs(sums) < 1e-12] = 0.0
    return paired_permutation(sums, np.zeros(len(sums)), resamples=resamples, seed=seed), "sign flips of clusters"
