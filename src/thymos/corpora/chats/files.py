"""Dialogues from one file of a user, whatever its form; and whether a file is a dialogue at all."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from thymos.corpora.chats.lines import chat_turns, looks_like_a_chat
from thymos.corpora.chats.records import json_turns
from thymos.corpora.chats.tables import SUFFIXES as TABLES
from thymos.corpora.chats.tables import delimiter_of, fields_of, table_turns
from thymos.corpora.chats.turns import FileTurn, dialogues_from, roles_of
from thymos.corpora.dialogue import Dialogue
from thymos.corpora.subtitles import read_subtitles
from thymos.errors import BadInput
from thymos.files import read_text, require_file

RECORDS = (".jsonl", ".ndjson")
SUBTITLES = (".srt", ".ass")
LINES = (".txt", ".md")
ALWAYS = (*RECORDS, *SUBTITLES)  # such a file is always read as a dialogue
LOOKED_AT = 65_536  # bytes that decide whether a file is a dialogue
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# ``ANN: text`` or ``Ann Lee: text`` in a subtitle.
NAME = re.compile(r"(?P<name>[A-Z][\w.'’\-]*(?: [A-Z][\w.'’\-]*){0,2}): ?(?P<text>.+)", re.DOTALL)
DASH = re.compile(r"[-–—]\s*")
TAGS = re.compile(r"</?(?:i|b|u|font)(?:\s[^<>]*)?>", re.IGNORECASE)


@dataclass(frozen=True)
class ChatFile:
    """What was read.

    Args:
        path: of the file.
        dialogues: at least one.
        left_out: how many lines were left out, by reason.
    """

    path: Path
    dialogues: tuple[Dialogue, ...]
    left_out: dict[str, int] = field(default_factory=dict, hash=False)


def read_dialogues(path: str | Path) -> list[Dialogue]:
    """The dialogues of a file.

    Args:
        path: JSON lines (.jsonl, .ndjson), a table (.csv, .tsv) with a column of texts, subtitles (.srt, .ass), or a
            chat as plain lines (.txt, .md): an export of WhatsApp, or ``Name: text``. UTF-8, or UTF-16 with a
            byte-order mark.

    Returns:
        Dialogues in the order in which they begin. A speaker who is not named is "". A turn without text stays. Times
        that are no seconds become the label ``time``; further columns become labels under their names.

    Raises:
        BadInput: no such file, another ending, a broken encoding, nothing in it, a row that cannot be read.

    Example:
        >>> [len(dialogue) for dialogue in read_dialogues("chat.txt")]  # doctest: +SKIP
        [42]
    """
    return list(read_chat_file(path).dialogues)


def read_chat_file(path: str | Path) -> ChatFile:
    """Like ``read_dialogues``, with what was left out."""
    path = require_file(path)
    suffix = path.suffix.lower()
    if suffix not in (*RECORDS, *TABLES, *SUBTITLES, *LINES):
        known = ", ".join((*RECORDS, *TABLES, *SUBTITLES, *LINES))
        raise BadInput(
            f"a file of kind {suffix or 'without ending'!r} is read as no dialogue", where=path, mend=f"use {known}"
        )
    encoding = encoding_of(path)
    content = read_text(path, encoding=encoding).removeprefix("\ufeff")
    if not content.strip():
        raise BadInput("the file is empty", where=path)
    left_out: Counter[str] = Counter()
    turns: Iterator[FileTurn] | list[FileTurn]
    if suffix in RECORDS:
        turns = json_turns(content, path)
    elif suffix in TABLES:
        turns = table_turns(path, content.split("\n", 1)[0].rstrip("\r"), encoding)
    elif suffix in SUBTITLES:
        turns = list(_subtitle_turns(path))
    else:
        turns, left_out = chat_turns(content, path)
    return ChatFile(path, tuple(dialogues_from(turns, path)), dict(left_out))


def is_dialogue(path: str | Path) -> bool:
    """Whether a file is read as a dialogue without being told so, by its ending and its beginning.

    JSON lines and subtitles always are. A table is one when it has a column of texts and one of speakers. Plain text
    is one when it looks like a chat, see ``looks_like_a_chat``. Everything else is none; a file that cannot be read is
    none either.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in ALWAYS:
        return True
    if suffix not in (*TABLES, *LINES) or not path.is_file():
        return False
    with path.open("rb") as stream:
        data = stream.read(LOOKED_AT)
    beginning = data.decode(BYTE_ORDER_MARKS.get(data[:2], "utf-8"), errors="replace").removeprefix("\ufeff")
    if suffix in TABLES:
        header = beginning.split("\n", 1)[0].rstrip("\r")
        return {"text", "speaker"} <= set(roles_of(fields_of(header, delimiter_of(header, suffix))))
    lines = beginning.split("\n")
    return looks_like_a_chat(lines[:-1] if len(data) == LOOKED_AT else lines)


def encoding_of(path: Path) -> str:
    """UTF-16 where a byte-order mark says so, else UTF-8."""
    with path.open("rb") as stream:
        return BYTE_ORDER_MARKS.get(stream.read(2), "utf-8")


def _subtitle_turns(path: Path) -> Iterator[FileTurn]:
    """A turn a cue; a cue with several lines that begin with a dash or a name holds several."""
    for number, (start, end, text) in enumerate(read_subtitles(path), start=1):
        for part in _parts(TAGS.sub("", text)):
            found = NAME.fullmatch(part)
            name, said = (found["name"], found["text"]) if found is not None else ("", part)
            yield FileTurn(" ".join(said.split()), name, start=start, end=end, where=f"{path}, subtitle {number}")


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for line in text.split("\n"):
        line = line.strip()
        dash = DASH.match(line)
        if dash is not None or NAME.fullmatch(line) or not parts:
            parts.append(line[dash.end() :].strip() if dash else line)
        else:
            parts[-1] += f" {line}"
    return parts
