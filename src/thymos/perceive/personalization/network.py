"""A bottleneck and a classifier on embeddings: what the adaptation methods start from.

The form is that of SHOT (Liang et al., ICML 2020): a linear bottleneck, a normalization, and a weight-normed linear
classifier, trained with smoothed labels. The normalization is by layer and not by batch, so that a prediction does not
depend on what else is predicted with it [ours].
"""

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PersonalTraining:
    """Constants of training and adaptation.

    Args:
        bottleneck: width of the features.
        steps: passes over all source items in training.
        adaptation_steps: passes over the person's items in adaptation.
        learning_rate: of Adam in training.
        adaptation_rate: of Adam in adaptation.
        weight_decay: of Adam.
        smoothing: of the source labels; 0.1 as in SHOT.
        batch: source items of a step.
        seed: of weights and order.
    """

    bottleneck: int = 64
    steps: int = 40
    adaptation_steps: int = 30
    learning_rate: float = 1e-3
    adaptation_rate: float = 3e-4
    weight_decay: float = 1e-3
    smoothing: float = 0.1
    batch: int = 64
    seed: int = 0


class PersonalNetwork(nn.Module):
    """Embeddings to features, and features to class scores.

    Args:
        width: numbers of an embedding.
        classes: how many.
        bottleneck: width of the features.
        mean: of the source embeddings.
        spread: standard deviation of the source embeddings.
    """

    mean: torch.Tensor
    spread: torch.Tensor

    def __init__(self, width: int, classes: int, bottleneck: int, mean: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.bottleneck = nn.Sequential(nn.Linear(width, bottleneck), nn.LayerNorm(bottleneck))
        self.classifier = weight_norm(nn.Linear(bottleneck, classes))

    def features(self, embeddings: torch.Tensor) -> torch.Tensor:
        """(items, bottleneck)."""
        vectors: torch.Tensor = self.bottleneck((embeddings - self.mean) / self.spread)
        return vectors

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Class scores (items, classes)."""
        scores: torch.Tensor = self.classifier(self.features(embeddings))
        return scores

    def probabilities(self, embeddings: Floats) -> Floats:
        """(items, classes), rows sum to 1."""
        with torch.inference_mode():
            return np.asarray(torch.softmax(self(tensor_of(embeddings)).double(), dim=1).numpy())


def tensor_of(values: Floats) -> torch.Tensor:
    """A float32 matrix; BadInput unless it is items x numbers with an item, all finite."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) == 0 or not np.isfinite(matrix).all():
        raise BadInput(f"embeddings of shape {matrix.shape} are not items x finite numbers", where="personalization")
    return torch.tensor(matrix, dtype=torch.float32)


def new_network(embeddings: Floats, classes: int, training: PersonalTraining) -> PersonalNetwork:
    """A network with random weights and the levels of the source."""
    torch.manual_seed(training.seed)
    source = tensor_of(embeddings)
    spread = source.std(dim=0, correction=0).clamp(min=1e-6)
    return PersonalNetwork(source.shape[1], classes, training.bottleneck, source.mean(dim=0), spread)


def train_source(
    embeddings: Floats, codes: Codes, classes: int, training: PersonalTraining = PersonalTraining()
) -> PersonalNetwork:
    """Source only: the network that knows nothing of the person.

    Raises:
        BadInput: no items, another number of codes, codes outside the classes.
    """
    check_codes(embeddings, codes, classes)
    network = new_network(embeddings, classes, training)
    fit_labels(network, embeddings, codes, training, steps=training.steps, rate=training.learning_rate)
    return network


def oracle(
    network: PersonalNetwork, embeddings: Floats, codes: Codes, training: PersonalTraining = PersonalTraining()
) -> PersonalNetwork:
    """A copy that is tuned on the person's own labels: no system, an upper bound."""
    check_codes(embeddings, codes, network.classifier.out_features)
    tuned = copy.deepcopy(network)
    fit_labels(tuned, embeddings, codes, training, steps=training.adaptation_steps, rate=training.adaptation_rate)
    return tuned


def fit_labels(
    network: PersonalNetwork, embeddings: Floats, codes: Codes, training: PersonalTraining, *, steps: int, rate: float
) -> None:
    """Passes of Adam over labeled items, in place."""
    inputs, targets = tensor_of(embeddings), torch.tensor(codes)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, weight_decay=training.weight_decay)
    order = np.random.default_rng(training.seed)
    for _ in range(steps):
        for chosen in batches(order, len(codes), training.batch):
            optimizer.zero_grad()
            loss = functional.cross_entropy(
                network(inputs[chosen]), targets[chosen], label_smoothing=training.smoothing
            )
            loss.backward()
            optimizer.step()


def batches(order: np.random.Generator, items: int, size: int) -> list[torch.Tensor]:
    """Positions of all items in random order, in parts of about ``size``."""
    shuffled = torch.from_numpy(order.permutation(items))
    return list(shuffled.tensor_split(max(1, round(items / size))))


def check_codes(embeddings: Floats, codes: Codes, classes: int) -> None:
    """Raise BadInput unless there is one class of 0 to ``classes`` - 1 an embedding."""
    if len(embeddings) != len(codes) or len(codes) == 0:
        raise BadInput(f"{len(embeddings)} embeddings and {len(codes)} codes", where="personalization")
    if codes.min() < 0 or codes.max() >= classes:
        raise BadInput(
            f"codes reach from {codes.min()} to {codes.max()} for {classes} classes", where="personalization"
        )
