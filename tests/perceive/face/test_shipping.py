"""The recognizer that ships: its recipe on invented faces, its scores, and what its weights promise."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.corpora.registry import get_reader
from thymos.errors import Unavailable
from thymos.perceive.face import shipping
from thymos.perceive.face.examples import FaceExamples
from thymos.perceive.face.recognizer import FaceRecognizer
from thymos.perceive.face.shipping import (
    FOLDER,
    face_scores,
    picture_series,
    same_pictures,
    shipped_recipe,
    train_face_recognizer,
)
from thymos.perceive.saving import load_recognizer
from thymos.perceive.shipped import shipped_recognizer
from thymos.testing.drawn_faces import drawn_face
from thymos.testing.layouts.pictures import face as pattern
from thymos.testing.layouts.votes import ferplus_strips

EMOTIONS = ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]


class Knows(FaceRecognizer):
    """Says what it is told, item by item."""

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.answers = answers or {}
        self.classes_ = np.asarray(["happiness", "neutral"], dtype=object)

    def predict_proba(self, items: pd.Series) -> pd.DataFrame:
        said = [[0.9, 0.1] if self.answers[item] == "happiness" else [0.1, 0.9] for item in items.index]
        return pd.DataFrame(said, index=items.index, columns=list(self.classes_))


def test_scores_by_hand() -> None:
    rng = np.random.default_rng(0)
    items = [f"f{number}" for number in range(6)]
    pictures = rng.integers(0, 256, (6, 48, 48), dtype=np.uint8)
    pictures[1] = pictures[0]
    labels = pd.Series(["happiness", "happiness", "neutral", "neutral", None, "neutral"], index=items, dtype=object)
    shares = pd.DataFrame(0.5, index=items, columns=["happiness", "neutral"])
    answers = dict.fromkeys(items, "happiness") | {"f2": "neutral", "f5": "neutral"}
    found = face_scores(Knows(answers), FaceExamples(pictures, shares, labels), ["f3"], resamples=50)
    assert found["accuracy"].value == pytest.approx(4 / 5)
    assert found["accuracy"].n == 5  # the face without a label is not scored
    assert found["accuracy"].clusters == 4  # equal pictures are drawn together
    assert found["accuracy without duplicates"].value == 1.0
    assert found["accuracy without duplicates"].n == 4
    assert found["uar"].value == pytest.approx((1 + 2 / 3) / 2)
    assert found["macro_f1"].value == pytest.approx((0.8 + 0.8) / 2)
    assert found["ece"].value == pytest.approx(abs(0.9 - 0.8))


def test_whole_recipe_on_invented_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    ferplus_strips(data / "ferplus", np.random.default_rng(1))
    monkeypatch.setattr(shipping, "EPOCHS", 1)
    monkeypatch.setattr(shipping, "FURTHER_EPOCHS", 1)
    corpus = get_reader("ferplus").read(data / "ferplus")
    assert (corpus.items["image_path"] != "").any()
    scores = train_face_recognizer(data, tmp_path / "out", checkpoints=str(tmp_path / "checkpoints"))
    assert {"accuracy", "macro_f1", "accuracy without duplicates", "ece"} <= set(scores)
    card = (tmp_path / "out" / "README.md").read_text()
    for words in ("majority policy", "research", "thymos train face", "| accuracy |", "95 % interval"):
        assert words in card
    back = load_recognizer(tmp_path / "out")
    assert isinstance(back, FaceRecognizer)
    assert back.further_epochs == 1
    assert back.checkpoints == ""


def test_votes_without_pictures_are_one_clear_error(tmp_path: Path) -> None:
    ferplus_strips(tmp_path / "ferplus", np.random.default_rng(1))
    for path in (tmp_path / "ferplus").glob("*.csv"):
        if path.name != "fer2013new.csv":
            path.unlink()
    with pytest.raises(Unavailable, match="votes only"):
        train_face_recognizer(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_same_pictures() -> None:
    assert same_pictures(np.array([[[1]], [[2]], [[1]]], np.uint8)).tolist() == [0, 1, 0]


@pytest.fixture(scope="module")
def shipped() -> FaceRecognizer:
    recognizer = shipped_recognizer("face")
    assert isinstance(recognizer, FaceRecognizer)
    return recognizer


def test_shipped_files_are_small_and_tell_their_scores() -> None:
    sizes = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(sizes) == {"README.md", "recognizer.json", "weights.safetensors"}
    assert sum(sizes.values()) < 12_000_000
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    accuracy, macro_f1 = (
        float(re.search(rf"\| {name} \| (0\.\d+) \|", card)[1])  # type: ignore[index]
        for name in ("accuracy", "macro_f1")
    )
    # The measured baseline: accuracy .835, macro-F1 .589 on 3,152 test faces.
    assert accuracy > 0.835
    assert macro_f1 > 0.589
    assert "3,152" in card
    assert json.loads((FOLDER / "recognizer.json").read_text())["classes"] == EMOTIONS


def test_shipped_recipe_is_the_one_in_the_file(shipped: FaceRecognizer) -> None:
    recipe, own = shipped_recipe().get_params(), shipped.get_params()
    assert own == recipe


def test_shipped_recognizer_reads_any_face(shipped: FaceRecognizer) -> None:
    items = pd.Series({"drawn": drawn_face(120), "pattern": pattern(np.random.default_rng(0), 1)}, dtype=object)
    table = shipped.predict_proba(items)
    assert list(table.columns) == EMOTIONS
    assert np.allclose(table.sum(axis=1), 1)
    # The gray levels of a drawing are no expression, but light and contrast must not matter.
    darker = items.map(lambda picture: (picture * 0.5 + 20).astype(np.uint8))
    assert np.abs(shipped.predict_proba(darker) - table).to_numpy().max() < 0.1


@pytest.mark.data
def test_shipped_weights_reach_their_scores_on_valid(data_root: Path, shipped: FaceRecognizer) -> None:
    """On a part of valid: the test part is for the card alone."""
    from thymos.perceive.face.examples import face_examples

    valid = face_examples(get_reader("ferplus").read(data_root / "ferplus"), "valid")
    kept = valid.take(np.flatnonzero(valid.labeled)[::4])
    right = (shipped.predict(picture_series(kept)) == kept.labels).mean()
    assert right > 0.80
