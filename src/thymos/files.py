"""Files: hashes, writes that are either whole or not there, and where caches and data live."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import platformdirs

from thymos.errors import BadInput

CHUNK_BYTES = 1 << 20


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes as 64 hex digits; reads in chunks, so size does not matter."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_sha256(root: str | Path, paths: Iterable[str | Path]) -> str:
    """One SHA-256 over several files: each file's path relative to ``root`` and its own hash, in path order."""
    root = Path(root)
    names = sorted(Path(path).relative_to(root).as_posix() for path in paths)
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0{file_sha256(root / name)}\n".encode())
    return digest.hexdigest()


def text_sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes as 64 hex digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same text, so it can be hashed."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def write_atomically(path: str | Path, content: str | bytes) -> Path:
    """Write a file so that a reader sees the old content or the new, never half of it.

    The content goes to a temporary name in the same folder, is flushed to the disk and then renamed. A crash
    in between leaves the old file as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def require_file(path: str | Path, *, mend: str = "check the path") -> Path:
    """Return ``path`` as a Path, or raise BadInput when there is no such file."""
    path = Path(path)
    if path.is_dir():
        raise BadInput("this is a folder, a file is needed", where=path, mend=mend)
    if not path.is_file():
        raise BadInput("there is no such file", where=path, mend=mend)
    return path


def require_folder(path: str | Path, *, mend: str = "check the path") -> Path:
    """Return ``path`` as a Path, or raise BadInput when there is no such folder."""
    path = Path(path)
    if not path.is_dir():
        raise BadInput("there is no such folder", where=path, mend=mend)
    return path


def read_text(path: str | Path, *, encoding: str = "utf-8") -> str:
    """Read a whole text file; a byte that does not fit the encoding is one clear error with its line number."""
    path = require_file(path)
    data = path.read_bytes()
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            f"byte 0x{data[error.start]:02x} is not valid {encoding}",
            where=f"{path}, line {line}",
            mend="save the file as UTF-8 or name its encoding",
        ) from None


def data_root() -> Path | None:
    """The folder with the research data: THYMOS_DATA, else ``../shared/data`` beside the checkout, else None."""
    named = os.environ.get("THYMOS_DATA")
    if named:
        return require_folder(named, mend="set THYMOS_DATA to an existing folder or unset it")
    for base in (Path.cwd(), Path(__file__).resolve().parents[2]):
        candidate = base.parent / "shared" / "data"
        if candidate.is_dir():
            return candidate
    return None


def cache_folder(*parts: str) -> Path:
    """A folder of the user's cache (THYMOS_CACHE overrides its place); it is created when missing."""
    base = os.environ.get("THYMOS_CACHE") or platformdirs.user_cache_dir("thymos", appauthor=False)
    folder = Path(base).joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
