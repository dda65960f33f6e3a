"""Simulated trials are what was asked: effects, correlation, dropout and its reasons, arms as randomized."""

import numpy as np
import pytest
from tests.respond.trial.plans import changed

from thymos.errors import BadInput
from thymos.respond.trial import Randomizer, Scenario, parse_plan, simulate, simulate_trial
from thymos.respond.trial.simulation import DROPOUTS, spread_of

MANY = 4000


def test_values_have_the_effect_and_correlation_that_was_asked(plan):
    trial = simulate(plan, Scenario({"both": {"mood": 1.0, "sleep": -0.5}}, n=MANY, correlation=0.6), 9)
    for outcome, effect in (("mood", 1.0), ("sleep", -0.5)):
        values = trial.values[outcome] / spread_of(plan, outcome)
        both, control = (values[trial.arms == place] for place in (2, 0))
        assert np.corrcoef(control.T)[0, 1] == pytest.approx(0.6, abs=0.05)
        assert np.corrcoef(control.T)[0, 2] == pytest.approx(0.36, abs=0.06)
        for time, share in enumerate((0, 0.5, 1)):  # effects grow evenly
            assert both[:, time].mean() - control[:, time].mean() == pytest.approx(share * effect, abs=0.12)
        assert control.std(axis=0) == pytest.approx(np.ones(3), abs=0.05)
    low, high = trial.values["mood"].min(), trial.values["mood"].max()
    assert 0 <= low < high <= 27


def test_arms_are_those_of_the_randomizer(plan):
    trial = simulate(plan, Scenario({}), 5)
    names = np.array([arm.name for arm in plan.arms])
    for sex in ("female", "male"):
        own = names[trial.arms[trial.strata["sex"] == sex]]
        assert list(own) == Randomizer(plan, 5).arms(len(own), {"sex": sex})


@pytest.mark.parametrize("drop", DROPOUTS)
def test_people_leave_for_the_reason_that_was_asked(plan, drop):
    shares = {"control": 0.1, "both": 0.4}
    trial = simulate(plan, Scenario({}, n=MANY, dropout=shares, drop=drop), 2)
    whole = simulate(plan, Scenario({}, n=MANY), 2)
    gone = np.isnan(trial.values["mood"][:, 2])
    for place, arm in enumerate(plan.arms):
        assert gone[trial.arms == place].mean() == pytest.approx(shares.get(arm.name, 0.0), abs=0.01)
    assert np.array_equal(gone, np.isnan(trial.values["sleep"][:, 2]))
    assert np.isfinite(trial.values["mood"][:, :2]).all()
    assert not trial.completed[gone].any()
    own = trial.arms == 2
    values = whole.values["mood"] / spread_of(plan)
    differences = [values[own & gone, time].mean() - values[own & ~gone, time].mean() for time in range(3)]
    at = {"by baseline": 0, "by course": 1, "by outcome": 2}.get(drop)
    if at is None:
        assert np.abs(differences).max() < 0.15
    else:
        assert np.argmax(differences) == at
        assert differences[at] > 0.8


def test_who_does_not_follow_has_no_effect(plan):
    trial = simulate(plan, Scenario({"both": 2.0}, n=MANY, nonadherence=0.3), 4)
    both = trial.arms == 2
    assert trial.completed[trial.arms == 0].all()
    assert trial.completed[both].mean() == pytest.approx(0.7, abs=0.04)
    last = trial.values["mood"][:, 2] / spread_of(plan)
    control = last[trial.arms == 0].mean()
    assert last[both & ~trial.completed].mean() == pytest.approx(control, abs=0.15)
    assert last[both & trial.completed].mean() == pytest.approx(control + 2, abs=0.15)


def test_the_table_is_the_arrays(plan):
    trial, table = simulate(plan, Scenario({}, dropout=0.2), 3), simulate_trial(plan, {}, seed=3, dropout=0.2)
    wide = table.pivot(index="participant", columns="time", values="sleep")[list(plan.times)]
    np.testing.assert_array_equal(wide.to_numpy(), trial.values["sleep"])
    assert set(table["plan"]) == {plan.hash}
    first = table.groupby("participant").first()
    assert first["sex"].tolist() == list(trial.strata["sex"])
    assert first["completed"].tolist() == trial.completed.tolist()
    again = simulate_trial(plan, {}, seed=3, dropout=0.2)
    assert table.equals(again)
    assert not table.equals(simulate_trial(plan, {}, seed=4, dropout=0.2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effects": {"x": 1}}, "no arm 'x'"),
        ({"effects": {"both": {"joy": 1}}}, "no outcome 'joy'"),
        ({"effects": {"control": 0.2}}, "control, which has none"),
        ({"effects": {}, "correlation": 1.0}, "correlation"),
        ({"effects": {}, "dropout": 0.95}, "dropout"),
        ({"effects": {}, "dropout": {"x": 0.1}}, "no arm 'x'"),
        ({"effects": {}, "nonadherence": 1.5}, "nonadherence"),
        ({"effects": {}, "drop": "by mood"}, "people drop out"),
        ({"effects": {}, "n": 5}, "too few"),
    ],
)
def test_impossible_simulations_are_refused(plan, options, message):
    with pytest.raises(BadInput, match=message):
        simulate_trial(plan, seed=1, **options)


def test_manipulative_arms_can_be_simulated():
    plan = parse_plan(changed(arms=[{"name": "a"}, {"name": "b", "manipulative": True}]))
    assert len(simulate_trial(plan, {"b": 0.5}, seed=1, n=20)) == 60
