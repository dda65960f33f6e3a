"""Bootstrap of 10,000 resamples of 10,000 items: thymos against scipy.stats.bootstrap, in one run.

Run with ``python benchmarks/bootstrap.py``. Both sides compute the same interval; the difference between their limits
is given in standard errors of the score (two Monte-Carlo limits of 10,000 resamples differ by about 0.04 by chance).

What scipy resamples: cluster numbers in the clustered cases (its statistic gathers the items of the drawn clusters),
items otherwise, vectorized over batches where the statistic allows. The bar of 20 is for clustered and for label
scores; for an unclustered mean of real numbers both sides must draw 100 million random items, which takes most of
thymos' time, and the ratio is what it is.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from thymos.measure.resampling import Interval, bootstrap_interval

ITEMS, CLUSTERS, CLASSES, RESAMPLES = 10_000, 500, 8, 10_000
# Widest difference of limits, in standard errors, that chance explains.
CHANCE = 0.15


def invented_labels(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gold, predictions (right for about half, speaker by speaker) and speakers: made up, for timing only."""
    speakers = rng.integers(0, CLUSTERS, ITEMS)
    skill = rng.beta(4, 4, CLUSTERS)[speakers]
    gold = rng.integers(0, CLASSES, ITEMS)
    predicted = np.where(rng.random(ITEMS) < skill, gold, rng.integers(0, CLASSES, ITEMS))
    return gold, predicted, speakers


def macro_f1(cells: np.ndarray) -> float:
    """Macro F1 from items given as gold × classes + predicted: as fast as plain numpy gets."""
    table = np.bincount(cells, minlength=CLASSES**2).reshape(CLASSES, CLASSES)
    return float((2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))).mean())


def pearson(x: np.ndarray, y: np.ndarray, axis: int = -1) -> Any:
    """Vectorized Pearson correlation for scipy."""
    x, y = x - x.mean(axis, keepdims=True), y - y.mean(axis, keepdims=True)
    return (x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis))


def timed(call: Callable[[], Any], *, repeats: int = 1) -> tuple[Any, float]:
    """The result and the shortest time of several runs, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return result, min(times)


def compare(name: str, ours: Callable[[], Interval], theirs: Callable[[], Any]) -> dict[str, Any]:
    """Time both and compare their limits."""
    interval, seconds = timed(ours, repeats=3)
    reference, scipy_seconds = timed(theirs)
    limits = reference.confidence_interval
    apart = max(abs(interval.low - limits.low), abs(interval.high - limits.high)) / reference.standard_error
    return {
        "case": name,
        "seconds": seconds,
        "scipy_seconds": scipy_seconds,
        "ratio": scipy_seconds / seconds,
        "interval": [interval.low, interval.high],
        "scipy_interval": [float(limits.low), float(limits.high)],
        "apart_in_standard_errors": float(apart),
        "same_interval": bool(apart < CHANCE),
    }


def main() -> dict[str, Any]:
    """Run all cases, print a table, and return the rows with the smallest ratio of the cases that have a bar."""
    rng = np.random.default_rng(0)
    gold, predicted, speakers = invented_labels(rng)
    x = rng.normal(size=ITEMS)
    y = 0.5 * x + rng.normal(size=ITEMS) + rng.normal(size=CLUSTERS)[speakers]
    right = (gold == predicted).astype(float)
    cells = gold * CLASSES + predicted
    members = [np.flatnonzero(speakers == speaker) for speaker in range(CLUSTERS)]
    settings: dict[str, Any] = {"n_resamples": RESAMPLES, "method": "percentile", "rng": 1}

    def scipy_clustered(statistic: Callable[[np.ndarray], float]) -> Any:
        def of_clusters(drawn: np.ndarray) -> float:
            return statistic(np.concatenate([members[cluster] for cluster in drawn]))

        return stats.bootstrap((np.arange(CLUSTERS),), of_clusters, vectorized=False, **settings)

    rows = [
        compare(
            "macro_f1, clustered",
            lambda: bootstrap_interval("macro_f1", (gold, predicted), speakers, resamples=RESAMPLES),
            lambda: scipy_clustered(lambda items: macro_f1(cells[items])),
        ),
        compare(
            "pearson, clustered",
            lambda: bootstrap_interval("pearson", (x, y), speakers, resamples=RESAMPLES),
            lambda: scipy_clustered(lambda items: float(pearson(x[items], y[items]))),
        ),
        compare(
            "accuracy, by item",
            lambda: bootstrap_interval("mean", (right,), resamples=RESAMPLES),
            lambda: stats.bootstrap((right,), np.mean, batch=100, **settings),
        ),
        compare(
            "macro_f1, by item",
            lambda: bootstrap_interval("macro_f1", (gold, predicted), resamples=RESAMPLES),
            lambda: stats.bootstrap((cells,), macro_f1, vectorized=False, **settings),
        ),
    ]
    free = [
        compare(
            "pearson, by item (no bar)",
            lambda: bootstrap_interval("pearson", (x, y), resamples=RESAMPLES),
            lambda: stats.bootstrap((x, y), pearson, paired=True, vectorized=True, batch=100, **settings),
        ),
        compare(
            "mean, by item (no bar)",
            lambda: bootstrap_interval("mean", (y,), resamples=RESAMPLES),
            lambda: stats.bootstrap((y,), np.mean, batch=100, **settings),
        ),
    ]
    print(f"bootstrap: {RESAMPLES:,} resamples of {ITEMS:,} items, {CLUSTERS} clusters")
    print(f"{'case':28}{'thymos':>10}{'scipy':>10}{'ratio':>8}{'apart':>8}  same interval")
    for row in rows + free:
        print(
            f"{row['case']:28}{row['seconds']:9.3f}s{row['scipy_seconds']:9.2f}s{row['ratio']:7.0f}x"
            f"{row['apart_in_standard_errors']:8.3f}  {'yes' if row['same_interval'] else 'NO'}"
        )
    smallest = min(row["ratio"] for row in rows)
    passed = smallest >= 20 and all(row["same_interval"] for row in rows + free)
    print(f"smallest ratio where the bar of 20x holds: {smallest:.0f}x: {'passed' if passed else 'MISSED'}")
    return {"name": "bootstrap", "rows": rows + free, "ratio": smallest, "bar": 20.0, "passed": passed}


if __name__ == "__main__":
    main()
