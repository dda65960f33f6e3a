"""Losses over the targets of raters: one element a class, class-balanced weights, and a penalty for unlikely pairs.

Source: card 36. A loss is the sum over the classes of elements l(y_j, p_j): soft cross entropy -y log p and
Kullback-Leibler divergence y log(y / p) over softmax outputs (the human distribution outside, the model's in the
denominator), binary cross entropy over sigmoid outputs. The class-balanced form weighs an item by sum_j w_j y_j. The
penalty adds alpha * sum_j sum_z P_jz l(y_j, p_j), where P is large for pairs of classes that raters rarely choose
together (``thymos.affect.disagreement.penalization_matrix``).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from thymos.errors import BadInput

Targets = npt.NDArray[np.float64]
CROSS_ENTROPY, KULLBACK_LEIBLER, BINARY = "cross_entropy", "kullback_leibler", "binary_cross_entropy"
ELEMENTS = (CROSS_ENTROPY, KULLBACK_LEIBLER, BINARY)
ALPHA = 0.2  # weight of the penalty; 0, 0.2, 0.5 and 0.8 were tested by the author
# A share of exactly 1/K must not count as more by a rounding error.
TOLERANCE = 1e-6


def probabilities_of(logits: torch.Tensor, element: str) -> torch.Tensor:
    """Softmax over the classes, or a sigmoid of each for ``"binary_cross_entropy"``."""
    return torch.sigmoid(logits) if element == BINARY else torch.softmax(logits, dim=-1)


def predicted_sets(logits: torch.Tensor, element: str) -> torch.Tensor:
    """Which labels the model turns on: softmax probability greater than 1/K, or sigmoid greater than 1/2."""
    threshold = 0.5 if element == BINARY else 1 / logits.shape[-1]
    return probabilities_of(logits, element) > threshold + TOLERANCE


def element_losses(logits: torch.Tensor, targets: torch.Tensor, element: str) -> torch.Tensor:
    """l(y_j, p_j) for each item and class, shape (items, classes), in nats.

    Args:
        logits: shape (items, classes).
        targets: the same shape; shares, or 0 and 1.
        element: a name of ``ELEMENTS``.
    """
    if element == BINARY:
        return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    logs = functional.log_softmax(logits, dim=-1)
    if element == CROSS_ENTROPY:
        return -targets * logs
    if element == KULLBACK_LEIBLER:
        return torch.special.xlogy(targets, targets) - targets * logs
    raise BadInput(f"unknown loss {element!r}", mend=f"known: {', '.join(ELEMENTS)}")


def penalty_factors(
    logits: torch.Tensor, targets: torch.Tensor, matrix: torch.Tensor, element: str, *, restricted: bool = True
) -> torch.Tensor:
    """What each element is multiplied by in the penalty: sum over z of P_jz, shape (items, classes).

    Args:
        logits: shape (items, classes).
        targets: the same shape.
        matrix: P, shape (classes, classes).
        element: decides how logits become label sets.
        restricted: z runs over the classes that the model turns on and the target lacks [inferred]; else over all
            classes, as the formula is printed, which makes the penalty a constant weight of each class.
    """
    if not restricted:
        return matrix.sum(dim=1).expand_as(targets)
    present = targets > 1 / targets.shape[-1] + TOLERANCE
    surplus = (predicted_sets(logits, element) & ~present).to(targets.dtype)
    return surplus @ matrix.T


@dataclass(frozen=True)
class RaterLoss:
    """A loss over rater targets: called with logits, targets and optional item weights, it gives one number.

    Args:
        element: a name of ``ELEMENTS``.
        class_weights: w_j, one positive number a class (``thymos.affect.disagreement.class_balanced_weights``); an
            item then weighs sum_j w_j y_j. None: all items weigh 1.
        penalization: P, shape (classes, classes), from 0 up; None for no penalty.
        alpha: weight of the penalty.
        restricted: see ``penalty_factors``.

    Example:
        >>> loss = RaterLoss("kullback_leibler")
        >>> round(float(loss(torch.zeros(1, 2), torch.tensor([[0.5, 0.5]]))), 6)
        0.0
    """

    element: str = CROSS_ENTROPY
    class_weights: npt.NDArray[np.float64] | None = None
    penalization: npt.NDArray[np.float64] | None = None
    alpha: float = ALPHA
    restricted: bool = True

    def __post_init__(self) -> None:
        if self.element not in ELEMENTS:
            raise BadInput(f"unknown loss {self.element!r}", mend=f"known: {', '.join(ELEMENTS)}")
        if self.alpha < 0:
            raise BadInput(f"alpha is {self.alpha}", where="penalty", mend="use 0 or more; the author's value is 0.2")
        if self.class_weights is not None and not (np.asarray(self.class_weights) > 0).all():
            raise BadInput("class weights must be positive", where="class_weights")
        matrix = self.penalization
        if matrix is not None and (matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or (matrix < 0).any()):
            raise BadInput("the penalization matrix must be square, from 0 up", where="penalization")

    def __call__(
        self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Mean over the items.

        Args:
            logits: shape (items, classes).
            targets: the same shape.
            weights: one number an item from 0 up, e.g. by aggregation rule; None = 1 each.
        """
        elements = element_losses(logits, targets, self.element)
        each = elements.sum(dim=1)
        if self.penalization is not None and self.alpha:
            matrix = torch.as_tensor(self.penalization, dtype=logits.dtype, device=logits.device)
            factors = penalty_factors(logits, targets, matrix, self.element, restricted=self.restricted)
            each = each + self.alpha * (factors * elements).sum(dim=1)
        if self.class_weights is not None:
            own = torch.as_tensor(self.class_weights, dtype=logits.dtype, device=logits.device)
            each = each * (targets @ own)
        if weights is not None:
            each = each * weights
        return each.mean()


def loss_of_positions(
    loss: RaterLoss, targets: Targets, weights: npt.NDArray[np.float64] | None = None
) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
    """A loss that looks its targets up by position, for training loops that take shares only.

    Label sets do not sum to 1, so they cannot go through such a loop; the positions of the items can.

    Args:
        loss: see RaterLoss.
        targets: of the whole training set, shape (items, classes).
        weights: one number an item; None = 1 each.

    Returns:
        A function of (logits, the loop's own targets, positions).
    """
    goal = torch.as_tensor(targets, dtype=torch.float32)
    own = None if weights is None else torch.as_tensor(weights, dtype=torch.float32)

    def looked_up(logits: torch.Tensor, shares: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        chosen = positions.cpu()
        weighed = None if own is None else own[chosen].to(logits.device)
        return loss(logits, goal[chosen].to(logits), weighed)

    return looked_up
