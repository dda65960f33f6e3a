"""Losses over soft labels; each takes (logits, targets, positions of the pictures) and gives one number."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from thymos.errors import BadInput

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Logits (n, classes), targets (n, classes) that sum to 1 a row, positions (n,) in the training set -> mean loss."""


def soft_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Mean of -sum(target * log probability), in nats."""
    return functional.cross_entropy(logits, targets)


def weighted_cross_entropy(class_weights: npt.ArrayLike, *, smoothing: float = 0.0) -> Loss:
    """Soft cross entropy in which a picture weighs as much as its classes do.

    Args:
        class_weights: one positive weight a class; see ``balancing_weights``.
        smoothing: this share of every target is spread evenly over all classes.

    Returns:
        A Loss; pictures are weighed by the sum of target * class weight, and the weights of a batch sum to 1.
    """
    weights = torch.as_tensor(np.asarray(class_weights), dtype=torch.float32)
    if weights.dim() != 1 or not (weights > 0).all():
        raise BadInput("class weights must be one positive number a class", where="class_weights")

    def loss(logits: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        own = targets @ weights.to(targets)
        smoothed = targets * (1 - smoothing) + smoothing / targets.shape[1]
        each = -(smoothed * functional.log_softmax(logits, dim=1)).sum(dim=1)
        return (own * each).sum() / own.sum()

    return loss


def balancing_weights(targets: npt.ArrayLike, power: float = 1.0) -> npt.NDArray[np.float64]:
    """Weights that make classes count alike: (share of the class) ** -power, with mean 1 over the pictures.

    Args:
        targets: soft labels, shape (n, classes).
        power: 0 leaves classes as frequent as they are, 1 balances them fully.

    Raises:
        BadInput: a class that no picture has.
    """
    shares = np.asarray(targets, dtype=np.float64).mean(axis=0)
    if (shares <= 0).any():
        raise BadInput(f"class {int((shares <= 0).argmax())} has no picture", where="targets", mend="drop the class")
    weights = shares**-power
    return np.asarray(weights / (shares * weights).sum())
