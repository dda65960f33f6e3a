"""The acoustic features of an utterance."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.linalg import logm

from thymos.errors import BadInput
from thymos.perceive.speech.analysis import analyzed, joined
from thymos.perceive.speech.clip_features import acoustic_features, acoustic_names, active_part, features_of_frames
from thymos.perceive.speech.clip_statistics import STATISTICS, described, loud_frames, statistic_names
from thymos.perceive.speech.clip_structure import (
    BANDS,
    COVARIANCE_RIDGE,
    MODULATION_EDGES,
    band_covariance,
    band_modulation,
    floored,
    wide_bands,
)

RATE = 16000
Spoken = Callable[..., np.ndarray]
NAMES = acoustic_names()


def features(sound: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, features_of_frames(joined(analyzed([sound]))).tolist(), strict=True))


def test_names_are_unique_and_have_families() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert {name.partition(":")[0] for name in NAMES} == {"statistics", "covariance", "modulation"}
    assert len(statistic_names(64)) == len([name for name in NAMES if name.startswith("statistics:")])


@pytest.mark.parametrize("mood", ["calm", "happy", "angry"])
def test_every_feature_is_finite(mood: str, spoken: Spoken) -> None:
    assert np.isfinite(list(features(spoken(np.random.default_rng(0), mood, 150)).values())).all()


def test_pitch_and_length_are_found(spoken: Spoken) -> None:
    rng = np.random.default_rng(0)
    low, high = features(spoken(rng, "calm", 110)), features(spoken(rng, "happy", 110))
    semitones = high["statistics:pitch_p50"] - low["statistics:pitch_p50"]
    assert semitones == pytest.approx(12 * np.log2(1.5 / 0.9), abs=3)
    assert low["statistics:seconds"] == pytest.approx(0.8, abs=0.15)
    assert high["statistics:stretches_per_second"] > low["statistics:stretches_per_second"]


def test_silence_around_an_utterance_does_not_matter(spoken: Spoken) -> None:
    sound = spoken(np.random.default_rng(0), "happy", 150)
    around = np.concatenate([np.zeros(RATE), sound, np.zeros(2 * RATE)]).astype(np.float32)
    found, expected = features(around), features(sound)
    for name in ("statistics:pitch_p50", "statistics:energy_p50", "statistics:seconds", "covariance:0000"):
        assert found[name] == pytest.approx(expected[name], rel=0.02, abs=0.05), name


def test_the_gain_of_the_microphone_does_not_matter(spoken: Spoken) -> None:
    sound = spoken(np.random.default_rng(0), "angry", 150)
    loud, soft = features(sound), features((sound * 0.1).astype(np.float32))
    for name in NAMES:
        assert soft[name] == pytest.approx(loud[name], rel=0.05, abs=0.05), name


def test_a_noise_has_no_pitch_and_zeros_for_it() -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    found = features(noise.astype(np.float32))
    assert found["statistics:pitch_mean"] == 0
    assert found["statistics:voiced_share"] < 0.05


def test_described_is_what_numpy_says() -> None:
    values = np.random.default_rng(0).normal(size=100)
    found = dict(zip(STATISTICS, described(values), strict=True))
    assert found["mean"] == pytest.approx(values.mean())
    assert found["p75"] == pytest.approx(np.percentile(values, 75))
    assert dict(zip(STATISTICS, described(np.linspace(-3, 3, 50)), strict=True))["slope"] == pytest.approx(3)
    assert described(values[:2]).tolist() == [0.0] * len(STATISTICS)


def test_loud_frames_are_within_25_decibels() -> None:
    energy = np.array([-60.0] * 10 + [-34.0] * 10 + [-44.0] + [-20.0] * 10)

    assert loud_frames(energy).sum() == 21


def test_the_covariance_is_a_matrix_logarithm() -> None:
    bands = np.random.default_rng(0).normal(size=(200, BANDS)) * 2
    found = band_covariance(bands)
    still = np.hstack(
        [
            bands - bands.mean(),
            *(
                np.pad(bands, ((k, k), (0, 0)), mode="edge")[2 * k :]
                - np.pad(bands, ((k, k), (0, 0)), mode="edge")[: -2 * k]
                for k in (2, 8)
            ),
        ]
    )
    expected = logm(np.cov(still.T) + COVARIANCE_RIDGE * np.eye(3 * BANDS)).real
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(expected), rel=1e-6)  # root 2 keeps the norm
    assert found[0] == pytest.approx(expected[0, 0], rel=1e-6)


@pytest.mark.parametrize("hertz", [2.5, 5.0, 12.0])
def test_modulation_finds_the_rate_of_changes(hertz: float) -> None:
    bands = np.sin(2 * np.pi * hertz * np.arange(300) / 100)[:, None] * np.ones(BANDS)
    strongest = band_modulation(bands).reshape(-1, BANDS).argmax(axis=0)
    edges = np.array(MODULATION_EDGES) * 100 / 96
    assert (edges[strongest] - 1.1 <= hertz).all()
    assert (edges[strongest + 1] + 1.1 >= hertz).all()


def test_modulation_of_short_utterances_is_finite() -> None:
    for frames in (1, 2, 20, 96, 97):
        assert np.isfinite(band_modulation(np.random.default_rng(0).normal(size=(frames, BANDS)))).all()


def test_wide_bands_have_a_floor() -> None:
    log_mel = np.zeros((50, 64), dtype=np.float32)
    log_mel[::2] = -40
    assert floored(log_mel).min() == -12
    assert wide_bands(floored(log_mel)).shape == (50, BANDS)
    assert wide_bands(np.tile(np.arange(64.0), (2, 1)))[0, [0, -1]].tolist() == [1.0, 61.5]


def test_the_active_part_keeps_a_fifth_of_a_second() -> None:
    energy = np.full(100, -90.0)
    energy[50:56] = -20
    first, last = active_part(energy, "x")
    assert last - first >= 20
    assert first <= 50
    assert last >= 56
    assert active_part(np.full(30, -30.0), "x") == (0, 30)


def test_unusable_sounds(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    with pytest.raises(BadInput, match=r"a\.wav: there is only silence"):
        acoustic_features(path)
    soundfile.write(path, 0.1 * np.ones(1000), RATE)
    with pytest.raises(BadInput, match="too short to judge"):
        acoustic_features(path)
    soundfile.write(path, np.zeros(61 * 8000), 8000)
    with pytest.raises(BadInput, match="more than 60 s at once"):
        acoustic_features(path)


def test_a_part_of_a_file(tmp_path: Path, spoken: Spoken) -> None:
    path = tmp_path / "a.wav"
    sound = spoken(np.random.default_rng(0), "happy", 150)
    soundfile.write(path, np.concatenate([np.zeros(RATE), sound]), RATE, subtype="FLOAT")
    row = acoustic_features(path, start=1.0)
    np.testing.assert_allclose(row, features_of_frames(joined(analyzed([sound]))), rtol=1e-5, atol=1e-5)
