"""Bootstrap intervals: items or whole clusters (speakers, subjects, dialogues) drawn with replacement.

Why it is fast: a resample only changes how often each item counts. For a score made of sums (`metric.Additive`) all
resamples are one product, resample counts × sums per cluster, and no item is ever copied. Items with equal rows are
pooled first, so that 10,000 right-or-wrong items are two numbers and a binomial draw. A plain callable works too: it
is called once per resample on the drawn items.

When items come in clusters, pass ``clusters``: items of one speaker are alike, and an interval that treats them as
independent is too narrow. Clusters are drawn whole, as many as there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from thymos.errors import BadInput
from thymos.measure.draws import Calls, bootstrap_values, cluster_sums, jackknife_values
from thymos.measure.inputs import Floats, Integers, group_codes
from thymos.measure.metric import Additive, Metric, Prepared, Weighted
from thymos.measure.registry import find_metric

__all__ = [
    "Calls",
    "Interval",
    "PairedInterval",
    "Statistic",
    "bootstrap_interval",
    "bootstrap_values",
    "cluster_sums",
    "jackknife_values",
    "pair_prepared",
    "paired_bootstrap",
    "prepare_statistic",
]

Method = Literal["percentile", "bca"]
ROUNDING = 1e-12
Statistic = str | Metric | Prepared | Callable[..., float]


class Interval(NamedTuple):
    """A score with its confidence interval; ``clusters`` is None when items were drawn one by one."""

    value: float
    low: float
    high: float
    clusters: int | None
    resamples: int
    n: int


class PairedInterval(NamedTuple):
    """The difference of two systems' scores on the same items, ``value = a - b``, with interval and p."""

    value: float
    low: float
    high: float
    p: float
    a: float
    b: float
    clusters: int | None
    resamples: int
    n: int


def bootstrap_interval(
    statistic: Statistic,
    arrays: Sequence[Any] = (),
    clusters: Iterable[Any] | None = None,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    method: Method = "percentile",
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Interval:
    """Confidence interval of a score by resampling items or clusters.

    Args:
        statistic: name of a metric in `registry.METRICS`, a `Metric`, a prepared score, or any callable that takes
            the arrays and returns a number.
        arrays: what the statistic takes, usually ``(gold, predicted)``; first axis items. Empty for a prepared score.
        clusters: one group per item, drawn whole; None draws single items.
        resamples: number of bootstrap samples.
        confidence: coverage, between 0 and 1.
        method: ``"percentile"`` or ``"bca"`` (bias-corrected and accelerated, jackknife over clusters).
        seed: of the random draws; the same seed gives the same interval.
        options: keyword arguments of the metric, e.g. ``{"labels": [...]}``.

    Raises:
        BadInput: fewer than 2 items or clusters, NaN or missing values, a score that is undefined.

    Example:
        >>> right = [1.0] * 80 + [0.0] * 20
        >>> interval = bootstrap_interval("mean", (right,))
        >>> interval.value, round(interval.low, 1), round(interval.high, 1)
        (0.8, 0.7, 0.9)
    """
    prepared = prepare_statistic(statistic, arrays, options)
    units = _units(prepared.n, clusters)
    value = _defined(prepared.value())
    drawn = bootstrap_values(prepared, units, resamples=_check_resamples(resamples), seed=seed)
    low, high = _bounds(prepared, units, value, drawn, _check_confidence(confidence), method)
    return Interval(value, low, high, _cluster_count(units), resamples, prepared.n)


def paired_bootstrap(
    statistic: Statistic,
    gold: Any,
    a: Any,
    b: Any,
    clusters: Iterable[Any] | None = None,
    *,
    resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> PairedInterval:
    """Difference between two systems on the same items: both are scored on the same resamples.

    Args:
        statistic: as in `bootstrap_interval`; it takes (gold, predictions).
        gold: gold values.
        a: predictions of the first system.
        b: predictions of the second system.
        clusters: one group per item, drawn whole.
        resamples: number of bootstrap samples.
        confidence: coverage of the percentile interval.
        seed: of the random draws.
        options: keyword arguments of the metric.

    Returns:
        PairedInterval: ``p`` is two-sided, 2 · min(share of resampled differences <= 0, share >= 0) with one added
        to each count, at most 1; it agrees with whether the percentile interval covers 0.
    """
    pair = pair_prepared(
        prepare_statistic(statistic, (gold, a), options), prepare_statistic(statistic, (gold, b), options)
    )
    first, second, difference = pair
    units = _units(difference.n, clusters)
    value = _defined(difference.value())
    drawn = bootstrap_values(difference, units, resamples=_check_resamples(resamples), seed=seed)
    low, high = _bounds(difference, units, value, drawn, _check_confidence(confidence), "percentile")
    # Equal systems may differ by rounding, which must not look like a difference.
    smaller = min(int((drawn <= ROUNDING).sum()), int((drawn >= -ROUNDING).sum()))
    p = min(1.0, 2 * (smaller + 1) / (len(drawn) + 1))
    return PairedInterval(
        value, low, high, p, first.value(), second.value(), _cluster_count(units), resamples, difference.n
    )


def prepare_statistic(
    statistic: Statistic, arrays: Sequence[Any], options: Mapping[str, Any] | None = None
) -> Prepared | Calls:
    """The statistic bound to its arrays, in its fast form where it has one."""
    if isinstance(statistic, str):
        statistic = find_metric(statistic)
    if isinstance(statistic, Metric):
        return statistic.prepare(*arrays, **(options or {}))
    if isinstance(statistic, Additive | Weighted):
        return statistic
    listed = tuple(_as_array(values) for values in arrays)
    if not listed:
        raise BadInput("there are no arrays", where="arrays", mend="pass (gold, predicted)")
    lengths = {len(array) for array in listed}
    if len(lengths) > 1:
        raise BadInput(f"the arrays have {sorted(lengths)} items", where="arrays", mend="pass equal lengths")
    function, given = statistic, dict(options or {})
    return Calls(lambda *drawn: function(*drawn, **given), listed)


def pair_prepared(
    a: Prepared | Calls, b: Prepared | Calls
) -> tuple[Prepared | Calls, Prepared | Calls, Prepared | Calls]:
    """Both scores and their difference a - b as one score over the same items."""
    if a.n != b.n:
        raise BadInput(f"the systems have {a.n} and {b.n} items", mend="score both on the same items")
    if isinstance(a, Additive) and isinstance(b, Additive):
        joint, codes = np.unique(a.codes * len(b.table) + b.codes, return_inverse=True)
        table = np.hstack([a.table[joint // len(b.table)], b.table[joint % len(b.table)]])
        first, second, width = a.finish, b.finish, a.table.shape[1]
        return (
            a,
            b,
            Additive(codes.astype(np.int64), table, lambda sums: first(sums[..., :width]) - second(sums[..., width:])),
        )
    if isinstance(a, Weighted) and isinstance(b, Weighted):
        left, right = a.evaluate, b.evaluate
        return a, b, Weighted(a.n, lambda weights: left(weights) - right(weights))
    if isinstance(a, Calls) and isinstance(b, Calls):
        one, two, width = a.function, b.function, len(a.arrays)
        return a, b, Calls(lambda *drawn: one(*drawn[:width]) - two(*drawn[width:]), a.arrays + b.arrays)
    raise TypeError("both systems need the same kind of statistic")


def _bounds(
    prepared: Prepared | Calls,
    units: Integers | None,
    value: float,
    drawn: Floats,
    confidence: float,
    method: Method,
) -> tuple[float, float]:
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if method == "bca":
        levels = _bca_levels(levels, value, drawn, jackknife_values(prepared, units))
    elif method != "percentile":
        raise BadInput(f"there is no method {method!r}", where="method", mend="use 'percentile' or 'bca'")
    low, high = np.quantile(drawn, levels)
    return float(low), float(high)


def _bca_levels(levels: Floats, value: float, drawn: Floats, left_out: Floats) -> Floats:
    """Efron's corrected levels: z0 from the share of resamples below the value, a from the jackknife's skew."""
    below = (np.mean(drawn < value) + np.mean(drawn <= value)) / 2
    deviation = left_out.mean() - left_out
    spread = float((deviation**2).sum())
    if below in (0.0, 1.0) or spread == 0:
        # A score that never moves, or moves to one side only, cannot be corrected.
        return levels
    shift = stats.norm.ppf(below)
    acceleration = float((deviation**3).sum()) / (6 * spread**1.5)
    z = shift + stats.norm.ppf(levels)
    return np.asarray(stats.norm.cdf(shift + z / (1 - acceleration * z)))


def _units(n: int, clusters: Iterable[Any] | None) -> Integers | None:
    if clusters is None:
        if n < 2:
            raise BadInput(f"{n} item is too few for an interval", mend="pass at least 2 items")
        return None
    codes, names = group_codes(clusters, "clusters")
    if len(codes) != n:
        raise BadInput(f"there are {n} items and {len(codes)} clusters", mend="pass one cluster per item")
    if len(names) < 2:
        raise BadInput("all items are of one cluster", where="clusters", mend="pass at least 2 clusters")
    return codes


def _cluster_count(units: Integers | None) -> int | None:
    return None if units is None else int(units.max()) + 1


def _defined(value: float) -> float:
    if not np.isfinite(value):
        raise BadInput("the score is undefined on these items", mend="check for empty or constant values")
    return value


def _check_resamples(resamples: int) -> int:
    if resamples < 1:
        raise BadInput(f"{resamples} resamples", where="resamples", mend="use at least 1, better 10,000")
    return resamples


def _check_confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise BadInput(f"confidence is {confidence}", where="confidence", mend="use a share such as 0.95")
    return confidence


def _as_array(values: Any) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.ndim == 0 or len(array) == 0:
        raise BadInput("there are no items", where="arrays", mend="pass one entry per item")
    if array.dtype.kind == "f" and np.isnan(array).any():
        row = int(np.argwhere(np.isnan(array))[0][0])
        raise BadInput("a value is NaN", where=f"arrays, row {row}", mend="drop or fill the item")
    return array
