"""Paired effects: numbers worked out by hand, symmetries, and what they do when there is nothing to find."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from thymos.assess.wording.effects import (
    Effect,
    effect_family,
    normalized_score,
    paired_effect,
    score_table,
    smallest_detectable_effect,
    standard_error,
    stratified_means,
    task_averaged_score,
)
from thymos.assess.wording.stimulus_selection import best_of, expected_lead
from thymos.errors import BadInput


def outcomes(scores: dict[str, dict[str, list[float]]], chance: float = 0.0, prefix: str = "") -> pd.DataFrame:
    """Rows from {task: {condition: scores of items 0, 1, ...}}; every item is its own cluster."""
    return pd.DataFrame(
        [
            {
                "item": f"s/{task}/{prefix}{number}",
                "suite": "s",
                "task": task,
                "condition": condition,
                "cluster": f"s/{task}/{prefix}{number}",
                "chance": chance,
                "score": score,
            }
            for task, conditions in scores.items()
            for condition, values in conditions.items()
            for number, score in enumerate(values)
        ]
    )


def random_outcomes(seed: int, tasks: int = 4, items: int = 5, lift: float = 0.0, conditions: int = 2) -> pd.DataFrame:
    """Right or wrong answers to items of different difficulty; every condition but plain lifts the chance."""
    rng = np.random.default_rng(seed)
    names = ["plain", *(f"c{number}" for number in range(1, conditions))]
    scores: dict[str, dict[str, list[float]]] = {}
    for task in range(tasks):
        ability = rng.uniform(0.2, 0.8, size=items)
        scores[f"t{task}"] = {
            name: (rng.random(items) < ability + (0 if name == "plain" else lift)).astype(float).tolist()
            for name in names
        }
    return outcomes(scores)


HAND = {
    "easy": {"plain": [1, 1, 0, 1], "cheer": [1, 1, 1, 1]},
    "hard": {"plain": [0, 1], "cheer": [0, 0]},
}


def test_effect_worked_out_by_hand() -> None:
    effect = paired_effect(score_table(outcomes(HAND)), "cheer", resamples=2_000)
    # easy: .75 -> 1, hard: .5 -> 0; tasks weigh the same.
    assert effect.reference_score == pytest.approx(0.625)
    assert effect.score == pytest.approx(0.5)
    assert effect.value == pytest.approx(-0.125)
    assert effect.relative == pytest.approx(-0.2)
    assert effect.relative_by_task == pytest.approx((0.25 / 0.75 - 1) / 2)
    assert (effect.tasks, effect.items, effect.clusters) == (2, 6, 6)
    # Variances of the differences (0, 0, 1, 0) and (0, -1): 1/4 and 1/2.
    assert effect.standard_error == pytest.approx(np.sqrt((0.25 / 4 + 0.5 / 2) / 4))
    assert effect.smallest_detectable == pytest.approx(2.8016 * effect.standard_error, rel=1e-3)
    # Two clusters change, by +1/4 and -1/2 of a task: the signs give |sum| of 1/4 twice and 3/4 twice.
    assert effect.p == 1.0
    # One resample in 128 holds only items that the plain prompt gets wrong.
    assert effect.note.startswith("no interval of the relative gain")


def test_scores_weigh_tasks_equally() -> None:
    interval = task_averaged_score(score_table(outcomes(HAND)), "plain", resamples=2_000)
    assert interval.value == pytest.approx((0.75 + 0.5) / 2)
    assert (interval.n, interval.clusters, interval.resamples) == (6, 6, 2_000)
    # Three of the first task's items and one of the second's are drawn: from (0 + 0) / 2 to (1 + 1) / 2.
    assert 0 <= interval.low < 0.3
    assert interval.high == 1.0


def test_permutation_p_worked_out_by_hand() -> None:
    table = score_table(outcomes({"t": {"plain": [0, 0, 0, 0, 1], "cheer": [1, 1, 1, 1, 1]}}))
    assert paired_effect(table, "cheer", resamples=200).p == pytest.approx(2 / 2**4)


def test_a_task_with_many_items_weighs_no_more() -> None:
    scores = {"long": {"plain": [0.0] * 90, "cheer": [1.0] * 90}, "short": {"plain": [1.0, 1.0], "cheer": [0.0, 0.0]}}
    effect = paired_effect(score_table(outcomes(scores)), "cheer", resamples=200)
    assert effect.value == pytest.approx(0.0)
    assert effect.reference_score == effect.score == 0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(2, 6))
def test_swapping_the_arms_negates_the_effect(seed: int, tasks: int, items: int) -> None:
    table = score_table(random_outcomes(seed, tasks, items))
    there = paired_effect(table, "c1", "plain", resamples=300, seed=seed)
    back = paired_effect(table, "plain", "c1", resamples=300, seed=seed)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p == back.p
    assert there.standard_error == pytest.approx(back.standard_error)
    assert there.smallest_detectable == pytest.approx(back.smallest_detectable)
    assert there.low - 1e-12 <= there.value <= there.high + 1e-12


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_condition_has_no_effect_over_itself(seed: int) -> None:
    effect = paired_effect(score_table(random_outcomes(seed)), "c1", "c1", resamples=50)
    assert (effect.value, effect.low, effect.high, effect.p) == (0, 0, 0, 1)
    assert effect.standard_error == 0
    assert effect.smallest_detectable is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_rows_does_not_matter(seed: int) -> None:
    rows = random_outcomes(seed)
    mixed = rows.sample(frac=1, random_state=seed)
    one, two = (paired_effect(score_table(frame, ["plain", "c1"]), "c1", resamples=50) for frame in (rows, mixed))
    assert one.value == pytest.approx(two.value)
    assert one.p == two.p
    assert one.standard_error == pytest.approx(two.standard_error)


def test_null_data_give_uniform_p_and_covering_intervals() -> None:
    effects = []
    for seed in range(200):
        rows = random_outcomes(seed, tasks=8, items=6)
        rows["score"] += np.random.default_rng(seed).normal(size=len(rows))
        effects.append(paired_effect(score_table(rows), "c1", resamples=400, seed=seed))
    assert stats.kstest([effect.p for effect in effects], "uniform").pvalue > 0.01
    covered = np.mean([effect.low <= 0 <= effect.high for effect in effects])
    assert 0.91 <= covered <= 0.98


def test_right_or_wrong_answers_without_an_effect_rarely_look_like_one() -> None:
    p = [
        paired_effect(score_table(random_outcomes(seed, tasks=8, items=6)), "c1", resamples=400, seed=seed).p
        for seed in range(200)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.08


def test_a_lift_is_found_where_power_promises_it() -> None:
    lift = 0.2
    effects = [
        paired_effect(score_table(random_outcomes(seed, tasks=10, items=10, lift=lift)), "c1", resamples=300, seed=seed)
        for seed in range(60)
    ]
    assert np.mean([effect.value for effect in effects]) == pytest.approx(lift, abs=0.02)
    detectable = np.mean([effect.smallest_detectable or 0 for effect in effects])
    power = stats.norm.cdf(lift / (detectable / 2.8016) - 1.96)
    assert np.mean([effect.p < 0.05 for effect in effects]) == pytest.approx(power, abs=0.15)


def test_bootstrap_has_the_spread_of_the_standard_error() -> None:
    """Three items a task: an ordinary bootstrap within tasks would be too narrow by the square root of 2/3."""
    table = score_table(random_outcomes(5, tasks=40, items=3))
    difference = table.column("c1") - table.column("plain")
    drawn = stratified_means(table, difference[:, None], resamples=20_000, seed=1)[:, 0]
    assert drawn.std() == pytest.approx(standard_error(table, difference), rel=0.03)


def test_clusters_are_drawn_whole() -> None:
    rows = outcomes({"t": {"plain": [0.0] * 8, "cheer": [1, 1, 1, 1, 0, 0, 0, 0]}})
    free = paired_effect(score_table(rows), "cheer", resamples=500)
    rows["cluster"] = rows["item"].str[-1].astype(int) // 2
    tied = paired_effect(score_table(rows), "cheer", resamples=500)
    assert (free.clusters, tied.clusters) == (8, 4)
    assert free.value == tied.value
    assert tied.standard_error > free.standard_error
    assert tied.p > free.p


def test_clusters_of_the_same_name_in_two_tasks_stay_apart() -> None:
    rows = random_outcomes(0, tasks=3, items=4)
    rows["cluster"] = rows["item"].str[-1]
    assert score_table(rows).clusters.max() + 1 == 12


def test_several_conditions_are_averaged_item_by_item() -> None:
    table = score_table(outcomes({"t": {"plain": [0, 0, 1], "a": [1, 0, 1], "b": [0, 0, 0]}}))
    effect = paired_effect(table, ["a", "b"], resamples=50)
    assert effect.value == pytest.approx((0.5 + 0 + 0.5) / 3 - 1 / 3)
    assert effect.condition == "a & b"


def test_placebo_contrast_is_the_difference_in_differences() -> None:
    table = score_table(random_outcomes(3, conditions=3))
    over_placebo, over_plain, placebo = (
        paired_effect(table, a, b, resamples=50).value for a, b in (("c1", "c2"), ("c1", "plain"), ("c2", "plain"))
    )
    assert over_placebo == pytest.approx(over_plain - placebo)


def test_relative_gain_needs_a_positive_reference() -> None:
    scores = {"t": {"plain": [0, 0, 1, 0], "cheer": [1, 0, 1, 0]}, "u": {"plain": [0, 1, 0, 0], "cheer": [0, 1, 1, 0]}}
    rows = outcomes(scores, chance=0.25)
    raw = paired_effect(score_table(rows), "cheer", resamples=200)
    assert raw.relative == pytest.approx(1.0)
    normalized = paired_effect(score_table(rows, normalized=True), "cheer", resamples=200)
    # The reference is at chance, so its normalized score is 0 and any gain would be infinitely large.
    assert normalized.reference_score == pytest.approx(0)
    assert (normalized.relative, normalized.relative_low, normalized.relative_by_task) == (None, None, None)
    assert "no relative gain" in normalized.note
    assert normalized.value == pytest.approx(raw.value / 0.75)


def test_relative_gain_of_normalized_scores_can_be_huge() -> None:
    """How a few points can be called more than 100 %: accuracy .30 against .28 where chance is .25 and so on."""
    scores = {"t": {"plain": [1.0] * 28 + [0.0] * 72, "cheer": [1.0] * 32 + [0.0] * 68}}
    rows = outcomes(scores, chance=0.25)
    assert paired_effect(score_table(rows), "cheer", resamples=100).relative == pytest.approx(4 / 28)
    effect = paired_effect(score_table(rows, normalized=True), "cheer", resamples=100)
    assert effect.relative == pytest.approx(4 / 3)
    assert effect.relative_low is None
    assert "no interval of the relative gain" in effect.note


def test_mean_of_relative_gains_leaves_out_tasks_at_zero() -> None:
    scores = {"t": {"plain": [1, 0], "cheer": [1, 1]}, "u": {"plain": [0, 0], "cheer": [1, 0]}}
    effect = paired_effect(score_table(outcomes(scores)), "cheer", resamples=100)
    assert effect.relative_by_task == pytest.approx(1.0)
    assert effect.relative == pytest.approx(2.0)
    assert "over 1 of 2 tasks" in effect.note


@given(st.floats(0, 1), st.floats(0, 0.9))
def test_normalized_score_is_0_at_chance_and_1_at_the_top(score: float, chance: float) -> None:
    low, top, some = normalized_score(np.array([chance, 1.0, score]), np.array([chance] * 3))
    assert low == pytest.approx(0, abs=1e-9)
    assert top == pytest.approx(1)
    assert some <= 1 + 1e-12


def test_families_are_adjusted() -> None:
    table = score_table(random_outcomes(11, tasks=6, items=6, lift=0.3, conditions=4))
    family = effect_family(table, {"c1": "plain", "c2": "plain", "c3": "c1"}, resamples=300)
    assert [(effect.condition, effect.reference) for effect in family] == [
        ("c1", "plain"),
        ("c2", "plain"),
        ("c3", "c1"),
    ]
    smallest = min(family, key=lambda effect: effect.p)
    assert smallest.p_holm == pytest.approx(min(1.0, 3 * smallest.p))
    assert all(effect.p_holm is not None and effect.p_holm >= effect.p for effect in family)
    alone = paired_effect(table, "c1", resamples=300)
    assert alone == Effect(**{**family[0].__dict__, "p_holm": None})


def test_best_is_chosen_on_one_half_and_tested_on_the_other() -> None:
    development = score_table(outcomes({"t": {"plain": [0, 0], "a": [1, 1], "b": [0, 1]}}, prefix="dev"))
    test = score_table(outcomes({"t": {"plain": [0, 1, 0], "a": [0, 1, 0], "b": [1, 1, 1]}}))
    found = best_of(development, test, ["a", "b"], resamples=200)
    assert (found.chosen, found.naive_choice) == ("a", "b")
    assert found.development.value == 1.0
    assert found.tested.value == 0.0
    assert found.naive.value == pytest.approx(2 / 3)
    assert found.selection_effect == pytest.approx(2 / 3)
    with pytest.raises(BadInput, match="both halves"):
        best_of(test, test, ["a", "b"])
    with pytest.raises(BadInput, match="nothing to choose"):
        best_of(development, test, ["a"])


def test_selection_on_noise_is_caught() -> None:
    """Eleven sentences that do nothing: the naive maximum gains, the tested one does not."""
    names = [f"c{number}" for number in range(1, 12)]
    naive, tested, expected = [], [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        halves = []
        for prefix in ("dev", "test"):
            scores = {
                f"t{task}": {name: rng.integers(0, 2, 4).tolist() for name in ["plain", *names]} for task in range(5)
            }
            halves.append(score_table(outcomes(scores, prefix=prefix)))
        found = best_of(*halves, names, resamples=100, seed=seed)
        naive.append(found.naive.value)
        tested.append(found.tested.value)
        expected.append(found.naive_by_chance)
    assert np.mean(naive) > 0.1
    assert abs(np.mean(tested)) < 0.06
    assert np.mean(naive) == pytest.approx(np.mean(expected), abs=0.05)


def test_expected_lead_of_equal_conditions_is_zero() -> None:
    table = score_table(outcomes({"t": {"a": [1, 0, 1], "b": [1, 0, 1], "plain": [0, 0, 0]}}))
    assert expected_lead(table, ["a", "b"], resamples=20) == pytest.approx(0)


def test_bad_tables_are_refused() -> None:
    rows = random_outcomes(0)
    for frame, words in (
        (rows.drop(columns="cluster"), "no column 'cluster'"),
        (rows.drop(columns="chance"), "no column 'chance'"),
        (pd.concat([rows, rows.iloc[[3]]]), "stands twice under"),
        (rows.iloc[1:], "not every item"),
        (rows.assign(score=[np.nan, *rows["score"][1:]]), "not every item"),
        (rows.iloc[:0], "no trial"),
        (rows.assign(chance=1.0), "chance is 1"),
    ):
        with pytest.raises(BadInput, match=words):
            score_table(frame, normalized=True)
    with pytest.raises(BadInput, match="no trial of 'joy'"):
        score_table(rows, ["plain", "joy"])
    table = score_table(rows)
    for call, words in (
        (lambda: paired_effect(table, "joy"), "no condition 'joy'"),
        (lambda: paired_effect(table, []), "no condition"),
        (lambda: paired_effect(table, "c1", resamples=0), "0 resamples"),
        (lambda: effect_family(table, {}), "no pair"),
        (lambda: smallest_detectable_effect(-1.0), "error -1"),
        (lambda: smallest_detectable_effect(0.1, power=1.0), "power 1"),
    ):
        with pytest.raises(BadInput, match=words):
            call()


def test_a_task_with_one_item_is_named() -> None:
    table = score_table(outcomes({"t": {"plain": [0, 1], "c1": [1, 1]}, "lonely": {"plain": [0], "c1": [1]}}))
    with pytest.raises(BadInput, match="only one cluster") as caught:
        paired_effect(table, "c1", resamples=10)
    assert "s/lonely" in str(caught.value)
    with pytest.raises(BadInput, match="only one cluster"):
        standard_error(table, table.column("c1"))
