"""Dialogues as JSON lines: one utterance a line, or one dialogue a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thymos.corpora.chats.turns import FileTurn, roles_of, turn_of
from thymos.errors import BadInput

LISTS = ("utterances", "turns", "messages", "dialogue", "dialog", "conversation")


def json_turns(content: str, path: Path) -> Iterator[FileTurn]:
    """Turns of JSON lines.

    A line is an utterance ``{"text": ..., "speaker": ..., "dialogue": ..., "turn": ...}``, or a dialogue that holds a
    list ``utterances``, ``turns`` or ``messages`` of these. Only text is needed.

    Raises:
        BadInput: a line that is no JSON object or has no text, with its number.
    """
    # Only line feeds divide records: U+2028 and its like may stand inside a text.
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"this is no JSON ({type(error).__name__})", where=where, mend="one object a line") from None
        if not isinstance(record, dict):
            raise BadInput("this is no JSON object", where=where, mend="one object a line")
        inner = next((name for name in LISTS if isinstance(record.get(name), list)), None)
        if inner is None:
            yield _turn(record, where)
        else:
            yield from _dialogue(record, inner, number, where)


def _dialogue(record: dict[str, Any], inner: str, number: int, where: str) -> Iterator[FileTurn]:
    rest = {key: value for key, value in record.items() if key != inner and not isinstance(value, list | dict)}
    roles = roles_of(rest)
    key = roles.get("dialogue") or roles.get("id")
    name = str(rest[key]) if key is not None and rest[key] not in (None, "") else f"line {number}"
    for place, one in enumerate(record[inner]):
        spot = f"{where}, turn {place}"
        turn = _turn({"text": one} if isinstance(one, str) else one, spot)
        turn.dialogue, turn.turn = name, None
        yield turn


def _turn(record: Any, where: str) -> FileTurn:
    if not isinstance(record, dict):
        raise BadInput("this is no utterance", where=where, mend="an object with text and speaker, or a text")
    roles = roles_of(map(str, record))
    if "text" not in roles:
        raise BadInput("there is no text", where=where, mend="give it as 'text'")
    return turn_of(record, roles, where)
