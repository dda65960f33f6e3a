"""Imputation: nothing that is known changes, what is drawn has the right distribution, Rubin's rules are Rubin's."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.respond.trial.data import OutcomeTable
from thymos.respond.trial.imputation import imputations, pooled


def table_of(values, arms=None, strata=None) -> OutcomeTable:
    values = np.asarray(values, dtype=float)
    count = len(values)
    arms = np.arange(count) % 2 if arms is None else arms
    return OutcomeTable(values, arms, np.empty((count, 0)) if strata is None else strata, None, 2)


def correlated(count, rng, rho=0.6):
    first = rng.standard_normal(count)
    middle = rho * first + np.sqrt(1 - rho**2) * rng.standard_normal(count)
    last = rho * middle + np.sqrt(1 - rho**2) * rng.standard_normal(count)
    return np.column_stack([first, middle, last])


@pytest.mark.parametrize("pattern", ["monotone", "anywhere"])
def test_known_values_stay_and_gaps_are_filled(pattern):
    rng = np.random.default_rng(0)
    values = correlated(60, rng)
    if pattern == "monotone":
        values[:20, 2] = np.nan
        values[:8, 1] = np.nan
    else:
        values[rng.random(values.shape) < 0.3] = np.nan
    table = table_of(values)
    seen = np.isfinite(values)
    tables = list(imputations(table, 4, rng))
    assert len(tables) == 4
    for one in tables:
        np.testing.assert_array_equal(one.values[seen], values[seen])
        assert np.isfinite(one.values).all()
    assert not np.allclose(tables[0].values, tables[1].values)
    np.testing.assert_array_equal(table.values[seen], values[seen])


def test_a_seed_gives_the_same_tables():
    values = correlated(40, np.random.default_rng(1))
    values[::3, 2] = np.nan
    first, second = ([one.values for one in imputations(table_of(values), 3, np.random.default_rng(7))] for _ in "ab")
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_what_is_drawn_depends_on_the_other_times_as_the_seen_values_do(column):
    rng = np.random.default_rng(2)
    whole = correlated(4000, rng)
    values = whole.copy()
    # Who has a high neighbor is missing more often: a mean or an unconditional draw would be off.
    neighbor = whole[:, 1] if column != 1 else whole[:, 0]
    gone = rng.random(4000) < 1 / (1 + np.exp(-1.5 * neighbor))
    values[gone, column] = np.nan
    (one,) = imputations(table_of(values), 1, np.random.default_rng(3))
    np.testing.assert_allclose(np.cov(one.values.T), np.cov(whole.T), atol=0.09)
    np.testing.assert_allclose(one.values.mean(axis=0), whole.mean(axis=0), atol=0.08)
    assert abs(np.nanmean(values[:, column]) - whole[:, column].mean()) > 0.2


def test_arms_differ_where_they_differ():
    rng = np.random.default_rng(4)
    values = correlated(2000, rng)
    arms = np.arange(2000) % 2
    values[arms == 1, 2] += 1.5
    gone = rng.random(2000) < 0.4
    values[gone, 2] = np.nan
    (one,) = imputations(table_of(values, arms), 1, rng)
    gap = one.values[gone & (arms == 1), 2].mean() - one.values[gone & (arms == 0), 2].mean()
    assert gap == pytest.approx(1.5, abs=0.2)


def test_uncertainty_of_the_regression_is_in_the_draws():
    rng = np.random.default_rng(5)
    values = correlated(14, rng)
    values[8:, 2] = np.nan
    means = [one.values[8:, 2].mean() for one in imputations(table_of(values), 300, rng)]
    # With coefficients fixed, the mean of six draws would vary by the error alone: less than a third of this.
    inputs = np.column_stack([np.ones(8), np.arange(8) % 2, values[:8, :2]])
    rest = values[:8, 2] - inputs @ np.linalg.lstsq(inputs, values[:8, 2], rcond=None)[0]
    fixed = np.sqrt(rest @ rest / 4 / 6)
    assert np.std(means) > 1.5 * fixed


def test_an_empty_stratum_does_no_harm():
    rng = np.random.default_rng(6)
    values = correlated(40, rng)
    values[::4, 2] = np.nan
    strata = np.column_stack([np.zeros(40), np.arange(40) // 20])
    (one,) = imputations(table_of(values, strata=strata), 1, rng)
    assert np.isfinite(one.values).all()
    assert np.abs(one.values).max() < 10


def test_the_same_as_statsmodels_on_a_large_table():
    """Predictive mean matching of statsmodels and our draws agree where both should: means and regressions."""
    import pandas as pd
    from statsmodels.imputation.mice import MICEData

    rng = np.random.default_rng(8)
    whole = correlated(3000, rng)
    values = whole.copy()
    values[rng.random(3000) < 1 / (1 + np.exp(1 - 1.5 * whole[:, 1])), 2] = np.nan
    (ours,) = imputations(table_of(values), 1, rng)
    arms = (np.arange(3000) % 2).astype(float)
    kept = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    own = {"rng": 0} if "rng" in inspect.signature(MICEData).parameters else {}  # from 0.15 on
    theirs = MICEData(pd.DataFrame(np.column_stack([values, arms]), columns=["a", "b", "c", "arm"]), **own)
    theirs.update_all(3)
    np.random.set_state(kept)  # noqa: NPY002
    np.testing.assert_allclose(np.cov(ours.values.T), np.cov(whole.T), atol=0.06)
    # Matching cannot go beyond what was seen, and here high values are missing: their variance is a little too small.
    np.testing.assert_allclose(np.cov(ours.values.T), np.cov(theirs.data[["a", "b", "c"]].to_numpy().T), atol=0.09)
    np.testing.assert_allclose(ours.values.mean(axis=0), theirs.data[["a", "b", "c"]].mean(), atol=0.06)


def test_rubins_rules_by_hand():
    # Three imputations: W = 4, B = 1, T = 4 + 4/3 = 16/3, lambda = 1/4.
    found = pooled([9.0, 10.0, 11.0], [2.0, 2.0, 2.0], 97)
    assert found.value == pytest.approx(10.0)
    assert found.error == pytest.approx(np.sqrt(16 / 3))
    old, observed = 2 / 0.25**2, 98 / 100 * 97 * 0.75
    assert found.df == pytest.approx(1 / (1 / old + 1 / observed))
    extra = (4 / 3) / 4
    assert found.missing_information == pytest.approx((extra + 2 / (found.df + 3)) / (extra + 1))


@given(
    values=st.lists(st.floats(-50, 50), min_size=2, max_size=30),
    error=st.floats(0.01, 10),
    df=st.floats(3, 500),
)
def test_pooling_never_gains_precision(values, error, df):
    found = pooled(values, [error] * len(values), df)
    assert found.error >= error - 1e-9
    assert found.df <= df + 1e-6
    assert 0 <= found.missing_information <= 1
    same = pooled([values[0]] * len(values), [error] * len(values), df)
    assert (same.value, same.error, same.missing_information) == (
        pytest.approx(values[0]), pytest.approx(error), pytest.approx(0, abs=1e-6)
    )  # fmt: skip
