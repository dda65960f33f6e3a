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


def test_effects_by_outcome_and_dropout_by_arm(thymos, tmp_path):
    path, data = tmp_path / "plan.yaml", tmp_path / "data.csv"
    outcomes = "[{name: mood, title: M, low: 0, high: 27, primary: true}, {name: sleep, title: S, low: 0, high: 28}]"
    path.write_text(PLAN.replace("[{name: mood, title: Low mood, low: 0, high: 27, primary: true}]", outcomes))
    done = thymos(
        "trial", "simulate", path, "--effect", "both/sleep=-2", "--dropout", "both=0.5", "--drop", "by baseline",
        "--nonadherence", "0.1", "--out", data,
    )  # fmt: skip
    assert done.status == 0, done.err
    last = pd.read_csv(data).query("time == 'after'").groupby("arm")[["mood", "sleep"]].agg(["mean", "count"])
    assert last.loc["both", ("sleep", "mean")] < last.loc["control", ("sleep", "mean")] - 3
    assert abs(last.loc["both", ("mood", "mean")] - last.loc["control", ("mood", "mean")]) < 3
    assert last.loc["both", ("mood", "count")] == 20
    assert last.loc["control", ("mood", "count")] == 40


def test_the_report_is_a_page_and_a_figure(thymos, plan, tmp_path):
    data, page, flow = tmp_path / "data.csv", tmp_path / "trial.html", tmp_path / "flow.png"
    thymos("trial", "simulate", plan, "--dropout", "0.2", "--out", data)
    done = thymos("trial", "report", plan, data, "--html", page, "--flow", flow)
    assert done.status == 0, done.err
    assert done.out.split() == [str(page), str(flow)]
    assert "intention to treat" in page.read_text()
    assert flow.read_bytes().startswith(b"\x89PNG")
    done = thymos("trial", "report", plan, data, "--html", page, "--flow", tmp_path / "flow.pdf")
    assert done.status == 2
    assert ".svg or .png" in done.err


HUMAN = PLAN.replace("participants: simulated", "participants: human") + (
    "consent: You can leave.\ndebrief: It was about writing.\nsafety: Call 112 in danger.\n"
)


@pytest.fixture
def human(tmp_path):
    path = tmp_path / "human.yaml"
    path.write_text(HUMAN)
    return path


def test_a_person_from_consent_to_debrief(thymos, human, tmp_path, monkeypatch):
    log = tmp_path / "trial.jsonl"
    monkeypatch.setattr("typer.confirm", lambda *words, **options: False)
    done = thymos("trial", "enroll", human, log, "p01", "--stratum", "sex=female")
    assert done.status == 1
    assert "You can leave." in done.out
    assert "Nothing was noted" in done.out
    monkeypatch.setattr("typer.confirm", lambda *words, **options: True)
    done = thymos("trial", "enroll", human, log, "p01", "--stratum", "sex=female")
    assert done.status == 0, done.err
    assert "p01 may use: " in done.out
    again = thymos("trial", "enroll", human, log, "p01", "--stratum", "sex=female")
    assert again.out.strip() == done.out.strip().splitlines()[-1]
    assert thymos("trial", "measure", human, log, "p01", "mood", "before", "12").status == 0
    done = thymos("trial", "debrief", human, log, "p01")
    assert (done.status, "mood at after is missing" in done.err) == (2, True)
    assert thymos("trial", "measure", human, log, "p01", "mood", "after", "9").status == 0
    done = thymos("trial", "debrief", human, log, "p01")
    assert "It was about writing." in done.out
    assert thymos("trial", "enroll", human, log, "p02", "--stratum", "sex=male", "--agreed").status == 0
    done = thymos("trial", "withdraw", human, log, "p02", "--delete")
    assert "0 events were emptied" in done.out
    done = thymos("trial", "status", human, log)
    assert "withdrew, data deleted" in done.out
    assert "last hash" in done.out
    assert thymos("trial", "data", human, log, "--out", tmp_path / "data.csv").status == 0
    assert pd.read_csv(tmp_path / "data.csv")["mood"].tolist() == [12, 9]


def fill(human, log):
    from thymos.respond.trial import TrialBook, read_plan

    book = TrialBook(read_plan(human), log)
    for number in range(24):
        found = book.enroll(f"p{number}", {"sex": ("female", "male")[number % 2]})
        if number < 12 and found.arm == "both":
            book.used(f"p{number}", "exercises")
        for time in ("before", "after")[: 1 if number % 7 == 3 else 2]:
            book.measure(f"p{number}", "mood", time, float((7 * number) % 20 + (3 if time == "after" else 0)))
    book.withdraw("p3", delete=False)


def test_a_log_is_analyzed_as_it_is(thymos, human, tmp_path):
    log = tmp_path / "trial.jsonl"
    fill(human, log)
    done = thymos("trial", "analyze", human, log, "--out", tmp_path / "effects.csv")
    assert done.status == 0, done.err
    assert "withdrew" in done.out
    assert "Nobody knows" not in done.out
    assert thymos("trial", "report", human, log, "--html", tmp_path / "page.html").status == 0
    done = thymos("trial", "analyze", human, tmp_path / "none.jsonl")
    assert (done.status, "no such log" in done.err) == (2, True)
    assert not (tmp_path / "none.jsonl").exists()


def test_a_log_under_an_amended_plan_needs_its_hash_and_a_reason(thymos, human, tmp_path):
    from thymos.respond.trial import read_plan

    log, begun = tmp_path / "trial.jsonl", read_plan(human).hash
    fill(human, log)
    human.write_text(HUMAN + "alpha: 0.01\n")
    assert thymos("trial", "analyze", human, log).status == 2
    done = thymos("trial", "analyze", human, log, "--plan-hash", begun)
    assert (done.status, "another plan" in done.err) == (2, True)
    done = thymos("trial", "analyze", human, log, "--plan-hash", begun, "--amended", "a stricter level")
    assert done.status == 0, done.err
    assert "a stricter level" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("simulate", "PLAN", "--effect", "both=1", "--effect", "both/mood=1", "--out", "x.csv"), "two effects"),
        (("simulate", "PLAN", "--dropout", "much", "--out", "x.csv"), "no share"),
        (("simulate", "PLAN", "--dropout", "both=much", "--out", "x.csv"), "no share"),
        (("simulate", "PLAN", "--drop", "by mood", "--out", "x.csv"), "people drop out"),
        (("enroll", "PLAN", "log.jsonl", "p1", "--stratum", "sex=male"), "simulated participants"),
        (("power", "PLAN", "--arm", "both", "--against", "x", "--effect", "both=1"), "no arm 'x'"),
    ],
)
def test_more_bad_input_is_one_line(thymos, plan, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    done = thymos("trial", *(str(plan) if one == "PLAN" else one for one in words))
    assert (done.status, message in done.err) == (2, True), done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "x.csv").exists()
