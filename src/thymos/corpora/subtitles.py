"""Subtitle files (SubRip .srt, Advanced SubStation .ass) as start, end and text."""

import re
from pathlib import Path

from thymos.errors import BadInput
from thymos.files import read_text

Cue = tuple[float, float, str]
SRT_TIMES = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->\s*(\d+):(\d\d):(\d\d)[,.](\d{1,3})\b.*")
ASS_TIME = re.compile(r"(\d+):(\d\d):(\d\d)\.(\d{1,3})")
OVERRIDE = re.compile(r"\{[^}]*\}")  # {\i1} and the like


def read_subtitles(path: Path) -> list[Cue]:
    """The cues of a subtitle file in the order of the file.

    Args:
        path: a file that ends in .srt or .ass; UTF-8, with or without a byte-order mark.

    Returns:
        (start, end, text) a cue, in seconds; lines of a text are divided by a line feed. Empty cues are left out.

    Raises:
        BadInput: another ending, a file that is no text or has no cue, a cue without times or that ends before it
            starts, with its line.
    """
    suffix = path.suffix.lower()
    if suffix not in (".srt", ".ass"):
        raise BadInput(f"subtitles end in .srt or .ass, not {suffix!r}", where=path)
    lines = read_text(path).removeprefix("\ufeff").splitlines()
    cues = _srt(lines, path) if suffix == ".srt" else _ass(lines, path)
    if not cues:
        raise BadInput("there is no subtitle in this file", where=path, mend="get the file again")
    return cues


def _srt(lines: list[str], path: Path) -> list[Cue]:
    """Blocks divided by blank lines: a number, the times, the text."""
    cues: list[Cue] = []
    number = 0
    while number < len(lines):
        if not lines[number].strip():
            number += 1
            continue
        times = number + 1 if lines[number].strip().isdigit() else number
        match = SRT_TIMES.fullmatch(lines[times].strip()) if times < len(lines) else None
        if match is None:
            raise BadInput("a subtitle without times", where=f"{path}, line {times + 1}")
        end = times + 1
        while end < len(lines) and lines[end].strip():
            end += 1
        fields = match.groups()
        _add(cues, fields[:4], fields[4:], "\n".join(lines[times + 1 : end]), f"{path}, line {times + 1}")
        number = end
    return cues


def _ass(lines: list[str], path: Path) -> list[Cue]:
    """``Dialogue:`` lines below a ``Format:`` line; the text is the last field and may hold commas."""
    cues: list[Cue] = []
    names: list[str] = []
    section = ""
    for number, line in enumerate(lines, start=1):
        kind, _, rest = line.partition(":")
        if line.startswith("["):
            section = line.strip().casefold()
        elif section == "[events]" and kind == "Format":
            names = [name.strip().casefold() for name in rest.split(",")]
        elif section == "[events]" and kind == "Dialogue":
            where = f"{path}, line {number}"
            fields = dict(zip(names, rest.strip().split(",", max(len(names) - 1, 0)), strict=False))
            matches = [ASS_TIME.fullmatch(fields.get(name, "").strip()) for name in ("start", "end")]
            if matches[0] is None or matches[1] is None or "text" not in fields:
                raise BadInput("a subtitle without times or text", where=where)
            text = OVERRIDE.sub("", fields["text"]).replace("\\N", "\n").replace("\\n", "\n")
            _add(cues, matches[0].groups(), matches[1].groups(), text, where)
    return cues


def _add(cues: list[Cue], first: tuple[str, ...], last: tuple[str, ...], text: str, where: str) -> None:
    start, end = _seconds(first), _seconds(last)
    if end < start:
        raise BadInput(f"a subtitle ends ({end:g} s) before it starts ({start:g} s)", where=where)
    if text.strip():
        cues.append((start, end, text.strip()))


def _seconds(fields: tuple[str, ...]) -> float:
    hours, minutes, seconds, fraction = fields
    return int(hours) * 3600 + int(minutes) * 60 + int(f"{seconds}{fraction.ljust(3, '0')}") / 1000
