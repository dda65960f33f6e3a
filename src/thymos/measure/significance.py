"""Tests of differences: two systems on the same items, two groups, several comparisons at once."""

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import comb, sqrt
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, binary_vector, group_codes, label_values, numbers, paired_numbers
from thymos.measure.metric import Additive, Metric, Weighted
from thymos.measure.registry import find_metric
from thymos.measure.resampling import cluster_sums

# Permutations are enumerated when there are at most this many.
ENUMERATED = 1 << 16
CHUNK_CELLS = 2_000_000
# Sums of the same numbers in another order differ by rounding: values this close count as equal.
NEAR = 1e-12


class Significance(NamedTuple):
    """A test's statistic, its two-sided p, the number of items that it rests on, and whether p is exact."""

    statistic: float
    p: float
    n: int
    exact: bool


def mcnemar(
    right_a: npt.ArrayLike, right_b: npt.ArrayLike, *, method: Literal["auto", "exact", "chi2"] = "auto"
) -> Significance:
    """McNemar's test: are the items that only one of two systems gets right evenly divided?

    Args:
        right_a: 1 or True where system a is right.
        right_b: the same for system b.
        method: ``"exact"`` (binomial), ``"chi2"`` (with continuity correction), or ``"auto"``: exact below 25
            discordant items.

    Returns:
        Significance: statistic is the chi-square, or for the exact test the smaller discordant count; ``n`` counts
        the discordant items. Without any, p is 1.

    Example:
        >>> mcnemar([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]).p
        0.03125
    """
    a, b = _binary(right_a, "right_a"), _binary(right_b, "right_b")
    a, b = paired_numbers(a, b)
    only_a, only_b = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    n = only_a + only_b
    if method not in ("auto", "exact", "chi2"):
        raise BadInput(f"there is no method {method!r}", where="method", mend="use 'auto', 'exact' or 'chi2'")
    exact = method == "exact" or (method == "auto" and n < 25)
    if n == 0:
        return Significance(0.0, 1.0, 0, exact)
    if exact:
        return Significance(float(min(only_a, only_b)), float(stats.binomtest(only_a, n).pvalue), n, True)
    chi2 = max(abs(only_a - only_b) - 1, 0) ** 2 / n
    return Significance(chi2, float(stats.chi2.sf(chi2, 1)), n, False)


def _binary(values: npt.ArrayLike, name: str) -> Floats:
    return binary_vector(np.asarray(values, dtype=float) if np.asarray(values).dtype == bool else values, name)


def holm(p_values: npt.ArrayLike) -> Floats:
    """Holm's step-down adjustment; adjusted values in the given order, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def bonferroni(p_values: npt.ArrayLike) -> Floats:
    """Bonferroni's adjustment: p times the number of tests, at most 1."""
    p = _p_values(p_values)
    return np.asarray(np.minimum(p * len(p), 1))


def _p_values(p_values: npt.ArrayLike) -> Floats:
    p = numbers(p_values, "p_values", dimensions=1)
    if (p < 0).any() or (p > 1).any():
        raise BadInput("a p value is outside 0 to 1", where="p_values", mend="pass p values")
    return p


def paired_permutation(a: npt.ArrayLike, b: npt.ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> Significance:
    """Sign-flip test of the mean of paired differences: under no difference each pair may be swapped.

    Args:
        a: one number per item.
        b: the same items under the other condition.
        resamples: random sign patterns when there are more than 65,536; fewer are enumerated and p is exact.
        seed: of the random signs.

    Returns:
        Significance: statistic is the mean difference a - b; ``n`` counts non-zero differences.
    """
    first, second = paired_numbers(a, b, dimensions=1)
    differences = first - second
    moving = differences[differences != 0]
    observed = float(differences.mean())
    n = len(moving)
    if n == 0:
        return Significance(0.0, 1.0, 0, True)
    limit = abs(moving.sum()) - NEAR * np.abs(moving).sum()
    if 2**n <= ENUMERATED:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return Significance(observed, float(np.mean(np.abs(signs @ moving) >= limit)), n, True)
    rng = np.random.default_rng(seed)
    extreme = 0
    for rows in _chunks(resamples, n):
        signs = rng.integers(0, 2, size=(rows, n), dtype=np.int8) * 2.0 - 1.0
        extreme += int((np.abs(signs @ moving) >= limit).sum())
    return Significance(observed, (extreme + 1) / (resamples + 1), n, False)


def two_sample_permutation(
    a: npt.ArrayLike, b: npt.ArrayLike, *, resamples: int = 10_000, seed: int = 0
) -> Significance:
    """Permutation test of the difference of two groups' means: under no difference membership is arbitrary.

    Returns:
        Significance: statistic is mean(a) - mean(b). Exact when there are at most 65,536 ways to divide the items.
    """
    first, second = numbers(a, "a", dimensions=1), numbers(b, "b", dimensions=1)
    pooled = np.concatenate([first, second])
    n, k = len(pooled), len(first)
    observed = float(first.mean() - second.mean())
    # The sum of one group decides the difference: mean(a) - mean(b) = sum_a (1/k + 1/m) - total / m.
    expected = pooled.sum() * k / n
    limit = abs(first.sum() - expected) - NEAR * np.abs(pooled).sum()
    if comb(n, k) <= ENUMERATED:
        sums = pooled[np.array(list(combinations(range(n), k)))].sum(axis=1)
        return Significance(observed, float(np.mean(np.abs(sums - expected) >= limit)), n, True)
    rng = np.random.default_rng(seed)
    extreme = 0
    for rows in _chunks(resamples, n):
        drawn = rng.permuted(np.tile(pooled, (rows, 1)), axis=1)[:, :k].sum(axis=1)
        extreme += int((np.abs(drawn - expected) >= limit).sum())
    return Significance(observed, (extreme + 1) / (resamples + 1), n, False)


def _chunks(resamples: int, n: int) -> list[int]:
    if resamples < 1:
        raise BadInput(f"{resamples} resamples", where="resamples", mend="use at least 1, better 10,000")
    step = max(1, CHUNK_CELLS // n)
    return [min(step, resamples - start) for start in range(0, resamples, step)]


def swap_test(
    metric: str | Metric,
    gold: Any,
    a: Any,
    b: Any,
    clusters: Iterable[Any] | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Significance:
    """Permutation test of the difference of two systems' scores: under no difference their predictions may be swapped.

    Args:
        metric: name in `registry.METRICS`, or a `Metric`.
        gold: gold values of the items.
        a: predictions of the first system.
        b: predictions of the second system.
        clusters: one group per item; the predictions of a whole cluster are swapped together.
        resamples: number of random swaps.
        seed: of the swaps.
        options: keyword arguments of the metric.

    Returns:
        Significance: statistic is score(a) - score(b); ``n`` counts items, or clusters when given.
    """
    metric = find_metric(metric) if isinstance(metric, str) else metric
    # Both systems' items in one list: a swap is then a set of weights over it.
    both = metric.prepare(_stack(gold, gold), _stack(a, b), **(options or {}))
    n = both.n // 2
    units = np.arange(n) if clusters is None else group_codes(clusters, "clusters")[0]
    if len(units) != n:
        raise BadInput(f"there are {n} items and {len(units)} clusters", mend="pass one cluster per item")
    size = int(units.max()) + 1
    difference = _swapped_difference(both, units)
    with np.errstate(all="ignore"):
        observed = float(difference(np.zeros((1, size)))[0])
        rng = np.random.default_rng(seed)
        extreme = 0
        for rows in _chunks(resamples, size if isinstance(both, Additive) else both.n):
            swapped = rng.integers(0, 2, size=(rows, size), dtype=np.int8).astype(float)
            extreme += int((np.abs(difference(swapped)) >= abs(observed) - NEAR).sum())
    return Significance(observed, (extreme + 1) / (resamples + 1), size, False)


def _stack(first: Any, second: Any) -> Any:
    one, two = np.asarray(first), np.asarray(second)
    if one.dtype.kind in "ifb" and two.dtype.kind in "ifb":
        if one.shape != two.shape:
            raise BadInput(f"shapes {one.shape} and {two.shape} differ", mend="pass predictions of the same items")
        return np.concatenate([one, two])
    labels = [label_values(part, "predicted", missing=True) for part in (first, second)]
    if len(labels[0]) != len(labels[1]):
        raise BadInput("the systems predict different numbers of items", mend="pass predictions of the same items")
    return np.concatenate(labels)


def _swapped_difference(both: Additive | Weighted, units: npt.NDArray[np.int64]) -> Any:
    size = int(units.max()) + 1
    if isinstance(both, Weighted):
        evaluate = both.evaluate

        def by_weights(swapped: Floats) -> Floats:
            s = swapped[:, units]
            return np.asarray(evaluate(np.hstack([1 - s, s])) - evaluate(np.hstack([s, 1 - s])))

        return by_weights
    rows = cluster_sums(both, np.concatenate([units, units + size]))
    rows_a, rows_b = rows[:size], rows[size:]
    finish, step = both.finish, rows_b - rows_a

    def by_sums(swapped: Floats) -> Floats:
        moved = swapped @ step
        return np.asarray(finish(rows_a.sum(axis=0) + moved) - finish(rows_b.sum(axis=0) - moved))

    return by_sums


def wilcoxon(a: npt.ArrayLike, b: npt.ArrayLike) -> Significance:
    """Wilcoxon signed-rank test of paired numbers (scipy); zero differences are dropped, p is 1 if all are zero.

    Returns:
        Significance: statistic is the smaller rank sum; exact for up to 50 differences without ties.
    """
    first, second = paired_numbers(a, b, dimensions=1)
    differences = first - second
    moving = differences[differences != 0]
    if not len(moving):
        return Significance(0.0, 1.0, 0, True)
    exact = len(moving) <= 50 and len(np.unique(np.abs(moving))) == len(moving)
    result = stats.wilcoxon(moving, method="exact" if exact else "approx")
    return Significance(float(result.statistic), float(result.pvalue), len(moving), exact)


def welch(a: npt.ArrayLike, b: npt.ArrayLike) -> Significance:
    """Welch's t test of the means of two independent groups of numbers with their own variances.

    Returns:
        Significance: statistic is t, positive when a's mean is higher. Equal constants have p 1, different ones p 0.

    Raises:
        BadInput: a group with fewer than 2 numbers, NaN.
    """
    first, second = _two_groups(a, b)
    if first.std() == 0 and second.std() == 0:
        same = bool(first[0] == second[0])
        return Significance(0.0 if same else float(np.sign(first[0] - second[0])) * np.inf, float(same),
                            len(first) + len(second), False)  # fmt: skip
    result = stats.ttest_ind(first, second, equal_var=False)
    return Significance(float(result.statistic), float(result.pvalue), len(first) + len(second), False)


def kolmogorov_smirnov(a: npt.ArrayLike, b: npt.ArrayLike) -> Significance:
    """Two-sample Kolmogorov-Smirnov test: have two groups of numbers the same distribution?

    Returns:
        Significance: statistic is the largest distance of the two distribution functions, 0 to 1.
    """
    first, second = _two_groups(a, b)
    result = stats.ks_2samp(first, second)
    return Significance(float(result.statistic), float(result.pvalue), len(first) + len(second), False)


def _two_groups(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = numbers(a, "a", dimensions=1), numbers(b, "b", dimensions=1)
    if min(len(first), len(second)) < 2:
        raise BadInput("a group has fewer than 2 numbers", where="a, b", mend="pass at least 2 numbers each")
    return first, second


def two_proportion_z(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Significance:
    """z test of two independent proportions with the pooled variance.

    Returns:
        Significance: statistic is z, positive when a's rate is higher. When nobody or everybody hits, p is 1.
    """
    rate_a, rate_b = _rate(hits_a, n_a), _rate(hits_b, n_b)
    pooled = (hits_a + hits_b) / (n_a + n_b)
    if pooled in (0.0, 1.0):
        return Significance(0.0, 1.0, n_a + n_b, False)
    z = (rate_a - rate_b) / sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    return Significance(z, float(2 * stats.norm.sf(abs(z))), n_a + n_b, False)


def _rate(hits: int, n: int) -> float:
    if n < 1 or not 0 <= hits <= n:
        raise BadInput(f"{hits} hits of {n}", mend="pass 0 <= hits <= n with n of at least 1")
    return hits / n
