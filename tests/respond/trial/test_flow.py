"""CONSORT counts and missing values, against counting by hand."""

import numpy as np
import pytest

from thymos.respond.trial import TrialEvent, simulate_trial
from thymos.respond.trial.data import OutcomeTable, checked_data, outcome_table
from thymos.respond.trial.flow import flow_of, missing_shares


def table_of(plan, values, arms, completed=None):
    values, arms = np.asarray(values, dtype=float), np.asarray(arms)
    done = None if completed is None else np.asarray(completed)
    return OutcomeTable(values, arms, np.empty((len(arms), 0)), done, len(plan.arms))


VALUES = [[1, 2, 3], [1, np.nan, 3], [1, 2, np.nan], [np.nan, 2, 3], [1, 2, 3], [1, np.nan, np.nan]]
ARMS = [0, 0, 1, 1, 2, 2]


def test_every_step_is_counted(plan):
    flow = flow_of(plan, table_of(plan, VALUES, ARMS, [True, False, True, True, True, True]))
    control, exercises, both = flow.arms
    assert control.measured == {"before": 2, "middle": 1, "after": 2}
    assert (control.randomized, control.analyzed, control.complete, control.per_protocol) == (2, 2, 2, 1)
    assert (exercises.complete, exercises.per_protocol) == (0, 0)  # as planned, and without first or last time
    assert (both.measured["after"], both.complete, both.per_protocol) == (1, 1, 1)
    assert (control.withdrew, flow.consented) == (None, None)
    shown = flow.table()
    assert list(shown.columns) == [
        "randomized", "measured at before", "measured at middle", "measured at after", "intention to treat",
        "complete cases", "per protocol",
    ]  # fmt: skip
    assert shown.loc["both", "complete cases"] == 1


def test_what_nobody_knows_is_left_out(plan):
    flow = flow_of(plan, table_of(plan, VALUES, ARMS))
    assert flow.arms[0].per_protocol is None
    assert "per protocol" not in flow.table().columns
    assert "withdrew" not in flow.table().columns


def event(kind, who, **values):
    return TrialEvent(kind, who, values, "", "")


def test_the_log_tells_who_left_and_who_is_not_in_the_data(plan):
    events = [event("consented", code) for code in "abcdefghi"]
    events += [event("randomized", code, arm=plan.arms[arm].name) for code, arm in zip("abcdef", ARMS, strict=True)]
    events += [event("randomized", "g", arm="both"), event("withdrew", "g"), event("deleted", "g")]
    events += [event("randomized", "h", arm="both"), event("deleted", "h"), event("withdrew", "a")]
    flow = flow_of(plan, table_of(plan, VALUES, ARMS), events)
    both = flow.arms[2]
    assert (both.randomized, both.withdrew, both.deleted, both.analyzed) == (4, 2, 2, 2)
    assert (flow.arms[0].withdrew, flow.arms[1].withdrew) == (1, 0)
    assert flow.consented == 9
    for arm in flow.arms:
        assert arm.randomized == arm.analyzed + arm.deleted


def test_missing_shares_are_by_arm_and_time(plan):
    data = checked_data(plan, simulate_trial(plan, {}, seed=1, dropout={"both": 0.4, "control": 0.1}))
    tables = {one.name: outcome_table(plan, data, one) for one in plan.outcomes}
    shares = missing_shares(plan, tables)
    assert shares.index.tolist() == [(one.name, time) for one in plan.outcomes for time in plan.times]
    for (outcome, time), row in shares.iterrows():
        own = data[data["time"] == time].groupby("arm")[outcome].agg(lambda values: values.isna().mean())
        assert row.to_dict() == pytest.approx(own.to_dict())
    assert shares.loc[("mood", "after"), "both"] == pytest.approx(0.4, abs=0.02)
    assert shares.loc[("mood", "after"), "exercises_only"] == 0
