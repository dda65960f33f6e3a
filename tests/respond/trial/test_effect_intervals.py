"""Effect sizes against published values, and against the definition of their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from thymos.errors import BadInput
from thymos.respond.trial.effect_intervals import (
    explained_share,
    noncentral_f,
    noncentral_t,
    standardized_difference,
)


# Smithson (2001, p. 619) and Fidler & Thompson (2001, tables 6 and 8): 90 % intervals of partial eta squared.
@pytest.mark.parametrize(
    ("f", "between", "within", "low", "high"),
    [
        (6.00, 1, 42, 0.0117, 0.2801),
        (2.65, 6, 42, 0.0174, 0.3577),
        (1.50, 1, 16, 0.0, 0.3167),
        (4.00, 3, 16, 0.0357, 0.5671),
        (1.50, 3, 16, 0.0, 0.3778),
    ],
)
def test_partial_eta_squared_of_the_textbooks(f, between, within, low, high):
    found = explained_share(f, between, within, level=0.9)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.value == pytest.approx(f * between / (f * between + within))


def test_noncentrality_of_t():
    # conf.limits.nct of the R package MBESS (Kelley), its own example.
    assert noncentral_t(2.83, 126) == pytest.approx((0.8337502, 4.815359), abs=1e-5)


@given(t=st.floats(-8, 8), df=st.integers(3, 400), level=st.sampled_from([0.9, 0.95, 0.99]))
def test_ends_of_t_are_where_the_tails_are(t, df, level):
    low, high = noncentral_t(t, df, level)
    assert low < high
    if abs(t) > 1e-3:  # scipy's noncentral t is not reliable at 0
        assert stats.nct.sf(t, df, low) == pytest.approx((1 - level) / 2, abs=1e-4)
        assert stats.nct.cdf(t, df, high) == pytest.approx((1 - level) / 2, abs=1e-4)
    assert noncentral_t(-t, df, level) == pytest.approx((-high, -low), abs=1e-6)


@given(f=st.floats(0.0, 40), between=st.integers(1, 8), within=st.integers(5, 400))
def test_ends_of_f_are_where_the_tails_are(f, between, within):
    low, high = noncentral_f(f, between, within)
    assert 0 <= low <= high
    for end, tail in ((low, 0.975), (high, 0.025)):
        if end > 0:
            assert stats.ncf.cdf(f, between, within, end) == pytest.approx(tail, abs=1e-6)
        else:
            assert stats.f.cdf(f, between, within) <= tail + 1e-9
    share = explained_share(f, between, within)
    assert 0 <= share.low <= share.high < 1


def test_d_of_two_groups_is_that_of_t():
    rng = np.random.default_rng(4)
    own, other = rng.normal(0.6, 1, 40), rng.normal(0, 1, 30)
    spread = np.sqrt((39 * own.var(ddof=1) + 29 * other.var(ddof=1)) / 68)
    found = standardized_difference(own.mean() - other.mean(), spread, 40, 30)
    t, p = stats.ttest_ind(own, other)
    assert found.value == pytest.approx(t * np.sqrt(1 / 40 + 1 / 30))
    assert (found.low > 0) == (p < 0.05)


@given(d=st.floats(-2, 2), own=st.integers(2, 100), other=st.integers(2, 100))
def test_the_interval_of_d_excludes_0_where_t_is_significant(d, own, other):
    found = standardized_difference(d, 1.0, own, other)
    p = 2 * stats.t.sf(abs(d) / np.sqrt(1 / own + 1 / other), own + other - 2)
    assert found.low <= found.value <= found.high
    if abs(p - 0.05) > 1e-6:
        assert (found.low > 0 or found.high < 0) == (p < 0.05)


def test_what_is_not_defined_is_nan():
    assert np.isnan(standardized_difference(1.0, 0.0, 10, 10).value)
    assert np.isnan(standardized_difference(1.0, 1.0, 1, 1).low)
    assert np.isnan(explained_share(float("nan"), 2, 30).high)
    assert np.isnan(explained_share(1.0, 0, 30).value)
    with pytest.raises(BadInput, match="level"):
        standardized_difference(1.0, 1.0, 10, 10, level=95)
