"""EmoBank."""

import numpy as np
import pytest

READER = "corpus/individual_reader_ratings.csv"
GOLD = "corpus/emobank.csv"


def test_two_perspectives_with_anonymous_raters(release):
    corpus = release("emobank").read()
    annotations = corpus.rated()
    constructs = {name: str(scheme.construct) for name, scheme in annotations.schemes.items()}
    assert constructs == {"emobank_vad": "evoked", "emobank_vad_writer": "expressed"}
    assert not annotations.raters_identified
    assert annotations.raters == [f"?{k}" for k in range(5)]
    assert len(annotations) == 40 * 5 * 2 * 3
    assert corpus.split().guarantee == "official: not document-independent"
    assert corpus.items["part"].isna().sum() == 4
    assert np.isnan(corpus.items.loc["doc7_39_48", "valence"])
    assert corpus.items["genre"].isin(["letters", "blog"]).all()


def test_means_are_those_of_the_rows(release):
    there = release("emobank")
    path = there.folder / READER
    lines = path.read_text().split("\n")
    own = [line.split(",") for line in lines if line.startswith("doc0_0_9,")]
    expected = np.mean([[float(cell) for cell in row[1:]] for row in own], axis=0)
    found = there.read().rated().mean("emobank_vad").loc["doc0_0_9", ["valence", "arousal", "dominance"]]
    assert found.tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        (READER, "doc0_0_9,9,1,1", "line 2: V '9' is outside 1..5"),
        (READER, "doc0_0_9,,1,1", "line 2: V is empty"),
        (READER, "doc0_0_9,nan,1,1", "line 2: V 'nan' is not a number"),
        (READER, "doc0_0_9;1;1;1", "line 2: 1 fields found, 4 expected"),
        (READER, "doc99,1,1,1", "line 2: unknown sentence id 'doc99'"),
        (GOLD, "doc0_0_9,training,1,1,1,x", "line 2: unknown part 'training'; legal: train, dev, test"),
        (GOLD, "doc0_1_10,train,1,1,1,x", "line 3: sentence id 'doc0_1_10' stands twice"),
        ("corpus/raw.csv", "doc0_1_10,x", "line 3: sentence id 'doc0_1_10' stands twice"),
        ("corpus/meta.tsv", "doc0_0_9 doc0", "line 2: 1 fields found, 4 expected"),
    ],
)
def test_bad_lines(release, file, line, message):
    there = release("emobank")
    there.edit_line(file, 2, lambda _: line)
    if message.endswith("unknown sentence id 'doc99'"):
        error = there.refused(message)
        assert len(str(error)) < 2000
    else:
        there.refused(f"{file.split('/')[1]}, {message}")


def test_the_files_may_stand_in_the_folder_itself_and_all_are_needed(release):
    there = release("emobank")
    for path in list((there.folder / "corpus").iterdir()):
        path.rename(there.folder / path.name)
    assert len(there.read().items) == 40
    (there.folder / "meta.tsv").unlink()
    there.refused(r"there is no file corpus/meta.tsv \(nor meta.tsv\)")
