"""What a face network learns beside its labels: a teacher's logits, a grid of prototypes, and a geometry of classes.

Source: card 38: L = CE + 0.30 KD + 0.12 ProtoKD + 0.012 geometry. The forms that are not published are marked
[inferred] where they are written.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.face.losses import Loss
from thymos.perceive.face.prototypes import TEMPERATURE, PrototypeGrid

KD_WEIGHT, KD_TEMPERATURE = 0.30, 5.0
PROTOTYPE_WEIGHT, GEOMETRY_WEIGHT = 0.12, 0.012
RAMP_START, RAMP_END, GATE = 0.2, 0.6, 0.2  # epochs 20 to 60 of 100, scaled
VARIANCE_CAP, MARGIN = 0.3, 0.5  # of normalized features [inferred]


def logit_distance(logits: torch.Tensor, teacher: torch.Tensor, temperature: float = KD_TEMPERATURE) -> torch.Tensor:
    """Mean squared error between logits, both divided by the temperature.

    The card says "MSE on logits, temperature 5.0". A factor temperature ** 2, usual for softened probabilities, would
    cancel the temperature here, so there is none [inferred]; temperature 1 is the plain error.
    """
    return functional.mse_loss(logits / temperature, teacher / temperature)


def with_teacher(
    loss: Loss, teacher_logits: npt.ArrayLike, *, weight: float = KD_WEIGHT, temperature: float = KD_TEMPERATURE
) -> Loss:
    """A loss with the distance to a teacher's logits added.

    Args:
        loss: over logits, targets and positions.
        teacher_logits: of the whole training set, computed once, shape (items, classes).
        weight: of the distance.
        temperature: see ``logit_distance``.
    """
    kept = torch.as_tensor(np.asarray(teacher_logits), dtype=torch.float32)
    if kept.dim() != 2 or not bool(torch.isfinite(kept).all()):
        raise BadInput("the teacher's logits must be finite, shape (items, classes)", where="teacher_logits")
    if temperature <= 0:
        raise BadInput(f"the temperature is {temperature}", where="distillation", mend="use 5.0")

    def distilled(logits: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        teacher = kept[positions.cpu()].to(logits)
        return loss(logits, targets, positions) + weight * logit_distance(logits, teacher, temperature)

    return distilled


def prototype_divergence(
    projected: torch.Tensor, vectors: torch.Tensor, wanted: torch.Tensor, temperature: float = TEMPERATURE
) -> torch.Tensor:
    """Mean KL(q || softmax of cosines / temperature), in nats.

    Args:
        projected: features in the space of the prototypes, shape (items, width).
        vectors: the prototypes, shape (cells, width).
        wanted: q over the cells of each item, shape (items, cells).
        temperature: of the student's softmax.
    """
    cosines = functional.normalize(projected, dim=1) @ functional.normalize(vectors, dim=1).T
    logs = functional.log_softmax(cosines / temperature, dim=1)
    return (torch.special.xlogy(wanted, wanted) - wanted * logs).sum(dim=1).mean()


def late_cosine(done: float, *, start: float = RAMP_START, end: float = RAMP_END, gate: float = GATE) -> float:
    """Weight 0..1 of a term that starts late: half a cosine from ``start`` to ``end``.

    Args:
        done: share of the training that is done, 0..1.
        start: where the ramp begins.
        end: where it reaches 1.
        gate: below this share of the ramp the weight stays 0 (reading of "hard_gate" [inferred]).

    Example:
        >>> [round(late_cosine(done), 3) for done in (0.1, 0.27, 0.4, 0.6, 1.0)]
        [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    if not 0 <= start < end <= 1:
        raise BadInput(f"the ramp goes from {start} to {end}", where="late cosine", mend="use 0 <= start < end <= 1")
    ramp = min(1.0, max(0.0, (done - start) / (end - start)))
    return 0.0 if ramp < gate else 0.5 * (1 - math.cos(math.pi * ramp))


def geometry_loss(
    features: torch.Tensor,
    codes: torch.Tensor,
    capped: Sequence[int],
    *,
    cap: float = VARIANCE_CAP,
    margin: float = MARGIN,
) -> torch.Tensor:
    """Spread inside some classes above a cap, and class means closer than a margin, in one batch [inferred form].

    sum_c relu(var_c - cap) over the capped classes + sum_{c != d} relu(margin - |mu_c - mu_d|) ** 2, on L2-normalized
    features; var_c is the mean squared distance to the class mean. Classes with fewer than two items in the batch
    have no variance, and classes without items no mean.

    Args:
        features: shape (items, width).
        codes: class of each item.
        capped: classes whose variance is capped.
        cap: allowed variance, 0..1.
        margin: wanted distance of means, 0..2.
    """
    unit = functional.normalize(features, dim=1)
    present = torch.unique(codes)
    means = torch.stack([unit[codes == code].mean(dim=0) for code in present])
    total = features.new_zeros(())
    for place, code in enumerate(present.tolist()):
        own = unit[codes == code]
        if code in capped and len(own) > 1:
            total = total + torch.relu((own - means[place]).square().sum(dim=1).mean() - cap)
    if len(present) > 1:
        first, second = torch.triu_indices(len(present), len(present), 1)
        # The small term keeps the slope of the root finite where two means are equal.
        distance = ((means[first] - means[second]).square().sum(dim=1) + 1e-12).sqrt()
        total = total + 2 * torch.relu(margin - distance).square().sum()
    return total


class FeaturePrior(nn.Module):
    """The penalty on a face network's features: prototypes, geometry, or both; see ``train_pictures``.

    Args:
        width: of the features.
        grid: frozen prototypes; None for no prototypes.
        wanted: q over the cells of every training item, shape (items, cells); needed with prototypes.
        prototype_weight: of the divergence.
        temperature: of the student's softmax over the cells.
        geometry_weight: of the geometry; 0 for none.
        capped: classes whose variance is capped.
        cap: see ``geometry_loss``.
        margin: see ``geometry_loss``.
        ramp: start, end and gate of the geometry's weight; None for full weight from the first step.
        seed: of the projection's first weights.
    """

    def __init__(
        self,
        width: int,
        *,
        grid: PrototypeGrid | None = None,
        wanted: npt.ArrayLike | None = None,
        prototype_weight: float = PROTOTYPE_WEIGHT,
        temperature: float = TEMPERATURE,
        geometry_weight: float = 0.0,
        capped: Sequence[int] = (),
        cap: float = VARIANCE_CAP,
        margin: float = MARGIN,
        ramp: tuple[float, float, float] | None = (RAMP_START, RAMP_END, GATE),
        seed: int = 0,
    ) -> None:
        super().__init__()
        if (grid is None) != (wanted is None):
            raise BadInput("prototypes and the distributions over their cells go together", where="feature prior")
        self.prototype_weight, self.temperature = prototype_weight, temperature
        self.geometry_weight, self.capped, self.cap, self.margin, self.ramp = (
            geometry_weight, tuple(capped), cap, margin, ramp,
        )  # fmt: skip
        self.projection: nn.Linear | None = None
        if grid is not None:
            goal = torch.as_tensor(np.asarray(wanted), dtype=torch.float32)
            if goal.dim() != 2 or goal.shape[1] != len(grid.vectors):
                raise BadInput(f"distributions of shape {tuple(goal.shape)} for {len(grid.vectors)} cells")
            self.register_buffer("vectors", torch.tensor(grid.vectors, dtype=torch.float32))
            self.register_buffer("wanted", goal, persistent=False)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self.projection = nn.Linear(width, grid.width, bias=False)

    vectors: torch.Tensor
    wanted: torch.Tensor

    def forward(
        self, features: torch.Tensor, targets: torch.Tensor, positions: torch.Tensor, done: float
    ) -> torch.Tensor:
        """The weighted sum; ``targets`` decide the class of an item by their largest share."""
        total = features.new_zeros(())
        if self.projection is not None:
            divergence = prototype_divergence(
                self.projection(features), self.vectors, self.wanted[positions], self.temperature
            )
            total = total + self.prototype_weight * divergence
        share = self.geometry_weight
        if share and self.ramp is not None:
            start, end, gate = self.ramp
            share *= late_cosine(done, start=start, end=end, gate=gate)
        if share:
            codes = targets.argmax(dim=1)
            total = total + share * geometry_loss(features, codes, self.capped, cap=self.cap, margin=self.margin)
        return total
