"""The recognizer of faces: its contract, soft labels, saving, and bad input."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.perceive.face.recognizer import FaceRecognizer, checked_shares, faces_of, held_out_faces
from thymos.perceive.saving import load_recognizer


def items(n: int = 60, side: int = 48, seed: int = 0) -> tuple[pd.Series, pd.Series]:
    """Pictures with lying or standing stripes."""
    rng = np.random.default_rng(seed)
    pictures, labels = [], []
    for _ in range(n):
        picture = rng.integers(0, 120, (side, side), dtype=np.uint8)
        label = ("lying", "standing")[rng.integers(0, 2)]
        stripes = picture.T if label == "standing" else picture
        stripes[np.arange(side) % 6 < 3] += 100
        pictures.append(picture)
        labels.append(label)
    index = pd.Index([f"face{number}" for number in range(n)], name="item")
    return pd.Series(pictures, index=index, dtype=object), pd.Series(labels, index=index)


def recognizer(**changes: object) -> FaceRecognizer:
    return FaceRecognizer(
        **{"epochs": 4, "batch": 16, "average": 0.0, "learning_rate": 0.01, "augment": False, **changes}
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fitted() -> FaceRecognizer:
    pictures, labels = items()
    return recognizer().fit(pictures, labels)


def test_it_learns_and_labels_its_tables(fitted: FaceRecognizer) -> None:
    pictures, labels = items(40, seed=1)
    table = fitted.predict_proba(pictures)
    assert table.index.equals(pictures.index)
    assert list(table.columns) == ["lying", "standing"]
    assert np.allclose(table.sum(axis=1), 1)
    assert (fitted.predict(pictures) == labels).mean() > 0.9


def test_a_mirror_image_is_judged_alike(fitted: FaceRecognizer) -> None:
    pictures, _ = items(5)
    turned = pictures.map(lambda picture: np.ascontiguousarray(picture[:, ::-1]))
    assert np.allclose(fitted.predict_proba(pictures), fitted.predict_proba(turned), atol=1e-5)


def test_a_picture_is_judged_alone(fitted: FaceRecognizer) -> None:
    pictures, _ = items(5)
    assert np.allclose(fitted.predict_proba(pictures).iloc[[2]], fitted.predict_proba(pictures.iloc[[2]]), atol=1e-5)


def test_saved_and_loaded(fitted: FaceRecognizer, tmp_path: Path) -> None:
    pictures, _ = items(8)
    fitted.save(tmp_path, notes="stripes")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["README.md", "recognizer.json", "weights.safetensors"]
    card = (tmp_path / "README.md").read_text()
    assert "not what the person feels" in card
    assert "stripes" in card
    back = load_recognizer(tmp_path)
    assert isinstance(back, FaceRecognizer)
    assert back.temperature_ == fitted.temperature_
    # Weights are rounded when the fit ends, so nothing is lost on disk.
    assert np.allclose(back.predict_proba(pictures), fitted.predict_proba(pictures), atol=1e-6)


def test_same_fit_twice_and_clone(fitted: FaceRecognizer) -> None:
    pictures, labels = items()
    again = clone(fitted).fit(pictures, labels)
    assert np.array_equal(again.predict_proba(pictures), fitted.predict_proba(pictures))


def test_soft_labels_and_own_development_part() -> None:
    pictures, labels = items(30)
    shares = pd.get_dummies(labels).astype(float) * 0.6 + 0.2
    other, other_labels = items(10, seed=2)
    development = (other, pd.get_dummies(other_labels).astype(float) * 0.6 + 0.2)
    soft = recognizer(epochs=2).fit(pictures, shares, development=development)
    assert list(soft.classes_) == ["lying", "standing"]
    backwards = recognizer(epochs=2).fit(pictures, shares[["standing", "lying"]], development=development)
    assert np.array_equal(soft.predict_proba(other), backwards.predict_proba(other))
    wrong = (other, development[1].rename(columns={"lying": "flat"}))
    with pytest.raises(BadInput, match="the classes are not"):
        recognizer(epochs=1).fit(pictures, shares, development=wrong)
    with pytest.raises(BadInput, match="go with shares"):
        recognizer(epochs=1).fit(pictures, labels, development=development)


def test_further_phase_is_saved_too(tmp_path: Path) -> None:
    pictures, labels = items(30)
    deep = recognizer(epochs=1, further_epochs=1).fit(pictures, labels)
    assert deep.network_.settings["depths"] == [1, 2, 2, 2]
    back = load_recognizer(deep.save(tmp_path))
    assert np.allclose(back.predict_proba(pictures), deep.predict_proba(pictures), atol=1e-6)
    with pytest.raises(BadInput, match="second phase"):
        recognizer(network="swin", epochs=1, further_epochs=1).fit(pictures, labels)


def test_any_size_and_color() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    large = np.kron(gray, np.ones((2, 2), np.uint8))
    color = np.repeat(gray[..., None], 3, axis=2)
    faces = faces_of([gray, large, color])
    assert faces.shape == (3, 48, 48)
    assert np.abs(faces.astype(int) - gray).max() <= 1


def test_bad_input(fitted: FaceRecognizer) -> None:
    pictures, labels = items(6)
    with pytest.raises(BadInput, match="call fit first"):
        recognizer().predict_proba(pictures)
    broken = pictures.copy()
    broken["face2"] = pictures["face2"].astype(float)
    with pytest.raises(BadInput, match="'face2'"):
        fitted.predict_proba(broken)
    with pytest.raises(BadInput, match="every label is"):
        recognizer().fit(pictures, ["same"] * 6)
    with pytest.raises(BadInput, match="other items"):
        recognizer().fit(pictures, labels.iloc[::-1])
    with pytest.raises(BadInput, match="no face network"):
        recognizer(network="vgg").fit(pictures, labels)
    with pytest.raises(BadInput, match="development_share"):
        recognizer(development_share=0).fit(pictures, labels)


def test_bad_shares() -> None:
    index = pd.Index(["a", "b"])
    with pytest.raises(BadInput, match="'b': the shares sum to 1"):
        checked_shares(pd.DataFrame({"x": [0.5, 1.0], "y": [0.5, 0.5]}, index=index), index)
    with pytest.raises(BadInput, match="other items"):
        checked_shares(pd.DataFrame({"x": [1.0], "y": [0.0]}), index)
    with pytest.raises(BadInput, match="two or more"):
        checked_shares(pd.DataFrame({"x": [1.0, 1.0]}, index=index), index)


def test_equal_faces_stay_together() -> None:
    faces = np.repeat(np.random.default_rng(0).integers(0, 256, (10, 48, 48), dtype=np.uint8), 2, axis=0)
    held = held_out_faces(faces, 0.3, 0)
    assert held.sum() == 6
    assert (held[::2] == held[1::2]).all()
