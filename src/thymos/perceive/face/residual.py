"""Residual networks for small gray faces (He et al., 2016)."""

from collections.abc import Sequence

import torch
from torch import nn

from thymos.errors import BadInput
from thymos.perceive.face.blocks import CHANNELS, FaceNetwork, SqueezeExcitation, StochasticDepth, check_excitation

STEMS = ("standard", "small", "halving")


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalization beside a shortcut.

    Args:
        before: channels of the input.
        after: channels of the output.
        stride: 2 halves height and width.
        excitation: put a squeeze-and-excitation block at the end of the branch.
        drop: share of pictures that skip the branch in training.
    """

    def __init__(self, before: int, after: int, stride: int, *, excitation: bool, drop: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.excitation = SqueezeExcitation(after) if excitation else nn.Identity()
        self.depth = StochasticDepth(drop)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Shape (n, after, height / stride, width / stride)."""
        branch = self.depth(self.excitation(self.branch(inputs)))
        return torch.relu(branch + self.shortcut(inputs))


class ResidualNetwork(FaceNetwork):
    """Stages of residual blocks; each stage after the first halves height and width.

    Args:
        classes: number of logits.
        widths: channels of each stage.
        depths: blocks of each stage.
        stem: ``"small"`` a 3x3 convolution at full size; ``"halving"`` the same and a 2x2 max pool; ``"standard"`` a
            7x7 convolution of stride 2 and a 3x3 max pool of stride 2, as for pictures of 224 pixels.
        squeeze_excitation: ``"none"``, ``"last"`` stage, ``"every"`` stage, or on the ``"pooled"`` vector.
        dropout: share of the features that is dropped before the last layer.
        drop_path: share of pictures that skip the last block in training; it grows linearly from 0.
    """

    def __init__(
        self,
        classes: int,
        *,
        widths: Sequence[int] = (32, 64, 128, 256),
        depths: Sequence[int] = (1, 1, 1, 1),
        stem: str = "small",
        squeeze_excitation: str = "none",
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        if stem not in STEMS:
            raise BadInput(f"stem is {stem!r}", mend=f"use {', '.join(STEMS)}")
        if len(widths) != len(depths) or not widths:
            raise BadInput(f"{len(widths)} widths and {len(depths)} depths", mend="give one of each a stage")
        check_excitation(squeeze_excitation)
        self.settings = {
            "classes": classes,
            "widths": list(widths),
            "depths": list(depths),
            "stem": stem,
            "squeeze_excitation": squeeze_excitation,
            "dropout": dropout,
            "drop_path": drop_path,
        }
        kernel, stride = (7, 2) if stem == "standard" else (3, 1)
        pool = {"standard": nn.MaxPool2d(3, 2, 1), "halving": nn.MaxPool2d(2), "small": nn.Identity()}[stem]
        self.stem = nn.Sequential(
            nn.Conv2d(CHANNELS, widths[0], kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
            pool,
        )
        shares = torch.linspace(0, drop_path, sum(depths)).tolist()
        stages = []
        before, number = widths[0], 0
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            excitation = squeeze_excitation == "every" or (squeeze_excitation == "last" and stage == len(widths) - 1)
            blocks = []
            for block in range(depth):
                halve = 2 if stage > 0 and block == 0 else 1
                blocks.append(ResidualBlock(before, width, halve, excitation=excitation, drop=shares[number]))
                before, number = width, number + 1
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.width = before
        pooled = squeeze_excitation == "pooled"
        self.excitation = SqueezeExcitation(before, channels_last=True) if pooled else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(before, classes)
        self._start()

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Mean of the last map, shape (n, width)."""
        maps: torch.Tensor = self.stages(self.stem(pictures))
        vectors: torch.Tensor = self.dropout(self.excitation(maps.mean(dim=(2, 3))))
        return vectors

    def _start(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, ResidualBlock):
                # A block starts as its shortcut (Goyal et al., 2017): deeper networks then learn sooner.
                nn.init.zeros_(module.branch[-1].weight)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)


def deepened(network: ResidualNetwork, depths: Sequence[int], *, seed: int = 0) -> ResidualNetwork:
    """A network with more blocks at the end of its stages that computes the same as before.

    A new block starts as its shortcut, and what enters it is never negative, so it passes everything on; trained
    further, it learns. That is cheaper than training the deeper network from the start.

    Args:
        network: stays as it is.
        depths: blocks of each stage, none fewer than before.
        seed: of the new blocks' weights.

    Raises:
        BadInput: another number of stages, or fewer blocks.
    """
    before = network.settings["depths"]
    if len(depths) != len(before) or any(new < old for new, old in zip(depths, before, strict=True)):
        raise BadInput(
            f"depths {list(before)} cannot become {list(depths)}", mend="give as many stages, no fewer blocks"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        deeper = ResidualNetwork(**{**network.settings, "depths": depths})
    deeper.load_state_dict(network.state_dict(), strict=False)
    return deeper
