"""Writing small pictures, workbooks and archives for the layouts: the same content always gives the same bytes."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image

from thymos.corpora.spreadsheet import column_letters
from thymos.files import write_atomically

OLDEST = (1980, 1, 1, 0, 0, 0)  # date of the files in an archive
Cell = str | float | int


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Write pixels (uint8; grey, or red, green, blue last) in the format that the name's ending says."""
    stream = io.BytesIO()
    suffix = path.suffix.lower()
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}
    Image.fromarray(pixels).save(stream, format=formats[suffix])
    write_atomically(path, stream.getvalue())


def write_archive(path: Path, members: Mapping[str, bytes | str]) -> None:
    """Write a zip file whose bytes depend on its members only."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, OLDEST), content, compress_type=zipfile.ZIP_DEFLATED)
    write_atomically(path, stream.getvalue())


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """Write an Excel workbook: texts are shared strings, numbers are numbers, "" is an empty cell."""
    shared: dict[str, int] = {}
    parts: dict[str, str] = {}
    for number, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows, shared)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{k}" r:id="rId{k}"/>' for k, name in enumerate(sheets, start=1)
    )
    related = "".join(
        f'<Relationship Id="rId{k}" Type="{office}/worksheet" Target="worksheets/sheet{k}.xml"/>'
        for k in range(1, len(sheets) + 1)
    )
    texts = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
    types = "".join(
        f'<Override PartName="/{name}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
        for name, kind in {
            "xl/workbook.xml": "spreadsheetml.sheet.main",
            "xl/sharedStrings.xml": "spreadsheetml.sharedStrings",
            **dict.fromkeys(parts, "spreadsheetml.worksheet"),
        }.items()
    )
    write_archive(
        path,
        {
            "[Content_Types].xml": f'{head}<Types xmlns="{package}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
            "_rels/.rels": f'{head}<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'{head}<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets>'
            "</workbook>",
            "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{package}/relationships">{related}'
            f'<Relationship Id="rId{len(sheets) + 1}" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>",
            "xl/sharedStrings.xml": f'{head}<sst xmlns="{main}">{texts}</sst>',
            **{
                name: f'{head}<worksheet xmlns="{main}"><sheetData>{xml}</sheetData></worksheet>'
                for name, xml in parts.items()
            },
        },
    )


def _sheet(rows: Sequence[Sequence[Cell]], shared: dict[str, int]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for column, value in enumerate(row):
            place = f'r="{column_letters(column)}{number}"'
            if isinstance(value, str):
                if value:
                    cells.append(f'<c {place} t="s"><v>{shared.setdefault(value, len(shared))}</v></c>')
            else:
                cells.append(f"<c {place}><v>{value!r}</v></c>")
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return "".join(lines)
