"""Measuring the recognizer on voices that it has not heard, and training the one that ships."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.perceive.saving import load_recognizer
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.speech import training
from thymos.perceive.speech.clip_features import acoustic_names
from thymos.perceive.speech.evaluation import (
    SHARED_CLASSES,
    across_corpora,
    calibration_errors,
    class_recalls,
    group_recalls,
    outer_folds,
    score_voices,
    voices,
    voices_of,
)
from thymos.perceive.speech.recognizer import SpeechRecognizer
from thymos.testing.layouts import write_official_layout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twins of both corpora in one data folder."""
    folder = tmp_path_factory.mktemp("voices")
    write_official_layout("ravdess", folder / "ravdess")
    write_official_layout("emodb", folder / "emodb", layout="four_classes")
    return folder


@pytest.fixture(scope="module")
def items(data: Path) -> pd.DataFrame:
    return voices(data)


@pytest.fixture(scope="module")
def features(items: pd.DataFrame) -> pd.DataFrame:
    """Invented features: the emotion, the speaker, and noise."""
    rng = np.random.default_rng(0)
    width = 24
    emotions = {name: rng.normal(size=width) for name in sorted(items["emotion"].unique())}
    speakers = {name: 1.5 * rng.normal(size=width) for name in sorted(items["speaker"].unique())}
    rows = [
        emotions[emotion] + speakers[speaker] + 0.7 * rng.normal(size=width)
        for emotion, speaker in zip(items["emotion"], items["speaker"], strict=True)
    ]
    return pd.DataFrame(rows, index=items.index, columns=[f"x:{number}" for number in range(width)])


def of(items: pd.DataFrame, corpus: str) -> pd.DataFrame:
    return items[items["corpus"] == corpus]


def test_voices_of_both_corpora_have_one_name_for_an_emotion(items: pd.DataFrame) -> None:
    assert set(of(items, "ravdess")["emotion"]) == {
        "anger", "calm", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
    }  # fmt: skip
    assert set(of(items, "emodb")["emotion"]) == set(SHARED_CLASSES)
    assert items["fold"].notna().all()
    assert items.index.is_unique
    assert items["speaker"].str.startswith(("ravdess/", "emodb/")).all()
    assert set(items["intensity"]) == {"normal", "strong", ""}


def test_no_speaker_is_judged_by_a_recognizer_that_heard_it(
    items: pd.DataFrame, features: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = of(items, "ravdess")
    heard: list[set[str]] = []
    fit = SpeechRecognizer.fit

    def spied(self: SpeechRecognizer, table: pd.DataFrame, labels: pd.Series, *, groups: pd.Series) -> object:
        heard.append(set(groups))
        assert table.index.equals(labels.index)
        return fit(self, table, labels, groups=groups)

    monkeypatch.setattr(SpeechRecognizer, "fit", spied)
    found = outer_folds(own, features.loc[own.index], SpeechRecognizer())
    assert found.index.equals(own.index)
    for fold, speakers in zip(sorted(own["fold"].unique()), heard, strict=True):
        assert speakers == set(own["speaker"]) - set(own.loc[own["fold"] == fold, "speaker"])
    np.testing.assert_allclose(found[sorted(own["emotion"].unique())].sum(axis=1), 1)
    assert set(found["penalty"]) <= {0.1, 0.3, 1.0, 3.0}


def test_a_speaker_in_two_folds_is_refused(items: pd.DataFrame, features: pd.DataFrame) -> None:
    own = of(items, "ravdess").copy()
    own.iloc[0, own.columns.get_loc("fold")] = "fold5"
    with pytest.raises(BadInput, match="stands in 2 folds"):
        outer_folds(own, features.loc[own.index], SpeechRecognizer())


def test_relative_features_help_where_speakers_differ(items: pd.DataFrame, features: pd.DataFrame) -> None:
    own = of(items, "ravdess")
    plain = outer_folds(own, features.loc[own.index], SpeechRecognizer())
    relative = outer_folds(own, features.loc[own.index], SpeechRecognizer(relative=True))
    assert score_voices(relative, resamples=200).value > score_voices(plain, resamples=200).value + 0.03


def test_shuffled_labels_give_chance(items: pd.DataFrame, features: pd.DataFrame) -> None:
    own = of(items, "ravdess").copy()
    own["emotion"] = np.random.default_rng(0).permutation(own["emotion"])
    found = score_voices(outer_folds(own, features.loc[own.index], SpeechRecognizer()), resamples=500)
    assert found.value == pytest.approx(1 / 8, abs=0.09)


def test_the_other_corpus_is_judged_on_shared_classes(items: pd.DataFrame, features: pd.DataFrame) -> None:
    found = across_corpora(items, features, SpeechRecognizer(), "emodb", "ravdess")
    assert set(found["corpus"]) == {"ravdess"}
    assert set(found["emotion"]) == set(SHARED_CLASSES)
    assert set(found["predicted"]) <= set(SHARED_CLASSES)


def predictions() -> pd.DataFrame:
    """Invented predictions whose scores are known."""
    rows = []
    for speaker, sex, right in (("a", "female", 4), ("b", "male", 2)):
        for emotion in ("anger", "calm"):
            for number in range(4):
                other = "calm" if emotion == "anger" else "anger"
                rows.append(
                    {
                        "speaker": speaker,
                        "sex": sex,
                        "emotion": emotion,
                        "intensity": "strong" if emotion == "anger" and number < 2 else "normal",
                        "predicted": emotion if number < right else other,
                    }
                )
    table = pd.DataFrame(rows)
    for name in ("anger", "calm"):
        table[name] = np.where(table["predicted"] == name, 0.75, 0.25)
        table[f"before:{name}"] = 0.5
    return table


def test_scores_are_those_of_the_definition() -> None:
    table = predictions()
    found = score_voices(table, resamples=500)
    assert found.value == pytest.approx(0.75)
    assert found.low == pytest.approx(0.5)
    assert found.high == pytest.approx(1.0)
    assert group_recalls(table, "sex").to_dict() == {"female": 1.0, "male": 0.5}
    # Strong calm does not exist here, so the intensities are compared on anger alone.
    assert group_recalls(table, "intensity").to_dict() == {"normal": 0.5, "strong": 1.0}
    assert class_recalls(table).to_dict() == {"anger": 0.75, "calm": 0.75}
    before, after = calibration_errors(table)
    assert after == pytest.approx(0.0)
    assert before == pytest.approx(0.25, abs=0.26)


def test_training_measures_saves_and_says_so(
    data: Path, features: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "speech_features", lambda items, kinds, **options: features.loc[items.index])
    scores = training.train_speech_recognizer(data, tmp_path / "recognizer")
    assert set(scores) == {
        "ravdess", "emodb", "emodb from ravdess", "ravdess from emodb", "ravdess, calibration error before",
        "ravdess, calibration error",
    }  # fmt: skip
    assert 0.125 < scores["ravdess"] <= 1
    recognizer = load_recognizer(tmp_path / "recognizer")
    assert isinstance(recognizer, SpeechRecognizer)
    assert len(recognizer.classes_) == 8
    card = (tmp_path / "recognizer" / "README.md").read_text()
    assert "80 recordings of 10 actors (emodb) and 192 recordings of 12 actors (ravdess)" in card
    for part in (f"{scores['ravdess']:.3f}", "CC BY-NC-SA", "by sex: female", "calibration error", "cross-corpus"):
        assert part in card


def test_the_recognizer_that_ships_reads_acoustic_features() -> None:
    shipped_recognizer.cache_clear()
    recognizer = shipped_recognizer("speech")
    assert isinstance(recognizer, SpeechRecognizer)
    assert recognizer.kinds == ("acoustic",)
    assert not recognizer.relative
    assert recognizer.feature_names_in_.tolist() == acoustic_names()
    assert recognizer.classes_.tolist() == [
        "anger", "calm", "disgust", "fear", "happiness", "neutral", "sadness", "surprise",
    ]  # fmt: skip


@pytest.mark.data
def test_the_recognizer_that_ships_knows_its_training_voices(data_root: Path) -> None:
    items = voices_of(load_corpus("ravdess", data_root)).iloc[::60]
    recognizer = shipped_recognizer("speech")
    assert isinstance(recognizer, SpeechRecognizer)
    assert (recognizer.predict(items) == items["emotion"]).mean() > 0.7
