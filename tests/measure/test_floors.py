"""Trivial baselines: what they predict, and that they never look at test labels."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.measure import classification, floors

LABELS = ["anger", "fear", "joy"]
LABEL_LISTS = st.lists(st.sampled_from(LABELS), min_size=1, max_size=30)


def test_majority_and_its_tie_rule():
    assert floors.majority_floor(["joy", "fear", "joy"], ["x", "y"]).tolist() == ["joy", "joy"]
    assert floors.majority_floor(["joy", "fear"], pd.DataFrame({"text": ["x"]})).tolist() == ["fear"]
    assert floors.majority_floor([2, 1, 2], 1).tolist() == [2]


@given(LABEL_LISTS, LABEL_LISTS)
def test_majority_accuracy_is_the_share_of_its_label(train, test):
    predictions = floors.majority_floor(train, test)
    assert classification.accuracy(test, predictions) == test.count(predictions[0]) / len(test)
    assert train.count(predictions[0]) == max(train.count(label) for label in LABELS)


def test_mean_of_numbers_and_of_rows():
    assert floors.mean_floor([1.0, 3.0], 2).tolist() == [2, 2]
    rows = floors.mean_floor([[0.0, 1.0], [1.0, 0.0]], 3)
    assert rows.tolist() == [[0.5, 0.5]] * 3
    rows[0, 0] = 9  # the result is the caller's own
    assert rows[1, 0] == 0.5


def test_prior_draws_with_training_shares():
    train = ["joy"] * 70 + ["fear"] * 30
    drawn = floors.prior_floor(train, 20_000, seed=1)
    assert np.mean(drawn == "joy") == pytest.approx(0.7, abs=0.015)
    assert np.array_equal(drawn, floors.prior_floor(train, 20_000, seed=1))
    assert not np.array_equal(drawn, floors.prior_floor(train, 20_000, seed=2))
    assert floors.prior_probabilities(train, 2, LABELS).tolist() == [[0, 0.3, 0.7]] * 2


def test_expected_prior_scores_are_the_mean_of_many_draws():
    train, gold = ["joy"] * 60 + ["fear"] * 30 + ["anger"] * 10, ["joy"] * 80 + ["fear"] * 80 + ["anger"] * 40
    expected = floors.expected_prior_scores(train, gold)
    drawn = [floors.prior_floor(train, gold, seed=seed) for seed in range(400)]
    for name in ("accuracy", "macro_f1", "weighted_f1", "uar"):
        scores = [getattr(classification, name)(gold, predictions) for predictions in drawn]
        # Standard error of 400 draws is about 0.002; F1 at the expected counts is off by about 1/n more.
        assert getattr(expected, name) == pytest.approx(np.mean(scores), abs=0.01), name


def test_persistence_within_sequences():
    gold = ["joy", "fear", "anger", "joy", "fear"]
    groups = ["a", "b", "a", "b", "a"]
    expected = ["neutral", "neutral", "joy", "fear", "anger"]
    assert floors.persistence_floor(gold, groups, first="neutral").tolist() == expected
    # The same items in another order, with their places given.
    order = [4, 1, 0, 3, 2]
    shuffled = floors.persistence_floor(
        [gold[i] for i in order], [groups[i] for i in order], first="neutral", positions=order
    )
    assert shuffled.tolist() == [expected[i] for i in order]


def test_persistence_of_numbers_stays_numeric():
    predictions = floors.persistence_floor(np.array([1.0, 2.0, 3.0]), ["a", "a", "a"], first=0.5)
    assert predictions.dtype == float
    assert predictions.tolist() == [0.5, 1.0, 2.0]
    assert floors.persistence_floor([1, 2], ["a", "a"], first=0.5).tolist() == [0.5, 1.0]


@given(LABEL_LISTS)
def test_persistence_over_one_sequence_is_a_shift(gold):
    predictions = floors.persistence_floor(gold, ["s"] * len(gold), first="start")
    assert predictions.tolist() == ["start", *gold[:-1]]


def test_lookup_by_one_column():
    train_column, train = ["q1", "q1", "q1", "q2"], ["yes", "no", "no", "yes"]
    # Overall yes and no are equally frequent: the first in sorted order stands in for unseen values.
    assert floors.lookup_floor(train_column, train, ["q2", "q1", "q7"]).tolist() == ["yes", "no", "no"]
    shares = floors.lookup_probabilities(train_column, train, ["q1", "q7"], ["no", "yes"])
    assert shares == pytest.approx(np.array([[2 / 3, 1 / 3], [0.5, 0.5]]))
    means = floors.lookup_mean_floor(train_column, [1.0, 2.0, 3.0, 8.0], ["q1", "q2", "q7"])
    assert means.tolist() == [2.0, 8.0, 3.5]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(LABELS)), min_size=1, max_size=30))
def test_lookup_is_at_least_as_good_as_majority_on_its_own_training_data(items):
    column, labels = [list(part) for part in zip(*items, strict=True)]
    looked_up = floors.lookup_floor(column, labels, column)
    majority = floors.majority_floor(labels, len(labels))
    assert classification.accuracy(labels, looked_up) >= classification.accuracy(labels, majority)


@given(LABEL_LISTS, st.integers(0, 99))
def test_shuffling_keeps_the_values_and_the_groups(values, seed):
    shuffled = floors.shuffled_floor(values, seed=seed)
    assert sorted(shuffled) == sorted(values)
    groups = [i % 3 for i in range(len(values))]
    within = floors.shuffled_floor(values, seed=seed, groups=groups)
    for group in range(3):
        ours = sorted(v for v, g in zip(within, groups, strict=True) if g == group)
        assert ours == sorted(v for v, g in zip(values, groups, strict=True) if g == group)


def test_shuffling_moves_rows_whole_and_really_moves_them():
    rows = np.arange(200).reshape(100, 2)
    shuffled = floors.shuffled_floor(rows, seed=0)
    assert (shuffled[:, 1] - shuffled[:, 0] == 1).all()
    assert (shuffled != rows).mean() > 0.8
    within = floors.shuffled_floor(rows, seed=0, groups=np.arange(100) // 50)
    assert set(within[:50, 0]) == set(rows[:50, 0])
    assert (within != rows).mean() > 0.8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: floors.majority_floor([], 3), "no labels"),
        (lambda: floors.majority_floor(["joy"], 0), "no test items"),
        (lambda: floors.mean_floor([float("nan")], 1), "row 0"),
        (lambda: floors.prior_probabilities(["rage"], 1, LABELS), "unknown label 'rage'"),
        (lambda: floors.persistence_floor(["joy"], ["a", "b"], first="x"), "lengths differ"),
        (lambda: floors.persistence_floor(["joy"], ["a"], first="x", positions=[1, 2]), "lengths differ"),
        (lambda: floors.lookup_floor(["q"], ["a", "b"], ["q"]), "lengths differ"),
        (lambda: floors.lookup_floor([None], ["a"], ["q"]), "train_column, row 0"),
        (lambda: floors.lookup_mean_floor(["q"], [1.0, 2.0], ["q"]), "lengths differ"),
        (lambda: floors.lookup_probabilities(["q"], ["a", "b"], ["q"], ["a", "b"]), "lengths differ"),
        (lambda: floors.shuffled_floor([]), "no items"),
        (lambda: floors.shuffled_floor([1, 2], groups=["a"]), "lengths differ"),
    ],
)
def test_bad_input_names_the_place(call, message):
    with pytest.raises(BadInput, match=message):
        call()
