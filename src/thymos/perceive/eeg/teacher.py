"""A small network from topographic maps to valence and arousal, whose features fill a grid of prototypes.

Source: card 38; the network is not published, its form here is the card's reading [inferred]: three blocks, 128
features, two outputs through tanh. Whole subjects are held out: across subjects, decoding of valence and arousal from
band power is near chance (balanced accuracy .50 to .55), so expect little affect in the prototypes, and keep controls.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from thymos.errors import BadInput
from thymos.perceive.face.prototypes import CELLS, PrototypeGrid, prototypes_of_features

Floats = npt.NDArray[np.float64]
WIDTH = 128
LOSSES = ("mse", "ccc")


class TopographicNetwork(nn.Module):
    """Three blocks of convolution, batch normalization, ReLU and pooling; a vector; valence and arousal.

    Args:
        bands: channels of the maps.
        width: of the vector below the output.
        dropout: of that vector, in training.
    """

    def __init__(self, bands: int, *, width: int = WIDTH, dropout: float = 0.3) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        before = bands
        for channels in (16, 32, 64):
            blocks += [
                nn.Conv2d(before, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            before = channels
        self.blocks = nn.Sequential(*blocks)
        self.vector = nn.Sequential(nn.Linear(before, width), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, 2)

    def features(self, maps: torch.Tensor) -> torch.Tensor:
        """The vector below the output, shape (n, width)."""
        vectors: torch.Tensor = self.vector(self.blocks(maps).mean(dim=(2, 3)))
        return vectors

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Valence and arousal, -1..1, shape (n, 2)."""
        return torch.tanh(self.output(self.dropout(self.features(maps))))


@dataclass(frozen=True)
class Teacher:
    """A trained network and the subjects that it did not see.

    Args:
        network: in evaluation mode.
        mean: of each band over the training maps.
        spread: standard deviation of each band.
        held_out: which items are of held-out subjects, shape (items,).
    """

    network: TopographicNetwork
    mean: Floats
    spread: Floats
    held_out: npt.NDArray[np.bool_]

    def predict(self, maps: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Features (n, width) and valence and arousal (n, 2)."""
        with torch.inference_mode():
            inputs = _standardized(maps, self.mean, self.spread)
            features = self.network.features(inputs)
            points = torch.tanh(self.network.output(features))
        return features.double().numpy(), points.double().numpy()


def concordance_loss(predicted: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean over valence and arousal of 1 - CCC in the batch."""
    first, second = predicted - predicted.mean(dim=0), wanted - wanted.mean(dim=0)
    shared = (first * second).mean(dim=0)
    spread = first.square().mean(dim=0) + second.square().mean(dim=0)
    offset = (predicted.mean(dim=0) - wanted.mean(dim=0)).square()
    return (1 - 2 * shared / (spread + offset + 1e-8)).mean()


def held_out_subjects(subjects: npt.NDArray[Any], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which items are of subjects that are kept out of training; one subject at least stays on each side."""
    names = np.unique(subjects.astype(str))
    if len(names) < 2:
        raise BadInput("one subject cannot be split", where="subjects", mend="pass at least two")
    size = min(len(names) - 1, max(1, round(share * len(names))))
    chosen = np.random.default_rng(seed).permutation(names)[:size]
    return np.isin(subjects.astype(str), chosen)


def fit_teacher(
    maps: npt.NDArray[np.float32],
    points: npt.ArrayLike,
    subjects: npt.NDArray[Any],
    *,
    support: npt.NDArray[np.float32] | None = None,
    held_out: float = 0.25,
    loss: str = "mse",
    epochs: int = 20,
    batch: int = 64,
    learning_rate: float = 1e-3,
    consistency: float = 0.1,
    noise: float = 0.2,
    seed: int = 0,
) -> Teacher:
    """Train on some subjects; the others are for prototypes and scores.

    Args:
        maps: shape (items, bands, side, side).
        points: valence and arousal, -1..1, shape (items, 2).
        subjects: who is in the item.
        support: maps without labels, e.g. of another corpus: predictions must not change much under noise.
        held_out: share of the subjects that is not trained on.
        loss: ``"mse"`` or ``"ccc"``.
        epochs: passes over the training items.
        batch: items a step.
        learning_rate: of AdamW.
        consistency: weight of the term for maps without labels.
        noise: standard deviation of that noise, in standard deviations of a band.
        seed: of the split, the first weights, the order and the noise.

    Raises:
        BadInput: unequal lengths, points outside -1..1, fewer than two subjects, an unknown loss.
    """
    goal = np.asarray(points, dtype=np.float64)
    if maps.ndim != 4 or goal.shape != (len(maps), 2) or len(subjects) != len(maps):
        raise BadInput(f"maps {maps.shape}, points {goal.shape}, {len(subjects)} subjects do not fit", where="teacher")
    if not np.isfinite(maps).all() or not np.isfinite(goal).all() or np.abs(goal).max() > 1:
        raise BadInput("maps must be finite and points lie in -1..1", where="teacher", mend="rescale the ratings")
    if loss not in LOSSES:
        raise BadInput(f"loss is {loss!r}", where="teacher", mend=f"use {' or '.join(LOSSES)}")
    apart = held_out_subjects(np.asarray(subjects), held_out, seed)
    own = maps[~apart]
    mean, spread = own.mean(axis=(0, 2, 3)).astype(np.float64), own.std(axis=(0, 2, 3)).astype(np.float64) + 1e-8
    inputs, wanted = _standardized(own, mean, spread), torch.as_tensor(goal[~apart], dtype=torch.float32)
    unlabeled = None if support is None else _standardized(support, mean, spread)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = TopographicNetwork(maps.shape[1])
        optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=0.01)
        network.train()
        for _ in range(epochs):
            for chosen in torch.randperm(len(inputs)).split(batch):
                if len(chosen) < 2:  # batch normalization needs two
                    continue
                predicted = network(inputs[chosen])
                value = (
                    functional.mse_loss(predicted, wanted[chosen])
                    if loss == "mse"
                    else concordance_loss(predicted, wanted[chosen])
                )
                if unlabeled is not None:
                    drawn = unlabeled[torch.randint(len(unlabeled), (min(batch, len(unlabeled)),))]
                    if len(drawn) > 1:
                        noisy = drawn + noise * torch.randn_like(drawn)
                        value = value + consistency * functional.mse_loss(network(noisy), network(drawn).detach())
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
    return Teacher(network.eval(), mean, spread, apart)


def teacher_prototypes(
    teacher: Teacher, maps: npt.NDArray[np.float32], *, source: str, cells: int = CELLS
) -> PrototypeGrid:
    """Prototypes of the held-out items, placed by the valence and arousal that the teacher predicts.

    Labels are often binary, so they cannot fill a grid; how much of it the predictions fill is in ``filled``.
    """
    features, points = teacher.predict(maps[teacher.held_out])
    alive = np.linalg.norm(features, axis=1) > 1e-9
    return prototypes_of_features(features[alive], points[alive], source=source, cells=cells)


def _standardized(maps: npt.NDArray[np.float32], mean: Floats, spread: Floats) -> torch.Tensor:
    scaled = (maps - mean[:, None, None]) / spread[:, None, None]
    return torch.as_tensor(scaled, dtype=torch.float32)
