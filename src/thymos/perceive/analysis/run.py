"""Analyze files one after the other: what fits each is run, a file that cannot be used is listed and loses nothing.

Every signal has one function ``over_time(path, wishes)`` that yields rows of the table over time (see
``thymos.perceive.timeline``); it is imported when a file needs it.
"""

import importlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from thymos.errors import BadInput, ThymosError
from thymos.files import canonical_json, text_sha256, write_atomically
from thymos.perceive.analysis.kinds import SIGNALS, expand, kind_of
from thymos.perceive.intended_use import Signal, declare_use
from thymos.perceive.timeline import join, timeline

# Where each signal is read; imported only when a file has that signal.
READERS: dict[Signal, str] = {
    "text": "thymos.perceive.analysis.texts",
    "speech": "thymos.perceive.speech.over_time",
    "face": "thymos.perceive.face.over_time",
    "scene": "thymos.perceive.scene.over_time",
    "physiology": "thymos.perceive.physiology.over_time",
}
PARTS_FORMAT = 2  # 2: texts have 28 labels
NO_SOUND = "no sound track"  # what media.audio says of such a video
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wishes:
    """What the user wants.

    Args:
        use: what the analysis is for; needed for voices, faces and bodies.
        signals: read only these; empty = all that a file has.
        frames_per_second: pictures of a video that are looked at.
        window: seconds of voice that are judged at once, at most.
    """

    use: str = ""
    signals: tuple[Signal, ...] = ()
    frames_per_second: float = 2.0
    window: float = 4.0

    def __post_init__(self) -> None:
        unknown = [signal for signal in self.signals if signal not in READERS]
        if unknown:
            raise BadInput(f"there is no signal {unknown[0]!r}", mend=f"use: {', '.join(READERS)}")
        if not 0 < self.frames_per_second <= 1000:
            raise BadInput(f"{self.frames_per_second:g} frames per second cannot be", mend="a number from 0.1 to 60")
        if not 0.5 <= self.window <= 60:
            raise BadInput(f"a window of {self.window:g} seconds cannot be", mend="use 0.5 to 60 seconds")


@dataclass(frozen=True)
class Failure:
    """A file, or one signal of it, that could not be used.

    Args:
        file: as given.
        signal: the signal, or "" when the whole file is meant.
        reason: one sentence.
    """

    file: str
    signal: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """What was found.

    Args:
        table: see ``thymos.perceive.timeline``.
        failures: what could not be used.
        files: how many files were looked at.
        seconds: how long it took.
        use: the declared purpose, for the record.
    """

    table: pd.DataFrame
    failures: tuple[Failure, ...] = ()
    files: int = 0
    seconds: float = 0.0
    use: str = ""

    @property
    def failed_files(self) -> list[str]:
        """The files that gave nothing at all."""
        told = set(self.table["file"])
        return list(dict.fromkeys(one.file for one in self.failures if one.file not in told))


@dataclass
class _File:
    tables: list[pd.DataFrame] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def analyze(
    paths: Iterable[str | Path],
    wishes: Wishes | None = None,
    *,
    parts: str | Path | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Emotion over time from files of any kind.

    Args:
        paths: files, wristband folders, and folders that hold them.
        wishes: see ``Wishes``.
        parts: a folder where the table of each finished file is kept, so that a stopped run goes on; the caller
            removes it.
        progress: called with (files done, files in all).

    Returns:
        The table of everything that could be used, and a list of what could not.

    Raises:
        BadInput: no file, a refused or missing purpose.

    Example:
        >>> analyze(["talk.wav"], Wishes(use="research with consenting adults")).table  # doctest: +SKIP
    """
    wishes = wishes or Wishes()
    started = time.monotonic()
    files = checked_files(paths, wishes)
    found = _File()
    for done, path in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        one = _kept(path, wishes, Path(parts)) if parts is not None else _one(path, wishes)
        found.tables += one.tables
        found.failures += one.failures
    if progress is not None:
        progress(len(files), len(files))
    table = join(found.tables) if found.tables else timeline([])
    return Analysis(table, tuple(found.failures), len(files), time.monotonic() - started, wishes.use.strip())


def _signals(path: Path, wishes: Wishes) -> list[Signal]:
    return [signal for signal in SIGNALS[kind_of(path)] if not wishes.signals or signal in wishes.signals]


def checked_files(paths: Iterable[str | Path], wishes: Wishes) -> list[Path]:
    """The files of ``analyze``, after the purpose was checked for every signal in them; nothing is read yet.

    Files that cannot be told apart stay in the list: they are reported with the others.

    Raises:
        BadInput: no file, a refused or missing purpose.
    """
    declare_use(wishes.use, "text")
    files = expand(paths)
    for path in files:
        try:
            signals = _signals(path, wishes)
        except BadInput:
            continue
        for signal in signals:
            declare_use(wishes.use, signal)
    return files


def _one(path: Path, wishes: Wishes) -> _File:
    found = _File()
    try:
        signals = _signals(path, wishes)
    except BadInput as error:
        found.failures.append(Failure(str(path), "", str(error)))
        return found
    if not signals:
        found.failures.append(Failure(str(path), "", f"{path}: none of the wanted signals is in such a file"))
    for signal in signals:
        try:
            read: Callable[[Path, Wishes], Iterator[dict[str, Any]]] = importlib.import_module(
                READERS[signal]
            ).over_time
            rows = [{"file": str(path), "signal": signal, **row} for row in read(path, wishes)]
            found.tables.append(timeline(rows))
        except (ThymosError, MemoryError) as error:
            found.failures.append(Failure(str(path), signal, str(error) or type(error).__name__))
        except Exception as error:
            # A defect of ours or of a decoder must not cost the other 999 files; it is listed as what it is.
            found.failures.append(Failure(str(path), signal, f"{path}: unexpected {type(error).__name__}: {error}"))
    if len(found.tables) > 0 and all(NO_SOUND in one.reason for one in found.failures):
        # A video without sound is no failure where its pictures were read.
        found.failures.clear()
    return found


def _kept(path: Path, wishes: Wishes, parts: Path) -> _File:
    """The file's own table from an earlier, stopped run; or made now and kept."""
    place = parts / f"{_key(path, wishes)}.parquet"
    if place.is_file():
        return _File([pd.read_parquet(place)], [])
    found = _one(path, wishes)
    # Files with failures are tried again: the reason may be gone.
    if found.tables and not found.failures:
        found.tables = [join(found.tables)]
        write_atomically(place, found.tables[0].to_parquet())
    return found


def _key(path: Path, wishes: Wishes) -> str:
    stamps = []
    for one in sorted(path.iterdir()) if path.is_dir() else [path]:
        stamp = one.stat() if one.exists() else None
        stamps.append([one.name, None if stamp is None else [stamp.st_size, stamp.st_mtime_ns]])
    wanted = [list(wishes.signals), wishes.frames_per_second, wishes.window]
    return text_sha256(canonical_json([PARTS_FORMAT, str(path.resolve()), stamps, wanted]))[:32]
