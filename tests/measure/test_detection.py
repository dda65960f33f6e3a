"""Rates of yes-or-no answers: known values, the matrix form, resamples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, recall_score

from thymos.errors import BadInput
from thymos.measure.detection import (
    detection_rate,
    false_alarm_rate,
    positive_f1,
    prepare_detection_rate,
    prepare_positive_f1,
)
from thymos.measure.ranking import prepare_within_group_auc, roc_auc, within_group_auc
from thymos.measure.resampling import bootstrap_interval

pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=4, max_size=40).filter(
    lambda rows: {gold for gold, _ in rows} == {0, 1}
)


@given(pairs)
def test_rates_are_those_of_scikit_learn(rows):
    gold, answers = np.array(rows).T
    assert detection_rate(gold, answers) == pytest.approx(recall_score(gold, answers))
    assert false_alarm_rate(gold, answers) == pytest.approx(1 - recall_score(1 - gold, 1 - answers))
    assert positive_f1(gold, answers) == pytest.approx(f1_score(gold, answers, zero_division=0))


def test_weights_repeat_items():
    gold, answers, times = [1, 0, 1, 0], [1, 1, 0, 0], [3, 1, 0, 2]
    repeated = np.repeat(gold, times), np.repeat(answers, times)
    for prepare in (prepare_detection_rate, prepare_positive_f1):
        assert prepare(gold, answers).value(times) == prepare(*repeated).value()


def test_nothing_to_find_is_no_number_and_other_values_are_refused():
    assert np.isnan(detection_rate([0, 0], [1, 0]))
    assert np.isnan(false_alarm_rate([1, 1], [1, 0]))
    with pytest.raises(BadInput, match="neither 0 nor 1"):
        positive_f1([0, 2], [0, 1])


def test_always_yes_has_the_f1_of_the_base_rate():
    gold = np.array([1] * 5 + [0] * 95)
    assert positive_f1(gold, np.ones(100)) == pytest.approx(2 * 0.05 / 1.05)


# -- area within groups ---------------------------------------------------------------------------------------------


def within(seed=0, size=120):
    rng = np.random.default_rng(seed)
    groups = rng.integers(4, size=size)
    gold = (rng.random(size) < 0.2 + 0.2 * groups).astype(int)
    return gold, groups + 0.3 * gold + rng.normal(scale=0.5, size=size), groups


def test_the_prepared_form_is_the_mean_of_the_groups():
    gold, scores, groups = within()
    prepared = prepare_within_group_auc(gold, scores, groups)
    own = [roc_auc(gold[groups == k], scores[groups == k]) for k in range(4)]
    assert prepared.value() == pytest.approx(np.mean(own))
    assert prepared.value() == pytest.approx(within_group_auc(gold, scores, groups).value)
    times = np.random.default_rng(1).integers(0, 3, size=len(gold))
    repeated = [np.repeat(values, times) for values in (gold, scores, groups)]
    assert prepared.value(times) == pytest.approx(within_group_auc(*repeated).value)


def test_knowing_the_group_is_worth_nothing_within():
    gold, _, groups = within()
    assert roc_auc(gold, groups) > 0.6
    assert within_group_auc(gold, groups, groups).value == 0.5


def test_a_group_that_a_draw_leaves_with_one_kind_is_left_out():
    gold, scores, groups = [1, 0, 1, 0], [0.9, 0.1, 0.2, 0.8], ["a", "a", "b", "b"]
    prepared = prepare_within_group_auc(gold, scores, groups)
    assert prepared.value([1, 1, 1, 0]) == 1.0
    assert np.isnan(prepared.value([1, 0, 1, 0]))


def test_an_interval_over_clusters():
    gold, scores, groups = within()
    people = np.repeat(np.arange(30), 4)
    found = bootstrap_interval(prepare_within_group_auc(gold, scores, groups), clusters=people, resamples=500)
    assert found.low < found.value < found.high
    assert found.clusters == 30
