"""The multi-task network: masked losses by hand, wiring, and that attributes help where they carry the emotion."""

import math

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive.scene.attributes import (
    AttributeDesign,
    AttributeTraining,
    VisualEmotionNetwork,
    attribute_loss,
    masked_cross_entropy,
    masked_label_sets,
    predict_network,
    train_network,
)

CLASSES = {"brightness": 11, "scene": 4, "object": 3}
DESIGN = AttributeDesign(CLASSES, label_sets=("object",), hidden=8, embedding=4, dropout=0.0)


def test_missing_codes_carry_no_loss() -> None:
    logits = torch.tensor([[0.0, 0.0], [5.0, -5.0], [math.log(3), 0.0]], requires_grad=True)
    loss = masked_cross_entropy(logits, torch.tensor([0, -1, 0]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)
    loss.backward()
    assert logits.grad is not None
    assert (logits.grad[1] == 0).all()


def test_nothing_known_is_a_loss_of_zero_that_can_be_derived() -> None:
    logits = torch.zeros(2, 3, requires_grad=True)
    for loss in (
        masked_cross_entropy(logits, torch.tensor([-1, -1])),
        masked_label_sets(logits, torch.full((2, 3), torch.nan)),
        masked_label_sets(logits, torch.zeros(2, 3)),
    ):
        assert loss.item() == 0
        loss.backward()


def test_label_sets() -> None:
    logits = torch.zeros(3, 2)
    sets = torch.tensor([[1.0, 0.0], [0.0, 0.0], [torch.nan, torch.nan]])
    assert masked_label_sets(logits, sets).item() == pytest.approx(math.log(2))
    sure = torch.tensor([[9.0, -9.0], [9.0, 9.0], [0.0, 0.0]])
    assert masked_label_sets(sure, sets).item() == pytest.approx(0, abs=1e-3)
    assert masked_label_sets(sure, sets, empty_is_missing=False).item() == pytest.approx(4.5, abs=1e-2)


def test_loss_is_the_sum_over_attributes() -> None:
    network = VisualEmotionNetwork(5, 8, DESIGN).eval()
    _, logits = network(torch.zeros(2, 5))
    known = {
        "brightness": torch.tensor([3, 10]),
        "scene": torch.tensor([-1, 2]),
        "object": torch.tensor([[1.0, 0, 0], [0, 0, 0]]),
    }
    parts = (
        masked_cross_entropy(logits["brightness"], known["brightness"])
        + masked_cross_entropy(logits["scene"], known["scene"])
        + masked_label_sets(logits["object"], known["object"])
    )
    assert attribute_loss(logits, known, DESIGN).item() == pytest.approx(parts.item())
    assert attribute_loss({}, {}, AttributeDesign()).item() == 0


@pytest.mark.parametrize(("feed", "width"), [("penultimate", 20), ("mixture", 20), ("none", 8)])
def test_what_the_emotion_head_sees(feed: str, width: int) -> None:
    design = AttributeDesign(CLASSES, label_sets=("object",), hidden=8, embedding=4, feed=feed)
    network = VisualEmotionNetwork(5, 8, design)
    assert network.emotion.in_features == width
    emotion, logits = network(torch.randn(3, 5))
    assert emotion.shape == (3, 8)
    assert {name: tuple(values.shape) for name, values in logits.items()} == {
        "brightness": (3, 11), "scene": (3, 4), "object": (3, 3)
    }  # fmt: skip


def test_without_attributes_it_is_a_plain_network() -> None:
    network = VisualEmotionNetwork(5, 2, AttributeDesign(hidden=8))
    assert network.emotion.in_features == 8
    assert sum(p.numel() for p in network.parameters()) == 5 * 8 + 8 + 8 * 2 + 2


def test_training_learns_classes_and_attributes() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 6))
    scene = (features[:, 0] > 0).astype(int) + 2 * (features[:, 1] > 0)
    emotion = (scene == 3).astype(int)
    attributes = {
        "brightness": np.full(120, -1),
        "scene": np.where(rng.random(120) < 0.2, -1, scene),
        "object": np.stack([scene == 0, scene == 1, scene >= 2], axis=1).astype(float),
    }
    training = AttributeTraining(steps=200, learning_rate=0.02, weight_decay=0.0)
    network = train_network(features, emotion, attributes, DESIGN, training)
    answer, shares = predict_network(network, features)
    assert (answer.argmax(axis=1) == emotion).mean() > 0.95
    assert (shares["scene"].argmax(axis=1) == scene).mean() > 0.9
    assert shares["scene"].sum(axis=1) == pytest.approx(np.ones(120))
    assert ((shares["object"] > 0.5) == attributes["object"].astype(bool)).mean() > 0.9
    again, _ = predict_network(train_network(features, emotion, attributes, DESIGN, training), features)
    np.testing.assert_allclose(again, answer, atol=1e-5)


def test_numbers_as_goal() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(80, 4))
    goal = np.column_stack([features[:, 0], -features[:, 1]])
    network = train_network(features, goal, {}, AttributeDesign(dropout=0.0), AttributeTraining(steps=150))
    answer, shares = predict_network(network, features)
    assert shares == {}
    assert np.corrcoef(answer[:, 0], goal[:, 0])[0, 1] > 0.95
    assert np.corrcoef(answer[:, 1], goal[:, 1])[0, 1] > 0.95


def test_random_numbers_of_others_are_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.rand(3)
    torch.manual_seed(5)
    train_network(np.zeros((4, 2)), np.zeros((4, 1)), {}, AttributeDesign(), AttributeTraining(steps=1))
    assert torch.equal(torch.rand(3), before)


def test_bad_input() -> None:
    features, goal = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    for attributes, match in (
        ({}, "'brightness' is missing"),
        ({"brightness": np.zeros(3), "scene": np.zeros(4), "object": np.zeros((4, 3))}, "shape"),
        ({"brightness": np.zeros(4), "scene": np.full(4, 9), "object": np.zeros((4, 3))}, "code of 9"),
        ({"brightness": np.zeros(4), "scene": np.zeros(4), "object": np.zeros((4, 2))}, "shape"),
    ):
        with pytest.raises(BadInput, match=match):
            train_network(features, goal, attributes, DESIGN, AttributeTraining(steps=1))
    for settings, match in (({"feed": "all"}, "feed"), ({"label_sets": ("x",)}, "'x'"), ({"weight": -1}, "weight")):
        with pytest.raises(BadInput, match=match):
            AttributeDesign(**settings)
