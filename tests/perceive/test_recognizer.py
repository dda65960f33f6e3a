import json

import numpy as np
import pandas as pd
import pytest

from thymos.errors import BadInput
from thymos.perceive.conformance import check_recognizer, example_items
from thymos.perceive.recognizer import TextRecognizer, label_codes_of, same_text_groups, texts_of
from thymos.perceive.saving import load_recognizer, save_recognizer
from thymos.perceive.text_linear import LinearTextRecognizer

LINEAR = LinearTextRecognizer(costs=(1.0,), folds=2, minimum_count=1)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("one text", "one text where several"),
        ([], "no item"),
        (["a", None], "missing"),
        (["a", float("nan")], "missing"),
        (["a", pd.NA], "missing"),
        (["a", 3], "not a text"),
        (pd.DataFrame({"words": ["a"]}), "no column 'text'"),
        (pd.Series(["a", np.nan], index=["x", "y"]), "'y'"),
    ],
)
def test_bad_items_are_named(items, message):
    with pytest.raises(BadInput, match=message):
        texts_of(items)


def test_texts_keep_their_index():
    texts, index = texts_of(pd.DataFrame({"text": ["b", "a"]}, index=["i2", "i1"]))
    assert texts == ["b", "a"]
    assert list(index) == ["i2", "i1"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["x", "x"], "every label is 'x'"),
        (["x"], "1 labels for 2 items"),
        (["x", None], "not a text"),
        (["x", 3], "not a text"),
        (pd.Series(["x", "y"], index=["b", "a"]), "indexed by other items"),
    ],
)
def test_bad_labels_are_named(labels, message):
    with pytest.raises(BadInput, match=message):
        label_codes_of(labels, pd.Index(["a", "b"]))


def test_classes_are_sorted_and_codes_point_at_them():
    classes, codes = label_codes_of(["y", "x", "y"], pd.RangeIndex(3))
    assert classes.tolist() == ["x", "y"]
    assert codes.tolist() == [1, 0, 1]


def test_equal_texts_are_one_group():
    groups = same_text_groups(["b", "a", "b"])
    assert groups[0] == groups[2] != groups[1]


# -- the conformance check itself must catch broken recognizers ---------------------------------------------------


class Constant(TextRecognizer):
    """A recognizer of one's own: it cannot be saved by thymos, and the check must accept that."""

    def __init__(self, sure=0.5):
        self.sure = sure

    def _fit(self, texts, codes):
        self.seen_ = len(texts)

    def _predict_proba(self, texts):
        rest = (1 - self.sure) / (len(self.classes_) - 1)
        return np.tile([self.sure] + [rest] * (len(self.classes_) - 1), (len(texts), 1))

    def _state(self):
        return {}, {}

    def _restore(self, values, arrays):
        pass


class SumsToTwo(Constant):
    def _predict_proba(self, texts):
        return np.ones((len(texts), 2))


class LooksAtTheOthers(Constant):
    def _predict_proba(self, texts):
        return np.tile([1 / len(texts), 1 - 1 / len(texts)], (len(texts), 1))


class ForgetsTheIndex(Constant):
    def predict_proba(self, items):
        return super().predict_proba(items).reset_index(drop=True)


class ReturnsNothing(Constant):
    def fit(self, items, labels):
        super().fit(items, labels)


class ChangesParameters(Constant):
    def __init__(self, sure=0.5):
        self.sure = [sure]


class TakesAnything(Constant):
    def fit(self, items, labels):
        self.classes_ = np.array(["bad", "good"], dtype=object)
        return self

    def predict_proba(self, items):
        return pd.DataFrame(0.5, index=items.index, columns=["bad", "good"])


class Random(Constant):
    def _predict_proba(self, texts):
        share = np.random.default_rng().random()
        return np.tile([share, 1 - share], (len(texts), 1))


def test_a_constant_recognizer_of_ones_own_passes():
    check_recognizer(Constant())


@pytest.mark.parametrize(
    "broken", [SumsToTwo, LooksAtTheOthers, ForgetsTheIndex, ReturnsNothing, ChangesParameters, TakesAnything, Random]
)
def test_broken_recognizers_are_caught(broken):
    with pytest.raises((AssertionError, RuntimeError)):
        check_recognizer(broken())


# -- saving ---------------------------------------------------------------------------------------------------------


def test_a_card_says_what_it_is_for(tmp_path):
    items, labels = example_items()
    folder = LINEAR.__class__(**LINEAR.get_params()).fit(items, labels).save(tmp_path, notes="Trained on nothing real.")
    card = (folder / "README.md").read_text()
    assert "Trained on nothing real." in card
    assert "bad, good" in card
    assert "prohibited use" in card


def test_only_fitted_and_known_recognizers_are_saved(tmp_path):
    with pytest.raises(BadInput, match="call fit first"):
        LinearTextRecognizer().save(tmp_path)
    items, labels = example_items()
    with pytest.raises(BadInput, match="Constant cannot be saved"):
        Constant().fit(items, labels).save(tmp_path)
    assert not list(tmp_path.iterdir())


def _saved(tmp_path):
    items, labels = example_items()
    return save_recognizer(LinearTextRecognizer(costs=(1.0,), folds=2).fit(items, labels), tmp_path / "saved")


def test_damaged_folders_are_named(tmp_path):
    folder = _saved(tmp_path)
    settings = folder / "recognizer.json"
    whole = settings.read_text()
    for text, message in (
        ("{", "not a saved recognizer"),
        ("[]", "format"),
        (json.dumps({**json.loads(whole), "format": 99}), "format"),
        (json.dumps({**json.loads(whole), "recognizer": "os.system"}), "no recognizer 'os.system'"),
        (json.dumps({"format": 1, "recognizer": "LinearTextRecognizer"}), "incomplete"),
    ):
        settings.write_text(text)
        with pytest.raises(BadInput, match=message):
            load_recognizer(folder)
    settings.write_text(whole)
    (folder / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(BadInput, match="not a saved recognizer"):
        load_recognizer(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(BadInput, match="not a saved recognizer"):
        load_recognizer(folder)
    with pytest.raises(BadInput, match="no such folder"):
        load_recognizer(tmp_path / "nowhere")


def test_terms_and_weights_that_do_not_fit_are_named(tmp_path):
    folder = _saved(tmp_path)
    settings = json.loads((folder / "recognizer.json").read_text())
    settings["learned"]["terms"]["words"].pop()
    (folder / "recognizer.json").write_text(json.dumps(settings))
    with pytest.raises(BadInput, match="terms and"):
        load_recognizer(folder)
