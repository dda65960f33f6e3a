"""Bases of recognizers over features, pictures and numbers: what they check, what they keep, how they are saved."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.perceive import saving
from thymos.perceive.media_recognizers import PictureRecognizer, TableRecognizer, TableRegressor, group_codes_of
from thymos.perceive.saving import load_recognizer


class NearestMean(TableRecognizer):
    """A recognizer of a few lines: the class with the nearest mean."""

    def __init__(self, *, sharpness: float = 1.0) -> None:
        self.sharpness = sharpness

    def _fit_grouped(self, inputs, codes, groups):
        self.seen_groups = groups
        self.means_ = np.stack([inputs[codes == code].mean(axis=0) for code in range(len(self.classes_))])

    def _predict_proba(self, inputs):
        distance = ((inputs[:, None] - self.means_) ** 2).sum(axis=2)
        weights = np.exp(-self.sharpness * (distance - distance.min(axis=1, keepdims=True)))
        return weights / weights.sum(axis=1, keepdims=True)

    def _state(self):
        return {}, {"means": self.means_}

    def _restore(self, values, arrays):
        self.means_ = arrays["means"]


class Mean(TableRegressor):
    """A regressor of a few lines: the mean of the targets."""

    def _fit_grouped(self, inputs, targets, groups):
        self.mean_ = targets.mean(axis=0)

    def _predict(self, inputs):
        return np.tile(self.mean_, (len(inputs), 1))

    def _state(self):
        return {}, {"mean": self.mean_}

    def _restore(self, values, arrays):
        self.mean_ = arrays["mean"]


class Brightness(PictureRecognizer):
    """Bright or dark."""

    def _fit(self, inputs, codes):
        self.seen = len(inputs)

    def _predict_proba(self, inputs):
        bright = np.array([picture.mean() / 255 for picture in inputs])
        return np.column_stack([bright, 1 - bright])


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    index = pd.Index([f"clip{k}" for k in range(12)], name="item")
    labels = pd.Series(["calm", "angry"] * 6, index=index)
    items = pd.DataFrame({"pitch": rng.normal(size=12), "energy": (labels == "angry") * 3.0}, index=index)
    return items, labels


@pytest.fixture
def known(monkeypatch):
    """The kinds of this file, as if they were thymos' own."""
    own = {kind.__name__: __name__ for kind in (NearestMean, Mean)}
    monkeypatch.setattr(saving, "RECOGNIZERS", {**saving.RECOGNIZERS, **own})
    monkeypatch.setitem(__import__("sys").modules, __name__, __import__("types").SimpleNamespace(**globals()))


def test_columns_may_come_in_any_order_and_with_others(table):
    items, labels = table
    fitted = NearestMean().fit(items, labels)
    shuffled = items[["energy", "pitch"]].assign(more=1.0)
    pd.testing.assert_frame_equal(fitted.predict_proba(shuffled), fitted.predict_proba(items))
    assert list(fitted.predict(items)) == list(labels)
    assert list(fitted.predict_proba(items).columns) == ["angry", "calm"]


def test_groups_reach_the_model_as_numbers(table):
    items, labels = table
    fitted = NearestMean().fit(items, labels, groups=["b"] * 6 + ["a"] * 6)
    assert list(fitted.seen_groups) == [0] * 6 + [1] * 6
    assert group_codes_of(None, items.index) is None
    for groups, message in (
        (["a"], "1 groups for 12 items"),
        (pd.Series(["a"] * 12), "indexed by other items"),
        ([None] + ["a"] * 11, "groups, 'clip0': the group is missing"),
    ):
        with pytest.raises(BadInput, match=message):
            NearestMean().fit(items, labels, groups=groups)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_named_not_filled(table, value):
    items, labels = table
    fitted = NearestMean().fit(items, labels)
    items.loc["clip3", "pitch"] = value
    with pytest.raises(BadInput, match=r"items, 'clip3': feature 'pitch' is (nan|-?inf); leave"):
        fitted.predict_proba(items)


def test_tables_that_cannot_be_used(table):
    items, labels = table
    fitted = NearestMean().fit(items, labels)
    with pytest.raises(BadInput, match="feature 'energy' is missing"):
        fitted.predict_proba(items[["pitch"]])
    with pytest.raises(BadInput, match="a feature is not a number"):
        fitted.predict_proba(items.assign(pitch="high"))
    with pytest.raises(BadInput, match="there is no item"):
        fitted.predict_proba(items.iloc[:0])
    with pytest.raises(BadInput, match="a DataFrame of features is needed"):
        fitted.predict_proba(items.to_numpy())
    with pytest.raises(BadInput, match="call fit first"):
        NearestMean().predict_proba(items)
    with pytest.raises(BadInput, match="every label is 'calm'"):
        NearestMean().fit(items, ["calm"] * 12)


def test_fitting_again_takes_the_new_columns(table):
    items, labels = table
    fitted = NearestMean().fit(items, labels)
    fitted.fit(items.rename(columns={"pitch": "tone"}), labels)
    assert list(fitted.feature_names_in_) == ["tone", "energy"]


@pytest.mark.usefixtures("known")
def test_saving_keeps_columns_classes_and_numbers(table, tmp_path):
    items, labels = table
    fitted = NearestMean(sharpness=2.0).fit(items, labels)
    back = load_recognizer(fitted.save(tmp_path / "saved", notes="invented"))
    assert isinstance(clone(back), NearestMean)
    assert back.sharpness == 2.0
    pd.testing.assert_frame_equal(back.predict_proba(items[["energy", "pitch"]]), fitted.predict_proba(items))
    card = (tmp_path / "saved/README.md").read_text()
    assert "- classes: angry, calm" in card
    assert "prohibited use: judging persons in hiring, schooling, policing" in card


@pytest.mark.usefixtures("known")
def test_a_regressor_is_saved_with_its_targets(table, tmp_path):
    items, _ = table
    targets = pd.DataFrame({"valence": np.arange(12.0), "arousal": 1 - np.arange(12.0)}, index=items.index)
    fitted = Mean().fit(items, targets)
    back = load_recognizer(fitted.save(tmp_path / "saved"))
    pd.testing.assert_frame_equal(back.predict(items), fitted.predict(items))
    assert list(back.predict(items).columns) == ["valence", "arousal"]
    assert "- targets: valence, arousal" in (tmp_path / "saved/README.md").read_text()


def test_targets_that_cannot_be_used(table):
    items, _ = table
    good = pd.DataFrame({"valence": np.arange(12.0)}, index=items.index)
    for targets, message in (
        (good.iloc[::-1], "indexed like the items"),
        (good["valence"], "must be a DataFrame"),
        (good.mask(good["valence"] == 4), "targets, 'clip4': 'valence' is missing"),
        (good * 0, "'valence' never changes"),
    ):
        with pytest.raises(BadInput, match=message):
            Mean().fit(items, targets)
    with pytest.raises(BadInput, match="call fit first"):
        Mean().predict(items)


def test_pictures_are_checked_one_by_one():
    white, black = np.full((4, 4), 255, np.uint8), np.zeros((5, 6, 3), np.uint8)
    pictures = pd.Series({"w": white, "b": black})
    fitted = Brightness().fit(pictures, ["bright", "dark"])
    assert list(fitted.predict(pictures)) == ["bright", "dark"]
    for bad in (white.astype(float), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8), "a.png", None):
        with pytest.raises(BadInput, match="items, 'x': this is not a picture of uint8 numbers"):
            fitted.predict(pd.Series({"x": bad}))
    with pytest.raises(BadInput, match="a Series of pictures is needed"):
        fitted.predict([white])
    with pytest.raises(BadInput, match="there is no item"):
        fitted.predict(pictures.iloc[:0])
