"""Rater heads on simulated raters, each with habits of their own."""

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.measure.distribution import kld
from thymos.perceive.rater_targets.rater_heads import (
    RaterNetwork,
    Ratings,
    consensus_targets,
    fit_rater_network,
    masked_rater_loss,
    predict_raters,
)

CLASSES, RATERS = 3, 6
HABITS = {0: (0, 1), 1: (2, 0)}  # rater 0 calls class 0 class 1, rater 1 calls class 2 class 0; the others are honest


def simulated(items: int, seed: int, raters_an_item: int = 3) -> tuple[np.ndarray, np.ndarray, Ratings]:
    """Vectors that show the class with noise, and the labels of some raters for each item."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, items)
    inputs = np.eye(CLASSES)[truth] * 2 + rng.normal(0, 0.5, (items, CLASSES))
    who = np.array([rng.choice(RATERS, raters_an_item, replace=False) for _ in range(items)])
    said = np.repeat(truth[:, None], raters_an_item, axis=1)
    for rater, (seen, called) in HABITS.items():
        said[(who == rater) & (said == seen)] = called
    shares = np.eye(CLASSES)[said.ravel()]
    return inputs, truth, Ratings(np.repeat(np.arange(items), raters_an_item), who.ravel(), shares)


@pytest.fixture(scope="module")
def fitted():
    inputs, _, ratings = simulated(600, seed=0)
    return fit_rater_network(inputs, ratings, raters=RATERS, width=24, embedding=4, epochs=20, batch=50, dropout=0.0,
                             learning_rate=1e-2)  # fmt: skip


def test_each_head_learns_its_rater(fitted):
    found = predict_raters(fitted, np.eye(CLASSES) * 2)["raters"]
    for rater in range(RATERS):
        for seen in range(CLASSES):
            wanted = HABITS[rater][1] if rater in HABITS and HABITS[rater][0] == seen else seen
            assert found[seen, rater].argmax() == wanted
            assert found[seen, rater, wanted] > 0.7


def test_the_consensus_is_the_mean_of_the_raters(fitted):
    inputs, truth, ratings = simulated(400, seed=1, raters_an_item=RATERS)
    shares = consensus_targets(ratings, 400).shares.numpy().astype(float)
    found = predict_raters(fitted, inputs)
    for name in ("soft", "consensus"):
        assert kld(shares / shares.sum(axis=1, keepdims=True), found[name]) < 0.25
    assert (found["hard"].argmax(axis=1) == truth).mean() > 0.9
    assert found["consensus"].sum(axis=1) == pytest.approx(np.ones(400))


def test_missing_ratings_take_no_part_in_the_loss():
    logits = torch.randn(2, 3, 4)
    ratings = Ratings(np.array([0, 1]), np.array([2, 0]), np.eye(4)[[1, 3]])
    expected = -(torch.log_softmax(logits[0, 2], 0)[1] + torch.log_softmax(logits[1, 0], 0)[3]) / 2
    assert float(masked_rater_loss(logits, ratings)) == pytest.approx(float(expected), rel=1e-5)
    changed = logits.clone()
    changed[0, 0] = 99.0  # nobody with number 0 rated item 0
    assert float(masked_rater_loss(changed, ratings)) == pytest.approx(float(expected), rel=1e-5)


def test_the_head_of_a_rater_without_ratings_gets_no_gradient():
    network = RaterNetwork(2, 2, 3)
    ratings = Ratings(np.array([0]), np.array([1]), np.eye(2)[[0]])
    masked_rater_loss(network(torch.randn(1, 2)).raters, ratings).backward()
    assert network.weight.grad is not None
    assert network.weight.grad[1].abs().sum() > 0
    assert network.weight.grad[[0, 2]].abs().sum() == 0


def test_consensus_targets():
    shares = np.array([[1.0, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0, 1, 0]])
    found = consensus_targets(Ratings(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), shares), 2)
    assert found.shares.tolist() == [[0.5, 0.5, 0], [0.25, 0.75, 0]]
    assert found.has_mode.tolist() == [False, True]
    assert found.modes[1].tolist() == [0, 1, 0]


def test_the_same_seed_gives_the_same_network():
    inputs, _, ratings = simulated(40, seed=2)
    settings = {"raters": RATERS, "width": 8, "embedding": 2, "epochs": 2}
    first, second, other = (fit_rater_network(inputs, ratings, seed=seed, **settings) for seed in (1, 1, 2))
    same = predict_raters(first, inputs)["consensus"]
    assert np.array_equal(same, predict_raters(second, inputs)["consensus"])
    assert not np.array_equal(same, predict_raters(other, inputs)["consensus"])


def test_bad_input():
    inputs, _, ratings = simulated(10, seed=0)
    with pytest.raises(BadInput, match=r"rater 5 is outside 0\.\.2"):
        fit_rater_network(inputs, ratings, raters=3)
    with pytest.raises(BadInput, match="item 9 is outside"):
        fit_rater_network(inputs[:5], ratings, raters=RATERS)
    with pytest.raises(BadInput, match="sum to 1"):
        fit_rater_network(inputs, ratings._replace(shares=ratings.shares * 2), raters=RATERS)
    with pytest.raises(BadInput, match="no rating"):
        fit_rater_network(np.vstack([inputs, inputs[:1]]), ratings, raters=RATERS)
