"""Dialogues as tables: a row an utterance, with a column of texts and one of speakers."""

import csv
from collections.abc import Iterator
from pathlib import Path

from thymos.corpora.chats.turns import FileTurn, roles_of, turn_of
from thymos.errors import BadInput
from thymos.tabular import DELIMITERS, read_cells

SUFFIXES = (".csv", ".tsv", ".tab")


def delimiter_of(header: str, suffix: str) -> str:
    """What divides the fields: the sign that gives a column of texts and one of speakers, else by the ending."""
    usual = "," if suffix == ".csv" else "\t"
    for mark in (usual, *DELIMITERS):
        if {"text", "speaker"} <= set(roles_of(fields_of(header, mark))):
            return mark
    return usual


def fields_of(header: str, delimiter: str) -> list[str]:
    """The names in a header line."""
    try:
        return next(csv.reader([header], delimiter=delimiter), [])
    except csv.Error:
        return []


def table_turns(path: Path, header: str, encoding: str) -> Iterator[FileTurn]:
    """Turns of a table; columns that play no part become labels.

    Raises:
        BadInput: no column of texts, see also ``thymos.tabular.read_cells``.
    """
    delimiter = delimiter_of(header, path.suffix.lower())
    cells = read_cells(path, delimiter=delimiter, encoding=encoding)
    roles = roles_of(map(str, cells.columns))
    if "text" not in roles:
        raise BadInput(
            "there is no column of texts", where=f"{path}, line 1", mend="call it text, utterance, message or content"
        )
    names = [str(name) for name in cells.columns]
    for line, *row in cells.itertuples(name=None):
        yield turn_of(dict(zip(names, row, strict=True)), roles, f"{path}, line {line}")
