"""The design of stimulus experiments: which prompts are asked, and what is kept of the outcomes."""

from dataclasses import replace

import pandas as pd
import pytest

from thymos.assess.engine.benchmark import BenchmarkItem, Demonstration
from thymos.assess.wording.stimulus_experiment import (
    KEPT_COLUMNS,
    OTHER_PLACEMENTS,
    STEP_BY_STEP,
    StimulusMaterial,
    combination_trials,
    few_shot_trials,
    kept_outcomes,
    main_trials,
    placement_trials,
    stimulus_material,
)
from thymos.errors import BadInput


def item(number: int, task: str = "t") -> BenchmarkItem:
    return BenchmarkItem(f"s/{task}/{number}", "s", task, "Name a color.", f"No. {number}", ("red",))


ITEMS = [item(0), item(1), item(0, "u")]


def test_material_has_its_controls_in_order() -> None:
    material = stimulus_material("positive", seed=2)
    assert len(material.bank) == len(material.placebos) == len(material.shuffles) == 11
    assert material.placebo_of["positive_07"] == "positive_07_placebo"
    assert material.shuffle_of["positive_07"] == "positive_07_shuffled"
    few = material.subset(["positive_10", "positive_02"])
    assert few.bank.ids == ("positive_02", "positive_10")
    assert few.placebo_of == {"positive_02": "positive_02_placebo", "positive_10": "positive_10_placebo"}
    with pytest.raises(BadInput, match="no stimulus 'positive_12'"):
        material.subset(["positive_12"])
    with pytest.raises(BadInput, match="not every stimulus has its control"):
        StimulusMaterial(material.bank, few.placebos, material.shuffles)


def test_main_trials_cover_every_item_under_every_condition() -> None:
    material = stimulus_material("negative")
    trials = main_trials(material, ITEMS, ["negative_03"])
    conditions = {"plain", "step_by_step", "negative_03_shuffled", *material.bank.ids, *material.placebos.ids}
    assert {(trial.item.id, trial.condition) for trial in trials} == {
        (one.id, condition) for one in ITEMS for condition in conditions
    }
    assert len(trials) == len(ITEMS) * len(conditions)
    assert len(main_trials(material, ITEMS, [])) == len(trials) - len(ITEMS)
    for trial in trials:
        text = trial.prompt[0].content
        if trial.condition in material.bank.ids:
            assert text.startswith(f"Instruction: Name a color. {material.bank[trial.condition].text}\n")
        elif trial.condition == "plain":
            assert text.startswith("Instruction: Name a color.\n\nInput:")
        elif trial.condition == "step_by_step":
            assert STEP_BY_STEP.stimulus in text


def test_placements_put_the_sentence_where_they_say() -> None:
    material = stimulus_material("positive").subset(["positive_04"])
    text = material.bank.stimuli[0].text
    trials = {trial.condition: trial for trial in placement_trials(material, ITEMS[:1])}
    assert set(trials) == {f"positive_04{end}@{place}" for end in ("", "_placebo") for place in OTHER_PLACEMENTS}
    assert trials["positive_04@before"].prompt[0].content.startswith(f"Instruction: {text} Name")
    assert trials["positive_04@after_input"].prompt[0].content.endswith(f"No. 0\n{text}\nAnswer:")
    system, user = trials["positive_04@system"].prompt
    assert (system.role, system.content) == ("system", text)
    assert text not in user.content


def test_few_shot_conditions_see_the_same_examples() -> None:
    material = stimulus_material("positive").subset(["positive_02"])
    pool = [Demonstration(f"shown {number}", f"out {number}") for number in range(20)]
    trials = few_shot_trials(material, ITEMS[:1], {"t": pool}, seed=5)
    assert [trial.condition for trial in trials] == [
        "plain@few_shot", "positive_02@few_shot", "positive_02_placebo@few_shot",
    ]  # fmt: skip
    shown = [trial.prompt[0].content.split("\n\n", 1)[1] for trial in trials]
    assert len(set(shown)) == 1
    assert shown[0].count("Answer: out") == 5
    other = few_shot_trials(material, ITEMS[:1], {"t": pool}, seed=6)
    assert other[0].prompt != trials[0].prompt
    with pytest.raises(BadInput, match="5 demonstrations are asked"):
        few_shot_trials(material, ITEMS, {"t": pool}, seed=5)


def test_combinations_have_combined_placebos() -> None:
    material = stimulus_material("positive")
    trials = combination_trials(material, [("positive_02", "positive_04")], ITEMS[:1])
    assert [trial.condition for trial in trials] == ["positive_02+positive_04", "positive_02+positive_04@placebo"]
    texts = material.placebos.texts
    assert f"{texts['positive_02_placebo']} {texts['positive_04_placebo']}" in trials[1].prompt[0].content


def test_kept_outcomes_hold_scores_and_no_text() -> None:
    open_item, closed = item(0), replace(item(1), options=("red", "blue"))
    shared = {"suite": "s", "task": "t", "condition": "plain", "cluster": "c", "chance": 0.0, "parsed": True,
              "prompt_tokens": 9, "completion_tokens": 2}  # fmt: skip
    outcomes = pd.DataFrame(
        [
            {**shared, "item": open_item.id, "answering": "parse", "reply": "I guess it is red, yes.", "score": 0.0},
            {**shared, "item": closed.id, "answering": "likelihood", "reply": "blue", "score": 0.0},
        ]
    )
    kept = kept_outcomes(outcomes, [open_item, closed], [closed])
    assert list(kept.columns) == [*KEPT_COLUMNS, "half", "legacy_score"]
    assert kept["half"].tolist() == ["development", "test"]
    # Looking at the right answer turns a reply that was read as wrong into a right one.
    assert kept["legacy_score"].tolist() == [1.0, 0.0]
