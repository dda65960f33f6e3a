"""Where an interrupted training goes on: one safetensors file an epoch, no pickles.

The file holds the network, its running average, the best weights so far and the optimizer's state; its header holds
the epoch, the history and a fingerprint of data, settings and first weights, so that only the same training goes on.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from thymos.files import canonical_json, write_atomically

FILE = "checkpoint.safetensors"
Tensors = dict[str, torch.Tensor]


def fingerprint(settings: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], weights: Mapping[str, Any]) -> str:
    """A hash of everything that decides how a training goes, but for the code of its loss."""
    digest = hashlib.sha256(canonical_json(dict(settings)).encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}{arrays[name].dtype}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_checkpoint(folder: Path, mark: str, progress: Mapping[str, Any], parts: Mapping[str, Tensors]) -> None:
    """Replace the checkpoint; ``parts`` are named groups of tensors, ``progress`` is JSON-able."""
    tensors = {
        f"{part}/{name}": tensor.detach().cpu().contiguous().clone()
        for part, named in parts.items()
        for name, tensor in named.items()
    }
    header = {"fingerprint": mark, "progress": json.dumps(dict(progress))}
    write_atomically(folder / FILE, save(tensors, metadata=header))


def read_checkpoint(folder: Path, mark: str) -> tuple[dict[str, Any], dict[str, Tensors]] | None:
    """What ``write_checkpoint`` kept, or None where nothing of this very training stands in the folder."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stored:
            header = stored.metadata() or {}
            if header.get("fingerprint") != mark:
                return None
            parts: dict[str, Tensors] = {}
            for key in stored.keys():  # noqa: SIM118 - no mapping, it cannot be iterated
                part, _, name = key.partition("/")
                parts.setdefault(part, {})[name] = stored.get_tensor(key)
            return json.loads(header["progress"]), parts
    except (SafetensorError, ValueError, KeyError):
        # A damaged checkpoint costs time, never the training.
        return None


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """The state of an optimizer, named ``<parameter number>.<entry>``."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": torch.as_tensor(value) for number, own in state.items() for name, value in own.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """The inverse of ``optimizer_tensors``; learning rates stay as they are."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
