"""Targets of training by rule and kind (card 36)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.affect.aggregation import RULES
from thymos.errors import BadInput
from thymos.perceive.rater_targets.targets import KINDS, rater_targets

VOTES = arrays(np.int64, (6, 4), elements=st.integers(0, 5)).filter(lambda votes: votes.sum(axis=1).min() > 0)
# The card's example: N, A, S, A, S over neutral, anger, sadness, happiness; then a majority, and a uniform item.
CARD = np.array([[1, 2, 2, 0], [0, 4, 1, 0], [1, 1, 1, 1]])


def test_the_example_of_the_card():
    found = rater_targets(CARD, "all_inclusive", "multilabel")
    assert found.targets.tolist() == [[0, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert found.shares[0].tolist() == [0.2, 0.4, 0.4, 0]
    assert rater_targets(CARD, "majority", "multilabel").kept.tolist() == [False, True, False]


def test_smoothing_of_soft_and_hard_targets():
    found = rater_targets(CARD, "all_inclusive", "soft", smoothing=0.05)
    # p (1 - eps) + (1 - p) eps / (K - 1)
    assert found.targets[0] == pytest.approx(
        [0.2 * 0.95 + 0.8 * 0.05 / 3, *[0.4 * 0.95 + 0.6 * 0.05 / 3] * 2, 0.05 / 3]
    )
    assert found.shares[0].tolist() == [0.2, 0.4, 0.4, 0]
    hard = rater_targets(CARD, "majority", "hard", smoothing=0.05)
    assert hard.targets[0] == pytest.approx([0.05 / 3, 0.95, 0.05 / 3, 0.05 / 3])


def test_tied_modes_share_a_hard_target():
    assert rater_targets(CARD, "all_inclusive", "hard").targets[0].tolist() == [0, 0.5, 0.5, 0]


def test_excluded_votes_count_for_the_rule_and_have_no_column():
    votes = np.array([[4, 3, 3], [2, 0, 8], [0, 0, 10], [6, 3, 1]])
    excluded = np.array([False, False, True])
    assert rater_targets(votes, "majority", "hard", excluded=excluded).kept.tolist() == [False, False, False, True]
    assert rater_targets(votes, "plurality", "soft", excluded=excluded).kept.tolist() == [True, False, False, True]
    soft = rater_targets(votes, "all_inclusive", "soft", excluded=excluded)
    assert soft.kept.tolist() == [True, True, False, True]
    assert soft.targets[0].tolist() == pytest.approx([4 / 7, 3 / 7])


@given(VOTES, st.sampled_from(["hard", "soft"]), st.floats(0, 0.5))
def test_hard_and_soft_targets_are_distributions(votes, kind, smoothing):
    found = rater_targets(votes, "all_inclusive", kind, smoothing=smoothing)
    assert np.allclose(found.targets.sum(axis=1), 1)
    assert (found.targets >= 0).all()


@given(VOTES)
def test_stricter_rules_keep_fewer_items_and_the_same_targets(votes):
    for kind in KINDS:
        everything = rater_targets(votes, "all_inclusive", kind)
        kept = everything.kept
        for rule in ("plurality", "majority"):
            try:
                stricter = rater_targets(votes, rule, kind)
            except BadInput:
                continue
            assert (stricter.kept <= kept).all()
            assert np.array_equal(stricter.targets, everything.targets[stricter.kept[everything.kept]])
            kept = stricter.kept


@given(VOTES)
def test_a_hard_target_of_a_majority_is_one_of_its_label_set(votes):
    if not (2 * votes.max(axis=1) > votes.sum(axis=1)).any():
        return
    hard, sets = (rater_targets(votes, "majority", kind).targets for kind in ("hard", "multilabel"))
    assert (sets >= hard).all()


def test_bad_input():
    with pytest.raises(BadInput, match="unknown kind"):
        rater_targets(CARD, "majority", "fuzzy")
    with pytest.raises(BadInput, match="unknown aggregation rule"):
        rater_targets(CARD, "loudest", "soft")
    with pytest.raises(BadInput, match="not smoothed"):
        rater_targets(CARD, "majority", "multilabel", smoothing=0.1)
    with pytest.raises(BadInput, match="keeps none of 1 items"):
        rater_targets(CARD[2:], "majority", "hard")
    assert set(RULES) == {"majority", "plurality", "all_inclusive"}
