"""Every registered score keeps its promises: function and prepared form agree, the range holds, perfect is best."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.measure.registry import METRICS, find_metric, score_function
from thymos.measure.resampling import bootstrap_interval

N, K = 40, 3


def example(kind, seed):
    """Gold and random predictions in the shape that a kind of metric takes."""
    rng = np.random.default_rng(seed)
    labels, numbers = rng.integers(0, K, N), rng.normal(size=N)
    shares = rng.dirichlet(np.ones(K), N)
    binary = rng.integers(0, 2, (N, K))
    return {
        "labels": (labels, rng.integers(0, K, N)),
        "multilabel": (binary, rng.integers(0, 2, (N, K))),
        "numeric": (numbers, rng.normal(size=N)),
        "values": (numbers,),
        "soft": (shares, rng.dirichlet(np.ones(K), N)),
        "probabilities": (labels, rng.dirichlet(np.ones(K), N)),
        "label_probabilities": (binary, rng.random((N, K))),
        "scores": (binary[:, 0], rng.random(N)),
    }[kind]


def perfect(kind, gold):
    if kind == "probabilities":
        return np.eye(K)[gold]
    return gold


@pytest.mark.parametrize("name", sorted(METRICS))
@pytest.mark.parametrize("seed", [0, 1])
def test_function_prepared_form_and_range_agree(name, seed):
    metric = METRICS[name]
    arrays = example(metric.kind, seed)
    value = metric.function(*arrays)
    assert metric.name == name
    assert metric.low - 1e-12 <= value <= metric.high + 1e-12
    assert metric.prepare(*arrays).value() == pytest.approx(value, abs=1e-12)
    assert metric.about.endswith(".")


@pytest.mark.parametrize("name", sorted(METRICS))
def test_order_of_items_does_not_matter(name):
    metric = METRICS[name]
    arrays = example(metric.kind, 3)
    order = np.random.default_rng(0).permutation(N)
    assert metric.function(*(array[order] for array in arrays)) == pytest.approx(metric.function(*arrays), abs=1e-9)


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"mean", "preference_bias", "soft_cross_entropy"}))
def test_a_perfect_prediction_is_best(name):
    metric = METRICS[name]
    gold, random = example(metric.kind, 5)
    best, other = metric.function(gold, perfect(metric.kind, gold)), metric.function(gold, random)
    if metric.higher_is_better:
        # The swept average precision of card 10 leaves out the area before its first recall.
        assert best == pytest.approx(0.0 if name == "swept_average_precision" else 1.0, abs=1e-6)
        assert best > other or name == "swept_average_precision"
    else:
        assert best == pytest.approx(0.0, abs=1e-6)
        assert best < other


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_score_can_be_bootstrapped(name):
    metric = METRICS[name]
    interval = bootstrap_interval(name, example(metric.kind, 2), np.arange(N) // 2, resamples=100)
    assert interval.low <= interval.high
    assert metric.low - 1e-12 <= interval.low
    assert interval.high <= metric.high + 1e-12


def test_names_are_found_and_unknown_ones_list_the_known():
    assert find_metric("uar").kind == "labels"
    assert score_function("uar")(["a", "b"], ["a", "a"]) == 0.5
    with pytest.raises(BadInput, match="no metric 'f1'; use one of: acc_at_1, accuracy"):
        score_function("f1")
