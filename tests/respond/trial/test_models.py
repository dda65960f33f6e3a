"""The models: against statsmodels' own fits, and where they cannot be fitted."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from tests.respond.trial.plans import changed

from thymos.errors import BadInput
from thymos.respond.trial import models as module
from thymos.respond.trial import parse_plan
from thymos.respond.trial.data import OutcomeTable
from thymos.respond.trial.models import (
    MIXED,
    ROBUST,
    ancova,
    arm_f,
    change_scores,
    kruskal_p,
    last_scores,
    mixed_model,
    rank_test,
)
from thymos.respond.trial.simulation import Scenario, simulate


@pytest.fixture(scope="module")
def table(plan):
    return simulate(plan, Scenario({"both": -0.6}, dropout=0.2), 3).table(plan, "mood")


def long_of(table):
    people, times = table.values.shape
    return pd.DataFrame(
        {
            "y": table.values.ravel(),
            "person": np.repeat(np.arange(people), times),
            "time": np.tile(np.arange(times), people),
            "slope": np.tile(np.arange(times) / (times - 1), people),
            "arm": np.repeat(table.arms, times),
            "sex": np.repeat(table.strata[:, 0], times),
        }
    ).dropna()


@pytest.mark.parametrize(("fit", "formula"), [
    (ancova, "last ~ C(arm) + sex + base"), (last_scores, "last ~ C(arm) + sex"),
    (change_scores, "change ~ C(arm) + sex"),
])  # fmt: skip
def test_least_squares_are_those_of_statsmodels(table, fit, formula):
    complete = table.only(table.complete)
    frame = pd.DataFrame(
        {"last": complete.last, "base": complete.base, "arm": complete.arms, "sex": complete.strata[:, 0]}
    ).assign(change=complete.last - complete.base)
    theirs, ours = smf.ols(formula, frame).fit(), fit(complete)
    names = ["C(arm)[T.1]", "C(arm)[T.2]"]
    np.testing.assert_allclose(ours.estimates, theirs.params[names])
    np.testing.assert_allclose(ours.covariance, theirs.cov_params().loc[names, names])
    assert (ours.df, ours.n) == (theirs.df_resid, len(frame))
    between = theirs.t_test("C(arm)[T.2] - C(arm)[T.1] = 0")
    assert ours.contrast(2, 1) == pytest.approx((between.effect.item(), between.sd.item()))
    assert ours.contrast(1, 1) == (0.0, 0.0)


def test_f_of_the_arm(table):
    complete = table.only(table.complete)
    frame = pd.DataFrame(
        {"last": complete.last, "base": complete.base, "arm": complete.arms, "sex": complete.strata[:, 0]}
    )
    row = sm.stats.anova_lm(smf.ols("last ~ C(arm) + sex + base", frame).fit(), typ=2).loc["C(arm)"]
    f, between, within = arm_f(complete)
    assert (f, between) == pytest.approx((row["F"], row["df"]))
    assert within == len(frame) - 5


def test_the_mixed_model_is_that_of_statsmodels(table):
    ours = mixed_model(table)
    theirs = smf.mixedlm("y ~ C(arm) * C(time) + sex", long_of(table), groups="person", re_formula="~slope").fit()
    names = ["C(arm)[T.1]:C(time)[T.2]", "C(arm)[T.2]:C(time)[T.2]"]
    assert ours.analysis == MIXED
    np.testing.assert_allclose(ours.changes.estimates, theirs.params[names], atol=0.02)
    np.testing.assert_allclose(
        np.sqrt(np.diag(ours.changes.covariance)), theirs.bse[names], rtol=0.02
    )  # fmt: skip
    products = [name for name in theirs.params.index if ":C(time)" in name]
    wald = theirs.wald_test(np.eye(len(theirs.params))[[list(theirs.params.index).index(one) for one in products]])
    assert ours.wald_p == pytest.approx(float(wald.pvalue), rel=0.1)


def test_where_no_mixed_model_can_be_fitted_errors_are_by_participant(table, monkeypatch):
    monkeypatch.setattr(module, "fitted_mixed", lambda model: None)
    ours, long = mixed_model(table), long_of(table)
    theirs = smf.ols("y ~ C(arm) * C(time) + sex", long).fit(cov_type="cluster", cov_kwds={"groups": long["person"]})
    names = ["C(arm)[T.1]:C(time)[T.2]", "C(arm)[T.2]:C(time)[T.2]"]
    assert ours.analysis == ROBUST
    np.testing.assert_allclose(ours.changes.estimates, theirs.params[names])
    np.testing.assert_allclose(ours.changes.covariance, theirs.cov_params().loc[names, names])


def test_an_arm_without_a_middle_time_and_an_empty_stratum(table):
    values = table.values.copy()
    values[table.arms == 1, 1] = np.nan
    gaps = OutcomeTable(values, table.arms, np.column_stack([table.strata, np.zeros(len(table))]), None, 3)
    found = mixed_model(gaps)
    assert np.isfinite(found.changes.estimates).all()
    assert 0 <= found.wald_p <= 1
    assert ancova(gaps.only(gaps.complete)).df == gaps.complete.sum() - 5


def test_two_times_are_enough():
    plan = parse_plan(changed(times=["before", "after"]))
    found = mixed_model(simulate(plan, Scenario({"both": -1.0}), 2).table(plan, "mood"))
    assert found.changes.contrast(2, 0)[0] < 0


def test_arms_that_the_strata_tell_and_too_few_people_are_refused(table):
    arms = (table.strata[:, 0] > 0).astype(np.int64)
    same = OutcomeTable(table.values, arms, table.strata, None, 2)
    with pytest.raises(BadInput, match="cannot be told apart"):
        ancova(same.only(same.complete))
    with pytest.raises(BadInput, match="too few"):
        ancova(table.only(np.arange(len(table)) < 3))


def test_nothing_crashes_without_people(table):
    nobody = table.only(np.zeros(len(table), dtype=bool))
    assert np.isnan(arm_f(nobody)[0])
    assert np.isnan(kruskal_p(nobody))
    empty = np.empty(0)
    for own, other in ((empty, empty), (np.ones(3), empty), (np.ones(3), np.ones(2))):
        assert np.isnan(rank_test(own, other).p)
    with pytest.raises(BadInput, match="too few"):
        ancova(nobody)


def test_a_fit_without_error_has_none_from_rounding(table):
    values = np.repeat(table.base[:, None], 3, axis=1)
    fit = ancova(OutcomeTable(values, table.arms, table.strata, None, 3))
    assert fit.spread == 0
    assert np.isnan(arm_f(OutcomeTable(values, table.arms, table.strata, None, 3))[0])
