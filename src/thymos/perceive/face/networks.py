"""The face networks by name, and how they are kept on disk.

All take standardized gray pictures, shape (n, 1, 48, 48) unless built for another side, and give one logit a class.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from thymos.errors import BadInput
from thymos.files import read_text, require_file, write_atomically
from thymos.perceive.face.blocks import FaceNetwork, SqueezeExcitation
from thymos.perceive.face.residual import ResidualNetwork
from thymos.perceive.face.swin import SwinTransformer

__all__ = [
    "NETWORKS",
    "FaceNetwork",
    "ResidualNetwork",
    "SqueezeExcitation",
    "SwinTransformer",
    "build_network",
    "load_network",
    "resnet18",
    "save_network",
    "small_residual_network",
]

RESNET18 = {"widths": (64, 128, 256, 512), "depths": (2, 2, 2, 2), "stem": "standard"}


def small_residual_network(classes: int, **changes: Any) -> ResidualNetwork:
    """Four blocks of 32 to 256 channels, 1.2 million weights: the network for a CPU. ``changes``: ResidualNetwork."""
    return ResidualNetwork(classes, **{"stem": "halving", **changes})


def resnet18(classes: int, **changes: Any) -> ResidualNetwork:
    """ResNet-18 with its standard stem (7x7, stride 2, max pool), for gray pictures; 11.2 million weights."""
    return ResidualNetwork(classes, **{**RESNET18, **changes})


NETWORKS: Mapping[str, Callable[..., FaceNetwork]] = MappingProxyType(
    {"small_residual": small_residual_network, "resnet18": resnet18, "swin": SwinTransformer}
)
"""Network name to its builder, a function of (classes, **changes)."""


def build_network(name: str, classes: int, *, seed: int = 0, **changes: Any) -> FaceNetwork:
    """A network with fresh weights.

    Args:
        name: of ``NETWORKS``.
        classes: number of logits.
        seed: of the first weights.
        changes: to the network's settings, see ResidualNetwork and SwinTransformer.

    Example:
        >>> network = build_network("small_residual", 8)
        >>> network(torch.zeros(2, 1, 48, 48)).shape
        torch.Size([2, 8])
    """
    if name not in NETWORKS:
        raise BadInput(f"there is no face network {name!r}", mend=f"known: {', '.join(NETWORKS)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return NETWORKS[name](classes, **changes)
        except TypeError as error:
            raise BadInput(f"these settings do not fit ({error})", where=f"network {name!r}") from None


def save_network(network: FaceNetwork, folder: str | Path, *, half: bool = False) -> Path:
    """Write ``network.safetensors`` and ``network.json`` (kind and settings).

    Args:
        network: any FaceNetwork of this package.
        folder: made when missing.
        half: keep weights in half precision: half the size, differences of about 0.001 in the logits.
    """
    folder = Path(folder)
    tensors = {
        name: (tensor.half() if half and tensor.is_floating_point() else tensor).contiguous().cpu()
        for name, tensor in network.state_dict().items()
    }
    write_atomically(folder / "network.safetensors", save_tensors(tensors))
    settings = {"kind": type(network).__name__, "settings": network.settings}
    write_atomically(folder / "network.json", json.dumps(settings, indent=1) + "\n")
    return folder


def load_network(folder: str | Path) -> FaceNetwork:
    """Read what ``save_network`` wrote; the network comes in single precision and in evaluation mode.

    Raises:
        BadInput: a file is missing, damaged or of an unknown kind.
    """
    folder = Path(folder)
    path = require_file(folder / "network.json", mend="save the network again")
    weights = require_file(folder / "network.safetensors", mend="save the network again")
    kinds: dict[str, Callable[..., FaceNetwork]] = {kind.__name__: kind for kind in (ResidualNetwork, SwinTransformer)}
    try:
        described = json.loads(read_text(path))
        network = kinds[described["kind"]](**described["settings"])
        tensors = load_tensors(weights.read_bytes())
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    except (ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise BadInput(f"not a saved network ({error})", where=folder, mend="save it again") from None
    return network.eval()
