"""CK+: the crops and the official folders."""

import numpy as np
import pytest

from thymos.corpora.pictures import load_image


def test_crops_have_a_picture_each(release):
    corpus = release("ckplus", "crops").read()
    assert len(corpus.items) == 108
    own = corpus.items[corpus.items["sequence"] == "S010_002"]
    assert len(own) == 3
    assert own["emotion"].nunique() == own["subject"].nunique() == 1
    assert (np.diff(own["frame"].sort_values()) == 1).all()
    assert set(corpus.items["emotion"]) == set(corpus.rated().scheme().labels)
    assert load_image(corpus, corpus.items.index[0]).shape == (48, 48)
    split = corpus.split("ten_folds")
    assert len(split.parts) == 10
    assert split.guarantee == "subject-independent, sequence-independent"


def test_crops_without_their_outer_folder(release):
    there = release("ckplus", "crops")
    before = there.read().items["emotion"]
    for path in (there.folder / "CK+48").iterdir():
        path.rename(there.folder / path.name)
    (there.folder / "CK+48").rmdir()
    assert there.read().items["emotion"].equals(before)


def test_sequences_give_their_peak(release):
    corpus = release("ckplus").read()
    assert list(corpus.items["sequence"]) == [
        "S005_001", "S005_002", "S010_001", "S010_003", "S011_001", "S014_001",
    ]  # fmt: skip
    first = corpus.items.loc["S005_001_00000004"]
    assert (first["frames"], first["frame"], first["emotion"]) == (4, 4, "anger")
    assert first["onset_path"].endswith("S005_001_00000001.png")
    assert corpus.items["emotion"].iloc[-1] == ""
    assert "S014_001_00000004" not in corpus.rated().items
    units = corpus.tables["action_units"]
    assert units[units["item"] == "S005_001_00000004"]["unit"].tolist() == ["AU5", "AU12"]
    assert np.isnan(units["intensity"].iloc[0])
    assert units["intensity"].iloc[1] == 3
    assert len(corpus.split("ten_folds").parts) == 4


def test_sequences_without_any_emotion(release):
    there = release("ckplus")
    for path in (there.folder / "Emotion").rglob("*.txt"):
        path.unlink()
    corpus = there.read()
    assert corpus.annotations is None
    assert len(corpus.items) == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("   8.0000000e+00", "line 1: emotion code '8.0000000e.*' is not 1..7"),
        ("   1.5", "line 1: emotion code '1.5' is not 1..7"),
        ("angry", "line 1: 'angry' is not a number"),
        ("", "line 1: '' is not a number"),
        ("nan", "is not 1..7"),
    ],
)
def test_bad_emotions(release, text, message):
    there = release("ckplus")
    (there.folder / "Emotion/S005/001/S005_001_00000004_emotion.txt").write_text(text)
    there.refused(message)


def test_code_zero_is_no_rating(release):
    there = release("ckplus")
    (there.folder / "Emotion/S005/001/S005_001_00000004_emotion.txt").write_text("0.0000000e+00")
    assert there.read().items["emotion"].iloc[0] == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.2e+01", "line 1: 1 numbers found"),
        ("1.2e+01 9", "line 1: the unit or its intensity"),
        ("1.5 2", "line 1: the unit or its intensity"),
        ("AU12 2", "line 1: 'AU12' is not a number"),
        ("5 0\nnan 1", "line 2: the unit or its intensity"),
    ],
)
def test_bad_units(release, text, message):
    there = release("ckplus")
    (there.folder / "FACS/S005/001/S005_001_00000004_facs.txt").write_text(text)
    there.refused(message)


def test_names_folders_and_doubles(release):
    there = release("ckplus", "crops")
    anger = there.folder / "CK+48/anger"
    picture = next(iter(sorted(anger.glob("*.png"))))
    (there.folder / "CK+48/fear" / picture.name).write_bytes(picture.read_bytes())
    there.refused("stands in two folders")
    picture.rename(anger / "face.png")
    there.refused("face.png: the name is not SUBJECT_SEQUENCE_FRAME")
    (there.folder / "CK+48").rename(there.folder / "other")
    there.refused("there is neither cohn-kanade-images nor a folder anger")
    (there.folder / "cohn-kanade-images").mkdir()
    there.refused("there is no sequence in cohn-kanade-images")
