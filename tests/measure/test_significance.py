"""Tests of differences against scipy and statsmodels, exact enumeration, and error rates under no difference."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

from thymos.errors import BadInput
from thymos.measure import significance as s
from thymos.measure.classification import macro_f1
from thymos.measure.regression import spearman

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_mcnemar_equals_statsmodels(items):
    a, b = (np.array(side) for side in zip(*items, strict=True))
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    exact = s.mcnemar(a, b, method="exact")
    assert exact.p == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, abs=1e-12)
    assert exact.n == (a != b).sum()
    chi2 = s.mcnemar(a, b, method="chi2")
    # With equal counts the corrected statistic would be (0 - 1)²/n; a correction must not create a difference.
    if table[0][1] != table[1][0]:
        reference = statsmodels_mcnemar(table, exact=False, correction=True)
        assert chi2.statistic == pytest.approx(reference.statistic, abs=1e-12)
        assert chi2.p == pytest.approx(reference.pvalue, abs=1e-12)
    else:
        assert chi2.p == 1
    assert s.mcnemar(b, a) == s.mcnemar(a, b)


def test_mcnemar_chooses_the_exact_form_for_few_items():
    few, many = [1] * 24 + [0], [1] * 40
    assert s.mcnemar(few, [0] * 25).exact
    assert not s.mcnemar(many, [0] * 40).exact
    assert s.mcnemar([1, 0], [1, 0]) == s.Significance(0.0, 1.0, 0, True)


@given(P_VALUES)
def test_adjustments_equal_statsmodels(p):
    assert s.holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert s.bonferroni(p) == pytest.approx(multipletests(p, method="bonferroni")[1], abs=1e-12)


@given(P_VALUES)
def test_holm_lies_between_raw_and_bonferroni_and_keeps_the_order(p):
    adjusted = s.holm(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    assert (adjusted <= s.bonferroni(p) + 1e-15).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=9))
def test_sign_flips_are_enumerated_exactly(differences):
    observed = abs(sum(differences))
    signs = product((1, -1), repeat=len(differences))
    extreme = [abs(sum(sign * d for sign, d in zip(row, differences, strict=True))) >= observed for row in signs]
    result = s.paired_permutation(differences, [0] * len(differences))
    assert result.exact
    assert result.p == pytest.approx(np.mean(extreme))
    assert result.statistic == pytest.approx(np.mean(differences))


def test_random_sign_flips_agree_with_scipy():
    rng = np.random.default_rng(0)
    a = rng.normal(0.25, 1, 60)
    b = np.zeros(60)
    reference = stats.permutation_test(
        (a, b), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples", n_resamples=20_000, rng=1
    )
    result = s.paired_permutation(a, b, resamples=20_000)
    assert not result.exact
    assert result.p == pytest.approx(reference.pvalue, abs=0.02)
    assert result == s.paired_permutation(a, b, resamples=20_000)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=5), st.lists(st.integers(0, 6), min_size=2, max_size=5))
def test_two_groups_are_enumerated_exactly(a, b):
    reference = stats.permutation_test(
        (a, b), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), vectorized=True, n_resamples=np.inf
    )
    result = s.two_sample_permutation(a, b)
    assert result.exact
    # scipy doubles the smaller tail; the absolute difference counts both tails as they are.
    sums = np.abs(reference.null_distribution)
    assert result.p == pytest.approx(np.mean(sums >= abs(np.mean(a) - np.mean(b)) - 1e-9))


def test_two_large_groups_are_sampled():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.5, 1, 40), rng.normal(0, 1, 50)
    result = s.two_sample_permutation(a, b, resamples=20_000)
    assert not result.exact
    assert result.p == pytest.approx(stats.ttest_ind(a, b).pvalue, abs=0.02)
    assert result.statistic == pytest.approx(a.mean() - b.mean())


@pytest.mark.parametrize(
    "test",
    [
        lambda a, b, seed: s.paired_permutation(a, b, resamples=300, seed=seed),
        lambda a, b, seed: s.two_sample_permutation(a, b, resamples=300, seed=seed),
        lambda a, b, seed: s.swap_test("rmse", np.zeros(40), a, b, resamples=300, seed=seed),
    ],
)
def test_without_a_difference_one_test_in_twenty_is_significant(test):
    rng = np.random.default_rng(0)
    p = np.array([test(*rng.normal(size=(2, 40)), trial).p for trial in range(300)])
    # 300 trials scatter by 1.3 points around 5 %.
    assert 0.015 <= np.mean(p <= 0.05) <= 0.095
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


# --- swapping two systems' predictions ----------------------------------------------------------------------------


def systems(n=10, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.choice(["anger", "fear", "joy"], size=n)
    a = np.where(rng.random(n) < 0.8, gold, "joy")
    return gold, a, rng.choice(["anger", "fear", "joy"], size=n)


def enumerated(score, gold, a, b, units):
    observed = abs(score(gold, a) - score(gold, b))
    extreme = []
    for pattern in product((False, True), repeat=len(set(units))):
        swapped = np.array(pattern)[units]
        one, two = np.where(swapped, b, a), np.where(swapped, a, b)
        extreme.append(abs(score(gold, one) - score(gold, two)) >= observed - 1e-12)
    return np.mean(extreme)


@pytest.mark.parametrize("clustered", [False, True])
def test_swaps_agree_with_full_enumeration(clustered):
    gold, a, b = systems()
    units = np.arange(10) // 2 if clustered else np.arange(10)

    def score(g, p):
        return macro_f1(g, p, labels=["anger", "fear", "joy"])

    result = s.swap_test("macro_f1", gold, a, b, units if clustered else None, resamples=20_000)
    assert result.p == pytest.approx(enumerated(score, gold, a, b, units), abs=0.015)
    assert result.statistic == pytest.approx(score(gold, a) - score(gold, b))
    assert result.n == (5 if clustered else 10)


def test_swaps_of_ranked_scores():
    rng = np.random.default_rng(2)
    gold = rng.normal(size=9)
    a, b = gold + rng.normal(size=9), rng.normal(size=9)
    result = s.swap_test("spearman", gold, a, b, resamples=20_000)
    assert result.p == pytest.approx(enumerated(spearman, gold, a, b, np.arange(9)), abs=0.015)


def test_equal_systems_have_p_one_and_unparsed_predictions_pass_through():
    gold, a, _ = systems(30)
    assert s.swap_test("macro_f1", gold, a, a).p == 1
    broken = [None if k % 3 == 0 else label for k, label in enumerate(a)]
    options = {"labels": ["anger", "fear", "joy"], "outside": "miss"}
    result = s.swap_test("accuracy", gold, a, broken, options=options)
    assert result.statistic > 0


# --- classical tests -----------------------------------------------------------------------------------------------


def test_wilcoxon_equals_scipy():
    rng = np.random.default_rng(0)
    for n, exact in ((20, True), (80, False)):
        a, b = rng.normal(0.3, 1, n), rng.normal(size=n)
        ours, theirs = s.wilcoxon(a, b), stats.wilcoxon(a, b, method="exact" if exact else "approx")
        assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue))
        assert ours.exact is exact
    assert s.wilcoxon([1, 2], [1, 2]).p == 1
    assert s.wilcoxon([1, 2, 4], [1, 1, 1]).n == 2


@given(st.integers(1, 50), st.integers(1, 50), st.data())
def test_two_proportions_equal_statsmodels(n_a, n_b, data):
    hits_a, hits_b = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_b))
    result = s.two_proportion_z(hits_a, n_a, hits_b, n_b)
    if hits_a + hits_b in (0, n_a + n_b):
        assert result.p == 1
    else:
        z, p = proportions_ztest([hits_a, hits_b], [n_a, n_b])
        assert (result.statistic, result.p) == pytest.approx((z, p), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: s.mcnemar([1, 0], [1]), "shape"),
        (lambda: s.mcnemar([1, 2], [1, 0]), "right_a, row 1"),
        (lambda: s.mcnemar([1], [0], method="mid"), "no method"),
        (lambda: s.holm([0.5, 1.5]), "outside 0 to 1"),
        (lambda: s.bonferroni([]), "no values"),
        (lambda: s.paired_permutation([1.0], [1.0, 2.0]), "shape"),
        (lambda: s.paired_permutation(np.arange(30), np.zeros(30), resamples=0), "resamples"),
        (lambda: s.two_sample_permutation([], [1.0]), "a: there are no values"),
        (lambda: s.swap_test("no_such", [1], [1], [1]), "no metric"),
        (lambda: s.swap_test("accuracy", ["a", "b"], ["a", "b"], ["a"]), "different numbers"),
        (lambda: s.swap_test("rmse", [1.0, 2.0], [1.0, 2.0], [1.0]), "differ"),
        (lambda: s.swap_test("accuracy", ["a", "b"], ["a", "b"], ["a", "b"], ["s"]), "2 items and 1 clusters"),
        (lambda: s.two_proportion_z(3, 2, 1, 2), "3 hits of 2"),
        (lambda: s.two_proportion_z(0, 0, 1, 2), "0 hits of 0"),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(BadInput, match=message):
        call()
