"""Bootstrap intervals: equal to scipy's within Monte-Carlo error, exact where theory is exact, guarded at the edges."""

import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from thymos.errors import BadInput
from thymos.measure import classification, regression
from thymos.measure.metric import Additive, Weighted, rows_of
from thymos.measure.registry import METRICS
from thymos.measure.resampling import (
    bootstrap_interval,
    bootstrap_values,
    jackknife_values,
    pair_prepared,
    paired_bootstrap,
    prepare_statistic,
)

LABELS = np.array(["anger", "fear", "joy", "sadness"])


def labelled(n, seed=0, hit_rate=0.5):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 4, n)
    predicted = np.where(rng.random(n) < hit_rate, gold, rng.integers(0, 4, n))
    return LABELS[gold], LABELS[predicted]


def numeric(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, 0.6 * x + rng.normal(size=n)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("name", ["mean", "pearson", "rmse"])
def test_same_interval_as_scipy_within_monte_carlo_error(name, method):
    x, y = numeric(150)
    arrays = (np.exp(x),) if name == "mean" else (x, y)
    functions = {
        "mean": np.mean,
        "pearson": lambda a, b, axis=-1: stats.pearsonr(a, b, axis=axis).statistic,
        "rmse": lambda a, b, axis=-1: np.sqrt(((a - b) ** 2).mean(axis=axis)),
    }
    theirs = stats.bootstrap(arrays, functions[name], paired=True, n_resamples=20_000, method=method, batch=1000, rng=1)
    ours = bootstrap_interval(name, arrays, resamples=20_000, method=method.lower(), seed=2)
    # The quantiles of 20,000 draws scatter by about 2 % of a standard error; 6 sigma of the difference of two.
    error = 6 * 0.03 * theirs.standard_error
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=error)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=error)


def test_resampled_accuracy_is_exactly_binomial():
    """Right-or-wrong items: the bootstrap distribution is known, so no Monte-Carlo reference is needed."""
    right = np.r_[np.ones(70), np.zeros(30)]
    drawn = bootstrap_values(METRICS["mean"].prepare(right), None, resamples=100_000) * 100
    observed = np.bincount(np.rint(drawn).astype(int), minlength=101)
    expected = stats.binom(100, 0.7).pmf(np.arange(101)) * 100_000
    cells = expected > 5
    scaled = expected[cells] * observed[cells].sum() / expected[cells].sum()
    assert stats.chisquare(observed[cells], scaled).pvalue > 1e-4


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "weighted_f1", "uar", "micro_f1"])
@pytest.mark.parametrize("clustered", [False, True])
def test_fast_form_and_plain_callable_give_the_same_interval(name, clustered):
    gold, predicted = labelled(120)
    clusters = np.arange(120) // 4 if clustered else None
    fast = bootstrap_interval(name, (gold, predicted), clusters, resamples=4000)
    slow = bootstrap_interval(
        METRICS[name].function, (gold, predicted), clusters, resamples=800, options={"labels": LABELS}
    )
    assert fast.value == pytest.approx(slow.value, abs=1e-12)
    width = fast.high - fast.low
    assert slow.low == pytest.approx(fast.low, abs=0.15 * width)
    assert slow.high == pytest.approx(fast.high, abs=0.15 * width)
    assert fast.clusters == (30 if clustered else None)
    assert fast.n == 120


@pytest.mark.parametrize("name", ["pearson", "ccc", "rmse", "mae", "spearman"])
@pytest.mark.parametrize("clustered", [False, True])
def test_fast_and_plain_agree_on_numbers(name, clustered):
    x, y = numeric(90)
    clusters = np.arange(90) % 30 if clustered else None
    fast = bootstrap_interval(name, (x, y), clusters, resamples=4000)
    slow = bootstrap_interval(METRICS[name].function, (x, y), clusters, resamples=800)
    width = fast.high - fast.low
    assert fast.value == pytest.approx(slow.value, abs=1e-12)
    assert slow.low == pytest.approx(fast.low, abs=0.15 * width)
    assert slow.high == pytest.approx(fast.high, abs=0.15 * width)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(0, 1000), st.sampled_from(["percentile", "bca"]))
def test_interval_is_ordered_and_covers_the_value(n, seed, method):
    gold, predicted = labelled(n, seed)
    interval = bootstrap_interval("accuracy", (gold, predicted), resamples=2000, method=method, seed=seed)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(400):
        low, high = bootstrap_interval("mean", (rng.normal(size=60),), resamples=1000, seed=trial)[1:3]
        covered += low <= 0 <= high
    # Percentile intervals of a mean of 60 cover about 94 %; 400 trials scatter by 1.2 points.
    assert 0.90 <= covered / 400 <= 0.98


def test_clusters_of_alike_items_widen_the_interval():
    right = np.repeat(np.random.default_rng(1).integers(0, 2, 50), 20).astype(float)
    items = bootstrap_interval("mean", (right,))
    speakers = bootstrap_interval("mean", (right,), np.repeat(np.arange(50), 20))
    assert (speakers.high - speakers.low) / (items.high - items.low) == pytest.approx(np.sqrt(20), rel=0.15)
    # One item a cluster is the same as no clusters.
    single = bootstrap_interval("mean", (right,), np.arange(1000))
    assert single.low == pytest.approx(items.low, abs=0.003)


def test_names_of_clusters_and_order_of_items_do_not_matter_beyond_chance():
    gold, predicted = labelled(200)
    speakers = np.repeat(np.arange(40), 5)
    one = bootstrap_interval("macro_f1", (gold, predicted), speakers)
    order = np.random.default_rng(0).permutation(200)
    two = bootstrap_interval("macro_f1", (gold[order], predicted[order]), [f"s{s}" for s in speakers[order]])
    assert two.value == pytest.approx(one.value, abs=1e-12)
    assert two.low == pytest.approx(one.low, abs=0.01)


def test_the_same_seed_gives_the_same_interval_and_another_does_not():
    x, y = numeric(50)
    one, again = (bootstrap_interval("ccc", (x, y), resamples=500, seed=7) for _ in range(2))
    assert one == again
    assert bootstrap_interval("ccc", (x, y), resamples=500, seed=8) != one


def test_higher_confidence_is_wider():
    x, y = numeric(50)
    wide, narrow = (bootstrap_interval("ccc", (x, y), confidence=c) for c in (0.99, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("name", ["macro_f1", "spearman", "plain"])
def test_jackknife_leaves_one_out(name, clustered):
    if name == "macro_f1":
        arrays = labelled(40)
        function = classification.macro_f1
    else:
        arrays = numeric(40)
        function = regression.spearman
    prepared = prepare_statistic(function if name == "plain" else name, arrays)
    units = np.arange(40) // 4 if clustered else np.arange(40)
    expected = [function(*(array[units != unit] for array in arrays)) for unit in np.unique(units)]
    ours = jackknife_values(prepared, units if clustered else None)
    assert ours == pytest.approx(expected, abs=1e-12)


def test_a_score_that_never_moves_has_an_interval_of_no_width():
    for method in ("percentile", "bca"):
        interval = bootstrap_interval("accuracy", (["joy"] * 9, ["joy"] * 9), method=method)
        assert (interval.low, interval.value, interval.high) == (1, 1, 1)


# --- two systems -----------------------------------------------------------------------------------------------


def test_paired_difference_equals_plain_callable():
    gold, a = labelled(150, seed=0, hit_rate=0.6)
    _, b = labelled(150, seed=5, hit_rate=0.3)
    fast = paired_bootstrap("macro_f1", gold, a, b, resamples=4000)
    slow = paired_bootstrap(lambda g, p: classification.macro_f1(g, p, labels=LABELS), gold, a, b, resamples=800)
    assert fast.value == pytest.approx(classification.macro_f1(gold, a) - classification.macro_f1(gold, b))
    assert (fast.a, fast.b) == pytest.approx((classification.macro_f1(gold, a), classification.macro_f1(gold, b)))
    assert slow.low == pytest.approx(fast.low, abs=0.15 * (fast.high - fast.low))
    assert fast.p < 0.01


def test_paired_difference_of_ranks_and_of_moments():
    x, y = numeric(80)
    noise = np.random.default_rng(9).normal(size=80)
    for name in ("spearman", "pearson", "ccc"):
        interval = paired_bootstrap(name, x, y, noise, np.arange(80) // 2, resamples=1000)
        assert interval.value == pytest.approx(METRICS[name].function(x, y) - METRICS[name].function(x, noise))
        assert interval.low <= interval.value <= interval.high
        assert interval.clusters == 40


def test_a_system_against_itself_has_no_difference():
    gold, a = labelled(60)
    same = paired_bootstrap("uar", gold, a, a)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100))
def test_swapping_the_systems_flips_the_sign(seed):
    gold, a = labelled(50, seed)
    _, b = labelled(50, seed + 1000)
    one = paired_bootstrap("accuracy", gold, a, b, seed=seed)
    two = paired_bootstrap("accuracy", gold, b, a, seed=seed)
    assert one.value == -two.value
    assert 0 < one.p <= 1
    assert one.p == pytest.approx(two.p, abs=0.05)


def test_p_is_roughly_uniform_when_there_is_no_difference():
    rng = np.random.default_rng(0)
    ps = []
    for trial in range(200):
        gold = np.zeros(100)
        a, b = rng.normal(size=(2, 100))
        ps.append(paired_bootstrap("rmse", gold, a, b, resamples=500, seed=trial).p)
    assert 0.01 <= np.mean(np.array(ps) < 0.05) <= 0.12


def test_pairs_must_be_of_one_kind_and_length():
    one, short = rows_of(np.ones((4, 1)), lambda s: s[..., 0]), rows_of(np.ones((3, 1)), lambda s: s[..., 0])
    with pytest.raises(BadInput, match="4 and 3 items"):
        pair_prepared(one, short)
    with pytest.raises(TypeError, match="same kind"):
        pair_prepared(one, Weighted(4, lambda weights: weights[:, 0]))


# --- edges -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statistic", "arrays", "clusters", "options", "message"),
    [
        ("mean", ([1.0],), None, {}, "1 item is too few"),
        ("mean", ([],), None, {}, "no values"),
        ("mean", ([1.0, float("nan")],), None, {}, "row 1"),
        ("mean", ([1.0, 2.0],), ["s", "s"], {}, "one cluster"),
        ("mean", ([1.0, 2.0],), ["s"], {}, "2 items and 1 clusters"),
        ("mean", ([1.0, 2.0],), ["s", None], {}, "clusters, row 1"),
        ("mean", ([1.0, 2.0],), None, {"confidence": 1.0}, "confidence"),
        ("mean", ([1.0, 2.0],), None, {"resamples": 0}, "resamples"),
        ("mean", ([1.0, 2.0],), None, {"method": "basic"}, "no method"),
        ("no_such", ([1.0, 2.0],), None, {}, "no metric"),
        (np.mean, (), None, {}, "no arrays"),
        (np.mean, ([],), None, {}, "no items"),
        (np.mean, ([1.0, float("nan")],), None, {}, "row 1"),
        (np.corrcoef, ([1.0, 2.0], [1.0]), None, {}, "equal lengths"),
        (lambda x: float("nan"), ([1.0, 2.0],), None, {}, "undefined on these items"),
    ],
)
def test_bad_input_is_one_clear_error(statistic, arrays, clusters, options, message):
    with pytest.raises(BadInput, match=message):
        bootstrap_interval(statistic, arrays, clusters, **options)


def undefined_below(threshold):
    return rows_of(
        np.column_stack([np.ones(20), np.arange(20) == 0]),
        lambda sums: np.where(sums[..., 1] >= threshold, sums[..., 0], np.nan),
    )


def test_undefined_resamples_are_left_out_with_a_warning():
    # A given item is missing from about 36 % of all resamples.
    with pytest.warns(UserWarning, match="resamples without a defined score"):
        kept = bootstrap_values(undefined_below(1), None, resamples=1000)
    assert 600 <= len(kept) <= 680


def test_a_score_undefined_on_most_resamples_is_refused():
    with pytest.raises(BadInput, match="most resamples"):
        bootstrap_values(undefined_below(2), None, resamples=1000)


def test_a_rare_class_does_not_disturb_the_interval():
    """A class that is missing from a resample is left out of its macro average, not counted as 0."""
    gold = ["joy"] * 50 + ["fear"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interval = bootstrap_interval("macro_f1", (gold, gold))
    assert (interval.low, interval.high) == (1, 1)


def test_prepared_scores_and_options_are_accepted():
    gold, predicted = ["joy", "joy", "fear", "fear"], ["joy", "none of these", "fear", "joy"]
    options = {"labels": ["joy", "fear"], "outside": "miss"}
    by_name = bootstrap_interval("macro_f1", (gold, predicted), options=options)
    prepared = METRICS["macro_f1"].prepare(gold, predicted, **options)
    assert isinstance(prepared, Additive)
    assert bootstrap_interval(prepared) == by_name
    assert bootstrap_interval(METRICS["macro_f1"], (gold, predicted), options=options) == by_name


def test_ten_thousand_resamples_of_ten_thousand_items_take_about_a_second_at_most():
    gold, predicted = labelled(10_000)
    start = time.process_time()
    bootstrap_interval("macro_f1", (gold, predicted), np.arange(10_000) // 20)
    # Processor time, measured 0.05 s.
    assert time.process_time() - start < 1
