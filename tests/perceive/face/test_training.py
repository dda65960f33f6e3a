"""Training: it learns, resumes to the same result, averages, stops early, passes positions and features on."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.face.augmentation import Augmentation
from thymos.perceive.face.blocks import FaceNetwork
from thymos.perceive.face.checkpoints import FILE
from thymos.perceive.face.losses import balancing_weights, soft_cross_entropy, weighted_cross_entropy
from thymos.perceive.face.networks import build_network
from thymos.perceive.face.training import Training, _move_average, predict_logits, rate_share, train_pictures


def examples(n: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise with lying or standing stripes, and which they are."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 120, (n, 48, 48), dtype=np.uint8)
    standing = rng.integers(0, 2, n)
    for picture, turned in zip(pictures, standing, strict=True):
        stripes = picture.T if turned else picture
        stripes[np.arange(48) % 6 < 3] += 100
    return pictures, np.eye(2)[standing]


def network(**changes: Any) -> FaceNetwork:
    return build_network("small_residual", 2, **{"widths": (4, 8), "depths": (1, 1), **changes})


def train(net: FaceNetwork, **changes: Any) -> Training:
    pictures, goal = examples()
    return train_pictures(net, pictures, goal, **{"epochs": 3, "batch": 16, "learning_rate": 0.01, **changes})


def weights(net: FaceNetwork) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, two[name]) for name, tensor in one.items())


@pytest.mark.parametrize("optimizer", ["adamw", "sam"])
def test_it_learns(optimizer: str) -> None:
    net = network()
    done = train(net, epochs=8, optimizer=optimizer, augmentation=Augmentation(shift=1, rotation=3))
    pictures, goal = examples(60, seed=1)
    right = (predict_logits(net, pictures).argmax(axis=1) == goal.argmax(axis=1)).mean()
    assert right > 0.9
    assert done.history[-1]["loss"] < done.history[0]["loss"]
    assert done.pictures_per_second > 0
    assert not net.training


@pytest.mark.parametrize("changes", [{}, {"average": 0.9}, {"optimizer": "sam"}])
def test_interrupted_training_ends_in_the_same_weights(tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = {
        **changes, "augmentation": Augmentation(), "validation": examples(20, seed=2), "checkpoint_folder": tmp_path
    }  # fmt: skip
    whole = network(dropout=0.2, drop_path=0.2)
    straight = train(whole, **{**settings, "checkpoint_folder": None})

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 5:  # in the second epoch: what it did so far is done again
            raise Stop

    with pytest.raises(Stop):
        train(network(dropout=0.2, drop_path=0.2), progress=stop, **settings)
    assert (tmp_path / FILE).is_file()
    steps: list[int] = []
    resumed = network(dropout=0.2, drop_path=0.2)
    done = train(resumed, progress=lambda done, total: steps.append(done), **settings)
    assert steps[0] == 4  # epoch 1 (three steps) was not done again
    assert same(weights(whole), weights(resumed))
    assert [entry["loss"] for entry in done.history] == [entry["loss"] for entry in straight.history]
    assert done.best_epoch == straight.best_epoch


def test_finished_training_is_only_read(tmp_path: Path) -> None:
    one, two = network(), network()
    train(one, checkpoint_folder=tmp_path)
    steps: list[int] = []
    train(two, checkpoint_folder=tmp_path, progress=lambda done, total: steps.append(done))
    assert steps == [9]
    assert same(weights(one), weights(two))


def test_checkpoint_of_another_training_is_not_used(tmp_path: Path) -> None:
    train(network(), checkpoint_folder=tmp_path)
    for changes in ({"learning_rate": 0.02}, {"seed": 1}, {"batch": 12}):
        steps: list[int] = []
        train(network(), checkpoint_folder=tmp_path, progress=lambda done, total, s=steps: s.append(done), **changes)
        assert steps[0] == 1
    (tmp_path / FILE).write_bytes(b"damaged")
    train(network(), checkpoint_folder=tmp_path)


def test_no_pickle_in_a_checkpoint(tmp_path: Path) -> None:
    train(network(), checkpoint_folder=tmp_path, average=0.5)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


def test_best_epoch_is_kept() -> None:
    scores = iter([0.1, 0.9, 0.3])
    seen: list[dict[str, torch.Tensor]] = []
    net = network()

    def select(shares: np.ndarray, goal: np.ndarray) -> float:
        assert np.allclose(shares.sum(axis=1), 1)
        seen.append(weights(net))
        return next(scores)

    done = train(net, validation=examples(8, seed=3), select=select)
    assert done.best_epoch == 2
    assert same(weights(net), seen[1])
    assert [entry["score"] for entry in done.history] == [0.1, 0.9, 0.3]


def test_early_stopping() -> None:
    scores = iter([0.5, 0.4, 0.3, 0.2, 0.9])
    done = train(network(), epochs=5, patience=2, validation=examples(8), select=lambda shares, goal: next(scores))
    assert done.stopped_early
    assert len(done.history) == 3
    assert done.best_epoch == 1


def test_validation_loss_is_the_soft_cross_entropy() -> None:
    pictures, goal = examples(12, seed=5)
    goal = 0.8 * goal + 0.1
    net = network()
    done = train(net, epochs=1, validation=(pictures, goal))
    logits = torch.from_numpy(predict_logits(net, pictures))
    expected = soft_cross_entropy(logits, torch.from_numpy(goal), torch.arange(12)).item()
    assert done.history[0]["validation_loss"] == pytest.approx(expected, abs=1e-5)
    assert done.history[0]["score"] == -done.history[0]["validation_loss"]


def test_loss_gets_the_positions() -> None:
    _, goal = examples()
    seen: list[int] = []

    def loss(logits: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        assert torch.allclose(targets, torch.from_numpy(goal[positions.numpy()]).float())
        seen.extend(positions.tolist())
        return soft_cross_entropy(logits, targets, positions)

    train(network(), epochs=1, loss=loss)
    assert sorted(seen) == list(range(48))


def test_penalty_learns_along(tmp_path: Path) -> None:
    class Projection(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.line = nn.Linear(8, 1)
            self.shares: list[float] = []

        def forward(
            self, features: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor, done: float
        ) -> torch.Tensor:
            assert features.shape == (16, 8)
            self.shares.append(done)
            return (self.line(features) - 1).square().mean()

    penalty = Projection()
    before = penalty.line.weight.clone()
    train(network(), penalty=penalty, checkpoint_folder=tmp_path)
    assert not torch.equal(penalty.line.weight, before)
    assert penalty.shares == pytest.approx([step / 9 for step in range(9)])
    again = Projection()
    train(network(), penalty=again, checkpoint_folder=tmp_path)
    assert torch.equal(again.line.weight, penalty.line.weight)


def test_average_of_the_weights() -> None:
    averaged, now = (nn.BatchNorm1d(1) for _ in range(2))
    with torch.no_grad():
        now.weight.fill_(3.0)
        now.running_mean.fill_(4.0)  # type: ignore[union-attr]
        now.num_batches_tracked.fill_(7)  # type: ignore[union-attr]
    _move_average(averaged, now, 0.75)
    assert averaged.weight.item() == pytest.approx(1.5)
    assert averaged.running_mean.item() == pytest.approx(1.0)  # type: ignore[union-attr]
    assert averaged.num_batches_tracked.item() == 7  # type: ignore[union-attr]


def test_averaged_weights_are_kept() -> None:
    plain, averaged = network(), network()
    train(plain)
    train(averaged, average=0.9)
    assert not same(weights(plain), weights(averaged))


def test_mean_of_mirror_images() -> None:
    net = network()
    train(net, epochs=1)
    pictures, _ = examples(5)
    turned = np.ascontiguousarray(pictures[:, :, ::-1])
    both = predict_logits(net, pictures, mirror=True)
    assert np.allclose(both, (predict_logits(net, pictures) + predict_logits(net, turned)) / 2, atol=1e-5)
    assert np.allclose(both, predict_logits(net, turned, mirror=True), atol=1e-5)


def test_learning_rates() -> None:
    rates = [rate_share(step, 100, "cosine", 0.1) for step in range(100)]
    assert rates[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert rates[10] == 1
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] < 0.001
    assert rate_share(99, 100, "constant", 0.1) == 1
    assert rate_share(0, 100, "cosine", 0) == 1


def test_bad_input() -> None:
    pictures, goal = examples(8)
    for changes, match in (
        ({"optimizer": "adam"}, "optimizer is 'adam'"),
        ({"schedule": "linear"}, "schedule"),
        ({"precision": "int8"}, "precision"),
    ):
        with pytest.raises(BadInput, match=match):
            train(network(), **changes)
    with pytest.raises(BadInput, match=r"shape \(7, 2\)"):
        train_pictures(network(), pictures, goal[:7])
    with pytest.raises(BadInput, match="row 0"):
        train_pictures(network(), pictures, goal * 2)
    with pytest.raises(BadInput, match="at least one"):
        train_pictures(network(), pictures[:0], goal[:0])


def test_weighted_cross_entropy_by_hand() -> None:
    logits, goal = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    value = weighted_cross_entropy([1.0, 3.0])(logits, goal, torch.arange(2)).item()
    assert value == pytest.approx((1 * math.log(2) + 3 * math.log(4)) / 4)
    plain = weighted_cross_entropy([2.0, 2.0])(logits, goal, torch.arange(2))
    assert plain.item() == pytest.approx(soft_cross_entropy(logits, goal, torch.arange(2)).item())
    smoothed = weighted_cross_entropy([1.0, 1.0], smoothing=0.2)(logits[:1], goal[:1], torch.arange(1))
    assert smoothed.item() == pytest.approx(math.log(2))


def test_balancing_weights() -> None:
    goal = np.repeat(np.eye(2), [9, 1], axis=0)
    assert balancing_weights(goal, 0).tolist() == pytest.approx([1, 1])
    full = balancing_weights(goal, 1)
    assert full[1] / full[0] == pytest.approx(9)
    assert (goal @ full).mean() == pytest.approx(1)
    with pytest.raises(BadInput, match="class 1"):
        balancing_weights(goal[:9])
    with pytest.raises(BadInput, match="positive"):
        weighted_cross_entropy([1.0, 0.0])
