"""Small heads over frozen encoders on disk: numbers as safetensors, settings and scores as JSON beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from thymos.errors import BadInput
from thymos.files import read_text, write_atomically

Arrays = dict[str, npt.NDArray[Any]]


def save_head(
    folder: str | Path, name: str, arrays: Mapping[str, npt.NDArray[Any]], settings: Mapping[str, Any]
) -> None:
    """Write ``name.safetensors`` and ``name.json``.

    Args:
        folder: made where it is missing.
        name: of both files, without an ending.
        arrays: numbers; kept with their types and shapes.
        settings: everything else, as JSON can hold it.
    """
    kept = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
    write_atomically(Path(folder) / f"{name}.safetensors", save_arrays(kept))
    write_atomically(Path(folder) / f"{name}.json", json.dumps(dict(settings), indent=1, sort_keys=True) + "\n")


def load_head(folder: str | Path, name: str) -> tuple[Arrays, dict[str, Any]]:
    """Read what ``save_head`` wrote: arrays and settings.

    Raises:
        BadInput: a file that is missing or broken, or a number that is not finite.
    """
    folder = Path(folder)
    try:
        arrays = load_arrays((folder / f"{name}.safetensors").read_bytes())
        settings = json.loads(read_text(folder / f"{name}.json"))
        if not isinstance(settings, dict):
            raise ValueError("the settings are no object")
        strange = [key for key, array in arrays.items() if not np.isfinite(array).all()]
        if strange:
            raise ValueError(f"{strange[0]} holds numbers that are not finite")
    except (OSError, SafetensorError, BadInput, ValueError) as error:
        raise BadInput(f"{name} cannot be read ({type(error).__name__}: {error})", where=folder) from error
    return arrays, settings
