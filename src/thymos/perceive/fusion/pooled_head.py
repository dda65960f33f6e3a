"""Modalities pooled over time and joined with vectors of the person, through a perceptron.

Source: the benchmark code of MDPE (card 24): mean over time a modality, joined, with 60 personality items and 128
emotion ratings where they are used, then linear 512, ReLU, dropout 0.3, linear 64, ReLU, dropout 0.3, linear 2. Adam
with learning rate 1e-4, batches of 64, at most 300 epochs, stop when the *training* loss has not fallen for 20.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
HIDDEN = (512, 64)


def pooled_frames(frames: npt.NDArray[np.float32], *, longest: int | None = None) -> Floats:
    """Mean over the frames of an answer, shape (numbers,).

    Args:
        frames: (frames, numbers).
        longest: frames of the longest answer of a batch: the mean then counts padded zeros too, as the released
            batches do, so that a vector shrinks by frames / longest and depends on its neighbors. None = real frames.

    Example:
        >>> frames = np.array([[2.0], [4.0]])
        >>> pooled_frames(frames).tolist(), pooled_frames(frames, longest=4).tolist()
        ([3.0], [1.5])
    """
    values = np.asarray(frames, dtype=np.float64)
    if values.ndim != 2 or len(values) == 0:
        raise BadInput(f"frames of shape {values.shape} are not frames x numbers", where="pooled_frames")
    if longest is not None and longest < len(values):
        raise BadInput(f"the longest answer has {longest} frames, this one {len(values)}", where="pooled_frames")
    return np.asarray(values.sum(axis=0) / (longest or len(values)))


class PooledFusionHead(nn.Module):
    """The perceptron over joined vectors.

    Args:
        width: numbers of the joined vector.
        outputs: classes.
        hidden: widths of the two hidden layers.
        dropout: after each hidden layer.
    """

    def __init__(self, width: int, *, outputs: int = 2, hidden: tuple[int, int] = HIDDEN, dropout: float = 0.3) -> None:
        super().__init__()
        first, second = hidden
        self.layers = nn.Sequential(
            nn.Linear(width, first), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(first, second), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(second, outputs),
        )  # fmt: skip

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """(batch, width) to class scores (batch, outputs)."""
        scores: torch.Tensor = self.layers(vectors)
        return scores


@dataclass(frozen=True)
class HeadTraining:
    """How a head is trained; the defaults are the released ones.

    Args:
        learning_rate: of Adam.
        batch: items of a step.
        epochs: at most.
        patience: epochs without a lower loss.
        standardized: inputs minus mean, over spread of the training items [ours]; the release takes them as they are.
        balanced: weigh classes by their inverse frequency in training [ours].
        watched: ``"training"`` (the release) or ``"development"``: whose loss says when to stop; with development
            data the weights of the best epoch are kept.
        hidden: widths of the hidden layers.
        seed: of weights, order and dropout.
    """

    learning_rate: float = 1e-4
    batch: int = 64
    epochs: int = 300
    patience: int = 20
    standardized: bool = True
    balanced: bool = False
    watched: str = "training"
    hidden: tuple[int, int] = HIDDEN
    seed: int = 0

    def __post_init__(self) -> None:
        if self.watched not in ("training", "development"):
            raise BadInput(f"there is no loss {self.watched!r} to watch", mend="use 'training' or 'development'")


class TrainedHead:
    """A head with the levels of its inputs.

    Attributes:
        network: in evaluation mode.
        epochs: how many were trained.
    """

    def __init__(self, network: PooledFusionHead, mean: Floats, spread: Floats) -> None:
        self.network, self.mean, self.spread = network, mean, spread
        self.epochs = 0

    def inputs(self, vectors: Floats) -> torch.Tensor:
        """Standardized rows."""
        return torch.tensor((np.asarray(vectors, dtype=np.float64) - self.mean) / self.spread, dtype=torch.float32)

    def probabilities(self, vectors: Floats) -> Floats:
        """(items, classes), rows sum to 1."""
        self.network.eval()
        with torch.inference_mode():
            return np.asarray(torch.softmax(self.network(self.inputs(vectors)).double(), dim=1).numpy())


def train_head(
    vectors: Floats,
    codes: Codes,
    training: HeadTraining = HeadTraining(),
    *,
    classes: int = 2,
    development: tuple[Floats, Codes] | None = None,
    each_epoch: Callable[[TrainedHead], None] | None = None,
) -> TrainedHead:
    """Train a head.

    Args:
        vectors: (items, width), pooled and joined.
        codes: class of each item, 0 to ``classes`` - 1.
        training: see ``HeadTraining``.
        classes: how many there are.
        development: vectors and codes of other people; needed where their loss is watched.
        each_epoch: called with the head after every epoch, e.g. to see what picking an epoch would give.

    Raises:
        BadInput: no items, another number of codes, a code outside the classes, development data missing.
    """
    _check(vectors, codes, classes)
    if training.watched == "development" and development is None:
        raise BadInput("the development loss is watched and there is none", where="head training")
    torch.manual_seed(training.seed)
    values = np.asarray(vectors, dtype=np.float64)
    plain = np.zeros(values.shape[1]), np.ones(values.shape[1])
    mean, spread = (values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)) if training.standardized else plain
    network = PooledFusionHead(values.shape[1], outputs=classes, hidden=training.hidden)
    trained = TrainedHead(network, mean, spread)
    inputs, targets = trained.inputs(values), torch.tensor(codes)
    counts = np.bincount(codes, minlength=classes)
    weights = torch.tensor(len(codes) / (classes * np.maximum(counts, 1)), dtype=torch.float32)
    weight = weights if training.balanced else None
    optimizer = torch.optim.Adam(network.parameters(), lr=training.learning_rate)
    order = np.random.default_rng(training.seed)
    best, waited = np.inf, 0
    kept: dict[str, torch.Tensor] = {}
    for _ in range(training.epochs):
        loss = _epoch(network, inputs, targets, optimizer, order.permutation(len(codes)), training.batch, weight)
        trained.epochs += 1
        if each_epoch is not None:
            each_epoch(trained)
        if training.watched == "development" and development is not None:
            loss = _loss(trained, development, weight)
        waited += 1
        if loss < best:
            best, waited = loss, 0
            if training.watched == "development":
                kept = {name: values.clone() for name, values in network.state_dict().items()}
        if waited >= training.patience:
            break
    if kept:
        network.load_state_dict(kept)
    network.eval()
    return trained


def _epoch(
    network: PooledFusionHead,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    optimizer: torch.optim.Optimizer,
    order: npt.NDArray[np.int64],
    batch: int,
    weight: torch.Tensor | None,
) -> float:
    """One pass; the mean loss of its steps."""
    network.train()
    losses = []
    for start in range(0, len(order), batch):
        chosen = torch.from_numpy(order[start : start + batch])
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(inputs[chosen]), targets[chosen], weight)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _loss(trained: TrainedHead, items: tuple[Floats, Codes], weight: torch.Tensor | None) -> float:
    trained.network.eval()
    with torch.inference_mode():
        scores = trained.network(trained.inputs(items[0]))
        return float(functional.cross_entropy(scores, torch.tensor(items[1]), weight))


def _check(vectors: Floats, codes: Codes, classes: int) -> None:
    if np.ndim(vectors) != 2 or len(vectors) == 0 or len(vectors) != len(codes):
        raise BadInput(f"{np.shape(vectors)} vectors and {len(codes)} codes", where="head training")
    if codes.min() < 0 or codes.max() >= classes:
        raise BadInput(f"codes reach from {codes.min()} to {codes.max()}", where="head training",
                       mend=f"use 0 to {classes - 1}")  # fmt: skip
