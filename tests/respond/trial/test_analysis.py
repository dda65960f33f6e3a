"""The registered analysis: equal to statsmodels where it can be, true effects found, no crash where data are odd."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from tests.respond.trial.plans import changed

from thymos.errors import BadInput
from thymos.measure.significance import holm
from thymos.respond.trial import analyze_trial, parse_plan, simulate_trial
from thymos.respond.trial.analysis import (
    COMPLETE,
    INTENTION,
    MIXED,
    PROTOCOL,
    ROBUST,
    interval_of,
    last_d,
    pooled_d,
)
from thymos.respond.trial.data import checked_data, outcome_table
from thymos.respond.trial.effect_intervals import Sized
from thymos.respond.trial.imputation import imputations, pooled
from thymos.respond.trial.models import ancova
from thymos.respond.trial.simulation import spread_of


def effect_of(result, arm, analysis, outcome="mood", against="control"):
    (one,) = [
        e for e in result.effects if (e.arm, e.against, e.analysis, e.outcome) == (arm, against, analysis, outcome)
    ]
    return one


def wide(data, outcome="mood"):
    first = data.groupby("participant")[["arm", "sex", "completed"]].first()
    return data.pivot(index="participant", columns="time", values=outcome).join(first)


# -- against statsmodels and by hand ----------------------------------------------------------------------------------


@pytest.mark.parametrize("analysis", [COMPLETE, PROTOCOL])
@pytest.mark.parametrize("against", ["control", "exercises_only"])
def test_ancova_equals_statsmodels(against, analysis):
    plan = parse_plan(changed(analysis={"contrasts": [["both", against]]}))
    data = simulate_trial(plan, {"both": -0.5}, seed=2, dropout=0.2, nonadherence=0.2)
    result = analyze_trial(plan, data)
    table = wide(data).dropna(subset=["before", "after"])
    if analysis == PROTOCOL:
        table = table[table["completed"].astype(bool)]
    fit = smf.ols(f"after ~ before + C(arm, Treatment('{against}')) + C(sex)", table).fit()
    name = f"C(arm, Treatment('{against}'))[T.both]"
    found = effect_of(result, "both", analysis, against=against)
    assert found.estimate == pytest.approx(fit.params[name])
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int().loc[name]))
    assert found.p == pytest.approx(fit.pvalues[name])
    assert found.n == len(table)
    own, other = (table.loc[table["arm"] == arm, "after"] for arm in ("both", against))
    spread = np.sqrt(((len(own) - 1) * own.var() + (len(other) - 1) * other.var()) / (len(own) + len(other) - 2))
    assert found.d == pytest.approx((own.mean() - other.mean()) / spread)
    assert found.d_low < found.d < found.d_high


def test_intention_to_treat_is_rubins_rules_over_the_imputed_tables(plan):
    data = simulate_trial(plan, {"both": -0.5}, seed=4, dropout=0.3, drop="by course")
    found = effect_of(analyze_trial(plan, data), "both", INTENTION)
    table = outcome_table(plan, checked_data(plan, data), plan.primary)
    fits = [ancova(one) for one in imputations(table, 20, np.random.default_rng([0, 0]))]
    whole = pooled(*zip(*(fit.contrast(2, 0) for fit in fits), strict=True), fits[0].df)
    assert found.estimate == pytest.approx(whole.value)
    reach = stats.t.ppf(0.975, whole.df) * whole.error
    assert (found.low, found.high) == pytest.approx((whole.value - reach, whole.value + reach))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(whole.value) / whole.error, whole.df))
    assert found.missing_information == pytest.approx(whole.missing_information)
    assert 0 < found.missing_information < 1
    assert found.n == 150


def test_without_gaps_imputation_changes_nothing(plan):
    result = analyze_trial(plan, simulate_trial(plan, {"both": -0.5}, seed=1))
    one, other = (effect_of(result, "both", name) for name in (INTENTION, COMPLETE))
    assert (one.estimate, one.low, one.high, one.p, one.d) == pytest.approx(
        (other.estimate, other.low, other.high, other.p, other.d)
    )
    assert one.missing_information == 0


def test_tests_over_all_arms_are_those_of_scipy_and_statsmodels(plan):
    data = simulate_trial(plan, {"both": -0.6}, seed=6, dropout=0.2)
    row = analyze_trial(plan, data).tests.loc["mood"]
    table = wide(data).dropna(subset=["before", "after"])
    change = table["after"] - table["before"]
    groups = [change[table["arm"] == arm.name] for arm in plan.arms]
    assert row["kruskal_p"] == pytest.approx(stats.kruskal(*groups).pvalue)
    full = smf.ols("after ~ before + C(arm) + C(sex)", table).fit()
    reduced = smf.ols("after ~ before + C(sex)", table).fit()
    assert row["partial_eta_squared"] == pytest.approx((reduced.ssr - full.ssr) / reduced.ssr)
    assert 0 <= row["low"] <= row["partial_eta_squared"] <= row["high"] < 1


def test_rank_rows_are_mann_whitney_of_the_changes(plan):
    data = simulate_trial(plan, {"both": -0.9}, seed=6)
    ranks = analyze_trial(plan, data).ranks.set_index(["outcome", "arm"])
    table = wide(data)
    change = table["after"] - table["before"]
    own, other = (change[table["arm"] == arm] for arm in ("both", "control"))
    found = ranks.loc[("mood", "both")]
    assert found["p"] == pytest.approx(stats.mannwhitneyu(own, other).pvalue)
    larger = np.mean([np.mean((one > other) + 0.5 * (one == other)) for one in own])
    assert found["rank_biserial"] == pytest.approx(2 * larger - 1)
    assert found["rank_biserial"] < 0


def test_holm_is_over_the_outcomes_of_a_contrast_and_analysis(plan):
    result = analyze_trial(plan, simulate_trial(plan, {"both": -0.4}, seed=11, dropout=0.1))
    for arm in ("exercises_only", "both"):
        for analysis in (INTENTION, COMPLETE, PROTOCOL):
            pair = [effect_of(result, arm, analysis, outcome.name) for outcome in plan.outcomes]
            assert [one.p_holm for one in pair] == pytest.approx(list(holm([one.p for one in pair])))


@pytest.mark.parametrize(("value", "error", "df"), [(1.0, 0.4, 12.5), (-3.0, 0.2, 200.0), (0.0, 1.0, float("inf"))])
def test_intervals_are_those_of_scipy(value, error, df):
    low, high, p = interval_of(value, error, df)
    spread = stats.norm if df == float("inf") else stats.t(df)
    assert (low, high) == pytest.approx((value + spread.ppf(0.025) * error, value + spread.ppf(0.975) * error))
    assert p == pytest.approx(2 * spread.sf(abs(value) / error))
    assert np.isnan(interval_of(1.0, 0.0, 5)[2])


# -- known effects ----------------------------------------------------------------------------------------------------


def test_a_large_effect_is_found_by_every_analysis_and_none_by_none(plan):
    result = analyze_trial(plan, simulate_trial(plan, {"both": -1.2}, seed=5, n=240, dropout=0.15))
    expected = -1.2 * spread_of(plan)
    repeated = MIXED if any(one.analysis == MIXED and one.outcome == "mood" for one in result.effects) else ROBUST
    for analysis in (INTENTION, COMPLETE, PROTOCOL, repeated):
        found = effect_of(result, "both", analysis)
        assert found.low < expected < found.high
        assert found.p < 0.001
        assert found.p <= found.p_holm <= 1
        assert effect_of(result, "exercises_only", analysis).p > 0.001
    assert effect_of(result, "both", COMPLETE).d < -0.5
    row = result.tests.loc["mood"]
    assert max(row["kruskal_p"], row["arm_by_time_p"]) < 0.001
    assert 0 < row["low"] <= row["partial_eta_squared"] <= row["high"] < 1
    assert result.notes == ("Participants are simulated: nothing follows for people.",)


def covered(plan, seeds, **options):
    """In how many trials the interval by intention to treat holds the true effect."""
    hits = 0
    for seed in seeds:
        data = simulate_trial(plan, {"both": -0.4}, seed=seed, **options)
        found = effect_of(analyze_trial(plan, data), "both", INTENTION)
        hits += found.low <= -0.4 * spread_of(plan) <= found.high
    return hits


QUICK_PLAN = changed(
    outcomes=[{"name": "mood", "title": "Low mood", "low": 0, "high": 27, "primary": True}],
    times=["before", "after"],
    analysis={"contrasts": [["both", "control"]], "imputations": 10},
)


def test_intervals_cover_the_truth_short():
    # Of 40 trials fewer than 33 would hold it by chance in 1 of 3 500.
    assert covered(parse_plan(QUICK_PLAN), range(40), n=60, dropout=0.25, drop="by baseline") >= 33


@pytest.mark.slow
@pytest.mark.parametrize("drop", ["at random", "by baseline", "by course"])
def test_intervals_cover_the_truth_as_often_as_they_say(plan, drop):
    assert 0.915 <= covered(plan, range(300), dropout=0.25, drop=drop) / 300 <= 0.98


# -- the plan and the hash --------------------------------------------------------------------------------------------


def test_another_plan_needs_a_reason(plan):
    data = simulate_trial(plan, {}, seed=1, n=60)
    with pytest.raises(BadInput, match="another plan"):
        analyze_trial(plan, data, plan_hash="x")
    with pytest.raises(BadInput, match="another plan"):
        analyze_trial(plan, data, plan_hash="x", amended="  ")
    result = analyze_trial(plan, data, plan_hash="x", amended="a typing mistake")
    assert any("typing mistake" in note for note in result.notes)
    assert analyze_trial(plan, data, plan_hash=plan.hash).notes == analyze_trial(plan, data).notes


def test_data_tell_under_which_plan_they_were_gathered(plan):
    amended = parse_plan(changed(alpha=0.01))
    data = simulate_trial(plan, {}, seed=1, n=60)
    with pytest.raises(BadInput, match="another plan"):
        analyze_trial(amended, data)
    assert any("more careful" in one for one in analyze_trial(amended, data, amended="more careful").notes)
    data.loc[0, "plan"] = "other"
    with pytest.raises(BadInput, match="several plans"):
        analyze_trial(plan, data, amended="x")
    assert any("Nobody knows" in one for one in analyze_trial(plan, data.drop(columns="plan")).notes)


def test_the_flow_counts_everybody(plan):
    result = analyze_trial(plan, simulate_trial(plan, {}, seed=3, dropout=0.3))
    assert result.flow["randomized"].sum() == 150
    assert result.flow["measured at after"].sum() == pytest.approx(105, abs=2)
    assert result.flow["complete cases"].equals(result.flow["measured at after"].rename("complete cases"))
    assert result.missing.loc[("mood", "before")].max() == 0
    assert result.missing.loc[("mood", "after")].mean() == pytest.approx(0.3, abs=0.03)


# -- odd data ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(plan):
    return simulate_trial(plan, {}, seed=1, n=60)


def base_of(data):
    return data["participant"].map(data[data["time"] == "before"].set_index("participant")["mood"])


def arm_unchanged(data):
    data["mood"] = data["mood"].where(data["arm"] != "both", base_of(data))


def all_unchanged(data):
    data["mood"] = base_of(data)


def two_arms_alike(data):
    data.loc[(data["time"] == "after") & (data["arm"] != "exercises_only"), "mood"] = 0.1


def all_alike(data):
    data.loc[data["time"] == "after", "mood"] = 0.1


def no_complete(data):
    odd = data["participant"] % 2 == 0
    data.loc[(odd & (data["time"] == "before")) | (~odd & (data["time"] == "after")), "mood"] = np.nan


def no_complete_no_middle(data):
    no_complete(data)
    data.loc[data["time"] == "middle", "mood"] = np.nan


def nobody_did_as_planned(data):
    data["completed"] = False


ODD = {
    arm_unchanged: (),
    all_unchanged: ("without error", "no rank test", "no partial eta"),
    two_arms_alike: ("no Cohen's d for both against control",),
    all_alike: ("no Cohen's d for both", "no Cohen's d for exercises_only", "without error", "no partial eta"),
    no_complete: ("nobody has both", "'complete cases'", "'per protocol'", "no rank test", "no partial eta"),
    no_complete_no_middle: ("nobody has both", "'complete cases'", "'per protocol'", "no rank test", "no partial eta"),
    nobody_did_as_planned: ("'per protocol'",),
}


@pytest.mark.parametrize("spoil", ODD)
def test_odd_data_give_notes_and_no_crash(plan, data, spoil):
    data = data.copy()
    spoil(data)
    result = analyze_trial(plan, data)
    told = [note for note in result.notes if note.startswith("mood: ")]
    assert len(told) == len(ODD[spoil])
    assert all(any(words in note for note in told) for words in ODD[spoil])
    for one in result.effects:
        assert np.isfinite([one.estimate, one.low, one.high]).all()
        assert one.low <= one.estimate <= one.high
        assert np.isnan(one.p) or 0 <= one.p <= 1
    assert result.table().shape[0] == len(result.effects)


def test_a_constant_arm_has_no_d_even_where_rounding_gives_one(plan, data):
    data = data.copy()
    two_arms_alike(data)  # the mean of many 0.1 is not 0.1
    result = analyze_trial(plan, data)
    for analysis in (INTENTION, COMPLETE):
        alike = effect_of(result, "both", analysis)
        assert np.isnan([alike.d, alike.d_low, alike.d_high]).all()
        assert np.isfinite(effect_of(result, "exercises_only", analysis).d)


def test_who_did_not_change_has_no_effect_and_no_p(plan, data):
    data = data.copy()
    all_unchanged(data)
    result = analyze_trial(plan, data)
    found = effect_of(result, "both", COMPLETE)
    assert (found.estimate, found.low, found.high) == pytest.approx((0, 0, 0), abs=1e-9)
    assert np.isnan(found.p)
    assert np.isnan(found.p_holm)
    sleep = effect_of(result, "both", COMPLETE, "sleep")
    assert sleep.p_holm == pytest.approx(sleep.p)  # nothing to correct over any more
    row = result.tests.loc["mood"]
    assert np.isnan([row["kruskal_p"], row["partial_eta_squared"], row["low"], row["high"]]).all()
    ranks = result.ranks[result.ranks["outcome"] == "mood"]
    assert ranks["p"].isna().all()


def test_few_people_are_one_clear_error():
    plan = parse_plan(changed(strata={"site": ["a", "b", "c", "d"]}))
    data = simulate_trial(plan, {}, seed=1, n=6)
    with pytest.raises(BadInput):
        analyze_trial(plan, data)


def test_d_over_imputations():
    same = Sized(0.5, 0.1, 0.9)
    assert pooled_d([same], 40) == same
    assert pooled_d([same] * 5, 400) == pytest.approx(same, abs=0.01)
    wider = pooled_d([Sized(0.3, -0.1, 0.7), same, Sized(0.7, 0.3, 1.1)], 400)
    assert wider.value == pytest.approx(0.5)
    assert wider.high - wider.low > 0.8
    assert np.isnan(pooled_d([same, Sized(np.nan, np.nan, np.nan)], 40).value)


def test_d_needs_two_people_an_arm(plan, data):
    table = outcome_table(plan, checked_data(plan, data), plan.primary)
    keep = np.flatnonzero(table.arms == 0)[:1]
    few = table.only(np.isin(np.arange(len(table)), keep) | (table.arms == 1))
    assert np.isnan(last_d(few, 0, 1).value)


# -- odd names --------------------------------------------------------------------------------------------------------


def test_odd_values_of_strata_break_nothing():
    values = ["it's", 'a "b" c', "größe = 3", "C(x)", "a/b: [1]", "日本 語"]
    outcomes = [
        {"name": "c", "title": 'O\'Neil "q" ~ ü', "low": 0, "high": 27, "primary": True},
        {"name": "class", "title": "x", "low": 0, "high": 9},
        {"name": "q", "title": "x", "low": 0, "high": 9},
    ]
    arms = [{"name": "np"}, {"name": "treatment"}, {"name": "intercept"}]
    plan = parse_plan(changed(strata={"t": values, "i": ["x y", "x  y"]}, outcomes=outcomes, arms=arms))
    data = simulate_trial(plan, {"intercept": -1.5}, seed=1, n=120, dropout=0.2)
    result = analyze_trial(plan, data)
    found = effect_of(result, "intercept", INTENTION, "c", "np")
    assert found.low < -1.5 * spread_of(plan) < found.high
    assert len(result.effects) == 3 * 2 * 4
    # What a stratum is called changes nothing.
    plain = parse_plan(changed(strata={"t": list("abcdef"), "i": ["x", "y"]}, outcomes=outcomes, arms=arms))
    renamed = data.assign(
        t=data["t"].map(dict(zip(values, "abcdef", strict=True))), i=data["i"].map({"x y": "x", "x  y": "y"})
    ).drop(columns="plan")
    pd.testing.assert_frame_equal(analyze_trial(plain, renamed).table(), result.table())
