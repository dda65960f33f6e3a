"""AffectNet: two layouts, values that are none, arrays that are no numbers."""

import numpy as np
import pytest

TRAIN = "Manually_Annotated_file_lists/training.csv"


def test_the_lists(release):
    corpus = release("affectnet").read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 33, "valid": 16}
    ratings = corpus.rated()
    assert ratings.scheme("affectnet11").exclude == ("none", "uncertain", "no_face")
    nobody = corpus.items[corpus.items["emotion"].isin(["none", "uncertain", "no_face"])]
    assert len(nobody) == 9
    assert nobody["valence"].isna().all()
    assert not set(nobody.index) & set(ratings.mean("valence_arousal").index)
    happy = corpus.items[corpus.items["emotion"] == "happiness"]
    assert (happy["valence"] > 0).all()
    assert corpus.items["image_path"].eq("").sum() == 1
    assert corpus.items.loc["2/tr0001.jpg", ["face_x", "face_height"]].tolist() == [4, 41]


def test_a_path_that_comes_again_is_another_item(release):
    corpus = release("affectnet").read()
    again = [item for item in corpus.items.index if "#" in item]
    assert again == ["1/tr0009.jpg#training22"]
    assert corpus.items.loc[again[0], "image_path"] == corpus.items.loc["1/tr0009.jpg", "image_path"]


def test_the_arrays(release):
    corpus = release("affectnet", "arrays").read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 24, "valid": 16}
    assert list(corpus.items.index[:3]) == ["train/0", "train/1", "train/2"]
    assert corpus.items.loc["valid/1", "emotion"] == "happiness"
    assert corpus.items["valence"].between(-1, 1).all()
    assert corpus.items["image_path"].str.endswith(".jpg").all()


def test_lists_without_header_or_folder(release):
    there = release("affectnet")
    path = there.folder / TRAIN
    before = there.read().items
    path.write_text(path.read_text().split("\n", 1)[1])
    items = there.read().items
    assert list(items["emotion"]) == list(before["emotion"])
    for name in ("training.csv", "validation.csv"):
        (path.parent / name).rename(there.folder / name)
    assert len(there.read().items) == 49
    (there.folder / "validation.csv").unlink()
    there.refused("there is no file Manually_Annotated_file_lists/validation.csv")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1/a.jpg,1,1,1,1,,11,0,0", "line 3: expression '11' is not 0..10"),
        ("1/a.jpg,1,1,1,1,,-1,0,0", "line 3: expression '-1' is not 0..10"),
        ("1/a.jpg,1,1,1,1,,1,1.5,0", "line 3: valence '1.5' is not -1..1"),
        ("1/a.jpg,1,1,1,1,,1,0,nan", "line 3: arousal 'nan' is not -1..1"),
        ("1/a.jpg,1,1,1,1,,1,-2,0", "line 3: one of valence and arousal is -2"),
        ("1/a.jpg,1,1,1,x,,1,0,0", "line 3: face_height 'x' is not a whole number"),
        (",1,1,1,1,,1,0,0", "line 3: the path of the picture is empty"),
        ("1/a.jpg,1,1,1,1,,1,0", "line 3: 8 fields found, 9 expected"),
    ],
)
def test_bad_lines(release, line, message):
    there = release("affectnet")
    there.edit_line(TRAIN, 3, lambda _: line)
    there.refused(f"training.csv, {message}")


def test_an_empty_list(release):
    there = release("affectnet")
    (there.folder / TRAIN).write_text("")
    there.refused("training.csv: the file has no row")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array(["1", "2"]), r"one number is needed, not <U1 of shape \(2,\)"),
        (np.array(1 + 2j), "one number is needed, not complex128"),
        (np.array("9x"), "expression '9x' is not 0..10"),
        (np.array({"a": 1}, dtype=object), "this is no array file"),
        (np.zeros(10000), "the file is too large for one number"),
    ],
)
def test_bad_arrays(release, value, message):
    there = release("affectnet", "arrays")
    np.save(there.folder / "train_set/annotations/3_exp.npy", value, allow_pickle=True)
    there.refused(message)


def test_damaged_and_missing_arrays(release):
    there = release("affectnet", "arrays")
    home = there.folder / "train_set/annotations"
    content = (home / "3_val.npy").read_bytes()
    for length in (0, 5, 40, len(content) - 1):
        (home / "3_val.npy").write_bytes(content[:length])
        there.refused("3_val.npy: this is no array file")
    (home / "3_val.npy").unlink()
    there.refused("there is no file 3_val.npy")
    for path in home.iterdir():
        path.unlink()
    there.refused("there is no file N_exp.npy")
