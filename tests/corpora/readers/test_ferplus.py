"""FER+: four layouts, pictures read lazily, exact duplicates."""

import numpy as np
import pytest
from PIL import Image

from thymos.corpora.readers.ferplus import exact_duplicates, load_image
from thymos.errors import BadInput, Unavailable

LAYOUTS = ("official", "pixels", "strips")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_votes_splits_and_names(release, layout):
    corpus = release("ferplus", layout).read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 24, "valid": 6, "test": 6}
    assert corpus.rated().scheme().exclude == ("unknown", "not_a_face")
    assert "unknown" not in corpus.rated().votes()
    nobody = corpus.items[corpus.items["image"] == ""]
    assert list(nobody.index) == ["row5"]
    assert corpus.rated().votes(exclude=False).loc["row5", "not_a_face"] == 10
    twice = corpus.items[corpus.items["image"] == "fer0000004.png"]
    assert list(twice.index) == ["fer0000004.png", "row7"]


def test_all_layouts_give_the_same_pictures(release):
    loaded = {}
    for layout in ("strips", "pixels", "official"):
        there = release("ferplus", layout)
        if layout != "strips":
            for part in ("train", "valid", "test"):
                (there.folder / f"{part}.csv").unlink(missing_ok=True)
        if layout == "official":
            (there.folder / "fer2013.csv").unlink()
        corpus = there.read()
        loaded[layout] = {item: load_image(corpus, item) for item in corpus.items.index if item.startswith("fer")}
    for item, pixels in loaded["official"].items():
        assert pixels.shape == (48, 48)
        assert pixels.dtype == np.uint8
        assert (pixels == loaded["pixels"][item]).all()
        assert (pixels == loaded["strips"][item]).all()


def test_the_folders_alone(release):
    corpus = release("ferplus", "folders").read()
    assert {part: len(ids) for part, ids in corpus.split().parts.items()} == {"train": 22, "valid": 6, "test": 6}
    assert load_image(corpus, corpus.items.index[0]).shape == (48, 48)


def test_duplicates_are_found_across_parts(release):
    doubled = exact_duplicates(release("ferplus", "strips").read())
    assert len(doubled) == 2
    assert doubled["group"].nunique() == 1
    assert set(doubled["part"]) == {"train", "test"}
    assert doubled["crosses"].all()


def test_pictures_that_are_not_there_or_not_pictures(release):
    there = release("ferplus")
    corpus = there.read()
    with pytest.raises(Unavailable, match="item 'row5' has no picture"):
        load_image(corpus, "row5")
    with pytest.raises(BadInput, match="there is no item 'fer9'"):
        load_image(corpus, "fer9")
    picture = there.folder / "FER2013Train/fer0000000.png"
    Image.fromarray(np.zeros((8, 9), dtype=np.uint8)).save(picture)
    with pytest.raises(BadInput, match=r"fer0000000.png: the picture is 9 x 8, not 48 x 48"):
        load_image(corpus, "fer0000000.png")
    picture.write_bytes(b"GIF no")
    with pytest.raises(BadInput, match=r"fer0000000.png: this is not a picture"):
        load_image(corpus, "fer0000000.png")
    picture.unlink()
    with pytest.raises(BadInput, match=r"fer0000000.png: there is no such file"):
        load_image(corpus, "fer0000000.png")


@pytest.mark.parametrize(
    ("pixels", "message"),
    [("1 2 3", "3 pixels found, 2304 expected"), (" ".join(["300"] * 2304), r"pixels are not numbers 0\.\.255")],
)
def test_bad_pixels_name_the_line(release, pixels, message):
    there = release("ferplus", "pixels")
    there.edit_line("fer2013.csv", 2, lambda _: f"0,{pixels},Training")
    with pytest.raises(BadInput, match=f"fer2013.csv, line 2: {message}"):
        load_image(there.read(), "fer0000001.png")


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("fer2013new.csv", "Holdout,fer0000000.png,1,0,0,0,0,0,0,0,0,0", "line 2: unknown usage 'Holdout'"),
        ("fer2013new.csv", "Training,fer0000000.png,x,0,0,0,0,0,0,0,0,0", "line 2: neutral 'x' is not a number"),
        ("fer2013new.csv", "Training,fer0000000.png,-1,0,0,0,0,0,0,0,0,0", "line 2: neutral '-1' is outside"),
        ("fer2013new.csv", "Training;fer0000000.png", "line 2: 1 fields found, 12 expected"),
        ("train.csv", "fer0000000.png,train_000.png,0,9,9,9,9,9,9,9,9,9,9", "line 2: image .* has other votes than in"),
        ("train.csv", "fer0000001.png,train_000.png,0,9,9,9,9,9,9,9,9,9,9", "line 3: image .* stands twice"),
        (
            "train.csv",
            "fer0099999.png,train_000.png,0,9,9,9,9,9,9,9,9,9,9",
            "line 2: image .* is not in fer2013new.csv",
        ),
        ("train.csv", "fer0000000.png,train_000.png,-1,9,9,9,9,9,9,9,9,9,9", "line 2: row '-1' is outside"),
    ],
)
def test_bad_lines(release, file, line, message):
    there = release("ferplus", "strips")
    there.edit_line(file, 2, lambda _: line)
    there.refused(f"{file}, {message}")


def test_bad_label_files(release):
    there = release("ferplus", "folders")
    name = "FER2013Train/label.csv"
    there.edit_line(name, 1, lambda line: line.rsplit(",", 6)[0])
    there.refused("label.csv, line 1: 9 fields found, a name and 10 votes expected")
    there.edit_line(name, 1, lambda _: "fer1.png,a,0,0,0,0,0,0,0,0,0")
    there.refused("label.csv, line 1: neutral 'a' is not a number")
    (there.folder / name).write_text("\n")
    there.refused("label.csv: the file is empty")
    (there.folder / name).unlink()
    there.refused("FER2013Train/label.csv: there is no such file")
    for part in ("Valid", "Test"):
        (there.folder / f"FER2013{part}/label.csv").unlink()
    there.refused(r"there is no file fer2013new.csv \(nor FER2013Train/label.csv")


def test_a_strip_that_is_too_short(release):
    there = release("ferplus", "strips")
    strip = there.folder / "strips/train_000.png"
    Image.fromarray(np.zeros((48, 48), dtype=np.uint8)).save(strip)
    with pytest.raises(BadInput, match="there is no row 1, only 1"):
        load_image(there.read(), "fer0000001.png")
