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
from thymos.perceive.recognizer import Estimator, Recognizer
from thymos.perceive.text_persian import PersianNormalizer

FORMAT = 1
SETTINGS_FILE, WEIGHTS_FILE, CARD_FILE = "recognizer.json", "weights.safetensors", "README.md"
# Where recognizers are found by the name of their class; a saved file can name nothing else.
RECOGNIZERS = {
    "LinearTextRecognizer": "thymos.perceive.text_linear",
    "EncoderTextRecognizer": "thymos.perceive.text_embedding",
    "FineTunedTextRecognizer": "thymos.perceive.text_finetuned",
    "PooledTextRecognizer": "thymos.perceive.text_ensemble",
    "MultiLabelTextRecognizer": "thymos.perceive.text_multilabel",
    "AttentionTextRecognizer": "thymos.perceive.text_attention",
    "StateTextRecognizer": "thymos.perceive.text_states",
    "LinearEmpatheticRecognizer": "thymos.respond.hybrid.small_models",
    "DialogueRecognizer": "thymos.perceive.dialogue.recognizer",
    "TransitionRecognizer": "thymos.respond.emotion_transition",
    "HeadBank": "thymos.perceive.fine_grained.head_bank",
    "WindowRecognizer": "thymos.perceive.zones.window_recognizer",
    "StressRecognizer": "thymos.perceive.physiology.stress",
    "SpeechRecognizer": "thymos.perceive.speech.recognizer",
    "SceneRegressor": "thymos.perceive.scene.regressor",
    "FaceRecognizer": "thymos.perceive.face.recognizer",
}
# Attributes that every kind keeps in the same way, and their names in the settings file.
SHARED_STATE = {"classes_": "classes", "feature_names_in_": "features", "targets_": "targets"}


def save_recognizer(recognizer: Estimator, folder: str | Path, *, notes: str = "") -> Path:
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


def load_recognizer(folder: str | Path) -> Estimator:
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


def pack(recognizer: Estimator) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """A fitted recognizer as JSON-able settings and arrays."""
    name = type(recognizer).__name__
    if name not in RECOGNIZERS:
        raise BadInput(f"{name} cannot be saved", mend=f"known: {', '.join(RECOGNIZERS)}")
    values, arrays = recognizer._state()
    parameters = {key: _plain(value) for key, value in recognizer.get_params(deep=False).items()}
    settings: dict[str, Any] = {"recognizer": name, "parameters": parameters, "learned": values}
    for attribute, key in SHARED_STATE.items():
        if hasattr(recognizer, attribute):
            settings[key] = [str(name) for name in getattr(recognizer, attribute)]
    return settings, arrays


def unpack(settings: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Estimator:
    """The inverse of ``pack``."""
    name = settings["recognizer"]
    if name not in RECOGNIZERS:
        raise BadInput(f"there is no recognizer {name!r}", mend=f"known: {', '.join(RECOGNIZERS)}")
    kind = getattr(importlib.import_module(RECOGNIZERS[name]), name)
    recognizer: Estimator = kind(**{key: _rich(value) for key, value in settings["parameters"].items()})
    for attribute, key in SHARED_STATE.items():
        if key in settings:
            setattr(recognizer, attribute, np.asarray(settings[key], dtype=object))
    if isinstance(recognizer, Recognizer) and "classes" not in settings:
        raise KeyError("classes")
    recognizer._restore(settings["learned"], arrays)
    return recognizer


def model_card(recognizer: Estimator, notes: str) -> str:
    """The README of a saved recognizer."""
    outputs = getattr(recognizer, "classes_", getattr(recognizer, "targets_", ()))
    labels = hasattr(recognizer, "classes_")
    what = "one probability a class" if labels else "one number a target"
    lines = [
        f"# {recognizer.card_title}",
        "",
        f"- kind: {type(recognizer).__name__} of thymos",
        f"- {'classes' if labels else 'targets'}: {', '.join(map(str, outputs))}",
        f"- input: {recognizer.card_input}; output: {what}",
        "- intended use: research on items like those that it was trained on",
        "- prohibited use: judging persons in hiring, schooling, policing or health care",
        f"- {recognizer.card_warning}",
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
    if isinstance(value, Estimator):
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
