"""One head: a small network that turns what an encoder says of a clip into one score, 0 (absent) to 4 (extreme).

The published form reads the full encoder sequence, 1,500 frames of 768 numbers, flattened [paper]: a linear projection
to P, then three hidden layers with ReLU and dropout, then one number. Small has P = 64 and 73.73 million weights,
Large P = 128 and 147.48 million. Names of the tensors (``proj``, ``mlp.<n>``) are those of the released files, so that
a released head can be read.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor, nn

from thymos.errors import BadInput
from thymos.files import require_file

LOWEST, HIGHEST = 0.0, 4.0
WHISPER_FRAMES, WHISPER_WIDTH = 1500, 768
DROPOUTS = (0.0, 0.1, 0.1, 0.1)  # after the projection and after each hidden layer [2nd, public inference code]


@dataclass(frozen=True)
class HeadShape:
    """The sizes of a head.

    Args:
        inputs: numbers that go in: frames × width, or the length of a pooled vector.
        projection: width after the first linear layer.
        hidden: widths of the hidden layers.
        dropouts: after the projection and after each hidden layer.
    """

    inputs: int
    projection: int = 64
    hidden: tuple[int, ...] = (64, 32, 16)
    dropouts: tuple[float, ...] = DROPOUTS

    def __post_init__(self) -> None:
        if self.inputs < 1 or self.projection < 1 or any(width < 1 for width in self.hidden):
            raise BadInput("every width must be 1 or more", where="head")
        if len(self.dropouts) != len(self.hidden) + 1:
            raise BadInput(
                f"{len(self.dropouts)} dropouts for a projection and {len(self.hidden)} hidden layers", where="head"
            )
        if any(not 0 <= rate < 1 for rate in self.dropouts):
            raise BadInput("a dropout is a share, 0 or more and less than 1", where="head")

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        widths = [self.inputs, self.projection, *self.hidden, 1]
        return sum((before + 1) * after for before, after in pairwise(widths))


SMALL = HeadShape(WHISPER_FRAMES * WHISPER_WIDTH)
LARGE = replace(SMALL, projection=128, hidden=(128, 64, 32))
POOLED = HeadShape(4 * WHISPER_WIDTH)


class EmotionHead(nn.Module):
    """One emotion's head: flattened input to one number.

    Example:
        >>> head = EmotionHead(HeadShape(6, projection=4, hidden=(3,), dropouts=(0.0, 0.0)))
        >>> head(torch.zeros(2, 3, 2)).shape
        torch.Size([2])
    """

    def __init__(self, shape: HeadShape) -> None:
        super().__init__()
        self.shape = shape
        self.proj = nn.Linear(shape.inputs, shape.projection)
        layers: list[nn.Module] = [nn.ReLU(), nn.Dropout(shape.dropouts[0])]
        width = shape.projection
        for wanted, rate in zip(shape.hidden, shape.dropouts[1:], strict=True):
            layers += [nn.Linear(width, wanted), nn.ReLU(), nn.Dropout(rate)]
            width = wanted
        layers.append(nn.Linear(width, 1))
        self.mlp = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores of a batch, shape (items,), not cut to the range; inputs have shape (items, ...)."""
        scores: Tensor = self.mlp(self.proj(inputs.flatten(start_dim=1)))
        return scores[:, 0]


def new_head(shape: HeadShape, seed: int) -> EmotionHead:
    """A head with fresh weights; the same seed gives the same ones, and the caller's random state is kept."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return EmotionHead(shape)


def shape_of(tensors: dict[str, Any], *, where: str | Path = "") -> HeadShape:
    """The sizes of a head from its tensors; dropouts are the published ones where their number fits, else 0."""
    try:
        projection, inputs = tensors["proj.weight"].shape
        layers = sorted(
            (int(name.split(".")[1]) for name in tensors if name.startswith("mlp.") and name.endswith(".weight")),
        )
        hidden = tuple(int(tensors[f"mlp.{number}.weight"].shape[0]) for number in layers[:-1])
    except (KeyError, ValueError, IndexError, AttributeError):
        raise BadInput(
            "these are not the tensors of a head", where=where, mend="proj.weight and mlp.<n>.weight are needed"
        ) from None
    dropouts = DROPOUTS if len(hidden) == len(DROPOUTS) - 1 else (0.0,) * (len(hidden) + 1)
    return HeadShape(int(inputs), int(projection), hidden, dropouts)


def load_head(path: str | Path) -> EmotionHead:
    """Read one head: ``.safetensors``, or a released ``.pth`` (tensors only: nothing in it is run).

    Raises:
        BadInput: no such file, a damaged file, one that holds something else.
    """
    path = require_file(path)
    try:
        if path.suffix == ".safetensors":
            tensors = load_tensors(path.read_bytes())
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise BadInput(f"not a head ({type(error).__name__})", where=path, mend="get the file again") from None
    if not isinstance(tensors, dict):
        raise BadInput("not a head: a table of tensors is needed", where=path)
    # Heads that were compiled before they were saved carry this prefix.
    plain = {str(name).removeprefix("_orig_mod."): tensor for name, tensor in tensors.items()}
    head = EmotionHead(shape_of(plain, where=path))
    try:
        head.load_state_dict({name: tensor.float() for name, tensor in plain.items()})
    except (RuntimeError, AttributeError):
        raise BadInput("the tensors do not fit together", where=path, mend="get the file again") from None
    return head.eval()
