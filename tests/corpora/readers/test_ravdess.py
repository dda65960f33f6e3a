"""RAVDESS: everything stands in the file names; recordings are listed, never opened."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

FIRST = "Actor_01/03-01-01-01-01-01-01.wav"


def test_names_say_everything(release):
    corpus = release("ravdess").read()
    assert len(corpus.items) == 12 * 8 * 2
    item = corpus.items.loc["03-01-05-02-02-01-04"]
    assert item.drop("path").to_dict() == {
        "actor": "04", "sex": "female", "emotion": "angry", "intensity": "strong", "statement": "dogs", "repetition": 1,
    }  # fmt: skip
    assert Path(item["path"]).is_absolute()
    assert Path(item["path"]).is_file()
    annotations = corpus.rated()
    assert annotations.scheme().name == "ravdess8"
    assert annotations.scheme().construct == "intended"
    assert annotations.raters == ["intended"]
    assert (annotations.majority() == corpus.items["emotion"]).all()


@pytest.mark.parametrize("layout", ["official", "flac"])
def test_folds_keep_actors_apart_and_hold_both_sexes(release, layout):
    corpus = release("ravdess", layout).read()
    split = corpus.split("six_folds")
    assert split.guarantee == "actor-independent"
    assert list(split.parts) == [f"fold{number}" for number in range(6)]
    for number, part in enumerate(split.parts):
        actors = corpus.part(part, "six_folds").groupby("sex")["actor"].unique()
        # 12 of the 24 actors: the k-th man is actor 2k+1, the k-th woman 2k+2.
        assert {sex: list(own) for sex, own in actors.items()} == {
            "male": [f"{2 * number + 1:02d}"],
            "female": [f"{2 * number + 2:02d}"],
        }


def test_all_24_actors_make_four_a_fold(release):
    there = release("ravdess")
    for actor in range(13, 25):
        path = there.folder / f"Actor_{actor}/03-01-01-01-01-01-{actor}.wav"
        path.parent.mkdir()
        shutil.copy(there.folder / FIRST, path)
    corpus = there.read()
    assert set(corpus.part("fold0", "six_folds")["actor"]) == {"01", "02", "13", "14"}
    for part in corpus.split("six_folds").parts:
        own = corpus.part(part, "six_folds").drop_duplicates("actor")
        assert own["sex"].value_counts().to_dict() == {"male": 2, "female": 2}


def test_a_copy_with_few_actors_has_fewer_folds(release):
    there = release("ravdess")
    for folder in there.folder.glob("Actor_*"):
        if folder.name not in ("Actor_01", "Actor_04"):
            shutil.rmtree(folder)
    assert list(there.read().split("six_folds").parts) == ["fold0", "fold1"]


def test_recordings_are_not_opened_and_songs_are_left_out(release):
    there = release("ravdess")
    before = there.read()
    (there.folder / FIRST).write_bytes(b"")
    shutil.copy(there.folder / FIRST, there.folder / "Actor_01/03-02-01-01-01-01-01.wav")
    (there.folder / "Actor_01/._03-01-01-01-01-01-01.wav").write_bytes(b"a file of another system")
    (there.folder / "notes.txt").write_text("not a recording")
    after = there.read()
    assert list(after.items.index) == list(before.items.index)
    assert after.sha256 != before.sha256


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03-01-09-01-01-01-01.wav", "file name '03-01-09-01-01-01-01' is not of the form 03-01-EE-II-SS-RR-AA"),
        ("03-01-02-01-01-01-25.wav", "is not of the form"),
        ("03-01-02-01-01-01.flac", "is not of the form"),
        ("02-01-02-01-01-01-01.wav", "is not of the form"),
        ("hello.wav", "file name 'hello' is not of the form"),
        ("03-01-01-02-01-01-01.wav", "'03-01-01-02-01-01-01' is neutral and strong"),
        ("03-01-01-01-01-01-01.flac", "recording '03-01-01-01-01-01-01' stands twice"),
        ("Actor_01/03-01-02-01-01-01-01.wav", "recording '03-01-02-01-01-01-01' stands twice"),
        ("03-01-02-01-01-02-02.wav", "a recording of actor 02 stands in Actor_01"),
    ],
)
def test_wrong_names(release, name, message):
    there = release("ravdess")
    path = there.folder / "Actor_01" / name
    path.parent.mkdir(exist_ok=True)
    shutil.copy(there.folder / FIRST, path)
    there.refused(message)


def test_nothing_to_read(release, tmp_path):
    there = release("ravdess")
    for path in there.folder.rglob("*.wav"):
        if path.name != "03-01-01-01-01-01-01.wav":
            path.unlink()
    (there.folder / FIRST).rename(there.folder / "03-02-01-01-01-01-01.wav")
    there.refused("there are songs and no speech")
    (there.folder / "03-02-01-01-01-01-01.wav").unlink()
    there.refused("there is no recording")


@pytest.mark.parametrize(("layout", "suffix"), [("official", ".wav"), ("flac", ".flac")])
def test_the_twin_is_sound(release, layout, suffix):
    corpus = release("ravdess", layout).read()
    paths = corpus.items["path"]
    assert {Path(path).suffix for path in paths} == {suffix}
    loud, soft = (
        soundfile.read(paths[corpus.items.index[(corpus.items["emotion"] == emotion).to_numpy()][0]])
        for emotion in ("angry", "sad")
    )
    assert loud[1] == soft[1] == 16000
    assert len(loud[0]) == len(soft[0]) == 4800
    assert np.std(loud[0]) > 3 * np.std(soft[0])
