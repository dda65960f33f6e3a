"""What a file is, and which signals can be read from it."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from thymos.corpora.chats import is_dialogue
from thymos.errors import BadInput
from thymos.perceive.intended_use import Signal


class FileKind(StrEnum):
    """What a path holds."""

    TEXT = "text"
    SOUND = "sound"
    PICTURE = "picture"
    VIDEO = "video"
    WRISTBAND = "wristband"


SUFFIXES = {
    FileKind.TEXT: (".txt", ".md", ".jsonl", ".ndjson", ".srt", ".ass"),
    FileKind.SOUND: (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".aac", ".opus"),
    FileKind.PICTURE: (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"),
    FileKind.VIDEO: (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"),
}
KIND_OF_SUFFIX = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes}
TABLE_SUFFIXES = (".csv", ".tsv")
# File names of an Empatica E4 export; one of these makes a folder a recording.
WRISTBAND_FILES = ("EDA.csv", "BVP.csv", "HR.csv", "TEMP.csv", "IBI.csv", "ACC.csv")
SIGNALS: dict[FileKind, tuple[Signal, ...]] = {
    FileKind.TEXT: ("text",),
    FileKind.SOUND: ("speech",),
    FileKind.PICTURE: ("face", "scene"),
    FileKind.VIDEO: ("face", "speech", "scene"),
    FileKind.WRISTBAND: ("physiology",),
}


def kind_of(path: Path) -> FileKind:
    """What a path holds, by its name; for tables by their header.

    Raises:
        BadInput: no such file or folder, a kind of file that thymos does not read.
    """
    if path.is_dir():
        if is_wristband_folder(path):
            return FileKind.WRISTBAND
        raise BadInput(
            "this folder is no wristband recording", where=path, mend=f"it needs one of: {', '.join(WRISTBAND_FILES)}"
        )
    if not path.is_file():
        raise BadInput("there is no such file", where=path, mend="check the path")
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES:
        return FileKind.TEXT if "text" in _header(path) or is_dialogue(path) else FileKind.WRISTBAND
    if suffix not in KIND_OF_SUFFIX:
        known = ", ".join(sorted([*KIND_OF_SUFFIX, *TABLE_SUFFIXES]))
        raise BadInput(f"files of kind {suffix or 'without ending'!r} cannot be read", where=path, mend=f"use {known}")
    return KIND_OF_SUFFIX[suffix]


def is_wristband_folder(path: Path) -> bool:
    """True for a folder in the layout of an Empatica E4 export."""
    return any((path / name).is_file() for name in WRISTBAND_FILES)


def expand(paths: Iterable[str | Path]) -> list[Path]:
    """The files of a list of files and folders, each once: a folder that is no recording stands for what is in it.

    Raises:
        BadInput: nothing was named; a folder holds nothing that thymos reads. Files that are not there stay in the
            list: they are reported with the others.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir() and not is_wristband_folder(path):
            inside = list(_inside(path))
            if not inside:
                raise BadInput("the folder holds no file that thymos reads", where=path, mend="name another one")
            found += inside
        else:
            found.append(path)
    if not found:
        raise BadInput("there is no file", mend="name at least one file or folder")
    return list(dict.fromkeys(found))


def _inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if is_wristband_folder(path):
                yield path
            else:
                yield from _inside(path)
        elif path.suffix.lower() in KIND_OF_SUFFIX or path.suffix.lower() in TABLE_SUFFIXES:
            yield path


def _header(path: Path) -> list[str]:
    with path.open("rb") as stream:
        first = stream.readline(65_536).decode("utf-8", errors="replace")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    return [name.strip().strip('"').lower() for name in first.lstrip("\ufeff").split(delimiter)]
