"""Losses over rater targets: numbers worked out by hand, and algebra."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.affect.disagreement import class_balanced_weights, co_occurrence, penalization_matrix
from thymos.errors import BadInput
from thymos.perceive.face.training import train_pictures
from thymos.perceive.rater_targets.losses import (
    ELEMENTS,
    RaterLoss,
    element_losses,
    loss_of_positions,
    penalty_factors,
    predicted_sets,
)

LOGITS = arrays(np.float64, (5, 4), elements=st.floats(-4, 4))
VOTES = arrays(np.int64, (5, 4), elements=st.integers(0, 5)).filter(lambda votes: votes.sum(axis=1).min() > 0)
MATRIX = arrays(np.float64, (4, 4), elements=st.floats(0, 1))


def shares_of(votes):
    return torch.as_tensor(votes / votes.sum(axis=1, keepdims=True))


def logit(p):
    return np.log(np.asarray(p))


def test_elements_by_hand():
    logits, targets = torch.tensor(logit([[0.5, 0.3, 0.2]])), torch.tensor([[0.6, 0.4, 0.0]], dtype=torch.float64)
    assert element_losses(logits, targets, "cross_entropy")[0].tolist() == pytest.approx(
        [-0.6 * np.log(0.5), -0.4 * np.log(0.3), 0]
    )
    assert element_losses(logits, targets, "kullback_leibler")[0].tolist() == pytest.approx(
        [0.6 * np.log(0.6 / 0.5), 0.4 * np.log(0.4 / 0.3), 0]
    )
    sets = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    binary = element_losses(torch.zeros(1, 3, dtype=torch.float64), sets, "binary_cross_entropy")
    assert binary[0].tolist() == pytest.approx([np.log(2)] * 3)


@given(VOTES)
def test_the_divergence_is_zero_for_equal_distributions(votes):
    shares = shares_of(votes)
    logits = torch.log(shares + 1e-12)
    for penalty in (None, np.ones((4, 4))):
        assert float(RaterLoss("kullback_leibler", penalization=penalty)(logits, shares)) == pytest.approx(0, abs=1e-6)


@given(LOGITS, VOTES)
def test_cross_entropy_is_the_divergence_and_the_entropy_of_the_raters(logits, votes):
    shares, given_logits = shares_of(votes), torch.as_tensor(logits)
    entropy = -torch.special.xlogy(shares, shares).sum(dim=1).mean()
    gap = RaterLoss("cross_entropy")(given_logits, shares) - RaterLoss("kullback_leibler")(given_logits, shares)
    assert float(gap) == pytest.approx(float(entropy), abs=1e-9)


@given(LOGITS, VOTES, MATRIX, st.sampled_from(ELEMENTS))
def test_a_model_that_turns_on_only_what_the_raters_chose_pays_no_penalty(logits, votes, matrix, element):
    shares, given_logits = shares_of(votes), torch.as_tensor(logits)
    factors = penalty_factors(given_logits, shares, torch.as_tensor(matrix), element)
    surplus = predicted_sets(given_logits, element) & (shares <= 0.25)
    assert (factors[~surplus.any(dim=1)] == 0).all()
    assert (factors >= 0).all()
    # Where one class is too much, the factor of a target class is that pair's penalty.
    for row in torch.nonzero(surplus.sum(dim=1) == 1).flatten().tolist():
        z = int(surplus[row].int().argmax())
        assert factors[row].tolist() == pytest.approx(matrix[:, z].tolist())


def test_the_penalty_by_hand():
    matrix = np.array([[0.0, 0.9, 0.1], [0.8, 0.0, 0.5], [0.2, 0.4, 0.0]])
    logits, targets = torch.tensor(logit([[0.5, 0.4, 0.1]])), torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    base = -np.log(0.5)
    # The model turns on classes 0 and 1 (above 1/3); class 1 is too much, and P[0, 1] = 0.9.
    for alpha in (0.0, 0.2, 0.8):
        loss = RaterLoss(penalization=matrix, alpha=alpha)
        assert float(loss(logits, targets)) == pytest.approx(base * (1 + alpha * 0.9))
    whole = RaterLoss(penalization=matrix, restricted=False)
    assert float(whole(logits, targets)) == pytest.approx(base * (1 + 0.2 * 1.0))


@given(VOTES)
def test_class_weights_sum_to_the_classes_and_weigh_items(votes):
    shares = shares_of(votes)
    weights = class_balanced_weights(shares.numpy())
    assert weights.sum() == pytest.approx(4)
    logits = torch.zeros(5, 4, dtype=torch.float64)
    expected = (shares.numpy() @ weights * np.log(4)).mean()
    assert float(RaterLoss(class_weights=weights)(logits, shares)) == pytest.approx(expected)


def test_equal_class_weights_change_nothing():
    shares, logits = shares_of(np.array([[3, 1, 0, 1], [0, 2, 2, 1]])), torch.randn(2, 4, dtype=torch.float64)
    assert float(RaterLoss(class_weights=np.ones(4))(logits, shares)) == pytest.approx(
        float(RaterLoss()(logits, shares))
    )


def test_rare_pairs_cost_more():
    # Raters often choose 0 with 1 and never 0 with 2.
    votes = np.array([[3, 2, 0], [2, 3, 0], [4, 1, 0], [0, 0, 5]])
    matrix = penalization_matrix(co_occurrence(votes))
    target = torch.tensor([[1.0, 0.0, 0.0]])
    common, rare = torch.tensor(logit([[0.5, 0.4, 0.1]])).float(), torch.tensor(logit([[0.5, 0.1, 0.4]])).float()
    loss = RaterLoss(penalization=matrix)
    assert float(RaterLoss()(common, target)) == pytest.approx(float(RaterLoss()(rare, target)))
    assert float(loss(rare, target)) > float(loss(common, target))


def test_item_weights():
    logits, shares = torch.randn(2, 3), torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])
    one = float(RaterLoss()(logits[:1], shares[:1]))
    assert float(RaterLoss()(logits, shares, torch.tensor([2.0, 0.0]))) == pytest.approx(one)


def test_targets_by_position_go_through_a_loop_that_knows_shares_only():
    sets = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    loss = RaterLoss("binary_cross_entropy")
    logits, positions = torch.randn(2, 2), torch.tensor([2, 0])
    found = loss_of_positions(loss, sets)(logits, torch.full((2, 2), 0.5), positions)
    assert float(found) == pytest.approx(float(loss(logits, torch.tensor(sets[[2, 0]]).float())))
    weighed = loss_of_positions(loss, sets, np.array([1.0, 0, 0]))(logits, torch.full((2, 2), 0.5), positions)
    assert float(weighed) == pytest.approx(float(loss(logits[1:], torch.tensor(sets[:1]).float())) / 2)


def test_a_face_network_learns_label_sets(stripes):
    pictures, sets = stripes
    loss = loss_of_positions(RaterLoss("binary_cross_entropy"), sets)
    from thymos.perceive.face.networks import build_network
    from thymos.perceive.face.training import predict_logits

    network = build_network("small_residual", 2, widths=(8, 16), depths=(1, 1))
    train_pictures(network, pictures, np.full(sets.shape, 0.5), loss=loss, epochs=8, batch=16, learning_rate=1e-2)
    assert ((predict_logits(network, pictures) > 0) == sets).mean() > 0.9


@pytest.fixture
def stripes():
    """12 x 12 pictures with a bright row (label 0), a bright column (label 1), both or neither."""
    rng = np.random.default_rng(0)
    sets = rng.integers(0, 2, size=(96, 2)).astype(float)
    pictures = rng.integers(0, 60, size=(96, 12, 12)).astype(np.uint8)
    for number, (row, column) in enumerate(sets):
        if row:
            pictures[number, 3] = 220
        if column:
            pictures[number, :, 8] = 220
    return pictures, sets


def test_bad_input():
    with pytest.raises(BadInput, match="unknown loss"):
        RaterLoss("hinge")
    with pytest.raises(BadInput, match="alpha is -1"):
        RaterLoss(alpha=-1)
    with pytest.raises(BadInput, match="square"):
        RaterLoss(penalization=np.ones((2, 3)))
    with pytest.raises(BadInput, match="positive"):
        RaterLoss(class_weights=np.array([1.0, 0.0]))
