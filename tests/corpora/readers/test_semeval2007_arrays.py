"""The two arrays of REDAffectiveLM: paired by their own order, refused where they do not belong together."""

import numpy as np
import pytest

from thymos.corpora.readers.semeval2007_affective_text import ARRAYS, NORMALIZED, NORMALIZED_EMOTIONS

LABELS = ARRAYS[1]


def test_arrays_and_table_give_the_same_pairs(release):
    by_array = release("semeval2007_affective_text", "arrays").read().tables["normalized5"]
    by_table = release("semeval2007_affective_text", "normalized").read().tables["normalized5"]
    assert by_array["preprocessed"].tolist() == [f"{place} preprocessed headline" for place in range(20)]
    assert by_array[["item", "preprocessed"]].equals(by_table[["item", "preprocessed"]])
    np.testing.assert_allclose(
        by_array[list(NORMALIZED_EMOTIONS)], by_table[list(NORMALIZED_EMOTIONS)], atol=1e-6
    )  # fmt: skip


def test_row_by_row_pairs_are_refused(release):
    there = release("semeval2007_affective_text", "arrays")
    path = there.folder / LABELS
    labels = np.load(path)
    np.save(path, np.roll(labels, 9, axis=0))  # as if row i of one belonged to row i of the other
    there.refused(r"the shares do not belong to these headlines \(r = -?0\.\d\d with")


def test_a_shifted_table_is_refused(release):
    there = release("semeval2007_affective_text", "normalized")
    lines = (there.folder / NORMALIZED).read_text().splitlines()
    cells = [line.split(",") for line in lines]
    moved = [[*mine[:3], *other[3:]] for mine, other in zip(cells[1:], cells[2:] + cells[1:2], strict=True)]
    (there.folder / NORMALIZED).write_text("\n".join(",".join(row) for row in [cells[0], *moved]) + "\n")
    there.refused("the shares do not belong to these headlines")


def test_bad_arrays(release):
    there = release("semeval2007_affective_text", "arrays")
    path = there.folder / LABELS
    labels = np.load(path)
    np.save(path, labels[:10])
    there.refused("five shares a headline are needed, at least 20 rows")
    np.save(path, labels * 2)
    there.refused("the five shares do not sum to 1")
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    there.refused("this is not an array of numbers or texts")
    np.save(path, labels)
    np.save(there.folder / ARRAYS[0], np.arange(30))
    there.refused("one text a headline is needed")


def test_one_array_alone_is_passed_over(release):
    there = release("semeval2007_affective_text", "arrays")
    (there.folder / LABELS).unlink()
    assert "normalized5" not in there.read().tables


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("500,A,b,0.5,0.5,0.5,0,0", "line 2: ?the five shares do not sum to 1|line 2"),
        ("500,A,b,1.5,0,0,0,0", "line 2: anger '1.5' is outside 0..1"),
        ("9,A,b,1,0,0,0,0", "line 2: unknown headline id '9'"),
        ("501,A,b,1,0,0,0,0", "line 3: headline id '501' stands twice"),
    ],
)
def test_bad_tables(release, line, message):
    there = release("semeval2007_affective_text", "normalized")
    there.edit_line(NORMALIZED, 2, lambda _: line)
    there.refused(message)
