"""The lines of IEMOCAP's transcriptions and evaluations, and what is not read of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.files import read_text

CODES = {
    "neu": "neutral", "hap": "happy", "exc": "excited", "sad": "sad", "ang": "angry", "fru": "frustrated",
    "fea": "fearful", "sur": "surprised", "dis": "disgusted", "oth": "other", "xxx": None,
}  # fmt: skip
NAMES = {
    "neutral": "neutral", "neutral state": "neutral", "happiness": "happy", "excited": "excited", "sadness": "sad",
    "anger": "angry", "frustration": "frustrated", "fear": "fearful", "surprise": "surprised", "disgust": "disgusted",
    "other": "other",
}  # fmt: skip
TURN = re.compile(r"(Ses(0[1-5])[FM]_(\S+))_([FM])(\d{3})")
SPOKEN = re.compile(r"(\S+) \[\d+\.\d+-\d+\.\d+\]: ?(.*)")
HEAD = re.compile(r"\[(\d+\.\d+) - (\d+\.\d+)\]\t(\S+)\t(\w+)\t\[([\d.]+), *([\d.]+), *([\d.]+)\]")
CATEGORIES = re.compile(r"C-(\S+):\t([^\t]*)(\t.*)?")
DIMENSIONS = re.compile(r"A-(\S+):\tval\s*([\d.]*);\s*act\s*([\d.]*);\s*dom\s*([\d.]*);.*")
DIMENSION_NAMES = ("valence", "activation", "dominance")
LOWEST, HIGHEST = 1, 5


@dataclass
class Found:
    """What was read so far: a row a turn, a vote, a rating of the dimensions, and a thing that was left out."""

    turns: list[dict[str, Any]] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)
    dimensions: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)

    def leave_out(self, path: Path, line: int, name: str, reason: str) -> None:
        """Count what is not read; ``name`` is the turn where it is known."""
        self.left_out.append({"dialogue": path.stem, "line": line, "name": name, "reason": reason})


def read_dialogue(path: Path, spoken_in: Path, found: Found) -> None:
    """Add the turns of one dialogue.

    Args:
        path: its evaluation.
        spoken_in: its transcription.
        found: is added to.

    Raises:
        BadInput: a line that breaks the form, with its number.
    """
    spoken = _spoken(spoken_in, found)
    evaluated = set()
    item = ""
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        text, where = line.rstrip(), f"{path}, line {number}"
        if text.startswith(("C-", "A-")):
            if not item:
                raise BadInput("a rating stands before the first turn", where=where)
            if text.startswith("C-"):
                found.votes += _votes(item, text, where)
            else:
                _rate(item, text, path, number, found)
        elif text.startswith("[") or "Ses0" in text:
            row = _turn(text, spoken, where)
            item = row["item"]
            evaluated.add(item)
            found.turns.append(row)
        elif text and not text.startswith("%"):
            found.leave_out(path, number, item, "line of no known form")
    for name, (number, _) in spoken.items():
        if name not in evaluated:
            found.leave_out(spoken_in, number, name, "not evaluated")


def _spoken(path: Path, found: Found) -> dict[str, tuple[int, str]]:
    """Line and text of every named turn."""
    texts: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        match = SPOKEN.fullmatch(line.strip())
        if match is None:
            if line.strip():
                found.leave_out(path, number, "", "spoken without a name")
        elif match[1] in texts:
            found.leave_out(path, number, match[1], "name stands twice")
        else:
            texts[match[1]] = (number, match[2].strip())
    return texts


def _turn(line: str, spoken: Mapping[str, tuple[int, str]], where: str) -> dict[str, Any]:
    head = HEAD.fullmatch(line)
    if head is None:
        raise BadInput("the line of a turn is not like '[start - end]<tab>turn<tab>code<tab>[v, a, d]'", where=where)
    start, end, item, code, *means = head.groups()
    match = TURN.fullmatch(item)
    if match is None:
        raise BadInput(f"the name {item!r} is not like Ses01F_impro01_F000", where=where)
    if code not in CODES:
        raise BadInput(f"unknown code {code!r}", where=where, mend=f"legal: {', '.join(CODES)}")
    if item not in spoken:
        raise BadInput(f"turn {item!r} stands in no transcription", where=where)
    if float(end) < float(start):
        raise BadInput(f"turn {item!r} ends at {end} and starts at {start}", where=where)
    dialogue, session, play, gender, _ = match.groups()
    return {
        "item": item,
        "text": spoken[item][1],
        "speaker": f"{session}{gender}",
        "gender": gender,
        "session": session,
        "dialogue": dialogue,
        "scenario": play.rstrip("abcd"),
        "scripted": play.startswith("script"),
        "start": float(start),
        "end": float(end),
        "emotion": CODES[code],
        **{name: _number(cell, where) for name, cell in zip(DIMENSION_NAMES, means, strict=True)},
    }


def _votes(item: str, line: str, where: str) -> list[dict[str, Any]]:
    match = CATEGORIES.fullmatch(line)
    if match is None:
        raise BadInput("the line of categories is not like 'C-E2:<tab>Neutral;'", where=where)
    rater, cells = match[1], match[2].lower().split(";")
    found = []
    for cell in filter(None, (cell.strip() for cell in cells)):
        if cell not in NAMES:
            raise BadInput(f"unknown category {cell!r}", where=where, mend=f"legal: {', '.join(NAMES)}")
        found.append({"item": item, "rater": rater, "self_report": _is_own(rater), "label": NAMES[cell]})
    return found


def _rate(item: str, line: str, path: Path, number: int, found: Found) -> None:
    where = f"{path}, line {number}"
    match = DIMENSIONS.fullmatch(line)
    if match is None:
        raise BadInput("the line of dimensions is not like 'A-E3:<tab>val 3; act 2; dom  2;'", where=where)
    rater, *cells = match.groups()
    values = [_number(cell, where) for cell in cells]
    for place, value in enumerate(values):
        if value < LOWEST or value > HIGHEST:
            found.leave_out(path, number, item, f"rating outside {LOWEST} to {HIGHEST}")
            values[place] = float("nan")
    row = {"item": item, "rater": rater, "self_report": _is_own(rater)}
    found.dimensions.append({**row, **dict(zip(DIMENSION_NAMES, values, strict=True))})


def _number(cell: str, where: str) -> float:
    """A number; NaN for an empty cell: evaluators left some out."""
    try:
        return float(cell) if cell else float("nan")
    except ValueError:
        raise BadInput(f"{cell!r} is no number", where=where) from None


def _is_own(rater: str) -> bool:
    return not rater.startswith("E")
