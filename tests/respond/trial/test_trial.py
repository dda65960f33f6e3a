"""Trials: plans that are refused, balance, a log that notices changes, and an analysis that finds known effects."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.trial import (
    EventLog,
    Randomizer,
    TrialPlan,
    analyze_trial,
    imbalance,
    parse_plan,
    power_by_simulation,
    read_plan,
    simulate_trial,
)
from thymos.respond.trial.analysis import MIXED, ROBUST
from thymos.respond.trial.simulation import spread_of

PLAN = """
name: three_arms
title: Writing and talking
question: Do exercises, and a companion beside them, lower low mood?
participants: simulated
arms:
  - {name: control}
  - {name: exercises_only, uses: [exercises]}
  - {name: both, uses: [exercises, companion]}
strata: {sex: [female, male]}
outcomes:
  - {name: mood, title: Low mood, low: 0, high: 27, questionnaire: phq9, primary: true}
  - {name: sleep, title: Trouble sleeping, low: 0, high: 28}
times: [before, middle, after]
sample_size: 150
"""
MANIPULATIVE = [{"name": "a"}, {"name": "b", "manipulative": True}]


@pytest.fixture(scope="module")
def plan() -> TrialPlan:
    return parse_plan(PLAN)


def changed(**values) -> str:
    import yaml

    return yaml.safe_dump(yaml.safe_load(PLAN) | values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "table"),
        ("a: [", "YAML"),
        (changed(arms=[{"name": "one"}]), "arms"),
        (changed(arms=[{"name": "a"}, {"name": "a"}]), "same name"),
        (changed(participants="human"), "consent"),
        (changed(participants="human", consent="c", debrief="d", safety="s", arms=MANIPULATIVE), "manipulative"),
        (changed(block_sizes=[4]), "multiples of 3"),
        (changed(strata={"sex": ["female"]}), "two values"),
        (changed(outcomes=[{"name": "a", "title": "A", "low": 0, "high": 1}]), "primary"),
        (changed(outcomes=[{"name": "a", "title": "A", "low": 1, "high": 1, "primary": True}]), "low"),
        (changed(more=1), "more"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be_are_refused(text, message):
    with pytest.raises(BadInput, match=message):
        parse_plan(text)


def test_manipulation_is_for_simulated_participants_only():
    assert parse_plan(changed(arms=MANIPULATIVE)).arms[1].manipulative


def test_a_plan_is_frozen_by_its_hash(plan, tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    assert read_plan(tmp_path / "plan.yaml").hash == plan.hash
    assert parse_plan(changed(alpha=0.01)).hash != plan.hash
    with pytest.raises(BadInput, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")


# -- randomization ----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 200), sex=st.sampled_from(["female", "male"]))
def test_blocks_keep_the_arms_balanced_at_any_time(seed, count, sex):
    plan = parse_plan(PLAN)
    arms = Randomizer(plan, seed).arms(count, {"sex": sex})
    assert imbalance(arms, plan) <= max(plan.blocks) / len(plan.arms)
    assert arms == Randomizer(plan, seed).arms(count, {"sex": sex})
    assert arms == Randomizer(plan, seed).arms(count + 7, {"sex": sex})[:count]


def test_shares_are_kept():
    plan = parse_plan(changed(arms=[{"name": "a"}, {"name": "b", "share": 2}], strata={}))
    arms = Randomizer(plan, 1).arms(900)
    assert abs(arms.count("b") / 900 - 2 / 3) < 0.02


def test_strata_have_lists_of_their_own(plan):
    one = Randomizer(plan, 3)
    assert one.arms(60, {"sex": "female"}) != one.arms(60, {"sex": "male"})
    assert one.arm(5, {"sex": "male"}) == one.arms(6, {"sex": "male"})[5]
    for stratum in ({}, {"sex": "other"}, {"sex": "male", "age": "old"}):
        with pytest.raises(BadInput, match=r"stratum"):
            one.arm(0, stratum)


# -- log --------------------------------------------------------------------------------------------------------------


def test_a_log_goes_on_and_tells_the_state(tmp_path, plan):
    log = EventLog(tmp_path / "log" / "events.jsonl", plan.hash)
    assert log.state("p1") == "unknown"
    log.add("consented", "p1")
    log.add("randomized", "p1", arm="both")
    log.add("measured", "p1", outcome="mood", value=12)
    again = EventLog(log.path, plan.hash)
    assert again.state("p1") == "randomized"
    again.add("withdrew", "p1")
    assert EventLog(log.path, plan.hash).state("p1") == "withdrew"
    assert [event.kind for event in again.of("p1")] == ["consented", "randomized", "measured", "withdrew"]


def test_changes_are_noticed(tmp_path, plan):
    path = tmp_path / "events.jsonl"
    log = EventLog(path, plan.hash)
    for number in range(3):
        log.add("measured", "p1", value=number)
    lines = path.read_text().splitlines()
    for place in range(3):
        row = json.loads(lines[place])
        row["values"]["value"] = 99
        path.write_text("\n".join([*lines[:place], json.dumps(row), *lines[place + 1 :]]) + "\n")
        with pytest.raises(BadInput, match=f"line {place + 1}"):
            EventLog(path, plan.hash)
    path.write_text("\n".join([lines[0], lines[2]]) + "\n")
    with pytest.raises(BadInput, match="line 2"):
        EventLog(path, plan.hash)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(BadInput, match="line 1"):
        EventLog(path, "another plan")


@pytest.mark.parametrize(
    ("kind", "participant", "values"), [("laughed", "p", {}), ("used", " ", {}), ("used", "p", {"text": "x" * 81})]
)
def test_what_does_not_belong_into_a_log_is_refused(tmp_path, plan, kind, participant, values):
    log = EventLog(tmp_path / "events.jsonl", plan.hash)
    with pytest.raises(BadInput):
        log.add(kind, participant, **values)
    assert not log.path.exists()


def test_every_event_that_was_added_survives_kill_9(tmp_path, plan):
    code = textwrap.dedent(
        """
        import sys
        from thymos.respond.trial import EventLog
        log = EventLog(sys.argv[1], sys.argv[2])
        for number in range(100000):
            log.add("measured", "p1", value=number)
            print(number, flush=True)
        """
    )
    path = tmp_path / "events.jsonl"
    process = subprocess.Popen([sys.executable, "-c", code, str(path), plan.hash], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    added = 20 + len([one for one in rest if one.isdigit()])
    with path.open("a") as file:
        file.write('{"kind": "meas')
    log = EventLog(path, plan.hash)
    assert len(log.events) >= added - 1
    assert [event.values["value"] for event in log.events] == list(range(len(log.events)))
    log.add("finished", "p1")
    assert EventLog(path, plan.hash).state("p1") == "finished"


# -- analysis ---------------------------------------------------------------------------------------------------------


def effects_of(result, arm, analysis, outcome="mood"):
    (one,) = [e for e in result.effects if (e.arm, e.analysis, e.outcome) == (arm, analysis, outcome)]
    return one


def test_complete_cases_equal_statsmodels(plan):
    data = simulate_trial(plan, {"both": -0.5}, seed=2, dropout=0.2)
    result = analyze_trial(plan, data)
    wide = data.pivot(index="participant", columns="time", values="mood").join(
        data.groupby("participant")[["arm", "sex"]].first()
    )
    fit = smf.ols(
        "after ~ before + C(arm, Treatment('control')) + C(sex)", wide.dropna(subset=["before", "middle", "after"])
    ).fit()
    name = "C(arm, Treatment('control'))[T.both]"
    found = effects_of(result, "both", "complete cases")
    assert found.estimate == pytest.approx(fit.params[name])
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int().loc[name]))
    assert found.p == pytest.approx(fit.pvalues[name])


def test_without_gaps_imputation_changes_nothing(plan):
    result = analyze_trial(plan, simulate_trial(plan, {"both": -0.5}, seed=1))
    one, other = (effects_of(result, "both", name) for name in ("intention to treat", "complete cases"))
    assert one.estimate == pytest.approx(other.estimate)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=0.02)
    assert one.n == 150


def test_a_large_effect_is_found_by_every_analysis_and_none_by_none(plan):
    result = analyze_trial(plan, simulate_trial(plan, {"both": -1.2}, seed=5, n=240, dropout=0.15))
    expected = -1.2 * spread_of(plan)
    repeated = MIXED if any(one.analysis == MIXED and one.outcome == "mood" for one in result.effects) else ROBUST
    for analysis in ("intention to treat", "complete cases", "per protocol", repeated):
        found = effects_of(result, "both", analysis)
        assert found.low < expected < found.high
        assert found.p < 0.001
        assert found.p <= found.p_holm <= 1
        assert effects_of(result, "exercises_only", analysis).p > 0.001
    assert effects_of(result, "both", "complete cases").d < -0.5
    assert result.tests.loc["mood", "kruskal_p"] < 0.001
    row = result.tests.loc["mood"]
    assert 0 < row["low"] <= row["partial_eta_squared"] <= row["high"] < 1
    assert any("simulated" in note for note in result.notes)


def test_the_flow_counts_everybody(plan):
    data = simulate_trial(plan, {}, seed=3, dropout=0.3)
    result = analyze_trial(plan, data)
    assert result.flow["randomized"].sum() == 150
    assert result.flow["measured at after"].sum() == pytest.approx(105, abs=2)
    assert result.missing.loc[("mood", "before")].max() == 0
    assert result.missing.loc[("mood", "after")].mean() == pytest.approx(0.3, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("drop", ["at random", "by baseline"])
def test_intervals_cover_the_truth_as_often_as_they_say(plan, drop):
    hits = trials = 0
    for seed in range(300):
        data = simulate_trial(plan, {"both": -0.4}, seed=seed, dropout=0.25, drop=drop)
        found = effects_of(analyze_trial(plan, data), "both", "intention to treat")
        hits += found.low <= -0.4 * spread_of(plan) <= found.high
        trials += 1
    assert 0.915 <= hits / trials <= 0.98


def test_power_is_that_of_the_textbook():
    outcome = {"name": "mood", "title": "m", "low": 0, "high": 100, "primary": True}
    plan = parse_plan(changed(arms=[{"name": "a"}, {"name": "b"}], strata={}, outcomes=[outcome]))
    found = power_by_simulation(plan, {"b": 0.5}, arm="b", trials=200, n=120, correlation=0.0)
    # Two groups of 60, d = 0.5, alpha .05: power .78 (Cohen, 1988).
    assert found.low <= 0.78 <= found.high
    none = power_by_simulation(plan, {}, arm="b", trials=200, n=60)
    assert none.low <= 0.05 <= none.high
    with pytest.raises(BadInput, match="control"):
        power_by_simulation(plan, {}, arm="a", trials=1)


def test_another_plan_needs_a_reason(plan):
    data = simulate_trial(plan, {}, seed=1, n=60)
    with pytest.raises(BadInput, match="another plan"):
        analyze_trial(plan, data, plan_hash="x")
    result = analyze_trial(plan, data, plan_hash="x", amended="a typing mistake")
    assert any("typing mistake" in note for note in result.notes)


def spoil(data: pd.DataFrame, what: str) -> pd.DataFrame:
    data = data.copy()
    if what == "column":
        return data.drop(columns="mood")
    if what == "empty":
        return data.iloc[:0]
    if what == "arm":
        data.loc[0, "arm"] = "other"
    if what == "time":
        data.loc[0, "time"] = "never"
    if what == "twice":
        return pd.concat([data, data.iloc[:1]])
    if what == "two arms":
        data.loc[data.index[data["participant"] == 0][0], "arm"] = "both" if data.loc[0, "arm"] != "both" else "control"
    if what == "no number":
        data["mood"] = data["mood"].astype(object)
        data.loc[0, "mood"] = "high"
    if what == "range":
        data.loc[0, "mood"] = 99
    if what == "nobody":
        return data[data["arm"] != "both"]
    if what == "constant":
        data["sleep"] = 3.0
    return data


SPOILED = ("column", "empty", "arm", "time", "twice", "two arms", "no number", "range", "nobody", "constant")


@pytest.mark.parametrize("what", SPOILED)
def test_bad_data_are_one_clear_error(plan, what):
    data = simulate_trial(plan, {}, seed=1, n=60)
    with pytest.raises(BadInput):
        analyze_trial(plan, spoil(data, what))


def test_impossible_simulations_are_refused(plan):
    for options in ({"effects": {"x": 1}}, {"effects": {}, "correlation": 1.0}, {"effects": {}, "dropout": 0.95}):
        with pytest.raises(BadInput):
            simulate_trial(plan, seed=1, **options)


def test_simulated_data_are_what_was_asked(plan):
    data = simulate_trial(plan, {"both": 1.0}, seed=9, n=3000, correlation=0.6)
    wide = data.pivot(index="participant", columns="time", values="mood") / spread_of(plan)
    arms = data.groupby("participant")["arm"].first()
    assert np.corrcoef(wide["before"], wide["middle"])[0, 1] == pytest.approx(0.55, abs=0.08)
    assert (wide["after"][arms == "both"].mean() - wide["after"][arms == "control"].mean()) == pytest.approx(
        1, abs=0.15
    )
