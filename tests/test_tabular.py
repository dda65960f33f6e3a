"""Reading delimited files: every wrong file is one error with its line."""

from pathlib import Path

import pytest

from thymos.errors import BadInput
from thymos.tabular import read_cells


def _write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def test_cells_stay_the_text_that_stands_there(tmp_path: Path) -> None:
    cells = read_cells(_write(tmp_path, "item,label\n001,NA\n1e3,\n"))
    assert cells.to_numpy().tolist() == [["001", "NA"], ["1e3", ""]]


def test_the_index_names_lines_across_quoted_breaks_and_blank_lines(tmp_path: Path) -> None:
    cells = read_cells(_write(tmp_path, 'item,label\na,"two\nlines"\n\nb,joy\n'))
    assert list(cells.index) == [3, 5]
    assert cells["label"].tolist() == ["two\nlines", "joy"]


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    assert list(read_cells(_write(tmp_path, b"\xef\xbb\xbfitem,label\na,joy\n")).columns) == ["item", "label"]


def test_the_ending_tsv_means_tabs(tmp_path: Path) -> None:
    assert read_cells(_write(tmp_path, "item\tlabel\na\tjoy\n", "t.tsv"))["label"].tolist() == ["joy"]


@pytest.mark.parametrize(
    ("content", "sentence", "place"),
    [
        ("", "the file is empty", "table.csv"),
        ("\n \n", "the file is empty", "table.csv"),
        ("item,label\n", "a header and no row", "table.csv"),
        ("item;label\na;joy\n", "a semicolon seems to divide", "table.csv, line 1"),
        ("item\tlabel\na\tjoy\n", "a tab seems to divide", "table.csv, line 1"),
        ("item,label\na,joy\nb\n", "1 fields found, 2 expected", "table.csv, line 3"),
        ("item,label\na,joy,x\n", "3 fields found, 2 expected", "table.csv, line 2"),
        ("item,item\na,joy\n", "column 'item' stands twice", "table.csv, line 1"),
        ("item,\na,joy\n", "column 2 has no name", "table.csv, line 1"),
        ("item, label\na,joy\n", "column name ' label' starts or ends with a space", "table.csv, line 1"),
        ('item,label\na,"joy\n', "this is not a table", "table.csv, line 2"),
        (b"item,label\na,j\xf6y\n", "byte 0xf6 is not valid utf-8", "table.csv, line 2"),
    ],
)
def test_a_wrong_file_is_one_error_with_its_place(
    tmp_path: Path, content: str | bytes, sentence: str, place: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_cells(_write(tmp_path, content))
    assert sentence in caught.value.what
    assert caught.value.where.endswith(place)


def test_another_encoding_is_read_when_it_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path, "item,label\na,jöy\n".encode("latin-1"))
    assert read_cells(path, encoding="latin-1")["label"].tolist() == ["jöy"]


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such file"):
        read_cells(tmp_path / "none.csv")
    with pytest.raises(BadInput, match="this is a folder"):
        read_cells(tmp_path)
