"""Recognizers on disk: numbers as safetensors, settings as JSON, a model card as Markdown; no pickles.

A pickle runs code when it is opened and dies with the next release of a library. Here a recognizer is built again
from its parameters and the arrays that it learned.
"""

import importlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from thymos.errors import BadInput
from thymos.files import read_text, require_folder, write_atomically
from thymos.perceive.recognizer import TextRecognizer
from thymos.perceive.text_persian import PersianNormalizer

FORMAT = 1
SETTINGS_FILE, WEIGHTS_FILE, CARD_FILE = "recognizer.json", "weights.safetensors", "README.md"
# Where recognizers are found by the name of their class; a saved file can name nothing else.
RECOGNIZERS = {
    "LinearTextRecognizer": "thymos.perceive.text_linear",
    "EncoderTextRecognizer": "thymos.perceive.text_embedding",
    "FineTunedTextRecognizer": "thymos.perceive.text_finetuned",
    "PooledTextRecognizer": "thymos.perceive.text_ensemble",
}


def save_recognizer(recognizer: TextRecognizer, folder: str | Path, *, notes: str = "") -> Path:
    """Write a fitted recognizer; see ``TextRecognizer.save``."""
    recognizer._check_fitted()
    settings, arrays = pack(recognizer)
    folder = Path(folder)
    settings = {"format": FORMAT, "versions": _versions(), **settings}
    # The settings file goes last: where it stands, everything else stands.
    write_atomically(folder / WEIGHTS_FILE, save_arrays({k: np.ascontiguousarray(v) for k, v in arrays.items()}))
    recognizer._save_files(folder)
    write_atomically(folder / CARD_FILE, model_card(recognizer, notes))
    write_atomically(folder / SETTINGS_FILE, json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    return folder


def load_recognizer(folder: str | Path) -> TextRecognizer:
    """Read a recognizer that ``save`` wrote.

    Raises:
        BadInput: no such folder, a missing or damaged file, a newer format, an unknown kind of recognizer.
    """
    folder = require_folder(folder)
    path = folder / SETTINGS_FILE
    try:
        settings = json.loads(read_text(path))
        arrays = load_arrays((folder / WEIGHTS_FILE).read_bytes())
    except (ValueError, OSError, SafetensorError) as error:
        raise BadInput(f"not a saved recognizer ({error})", where=folder, mend="save it again") from None
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise BadInput(f"this format is unknown; {FORMAT} is needed", where=path, mend="update thymos or save it again")
    try:
        recognizer = unpack(settings, arrays)
    except (KeyError, TypeError, IndexError) as error:
        raise BadInput(f"the file is incomplete ({error!r})", where=path, mend="save it again") from None
    recognizer._load_files(folder)
    return recognizer


def pack(recognizer: TextRecognizer) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """A fitted recognizer as JSON-able settings and arrays."""
    name = type(recognizer).__name__
    if name not in RECOGNIZERS:
        raise BadInput(f"{name} cannot be saved", mend=f"known: {', '.join(RECOGNIZERS)}")
    values, arrays = recognizer._state()
    parameters = {key: _plain(value) for key, value in recognizer.get_params(deep=False).items()}
    classes = [str(label) for label in recognizer.classes_]
    return {"recognizer": name, "parameters": parameters, "classes": classes, "learned": values}, arrays


def unpack(settings: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> TextRecognizer:
    """The inverse of ``pack``."""
    name = settings["recognizer"]
    if name not in RECOGNIZERS:
        raise BadInput(f"there is no recognizer {name!r}", mend=f"known: {', '.join(RECOGNIZERS)}")
    kind = getattr(importlib.import_module(RECOGNIZERS[name]), name)
    recognizer: TextRecognizer = kind(**{key: _rich(value) for key, value in settings["parameters"].items()})
    recognizer.classes_ = np.asarray(settings["classes"], dtype=object)
    recognizer._restore(settings["learned"], arrays)
    return recognizer


def model_card(recognizer: TextRecognizer, notes: str) -> str:
    """The README of a saved recognizer."""
    lines = [
        "# Text emotion recognizer",
        "",
        f"- kind: {type(recognizer).__name__} of thymos",
        f"- classes: {', '.join(map(str, recognizer.classes_))}",
        "- input: one text; output: one probability a class",
        "- intended use: research on texts like those that it was trained on",
        "- prohibited use: judging persons in hiring, schooling, policing or health care",
        "- a predicted class is what readers may perceive in a text, not what its writer feels",
        "",
        "## Parameters",
        "",
    ]
    lines += [f"- {key}: {value!r}" for key, value in recognizer.get_params(deep=False).items() if key != "members"]
    lines += ["", "## Training data and scores", "", notes or "Not stated by whoever saved it.", ""]
    return "\n".join(lines)


def _versions() -> dict[str, str]:
    found = {}
    for name in ("thymos", "scikit-learn", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, PersianNormalizer):
        return {"kind": "PersianNormalizer", "values": value.to_dict()}
    if isinstance(value, TextRecognizer):
        parameters = {key: _plain(part) for key, part in value.get_params(deep=False).items()}
        return {"kind": type(value).__name__, "values": parameters}
    if isinstance(value, tuple | list):
        return {"kind": "tuple", "values": [_plain(part) for part in value]}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise BadInput(f"a parameter of type {type(value).__name__} cannot be saved")


def _rich(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind, values = value["kind"], value["values"]
    if kind == "tuple":
        return tuple(_rich(part) for part in values)
    if kind == "PersianNormalizer":
        return PersianNormalizer(**values)
    if kind not in RECOGNIZERS:
        raise BadInput(f"there is no recognizer {kind!r}", mend=f"known: {', '.join(RECOGNIZERS)}")
    recognizer = getattr(importlib.import_module(RECOGNIZERS[kind]), kind)
    return recognizer(**{key: _rich(part) for key, part in values.items()})
