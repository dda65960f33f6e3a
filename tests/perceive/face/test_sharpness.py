"""Sharpness-aware steps on functions whose steps can be written down."""

import pytest
import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.face.sharpness import FrozenStatistics, SharpnessAware


def quadratic(weights: torch.Tensor) -> torch.Tensor:
    return (0.5 * torch.tensor([4.0, 1.0]) * weights**2).sum()


def test_one_step_on_a_quadratic() -> None:
    weights = nn.Parameter(torch.tensor([1.0, 3.0]))
    sharp = SharpnessAware(torch.optim.SGD([weights], lr=0.1), rho=0.5)
    value = sharp.step(lambda: quadratic(weights))
    # g = (4, 3), |g| = 5, e = 0.5 * (0.8, 0.6); gradient at w + e = (4 * 1.4, 3.3); w - 0.1 * that.
    assert value.item() == pytest.approx(0.5 * 4 + 0.5 * 9)
    assert weights.tolist() == pytest.approx([1 - 0.56, 3 - 0.33])


def test_one_adaptive_step() -> None:
    weights = nn.Parameter(torch.tensor([1.0, 3.0]))
    sharp = SharpnessAware(torch.optim.SGD([weights], lr=0.1), rho=0.5, adaptive=True)
    sharp.step(lambda: quadratic(weights))
    # |w * g| = |(4, 9)| = sqrt(97); e = 0.5 * w^2 * g / sqrt(97) = (2, 13.5) / sqrt(97).
    norm = 97**0.5
    moved = (1 + 2 / norm, 3 + 13.5 / norm)
    assert weights.tolist() == pytest.approx([1 - 0.4 * moved[0], 3 - 0.1 * moved[1]])


def test_second_pass_and_hook() -> None:
    weights = nn.Parameter(torch.tensor([1.0, 3.0]))
    sharp = SharpnessAware(torch.optim.SGD([weights], lr=1.0), rho=0.5)
    seen: list[list[float]] = []
    sharp.step(
        lambda: quadratic(weights),
        lambda: 2 * quadratic(weights),
        before_step=lambda: seen.append(weights.grad.tolist()),  # type: ignore[union-attr]
    )
    assert seen[0] == pytest.approx([2 * 5.6, 2 * 3.3])
    assert weights.tolist() == pytest.approx([1 - 11.2, 3 - 6.6])


def test_flat_place_is_left_alone() -> None:
    weights = nn.Parameter(torch.zeros(2))
    SharpnessAware(torch.optim.SGD([weights], lr=0.1)).step(lambda: quadratic(weights))
    assert weights.tolist() == [0.0, 0.0]


def test_statistics_are_learned_in_the_first_pass_only() -> None:
    layer = nn.BatchNorm1d(2)
    layer(torch.randn(8, 2) + 5)
    once = layer.running_mean.clone()  # type: ignore[union-attr]
    with FrozenStatistics(layer.modules()):
        layer(torch.randn(8, 2) + 50)
    assert torch.equal(layer.running_mean, once)  # type: ignore[arg-type]
    assert layer.momentum == 0.1


def test_bad_radius() -> None:
    with pytest.raises(BadInput, match="rho is 0"):
        SharpnessAware(torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1), rho=0)
