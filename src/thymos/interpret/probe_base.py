"""What all probes have in common: classes, standardized states, and a file of numbers with its settings.

The contract is scikit-learn's: ``__init__`` only stores its parameters, what was learned ends in an underscore, and
``sklearn.base.clone`` gives an unfitted twin. A saved probe is one safetensors file, never a pickle.
"""

import json
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays
from sklearn.base import BaseEstimator

from thymos.errors import BadInput
from thymos.files import require_file, write_atomically
from thymos.measure.inputs import Integers, label_values, same_length

Floats = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]
Arrays = dict[str, npt.NDArray[Any]]
FORMAT = "thymos probe 1"
SMALLEST_SCALE = 1e-8
"""A unit that varies less over the training items is taken to be constant."""


class FrozenProbe(BaseEstimator):
    """Base of the probes of frozen states.

    Attributes:
        classes_: the labels that were seen in training, sorted; columns of the probabilities.
        center_: shape (width,), mean training state.
        scale_: shape (width,), standard deviation of each unit, 1 where a unit is constant.
    """

    classes_: Labels
    center_: Floats
    scale_: Floats

    def _standardized(self, states: Floats) -> Floats:
        return (states - self.center_) / self.scale_

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            raise BadInput("it has not learned anything yet", where=type(self).__name__, mend="call fit first")

    def _check_width(self, width: int) -> None:
        if width != len(self.center_):
            raise BadInput(
                f"the states have {width} numbers, the probe was trained on {len(self.center_)}",
                where=type(self).__name__,
                mend="use states of the same model and site",
            )

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise BadInput for parameters that make no sense."""

    @abstractmethod
    def _state(self) -> Arrays:
        """What was learned, without classes, center and scale."""

    @abstractmethod
    def _restore(self, arrays: Arrays) -> None:
        """The inverse of ``_state``."""

    def save(self, path: str | Path, *, notes: str = "") -> Path:
        """Save as one safetensors file, whole or not at all.

        Args:
            path: the file.
            notes: model, place, training data and measured scores, for whoever finds the file.

        Raises:
            BadInput: not fitted yet.
        """
        self._check_fitted()
        arrays = {"center": self.center_, "scale": self.scale_}
        arrays |= {f"learned/{name}": np.ascontiguousarray(values) for name, values in self._state().items()}
        metadata = {
            "format": FORMAT,
            "probe": type(self).__name__,
            "parameters": json.dumps(self.get_params()),
            "classes": json.dumps(self.classes_.tolist()),
            "notes": notes,
        }
        return write_atomically(path, save_arrays(arrays, metadata=metadata))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            BadInput: no such file, another kind of probe, a damaged file.
        """
        path = require_file(path)
        try:
            with safe_open(path, framework="numpy") as opened:
                metadata = opened.metadata() or {}
                arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        except (SafetensorError, OSError) as error:
            raise BadInput(f"not a saved probe ({error})", where=path, mend="save it again") from None
        if metadata.get("format") != FORMAT or metadata.get("probe") != cls.__name__:
            kind = f"{metadata.get('format', 'no format')}, {metadata.get('probe', 'no probe')}"
            raise BadInput(f"this is no {cls.__name__} ({kind})", where=path, mend="load it with its own class")
        try:
            probe = cls(**json.loads(metadata["parameters"]))
            probe.classes_ = np.array(json.loads(metadata["classes"]), dtype=object)
            probe.center_, probe.scale_ = arrays.pop("center"), arrays.pop("scale")
            probe._restore({name.removeprefix("learned/"): values for name, values in arrays.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise BadInput(f"the file is incomplete ({error!r})", where=path, mend="save it again") from None
        return probe


def checked_states(states: npt.ArrayLike, where: str = "states") -> Floats:
    """States as an array of shape (items, width), float32.

    Raises:
        BadInput: another shape, no items, a number that is NaN or infinite (with its row).
    """
    try:
        array = np.ascontiguousarray(states, dtype=np.float32)
    except (TypeError, ValueError):
        raise BadInput("these are no numbers", where=where, mend="pass an array of items x width") from None
    if array.ndim != 2 or not array.size:
        raise BadInput(f"the shape is {array.shape}", where=where, mend="pass an array of items x width")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise BadInput(
            "a state is NaN or infinite",
            where=f"{where}, row {int(np.argmin(finite))}",
            mend="read it again in float32",
        )
    return array


def class_codes(labels: Iterable[Any], items: int) -> tuple[Labels, Integers]:
    """Sorted classes, and each label as a position in them; BadInput for missing labels or a single class."""
    values = label_values(labels, "labels")
    same_length(states=range(items), labels=values)
    classes, codes = np.unique(values.astype(str), return_inverse=True)
    if len(classes) < 2:
        raise BadInput(f"every label is {str(classes[0])!r}", where="labels", mend="pass items of at least two classes")
    return classes.astype(object), codes.astype(np.int64)


def center_and_scale(states: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each unit; 1 for a unit that does not vary."""
    center = states.mean(axis=0, dtype=np.float64)
    scale = states.std(axis=0, dtype=np.float64)
    scale[scale < SMALLEST_SCALE * np.maximum(1.0, np.abs(center))] = 1.0
    return center.astype(np.float32), scale.astype(np.float32)


def softmax(logits: npt.NDArray[Any]) -> Probabilities:
    """Rows as probabilities."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
