import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_multilabel import (
    GRID,
    MultiLabelTextRecognizer,
    best_macro_f1,
    calibrated_shares,
    choose_thresholds,
    f1_of_grid,
    fit_label_calibration,
    sigmoid,
)

QUICK = {"epochs": 4, "batch_size": 4, "learning_rate": 3e-3, "max_tokens": 16, "device": "cpu"}
WORDS = {"joy": "glad happy", "fear": "afraid scared"}


def example(copies=6):
    rows = []
    for copy in range(copies):
        rows += [
            (f"so glad happy {copy}", 1, 0),
            (f"so afraid scared {copy}", 0, 1),
            (f"glad happy yet afraid scared {copy}", 1, 1),
            (f"the train goes {copy}", 0, 0),
        ]
    table = pd.DataFrame(rows, columns=["text", "joy", "fear"], index=[f"i{n}" for n in range(len(rows))])
    return table[["text"]], table[["joy", "fear"]]


@pytest.fixture(scope="module")
def fitted(tiny_talker):
    items, members = example()
    return MultiLabelTextRecognizer(encoder=tiny_talker, frozen_embeddings=False, **QUICK).fit(
        items, members, development=(items, members)
    )


def test_probabilities_are_of_each_label_alone(fitted):
    items, members = example()
    shares = fitted.predict_proba(items)
    assert list(shares.columns) == ["joy", "fear"]
    assert shares.index.equals(items.index)
    assert shares.to_numpy().min() >= 0
    assert shares.to_numpy().max() <= 1
    said = fitted.predict(items)
    assert said.dtypes.eq(bool).all()
    assert (said == (shares >= fitted.thresholds_)).all().all()
    assert score_function("macro_f1")(members["joy"].tolist(), said["joy"].astype(int).tolist()) > 0.7


def test_it_is_saved_as_changes_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "saved", notes="made up")
    again = load_recognizer(tmp_path / "saved")
    items, _ = example()
    np.testing.assert_allclose(again.predict_proba(items), fitted.predict_proba(items), atol=0.02)
    assert again.thresholds_.tolist() == fitted.thresholds_.tolist()
    card = (tmp_path / "saved" / "README.md").read_text()
    assert "made up" in card
    assert f"- classes: {', '.join(fitted.classes_)}" in card
    assert "one probability a class" in card
    assert {path.suffix for path in (tmp_path / "saved").iterdir()} == {".json", ".safetensors", ".md"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda items, members: (items, members.rename(index={"i0": "other"})), "other items"),
        (lambda items, members: (items, members[["fear", "joy"]]), "other labels"),
        (lambda items, members: (items, members.astype(float) * np.nan), "outside"),
        (lambda items, members: (items.iloc[:0], members.iloc[:0]), "no item"),
        (lambda items, members: (items.rename(columns={"text": "words"}), members), "no column 'text'"),
    ],
)
def test_bad_input_is_one_clear_error(tiny_talker, change, said):
    items, members = example(1)
    with pytest.raises(BadInput, match=said):
        MultiLabelTextRecognizer(encoder=tiny_talker, **QUICK).fit(items, members, development=change(items, members))


def test_parameters_and_order_are_checked(tiny_talker):
    items, members = example(1)
    recognizer = MultiLabelTextRecognizer(encoder=tiny_talker, thresholds="some")
    with pytest.raises(BadInput, match="thresholds"):
        recognizer.fit(items, members, development=(items, members))
    with pytest.raises(BadInput, match="call fit first"):
        MultiLabelTextRecognizer().predict_proba(["a"])


@given(st.integers(0, 10_000))
def test_f1_of_the_grid_is_the_usual_one(seed):
    rng = np.random.default_rng(seed)
    shares, gold = rng.random((30, 3)), rng.random((30, 3)) < 0.3
    place = int(rng.integers(len(GRID)))
    mine = f1_of_grid(shares, gold)[place]
    for label in range(3):
        hits = ((shares[:, label] >= GRID[place]) & gold[:, label]).sum()
        said, there = (shares[:, label] >= GRID[place]).sum(), gold[:, label].sum()
        assert mine[label] == pytest.approx(2 * hits / (said + there) if said + there else 0)


@given(st.integers(0, 10_000))
def test_own_thresholds_beat_the_common_one_where_they_are_chosen(seed):
    rng = np.random.default_rng(seed)
    gold = rng.random((60, 4)) < 0.3
    shares = np.clip(0.4 * gold + rng.random((60, 4)) * 0.6, 0, 1)
    common = choose_thresholds(shares, gold, each=False)
    own = choose_thresholds(shares, gold, each=True, strength=0)
    assert len(set(common)) == 1

    def macro(thresholds):
        said = shares >= thresholds
        hits, total = (said & gold).sum(0), said.sum(0) + gold.sum(0)
        return (2 * hits / np.maximum(total, 1)).mean()

    assert macro(own) >= macro(common) - 1e-12
    drawn = choose_thresholds(shares, gold, each=True, strength=1e9)
    assert drawn.tolist() == common.tolist()


def test_a_label_that_never_comes_gets_the_common_threshold():
    rng = np.random.default_rng(0)
    gold = np.column_stack([rng.random(50) < 0.5, np.zeros(50, dtype=bool)])
    shares = np.column_stack([np.clip(0.5 * gold[:, 0] + 0.5 * rng.random(50), 0, 1), rng.random(50)])
    thresholds = choose_thresholds(shares, gold, each=True)
    assert thresholds[1] == choose_thresholds(shares, gold, each=False)[0]


def test_calibration_mends_logits_that_are_too_sure():
    rng = np.random.default_rng(1)
    true = rng.normal(size=(4000, 2))
    gold = rng.random(true.shape) < sigmoid(true)
    scales, shifts = fit_label_calibration(true * 3 + 1, gold)
    np.testing.assert_allclose(scales, 1 / 3, atol=0.05)
    np.testing.assert_allclose(shifts, -1 / 3, atol=0.1)
    shares = calibrated_shares(true * 3 + 1, scales, shifts)
    np.testing.assert_allclose(shares.mean(axis=0), gold.mean(axis=0), atol=0.02)


def test_a_label_without_examples_keeps_a_sane_calibration():
    scales, shifts = fit_label_calibration(np.random.default_rng(0).normal(size=(20, 1)), np.zeros((20, 1), dtype=bool))
    assert np.isfinite([*scales, *shifts]).all()
    assert scales[0] > 0


def test_the_score_of_a_pass_uses_the_best_threshold():
    gold = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    logits = np.where(gold > 0, -1.0, -3.0)  # all below .5, yet perfectly ordered
    assert best_macro_f1(logits, gold) == 1.0
