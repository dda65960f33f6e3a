"""Reading Excel workbooks (.xlsx) as plain text cells: the part of the format that releases of data use.

A workbook is a zip of XML files (ECMA-376). Read are the sheets in the order of the workbook, their shared, inline and
formula texts, numbers as they are stored, and truth values as "TRUE" and "FALSE". Dates and times are numbers of days
there (0.5 is noon): ``seconds_of_day`` turns one into seconds. Merged cells hold their text in the first cell only.

A workbook may come from anywhere: document types and entities are refused (defusedxml), sizes are bounded before
anything is unpacked, and nothing outside the zip is looked at.
"""

import posixpath
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from thymos.errors import BadInput
from thymos.files import require_file

__all__ = ["column_letters", "read_workbook", "seconds_of_day"]

Grid = list[list[str]]

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
MOST_BYTES = 64 << 20
"""Largest unpacked part of a workbook: small zips can hold gigabytes."""
MOST_CELLS = 4_000_000
"""Largest table, empty cells counted: a single cell XFD1048576 would make one of 17 billion."""
REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
SECONDS_A_DAY = 86400


def read_workbook(path: str | Path) -> dict[str, Grid]:
    """All sheets of a workbook.

    Args:
        path: the .xlsx file.

    Returns:
        Sheet name to rows of cells, each cell as the text that is stored; "" for empty cells. All rows of a sheet
        have the same length, and row k of the sheet is entry k - 1.

    Raises:
        BadInput: no such file, no workbook, a damaged or an oversized one, one that declares XML entities.
    """
    path = require_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _sheets(archive, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        # RuntimeError: the zip is encrypted; NotImplementedError: an exotic compression.
        raise BadInput(
            "this is not an Excel workbook (.xlsx)", where=path, mend="the file may be cut off: get it again"
        ) from None


def seconds_of_day(cell: str) -> float | None:
    """The clock time of a cell that holds one, in seconds since midnight; None where the cell holds no number.

    Example:
        >>> seconds_of_day("0.5")
        43200.0
    """
    try:
        days = float(cell)
    except ValueError:
        return None
    return round(days % 1 * SECONDS_A_DAY, 3) if 0 <= days < 1e6 else None


def column_letters(column: int) -> str:
    """Name of a column counted from 0, as Excel shows it, for errors.

    Example:
        >>> column_letters(0), column_letters(27)
        ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _sheets(archive: zipfile.ZipFile, path: Path) -> dict[str, Grid]:
    workbook = _parsed(archive, "xl/workbook.xml", path)
    relations = {
        str(relation.get("Id")): posixpath.normpath(posixpath.join("/xl", str(relation.get("Target")))).lstrip("/")
        for relation in _parsed(archive, "xl/_rels/workbook.xml.rels", path).iter(f"{PACKAGE}Relationship")
    }
    shared: list[str] = []
    if "xl/sharedStrings.xml" in archive.namelist():
        shared = [_text(entry) for entry in _parsed(archive, "xl/sharedStrings.xml", path).findall(f"{MAIN}si")]
    sheets: dict[str, Grid] = {}
    for sheet in workbook.iter(f"{MAIN}sheet"):
        name, part = str(sheet.get("name")), relations.get(str(sheet.get(RELATION)))
        if part is None:
            raise BadInput(f"sheet {name!r} is not in the workbook", where=path)
        if "worksheets/" in part:  # charts have sheets of their own kind
            sheets[name] = _grid(_parsed(archive, part, path), shared, f"{path}, sheet {name!r}")
    if not sheets:
        raise BadInput("the workbook has no sheet", where=path)
    return sheets


def _parsed(archive: zipfile.ZipFile, part: str, path: Path) -> Any:
    if part not in archive.namelist():
        raise BadInput(f"this is not an Excel workbook: it has no {part}", where=path)
    with archive.open(part) as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"{part} is larger than {MOST_BYTES >> 20} MiB", where=path, mend="this is no table of a release"
        )
    try:
        return fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise BadInput(f"{part} is not plain XML", where=path, mend="save the workbook again with Excel") from None


def _grid(sheet: Any, shared: list[str], where: str) -> Grid:
    cells: dict[tuple[int, int], str] = {}
    row_number = 0
    for row in sheet.iter(f"{MAIN}row"):
        row_number = _row_number(row.get("r"), row_number + 1, where)
        column = -1
        for cell in row.findall(f"{MAIN}c"):
            column = _column_of(cell.get("r"), row_number, column + 1, where)
            place = f"{where}, cell {column_letters(column)}{row_number}"
            value = _value(cell, shared, place)
            if value:
                cells[row_number - 1, column] = value
    height = 1 + max((row for row, _ in cells), default=-1)
    width = 1 + max((column for _, column in cells), default=-1)
    if height * width > MOST_CELLS:
        raise BadInput(f"{height} rows x {width} columns are too many", where=where, mend="clear the cells far out")
    grid = [[""] * width for _ in range(height)]
    for (row_index, column), value in cells.items():
        grid[row_index][column] = value
    return grid


def _row_number(given: str | None, expected: int, where: str) -> int:
    if given is None:
        return expected
    if not given.isdecimal() or not 1 <= len(given) <= 7 or int(given) < 1:
        raise BadInput(f"row number {given[:20]!r} is none", where=where)
    return int(given)


def _column_of(reference: str | None, row: int, expected: int, where: str) -> int:
    """The column, from 0, of a cell reference such as "AB12"; cells without one follow each other."""
    if reference is None:
        return expected
    found = REFERENCE.fullmatch(reference)
    if found is None or int(found[2]) != row:
        raise BadInput(f"cell reference {reference[:20]!r} does not fit row {row}", where=where)
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column - 1


def _value(cell: Any, shared: list[str], where: str) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{MAIN}is")
        return "" if inline is None else _text(inline)
    value = str(cell.findtext(f"{MAIN}v") or "")
    if kind == "s":
        if not value:
            return ""
        if not value.isdecimal() or len(value) > 9 or int(value) >= len(shared):
            raise BadInput(f"there is no shared text {value[:20]!r}", where=where)
        return shared[int(value)]
    if kind == "b":
        return {"1": "TRUE", "0": "FALSE"}.get(value, value)
    return value


def _text(entry: Any) -> str:
    """The text of a shared or inline string: its runs joined, reading aids (rPh) left out."""
    direct = [child for child in entry if child.tag == f"{MAIN}t"]
    runs = [run.find(f"{MAIN}t") for run in entry.findall(f"{MAIN}r")]
    return "".join(child.text or "" for child in [*direct, *runs] if child is not None)
