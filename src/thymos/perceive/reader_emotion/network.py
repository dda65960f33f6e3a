"""The two branches and their fusion: words through a BiLSTM with attention, and a language model's frozen features.

Settings of the authors' code (card 18): 100 units a direction, candidate and output of the cell through a ReLU,
dropout 0.5, attention softmax(tanh(x · w + b_t)) over the words, two dense layers as wide as what is joined.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.word_vectors import WordVectors
from thymos.perceive.reader_emotion.words import FIRST_WORD, PADDING

Attention = Literal["learned", "uniform"]
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


def embedding_table(vectors: WordVectors) -> Tensor:
    """Vectors by number of ``Vocabulary(vectors.words)``, shape (words + 2, dimensions); padding and unknown are 0."""
    matrix = np.zeros((len(vectors.words) + FIRST_WORD, vectors.matrix.shape[1]), dtype=np.float32)
    matrix[FIRST_WORD:] = vectors.matrix
    return torch.from_numpy(matrix)


class BidirectionalLSTM(nn.Module):
    """An LSTM in both directions whose cell may use a ReLU, which torch's own does not offer.

    Args:
        inputs: length of an input vector.
        units: of a direction.
        activation: ``"relu"`` or ``"tanh"``, of candidate and output.
    """

    def __init__(self, inputs: int, units: int, activation: str = "relu") -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise BadInput(f"activation is {activation!r}", mend=f"use {' or '.join(ACTIVATIONS)}")
        self.units, self.activation = units, activation
        self.kernel = nn.Parameter(torch.empty(2, inputs, 4 * units))
        self.recurrent = nn.Parameter(torch.empty(2, units, 4 * units))
        self.bias = nn.Parameter(torch.zeros(2, 1, 4 * units))
        for direction in range(2):
            nn.init.xavier_uniform_(self.kernel[direction])
            nn.init.orthogonal_(self.recurrent[direction])
        # The forget gate starts open.
        self.bias.data[..., units : 2 * units] = 1.0

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """States of both directions side by side.

        Args:
            inputs: shape (texts, words, inputs).
            mask: True at words, shape (texts, words); words stand before padding.

        Returns:
            Shape (texts, words, 2 · units); 0 at padding.
        """
        lengths, order = mask.sum(dim=1).sort(descending=True, stable=True)
        inputs, mask = inputs[order], mask[order]
        back = reversed_places(lengths, mask)
        # Only real words are computed, place by place: at each place the texts that are long enough.
        active = mask.sum(dim=0).tolist()
        turned = torch.gather(inputs, 1, back[..., None].expand_as(inputs))
        packed = torch.stack([way.transpose(0, 1)[mask.T] for way in (inputs, turned)])
        drive = torch.baddbmm(self.bias, packed, self.kernel).split(active, dim=1)
        states = inputs.new_zeros(2, mask.shape[1], mask.shape[0], self.units)
        states[:, mask.T] = torch.cat(self._run(drive), dim=1)
        forward, backward = states.transpose(1, 2)
        backward = torch.gather(backward, 1, back[..., None].expand_as(backward))
        return torch.cat([forward, backward * mask[..., None]], dim=2)[order.argsort()]

    def _run(self, drive: Sequence[Tensor]) -> list[Tensor]:
        """States of both directions at each place, from what the inputs add to the gates."""
        act = ACTIVATIONS[self.activation]
        state = cell = drive[0].new_zeros(2, drive[0].shape[1], self.units)
        found = []
        for part in drive:
            count = part.shape[1]
            gates = torch.baddbmm(part, state[:, :count], self.recurrent)
            enter, keep, candidate, leave = gates.split(self.units, dim=2)
            cell = torch.sigmoid(keep) * cell[:, :count] + torch.sigmoid(enter) * act(candidate)
            state = torch.sigmoid(leave) * act(cell)
            found.append(state)
        return found

    def penalty(self) -> Tensor:
        """Sum of squares of kernel and recurrent weights, for the ℓ2 term."""
        return (self.kernel**2).sum() + (self.recurrent**2).sum()


def reversed_places(lengths: Tensor, mask: Tensor) -> Tensor:
    """Where each place of a text read backward comes from; padding stays where it is. Shape (texts, words)."""
    places = torch.arange(mask.shape[1], device=mask.device)[None, :]
    return torch.where(mask, lengths[:, None] - 1 - places, places)


class WordBranch(nn.Module):
    """Frozen word vectors, BiLSTM, attention over the words.

    Args:
        table: shape (words + 2, dimensions), see ``embedding_table``; not trained.
        longest: words of a text; one attention bias a place.
        units: of a direction.
        dropout: share of the states that is dropped in training.
        activation: of the LSTM cell.
        attention: ``"learned"``, or ``"uniform"`` for the ablation (every word alike).
    """

    def __init__(
        self,
        table: Tensor,
        *,
        longest: int = 10,
        units: int = 100,
        dropout: float = 0.5,
        activation: str = "relu",
        attention: Attention = "learned",
    ) -> None:
        super().__init__()
        if attention not in ("learned", "uniform"):
            raise BadInput(f"attention is {attention!r}", mend="use 'learned' or 'uniform'")
        self.register_buffer("table", table, persistent=False)
        self.lstm = BidirectionalLSTM(table.shape[1], units, activation)
        self.dropout = nn.Dropout(dropout)
        self.attention = attention
        self.width = 2 * units
        self.query = nn.Parameter(torch.empty(self.width))
        nn.init.uniform_(self.query, -math.sqrt(3 / self.width), math.sqrt(3 / self.width))
        self.place_bias = nn.Parameter(torch.zeros(longest))

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Text vectors, shape (texts, 2 · units), and attention, shape (texts, words), which sums to 1 over words."""
        mask = words != PADDING
        states = self.dropout(self.lstm(nn.functional.embedding(words, self.table), mask))
        if self.attention == "uniform":
            weights = mask / mask.sum(dim=1, keepdim=True)
        else:
            scores = torch.tanh(states @ self.query + self.place_bias[: words.shape[1]])
            weights = torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=1)
        return (states * weights[..., None]).sum(dim=1), weights


class ReaderEmotionNetwork(nn.Module):
    """Distribution of readers' emotions from words, from features of a language model, or from both.

    Args:
        words: the word branch, or None.
        features: length of the language model's vector; 0 = no such branch.
        classes: emotions.
        hidden_layers: dense ReLU layers, each as wide as what goes in.
        feature_dropout: share of the language model's vector that is dropped in training.
        ridge: weight of the ℓ2 term of the LSTM.
    """

    def __init__(
        self,
        words: WordBranch | None,
        features: int = 0,
        *,
        classes: int = 5,
        hidden_layers: int = 0,
        feature_dropout: float = 0.1,
        ridge: float = 0.001,
    ) -> None:
        super().__init__()
        width = (words.width if words is not None else 0) + features
        if width == 0:
            raise BadInput("the network has no branch", where="reader emotion", mend="pass words, features or both")
        self.words = words
        self.features = features
        self.ridge = ridge
        self.feature_dropout = nn.Dropout(feature_dropout)
        layers: list[nn.Module] = []
        for _ in range(hidden_layers):
            layers += [nn.Linear(width, width), nn.ReLU()]
        self.head = nn.Sequential(*layers, nn.Linear(width, classes))

    def forward(self, words: Tensor, features: Tensor) -> Tensor:
        """Probabilities, shape (texts, classes); ``features`` has shape (texts, features)."""
        parts = []
        if self.words is not None:
            parts.append(self.words(words)[0])
        if self.features:
            parts.append(self.feature_dropout(features))
        return torch.softmax(self.head(torch.cat(parts, dim=1)), dim=1)

    def penalty(self) -> Tensor:
        """What is added to the mean squared error."""
        return self.ridge * self.words.lstm.penalty() if self.words is not None else torch.zeros(())
