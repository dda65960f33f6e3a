"""Dialogues from a ConvoKit folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from thymos.corpora.convokit.lines import Line, read_lines, read_metadata
from thymos.corpora.convokit.order import conversation_ids, in_order
from thymos.corpora.convokit.values import END, REPLY, START, TIME, UNIX
from thymos.corpora.dialogue import Dialogue, Speaker, Utterance
from thymos.errors import BadInput
from thymos.files import require_folder

SPEAKER_FILES, CONVERSATION_FILES = ("speakers.json", "users.json"), ("conversations.json",)


def read_convokit(folder: str | Path) -> list[Dialogue]:
    """The conversations of a ConvoKit corpus, in the order in which they begin in ``utterances.jsonl``.

    Within a conversation an utterance comes after the one it replies to; apart from that the order is that of the
    timestamps where all are numbers, else that of the file. A reply to an utterance that is not there begins anew.
    Speakers that ``speakers.json`` does not list have no metadata; an utterance without a speaker has the name "".

    Args:
        folder: the corpus; ``speakers.json`` and ``conversations.json`` may be missing.

    Raises:
        BadInput: no folder, no utterances, a line that is no utterance (with its number), an id twice, utterances
            that reply to each other in a circle.
    """
    folder = require_folder(folder, mend="name the folder of a ConvoKit corpus")
    lines: dict[str, Line] = {}
    for line in read_lines(folder):
        if line.id in lines:
            first = lines[line.id].number
            raise BadInput(f"utterance {line.id!r} stands twice (first in line {first})", where=line.where)
        lines[line.id] = line
    if not lines:
        raise BadInput("there is no utterance", where=folder)
    people, metas = read_metadata(folder, SPEAKER_FILES), read_metadata(folder, CONVERSATION_FILES)
    speakers: dict[str, Speaker] = {}
    conversations: dict[str, list[Line]] = {}
    for name, line in zip(conversation_ids(lines), lines.values(), strict=True):
        conversations.setdefault(name, []).append(line)
        speakers.setdefault(line.speaker, Speaker(line.speaker, people.get(line.speaker, {})))
    return [
        Dialogue(name, tuple(_utterances(in_order(own), speakers)), metas.get(name, {}))
        for name, own in conversations.items()
    ]


def _utterances(lines: list[Line], speakers: Mapping[str, Speaker]) -> Iterator[Utterance]:
    times = [line.seconds for line in lines]
    known = [time for time in times if time is not None]
    began = min(known, default=0.0)
    absolute = began >= UNIX
    began = began if absolute else 0.0
    before: str | None = None
    for line, time in zip(lines, times, strict=True):
        labels = dict(line.meta)
        if line.reply_to != before:
            labels[REPLY] = line.reply_to
        named = line.timestamp is not None and (absolute or time is None)
        if named and labels.get(START) != line.timestamp:
            labels[TIME] = line.timestamp
        start = _time(labels, START, line, None if time is None else time - began)
        end = _time(labels, END, line, None)
        try:
            yield Utterance(line.id, speakers[line.speaker], line.text, start, end, labels)
        except BadInput as error:
            raise BadInput(error.what, where=line.where) from None
        before = line.id


def _time(labels: dict[str, Any], key: str, line: Line, otherwise: float | None) -> float | None:
    """Take a time out of the labels; ``otherwise`` where it is not among them."""
    if key not in labels:
        return otherwise
    value = labels.pop(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{key} {value!r} is not a number", where=line.where)
    return float(value)
