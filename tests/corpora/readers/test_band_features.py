"""Band features of DEAP and MAHNOB-HCI."""

import numpy as np
import pytest

from thymos.corpora.readers._band_features import COLUMNS
from thymos.corpora.readers.deap_features import band_maps

PLACES = {"deap_features": "data/DEAP", "mahnob_features": "data/MAHNOB-HCI"}


@pytest.mark.parametrize("slug", PLACES)
def test_samples_labels_and_splits(release, slug):
    corpus = release(slug).read()
    assert list(corpus.items.index[:2]) == ["1/1", "1/2"]
    assert set(corpus.items["valence"]) == {"positive", "negative"}
    assert corpus.split("subjects").guarantee == "subject-independent, not video-independent"
    assert corpus.split("videos").guarantee == "video-independent, not subject-independent"
    maps = band_maps(corpus)
    assert maps.shape == (len(corpus.items), 5, 32)
    assert maps[3, 1, 4] == corpus.items["slow_alpha_5"].iloc[3]
    positive = (corpus.items["valence"] == "positive").to_numpy()
    alpha = maps[:, 2].mean(axis=1) - maps[:, 0].mean(axis=1)
    assert alpha[positive].min() > alpha[~positive].max()
    ratings = corpus.rated()
    assert ratings.plurality("valence2")["1/1"] == corpus.items["valence"].iloc[0]
    assert str(ratings.scheme("arousal2").construct) == "felt"


def test_emotion_categories(release):
    corpus = release("mahnob_features").read()
    assert corpus.items["emotion"].nunique() == 9
    assert corpus.items["emotion"][["1/1", "1/8", "1/9"]].tolist() == ["neutral", "amusement", "anxiety"]
    assert list(corpus.items["subject"].unique()) == ["1", "10", "3", "30"]
    assert "emotion" not in release("deap_features").read().items


def test_the_folder_itself_is_taken(release):
    there = release("deap_features")
    home = there.folder / "data/DEAP"
    before = there.read().items
    for path in list(home.iterdir()):
        path.rename(there.folder / path.name)
    home.rmdir()
    assert there.read().items.equals(before)
    assert np.isfinite(before[list(COLUMNS)].to_numpy()).all()


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("EEG_feature.txt", "1\t2\r", "line 2: 2 numbers found, 160 expected"),
        ("EEG_feature.txt", "\t".join(["1"] * 159 + ["x"]), "line 2: a feature is not a finite number"),
        ("EEG_feature.txt", "\t".join(["1"] * 159 + ["inf"]), "line 2: a feature is not a finite number"),
        ("subject_video.txt", "1\t1\r", "line 2: subject and video '1/1' stand twice"),
        ("subject_video.txt", "1\r", "line 2: 1 fields found, 2 expected"),
        ("subject_video.txt", "1\tx\r", "line 2: video 'x' is not a number"),
        ("valence_arousal_label.txt", "3\t1\r", "line 2: unknown valence code '3'; legal: 1, 2"),
        ("valence_arousal_label.txt", "1\t0\r", "line 2: unknown arousal code '0'"),
        ("valence_arousal_label.txt", "", "39 lines found, EEG_feature.txt has 40"),
    ],
)
def test_bad_lines(release, file, line, message):
    there = release("deap_features")
    there.edit_line(f"data/DEAP/{file}", 2, lambda _: line)
    there.refused(f"{file}.*{message}")


def test_bad_categories_and_missing_files(release):
    there = release("mahnob_features")
    name = "data/MAHNOB-HCI/EEG_emotion_category.txt"
    there.edit_line(name, 2, lambda _: "7\r")
    there.refused("line 2: unknown emotion code '7'; legal: 0, 1")
    (there.folder / name).unlink()
    there.refused("there is no file EEG_emotion_category.txt")
    (there.folder / "data/MAHNOB-HCI/EEG_feature.txt").write_text("\n")
    there.refused("EEG_feature.txt: the file is empty")
