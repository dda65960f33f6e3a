"""From votes to labels: rules, shares, weights and Dawid-Skene on small matrices, with properties that must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thymos.affect import aggregation
from thymos.errors import BadInput

votes_of = hnp.arrays(np.int64, st.tuples(st.integers(1, 10), st.integers(1, 6)), elements=st.integers(0, 5))


def test_count_matrix_counts_every_rating() -> None:
    counts = aggregation.count_matrix(np.array([2, 0, 2, 2]), np.array([1, 0, 1, 0]), 3, 2)
    assert counts.tolist() == [[1, 0], [0, 0], [1, 2]]


def test_count_matrix_does_not_overflow_small_codes() -> None:
    items, labels = np.full(3, 100, dtype=np.int8), np.full(3, 19, dtype=np.int8)
    assert aggregation.count_matrix(items, labels, 101, 20)[100, 19] == 3


@pytest.mark.parametrize(
    ("votes", "kept"),
    [
        ([3, 2, 0], {"all_inclusive", "plurality", "majority"}),
        ([2, 1, 1], {"all_inclusive", "plurality"}),  # exactly half is no majority
        ([2, 2, 1], {"all_inclusive"}),
        ([0, 0, 0], set()),
    ],
)
def test_rules(votes: list[int], kept: set[str]) -> None:
    for rule in aggregation.RULES:
        assert aggregation.kept_by(np.array([votes]), rule)[0] == (rule in kept)


@given(votes=votes_of)
def test_each_rule_keeps_a_part_of_what_the_looser_one_keeps(votes: np.ndarray) -> None:
    loose, middle, strict = (aggregation.kept_by(votes, rule) for rule in aggregation.RULES)
    assert not (middle & ~loose).any()
    assert not (strict & ~middle).any()
    names = aggregation.strictest_rule(votes)
    assert [name == "majority" for name in names] == strict.tolist()
    assert [name is None for name in names] == (~loose).tolist()


def test_an_excluded_class_votes_but_does_not_win() -> None:
    excluded = np.array([False, False, True])
    votes = np.array([[4, 1, 1], [1, 1, 4], [2, 1, 2], [0, 0, 3], [3, 0, 3]])
    assert aggregation.kept_by(votes, "majority", excluded=excluded).tolist() == [True, False, False, False, False]
    assert aggregation.kept_by(votes, "plurality", excluded=excluded).tolist() == [True, False, False, False, False]
    assert aggregation.kept_by(votes, "all_inclusive", excluded=excluded).tolist() == [True, True, True, False, True]
    nobody = np.array([False, False, False])
    assert (
        aggregation.kept_by(votes, "majority", excluded=nobody).tolist()
        == aggregation.kept_by(votes, "majority").tolist()
    )


def test_unknown_rule() -> None:
    with pytest.raises(BadInput, match="unknown aggregation rule 'mean'; known: all_inclusive, plurality, majority"):
        aggregation.kept_by(np.array([[1, 0]]), "mean")


@given(votes=votes_of, smoothing=st.floats(0, 1))
def test_shares_sum_to_one(votes: np.ndarray, smoothing: float) -> None:
    shares = aggregation.distribution(votes, smoothing=smoothing)
    rated = votes.sum(axis=1) > 0
    assert np.isnan(shares[~rated]).all()
    assert shares[rated].sum(axis=1) == pytest.approx(np.ones(rated.sum()))
    assert (shares[rated] >= -1e-12).all()


@given(votes=votes_of.filter(lambda v: v.shape[1] > 1), smoothing=st.floats(0, 1))
def test_smoothing_is_the_formula_of_the_release(votes: np.ndarray, smoothing: float) -> None:
    rated = votes[votes.sum(axis=1) > 0]
    shares = rated / rated.sum(axis=1, keepdims=True)
    expected = shares * (1 - smoothing) + (1 - shares) * smoothing / (votes.shape[1] - 1)
    assert aggregation.distribution(rated, smoothing=smoothing) == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [-0.1, 1.5, float("nan")])
def test_smoothing_out_of_range(smoothing: float) -> None:
    with pytest.raises(BadInput, match=r"outside 0\.\.1"):
        aggregation.distribution(np.array([[1, 1]]), smoothing=smoothing)


def test_multilabel_is_strictly_above_chance() -> None:
    votes = np.array([[1, 2, 2, 0], [1, 1, 1, 1], [4, 0, 0, 0]])
    assert aggregation.multilabel(votes).tolist() == [
        [False, True, True, False],
        [False, False, False, False],
        [True, False, False, False],
    ]


def test_multilabel_does_not_round() -> None:
    # One of three votes among three classes is exactly chance; 1/3 as a float would be a coin toss.
    assert not aggregation.multilabel(np.array([[1, 1, 1]]) * 7).any()


def test_share_of_ratings_used() -> None:
    votes = np.array([[3, 1], [2, 2], [5, 0]])
    assert aggregation.share_of_ratings_used(votes, "majority") == 8 / 13
    assert aggregation.share_of_ratings_used(votes, "plurality") == 8 / 13
    assert aggregation.share_of_ratings_used(votes, "all_inclusive") == 1.0
    assert aggregation.share_of_ratings_used(np.array([[1, 1]]), "majority") == 0.0
    with pytest.raises(BadInput, match="no rating"):
        aggregation.share_of_ratings_used(np.array([[0, 0]]), "majority")


def test_weighted_mean() -> None:
    items, labels = np.array([0, 0, 1, 0]), np.array([0, 0, 0, 1])
    values = np.array([1.0, 3.0, 5.0, 7.0])
    plain = aggregation.weighted_mean(items, labels, values, None, 2, 2)
    assert plain[0].tolist() == [2.0, 7.0]
    assert plain[1, 0] == 5.0
    assert np.isnan(plain[1, 1])
    weighted = aggregation.weighted_mean(items, labels, values, np.array([3.0, 1.0, 0.0, 1.0]), 2, 2)
    assert weighted[0].tolist() == [1.5, 7.0]
    assert np.isnan(weighted[1, 0])


def test_rater_weights() -> None:
    raters = pd.Index(["x", "y"])
    assert aggregation.rater_weights(raters, {"y": 2, "x": 0, "other": 9}).tolist() == [0.0, 2.0]
    with pytest.raises(BadInput, match="rater 'y' has no weight"):
        aggregation.rater_weights(raters, {"x": 1.0})
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="of rater 'y' is not a number from 0 up"):
            aggregation.rater_weights(raters, {"x": 1.0, "y": bad})


def crowd(seed: int, items: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Three good raters and four who answer at random: truth, item codes, rater codes, labels."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=items)
    skill = np.array([0.9, 0.9, 0.9, 0.34, 0.34, 0.34, 0.34])
    right = rng.random((items, 7)) < skill
    answers = np.where(right, truth[:, None], rng.integers(3, size=(items, 7)))
    return truth, np.repeat(np.arange(items), 7), np.tile(np.arange(7), items), answers.ravel()


@pytest.mark.parametrize("seed", range(3))
def test_dawid_skene_beats_plurality_when_raters_differ(seed: int) -> None:
    truth, items, raters, labels = crowd(seed)
    found = aggregation.dawid_skene(items, raters, labels, len(truth), 3)
    votes = aggregation.count_matrix(items, labels, len(truth), 3)
    assert (found.argmax(axis=1) == truth).mean() > (votes.argmax(axis=1) == truth).mean()
    assert found.sum(axis=1) == pytest.approx(np.ones(len(truth)))


def test_dawid_skene_ignores_the_order_of_ratings() -> None:
    truth, items, raters, labels = crowd(0, items=30)
    order = np.random.default_rng(1).permutation(len(items))
    straight = aggregation.dawid_skene(items, raters, labels, len(truth), 3)
    shuffled = aggregation.dawid_skene(items[order], raters[order], labels[order], len(truth), 3)
    assert straight == pytest.approx(shuffled, abs=1e-6)


def test_dawid_skene_leaves_unrated_items_and_unused_classes() -> None:
    found = aggregation.dawid_skene(np.array([0, 0, 2]), np.array([0, 1, 0]), np.array([1, 1, 2]), 3, 4)
    assert np.isnan(found[1]).all()
    assert found[0].argmax() == 1
    assert (found[[0, 2]][:, [0, 3]] == 0).all()


@settings(max_examples=25, deadline=None)
@given(votes=votes_of)
def test_nothing_here_changes_the_votes(votes: np.ndarray) -> None:
    before = votes.copy()
    for rule in aggregation.RULES:
        aggregation.kept_by(votes, rule)
    aggregation.distribution(votes, smoothing=0.05)
    aggregation.multilabel(votes)
    assert (votes == before).all()
