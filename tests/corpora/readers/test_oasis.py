"""OASIS: norms, theme words, folds, pictures that a copy lacks."""

import pytest
from PIL import Image

NORMS = "OASIS.csv"


@pytest.fixture
def there(release):
    return release("oasis")


def edit_row(there, row, change):
    """Change one row (the header is row 1); rows end in carriage returns."""
    path = there.folder / NORMS
    rows = path.read_bytes().decode().split("\r")
    rows[row - 1] = change(rows[row - 1])
    path.write_bytes("\r".join(rows).encode())


def test_norms_are_columns(there):
    corpus = there.read()
    assert len(corpus.items) == 48
    assert corpus.annotations is None
    boat = corpus.items.loc["Boat 2"]  # the file has a blank behind this theme
    assert (boat["theme_word"], boat["category"]) == ("Boat", "Object")
    assert 1 <= boat["valence_mean"] <= 7
    assert 95 <= boat["arousal_n"] < 112


def test_pictures_are_referenced_where_they_are(there):
    paths = there.read().items["path"]
    assert set(paths.index[paths == ""]) == {"Newt 3", "Baker 4"}
    with Image.open(paths["Boat 1"]) as picture:
        assert picture.size == (50, 40)


def test_folds_keep_theme_words_apart_and_never_change(there):
    corpus = there.read()
    split = corpus.split("ten_folds")
    assert len(split.parts) == 10
    assert split.guarantee == "theme_word-independent"
    assert sum(len(ids) for ids in split.parts.values()) == 48
    assert split.hash == there.read().split("ten_folds").hash


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_end(there, newline):
    before = there.read().items
    path = there.folder / NORMS
    path.write_bytes(path.read_bytes().replace(b"\r", newline.encode()))
    assert there.read().items.equals(before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.replace("Object", "Thing"), "line 2: unknown category 'Thing'; legal: Animal, Object"),
        (lambda row: row.replace("Boat 1", "Boat 2"), "line 3: theme 'Boat 2' stands twice"),
        (lambda row: row.replace("Boat 1", " "), "line 2: theme is empty"),
        (lambda row: row + ",1", "line 2: 11 fields found, 10 expected"),
        (lambda row: row.rsplit(",", 1)[0] + ",9.5", "line 2: Arousal_N '9.5' is not a whole number"),
        (
            lambda row: ",".join([*row.split(",")[:4], "8", *row.split(",")[5:]]),
            "line 2: Valence_mean '8' is outside 1..7",
        ),
        (lambda row: ",".join([*row.split(",")[:4], "", *row.split(",")[5:]]), "line 2: Valence_mean is empty"),
    ],
)
def test_bad_rows(there, change, message):
    edit_row(there, 2, change)
    there.refused(f"OASIS.csv, {message}")


def test_other_columns_and_missing_files(there):
    edit_row(there, 1, lambda row: row.replace("Theme", "Motif"))
    there.refused("OASIS.csv: column 'Theme' is missing")
    (there.folder / NORMS).write_text("a,b")
    there.refused("OASIS.csv: the file has no row")
    (there.folder / NORMS).unlink()
    there.refused("there is no file OASIS.csv")
