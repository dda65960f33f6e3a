"""Folders in the Hugging Face layout: find them, fetch them from the hub, name their content by a hash."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from thymos.errors import Unavailable
from thymos.files import cache_folder, canonical_json, file_sha256, text_sha256, write_atomically

# What a model needs and nothing else: no pickles, no code.
MODEL_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
SMALL_FILE_BYTES = 1 << 20
# What transformers raises when a folder is incomplete, damaged, or of a kind that it does not know.
LOADING_ERRORS = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)


@dataclass(frozen=True)
class ModelFolder:
    """A Hugging Face folder that can be loaded, and what it is.

    Args:
        path: the folder.
        name: a short name for tables.
        identity: changes whenever the weights, the tokenizer or the conversion change; part of cache keys.
        origin: ``"package"``, ``"folder"`` or ``"hub"``.
    """

    path: Path
    name: str
    identity: str
    origin: str


def named_folder(spec: str) -> ModelFolder | None:
    """The folder that a path or a Hugging Face id (``"org/name"``, ``"hf:org/name"``) means, or None for neither.

    A path wins over an id of the same spelling; ``"hf:"`` always means the id. The local Hugging Face cache is
    asked before the hub.

    Raises:
        Unavailable: when the id is neither in the cache nor to be had from the hub.
    """
    path = Path(spec).expanduser()
    if spec and path.is_dir():  # Path("") would be the current folder
        return ModelFolder(path, path.resolve().name, folder_identity(path), "folder")
    hub_id = spec.removeprefix("hf:")
    looks_like_id = hub_id.count("/") == 1 and not hub_id.startswith((".", "/", "~")) and not hub_id.endswith("/")
    if not looks_like_id:
        return None
    folder = hub_cache_folder(hub_id) or download(hub_id)
    return ModelFolder(folder, hub_id.rpartition("/")[2], folder_identity(folder), "hub")


def hub_cache_folder(hub_id: str) -> Path | None:
    """The complete snapshot of a model in the local Hugging Face cache, without the network; None when absent."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(hub_id, local_files_only=True))
    except (OSError, ValueError):  # the hub's own errors derive from these
        return None
    # An interrupted download, or one of the tokenizer alone, leaves a snapshot without weights.
    return folder if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")) else None


def download(hub_id: str) -> Path:
    """Fetch a model from the Hugging Face hub into its cache: safetensors and settings, never pickles or code."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=list(MODEL_FILES)))
    except Exception as error:  # hub, network and file errors have no common base
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise Unavailable(
            f"{hub_id} is not in the local Hugging Face cache and cannot be downloaded ({reason}); "
            "check the name and the network, or pass a folder"
        ) from error
    if not any(folder.glob("*.safetensors")):
        raise Unavailable(f"{hub_id} has no safetensors weights; convert it and pass the folder")
    return folder


def folder_identity(folder: Path) -> str:
    """A hash over everything in a model folder that changes its answers: configuration, tokenizer, weights.

    Hashing gigabytes takes a while, so the hash of each large file is remembered with its size and time of change.
    """
    paths = sorted({path for pattern in MODEL_FILES for path in folder.glob(pattern)})
    return f"folder:{text_sha256(canonical_json([[path.name, remembered_sha256(path)] for path in paths]))[:16]}"


def remembered_sha256(path: Path) -> str:
    """SHA-256 of a file; that of a large one is remembered in the cache by its real path, size and time of change."""
    real = path.resolve()
    status = real.stat()
    if status.st_size < SMALL_FILE_BYTES:
        return file_sha256(real)
    key = text_sha256(canonical_json([str(real), status.st_size, status.st_mtime_ns]))
    note = cache_folder("hashes") / key
    if note.is_file() and len(text := note.read_text()) == 64:
        return text
    digest = file_sha256(real)
    write_atomically(note, digest)
    return digest


def build_folder(target: Path, build: Callable[[Path], None]) -> Path:
    """Make a folder so that it is either complete or not there: build under a temporary name, then rename.

    Several processes may do this at once: the first rename wins, and the others drop their copy.

    Args:
        target: the folder to make.
        build: fills the temporary folder that it is given.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".partial"))
    try:
        build(temporary)
        temporary.chmod(0o755)
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Hold back the progress bars and notes that transformers prints while it loads a model."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def choose_device(device: str) -> Any:
    """The torch device that ``"auto"`` (CUDA where there is one) or a device's own name means."""
    import torch

    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
