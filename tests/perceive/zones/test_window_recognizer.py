"""The recognizer of windows: our margins are scikit-learn's, it is saved as arrays, balancing does what it says."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from thymos.errors import BadInput
from thymos.perceive.saving import load_recognizer
from thymos.perceive.zones.window_recognizer import WindowRecognizer, class_margins

ZONES = ("blue", "green", "red", "yellow")


def windows(
    count: int = 160, classes: int = 4, shares: tuple[float, ...] = ()
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Features, zones and recordings of invented windows; the feature ``flat`` never changes."""
    rng = np.random.default_rng(0)
    codes = rng.choice(classes, size=count, p=shares or None)
    centers = np.random.default_rng(1).normal(scale=2.5, size=(classes, 3))
    index = pd.MultiIndex.from_arrays([[f"r{k // 10}" for k in range(count)], np.arange(count) % 10 * 200])
    table = pd.DataFrame(centers[codes] + rng.normal(size=(count, 3)), index=index, columns=["a", "b", "c"])
    groups = pd.Series(index.get_level_values(0), index=index)
    return table.assign(flat=2.0), pd.Series([ZONES[code] for code in codes], index=index), groups


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_our_margins_are_those_of_scikit_learn(classes: int) -> None:
    table, zones, _ = windows(classes=classes)
    fitted = WindowRecognizer(folds=0).fit(table, zones)
    rows = fitted._scaled(table.to_numpy())
    codes = np.searchsorted(fitted.classes_, zones)
    theirs = SVC(gamma=float(fitted.machine_["gamma"][0]), decision_function_shape="ovo").fit(rows, codes)
    assert float(fitted.machine_["gamma"][0]) == pytest.approx(1 / (4 * rows.var()))
    pairs = theirs.decision_function(rows)
    expected = np.zeros((len(rows), classes))
    if classes == 2:
        expected[:, 1], expected[:, 0] = pairs, -pairs
    else:
        number = 0
        for one in range(classes):
            for other in range(one + 1, classes):
                expected[:, one] += pairs[:, number]
                expected[:, other] -= pairs[:, number]
                number += 1
    assert class_margins(fitted.machine_, rows) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("model", ["svm", "mlp"])
def test_it_learns_and_is_saved_as_arrays(model: str, tmp_path: Path) -> None:
    table, zones, groups = windows()
    recognizer = WindowRecognizer(model=model, hidden=(24, 12), max_iter=150)
    fitted = clone(recognizer).fit(table, zones, groups=groups)
    found = fitted.predict_proba(table)
    assert list(found.columns) == list(ZONES)
    assert found.index.equals(table.index)
    assert np.allclose(found.sum(axis=1), 1)
    assert (fitted.predict(table) == zones).mean() > 0.6
    pd.testing.assert_frame_equal(clone(recognizer).fit(table, zones, groups=groups).predict_proba(table), found)
    folder = fitted.save(tmp_path / "saved", notes="invented windows")
    assert not list(folder.rglob("*.pkl"))
    back = load_recognizer(folder)
    assert isinstance(back, WindowRecognizer)
    np.testing.assert_allclose(back.predict_proba(table).to_numpy(), found.to_numpy(), atol=1e-9)


def test_a_perceptron_of_two_classes_and_a_wide_one_are_scikit_learns() -> None:
    for classes in (2, 3):
        table, zones, _ = windows(60, classes)
        fitted = WindowRecognizer(model="mlp", hidden=(8,), max_iter=20).fit(table, zones)
        rows = fitted._scaled(table.to_numpy())
        theirs = MLPClassifier((8,), alpha=1e-9, max_iter=20, random_state=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            theirs.fit(rows, np.searchsorted(fitted.classes_, zones))
        assert fitted.predict_proba(table).to_numpy() == pytest.approx(theirs.predict_proba(rows), abs=1e-9)


@pytest.mark.parametrize("method", ["class_weight", "oversampling", "adasyn", "undersampling"])
def test_balancing_finds_the_rare_zone_more_often(method: str) -> None:
    table, zones, groups = windows(240, 2, (0.9, 0.1))
    rare = (zones == "green").to_numpy()
    plain = WindowRecognizer().fit(table, zones, groups=groups).predict(table)
    even = WindowRecognizer(balancing=method).fit(table, zones, groups=groups).predict(table)
    assert (even[rare] == "green").mean() > (plain[rare] == "green").mean()
    assert (even == "green").sum() > (plain == "green").sum()


def test_calibration_uses_windows_of_recordings_that_were_not_trained_on() -> None:
    table, zones, groups = windows()
    fitted = WindowRecognizer().fit(table, zones, groups=groups)
    alone = WindowRecognizer().fit(table, zones)
    assert fitted.calibration_ is not None
    assert alone.calibration_ is not None
    assert fitted.calibration_.temperature != alone.calibration_.temperature
    one_recording = pd.Series("r", index=table.index)
    assert WindowRecognizer().fit(table, zones, groups=one_recording).calibration_ is None


def test_what_cannot_be_used() -> None:
    table, zones, _ = windows(40)
    with pytest.raises(BadInput, match="there is no model 'forest'; known: svm, mlp"):
        WindowRecognizer(model="forest").fit(table, zones)
    with pytest.raises(BadInput, match="there is no balancing 'smote'"):
        WindowRecognizer(balancing="smote").fit(table, zones)
    with pytest.raises(BadInput, match="feature 'a' is nan"):
        WindowRecognizer().fit(table.where(table["a"] > 99), zones)
    with pytest.raises(BadInput, match="it has not learned anything yet"):
        WindowRecognizer().predict(table)
