"""The stress recognizer: its contract, its inputs, honest training, saving, and rows over time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.media.wristband import make_recording
from thymos.perceive.physiology import over_time as rows_over_time
from thymos.perceive.physiology import training
from thymos.perceive.physiology.inputs import AROUND, RAW, STANDARDIZED, input_columns, recognizer_inputs
from thymos.perceive.physiology.stress import StressRecognizer
from thymos.perceive.physiology.training import (
    FLOORS,
    MAJORITY,
    RECOGNIZER,
    TIME,
    balanced_calibration_error,
    leave_one_subject_out,
    score_windows,
)
from thymos.perceive.physiology.windows import FEATURES, OK, window_table
from thymos.perceive.saving import load_recognizer
from thymos.perceive.timeline import timeline


def invented(rows=120, people=6, seed=0):
    """Two features, one of which tells stress from rest."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"w{k:03d}" for k in range(rows)], name="item")
    stress = np.arange(rows) % 3 == 0
    items = pd.DataFrame({"a": rng.standard_normal(rows) + 2 * stress, "b": rng.standard_normal(rows)}, index=index)
    labels = pd.Series(np.where(stress, "stress", "rest"), index=index)
    return items, labels, pd.Series(np.arange(rows) // 3 % people, index=index)


# -- the recognizer ---------------------------------------------------------------------------------------------------


def test_it_keeps_the_contract(tmp_path):
    items, labels, groups = invented()
    unfitted = StressRecognizer(costs=(0.01, 1.0))
    with pytest.raises(BadInput, match="call fit first"):
        unfitted.predict_proba(items)
    fitted = clone(unfitted).fit(items, labels, groups=groups)
    table = fitted.predict_proba(items)
    assert list(table.columns) == ["rest", "stress"]
    assert table.index.equals(items.index)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert (fitted.predict(items) == labels).mean() > 0.75
    np.testing.assert_allclose(fitted.predict_proba(items[["b", "a"]].iloc[::-1]).loc[items.index], table)
    np.testing.assert_allclose(clone(unfitted).fit(items, labels, groups=groups).predict_proba(items), table)
    folder = fitted.save(tmp_path / "saved", notes="invented")
    assert {path.suffix for path in folder.iterdir()} == {".md", ".json", ".safetensors"}
    back = load_recognizer(folder)
    np.testing.assert_allclose(back.predict_proba(items), table)
    assert back.get_params() == fitted.get_params()
    assert back.development_ == fitted.development_


def test_probabilities_are_for_equally_frequent_classes():
    # An uninformative feature: with a third of stress, calibrated probabilities must say one half, not one third.
    items, labels, groups = invented(600)
    fitted = StressRecognizer().fit(items[["b"]], labels, groups=groups)
    assert fitted.predict_proba(items[["b"]])["stress"].mean() == pytest.approx(0.5, abs=0.05)


def test_groups_stay_on_one_side(monkeypatch):
    items, labels, groups = invented()
    seen = []

    def watch(self, inputs, codes, members):
        found = original(self, inputs, codes, members)
        seen.extend((set(members[kept]), set(members[left])) for kept, left in found)
        return found

    original = StressRecognizer._folds
    monkeypatch.setattr(StressRecognizer, "_folds", watch)
    StressRecognizer(folds=3).fit(items, labels, groups=groups)
    assert len(seen) == 3
    assert all(not kept & left for kept, left in seen)


@pytest.mark.parametrize(
    ("parameters", "message"), [({"costs": ()}, "costs are"), ({"costs": (0.1, -1.0)}, "costs are")]
)
def test_parameters_that_cannot_be(parameters, message):
    items, labels, _ = invented()
    with pytest.raises(BadInput, match=message):
        StressRecognizer(**parameters).fit(items, labels)


def test_one_person_a_class_cannot_be_held_out():
    items, labels, _ = invented()
    with pytest.raises(BadInput, match="nothing can be held out"):
        StressRecognizer().fit(items, labels, groups=labels)


# -- inputs -----------------------------------------------------------------------------------------------------------


def test_inputs_are_relative_to_the_person(windows):
    own = windows[windows["subject"] == "P1"]
    inputs = recognizer_inputs(own)
    assert list(inputs.columns) == input_columns(neighbors=True)
    assert inputs.index.equals(own.index[own["quality"] == OK])
    np.testing.assert_allclose(inputs[list(FEATURES)].mean(), 0, atol=1e-9)
    np.testing.assert_allclose(inputs[list(FEATURES)].std(ddof=0), 1)
    changed = own.copy()
    changed[list(FEATURES)] = own[list(FEATURES)] * 3 + 7
    np.testing.assert_allclose(recognizer_inputs(changed), inputs, atol=1e-9)
    raw = recognizer_inputs(own, standardize=False)
    np.testing.assert_allclose(raw[list(FEATURES)], own.loc[raw.index, list(FEATURES)])


def test_neighbors_are_means_of_usable_windows(windows):
    own = windows[windows["subject"] == "P1"].copy()
    own.iloc[5, own.columns.get_loc("quality")] = "poor"
    inputs = recognizer_inputs(own, standardize=False)
    rate = own["heart_rate"]
    assert own.index[5] not in inputs.index
    assert inputs.loc[own.index[3], f"heart_rate{AROUND}"] == pytest.approx(rate.iloc[2:5].mean())
    assert inputs.loc[own.index[4], f"heart_rate{AROUND}"] == pytest.approx(rate.iloc[3:5].mean())


def test_a_person_needs_enough_windows(windows):
    own = windows[windows["subject"] == "P1"]
    with pytest.raises(BadInput, match="19 usable windows are too few"):
        recognizer_inputs(own.iloc[:19])
    assert len(recognizer_inputs(own.iloc[:19], standardize=False)) == 19


# -- training and measuring -------------------------------------------------------------------------------------------


def test_leaving_people_out(windows):
    found = leave_one_subject_out(windows)
    assert found.index.is_unique
    assert set(found["label"]) == {"rest", "stress"}
    assert set(found["subject"]) == set(windows["subject"])
    assert len(found) == ((windows["label"] != "") & (windows["quality"] == OK)).sum()
    own = score_windows(found, resamples=200)
    assert own.value > 0.9
    assert own.clusters == 6
    assert score_windows(found, MAJORITY, resamples=50).value == 0.5
    assert set(FLOORS) <= set(found.columns)
    assert 0 <= balanced_calibration_error(found) < 0.3


def test_a_person_is_judged_by_the_others_only(windows):
    # Turning the labels of one person round must not change a single prediction for that person.
    turned = windows.copy()
    mine = (turned["subject"] == "P0") & (turned["label"] != "")
    turned.loc[mine, "label"] = turned.loc[mine, "label"].map({"rest": "stress", "stress": "rest"})
    columns = ["rest", "stress", RECOGNIZER, *FLOORS]
    before, after = leave_one_subject_out(windows), leave_one_subject_out(turned)
    pd.testing.assert_frame_equal(
        before.loc[before["subject"] == "P0", columns], after.loc[after["subject"] == "P0", columns]
    )
    assert not before.loc[before["subject"] == "P1", columns].equals(after.loc[after["subject"] == "P1", columns])


def test_the_clock_floor_knows_the_clock(windows):
    # The invented people differ in when they are tense; with the same plan for all the clock is perfect.
    same = windows[windows["subject"].isin(["P0", "P3"])]
    third = same[same["subject"] == "P0"].assign(subject="P6")
    third.index = [item.replace("P0", "P6") for item in third.index]
    found = leave_one_subject_out(pd.concat([same, third]))
    assert score_windows(found, TIME, resamples=50).value == 1.0


def test_too_few_people(windows):
    with pytest.raises(BadInput, match="2 people with usable windows"):
        leave_one_subject_out(windows[windows["subject"].isin(["P0", "P1"])])
    with pytest.raises(BadInput, match="nobody has enough usable windows"):
        leave_one_subject_out(windows.assign(quality="poor"))


def test_training_writes_a_card_with_floors(windows, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "stress_windows", lambda corpus: windows)
    monkeypatch.setattr(training, "load_corpus", lambda slug, data: None)
    scores = training.train_stress_recognizer(None, tmp_path / "out")
    assert scores["uar"] > 0.9
    assert {f"uar, floor: {name}" for name in FLOORS} <= set(scores)
    card = (tmp_path / "out" / "README.md").read_text()
    for words in ("prohibited use", "minute of the session", "poor contact", "calibration error", "transductive"):
        assert words in card
    back = load_recognizer(tmp_path / "out")
    assert isinstance(back, StressRecognizer)
    assert back.inputs == STANDARDIZED


# -- over time --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recognizer(windows):
    inputs = training._inputs_by_person(windows, True, False)
    return training.fit_chosen(inputs, FEATURES, True)


def test_rows_over_time(bodies, recognizer):
    table = window_table(bodies.recording(1200, tense=[(600, 900)], seed=77))
    table.loc[4, "quality"] = "poor contact"
    found = timeline(
        {"file": "x", "signal": "physiology", **row} for row in rows_over_time.judged_windows(table, recognizer)
    )
    assert len(found) == len(table)
    assert np.isnan(found.loc[4, ["rest", "stress", "confidence"]].astype(float)).all()
    inside = (found["start"] >= 600) & (found["end"] <= 900)
    outside = (found["end"] <= 600) | (found["start"] >= 900)
    assert found.loc[inside, "stress"].mean() > found.loc[outside, "stress"].mean() + 0.4
    known = found["quality"] == "ok"
    np.testing.assert_allclose(found.loc[known, ["rest", "stress"]].sum(axis=1), 1)


def test_a_short_recording_is_told(bodies, recognizer):
    table = window_table(bodies.recording(300))
    found = list(rows_over_time.judged_windows(table, recognizer))
    assert {row["quality"] for row in found} == {rows_over_time.TOO_SHORT}
    raw = StressRecognizer(inputs=RAW)
    inputs = pd.concat([recognizer_inputs(table, standardize=False)] * 4, ignore_index=True)
    labels = pd.Series(np.where(np.arange(len(inputs)) % 2, "rest", "stress"))
    raw.fit(inputs, labels)
    assert {row["quality"] for row in rows_over_time.judged_windows(table, raw)} == {OK}


def test_files_are_read(tmp_path, bodies, recognizer, monkeypatch):
    monkeypatch.setattr(rows_over_time, "shipped_recognizer", lambda signal: recognizer)
    one = bodies.recording(120, signals=("EDA",))
    for name, signal in one.signals.items():
        lines = [f"{1.6e9}", f"{signal.rate}", *map(str, signal.values)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    assert [row["quality"] for row in rows_over_time.over_time(tmp_path)] == ["no pulse"] * 3
    assert make_recording("x", 0.0, one.signals).seconds == 120


# -- real data --------------------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.slow
def test_scores_on_stress_predict(data_root, tmp_path):
    scores = training.train_stress_recognizer(data_root, tmp_path)
    assert scores["uar"] == pytest.approx(0.75, abs=0.03)
    assert scores["uar"] > scores["uar, floor: heart rate threshold, relative to the person"] + 0.05
    assert scores["uar, floor: minute of the session"] > scores["uar"]
    assert scores["balanced_calibration_error"] < 0.08
