"""CALMED: windows from many tables, two annotation tracks, released splits, features on request."""

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.corpora.readers.calmed import features
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput, Unavailable

AU = "dataset/parents/video/individuals/sequential/AU/session_01_01/train_session_01_01.pkl"
PITCH = "dataset/parents/audio/individuals/sequential/functionals/frequency/pitch/session_01_01/train_session_01_01.pkl"


def edit(there, name, change):
    path = there.folder / name
    change(pd.read_pickle(path)).to_pickle(path)


def test_windows_carry_both_tracks(release):
    corpus = release("calmed").read()
    assert len(corpus.items) == 4 * 60
    assert corpus.items.index[1] == "session_01_01/1/0.2"
    item = corpus.items.loc["session_02_02/2/6"]
    assert (item["session"], item["participant"], item["video_part"], item["time"]) == ("session_02_02", "02", "2", 6.0)
    assert set(corpus.items["zone_parents"]) == {"blue", "green", "red", "yellow"}
    annotations = corpus.rated()
    assert annotations.scheme().name == "zones4"
    assert annotations.raters == ["parents", "specialist"]
    assert len(annotations) == 480
    wide = annotations.ratings()
    for track in ("parents", "specialist"):
        assert (wide[track] == corpus.items[f"zone_{track}"]).all()
    assert 0.7 < (corpus.items["zone_parents"] == corpus.items["zone_specialist"]).mean() < 1


def test_splits_are_those_of_the_folders_and_children_apart(release):
    corpus = release("calmed").read()
    assert list(corpus.splits) == ["individuals_non_sequential", "individuals_sequential", "participants"]
    for name in ("individuals_non_sequential", "individuals_sequential"):
        split = corpus.split(name)
        assert {part: len(ids) for part, ids in split.parts.items()} == {"train": 144, "dev": 48, "test": 48}
        assert split.guarantee == f"{name}: not participant-independent, not session-independent"
    assert corpus.split("participants").guarantee == "participant-independent, session-independent"
    own = corpus.items[corpus.items["session"] == "session_01_01"].index
    place = {item: part for part, ids in corpus.split("individuals_sequential").parts.items() for item in ids}
    assert [place[item] for item in own] == ["train"] * 36 + ["dev"] * 12 + ["test"] * 12


def test_the_files_are_listed_with_what_their_paths_say(release):
    files = release("calmed").read().tables["files"]
    assert len(files) == 4 * 3 * 3 * 3
    pitch = files[files["feature"] == "pitch"].iloc[0]
    assert (pitch["modality"], pitch["level"], pitch["group"]) == ("audio", "functionals", "frequency")
    assert set(files["windows"]) == {11, 12, 36, 35}


# -- features -----------------------------------------------------------------------------------------------------


def test_features_are_joined_by_window(release):
    there = release("calmed")
    corpus = there.read()
    video = features(corpus, "video")
    assert list(video.columns) == [
        "AU/AU01_r", "AU/AU06_r", "AU/AU12_r", "gaze/gaze_angle_x", "gaze/gaze_angle_y"
    ]  # fmt: skip
    assert len(video) == 4 * 59  # the last window of a session has no face
    assert list(video.index) == [item for item in corpus.items.index if item in set(video.index)]
    assert video["AU/AU01_r"].isna().sum() == 4
    row = pd.read_pickle(there.folder / AU).iloc[5]
    item = f"session_01_01/{row['video_part']}/{row['frametime']:g}"
    assert video["AU/AU06_r"][item] == row["AU06_r"]
    assert len(features(corpus, "audio")) == 240
    assert list(features(corpus, "video", ["gaze"]).columns) == ["gaze/gaze_angle_x", "gaze/gaze_angle_y"]


def test_features_that_are_not_there(release):
    corpus = release("calmed").read()
    with pytest.raises(BadInput, match="there is no modality 'eeg'; known: video, audio"):
        features(corpus, "eeg")
    with pytest.raises(Unavailable, match="no video feature 'pose'; present: AU, gaze"):
        features(corpus, "video", ["AU", "pose"])
    with pytest.raises(Unavailable, match="no audio feature 'audio'; present: -"):
        features(corpus, "audio", level="llds")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_csv_and_parquet_give_the_same_corpus(release, suffix):
    there = release("calmed")
    before = there.read()
    video = features(before, "video")
    for path in list(there.folder.rglob("*.pkl")):
        table = pd.read_pickle(path)
        if suffix == ".csv":
            table.to_csv(path.with_suffix(".csv"), index=False)
        else:
            table.to_parquet(path.with_suffix(".parquet"))
        path.unlink()
    after = there.read()
    pd.testing.assert_frame_equal(after.items, before.items)
    assert after.rated().equals(before.rated())
    assert {name: split.hash for name, split in after.splits.items()} == {
        name: split.hash for name, split in before.splits.items()
    }
    pd.testing.assert_frame_equal(features(after, "video"), video)


def test_the_folder_below_dataset_is_taken_too(release):
    there = release("calmed")
    assert len(get_reader("calmed").read(there.folder / "dataset").items) == 240


# -- tables that disagree, bad input, hostile files ---------------------------------------------------------------


def test_windows_on_which_tables_disagree_are_listed_and_left_out(release):
    there = release("calmed")
    other = {"blue": "red", "red": "green", "green": "yellow", "yellow": "blue"}
    zones = pd.read_pickle(there.folder / AU)["emotion_zone"]
    edit(there, AU, lambda table: table.assign(emotion_zone=[other[zones[0]], *zones[1:]]))
    first = there.folder / AU.replace("AU", "gaze")
    last = first.with_name("test_session_01_01.pkl")
    moved = pd.read_pickle(first).iloc[[1]]
    pd.concat([pd.read_pickle(last), moved]).to_pickle(last)
    corpus = there.read()
    conflicts = corpus.tables["conflicts"].set_index("item")
    assert dict(conflicts["what"]) == {
        "session_01_01/1/0": "zone of parents", "session_01_01/1/0.2": "part of individuals_sequential",
    }  # fmt: skip
    assert conflicts["values"]["session_01_01/1/0.2"] == "test, train"
    assert corpus.items["zone_parents"]["session_01_01/1/0"] == ""
    assert len(corpus.rated()) == 479
    members = [item for ids in corpus.split("individuals_sequential").parts.values() for item in ids]
    assert len(members) == 239
    assert "session_01_01/1/0.2" not in members


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(emotion_zone="purple"), "row 1: unknown zone 'purple'; legal: blue, green"),
        (lambda table: table.assign(emotion_zone=None), "row 1: unknown zone 'None'"),
        (lambda table: table.drop(columns="frametime"), "column 'frametime' is missing"),
        (lambda table: table.assign(time_of_video_seconds="soon"), "row 1: time_of_video_seconds is not a number"),
        (lambda table: table.iloc[[0, 1, 0]], "row 3: window 'session_01_01/1/0' stands twice"),
        (lambda table: table.iloc[:0], "the table has no row"),
        (lambda table: table.set_axis(range(table.shape[1]), axis=1), "the columns have no names"),
    ],
)
def test_bad_tables(release, change, message):
    there = release("calmed")
    edit(there, AU, change)
    error = there.refused(message)
    assert error.where.startswith(str(there.folder / AU))


def test_features_that_are_no_numbers(release):
    there = release("calmed")
    name = PITCH.replace("/sequential/", "/non_sequential/")  # the first that holds the feature
    edit(there, name, lambda table: table.assign(**{table.columns[-1]: "loud"}))
    with pytest.raises(BadInput, match="feature 'jitterLocal_sma3nz_amean' is not a number everywhere"):
        features(there.read(), "audio")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dataset/parents/video/individuals/sequential/AU/session_1/train.pkl", "folder 'session_1' is not session_"),
        ("dataset/parents/video/individuals/sequential/AU/session_09_01/all.pkl", "'all' holds none or several of"),
        ("dataset/parents/video/individuals/sequential/AU/session_09_01/train_test.pkl", "holds none or several of"),
        ("dataset/parents/video/individuals/session_09_01/train.pkl", "does not stand in the folders of the release"),
        ("dataset/parents/smell/individuals/sequential/AU/session_09_01/train.pkl", "does not stand in the folders"),
        ("dataset/parents/video/everybody/sequential/AU/session_09_01/train.pkl", "does not stand in the folders"),
        ("dataset/parents/video/individuals/shuffled/AU/session_09_01/train.pkl", "does not stand in the folders"),
        ("dataset/parents/train.pkl", "does not stand in the folders"),
    ],
)
def test_tables_in_the_wrong_place(release, name, message):
    there = release("calmed")
    path = there.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((there.folder / AU).read_bytes())
    there.refused(message)


class Asks:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\x80\x04", "this is not a whole pickle"),
        (pickle.dumps([1]), "this pickle holds no table but list"),
        (pickle.dumps(pd.Series([1])), "this pickle holds no table but Series"),
    ],
)
def test_damaged_pickles(release, content, message):
    there = release("calmed")
    (there.folder / AU).write_bytes(content)
    assert there.refused(message).where == str(there.folder / AU)


def test_hostile_pickles_run_nothing(release, tmp_path):
    there = release("calmed")
    marker = tmp_path / "marker"
    for call in (Asks(os.system, f"touch {marker}"), Asks(eval, f"open({str(marker)!r}, 'w')")):
        table = pd.read_pickle(there.folder / PITCH)
        (there.folder / PITCH).write_bytes(pickle.dumps({"table": table, "call": call}, protocol=4))
        there.refused("which tables do not need")
        (there.folder / PITCH).write_bytes(pickle.dumps(table))
    assert not marker.exists()


def test_nothing_to_read(release):
    there = release("calmed")
    for path in there.folder.rglob("*.pkl"):
        path.rename(path.with_suffix(".arff"))
    there.refused("there is no table of features below parents/ or specialist/")


def test_the_twin_can_be_learned_and_leaks_between_neighbors(release):
    corpus = release("calmed").read()
    table = features(corpus, "video").fillna(0)
    zone = corpus.items.loc[table.index, "zone_parents"]

    def nearest(train, test):
        """Accuracy of the nearest training window."""
        known, asked = (table.loc[[item for item in ids if item in table.index]] for ids in (train, test))
        distance = ((asked.to_numpy()[:, None] - known.to_numpy()[None]) ** 2).sum(axis=2)
        return np.mean(zone[known.index].to_numpy()[distance.argmin(axis=1)] == zone[asked.index].to_numpy())

    scores = {}
    for name in ("individuals_sequential", "individuals_non_sequential"):
        split = corpus.split(name)
        scores[name] = nearest(split["train"], split["test"])
    assert scores["individuals_non_sequential"] > scores["individuals_sequential"]
    assert Path(corpus.tables["files"]["path"][0]).is_file()
