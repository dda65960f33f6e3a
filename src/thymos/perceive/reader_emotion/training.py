"""Training: mean squared error on softmax outputs, the epoch with the best error on validation texts is kept."""

import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.network import ReaderEmotionNetwork

Floats = npt.NDArray[np.float64]
EVALUATION_BATCH = 512


class Texts(NamedTuple):
    """Texts as both branches take them.

    Attributes:
        words: numbers of words, shape (texts, longest).
        features: of a language model, shape (texts, width); width may be 0.
        shares: gold distribution, shape (texts, classes); empty where it is not known.
    """

    words: npt.NDArray[np.int64]
    features: npt.NDArray[np.float32]
    shares: Floats

    def take(self, rows: npt.NDArray[np.int64]) -> "Texts":
        """Some of the texts."""
        return Texts(self.words[rows], self.features[rows], self.shares[rows])


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Args:
        epochs: at most.
        patience: epochs without a better validation error after which training ends.
        batch_size: texts a step.
        learning_rate: of Adam.
        seed: of weights, dropout and batches.
    """

    epochs: int = 60
    patience: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


class Trained(NamedTuple):
    """A trained network with its validation errors (mean squared) by epoch."""

    network: ReaderEmotionNetwork
    errors: list[float]


def train(network: ReaderEmotionNetwork, texts: Texts, validation: Texts, settings: Training) -> Trained:
    """Train in place and go back to the best epoch on the validation texts.

    The seed draws dropout and batches; draw the network's weights under ``seeded`` as well.

    Raises:
        BadInput: no text, or a training error that is not finite.
    """
    if len(texts.words) == 0 or len(validation.words) == 0:
        raise BadInput("there is no text", where="training", mend="pass training and validation texts")
    words, features, shares = tensors(texts)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    rng = np.random.default_rng(settings.seed)
    torch.manual_seed(settings.seed)
    best, kept, errors = np.inf, copy.deepcopy(network.state_dict()), []
    for epoch in range(settings.epochs):
        network.train()
        order = torch.from_numpy(rng.permutation(len(words)))
        for start in range(0, len(words), settings.batch_size):
            rows = order[start : start + settings.batch_size]
            loss = ((network(words[rows], features[rows]) - shares[rows]) ** 2).mean() + network.penalty()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        error = float(((predict(network, validation) - validation.shares) ** 2).mean())
        if not np.isfinite(error):
            raise BadInput("training went astray: the error is not finite", mend="lower the learning rate")
        errors.append(error)
        if error < best - 1e-7:
            best, kept = error, copy.deepcopy(network.state_dict())
        elif epoch - int(np.argmin(errors)) >= settings.patience:
            break
    network.load_state_dict(kept)
    network.eval()
    return Trained(network, errors)


def tensors(texts: Texts) -> tuple[Tensor, Tensor, Tensor]:
    """Words, features and shares as tensors."""
    return (
        torch.from_numpy(texts.words),
        torch.from_numpy(texts.features.astype(np.float32)),
        torch.from_numpy(texts.shares.astype(np.float32)),
    )


def predict(network: ReaderEmotionNetwork, texts: Texts) -> Floats:
    """Probabilities, shape (texts, classes)."""
    words, features, _ = tensors(texts)
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(words), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            found.append(network(words[part], features[part]).numpy())
    return np.concatenate(found).astype(np.float64)


def attention_of(network: ReaderEmotionNetwork, words: npt.NDArray[np.int64]) -> Floats:
    """Attention over the words of each text, shape (texts, longest); 0 at padding.

    Raises:
        BadInput: the network has no word branch.
    """
    if network.words is None:
        raise BadInput("this network has no attention", mend="use one with a word branch")
    network.eval()
    with torch.inference_mode():
        return network.words(torch.from_numpy(words))[1].numpy().astype(np.float64)
