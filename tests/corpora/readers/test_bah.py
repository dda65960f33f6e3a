"""BAH: the video-level lists, what the paths say, and features of frames."""

import numpy as np
import pytest

from thymos.corpora.readers.bah import FRAME_LABELS, INTENDED, frame_features
from thymos.corpora.registry import corpus_folder, get_reader
from thymos.corpora.simulated import MARK
from thymos.errors import BadInput, Unavailable

TRAIN = "dataset-splits/video-level/BAH_DB/split-0/train.txt"


def test_what_the_path_says(release):
    corpus = release("bah").read()
    assert corpus.items["part"].value_counts().to_dict() == {"train": 84, "test": 56, "val": 42}
    assert corpus.split().guarantee == "participant-independent"
    for item, row in corpus.items.iterrows():
        assert f"/{row['participant']}/Visite_{row['visit']}/" in item
        assert f"_Question_{row['question']}_{row['date']}_" in item
        assert row["intended"] == INTENDED[row["question"] - 1]
        assert row["words"] == len(row["text"].split())
    assert corpus.rated().scheme().labels == ("absent", "present")
    assert (corpus.items["features_path"] == "").all()


def test_a_transcript_keeps_its_commas_quotes_and_breaks(release):
    there = release("bah")
    text = 'well, "no", I said, and\x85then,'
    there.edit_line(TRAIN, 1, lambda line: ",".join(line.split(",")[:2]) + "," + text)
    corpus = there.read()
    assert corpus.items["text"].iloc[0] == text
    there.edit_line(TRAIN, 1, lambda line: ",".join(line.split(",")[:2]) + ",")
    assert there.read().items["words"].iloc[0] == 0


def test_lists_in_the_folder_itself_and_windows_line_ends(release):
    there = release("bah")
    before = there.read()
    for part in ("train", "val", "test"):
        path = there.folder / TRAIN.replace("train", part)
        path.rename(there.folder / f"{part}.txt")
    there.edit("train.txt", "\n", "\r\n", -1)
    after = there.read()
    assert after.items["text"].tolist() == before.items["text"].tolist()


def test_features_of_frames(release):
    there = release("bah", "features")
    corpus = there.read()
    for item in corpus.items.index:
        marks = frame_features(corpus, item, FRAME_LABELS)
        assert marks.shape == (len(frame_features(corpus, item, "video")), 1)
        assert marks.max() == (corpus.items["label"][item] == "present")
    assert frame_features(corpus, item, "bert").shape[1] == 5
    with pytest.raises(Unavailable, match="no features 'mfcc'"):
        frame_features(corpus, item, "mfcc")
    with pytest.raises(BadInput, match="there is no item 'x'"):
        frame_features(corpus, "x", "video")
    path = next((there.folder / "features").rglob("video.npy"))
    np.save(path, np.zeros((3, 6), dtype=np.float32))
    assert there.read().sha256 != corpus.sha256


def test_a_twin_says_so(release):
    there = release("bah")
    assert there.read().simulated
    (there.folder / MARK).unlink()
    assert not there.read().simulated


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",1,", ",2,", "label '2' is neither 0 nor 1"),
        (",0,", ",,", "label '' is neither 0 nor 1"),
        ("_Question_1_", "_Question_8_", "is not of the form <participant>/Visite_"),
        ("/Visite_1/8", "/Visite_1/9", "is not of the form"),
        ("Videos/", "x, y/", "is not of the form"),
    ],
)
def test_wrong_lines_are_named(release, old, new, message):
    there = release("bah")
    there.edit(TRAIN, old, new)
    assert "train.txt, line " in there.refused(message).where


def test_other_faults(release):
    there = release("bah")
    there.edit_line(TRAIN, 2, lambda line: line.split(",")[0])
    assert there.refused("1 fields found, 3 expected").where.endswith("line 2")
    there = release("bah")
    there.repeat_line(TRAIN, 3)
    there.refused("stands twice")
    (there.folder / TRAIN).write_text("\n\n")
    there.refused("the file is empty")
    (there.folder / TRAIN).unlink()
    there.refused("there is no file dataset-splits/video-level/BAH_DB/split-0/train.txt")


@pytest.mark.data
def test_published_counts_of_the_real_lists(data_root):
    try:
        folder = corpus_folder("bah", data_root)
    except Unavailable as reason:
        pytest.skip(str(reason))
    reader = get_reader("bah")
    corpus = reader.read(folder)
    if corpus.simulated:
        pytest.skip("this is a format twin")
    assert [check.verdict for check in reader.check(corpus)] == ["agrees"] * 9
