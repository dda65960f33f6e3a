"""Plans: what is refused, and the hash that freezes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.respond.trial.plans import TEXT, changed, human

from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.respond.trial import parse_plan, read_plan

MANIPULATIVE = [{"name": "a"}, {"name": "b", "manipulative": True}]
MOOD = {"name": "mood", "title": "Mood", "low": 0, "high": 27, "primary": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "table"),
        ("a: [", "YAML"),
        (changed(arms=[{"name": "one"}]), "arms"),
        (changed(arms=[{"name": "a"}, {"name": "a"}]), "same name"),
        (changed(arms=[{"name": "a"}, {"name": "b", "uses": ["hypnosis"]}]), "uses"),
        (changed(times=["before"]), "times"),
        (changed(times=["before", "before"]), "same name"),
        (changed(participants="human"), "consent"),
        (changed(participants="human", consent="c", debrief="d", safety=" "), "safety"),
        (human(arms=MANIPULATIVE), "manipulative"),
        (changed(block_sizes=[4]), "multiples of 3"),
        (changed(strata={"sex": ["female"]}), "two values"),
        (changed(strata={"sex": ["female", "female"]}), "all different"),
        (changed(strata={"mood": ["low", "high"]}), "'mood' cannot name"),
        (changed(strata={"arm": ["low", "high"]}), "'arm' cannot name"),
        (changed(outcomes=[MOOD | {"name": "completed"}]), "'completed' cannot name"),
        (changed(outcomes=[MOOD | {"primary": False}]), "primary"),
        (changed(outcomes=[MOOD | {"low": 27}]), "low"),
        (changed(outcomes=[MOOD | {"questionnaire": "phq8"}]), "no questionnaire 'phq8'"),
        (changed(outcomes=[MOOD | {"high": 26, "questionnaire": "phq9"}]), "gives 0 to 27"),
        (changed(outcomes=[MOOD | {"high": 100, "questionnaire": "panas"}]), "no total"),
        (changed(analysis={"contrasts": [["both", "nobody"]]}), "contrast both, nobody"),
        (changed(analysis={"contrasts": [["both", "both"]]}), "two different arms"),
        (changed(analysis={"imputations": 1}), "imputations"),
        (changed(more=1), "more"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be_are_refused(text, message):
    with pytest.raises(BadInput, match=message) as caught:
        parse_plan(text)
    assert "\n" not in str(caught.value)


def test_manipulation_is_for_simulated_participants_only():
    assert parse_plan(changed(arms=MANIPULATIVE)).arms[1].manipulative
    with pytest.raises(BadInput, match="simulated participants only"):
        parse_plan(human(arms=MANIPULATIVE))


def test_a_plan_is_frozen_by_its_hash(plan, tmp_path):
    (tmp_path / "plan.yaml").write_text(f"# a comment changes nothing\n{TEXT}")
    assert read_plan(tmp_path / "plan.yaml").hash == plan.hash
    with pytest.raises(BadInput, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "values",
    [
        {"alpha": 0.01},
        {"title": "Another"},
        {"times": ["before", "after"]},
        {"sample_size": 151},
        {"consent": "x"},
        {"analysis": {"contrasts": [["both", "exercises_only"]]}},
        {"analysis": {"imputations": 21}},
        {"analysis": {"minimum_uses": 1}},
    ],
)
def test_every_change_changes_the_hash(plan, values):
    assert parse_plan(changed(**values)).hash != plan.hash


def test_a_plan_that_chooses_no_analysis_keeps_its_older_hash(plan):
    assert plan.hash == text_sha256(plan.model_dump_json(exclude={"analysis"}))
    assert parse_plan(changed(analysis={"imputations": 20})).hash == plan.hash


def test_arms_are_compared_with_the_control_or_as_registered(plan):
    assert plan.contrasts == (("exercises_only", "control"), ("both", "control"))
    registered = parse_plan(changed(analysis={"contrasts": [["both", "exercises_only"]]}))
    assert registered.contrasts == (("both", "exercises_only"),)
    assert plan.arm("both").uses == ("exercises", "companion")
    with pytest.raises(BadInput, match="no arm 'x'"):
        plan.arm("x")


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_one_clear_error(text):
    with pytest.raises(BadInput):
        parse_plan(text)
