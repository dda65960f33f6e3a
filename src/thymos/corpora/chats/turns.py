"""Turns as they come out of a file, and how they become dialogues."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thymos.corpora.dialogue import Dialogue, Speaker, Utterance
from thymos.errors import BadInput

# What a column or key may be called, without case and signs; the first that is there is taken.
NAMES = {
    "text": ("text", "utterance", "message", "content", "body", "msg", "sentence", "transcript"),
    "speaker": ("speaker", "role", "sender", "user", "author", "name", "username", "from", "participant", "character"),
    "dialogue": (
        "dialogue", "dialog", "dialogueid", "dialogid", "conversation", "conversationid", "convid", "chat", "chatid",
        "thread", "threadid", "session", "sessionid",
    ),
    "turn": ("turn", "turnid", "turnnumber", "turnindex", "utteranceid", "utteranceindex", "order"),
    "start": ("start", "starttime", "begin"),
    "end": ("end", "endtime"),
    "time": ("time", "timestamp", "date", "datetime", "createdat", "sentat"),
    "id": ("id",),
}  # fmt: skip
CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2}(?:[.,]\d+)?)")
MISSING = ("NaN", "nan")
TIME, MEDIA = "time", "media"  # labels of an utterance


@dataclass
class FileTurn:
    """One turn as it stands in a file.

    Args:
        text: may be empty.
        speaker: "" when unknown.
        dialogue: which dialogue it belongs to; "" in a file of one.
        turn: its place, None when the order of the file counts.
        start: seconds, None when unknown.
        end: seconds.
        id: "" makes one.
        labels: whatever else is known.
        where: file and line, for errors.
    """

    text: str
    speaker: str = ""
    dialogue: str = ""
    turn: float | None = None
    start: float | None = None
    end: float | None = None
    id: str = ""
    labels: dict[str, Any] = field(default_factory=dict)
    where: str = ""


def roles_of(names: Iterable[str]) -> dict[str, str]:
    """Which column or key plays which part, e.g. ``{"text": "Utterance", "speaker": "Speaker"}``.

    Example:
        >>> roles_of(["Utterance", "Speaker", "Dialogue_ID"])
        {'text': 'Utterance', 'speaker': 'Speaker', 'dialogue': 'Dialogue_ID'}
    """
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[\W_]+", "", name).lower(), name)
    found = {}
    for role, words in NAMES.items():
        known = [plain[word] for word in words if word in plain]
        if known:
            found[role] = known[0]
    return found


def turn_of(fields: dict[str, Any], roles: dict[str, str], where: str) -> FileTurn:
    """A turn from the cells of a row or the values of a record.

    Raises:
        BadInput: a text that is a list or a record, a turn that is no number, times that are no times.
    """
    turn = FileTurn(_word(fields, roles, "text", where), where=where)
    turn.speaker = _word(fields, roles, "speaker", where).strip()
    turn.dialogue = _word(fields, roles, "dialogue", where)
    turn.id = _word(fields, roles, "id", where)
    place = _word(fields, roles, "turn", where).strip()
    if place:
        turn.turn = _number(place, where, "turn")
    turn.start, turn.end = (seconds_of(_word(fields, roles, role, where), where) for role in ("start", "end"))
    time = _word(fields, roles, "time", where).strip()
    if time:
        turn.labels[TIME] = time
    taken = set(roles.values())
    turn.labels |= {
        str(name): value
        for name, value in fields.items()
        if name not in taken and not is_missing(value) and value != ""
    }
    return turn


def is_missing(value: Any) -> bool:
    """True for nothing, NaN, and what pandas writes for it."""
    return value is None or (isinstance(value, float) and value != value) or value in MISSING


def seconds_of(word: str, where: str) -> float | None:
    """Seconds from a number or ``hours:minutes:seconds``; None for an empty word.

    Example:
        >>> seconds_of("00:01:02,500", ""), seconds_of("3.5", ""), seconds_of("", "")
        (62.5, 3.5, None)
    """
    word = word.strip()
    if not word:
        return None
    match = CLOCK.fullmatch(word)
    if match is not None:
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return _number(word, where, "time")


def dialogues_from(turns: Iterable[FileTurn], path: Path) -> list[Dialogue]:
    """Dialogues in the order in which they begin in the file; within one by turn, else by the order of the file.

    Raises:
        BadInput: no turn, a turn twice in a dialogue, a turn number in some rows of a dialogue only.
    """
    of_dialogue: dict[str, list[FileTurn]] = {}
    for turn in turns:
        of_dialogue.setdefault(turn.dialogue, []).append(turn)
    if not of_dialogue:
        raise BadInput("there is no turn of a dialogue in it", where=path, mend="see the page analyze-dialogues")
    return [_dialogue(name or path.stem, rows) for name, rows in of_dialogue.items()]


def _dialogue(name: str, rows: list[FileTurn]) -> Dialogue:
    numbered = [row for row in rows if row.turn is not None]
    if numbered and len(numbered) < len(rows):
        missing = next(row for row in rows if row.turn is None)
        raise BadInput("this row has no turn number and others have", where=missing.where, mend="number all or none")
    if numbered:
        seen: set[float | None] = set()
        for row in rows:
            if row.turn in seen:
                raise BadInput(f"dialogue {name!r} has turn {row.turn:g} twice", where=row.where, mend="number anew")
            seen.add(row.turn)
        rows = sorted(rows, key=lambda row: row.turn or 0.0)
    ids = [row.id or f"{name}/{place}" for place, row in enumerate(rows)]
    if len(set(ids)) < len(ids):
        ids = [f"{name}/{place}" for place in range(len(rows))]
    return Dialogue(
        name,
        tuple(
            Utterance(identity, Speaker(row.speaker), row.text, row.start, row.end, row.labels)
            for identity, row in zip(ids, rows, strict=True)
        ),
    )


def _word(fields: dict[str, Any], roles: dict[str, str], role: str, where: str) -> str:
    value = fields.get(roles[role]) if role in roles else None
    if is_missing(value):
        return ""
    if isinstance(value, list | dict):
        raise BadInput(f"{roles[role]!r} is a {type(value).__name__}, not a text", where=where)
    return str(value)


def _number(word: str, where: str, what: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        raise BadInput(f"the {what} {word[:40]!r} is no number", where=where)
    return value
