"""Data that do not belong to a plan are one clear error each; the arrays are what the table says."""

import numpy as np
import pandas as pd
import pytest
from tests.respond.trial.plans import changed

from thymos.errors import BadInput
from thymos.respond.trial import parse_plan, simulate_trial
from thymos.respond.trial.data import checked_data, checked_flags, outcome_table


@pytest.fixture(scope="module")
def data(plan):
    return simulate_trial(plan, {}, seed=1, n=60, dropout=0.2)


def put(column, value, rows=0):
    def change(data):
        data[column] = data[column].astype(object)
        data.loc[rows, column] = value
        return data

    return change


def another_arm(data):
    own = data.loc[0, "arm"]
    data.loc[0, "arm"] = "both" if own != "both" else "control"
    return data


def another_sex(data):
    data.loc[0, "sex"] = "male" if data.loc[0, "sex"] == "female" else "female"
    return data


FAULTS = {
    "no column 'mood'": lambda data: data.drop(columns="mood"),
    "no column 'sex'": lambda data: data.drop(columns="sex"),
    "there are no data": lambda data: data.iloc[:0],
    "row 1: arm 'other' is not in the plan": put("arm", "other"),
    "row 1: arm nan is not in the plan": put("arm", np.nan),
    "row 1: time 'never' is not in the plan": put("time", "never"),
    "row 2: sex None is not in the plan": put("sex", None, 1),
    "row 3 has no participant": put("participant", np.nan, 2),
    "row 1 has no participant": put("participant", " "),
    "participant 0 is there twice at before": lambda data: pd.concat([data, data.iloc[:1]]),
    "participant 0 is in two arms": another_arm,
    "participant 0 is in two values of sex": another_sex,
    "row 1: mood 'high' is no number": put("mood", "high"),
    "row 1: mood 99 is outside 0 to 27": put("mood", 99),
    "row 1: mood inf is outside 0 to 27": put("mood", np.inf),
    "row 5: sleep -0.5 is outside 0 to 28": put("sleep", "-0.5", 4),
    "arm 'both' has no participants": lambda data: data[data["arm"] != "both"],
    "sleep never varies": lambda data: data.assign(sleep=3.0),
    "mood never varies": lambda data: data.assign(mood=np.nan),
    "row 1: completed is 'perhaps'": put("completed", "perhaps"),
}


@pytest.mark.parametrize("message", FAULTS)
def test_bad_data_are_one_clear_error(plan, data, message):
    with pytest.raises(BadInput) as caught:
        checked_data(plan, FAULTS[message](data.copy()))
    assert message in str(caught.value)
    assert str(caught.value).startswith("trial data: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("time", ["before", "after"])
def test_an_arm_without_values_cannot_be_imputed(plan, data, time):
    data = data.copy()
    data.loc[(data["arm"] == "both") & (data["time"] == time), "sleep"] = np.nan
    checked = checked_data(plan, data)
    with pytest.raises(BadInput, match=f"arm 'both' has fewer than two values of sleep at {time}"):
        outcome_table(plan, checked, plan.outcomes[1])


def test_good_data_stay_as_they_are(plan, data):
    given = data.copy()
    checked = checked_data(plan, data)
    pd.testing.assert_frame_equal(data, given)
    pd.testing.assert_frame_equal(checked, data)


def test_words_become_numbers_and_truth_values(plan, data):
    words = data.astype(object).where(data.notna(), None)
    words["mood"] = words["mood"].map(lambda value: None if value is None else str(value))
    words["completed"] = words["completed"].map({True: "Yes", False: None})
    checked = checked_data(plan, words)
    np.testing.assert_allclose(checked["mood"], data["mood"])
    assert (checked["completed"] == data["completed"]).all()
    assert checked_flags(pd.Series([1.0, 0, "TRUE", " no", np.nan])).tolist() == [True, False, True, False, False]


def test_arrays_are_what_the_table_says(plan, data):
    shuffled = checked_data(plan, data.sample(frac=1, random_state=0))
    table = outcome_table(plan, shuffled, plan.primary)
    assert table.values.shape == (60, 3)
    for row, (code, own) in enumerate(data.groupby("participant")):
        one = own.set_index("time")
        np.testing.assert_array_equal(table.values[row], one.loc[list(plan.times), "mood"], err_msg=str(code))
        assert plan.arms[table.arms[row]].name == one["arm"].iloc[0]
        assert table.strata[row, 0] == (one["sex"].iloc[0] == "male")
        assert table.completed[row] == one["completed"].iloc[0]
    assert table.design.shape == (60, 4)
    assert (table.design[:, 1] == (table.arms == 1)).all()
    kept = table.only(table.complete)
    assert len(kept) == np.isfinite(table.last).sum()
    assert kept.design.shape == (len(kept), 4)


def test_people_without_a_row_at_some_time_have_a_gap(plan, data):
    fewer = data.drop(index=data.index[(data["participant"] == 4) & (data["time"] == "middle")])
    table = outcome_table(plan, checked_data(plan, fewer), plan.primary)
    assert np.isnan(table.values[4, 1])
    assert len(table) == 60


def test_without_strata_and_completed():
    plan = parse_plan(changed(strata={}))
    data = simulate_trial(plan, {}, seed=1, n=30).drop(columns="completed")
    table = outcome_table(plan, checked_data(plan, data), plan.primary)
    assert table.strata.shape == (30, 0)
    assert table.completed is None
    assert table.only(table.arms == 0).completed is None
