"""What card 18 added: averages over seeds, Wasserstein without order, Welch's t and Kolmogorov-Smirnov."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from thymos.errors import BadInput
from thymos.measure import distribution as d
from thymos.measure.metric import average_of
from thymos.measure.resampling import bootstrap_interval
from thymos.measure.significance import kolmogorov_smirnov, welch


def shares(rng: np.random.Generator, items: int = 12, classes: int = 5) -> np.ndarray:
    return rng.dirichlet(np.ones(classes), size=items)


@given(st.integers(0, 10_000))
def test_nominal_wasserstein_is_optimal_transport(seed):
    rng = np.random.default_rng(seed)
    human, model = shares(rng, 3, 3), shares(rng, 3, 3)
    costs = (1 - np.eye(3)).ravel()
    margins = np.array(
        [np.kron(np.eye(3)[k], np.ones(3)) for k in range(3)] + [np.tile(np.eye(3)[k], 3) for k in range(3)]
    )
    from scipy.optimize import linprog

    for one, other, value in zip(human, model, d.nominal_wasserstein_values(human, model), strict=True):
        plan = linprog(costs, A_eq=margins, b_eq=np.concatenate([one, other]))
        assert value == pytest.approx(plan.fun, abs=1e-9)


def test_nominal_wasserstein_sees_the_class():
    human, model = [[0.8, 0.2, 0.0]], [[0.0, 0.2, 0.8]]
    assert d.nominal_wasserstein(human, model) == pytest.approx(0.8)
    assert d.wasserstein(human, model) == pytest.approx(0, abs=1e-12)
    assert d.nominal_wasserstein(human, human) == 0


@pytest.mark.parametrize("name", ["acc_at_1", "ap_emotion", "ap_document"])
def test_average_of_scores_is_their_mean(name):
    rng = np.random.default_rng(1)
    gold, guesses = shares(rng), [shares(rng) for _ in range(3)]
    prepare, function = getattr(d, f"prepare_{name}"), getattr(d, name)
    averaged = average_of([prepare(gold, guess) for guess in guesses])
    assert averaged.value() == pytest.approx(np.mean([function(gold, guess) for guess in guesses]))
    weights = rng.integers(1, 4, size=12)
    expected = np.mean([function(gold, guess, weights=weights) for guess in guesses])
    assert averaged.value(weights) == pytest.approx(expected)


def test_seeds_do_not_narrow_the_interval():
    rng = np.random.default_rng(2)
    gold, guess = shares(rng, 40), shares(rng, 40)
    one = d.prepare_acc_at_1(gold, guess)
    same = average_of([one] * 10)
    assert bootstrap_interval(same, resamples=300)[:3] == pytest.approx(
        bootstrap_interval(average_of([one]), resamples=300)[:3]
    )


def test_average_of_needs_the_same_items():
    rng = np.random.default_rng(3)
    one = d.prepare_acc_at_1(shares(rng, 4), shares(rng, 4))
    with pytest.raises(BadInput, match="scores over the same items"):
        average_of([one, d.prepare_acc_at_1(shares(rng, 5), shares(rng, 5))])
    with pytest.raises(BadInput, match="scores over the same items"):
        average_of([])


groups = arrays(float, st.integers(3, 20), elements=st.floats(-5, 5, allow_subnormal=False).map(lambda x: round(x, 3)))


@given(groups, groups)
def test_two_group_tests_equal_scipy(a, b):
    found = kolmogorov_smirnov(a, b)
    expected = stats.ks_2samp(a, b)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    if a.std() > 0 and b.std() > 0:
        found = welch(a, b)
        expected = stats.ttest_ind(a, b, equal_var=False)
        assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
        assert welch(b, a).statistic == pytest.approx(-found.statistic)
        assert found.n == len(a) + len(b)


def test_welch_by_hand_and_constant_groups():
    assert welch([1, 2, 3], [2, 3, 4]).statistic == pytest.approx(-1 / np.sqrt(2 / 3))
    assert welch([1, 1], [1, 1]).p == 1
    assert welch([1, 1], [2, 2]).p == 0
    with pytest.raises(BadInput, match="fewer than 2 numbers"):
        welch([1], [1, 2])
    with pytest.raises(BadInput, match="NaN"):
        kolmogorov_smirnov([1, np.nan], [1, 2])
