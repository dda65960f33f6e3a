"""Reading release files: every error names the file, the line and the mend."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.tables import (
    check_unique,
    check_vocabulary,
    decode_json,
    file_version,
    find_file,
    numbers,
    optional_file,
    read_json,
    read_json_lines,
    read_lines,
    require_fields,
)
from thymos.errors import BadInput

FIELD = st.text(st.characters(exclude_characters="\t\n\r\ufeff", exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.tsv"


@given(rows=st.lists(st.tuples(FIELD, FIELD).filter(lambda row: "".join(row).strip()), min_size=1, max_size=20))
def test_lines_come_back_letter_for_letter(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("lines") / "file.tsv"
    path.write_text("".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8", newline="")
    table = read_lines(path, ("a", "b"))
    assert [tuple(row) for row in table.to_numpy()] == rows
    assert list(table.index) == list(range(1, len(rows) + 1))


def test_quotes_line_separators_and_missing_words_are_text(path):
    path.write_bytes('say "x\tNA\r\n\r\na\u2028b\x85c\tnan\n'.encode())
    table = read_lines(path, ("text", "label"))
    assert table.to_numpy().tolist() == [['say "x', "NA"], ["a\u2028b\x85c", "nan"]]
    assert list(table.index) == [1, 3]


def test_a_byte_order_mark_is_skipped(path):
    path.write_bytes(b"\xef\xbb\xbfa\tb\n")
    assert read_lines(path, ("x", "y"))["x"].tolist() == ["a"]


def test_header_and_optional_fields(path):
    path.write_text("a,b,c\n1,2\n3,4,5\n")
    table = read_lines(path, ("a", "b", "c"), delimiter=",", header=True, optional=1)
    assert table.to_numpy().tolist() == [["1", "2", ""], ["3", "4", "5"]]
    path.write_text("a,b,d\n1,2,3\n")
    with pytest.raises(BadInput, match=r"line 1: the columns are not a, b, c"):
        read_lines(path, ("a", "b", "c"), delimiter=",", header=True, optional=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"a\tb\nc;d\n", r"line 2: 1 fields found, 2 expected \(text, label\)"),
        (b"a\tb\nc\td\te\n", "line 2: 3 fields found"),
        (b"a\tb\n\x92\td\n", "line 2: byte 0x92 is not valid utf-8"),
    ],
)
def test_broken_lines_are_refused(path, content, message):
    path.write_bytes(content)
    with pytest.raises(BadInput, match=f"file.tsv.*{message}"):
        read_lines(path, ("text", "label"))


def test_json_errors_name_the_line(path):
    path.write_text('{"a": 1,\n "b": [1, 2')
    with pytest.raises(BadInput, match=r"file.tsv, line 2: this is not JSON .*may be cut off"):
        read_json(path)
    path.write_text('{"a": 1}\n\n{"a": \n')
    with pytest.raises(BadInput, match="line 3: this is not JSON"):
        read_json_lines(path)
    path.write_text("\n")
    with pytest.raises(BadInput, match="the file is empty"):
        read_json(path)
    with pytest.raises(BadInput, match="the file is empty"):
        read_json_lines(path)
    path.write_text("[" * 100_000)
    with pytest.raises(BadInput, match=r"nested too deeply|not JSON"):
        read_json(path)


def test_json_lines_keep_their_numbers(path):
    path.write_text('\ufeff{"a": 1}\n\n[2]\n')
    assert read_json_lines(path) == [(1, {"a": 1}), (3, [2])]
    assert decode_json(" 5", path) == 5


def test_fields_are_required(path):
    assert require_fields({"a": 1}, ["a"], where="x") == {"a": 1}
    with pytest.raises(BadInput, match="x: field 'b' is missing; present: a"):
        require_fields({"a": 1}, ["a", "b"], where="x")
    with pytest.raises(BadInput, match="x: an object is needed here, not list"):
        require_fields([1], ["a"], where="x")


def test_candidates_are_tried_in_order_and_all_named(tmp_path):
    (tmp_path / "b.csv").write_text("x")
    assert find_file(tmp_path, "a.csv", "b.csv") == tmp_path / "b.csv"
    assert optional_file(tmp_path, "a.csv") is None
    with pytest.raises(BadInput, match=r"there is no file a.csv \(nor c.csv\)"):
        find_file(tmp_path, "a.csv", "c.csv")
    with pytest.raises(BadInput, match="there is no such folder"):
        find_file(tmp_path / "none", "a.csv")


def column(values):
    return pd.Series(values, index=pd.Index(range(2, len(values) + 2), name="line"), name="V")


def test_vocabulary_and_uniqueness_name_the_line():
    assert list(check_vocabulary(column(["a", "b"]), ("a", "b"), where="f", what="label")) == ["a", "b"]
    with pytest.raises(BadInput, match=r"f, line 3: unknown label 'c'; legal: a, b"):
        check_vocabulary(column(["a", "c"]), ("a", "b"), where="f", what="label")
    assert list(check_unique(column(["a", "b"]), where="f", what="id")) == ["a", "b"]
    with pytest.raises(BadInput, match=r"f, line 4: id 'a' stands twice \(first in line 2\)"):
        check_unique(column(["a", "b", "a"]), where="f", what="id")
    for empty in ("", "  ", None, np.nan):
        with pytest.raises(BadInput, match="line 3: id is empty"):
            check_unique(column(["a", empty]), where="f", what="id")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "V is empty"),
        (" ", "V is empty"),
        ("NaN", "V 'NaN' is not a number"),
        ("three", "V 'three' is not a number"),
        ("1_0", "V '1_0' is not a number"),
        ("inf", r"V 'inf' is outside 1\.\.5"),
        ("5.1", r"V '5.1' is outside 1\.\.5"),
        ("0", r"V '0' is outside 1\.\.5"),
        ("2.5", "V '2.5' is not a whole number"),
        (None, "V is empty"),
        (np.nan, "V is empty"),
    ],
)
def test_cells_that_are_no_numbers_are_refused(cell, message):
    with pytest.raises(BadInput, match=f"f, line 3: {message}"):
        numbers(column(["1", cell]), where="f", low=1, high=5, whole=True)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_whole_numbers_come_back_exactly(values):
    found = numbers(column([str(value) for value in values]), where="f", whole=True)
    assert found.tolist() == values
    assert found.dtype == "int64"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_exactly(values):
    assert numbers(column([repr(value) for value in values]), where="f").tolist() == values


def test_the_version_of_a_file_follows_its_content(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a")
    first = file_version(path)
    assert file_version(path) == first
    path.write_text("ab")
    assert file_version(path) != first
    with pytest.raises(BadInput, match="there is no such file"):
        file_version(tmp_path / "b.csv")
