"""Sound files of a release: found by name, never opened.

A corpus of speech has an item column ``path``: the absolute path of the recording as text, "" where this copy has
none.
"""

import re
from pathlib import Path

from thymos.errors import BadInput

SOUND_SUFFIXES = (".wav", ".flac")
POINTER = b"version https://git-lfs"  # a clone without LFS holds such texts of about 130 bytes in place of sounds
POINTER_BYTES = 1024


def sound_files(folder: Path) -> list[Path]:
    """All .wav and .flac files below a folder, in path order; names that start with a dot are no recordings."""
    if not Path(folder).is_dir():
        raise BadInput("there is no such folder", where=folder, mend="check the path")
    return sorted(
        path
        for path in Path(folder).rglob("*")
        if path.suffix.lower() in SOUND_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def find_recordings(folder: Path, name: re.Pattern[str], form: str) -> dict[str, tuple[Path, re.Match[str]]]:
    """The recordings of a corpus that says everything in its file names.

    Args:
        folder: the release; subfolders are searched.
        name: what the names without suffix look like.
        form: the same in words, for errors.

    Returns:
        Name without suffix to path and match, sorted by name.

    Raises:
        BadInput: no recording, a name of another form, a name that stands twice.
    """
    found: dict[str, tuple[Path, re.Match[str]]] = {}
    for path in sound_files(folder):
        match = name.fullmatch(path.stem)
        if match is None:
            raise BadInput(
                f"file name {path.stem!r} is not of the form {form}",
                where=path,
                mend="keep the names of the release and nothing else in this folder",
            )
        if path.stem in found:
            raise BadInput(
                f"recording {path.stem!r} stands twice (also {found[path.stem][0]})",
                where=path,
                mend="keep one of them",
            )
        found[path.stem] = (path, match)
    if not found:
        raise BadInput(
            f"there is no recording ({' or '.join(SOUND_SUFFIXES)})",
            where=folder,
            mend="get the release and keep its file names",
        )
    return dict(sorted(found.items()))


def is_pointer(path: Path) -> bool:
    """True for the text that stands in a Git clone in place of a large file that was not fetched."""
    if path.stat().st_size > POINTER_BYTES:
        return False
    return path.read_bytes().startswith(POINTER)


def part_of_pairs(group: str, women: tuple[str, ...], men: tuple[str, ...], folds: int) -> str:
    """The fold of a speaker where each fold holds as many women as men: the k-th of each go to fold k modulo folds."""
    speakers = women if group in women else men
    return f"fold{speakers.index(group) % folds}"
