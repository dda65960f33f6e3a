"""GoEmotions, filtered and raw."""

import pytest

FILE = "data/train.tsv"
RAW = "data/full_dataset/goemotions_1.csv"


def test_filtered_release(release):
    corpus = release("goemotions").read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 60, "dev": 30, "test": 30}
    first = corpus.items.loc["tr00000"]
    assert first["labels"] == "admiration,caring"
    assert '"' in first["text"]
    annotations = corpus.rated()
    assert annotations.raters == ["gold"]
    chosen = annotations.votes()
    assert chosen.loc["tr00000", ["admiration", "caring"]].tolist() == [1, 1]
    assert chosen.loc["tr00000"].sum() == 2
    assert corpus.groups == ()
    assert _check(corpus)[-1].verdict == "not in this copy"


def _check(corpus):
    from thymos.corpora.readers.goemotions import READER

    return READER.check(corpus)


def test_raw_release_has_identified_raters_and_groups(release):
    corpus = release("goemotions", "raw").read()
    annotations = corpus.rated()
    assert set(annotations.schemes) == {"goemotions28", "goemotions28_raters"}
    raters = annotations.select(scheme="goemotions28_raters")
    assert raters.raters_identified
    assert set(raters.raters) == {f"rater_{k}" for k in range(8)}
    ratings = raters.ratings(label="admiration")
    assert (ratings.drop(index="zz0001").notna().sum(axis=1) == 3).all()
    assert raters.votes(exclude=False)["unclear"].sum() > 0
    assert "unclear" not in raters.votes()
    assert corpus.split().guarantee == "official: not author-independent, not thread-independent"
    dropped = corpus.items.loc["zz0001"]
    assert dropped["part"] != dropped["part"]
    assert isinstance(dropped["text"], str)
    assert corpus.items["author"].isna().sum() == 6  # [deleted] is nobody
    assert _check(corpus)[-1].found == 121


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda line: line.replace("\t", ","), r"train.tsv, line 2: 1 fields found, 3 expected"),
        (lambda line: "x\t28\tid1", r"train.tsv, line 2: unknown label number '28'"),
        (lambda line: "x\t1,\tid1", r"train.tsv, line 2: unknown label number ''"),
        (lambda line: "x\t1\ttr00000", r"train.tsv, line 2: comment id 'tr00000' stands twice \(first in line 1\)"),
        (lambda line: "x\t1\t", r"train.tsv, line 2: comment id is empty"),
        (lambda line: "x\t1\tde00000", r"comment id 'de00000' stands in two parts"),
    ],
)
def test_bad_lines(release, change, message):
    there = release("goemotions")
    there.edit_line(FILE, 2, change)
    there.refused(message)


def test_bad_label_list_and_bad_ratings(release):
    there = release("goemotions", "raw")
    there.edit(RAW, ",False,", ",False,7,")
    there.refused(r"goemotions_1.csv, line 2: 38 fields found, 37 expected")
    there = release("goemotions", "raw")
    there.edit_line(RAW, 2, lambda line: line[:-1] + "2")
    there.refused(r"goemotions_1.csv, line 2: neutral '2' is outside 0..1")
    there = release("goemotions", "raw")
    there.repeat_line(RAW, 2)
    there.refused("this rater rated this item twice")
    there = release("goemotions")
    there.edit("data/emotions.txt", "grief\n", "")
    there.refused(r"emotions.txt: the 27 names are not the 28 labels")
    (there.folder / "data/emotions.txt").unlink()
    there.refused(r"there is no file data/emotions.txt \(nor emotions.txt\)")


def test_windows_1252_is_refused_with_its_line(release):
    there = release("goemotions")
    path = there.folder / FILE
    path.write_bytes("fine\t0\ta1\nI’m here\t0\ta2\n".encode("cp1252"))
    there.refused(r"train.tsv, line 2: byte 0x92 is not valid utf-8")
