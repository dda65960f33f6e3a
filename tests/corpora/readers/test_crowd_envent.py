"""crowd-enVENT: two constructs, two encodings."""

import pytest

TEXTS = "crowd-enVent_generation.tsv"
READINGS = "crowd-enVent_validation.tsv"


def test_writers_and_readers_are_two_constructs(release):
    corpus = release("crowd_envent").read()
    annotations = corpus.rated()
    assert {name: str(scheme.construct) for name, scheme in annotations.schemes.items()} == {
        "crowd_envent13": "felt",
        "crowd_envent_appraisals21": "felt",
        "crowd_envent13_readers": "perceived",
        "crowd_envent_appraisals21_readers": "perceived",
    }
    readers = annotations.select(scheme="crowd_envent13_readers")
    assert readers.raters_identified
    assert (readers.votes().sum(axis=1) == 5).all()
    assert len(annotations.select(scheme="crowd_envent_appraisals21")) == 52 * 21
    assert corpus.split("validated").guarantee == "validated: not writer-independent"
    assert {part: len(ids) for part, ids in corpus.split("validated").parts.items()} == {
        "validated": 10,
        "generated": 42,
    }
    assert set(corpus.tables["readers"]["rater"]) == set(readers.raters)


def test_both_encodings_give_the_same_texts(release):
    utf8 = release("crowd_envent").read()
    windows = release("crowd_envent", "windows_1252")
    (windows.folder / TEXTS).unlink()
    (windows.folder / READINGS).unlink()
    raw = (windows.folder / "data/enVent_gen_Data.csv").read_bytes()
    assert b"\x92" in raw
    assert windows.read().items["text"].equals(utf8.items["text"])
    assert "\u2019" in utf8.items["text"].iloc[0]


def test_utf_8_in_the_place_of_the_windows_file_is_read_too(release):
    there = release("crowd_envent", "windows_1252")
    path = there.folder / "data/enVent_gen_Data.csv"
    before = there.read().items["text"]
    path.write_bytes(path.read_bytes().decode("cp1252").encode("utf-8"))
    assert there.read().items["text"].equals(before)


def test_a_mixture_of_encodings_is_refused_with_its_line(release):
    there = release("crowd_envent", "windows_1252")
    path = there.folder / "data/enVent_gen_Data.csv"
    lines = path.read_bytes().split(b"\n")
    # A closing double quote in UTF-8 holds a byte that Windows-1252 lacks: without it the mixture decodes silently.
    lines[4] = lines[4].decode("cp1252").replace("\u201d", "").encode("utf-8")
    path.write_bytes(b"\n".join(lines))
    there.refused(r"enVent_gen_Data.csv, line 5: the file mixes UTF-8 and Windows-1252")


def test_a_byte_that_fits_neither_encoding(release):
    there = release("crowd_envent", "windows_1252")
    path = there.folder / "data/enVent_gen_Data.csv"
    path.write_bytes(path.read_bytes().replace(b"\x92", b"\x81", 1))
    there.refused(r"enVent_gen_Data.csv, line 2: byte 0x81 is not valid cp1252")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (TEXTS, "\tboredom\t2\t", "\tennui\t2\t", "line 3: unknown emotion 'ennui'; legal: anger"),
        (TEXTS, "\tboredom\t2\t", "\tboredom\t1\t", r"line 3: text id '1' stands twice \(first in line 2\)"),
        (TEXTS, "\tboredom\t2\t", "\tboredom\t\t", "line 3: text id is empty"),
        (TEXTS, "minutes\thours\t", "minutes\thours\t6", r"line 2: intensity '6\d' is outside 1..5"),
        (TEXTS, "suddenness", "sudden", "column 'suddenness' is missing"),
        (READINGS, "\tanger\t1\t", "\tanger\t77\t", "line 2: unknown text id '77'"),
        (READINGS, "annotator_emotion", "their_emotion", "column 'annotator_emotion' is missing"),
    ],
)
def test_bad_cells(release, file, old, new, message):
    there = release("crowd_envent")
    there.edit(file, old, new)
    error = there.refused(message)
    assert file in str(error)


def test_wrong_delimiter_double_reading_and_missing_file(release):
    there = release("crowd_envent")
    text = (there.folder / TEXTS).read_text()
    (there.folder / TEXTS).write_text(text.replace(",", ";").replace("\t", ","))
    there.refused(f"{TEXTS}, line 1: one column found.*a comma seems to divide the fields")
    there = release("crowd_envent")
    number = there.repeat_line(READINGS, 2)
    there.refused(f"{READINGS}, line {number}: text and reader .* stands twice")
    (there.folder / READINGS).unlink()
    there.refused(f"there is no file {READINGS}")
