"""Parts that the face networks share: the base class, squeeze-and-excitation, stochastic depth."""

from abc import abstractmethod
from typing import Any

import torch
from torch import nn

from thymos.errors import BadInput

CHANNELS = 1  # the pictures are gray
EXCITATIONS = ("none", "last", "every", "pooled")


class FaceNetwork(nn.Module):
    """Base of the networks: standardized gray pictures in, one logit a class out.

    A network can be built again from ``settings``; see ``thymos.perceive.face.networks``.

    Attributes:
        settings: the keyword arguments that the network was built with, JSON-able.
        width: length of the vector that ``features`` gives.
        head: the last linear layer, from features to logits.
    """

    settings: dict[str, Any]
    width: int
    head: nn.Linear

    @abstractmethod
    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """From pictures, shape (n, 1, height, width), to the vectors below the last layer, shape (n, width)."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits, shape (n, classes)."""
        logits: torch.Tensor = self.head(self.features(pictures))
        return logits

    def parameter_count(self) -> int:
        """Number of trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())


class SqueezeExcitation(nn.Module):
    """Channels are weighed by what the whole picture shows (Hu et al., 2018).

    Mean over all places, linear to channels / reduction, ReLU, linear back, sigmoid, product with the input.

    Args:
        channels: of the input.
        reduction: how much narrower the inner layer is; 16 is the value of the literature.
        channels_last: where the channels stand: True for tokens (n, places, channels) or vectors (n, channels),
            False for maps (n, channels, height, width).
    """

    def __init__(self, channels: int, reduction: int = 16, *, channels_last: bool = False) -> None:
        super().__init__()
        if reduction < 1:
            raise BadInput(f"the reduction is {reduction}", where="squeeze-and-excitation", mend="use 1 or more")
        inner = max(1, channels // reduction)
        self.channels_last = channels_last
        self.squeeze = nn.Linear(channels, inner)
        self.excite = nn.Linear(inner, channels)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The input, each channel multiplied by its weight in 0..1."""
        if self.channels_last:
            pooled = inputs if inputs.dim() == 2 else inputs.flatten(1, -2).mean(dim=1)
        else:
            pooled = inputs.mean(dim=(2, 3))
        weights = torch.sigmoid(self.excite(torch.relu(self.squeeze(pooled))))
        if self.channels_last:
            return inputs * weights.view(len(inputs), *[1] * (inputs.dim() - 2), -1)
        return inputs * weights[:, :, None, None]


class StochasticDepth(nn.Module):
    """In training, some pictures skip a residual branch; for the others it is scaled up (Huang et al., 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, branch: torch.Tensor) -> torch.Tensor:
        """The branch, zero for the pictures that skip it."""
        if self.share == 0 or not self.training:
            return branch
        kept = torch.rand(len(branch), *[1] * (branch.dim() - 1), device=branch.device) >= self.share
        return branch * kept / (1 - self.share)


def check_excitation(place: str) -> str:
    """The place of squeeze-and-excitation, or BadInput."""
    if place not in EXCITATIONS:
        raise BadInput(f"squeeze_excitation is {place!r}", mend=f"use {', '.join(EXCITATIONS)}")
    return place
