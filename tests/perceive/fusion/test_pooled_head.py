"""The pooled head: pooling over real frames, shapes of the release, stopping, imbalance."""

import numpy as np
import pytest
import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.fusion.pooled_head import HeadTraining, PooledFusionHead, pooled_frames, train_head

QUICK = HeadTraining(learning_rate=3e-3, epochs=40, hidden=(32, 16))


def vectors(size=160, seed=0, rate=0.5):
    rng = np.random.default_rng(seed)
    codes = (rng.random(size) < rate).astype(np.int64)
    return rng.normal(size=(size, 6)) + 1.5 * codes[:, None] * np.array([1, 0, 0, 0, 0, 0]), codes


def test_the_shapes_of_the_release():
    head = PooledFusionHead(5120 + 512 + 768 + 60 + 128)
    linear = [layer for layer in head.layers if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linear] == [(6588, 512), (512, 64), (64, 2)]
    assert [layer.p for layer in head.layers if isinstance(layer, nn.Dropout)] == [0.3, 0.3]
    assert HeadTraining() == HeadTraining(1e-4, 64, 300, 20)


def test_pooling_over_padding_depends_on_the_neighbors():
    frames = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    order = np.array([2, 0, 3, 1])
    assert np.allclose(pooled_frames(frames), pooled_frames(frames[order]))
    padded = np.vstack([frames, np.zeros((6, 3))])
    assert np.allclose(pooled_frames(frames, longest=10), padded.mean(axis=0))
    assert np.allclose(pooled_frames(frames, longest=10), 0.4 * pooled_frames(frames))
    for wrong in (np.zeros((0, 3)), np.zeros(3)):
        with pytest.raises(BadInput, match="are not frames x numbers"):
            pooled_frames(wrong)
    with pytest.raises(BadInput, match="the longest answer has 3 frames, this one 4"):
        pooled_frames(frames, longest=3)


def test_a_planted_signal_is_learned_and_training_repeats():
    inputs, codes = vectors()
    found = [train_head(inputs, codes, QUICK) for _ in range(2)]
    test, gold = vectors(seed=1)
    one, other = (head.probabilities(test) for head in found)
    assert np.array_equal(one, other)
    assert np.allclose(one.sum(axis=1), 1)
    assert (one.argmax(axis=1) == gold).mean() > 0.7
    assert not np.array_equal(train_head(inputs, codes, HeadTraining(3e-3, epochs=3, seed=1)).probabilities(test), one)


def test_a_row_does_not_depend_on_the_others():
    inputs, codes = vectors()
    head = train_head(inputs, codes, QUICK)
    assert np.allclose(head.probabilities(inputs)[:3], head.probabilities(inputs[:3]), atol=1e-6)


def test_scales_do_not_matter_when_standardized():
    inputs, codes = vectors()
    one = train_head(inputs, codes, QUICK).probabilities(inputs)
    other = train_head(inputs * 100 + 7, codes, QUICK).probabilities(inputs * 100 + 7)
    assert np.allclose(one, other, atol=1e-3)


def test_rare_classes_are_answered_when_balanced():
    inputs, codes = vectors(size=600, rate=0.05)
    shares = [
        (train_head(inputs, codes, HeadTraining(3e-3, epochs=15, hidden=(16, 8), balanced=balanced))
         .probabilities(inputs)[:, 1] >= 0.5).mean()
        for balanced in (False, True)
    ]  # fmt: skip
    assert shares[0] < 0.05 < shares[1]


def test_stopping_on_either_loss():
    inputs, codes = vectors(size=60)
    noise = np.random.default_rng(5).integers(0, 2, size=60)
    development = vectors(size=60, seed=3)[0], noise
    patient = HeadTraining(learning_rate=1e-2, epochs=200, patience=3, watched="development", hidden=(16, 8))
    head = train_head(inputs, codes, patient, development=development)
    assert head.epochs < 60
    released = train_head(inputs, codes, HeadTraining(learning_rate=0.0, epochs=50, patience=3, hidden=(16, 8)))
    # Only dropout moves the loss: it stops after a few epochs without a lower one.
    assert 3 < released.epochs < 50


def test_every_epoch_is_shown():
    seen = []
    inputs, codes = vectors(size=40)
    train_head(inputs, codes, HeadTraining(epochs=4, hidden=(8, 4)), each_epoch=lambda head: seen.append(head.epochs))
    assert seen == [1, 2, 3, 4]


def test_what_is_refused():
    inputs, codes = vectors(size=20)
    with pytest.raises(BadInput, match="codes reach from 0 to 2"):
        train_head(inputs, codes + (np.arange(20) == 3) * (2 - codes), QUICK)
    with pytest.raises(BadInput, match="20 codes"):
        train_head(inputs[:10], codes, QUICK)
    with pytest.raises(BadInput, match="the development loss is watched"):
        train_head(inputs, codes, HeadTraining(watched="development"))
    with pytest.raises(BadInput, match="there is no loss 'test'"):
        HeadTraining(watched="test")


def test_gradients_reach_every_layer():
    head = PooledFusionHead(4, hidden=(8, 4)).eval()
    head(torch.randn(16, 4)).square().sum().backward()
    assert all(bool(weight.grad.abs().sum()) for weight in head.parameters())
