"""Pictures and clips without labels: listed by kind, never opened."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from thymos.corpora.card import check_intended_use
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput


def test_pictures_and_clips_are_listed_by_kind(release):
    corpus = release("face_clips").read()
    assert corpus.items["media"].value_counts().to_dict() == {"picture": 7, "clip": 5}
    assert corpus.items.loc[["single_face.jpg", "single_face.mp4"], "media"].to_list() == ["picture", "clip"]
    assert corpus.items["shows"].to_dict() == {
        "0-f1-aa-ph.jpg": "one face", "15-f2-bb-ph.jpg": "one face", "30-m3-cc-ph.jpg": "one face",
        "45-m4-dd-ph.jpg": "one face", "Somebody_Walking.mp4": "", "face_noface.mov": "a face that leaves",
        "free-mountain-vector-01.jpg": "no face", "multi_face.jpg": "several faces", "no_face.mp4": "no face",
        "noface_face.mov": "a face that appears", "single_face.jpg": "one face", "single_face.mp4": "one face",
    }  # fmt: skip
    assert all(Path(path).is_absolute() for path in corpus.items["path"])
    assert corpus.annotations is None
    assert all(check.agrees for check in get_reader("face_clips").check(corpus))
    with pytest.raises(BadInput, match="is a test set"):
        check_intended_use("train a detector", [corpus.card])


def test_tables_of_trackers_are_named_and_not_read(release):
    there = release("face_clips")
    (there.folder / "OpenFace_Test.csv").write_bytes(b"\xff\xfe not a table")
    table = there.read().tables["trackers"].set_index("tracker")
    assert table["file"].to_dict() == {"OpenFace": "OpenFace_Test.csv", "Py-Feat": "Feat_Test.csv"}
    for name in ("OpenFace_Test.csv", "Feat_Test.csv"):
        (there.folder / name).unlink()
    corpus = there.read()
    assert corpus.tables == {}
    assert {check.what: check.verdict for check in get_reader("face_clips").check(corpus)}[
        "tables of trackers"
    ] == "not in this copy"


def test_content_counts_for_the_hash_and_is_not_opened(release):
    there = release("face_clips")
    before = there.read()
    (there.folder / "single_face.mp4").write_bytes(b"no video")
    (there.folder / "._hidden.jpg").write_bytes(b"a file of another system")
    (there.folder / "README.md").write_text("not a picture")
    after = there.read()
    assert list(after.items.index) == list(before.items.index)
    assert after.sha256 != before.sha256


def test_a_folder_without_media(release):
    there = release("face_clips")
    for path in there.folder.iterdir():
        if path.suffix != ".csv":
            path.unlink()
    there.refused("there is no picture or clip")


def test_the_twin_is_made_of_real_pictures_and_clips(release):
    corpus = release("face_clips").read()
    for item, row in corpus.items.iterrows():
        if row["media"] == "picture":
            with Image.open(row["path"]) as picture:
                assert picture.size == (160, 120)
            continue
        with av.open(row["path"]) as clip:
            frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
            assert float(clip.streams.video[0].average_rate) == 25
        assert len(frames) == 12
        skin = [np.mean(frame[:, :, 0] > 200) > 0.05 for frame in frames]
        expected = {"no_face.mp4": [False] * 12, "face_noface.mov": [True] * 6 + [False] * 6,
                    "noface_face.mov": [False] * 6 + [True] * 6}  # fmt: skip
        assert skin == expected.get(item, [True] * 12)
