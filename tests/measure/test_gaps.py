"""Group gaps: equal to scoring the groups one by one, for every form of statistic."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.measure import classification, regression
from thymos.measure.gaps import group_gaps
from thymos.measure.registry import METRICS

LABELS = ["anger", "fear", "joy"]


def items(n=400, seed=0):
    rng = np.random.default_rng(seed)
    groups = np.array(["female", "male", "other"])[rng.choice(3, size=n, p=[0.5, 0.45, 0.05])]
    rate = np.where(groups == "male", 0.5, 0.8)
    gold = rng.choice(LABELS, size=n)
    predicted = np.where(rng.random(n) < rate, gold, rng.choice(LABELS, size=n))
    return gold, predicted, groups, rng.integers(0, 60, n)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("form", ["additive", "callable"])
def test_scores_and_gap_of_labels(form, clustered):
    gold, predicted, groups, speakers = items()
    statistic = "macro_f1" if form == "additive" else classification.macro_f1
    result = group_gaps(
        statistic, (gold, predicted), groups, speakers if clustered else None, minimum=30, resamples=400
    )
    expected = {g: classification.macro_f1(gold[groups == g], predicted[groups == g]) for g in ("female", "male")}
    assert {name: interval.value for name, interval in result.by_group.items()} == pytest.approx(expected)
    assert (result.best, result.worst, result.small) == ("female", "male", ["other"])
    assert result.gap.value == pytest.approx(expected["female"] - expected["male"])
    assert 0 < result.gap.low < result.gap.value < result.gap.high
    assert result.gap.clusters == (60 if clustered else None)


def test_both_forms_give_the_same_gap_interval():
    gold, predicted, groups, _ = items(200)
    fast = group_gaps("accuracy", (gold, predicted), groups, minimum=50, resamples=4000).gap
    slow = group_gaps(classification.accuracy, (gold, predicted), groups, minimum=50, resamples=1000).gap
    assert slow.low == pytest.approx(fast.low, abs=0.15 * (fast.high - fast.low))
    assert slow.high == pytest.approx(fast.high, abs=0.15 * (fast.high - fast.low))


def test_for_errors_the_smallest_is_best_and_the_gap_stays_positive():
    rng = np.random.default_rng(0)
    groups = np.repeat(["a", "b"], 100)
    gold = rng.normal(size=200)
    predicted = gold + rng.normal(size=200) * np.repeat([0.5, 2.0], 100)
    result = group_gaps("rmse", (gold, predicted), groups, resamples=500)
    assert (result.best, result.worst) == ("a", "b")
    assert result.gap.value == pytest.approx(
        regression.rmse(gold[100:], predicted[100:]) - regression.rmse(gold[:100], predicted[:100])
    )
    assert result.gap.low > 0


def test_ranked_scores():
    rng = np.random.default_rng(0)
    groups = np.repeat(["a", "b"], 60)
    gold = rng.normal(size=120)
    predicted = gold * np.repeat([1.0, 0.0], 60) + rng.normal(size=120)
    result = group_gaps(METRICS["spearman"], (gold, predicted), groups, np.arange(120) // 2, resamples=300)
    assert result.by_group["a"].value == pytest.approx(regression.spearman(gold[:60], predicted[:60]))
    assert result.gap.value == pytest.approx(result.by_group["a"].value - result.by_group["b"].value)
    assert result.best == "a"


@pytest.mark.parametrize("statistic", ["accuracy", "spearman", "plain"])
def test_a_resample_without_a_group_has_no_gap(statistic):
    """Group b lives in 2 of 10 clusters: one resample in ten misses both, and is left out."""
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(10), 6)
    groups = np.where(clusters < 8, "a", "b")
    gold = rng.normal(size=60).round(1)
    predicted = gold + rng.normal(size=60).round(1)
    if statistic == "accuracy":
        gold, predicted = np.where(gold > 0, "x", "y"), np.where(predicted > 0, "x", "y")
    chosen = regression.rmse if statistic == "plain" else statistic
    with pytest.warns(UserWarning, match="without a defined score"):
        result = group_gaps(chosen, (gold, predicted), groups, clusters, resamples=1000)
    assert result.gap.low <= result.gap.value <= result.gap.high


def test_a_group_of_one_cluster_is_too_small():
    gold, predicted = ["joy"] * 40, ["joy"] * 40
    clusters = [0] * 15 + list(range(1, 26))
    with pytest.raises(BadInput, match="1 groups have enough"):
        group_gaps("accuracy", (gold, predicted), ["a"] * 15 + ["b"] * 25, clusters)


@pytest.mark.parametrize(
    ("groups", "clusters", "message"),
    [
        (["a"] * 20, None, "1 groups have enough"),
        (["a", "b"], None, "20 items and 2 groups"),
        (["a", "b"] * 10, ["s"], "20 items and 1 clusters"),
        (["a", None] * 10, None, "groups, row 1"),
    ],
)
def test_bad_input_is_one_clear_error(groups, clusters, message):
    with pytest.raises(BadInput, match=message):
        group_gaps("accuracy", (["joy"] * 20, ["joy"] * 20), groups, clusters)
