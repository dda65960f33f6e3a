"""The recognizer of speech: its algebra, its contract, recordings, speakers, saving."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.files import cache_folder
from thymos.perceive.saving import load_recognizer
from thymos.perceive.speech import features as features_module
from thymos.perceive.speech.features import speech_features
from thymos.perceive.speech.recognizer import SpeechRecognizer, family_sizes, fit_least_squares
from thymos.perceive.speech.speaker_levels import relative_to_speaker


def table(seed: int = 0, speakers: int = 6, each: int = 12, columns: int = 30) -> tuple[pd.DataFrame, pd.Series]:
    """Invented features of two families in three classes, with a level of its own for each speaker."""
    rng = np.random.default_rng(seed)
    labels = np.tile(["calm", "happy", "angry"], speakers * each // 3)
    who = np.repeat(np.arange(speakers), each)
    centers = {name: rng.normal(size=columns) for name in ("calm", "happy", "angry")}
    levels = rng.normal(size=(speakers, columns)) * 2
    values = np.array([centers[name] for name in labels]) + levels[who] + rng.normal(size=(len(labels), columns))
    index = pd.Index([f"i{number}" for number in range(len(labels))], name="item")
    names = [f"{'small' if number < 5 else 'large'}:{number}" for number in range(columns)]
    frame = pd.DataFrame(values, index=index, columns=names)
    return frame, pd.DataFrame({"label": labels, "speaker": [f"s{k}" for k in who]}, index=index)


def uar(gold: pd.Series, found: pd.Series) -> float:
    right = gold.to_numpy() == found.to_numpy()
    return float(np.mean([right[gold.to_numpy() == name].mean() for name in gold.unique()]))


# -- least squares -----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), penalty=st.sampled_from([0.1, 1.0, 10.0]))
def test_weights_minimize_the_stated_loss(seed: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    codes = np.r_[[0, 1, 2], rng.integers(0, 3, size=17)]
    inputs = rng.normal(size=(20, 8)) * rng.uniform(0.1, 9, size=8) + rng.normal(size=8)
    families = family_sizes(["a:1", "a:2", "b:1", "b:2", "b:3", "b:4", "b:5", "b:6"])
    weights, intercepts = fit_least_squares(inputs, codes, families, (penalty,), 3)[penalty]

    balance = 1 / np.bincount(codes)[codes]
    balance = balance / balance.mean()
    share = balance / balance.sum()
    mean = share @ inputs
    spread = np.sqrt(share @ (inputs - mean) ** 2)
    column = spread * np.sqrt(families * 2)  # two families

    def loss(weights: np.ndarray, intercepts: np.ndarray) -> float:
        errors = np.eye(3)[codes] - inputs @ weights.T - intercepts
        return float((balance[:, None] * errors**2).sum() + penalty * ((weights * column) ** 2).sum())

    best = loss(weights, intercepts)
    for _ in range(20):
        step = 1e-3 * rng.normal(size=weights.shape) / column
        assert loss(weights + step, intercepts) >= best - 1e-9
        assert loss(weights, intercepts + 1e-3 * rng.normal(size=3)) >= best - 1e-9


def test_scale_and_shift_of_columns_do_not_matter() -> None:
    frame, about = table()
    recognizer = SpeechRecognizer(penalties=(1.0,))
    found = clone(recognizer).fit(frame, about["label"], groups=about["speaker"]).predict_proba(frame)
    other = frame * np.linspace(0.01, 100, 30) + np.linspace(-5, 50, 30)
    again = clone(recognizer).fit(other, about["label"], groups=about["speaker"]).predict_proba(other)
    np.testing.assert_allclose(found, again, atol=1e-6)


def test_a_family_counts_alike_however_many_columns_it_has() -> None:
    assert family_sizes(["a:1", "a:2", "b:1", "c", "d"]).tolist() == [2, 2, 1, 2, 2]
    frame, about = table()
    doubled = pd.concat([frame, frame.iloc[:, 5:].rename(columns=lambda name: f"{name} again")], axis=1)
    recognizer = SpeechRecognizer(penalties=(1.0,))
    one = clone(recognizer).fit(frame, about["label"], groups=about["speaker"]).predict_proba(frame)
    two = clone(recognizer).fit(doubled, about["label"], groups=about["speaker"]).predict_proba(doubled)
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_columns_that_never_change_are_left_out() -> None:
    frame, about = table()
    constant = frame.assign(**{"large:x": 7.0})
    fitted = SpeechRecognizer().fit(constant, about["label"], groups=about["speaker"])
    assert np.abs(fitted.coefficients_[:, -1]).max() == 0


# -- contract ----------------------------------------------------------------------------------------------------------


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    frame, about = table()
    recognizer = SpeechRecognizer()
    with pytest.raises(BadInput, match="call fit first"):
        recognizer.predict_proba(frame)
    assert recognizer.fit(frame, about["label"], groups=about["speaker"]) is recognizer
    assert recognizer.classes_.tolist() == ["angry", "calm", "happy"]
    found = recognizer.predict_proba(frame)
    assert found.index.equals(frame.index)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert uar(about["label"], recognizer.predict(frame)) > 0.9
    np.testing.assert_allclose(recognizer.predict_proba(frame.iloc[:1]), found.iloc[:1])
    np.testing.assert_allclose(recognizer.predict_proba(frame[frame.columns[::-1]].iloc[::-1]), found.iloc[::-1])
    again = clone(recognizer).fit(frame, about["label"], groups=about["speaker"]).predict_proba(frame)
    np.testing.assert_allclose(again, found)
    folder = recognizer.save(tmp_path / "saved", notes="invented features")
    back = load_recognizer(folder)
    assert isinstance(back, SpeechRecognizer)
    assert back.get_params() == recognizer.get_params()
    np.testing.assert_allclose(back.predict_proba(frame), found, atol=1e-9)
    assert "invented features" in (folder / "README.md").read_text()
    assert {path.name for path in folder.iterdir()} == {"README.md", "recognizer.json", "weights.safetensors"}


def test_speakers_are_kept_apart_when_settings_are_chosen() -> None:
    # Labels that only the speaker tells: with speakers apart nothing can be learned.
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(30), 4)
    codes = rng.integers(0, 2, size=30)[who]
    frame = pd.DataFrame(rng.normal(size=(30, 60))[who] + 0.1 * rng.normal(size=(120, 60)))
    frame.columns = [f"x:{number}" for number in range(60)]
    labels = pd.Series(np.array(["no", "yes"])[codes])
    apart = SpeechRecognizer().fit(frame, labels, groups=who)
    mixed = SpeechRecognizer().fit(frame, labels)
    assert max(mixed.development_.values()) > 0.9
    assert max(apart.development_.values()) < 0.75


def test_calibration_makes_probabilities_honest() -> None:
    frame, about = table(1, speakers=12, each=30)
    train = about["speaker"].isin([f"s{k}" for k in range(8)])
    test = ~train
    fitted = SpeechRecognizer(relative=True)
    inputs = fitted.adapt(frame, about["speaker"])
    fitted.fit(inputs[train], about["label"][train], groups=about["speaker"][train])
    found = fitted.predict_proba(inputs[test])
    right = (found.idxmax(axis=1) == about["label"][test]).mean()
    assert found.max(axis=1).mean() == pytest.approx(right, abs=0.08)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"penalties": ()}, "penalties are"),
        ({"penalties": (0.0,)}, "penalties are"),
    ],
)
def test_impossible_parameters(change: dict[str, object], message: str) -> None:
    frame, about = table()
    with pytest.raises(BadInput, match=message):
        SpeechRecognizer(**change).fit(frame, about["label"])


def test_too_few_speakers() -> None:
    frame, about = table()
    with pytest.raises(BadInput, match="single speaker"):
        SpeechRecognizer().fit(frame, about["label"], groups=["one"] * len(frame))
    labels = about["label"].where(about["speaker"] != "s0", "odd")
    with pytest.raises(BadInput, match="no 'odd' is left"):
        SpeechRecognizer().fit(frame, labels, groups=about["speaker"])


def test_a_feature_that_is_missing_is_named() -> None:
    frame, about = table()
    fitted = SpeechRecognizer().fit(frame, about["label"])
    with pytest.raises(BadInput, match="'small:1' is missing"):
        fitted.predict_proba(frame.drop(columns="small:1"))
    frame.iloc[3, 2] = np.nan
    with pytest.raises(BadInput, match="i3"):
        fitted.predict_proba(frame)


# -- relative to the speaker -------------------------------------------------------------------------------------------


def test_adaptation_takes_the_speaker_out() -> None:
    frame, about = table(speakers=10)
    relative = relative_to_speaker(frame, about["speaker"])
    means = relative.groupby(about["speaker"]).mean()
    np.testing.assert_allclose(means, 0, atol=1e-9)
    np.testing.assert_allclose(relative.groupby(about["speaker"]).std(ddof=0), 1)
    train = about["speaker"] < "s5"
    plain = SpeechRecognizer().fit(frame[train], about["label"][train], groups=about["speaker"][train])
    adapted = SpeechRecognizer(relative=True)
    inputs = adapted.adapt(frame, about["speaker"])
    adapted.fit(inputs[train], about["label"][train], groups=about["speaker"][train])
    before = uar(about["label"][~train], plain.predict(frame[~train]))
    after = uar(about["label"][~train], adapted.predict(inputs[~train]))
    assert after > before + 0.05
    pd.testing.assert_frame_equal(relative, inputs)


def test_adaptation_needs_clips_and_the_right_recognizer(recordings: pd.DataFrame) -> None:
    frame, about = table(each=6)
    with pytest.raises(BadInput, match="'s0' has 6 clips; at least 8"):
        SpeechRecognizer(relative=True).adapt(frame, about["speaker"])
    with pytest.raises(BadInput, match="relative=True"):
        SpeechRecognizer().adapt(frame, about["speaker"])
    with pytest.raises(BadInput, match="call adapt"):
        SpeechRecognizer(relative=True).fit(recordings, recordings["mood"])
    with pytest.raises(BadInput, match="groups"):
        relative_to_speaker(frame, about["speaker"].iloc[::-1])


# -- recordings --------------------------------------------------------------------------------------------------------


def test_recordings_are_learned_and_recognized(recordings: pd.DataFrame) -> None:
    train = recordings["speaker"].isin(["s0", "s1", "s3", "s4"])
    known, unknown = recordings[train], recordings[~train]
    recognizer = SpeechRecognizer().fit(known, known["mood"], groups=known["speaker"])
    assert uar(unknown["mood"], recognizer.predict(unknown)) > 0.7
    features = speech_features(unknown)
    pd.testing.assert_frame_equal(recognizer.predict_proba(features), recognizer.predict_proba(unknown))


def test_features_are_kept(recordings: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    few = recordings.iloc[:3]
    first = speech_features(few, keep=True)

    def broken(*arguments: object, **options: object) -> pd.Series:
        raise AssertionError("computed again")

    monkeypatch.setattr(features_module.clip_features, "acoustic_features", broken)
    pd.testing.assert_frame_equal(speech_features(few, keep=True), first)
    with pytest.raises(AssertionError, match="computed again"):
        speech_features(few.assign(start=0.1), keep=True)
    monkeypatch.setattr(features_module.clip_features, "FEATURES_VERSION", -1)
    with pytest.raises(AssertionError, match="computed again"):
        speech_features(few, keep=True)


def test_kept_features_that_are_damaged_are_made_again(recordings: pd.DataFrame) -> None:
    few = recordings.iloc[3:4]
    first = speech_features(few, keep=True)
    for path in cache_folder("speech_features").rglob("*.npz"):
        path.write_bytes(b"broken")
    count = len(list(cache_folder("speech_features").rglob("*.npz")))
    pd.testing.assert_frame_equal(speech_features(few, keep=True), first)
    kept = list(cache_folder("speech_features").rglob("*.npz"))
    assert len(kept) == count
    assert any(zipfile.is_zipfile(path) for path in kept)


def test_start_and_end_are_used(recordings: pd.DataFrame) -> None:
    one = recordings.iloc[:1]
    told: list[tuple[int, int]] = []
    part = speech_features(one.assign(start=0.2, end=np.nan), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    assert not np.allclose(part, speech_features(one))
    pd.testing.assert_frame_equal(speech_features(one.assign(start=np.nan, end=np.nan)), speech_features(one))


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (pd.DataFrame({"file": ["a.wav"]}), "column 'path'"),
        (pd.DataFrame({"path": []}), "no item"),
        (pd.DataFrame({"path": [None]}), "path is missing"),
        (pd.DataFrame({"path": ["/nowhere/a.wav"]}), "no such file"),
        (["a.wav"], "column 'path'"),
    ],
)
def test_unusable_items(items: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        speech_features(items)  # type: ignore[arg-type]


def test_unknown_kinds(recordings: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="use some of acoustic, whisper"):
        speech_features(recordings, ("acoustics",))
