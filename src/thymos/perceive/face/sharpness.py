"""Sharpness-aware minimization (Foret et al., 2021): step down from the worst place near the weights.

One step takes two forward and backward passes: the gradient g at the weights w leads to w + e with
e = rho * g / |g|; the gradient there is what the base optimizer steps with from w. In the adaptive form (Kwon et al.,
2021) each weight is moved in proportion to its size: e = rho * w**2 * g / |w * g|.
"""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from thymos.errors import BadInput

TINY = 1e-12


class SharpnessAware:
    """Wraps an optimizer.

    Args:
        optimizer: the base, already built over the same parameters.
        rho: radius of the neighborhood; 0.05 is the value of the paper.
        adaptive: scale the move of each weight by its size (rho is then usually ten times as large).
    """

    def __init__(self, optimizer: torch.optim.Optimizer, *, rho: float = 0.05, adaptive: bool = False) -> None:
        if rho <= 0:
            raise BadInput(f"rho is {rho}", where="sharpness-aware minimization", mend="use a positive number")
        self.optimizer, self.rho, self.adaptive = optimizer, rho, adaptive

    def step(
        self,
        loss: Callable[[], torch.Tensor],
        again: Callable[[], torch.Tensor] | None = None,
        *,
        before_step: Callable[[], None] | None = None,
    ) -> torch.Tensor:
        """One step.

        Args:
            loss: computes the loss at the present weights.
            again: computes it in the second pass; default: ``loss``.
            before_step: called when the gradient stands, before the base optimizer uses it (clipping).

        Returns:
            The loss before the step.
        """
        self.optimizer.zero_grad()
        value = loss()
        value.backward()
        kept = self._climb()
        self.optimizer.zero_grad()
        (again or loss)().backward()
        with torch.no_grad():
            for parameter, before in kept:
                parameter.copy_(before)
        if before_step is not None:
            before_step()
        self.optimizer.step()
        return value.detach()

    def _climb(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Move to w + e; returns each moved parameter with its value before."""
        with torch.no_grad():
            moved = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
            kept = [(parameter, parameter.clone()) for parameter in moved]
            scales = [p.abs() if self.adaptive else torch.ones((), device=p.device) for p in moved]
            squares = [(scale * p.grad).square().sum() for scale, p in zip(scales, moved, strict=True)]
            radius = self.rho / (torch.stack(squares).sum().sqrt() + TINY)
            for parameter, scale in zip(moved, scales, strict=True):
                parameter.add_(scale**2 * parameter.grad * radius)
        return kept


class FrozenStatistics:
    """While active, batch normalization uses the batch but does not learn its running statistics.

    For the second pass of a sharpness-aware step: the statistics at w + e are not those of the weights that stay.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        self.layers = [module for module in modules if isinstance(module, nn.modules.batchnorm._BatchNorm)]
        self.momenta: list[float | None] = []

    def __enter__(self) -> None:
        self.momenta = [layer.momentum for layer in self.layers]
        for layer in self.layers:
            layer.momentum = 0.0

    def __exit__(self, *_: object) -> None:
        for layer, momentum in zip(self.layers, self.momenta, strict=True):
            layer.momentum = momentum
