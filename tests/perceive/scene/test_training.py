"""Training on invented pictures: folds, floors, card; and the shipped regressor."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import get_reader
from thymos.errors import BadInput, Unavailable
from thymos.perceive.saving import load_recognizer
from thymos.perceive.scene import training
from thymos.perceive.scene.features import picture_features
from thymos.perceive.scene.regressor import SceneRegressor
from thymos.perceive.shipped import shipped_recognizer
from thymos.testing.layouts import write_official_layout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_official_layout("oasis", root / "oasis")
    return root


@pytest.fixture(scope="module")
def corpus(folder: Path) -> Corpus:
    return get_reader("oasis").read(folder / "oasis")


@pytest.fixture(scope="module")
def systems(corpus: Corpus) -> tuple[pd.DataFrame, pd.DataFrame]:
    return training.held_out_systems(corpus)


def test_pictures_that_are_missing_are_left_out(corpus: Corpus) -> None:
    items = training.scene_items(corpus)
    assert len(items) == len(corpus.items) - 2
    told: list[tuple[int, int]] = []
    pictures = list(training.scene_pictures(items.head(3), lambda done, total: told.append((done, total))))
    assert [item for item, _ in pictures] == list(items.index[:3])
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_folds_keep_theme_words_whole(corpus: Corpus) -> None:
    items = training.scene_items(corpus)
    folds = training.theme_folds(corpus, items)
    pairs = {(word, int(fold)) for word, fold in zip(items["theme_word"], folds, strict=True)}
    assert len(pairs) == items["theme_word"].nunique()
    assert len(set(folds)) == 10


def test_means_come_from_the_other_folds() -> None:
    norms = pd.DataFrame({"valence": [1.0, 2, 3, 6], "arousal": [4.0, 4, 2, 2]})
    folds, kinds = np.array([0, 0, 1, 1]), np.array(["a", "b", "a", "c"], dtype=object)
    plain = training.held_out_mean(norms, folds)
    assert plain["valence"].tolist() == [4.5, 4.5, 1.5, 1.5]
    by_kind = training.held_out_mean(norms, folds, kinds)
    assert by_kind["valence"].tolist() == [3.0, 4.5, 1.0, 1.5]  # b and c stand in one fold only
    assert norms["valence"].tolist() == [1.0, 2, 3, 6]


def test_held_out_predictions(systems: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    features, table = systems
    assert len(features) == len(table) == 46
    for system in (training.REGRESSOR, *training.FLOORS):
        assert {f"{system}/valence", f"{system}/arousal"} <= set(table.columns)
    assert table.notna().all().all()
    # The twin's pictures are brighter where valence is higher: the look tells.
    look = training.scene_score(table, training.LOOK_ONLY, "valence", "pearson", resamples=200)
    assert look.value > 0.6
    assert look.clusters == 12
    floor = training.scene_score(table, training.MEAN, "valence", "pearson", resamples=200)
    assert floor.value < look.low
    assert 0.7 < training.coverage(table, "valence") <= 1


def test_trained_and_saved(folder: Path, tmp_path: Path) -> None:
    scores = training.train_scene_regressor(folder, tmp_path / "out")
    assert scores["pearson, valence"] > 0.4
    assert {"ccc, arousal", f"rmse, valence, floor: {training.MEAN}"} <= set(scores)
    model = load_recognizer(tmp_path / "out")
    assert isinstance(model, SceneRegressor)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "theme words apart" in card
    assert "46 photographs of 12 theme words" in card


def test_a_copy_without_pictures(tmp_path: Path) -> None:
    root = write_official_layout("oasis", tmp_path / "oasis")
    for path in (root / "images").iterdir():
        path.unlink()
    with pytest.raises(Unavailable, match="no pictures"):
        training.train_scene_regressor(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    root = write_official_layout("oasis", tmp_path / "oasis")
    (root / "images" / "Boat 1.jpg").write_bytes(b"no picture")
    with pytest.raises(BadInput, match="Boat 1"):
        training.train_scene_regressor(tmp_path, tmp_path / "out")


def test_the_shipped_regressor_judges_a_picture() -> None:
    model = shipped_recognizer("scene")
    assert isinstance(model, SceneRegressor)
    assert list(model.targets_) == ["valence", "arousal"]
    picture = np.zeros((120, 160, 3), dtype=np.uint8)
    picture[:60] = (90, 160, 250)
    picture[60:] = (60, 180, 60)
    found = model.predict(pd.DataFrame([picture_features(picture)]))
    assert found.to_numpy().min() >= 1
    assert found.to_numpy().max() <= 7
    band = model.predict_interval(pd.DataFrame([picture_features(picture)]))
    assert 2 < (band["valence_high"] - band["valence_low"]).iloc[0] < 6
