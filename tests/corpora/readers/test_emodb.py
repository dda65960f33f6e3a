"""EmoDB: names, the listening test beside them, and copies with four of the seven classes."""

import shutil

import numpy as np
import pytest

from thymos.corpora.registry import get_reader

TABLE = "erkennung.txt"


def test_items_carry_name_and_listening_test(release):
    corpus = release("emodb").read()
    assert len(corpus.items) == 10 * 2 * 7
    item = corpus.items.loc["03b03Wa"]
    assert (item["speaker"], item["sex"], item["age"]) == ("03", "male", 31)
    assert (item["text"], item["emotion"], item["version"]) == ("b03", "anger", "a")
    assert corpus.rated().scheme().name == "emodb7"
    assert corpus.rated().scheme().construct == "intended"
    assert corpus.rated().raters == ["intended"]
    assert len(corpus.rated()) == len(corpus.items)


def test_the_listening_test_gives_shares_and_no_votes(release):
    corpus = release("emodb").read()
    table = corpus.tables["listening_test"].set_index("recording")
    assert len(table) == 2 * len(corpus.items)
    assert set(table.index[table["released"]]) == set(corpus.items.index)
    for column in ("recognized", "natural"):
        assert corpus.items[column].between(0.65, 1).all()
        assert (corpus.items[column] == table[column].reindex(corpus.items.index)).all()
    listeners = np.where(table["text"] == "b03", 21, 20)
    heard = table["recognized"] * listeners
    assert np.abs(heard - heard.round()).max() < 0.002  # the file rounds percentages to two digits


def test_numbers_have_a_decimal_comma(release):
    there = release("emodb")
    there.edit_line_in(TABLE, "03a01Wa.wav", "7\t03a01Wa.wav\t95,24\t7,5")
    item = there.read().items.loc["03a01Wa"]
    assert item["recognized"] == pytest.approx(0.9524)
    assert item["natural"] == pytest.approx(0.075)


def test_folds_pair_a_woman_and_a_man(release):
    corpus = release("emodb").read()
    split = corpus.split("five_folds")
    assert split.guarantee == "speaker-independent"
    pairs = [tuple(sorted(set(corpus.part(part, "five_folds")["speaker"]))) for part in split.parts]
    assert pairs == [("03", "08"), ("09", "10"), ("11", "13"), ("12", "14"), ("15", "16")]
    for part in split.parts:
        assert set(corpus.part(part, "five_folds")["sex"]) == {"female", "male"}


def test_four_classes_are_read_and_counted_as_such(release):
    corpus = release("emodb", "four_classes").read()
    assert set(corpus.items["emotion"]) == {"anger", "happiness", "neutral", "sadness"}
    assert corpus.items["path"].str.endswith(".flac").all()
    assert len(corpus.tables["listening_test"]) == 280
    checks = {check.what: check for check in get_reader("emodb").check(corpus)}
    assert checks["recordings"].verdict == "not in this copy"
    assert checks["recordings, fear"].verdict == "not in this copy"
    assert checks["recordings, anger"].verdict == "differs"


def test_seven_classes_are_counted_whole(release):
    found = {check.what: check.found for check in get_reader("emodb").check(release("emodb").read())}
    assert found["recordings"] == 140
    assert found["recordings, fear"] == 20


def test_without_the_listening_test(release):
    there = release("emodb")
    (there.folder / TABLE).unlink()
    corpus = there.read()
    assert corpus.items[["recognized", "natural"]].isna().all(axis=None)
    assert corpus.tables == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t03a01Wx9.wav\t90,00\t90,00", "recording '03a01Wx9' is not of the form"),
        ("1\t03a03Wa.wav\t90,00\t90,00", "recording '03a03Wa' is not of the form"),
        ("1\t03a01Wb.wav\t90,00\t90,00", "recording '03a01Wb.wav' stands twice"),
        ("1\t\t90,00\t90,00", "recording is empty"),
        ("1\t03a01Wa.wav\t190,00\t90,00", r"erkannt '190.00' is outside 0..100"),
        ("1\t03a01Wa.wav\tviele\t90,00", "erkannt 'viele' is not a number"),
        ("1\t03a01Wa.wav\t90,00\t", "natuerlich is empty"),
        ("1\t03a01Wa.wav\t90,00", "3 fields found, 4 expected"),
    ],
)
def test_bad_lines(release, line, message):
    there = release("emodb")
    number = there.edit_line_in(TABLE, "03a01Wa.wav", line)
    error = there.refused(message)
    assert "erkennung.txt, line" in error.where
    if "twice" not in message:
        assert f"line {number}" in error.where


@pytest.mark.parametrize("name", ["03a01Xa", "07a01Wa", "03a06Wa", "3a01Wa", "03a01W", "03a01WA"])
def test_wrong_names(release, name):
    there = release("emodb")
    shutil.copy(there.folder / "wav/03a01Wa.wav", there.folder / f"wav/{name}.wav")
    there.refused(f"file name '{name}' is not of the form SSTTTEV")


def test_a_recording_in_two_formats(release):
    there = release("emodb")
    shutil.copy(there.folder / "wav/03a01Wa.wav", there.folder / "wav/03a01Wa.flac")
    there.refused("recording '03a01Wa' stands twice")
