"""Workbooks: what is read, and what a damaged or hostile one ends in."""

import zipfile

import pytest

from thymos.corpora.spreadsheet import column_letters, read_workbook, seconds_of_day
from thymos.errors import BadInput
from thymos.testing.layouts._binary_files import write_workbook

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
FIRST = "xl/worksheets/sheet1.xml"


@pytest.fixture
def book(tmp_path):
    """A workbook, and a function that writes it again with other parts."""
    path = tmp_path / "a.xlsx"
    write_workbook(path, {"One": [["name", "", "a < b & c"], [1, 0.45, "1"]], "Two": [[""], ["", 7]]})

    def rewritten(**parts):
        with zipfile.ZipFile(path) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        content |= {name: text.encode() for name, text in parts.items() if text is not None}
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in content.items():
                if name not in parts or parts[name] is not None:
                    archive.writestr(name, data)
        return path

    rewritten.path = path
    return rewritten


def cells(xml):
    return {FIRST: SHEET.format(xml)}


def test_sheets_come_back_as_text_in_order(book):
    assert read_workbook(book.path) == {
        "One": [["name", "", "a < b & c"], ["1", "0.45", "1"]],
        "Two": [["", ""], ["", "7"]],
    }


def test_kinds_of_cells(book):
    row = (
        '<row r="2"><c r="A2" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c r="B2" t="b"><v>1</v></c>'
        '<c r="C2" t="str"><f>1+1</f><v>two</v></c><c r="D2" t="e"><v>#N/A</v></c><c r="E2"/>'
        '<c t="n"><v>5</v></c></row>'
    )
    assert read_workbook(book(**cells(row)))["One"] == [[""] * 6, ["inline", "TRUE", "two", "#N/A", "", "5"]]


def test_reading_aids_in_shared_strings_are_left_out(book):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = f'<sst xmlns="{main}"><si><r><t>a</t></r><r><t>b</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si></sst>'
    path = book(**{"xl/sharedStrings.xml": shared}, **cells('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'))
    assert read_workbook(path)["One"] == [["ab"]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('<row r="1"><c r="A1" t="s"><v>99</v></c></row>', "sheet 'One', cell A1: there is no shared text '99'"),
        ('<row r="1"><c r="A2"><v>1</v></c></row>', "cell reference 'A2' does not fit row 1"),
        ('<row r="1"><c r="1A"><v>1</v></c></row>', "cell reference '1A' does not fit row 1"),
        ('<row r="-1"><c r="A1"><v>1</v></c></row>', "row number '-1' is none"),
        ('<row r="99999999"/>', "row number '99999999' is none"),
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "1048576 rows x 16384 columns are too many"),
    ],
)
def test_impossible_cells(book, row, message):
    with pytest.raises(BadInput, match=message):
        read_workbook(book(**cells(row)))


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "<worksheet><sheetData>",
        "",
    ],
)
def test_hostile_and_broken_xml(book, xml):
    with pytest.raises(BadInput, match=f"{FIRST} is not plain XML"):
        read_workbook(book(**{FIRST: xml}))


def test_a_part_that_unpacks_to_gigabytes_is_not_unpacked(book, monkeypatch):
    monkeypatch.setattr("thymos.corpora.spreadsheet.MOST_BYTES", 1 << 20)
    with pytest.raises(BadInput, match=r"sheet1\.xml is larger than 1 MiB"):
        read_workbook(book(**cells("<row>" + " " * (1 << 21) + "</row>")))


def test_a_sheet_outside_the_workbook_is_not_looked_at(book):
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    relations = "".join(f'<Relationship Id="rId{k}" Target="../../../worksheets/sheet{k}.xml"/>' for k in (1, 2))
    path = book(**{"xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{relations}</Relationships>'})
    with pytest.raises(BadInput, match=r"it has no worksheets/sheet1\.xml"):
        read_workbook(path)


def test_missing_parts(book):
    with pytest.raises(BadInput, match=r"this is not an Excel workbook: it has no xl/workbook\.xml"):
        read_workbook(book(**{"xl/workbook.xml": None}))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with pytest.raises(BadInput, match="the workbook has no sheet"):
        read_workbook(book(**{"xl/workbook.xml": f'<workbook xmlns="{main}"/>'}))


def test_every_cut_of_the_file_is_one_clear_error(book):
    data = book.path.read_bytes()
    for length in range(0, len(data), 97):
        book.path.write_bytes(data[:length])
        with pytest.raises(BadInput, match="this is not an Excel workbook"):
            read_workbook(book.path)


def test_a_changed_byte_is_found(book):
    data = bytearray(book.path.read_bytes())
    place = data.index(b"xl/worksheets/sheet1.xml") + 40
    data[place : place + 8] = b"\0" * 8
    book.path.write_bytes(bytes(data))
    with pytest.raises(BadInput):
        read_workbook(book.path)


def test_no_file():
    with pytest.raises(BadInput, match="there is no such file"):
        read_workbook("nowhere.xlsx")


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [("0", 0.0), ("0.25", 21600.0), ("44599.5", 43200.0), ("", None), ("noon", None), ("-0.5", None), ("nan", None)],
)
def test_clock_times(cell, seconds):
    assert seconds_of_day(cell) == seconds


def test_column_letters():
    assert [column_letters(k) for k in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
