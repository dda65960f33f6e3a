"""A table of features from a table of recordings: one row an utterance.

Kinds: ``acoustic`` (needs nothing but numpy, see ``clip_features``) and ``whisper`` (a frozen encoder, see
``whisper_features``). Column names are ``family:name``.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.files import cache_folder, canonical_json, require_file, text_sha256, write_atomically
from thymos.language.folders import remembered_sha256
from thymos.perceive.speech import clip_features, whisper_features
from thymos.perceive.speech.whisper_weights import whisper_identity

PATH_COLUMN, START_COLUMN, END_COLUMN = "path", "start", "end"
KINDS = ("acoustic", "whisper")
Progress = Callable[[int, int], None]


def speech_features(
    items: pd.DataFrame,
    kinds: Sequence[str] = ("acoustic",),
    *,
    keep: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Features of utterances, indexed like the items.

    Args:
        items: column ``path``; optionally ``start`` and ``end`` in seconds of the file.
        kinds: any of ``acoustic`` and ``whisper``, in the order of their columns.
        keep: keep them in the user's cache, so that they are computed once. For corpora: what a voice sounds like
            should not be kept without need.
        progress: told (items done, items in all).

    Raises:
        BadInput: no items, an unknown kind, a recording that cannot be used (the sentence names it).
        Unavailable: ``whisper`` without an encoder on this machine.
    """
    check_items(items)
    if not kinds or any(kind not in KINDS for kind in kinds):
        raise BadInput(f"kinds are {tuple(kinds)}", where="speech features", mend=f"use some of {', '.join(KINDS)}")
    stretches = list(zip(items[PATH_COLUMN], *(_seconds(items, name) for name in (START_COLUMN, END_COLUMN)),
                         strict=True))  # fmt: skip
    rows: list[npt.NDArray[np.float32]] = []
    names: list[str] = []
    for number, (path, start, end) in enumerate(stretches):
        parts = [(_kept_row if keep else _row)(kind, str(path), start or 0.0, end) for kind in kinds]
        names = names or [name for part_names, _ in parts for name in part_names]
        rows.append(np.concatenate([values for _, values in parts]))
        if progress is not None:
            progress(number + 1, len(items))
    return pd.DataFrame(np.vstack(rows), index=items.index, columns=names)


def check_items(items: Any) -> None:
    """Raise BadInput unless this is a table with a path in every row."""
    if not isinstance(items, pd.DataFrame) or PATH_COLUMN not in items.columns:
        raise BadInput(f"a DataFrame with a column {PATH_COLUMN!r} is needed", where="items")
    if len(items) == 0:
        raise BadInput("there is no item", where="items", mend="pass at least one recording")
    for index, path in items[PATH_COLUMN].items():
        if not isinstance(path, str | Path) or not str(path):
            raise BadInput("the path is missing", where=f"items, {index!r}", mend="drop the item or fill its path in")


def _seconds(items: pd.DataFrame, column: str) -> list[float | None]:
    if column not in items.columns:
        return [None] * len(items)
    return [None if pd.isna(value) else float(value) for value in items[column]]


def _row(kind: str, path: str, start: float, end: float | None) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Names and values of one kind."""
    compute = clip_features.acoustic_features if kind == "acoustic" else whisper_features.whisper_features
    row = compute(path, start=start, end=end)
    return [str(name) for name in row.index], row.to_numpy(dtype=np.float32)


def _kept_row(kind: str, path: str, start: float, end: float | None) -> tuple[list[str], npt.NDArray[np.float32]]:
    """The same, from the cache where it is there."""
    module: Any = clip_features if kind == "acoustic" else whisper_features
    identity = whisper_identity() if kind == "whisper" else ""
    content = remembered_sha256(require_file(path))
    key = text_sha256(canonical_json([kind, module.FEATURES_VERSION, identity, content, start, end]))
    kept = cache_folder("speech_features", key[:2]) / f"{key}.npz"
    if kept.is_file():
        try:
            with np.load(kept, allow_pickle=False) as arrays:
                return arrays["names"].tolist(), arrays["values"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            kept.unlink(missing_ok=True)  # damaged: made again below
    names, values = _row(kind, path, start, end)
    stream = io.BytesIO()
    np.savez(stream, names=np.array(names), values=values)
    write_atomically(kept, stream.getvalue())
    return names, values
