"""Texts as a table over time: one row a line that is not empty, or a row of a table with a column ``text``."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thymos.errors import BadInput
from thymos.files import read_text
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.shipped import shipped_recognizer

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes

LONGEST = 20_000  # characters; more is no utterance but a book


def over_time(path: Path, wishes: "Wishes") -> Iterator[dict[str, Any]]:
    """Rows of the table over time; ``track`` names the line."""
    lines = _lines(path)
    if not lines:
        raise BadInput("there is no text in it", where=path)
    usable = {number: text for number, text in lines.items() if text.strip() and len(text) <= LONGEST}
    recognizer = shipped_recognizer("text")
    assert isinstance(recognizer, Recognizer)
    found = recognizer.predict_proba(list(usable.values())) if usable else None
    place = {number: row for row, number in enumerate(usable)}
    for number, text in lines.items():
        row: dict[str, Any] = {"start": 0.0, "end": 0.0, "track": f"line {number}"}
        if number not in place or found is None:
            yield {**row, "quality": "empty" if not text.strip() else f"longer than {LONGEST} characters"}
            continue
        shares = found.iloc[place[number]]
        yield {**row, **shares.to_dict(), "confidence": float(shares.max())}


def _lines(path: Path) -> dict[int, str]:
    if path.suffix.lower() in (".csv", ".tsv"):
        from thymos.tabular import read_cells

        cells = read_cells(path)
        column = next(name for name in cells.columns if name.lower() == "text")
        return {int(line): text for line, text in cells[column].items()}
    return {number: line for number, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()}
