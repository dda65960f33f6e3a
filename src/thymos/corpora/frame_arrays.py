"""Features of frames as releases hold them: one ``.npy`` or ``.csv`` file a recording, rows are frames."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.files import files_sha256, read_text, require_file, text_sha256

SUFFIXES = (".npy", ".csv")


def read_frames(path: str | Path) -> npt.NDArray[np.float32]:
    """Read one file.

    Args:
        path: ``.npy`` (never pickled objects) or ``.csv`` without a header.

    Returns:
        Shape (frames, numbers); a single row of numbers is one frame, so that a vector becomes a matrix.

    Raises:
        BadInput: another ending, a damaged file, more than two axes, no frame, NaN or infinite numbers.
    """
    path = require_file(path)
    values = _read_npy(path) if path.suffix == ".npy" else _read_csv(path)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise BadInput(f"frames x numbers are needed, not {values.dtype} with {values.ndim} axes", where=path)
    frames = np.atleast_2d(values.astype(np.float32))
    if frames.size == 0:
        raise BadInput("there is no frame", where=path)
    bad = ~np.isfinite(frames).all(axis=1)
    if bad.any():
        raise BadInput(f"frame {int(bad.argmax())} holds NaN or an infinite number", where=path)
    return frames


def _read_npy(path: Path) -> npt.NDArray[np.generic]:
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise BadInput(f"this is no array ({str(error).splitlines()[0]})", where=path) from None
    if not isinstance(found, np.ndarray):
        raise BadInput("this is no single array", where=path)
    return found


def _read_csv(path: Path) -> npt.NDArray[np.generic]:
    if path.suffix != ".csv":
        raise BadInput(f"features end in {' or '.join(SUFFIXES)}, not {path.suffix!r}", where=path)
    rows: list[list[float]] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError:
            raise BadInput("a cell is no number", where=f"{path}, line {number}") from None
        if len(rows[-1]) != len(rows[0]):
            raise BadInput(f"{len(rows[-1])} numbers found, {len(rows[0])} expected", where=f"{path}, line {number}")
    return np.array(rows, dtype=np.float32)


def listed_sha256(root: Path, read: Iterable[Path], listed: Iterable[Path]) -> str:
    """One hash over the content of the files that were read and the names and sizes of those that were listed only.

    Features of frames may fill a disk; a file that was exchanged for one of another size starts a new run.
    """
    names = sorted(f"{path.relative_to(root).as_posix()} {path.stat().st_size}" for path in listed)
    content = files_sha256(root, read)
    return text_sha256("\n".join([content, *names])) if names else content
