"""Voice activity on generated tones, noise and silence."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from thymos.errors import BadInput
from thymos.perceive.speech.analysis import analyzed
from thymos.perceive.speech.voice_activity import Segment, VoiceActivity, speech_segments

RATE = 16000


def voice(seconds: float, level: float = 0.3) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time)
    return level * syllables * np.sum([np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 9)], axis=0) / 2


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    return level * np.random.default_rng(seed).normal(size=round(seconds * RATE))


def found(signal: np.ndarray, cuts: int = 7, **settings: float) -> list[Segment]:
    blocks = np.array_split(signal.astype(np.float32), cuts)
    return list(VoiceActivity(**settings).segments(analyzed(blocks)))


def assert_segments(segments: list[Segment], expected: list[tuple[float, float]], within: float = 0.12) -> None:
    assert len(segments) == len(expected), segments
    np.testing.assert_allclose(np.array(segments), np.array(expected), atol=within)


def test_speech_between_silences() -> None:
    silence = np.zeros(RATE)
    signal = np.concatenate([silence, voice(1.2), silence, voice(0.6), silence])
    assert_segments(found(signal), [(1.0, 2.2), (3.2, 3.8)])


@pytest.mark.parametrize("level", [0.001, 0.01, 0.03])
def test_speech_in_steady_noise(level: float) -> None:
    signal = np.concatenate([np.zeros(2 * RATE), voice(1.0), np.zeros(2 * RATE)]) + noise(5.0, level)
    assert_segments(found(signal), [(2.0, 3.0)])


def test_the_floor_follows_noise_that_grows() -> None:
    loud = noise(16.0, 1.0) * np.repeat([0.001, 0.02], 8 * RATE)
    signal = loud.copy()
    signal[3 * RATE : 4 * RATE] += voice(1.0)
    signal[13 * RATE : 14 * RATE] += voice(1.0)
    assert_segments(found(signal), [(3.0, 4.0), (13.0, 14.0)])


def test_a_file_that_begins_with_speech() -> None:
    assert_segments(found(np.concatenate([voice(1.0), np.zeros(RATE)])), [(0.0, 1.0)])


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(2 * RATE),
        noise(3.0, 0.1),
        noise(3.0, 1e-5),
        0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE),
        np.full(RATE, 0.5),
        np.zeros(1),
    ],
    ids=["silence", "noise", "faint noise", "steady tone", "constant", "one sample"],
)
def test_no_speech(signal: np.ndarray) -> None:
    assert found(signal, cuts=1) == []


def test_a_burst_of_noise_is_no_speech() -> None:
    signal = np.concatenate([np.zeros(2 * RATE), noise(0.5, 0.2), np.zeros(2 * RATE)])
    assert found(signal) == []


def test_short_pauses_are_bridged_and_clicks_dropped() -> None:
    pause = np.zeros(round(0.2 * RATE))
    silence = np.zeros(RATE)
    signal = np.concatenate([silence, voice(0.5), pause, voice(0.5), silence, voice(0.03), silence])
    assert_segments(found(signal), [(1.0, 2.2)])
    assert len(found(signal, pause=0.1)) == 2


@pytest.mark.parametrize("cuts", [1, 3, 50])
def test_blocks_do_not_matter(cuts: int) -> None:
    rng = np.random.default_rng(0)
    pieces = [part for _ in range(8) for part in (np.zeros(rng.integers(3000, 40000)), voice(rng.uniform(0.2, 2)))]
    signal = np.concatenate(pieces) + noise(len(np.concatenate(pieces)) / RATE, 0.003)[: len(np.concatenate(pieces))]
    assert found(signal, cuts) == found(signal, 11)


def test_one_decision_a_frame() -> None:
    signal = voice(6.05).astype(np.float32)
    for cuts in (1, 9):
        flags = list(VoiceActivity().speaking(analyzed(np.array_split(signal, cuts))))
        assert sum(map(len, flags)) == 605


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.concatenate([np.zeros(RATE), voice(1.0), np.zeros(RATE)]), RATE)
    table = speech_segments(path)
    assert list(table.columns) == ["start", "end"]
    np.testing.assert_allclose(table.to_numpy(), [[1.0, 2.0]], atol=0.12)
    soundfile.write(path, np.zeros(RATE), RATE)
    assert speech_segments(path).shape == (0, 2)


def test_settings_are_positive() -> None:
    with pytest.raises(BadInput, match="not positive"):
        VoiceActivity(pause=0.0)
