"""Scoring a table: one person or occasion a row, one item a column; for research data."""

import csv
import io
from pathlib import Path

from thymos.errors import BadInput
from thymos.files import read_text
from thymos.respond.questionnaires.instrument import Questionnaire

MISSING = ("", "NA", "na", "-")
RESULT = ("total", "band", "urgent", "missing")


def score_table(questionnaire: Questionnaire, path: str | Path) -> list[dict[str, str | int | bool | None]]:
    """Score every row of a CSV file.

    Args:
        questionnaire: the instrument.
        path: CSV with a header; columns named like the items hold whole numbers, empty or ``NA`` where there is no
            answer. Other columns are taken over.

    Returns:
        For each row its other columns, the subscales, and total, band, urgent and missing (how many answers). Rows with
        missing answers have no total; nothing is filled in.

    Raises:
        BadInput: a column is missing or stands twice, a value that is no choice; with the row.
    """
    path = Path(path)
    reader = csv.DictReader(io.StringIO(read_text(path, encoding="utf-8-sig")))
    columns = list(reader.fieldnames or ())
    doubled = next((name for name in columns if columns.count(name) > 1), None)
    if doubled is not None:
        raise BadInput(f"the column {doubled!r} stands twice", where=path)
    absent = [name for name in questionnaire.items if name not in columns]
    if absent:
        raise BadInput(
            f"the column {absent[0]!r} is missing", where=path, mend=f"columns: {', '.join(questionnaire.items)}"
        )
    results = {*RESULT, *questionnaire.subscales}
    others = [name for name in columns if name not in questionnaire.asked]
    taken = [name for name in others if name in results]
    if taken:
        raise BadInput(f"the column {taken[0]!r} has the name of a result", where=path, mend="rename it")
    found = []
    for number, row in enumerate(reader, start=2):
        where = f"{path}, row {number}"
        if None in row or None in row.values():
            raise BadInput("this row has another number of cells than the header", where=where)
        answers = {name: _whole(row[name], name, where) for name in questionnaire.asked if name in columns}
        found.append({name: row[name] for name in others} | _scored(questionnaire, answers, where))
    return found


def _scored(
    questionnaire: Questionnaire, answers: dict[str, int | None], where: str
) -> dict[str, str | int | bool | None]:
    given = {}
    for name, value in answers.items():
        if value is not None:
            try:
                given[name] = questionnaire.checked(name, value)
            except BadInput as error:
                raise BadInput(error.what, where=where, mend=error.mend) from None
    missing = sum(name not in given for name in questionnaire.items)
    scales: dict[str, str | int | bool | None] = dict.fromkeys(questionnaire.subscales)
    if missing:
        return {**scales, "total": None, "band": None, "urgent": questionnaire.is_urgent(given), "missing": missing}
    result = questionnaire.score(given)
    return {
        **scales,
        **result.subscales,
        "total": result.total,
        "band": result.band,
        "urgent": result.urgent,
        "missing": 0,
    }


def _whole(cell: str, name: str, where: str) -> int | None:
    cell = cell.strip()
    if cell in MISSING:
        return None
    try:
        return int(cell)
    except ValueError:
        raise BadInput(f"{cell!r:.40} in column {name!r} is no whole number", where=where) from None
