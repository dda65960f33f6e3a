"""Tables of answers, for research data."""

from pathlib import Path

import pytest

from thymos.errors import BadInput
from thymos.respond.questionnaires import find_questionnaire, score_table

GAD7, PANAS, PHQ9 = (find_questionnaire(name) for name in ("gad7", "panas", "phq9"))
HEAD = "person," + ",".join(GAD7.items)


def table(folder: Path, *lines: str) -> Path:
    path = folder / "answers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_are_scored_and_other_columns_kept(tmp_path: Path) -> None:
    found = score_table(GAD7, table(tmp_path, HEAD, "p1,0,1,2,3,0,1,2", "p2,3,3,3,3,3,3,3", "p3,1,,NA,0,0,0,0"))
    assert found == [
        {"person": "p1", "total": 9, "band": "mild", "urgent": False, "missing": 0},
        {"person": "p2", "total": 21, "band": "severe", "urgent": False, "missing": 0},
        {"person": "p3", "total": None, "band": None, "urgent": False, "missing": 2},
    ]


def test_subscales_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = table(tmp_path, ",".join(PANAS.items), ",".join(["3"] * 20))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    (row,) = score_table(PANAS, path)
    assert (row["positive_affect"], row["negative_affect"], row["total"], row["band"]) == (30, 30, None, "")


def test_an_urgent_row_is_told_also_with_answers_missing(tmp_path: Path) -> None:
    head = ",".join(PHQ9.items)
    whole, half = score_table(PHQ9, table(tmp_path, head, "0,0,0,0,0,0,0,0,1", ",,,,,,,,2"))
    assert (whole["urgent"], whole["total"]) == (True, 1)
    assert (half["urgent"], half["total"], half["missing"]) == (True, None, 8)


def test_an_item_that_does_not_count_is_checked_and_not_added(tmp_path: Path) -> None:
    head = ",".join(PHQ9.asked)
    (row,) = score_table(PHQ9, table(tmp_path, head, "0,0,0,0,0,0,0,0,0,3"))
    assert row["total"] == 0
    with pytest.raises(BadInput, match=r"row 2: 4 is no answer to difficulty"):
        score_table(PHQ9, table(tmp_path, head, "0,0,0,0,0,0,0,0,0,4"))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["person,item_1", "a,1"], "the column 'item_2' is missing"),
        ([HEAD + ",item_1"], "the column 'item_1' stands twice"),
        ([HEAD + ",total", "p,1,1,1,1,1,1,1,5"], "the column 'total' has the name of a result"),
        ([HEAD, "p,1,1,1,1,1,1,4"], "row 2: 4 is no answer to item_7; use 0, 1, 2, 3"),
        ([HEAD, "p,1,1,1,1,1,1,1", "p,1,1,1,1,x,1,1"], "row 3: 'x' in column 'item_5' is no whole number"),
        ([HEAD, "p,1,1,1,1,1.5,1,1"], "row 2: '1.5'"),
        ([HEAD, "p,1,1"], "row 2: this row has another number of cells"),
        ([HEAD, "p,1,1,1,1,1,1,1,1"], "row 2: this row has another number of cells"),
        ([""], "the column 'item_1' is missing"),
    ],
)
def test_mistakes_are_named_with_their_row(lines: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        score_table(GAD7, table(tmp_path, *lines))
