"""Disagreement: values by hand, bounds that must hold, and the counts of the real CREMA-D votes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thymos.affect import disagreement
from thymos.errors import BadInput

votes_of = hnp.arrays(np.int64, st.tuples(st.integers(1, 10), st.integers(2, 6)), elements=st.integers(0, 5))


def test_entropy_by_hand() -> None:
    votes = np.array([[4, 0, 0, 0], [2, 2, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    entropy = disagreement.vote_entropy(votes)
    assert entropy[:3].tolist() == [0.0, 1.0, 2.0]
    assert np.isnan(entropy[3])
    assert not np.signbit(entropy[0]), "minus zero prints badly"


@given(votes=votes_of)
def test_entropy_and_modal_share_stay_in_bounds(votes: np.ndarray) -> None:
    rated = votes[votes.sum(axis=1) > 0]
    entropy, share = disagreement.vote_entropy(rated), disagreement.modal_share(rated)
    classes = votes.shape[1]
    assert ((entropy >= 0) & (entropy <= np.log2(classes) + 1e-12)).all()
    assert ((share >= 1 / classes - 1e-12) & (share <= 1)).all()
    assert ((share == 1) == (entropy == 0)).all()


@given(votes=votes_of)
def test_pairwise_disagreement_counts_pairs(votes: np.ndarray) -> None:
    found = disagreement.pairwise_disagreement(votes)
    for row, value in zip(votes, found, strict=True):
        labels = np.repeat(np.arange(len(row)), row)
        if len(labels) < 2:
            assert np.isnan(value)
        else:
            pairs = [a != b for i, a in enumerate(labels) for b in labels[i + 1 :]]
            assert value == pytest.approx(np.mean(pairs))


def test_co_occurrence_by_hand() -> None:
    votes = np.array([[3, 1, 0], [2, 0, 2], [0, 0, 5]])
    assert disagreement.co_occurrence(votes).tolist() == [[2, 1, 1], [1, 1, 0], [1, 0, 2]]
    # 1 of 4 votes is below one third, so the pair of the first item falls away.
    assert disagreement.co_occurrence(votes, binarize=True).tolist() == [[2, 0, 1], [0, 0, 0], [1, 0, 2]]


@given(votes=votes_of, binarize=st.booleans(), construction=st.sampled_from(disagreement.CONSTRUCTIONS))
def test_penalties_stay_in_bounds(votes: np.ndarray, binarize: bool, construction: str) -> None:
    counts = disagreement.co_occurrence(votes, binarize=binarize)
    assert (counts == counts.T).all()
    penalty = disagreement.penalization_matrix(counts, construction)  # type: ignore[arg-type]
    assert (np.diag(penalty) == 0).all()
    assert ((penalty >= 0) & (penalty <= 1)).all()
    never = (counts == 0) & ~np.eye(len(counts), dtype=bool)
    assert (penalty[never] == 1).all()


def test_penalties_by_hand() -> None:
    counts = np.array([[4, 1, 0], [1, 2, 0], [0, 0, 0]])
    assert disagreement.penalization_matrix(counts).tolist() == [[0, 0.75, 1], [0.5, 0, 1], [1, 1, 0]]
    assert disagreement.penalization_matrix(counts, "jaccard").tolist() == [[0, 0.8, 1], [0.8, 0, 1], [1, 1, 0]]
    assert disagreement.penalization_matrix(counts, "inverse_frequency").tolist() == [
        [0, 0.5, 1],
        [0.5, 0, 1],
        [1, 1, 0],
    ]


@pytest.mark.parametrize(
    "counts",
    [[[1, 2, 3]], [[1, -1], [-1, 1]], [[np.nan, 0], [0, 1]], [1, 2]],
    ids=["flat", "negative", "nan", "vector"],
)
def test_matrices_that_are_no_counts(counts: object) -> None:
    with pytest.raises(BadInput, match="square with counts from 0 up"):
        disagreement.penalization_matrix(np.array(counts))


def test_other_refusals() -> None:
    with pytest.raises(BadInput, match="larger than its diagonal"):
        disagreement.penalization_matrix(np.array([[1, 2], [2, 5]]))
    with pytest.raises(BadInput, match="unknown construction 'cosine'; known: row, jaccard"):
        disagreement.penalization_matrix(np.eye(2), "cosine")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no item to take class weights from"):
        disagreement.class_balanced_weights(np.zeros((0, 3)))
    with pytest.raises(BadInput, match="rule 'plurality' has no weight"):
        disagreement.rule_weights(np.array([[1, 0]]), {"majority": 1.0, "all_inclusive": 0.5})


def test_class_weights_by_hand() -> None:
    # N = 4, beta = 3/4: n = 3 gives .25 / (1 - .75^3) = .43243, n = 1 gives 1; scaled to sum to 2.
    weights = disagreement.class_balanced_weights(np.array([[1, 0], [1, 0], [1, 0], [0, 1]]))
    raw = np.array([0.25 / (1 - 0.75**3), 1.0])
    assert weights == pytest.approx(raw * 2 / raw.sum())


@given(votes=votes_of.filter(lambda v: v.shape[0] > 1))
def test_class_weights_are_larger_for_rarer_classes(votes: np.ndarray) -> None:
    weights = disagreement.class_balanced_weights(votes)
    items = np.maximum((votes * votes.shape[1] > votes.sum(axis=1, keepdims=True)).sum(axis=0), 1)
    assert weights.sum() == pytest.approx(votes.shape[1])
    assert np.isfinite(weights).all()
    for one in range(len(items)):
        for other in range(len(items)):
            if items[one] < items[other]:
                assert weights[one] > weights[other]


def test_class_weights_are_the_same_from_shares_and_votes() -> None:
    votes = np.random.default_rng(0).integers(1, 6, size=(50, 4))
    shares = votes / votes.sum(axis=1, keepdims=True)
    assert disagreement.class_balanced_weights(shares) == pytest.approx(disagreement.class_balanced_weights(votes))


def test_one_item() -> None:
    assert disagreement.class_balanced_weights(np.array([[1, 0]])).tolist() == [1.0, 1.0]


def test_rule_weights() -> None:
    votes = np.array([[3, 1, 0], [2, 1, 1], [1, 1, 0], [0, 0, 0]])
    weights = disagreement.rule_weights(votes, {"majority": 1.0, "plurality": 0.5, "all_inclusive": 0.25})
    assert weights.tolist() == [1.0, 0.5, 0.25, 0.0]
