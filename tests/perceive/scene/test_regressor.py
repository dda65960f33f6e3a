"""Kernel ridge with held-out groups, and the regressor of scenes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import linalg
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.perceive.saving import load_recognizer
from thymos.perceive.scene.kernel_ridge import (
    choose,
    dual_weights,
    group_folds,
    held_out_errors,
    squared_distances,
)
from thymos.perceive.scene.regressor import SceneRegressor


def examples(items: int = 60, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Valence is linear in one feature, arousal bends in another; groups of four."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"p{k:03d}" for k in range(items)], name="item")
    values = rng.normal(size=(items, 6))
    names = ["look/a", "look/b", "color/0", "color/1", "color/2", "color/3"]
    rows = pd.DataFrame(values, columns=names, index=index)
    noise = rng.normal(scale=0.1, size=(items, 2))
    goal = pd.DataFrame(
        {"valence": 4 + 0.8 * values[:, 0] + noise[:, 0], "arousal": 4 + np.cos(2 * values[:, 1]) + noise[:, 1]},
        index=index,
    )
    return rows, goal, pd.Series(np.arange(items) // 4, index=index)


def test_held_out_errors_are_those_of_the_fits_without_the_fold() -> None:
    rng = np.random.default_rng(0)
    rows, targets = rng.normal(size=(30, 5)), rng.normal(size=(30, 2))
    kernel = rows @ rows.T + np.exp(-squared_distances(rows, rows))
    folds = np.arange(30) % 4
    values, vectors = linalg.eigh(kernel)
    for penalty in (0.01, 1.0, 50.0):
        found = held_out_errors(np.maximum(values, 0), vectors, targets, folds, penalty)
        for fold in range(4):
            own, rest = folds == fold, folds != fold
            weights = np.linalg.solve(kernel[np.ix_(rest, rest)] + penalty * np.eye(rest.sum()), targets[rest])
            expected = targets[own] - kernel[np.ix_(own, rest)] @ weights
            np.testing.assert_allclose(found[own], expected, atol=1e-8)


def test_choice_takes_the_kernel_that_fits() -> None:
    rows, goal, _ = examples(80)
    z = rows.to_numpy()
    targets = goal.to_numpy() - goal.to_numpy().mean(axis=0)
    kernels = [z[:, :1] @ z[:, :1].T, np.exp(-squared_distances(z[:, 1:2], z[:, 1:2]))]
    first, second = choose(kernels, targets, np.arange(80) % 5, (0.01, 0.1, 1.0))
    assert (first.kernel, second.kernel) == (0, 1)
    assert first.rmse == pytest.approx(0.1, abs=0.05)
    assert dual_weights(kernels[0], targets[:, 0], 0.1).shape == (80,)


def test_folds_keep_groups_whole() -> None:
    groups = np.array([0, 0, 0, 1, 1, 2, 3, 3, 4, 5])
    folds = group_folds(groups, 10, 3)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert set(folds) == {0, 1, 2}
    assert len(set(group_folds(None, 4, 10))) == 4
    with pytest.raises(BadInput, match="one group"):
        group_folds(np.zeros(5, dtype=int), 5, 3)


def test_it_learns_and_keeps_its_uncertainty() -> None:
    rows, goal, groups = examples(120)
    fitted = SceneRegressor().fit(rows, goal, groups=groups)
    new_rows, new_goal, _ = examples(200, seed=1)
    predicted = fitted.predict(new_rows)
    assert list(predicted.columns) == ["valence", "arousal"]
    assert np.corrcoef(predicted["valence"], new_goal["valence"])[0, 1] > 0.9
    assert np.corrcoef(predicted["arousal"], new_goal["arousal"])[0, 1] > 0.5
    band = fitted.predict_interval(new_rows)
    inside = (new_goal["valence"] > band["valence_low"]) & (new_goal["valence"] < band["valence_high"])
    assert 0.88 < inside.mean() <= 1
    narrow = fitted.predict_interval(new_rows, confidence=0.5)
    assert ((narrow["valence_high"] - narrow["valence_low"]) < (band["valence_high"] - band["valence_low"])).all()


def test_no_training_row_is_kept() -> None:
    rows, goal, groups = examples()
    fitted = SceneRegressor().fit(rows, goal, groups=groups)
    assert fitted.landmarks_.shape == (30, 6)  # half the items at most
    assert SceneRegressor(landmarks=7).fit(rows, goal).landmarks_.shape == (7, 6)
    assert all(len(values) != len(rows) for values in fitted._state()[1].values())


def test_few_distinct_rows_need_few_landmarks() -> None:
    rows, goal, _ = examples()
    kinds = pd.DataFrame({"kind/a": rows["look/a"] > 0, "kind/b": rows["look/a"] <= 0}).astype(float)
    fitted = SceneRegressor().fit(kinds, goal)
    assert len(fitted.landmarks_) == 2
    assert fitted.predict(kinds)["valence"].round(6).nunique() == 2


def test_every_block_has_the_same_say() -> None:
    rows, goal, _ = examples()
    fitted = SceneRegressor().fit(rows, goal)
    scaled = (rows.to_numpy() - fitted.center_) * fitted.scale_
    shares = (scaled**2).sum(axis=1)
    look, color = (scaled[:, :2] ** 2).sum(), (scaled[:, 2:] ** 2).sum()
    assert look == pytest.approx(color)
    assert shares.sum() == pytest.approx(2 * len(rows))


def test_predictions_stay_inside_the_scale() -> None:
    rows, goal, _ = examples()
    far = goal.assign(valence=3 * goal["valence"])
    kept = SceneRegressor().fit(rows, far).predict(rows)
    assert kept.to_numpy().min() >= 1
    assert kept.to_numpy().max() == 7
    free = SceneRegressor(limits=None).fit(rows, far).predict(rows)
    assert free["valence"].max() > 7


def test_saved_and_loaded(tmp_path: Path) -> None:
    rows, goal, groups = examples()
    fitted = SceneRegressor().fit(rows, goal, groups=groups)
    folder = fitted.save(tmp_path / "saved", notes="invented rows")
    back = load_recognizer(folder)
    assert isinstance(back, SceneRegressor)
    np.testing.assert_allclose(back.predict(rows), fitted.predict(rows), atol=1e-9)
    np.testing.assert_allclose(back.residual_sd_, fitted.residual_sd_)
    assert back.penalties_ == fitted.penalties_
    assert back.get_params() == fitted.get_params()
    assert not list(folder.glob("*.pkl"))
    assert "average viewer" in (folder / "README.md").read_text()


def test_fitting_twice_is_the_same_and_clones_are_unfitted() -> None:
    rows, goal, groups = examples()
    one = SceneRegressor().fit(rows, goal, groups=groups)
    two = clone(one).fit(rows, goal, groups=groups)
    assert one.predict(rows).equals(two.predict(rows))
    assert not hasattr(clone(one), "targets_")
    turned = one.predict(rows.iloc[::-1]).loc[rows.index]
    np.testing.assert_allclose(turned, one.predict(rows))
    reordered = rows[rows.columns[::-1]].assign(**{"other/x": 1.0})
    np.testing.assert_allclose(one.predict(reordered), one.predict(rows))


def test_a_constant_feature_is_turned_off() -> None:
    rows, goal, _ = examples()
    rows["look/b"] = 3.0
    fitted = SceneRegressor().fit(rows, goal)
    assert fitted.predict(rows.assign(**{"look/b": 1e9})).equals(fitted.predict(rows))


def test_bad_input() -> None:
    rows, goal, groups = examples()
    for wrong, match in (
        ({"penalties": (0.0,)}, "above 0"),
        ({"inner_folds": 1}, "inner folds"),
        ({"landmarks": 0}, "0 landmarks"),
    ):
        with pytest.raises(BadInput, match=match):
            SceneRegressor(**wrong).fit(rows, goal)
    with pytest.raises(BadInput, match="call fit first"):
        SceneRegressor().predict(rows)
    with pytest.raises(BadInput, match="one group"):
        SceneRegressor().fit(rows, goal, groups=["a"] * len(rows))
    with pytest.raises(BadInput, match="look/b"):
        SceneRegressor().fit(rows, goal).predict(rows.drop(columns="look/b"))
    with pytest.raises(BadInput, match="confidence"):
        SceneRegressor().fit(rows, goal).predict_interval(rows, confidence=1.0)
    with pytest.raises(BadInput, match="never changes"):
        SceneRegressor().fit(rows, goal.assign(arousal=4.0), groups=groups)
