"""Reading the files of a ConvoKit folder line by line, each fault with its place."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thymos.corpora.convokit.values import plain, whole
from thymos.corpora.tables import find_file, optional_file, read_json
from thymos.errors import BadInput

UTTERANCES, OLDER_UTTERANCES = "utterances.jsonl", "utterances.json"
LONGEST_LINE = 1 << 26
"""Bytes of the longest line that is read (64 MiB): a file without line ends must not fill the memory."""

SPEAKER_KEYS, CONVERSATION_KEYS, REPLY_KEYS = ("speaker", "user"), ("conversation_id", "root"), ("reply_to", "reply-to")
PICKLED = ("<##bin{", "}&&@**>")  # how ConvoKit marks metadata that it keeps in a pickle


@dataclass(frozen=True)
class Line:
    """One utterance as it stands in the file; ``conversation`` is "" where the file names none."""

    id: str
    speaker: str
    conversation: str
    reply_to: str | None
    timestamp: Any
    text: str
    meta: dict[str, Any]
    number: int
    where: str

    @property
    def seconds(self) -> float | None:
        """The timestamp as a number, also of a text that is one; None for everything else."""
        return seconds_of(self.timestamp)


def seconds_of(timestamp: Any) -> float | None:
    """A finite number, or a text that is one, as float; else None."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float | str):
        return None
    try:
        seconds = math.nan if isinstance(timestamp, str) and "_" in timestamp else float(timestamp)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None


def read_lines(folder: Path) -> Iterator[Line]:
    """The utterances of a corpus, one after the other.

    Raises:
        BadInput: no file of utterances, or one that is none, with its line.
    """
    path = find_file(folder, UTTERANCES, OLDER_UTTERANCES)
    if path.name == UTTERANCES:
        for number, text in _texts(path):
            where = f"{path}, line {number}"
            yield _line(_decoded(text, where), number, where)
        return
    content = read_json(path)
    if not isinstance(content, list):
        raise BadInput("a list of utterances is needed", where=path)
    for number, record in enumerate(content, start=1):
        yield _line(record, number, f"{path}, utterance {number}")


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank. Only line feeds end a line: texts may hold other separators."""
    with path.open("rb") as stream:
        number = 0
        while data := stream.readline(LONGEST_LINE):
            number += 1
            where = f"{path}, line {number}"
            if len(data) == LONGEST_LINE and not data.endswith(b"\n"):
                raise BadInput(f"the line is longer than {LONGEST_LINE} bytes", where=where)
            try:
                text = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise BadInput(f"byte 0x{data[error.start]:02x} is not valid utf-8", where=where) from None
            if text.strip():
                yield number, text


def _decoded(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise BadInput(f"this is not JSON ({reason})", where=where, mend="one object a line") from None


def _line(record: Any, number: int, where: str) -> Line:
    if not isinstance(record, dict):
        raise BadInput(f"an object is needed here, not {type(record).__name__}", where=where, mend="one a line")
    name = _name(record, ("id",), where)
    if not name:
        raise BadInput("the utterance has no id", where=where)
    text, meta = record.get("text"), record.get("meta")
    if text is not None and not isinstance(text, str):
        raise BadInput(f"text {str(text)[:40]!r} is not a text", where=where)
    if meta is not None and not isinstance(meta, dict):
        raise BadInput("meta is not an object", where=where)
    time = record.get("timestamp")
    return Line(
        id=name,
        speaker=_name(record, SPEAKER_KEYS, where),
        conversation=_name(record, CONVERSATION_KEYS, where),
        reply_to=_name(record, REPLY_KEYS, where) or None,
        timestamp=None if isinstance(time, float) and math.isnan(time) else time,
        text=whole(text or ""),
        meta=_kept(meta or {}, where),
        number=number,
        where=where,
    )


def _name(record: Mapping[str, Any], keys: Sequence[str], where: str) -> str:
    """An id under the first of the keys that is there; "" for none. Whole numbers are ids, too."""
    key = next((key for key in keys if key in record), keys[0])
    value = record.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput(f"{key} {str(value)[:40]!r} is not a name", where=where)
    return whole(str(value))


def _kept(meta: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Metadata without what stands in pickles."""
    found: dict[str, Any] = plain({name: value for name, value in meta.items() if not _pickled(value)}, where)
    return found


def _pickled(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PICKLED[0]) and value.endswith(PICKLED[1])


def read_metadata(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Id to metadata from the first of the files that is there; empty where none is.

    Raises:
        BadInput: the file holds something else.
    """
    path = optional_file(folder, *names)
    if path is None:
        return {}
    content = read_json(path)
    if not isinstance(content, dict):
        raise BadInput("an object is needed here", where=path)
    found = {}
    for name, data in content.items():
        if not isinstance(data, dict):
            raise BadInput(f"{name!r} has no metadata but {type(data).__name__}", where=path)
        meta = data.get("meta", data)  # older corpora: the metadata alone
        if meta is not None and not isinstance(meta, dict):
            raise BadInput(f"meta of {name!r} is not an object", where=path)
        found[whole(name)] = _kept(meta or {}, f"{path}, {name!r}")
    return found
