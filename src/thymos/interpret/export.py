"""Control vectors for use elsewhere: safetensors for Python, and the GGUF form that llama.cpp reads.

A control vector is one vector a layer that is added to the residual stream behind that layer (``Site.RESIDUAL``).
Layers count from 0 here, and llama.cpp counts the same way: its loader puts the tensor ``direction.N`` into slot N and
adds it to the output of layer N, counted from 0 (llama.cpp, ``common_control_vector_load_one`` and
``llama_adapter_cvec``; ``ControlVector.export_gguf`` of repeng writes the same numbers). It has no slot for layer 0 and
refuses a file that names one. What it adds is vector x strength as it stands: it neither normalizes nor scales by the
hidden state, so that a vector of length 1 hardly shows; :func:`control_vectors` brings directions to a useful length.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays

from thymos.errors import BadInput
from thymos.files import require_file, write_atomically
from thymos.interpret.directions import Directions
from thymos.language.tap.places import Place, Site

ARCHITECTURE = "controlvector"
FORMAT = "thymos control vectors 1"
DIRECTION = "direction"
Vectors = Mapping[int, npt.ArrayLike]


class ControlVectors(NamedTuple):
    """What a file of control vectors holds: float32 vectors by layer, from 0, and its metadata."""

    vectors: dict[int, npt.NDArray[np.float32]]
    metadata: dict[str, str]


def control_vectors(
    directions: Directions, emotion: str, *, strength: float = 1.0, layers: Sequence[int] | None = None
) -> dict[int, npt.NDArray[np.float64]]:
    """The directions of an emotion as control vectors.

    Args:
        directions: of a model.
        emotion: which.
        strength: length of a vector in root mean squares of the hidden state at its layer.
        layers: which; all but layer 0 by default, which llama.cpp cannot steer. What is added at one layer stays in the
            stream, so that the vectors of several layers add up.

    Returns:
        One vector a layer, shape (width,).

    Raises:
        BadInput: an emotion or layer without directions.
    """
    known = directions.layers(Site.RESIDUAL)
    chosen = [layer for layer in known if layer > 0] if layers is None else list(layers)
    found = {}
    for layer in chosen:
        place = Place(Site.RESIDUAL, layer)
        found[layer] = strength * directions.vector(place, emotion) * directions.scales[place]
    return found


def check_vectors(vectors: Vectors, where: str | Path) -> dict[int, npt.NDArray[np.float32]]:
    """Vectors as float32, by rising layer.

    Raises:
        BadInput: no layer, a layer below 0, a vector with several axes, of another width or with NaN, or with a number
            that float32 cannot hold.
    """
    if not vectors:
        raise BadInput("there are no layers", where=where, mend="pass one vector for each layer to steer")
    checked: dict[int, npt.NDArray[np.float32]] = {}
    for layer in vectors:
        if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or layer < 0:
            raise BadInput(f"there is no layer {layer!r}", where=where, mend="number layers from 0")
    for layer in sorted(vectors):
        at = f"{where}, layer {layer}"
        try:
            with np.errstate(over="ignore"):
                vector = np.asarray(vectors[layer]).astype(np.float32)
        except (TypeError, ValueError):
            raise BadInput("the vector is not made of numbers", where=at) from None
        if vector.ndim != 1 or not len(vector):
            raise BadInput(f"the vector has shape {vector.shape}", where=at, mend="pass one of shape (width,)")
        if not np.isfinite(vector).all():
            raise BadInput("the vector has numbers that are not finite in float32", where=at, mend="fit it again")
        checked[int(layer)] = np.ascontiguousarray(vector)
    widths = {layer: len(vector) for layer, vector in checked.items()}
    if len(set(widths.values())) > 1:
        first, width = next(iter(widths.items()))
        other = next(layer for layer in widths if widths[layer] != width)
        raise BadInput(
            f"layer {first} has width {width}, layer {other} has {widths[other]}",
            where=where,
            mend="pass vectors of one model",
        )
    return checked


def export_safetensors(
    vectors: Directions | Vectors, path: str | Path, metadata: Mapping[str, str] | None = None
) -> Path:
    """Write control vectors as safetensors: tensors ``direction.N``, float32, N from 0.

    Args:
        vectors: by layer; or directions, whose vectors behind each layer are written as they stand, with length 1, for
            all emotions: tensors ``<emotion>.direction.N``.
        path: the file; whole or not there.
        metadata: texts to keep in the file, e.g. the model and the strength that was used.

    Raises:
        BadInput: see :func:`check_vectors`; metadata that are not texts.
    """
    texts = _check_metadata(metadata, path) | {"format": FORMAT}
    if isinstance(vectors, Directions):
        places = {layer: Place(Site.RESIDUAL, layer) for layer in vectors.layers(Site.RESIDUAL)}
        sets = {}
        for emotion in vectors.emotions:
            found = {layer: vectors.vector(place, emotion) for layer, place in places.items()}
            sets[f"{emotion}.{DIRECTION}"] = check_vectors(found, path)
        texts = {"model": vectors.model} | texts
    else:
        sets = {DIRECTION: check_vectors(vectors, path)}
    arrays = {f"{name}.{layer}": vector for name, kept in sets.items() for layer, vector in kept.items()}
    return write_atomically(path, save_arrays(arrays, metadata=texts))


def read_safetensors(path: str | Path, emotion: str = "") -> ControlVectors:
    """Read what :func:`export_safetensors` wrote.

    Args:
        path: the file.
        emotion: which, where the file holds several; empty for a file of plain vectors.

    Raises:
        BadInput: no such file or emotion, or the file holds something else.
    """
    path = require_file(path)
    try:
        with safe_open(path, framework="numpy") as opened:
            metadata = dict(opened.metadata() or {})
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BadInput(f"the file cannot be read ({error})", where=path) from None
    wanted = f"{emotion}.{DIRECTION}" if emotion else DIRECTION
    found = {name.rpartition(".")[2]: tensor for name, tensor in tensors.items() if name.rpartition(".")[0] == wanted}
    if not found:
        known = sorted({name.split(f".{DIRECTION}.")[0] for name in tensors if f".{DIRECTION}." in name})
        mend = f"name one of {', '.join(known)}" if known else "use a file that export_safetensors wrote"
        raise BadInput(f"there are no tensors {wanted}.N", where=path, mend=mend)
    return ControlVectors(check_vectors({_layer(n, path): v for n, v in found.items()}, path), metadata)


def export_gguf(vectors: Vectors, path: str | Path, model_hint: str, metadata: Mapping[str, str] | None = None) -> Path:
    """Write control vectors in the form that llama.cpp reads with ``--control-vector`` and ``--control-vector-scaled``.

    Args:
        vectors: by layer, from 1: llama.cpp has no direction for layer 0. Layers in between may be left out; they are
            not steered then.
        path: the file; whole or not there.
        model_hint: the model's architecture as GGUF names it, e.g. ``"llama"``, ``"qwen2"`` or ``"gemma3"``.
        metadata: texts to keep in the file, under ``thymos.<key>``; llama.cpp passes over them.

    Raises:
        BadInput: see :func:`check_vectors`; a vector for layer 0, no model hint, metadata that are not texts.
    """
    from gguf import GGUFWriter

    checked = check_vectors(vectors, path)
    texts = _check_metadata(metadata, path)
    if 0 in checked:
        raise BadInput("llama.cpp has no direction for layer 0", where=path, mend="leave layer 0 out")
    if not model_hint:
        raise BadInput("there is no model hint", where=path, mend="name the architecture, e.g. 'llama'")
    # The writer only writes to files, so it gets one that nobody else sees.
    with tempfile.TemporaryDirectory() as folder:
        hidden = Path(folder) / "vectors.gguf"
        writer = GGUFWriter(hidden, ARCHITECTURE)
        writer.add_string(f"{ARCHITECTURE}.model_hint", model_hint)
        # As repeng and llama.cpp's generator count: directions, not layers of the model. llama.cpp does not read it.
        writer.add_uint32(f"{ARCHITECTURE}.layer_count", len(checked))
        for key, text in texts.items():
            writer.add_string(f"thymos.{key}", text)
        for layer, vector in checked.items():
            writer.add_tensor(f"{DIRECTION}.{layer}", vector)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return write_atomically(path, hidden.read_bytes())


def read_gguf(path: str | Path) -> ControlVectors:
    """Read control vectors as llama.cpp does, with its checks; metadata hold every text and number of the file.

    Raises:
        BadInput: no such file, not GGUF, not control vectors, a tensor that is not float32 or has another width, or a
            direction for layer 0.
    """
    from gguf import GGMLQuantizationType, GGUFReader

    path = require_file(path)
    try:
        reader = GGUFReader(path)
        metadata = {name: str(field.contents()) for name, field in reader.fields.items()}
        tensors = [(tensor.name, tensor.tensor_type, np.array(tensor.data)) for tensor in reader.tensors]
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, UnicodeDecodeError, OSError) as error:
        raise BadInput(f"this is no whole GGUF file ({error})", where=path) from None
    kind = metadata.get("general.architecture")
    if kind != ARCHITECTURE:
        raise BadInput(f"the file holds {kind!r}, not control vectors", where=path, mend="use another file")
    vectors: dict[int, Any] = {}
    for name, form, values in tensors:
        if form != GGMLQuantizationType.F32:
            raise BadInput(f"tensor {name} is not float32", where=path)
        head, _, number = name.partition(".")
        if head == DIRECTION:
            vectors[_layer(number, path)] = values
    checked = check_vectors(vectors, path)
    if 0 in checked:
        raise BadInput("there is a direction for layer 0, which llama.cpp refuses", where=path)
    return ControlVectors(checked, metadata)


def _layer(number: str, path: Path) -> int:
    if not (number.isascii() and number.isdigit()):
        raise BadInput(f"the tensor {DIRECTION}.{number} names no layer", where=path)
    return int(number)


def _check_metadata(metadata: Mapping[str, str] | None, path: str | Path) -> dict[str, str]:
    for key, text in (metadata or {}).items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise BadInput(f"metadata {key!r} is not a text", where=path, mend="write it as text")
    return dict(metadata or {})
