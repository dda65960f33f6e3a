"""``thymos trial`` from a plan to its analysis."""

import pandas as pd
import pytest

PLAN = """
name: two_arms
title: Writing
question: Does it help?
participants: simulated
arms: [{name: control}, {name: both, uses: [exercises]}]
strata: {sex: [female, male]}
outcomes: [{name: mood, title: Low mood, low: 0, high: 27, primary: true}]
times: [before, after]
sample_size: 80
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def test_from_plan_to_analysis(thymos, plan, tmp_path):
    done = thymos("trial", "check", plan)
    assert done.status == 0, done.err
    assert "2 arms" in done.out
    data = tmp_path / "data.csv"
    assert thymos("trial", "simulate", plan, "--effect", "both=-1.5", "--dropout", "0.2", "--out", data).status == 0
    assert len(pd.read_csv(data)) == 160
    done = thymos("trial", "analyze", plan, data, "--out", tmp_path / "effects.csv")
    assert done.status == 0, done.err
    assert "simulated" in done.out
    effects = pd.read_csv(tmp_path / "effects.csv")
    assert {"intention to treat", "complete cases", "per protocol"} <= set(effects["analysis"])
    assert (effects["estimate"] < 0).all()


def test_another_hash_needs_a_reason(thymos, plan, tmp_path):
    data = tmp_path / "data.csv"
    thymos("trial", "simulate", plan, "--out", data)
    done = thymos("trial", "analyze", plan, data, "--plan-hash", "x")
    assert done.status == 2
    assert "another plan" in done.err
    assert thymos("trial", "analyze", plan, data, "--plan-hash", "x", "--amended", "typing").status == 0


def test_the_list_is_balanced_in_every_stratum(thymos, plan, tmp_path):
    out = tmp_path / "list.csv"
    assert thymos("trial", "randomize", plan, "--count", "48", "--seed", "3", "--out", out).status == 0
    counts = pd.read_csv(out).groupby(["sex", "arm"]).size()
    assert len(counts) == 4
    assert counts.max() - counts.min() <= 6
    assert thymos("trial", "randomize", plan, "--count", "2").out.startswith("sex,place,arm")


def test_power_has_an_interval(thymos, plan):
    done = thymos("trial", "power", plan, "--arm", "both", "--effect", "both=-2", "--trials", "20")
    assert done.status == 0, done.err
    assert done.out.startswith("power 1.000 [")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "none.yaml"), "cannot be read"),
        (("power", "PLAN", "--arm", "control", "--effect", "both=1"), "control"),
        (("power", "PLAN", "--arm", "both", "--effect", "both"), "ARM=SIZE"),
        (("analyze", "PLAN", "none.csv"), "cannot be read"),
    ],
)
def test_bad_input_is_one_line(thymos, plan, arguments, message):
    done = thymos("trial", *(str(plan) if one == "PLAN" else one for one in arguments))
    assert done.status == 2
    assert message in done.err
    assert "Traceback" not in done.err
