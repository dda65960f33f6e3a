"""Texts as a table over time: one row a line that is not empty, a row of a table of texts, or a turn of a dialogue."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thymos.corpora.chats import is_dialogue, read_dialogues
from thymos.corpora.chats.files import ALWAYS
from thymos.corpora.chats.turns import roles_of
from thymos.errors import BadInput
from thymos.files import read_text
from thymos.perceive.dialogue.reading import Reading, read_turns
from thymos.perceive.text_reading import LONGEST, TextReader, judged, plane_columns
from thymos.perceive.timeline import OK

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes

__all__ = ["LONGEST", "is_read_as_dialogue", "over_time"]

BATCH = 512


def is_read_as_dialogue(path: Path, wishes: "Wishes") -> bool:
    """Whether a file is read turn by turn: what ``is_dialogue`` says, unless the signal text was asked for."""
    return path.suffix.lower() in ALWAYS or ("text" not in wishes.signals and is_dialogue(path))


def over_time(path: Path, wishes: "Wishes") -> Iterator[dict[str, Any]]:
    """Rows of the table over time; ``track`` names the line, or the turn and its speaker."""
    reader = TextReader()
    if is_read_as_dialogue(path, wishes):
        for one in read_turns(read_dialogues(path), reader, causes=0):
            yield _turn_row(one, reader.labels)
        return
    lines = _lines(path)
    if not lines:
        raise BadInput("there is no text in it", where=path)
    for part in _batches(list(lines.items())):
        qualities, shares = judged(reader, [text for _, text in part])
        for place, (number, _) in enumerate(part):
            row: dict[str, Any] = {"start": 0.0, "end": 0.0, "track": f"line {number}", "quality": qualities[place]}
            if qualities[place] == OK:
                found = shares.iloc[place]
                row |= {**found.to_dict(), **plane_columns(reader.plane(found.to_numpy())), "confidence": found.max()}
            yield row


def _turn_row(one: Reading, labels: list[str]) -> dict[str, Any]:
    start, end = one.utterance.start, one.utterance.end
    speaker = one.utterance.speaker.name
    timed = start is not None and end is not None and end > start >= 0
    # Turns with times make one line over time for each speaker.
    track = speaker if timed else f"turn {one.turn + 1} {speaker}".strip()
    row: dict[str, Any] = {"start": start if timed else 0.0, "end": end if timed else 0.0, "track": track}
    row["quality"] = one.quality
    if one.shares is not None and one.point is not None:
        row |= dict(zip(labels, map(float, one.shares), strict=True))
        row |= {**plane_columns(one.point), "confidence": float(one.shares.max())}
    return row


def _lines(path: Path) -> dict[int, str]:
    if path.suffix.lower() in (".csv", ".tsv"):
        from thymos.tabular import read_cells

        cells = read_cells(path)
        column = roles_of(map(str, cells.columns)).get("text")
        if column is None:
            raise BadInput("there is no column of texts", where=path, mend="call it text")
        return {int(line): text for line, text in cells[column].items()}
    return {number: line for number, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()}


def _batches(rows: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
