"""All measurements of a frame: the same wherever blocks are cut, and flat memory."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from thymos.perceive.speech.analysis import PROSODY_NAMES, FrameAnalysis, analyzed, joined, speech_frames
from thymos.perceive.speech.spectrum import Spectra, cepstrum

RATE = 16000


def example(seconds: float = 1.5) -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    voice = np.sum([np.sin(2 * np.pi * 180 * k * time) / k for k in range(1, 8)], axis=0)
    return (0.2 * voice * (np.sin(2 * np.pi * 1.5 * time) > 0) + 0.01 * rng.normal(size=len(time))).astype(np.float32)


@pytest.mark.parametrize(
    "cuts", [[1], [160, 161, 5000], [7, 800, 801, 802, 12345, 20000], list(range(100, 24000, 700))]
)
def test_blocks_do_not_matter(cuts: list[int]) -> None:
    signal = example()
    whole = joined(analyzed([signal]))
    parts = list(analyzed(np.split(signal, cuts)))
    assert [part.first for part in parts] == np.cumsum([0, *(len(part.log_mel) for part in parts[:-1])]).tolist()
    cut = joined(parts)
    np.testing.assert_allclose(cut.log_mel, whole.log_mel, atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(cut.prosody, whole.prosody, atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(cut.cepstrum, whole.cepstrum, atol=1e-5, rtol=1e-6)
    np.testing.assert_allclose(whole.cepstrum, cepstrum(whole.log_mel, 13))


def test_one_frame_every_ten_milliseconds() -> None:
    block = joined(analyzed([example(0.995)]))
    assert block.log_mel.shape == (100, 64)
    assert block.prosody.shape == (100, len(PROSODY_NAMES))
    assert block.seconds[[0, 99]].tolist() == [0.0, 0.99]
    table = block.table()
    assert list(table.columns) == list(PROSODY_NAMES)
    assert table.index.name == "seconds"


def test_values_are_those_of_the_signal() -> None:
    time = np.arange(RATE) / RATE
    table = joined(analyzed([(0.5 * np.sin(2 * np.pi * 250 * time)).astype(np.float32)])).table().iloc[5:-5]
    np.testing.assert_allclose(table["energy"], 10 * np.log10(0.5**2 / 2), atol=0.2)
    np.testing.assert_allclose(table["f0"], 250, rtol=0.005)
    assert table["flux"].max() < 0.1
    assert table["jitter"].max() < 1e-3
    assert table["shimmer"].max() < 0.2


def test_flux_marks_an_onset() -> None:
    signal = np.concatenate([np.zeros(8000), 0.3 * np.random.default_rng(0).normal(size=8000)]).astype(np.float32)
    flux = joined(analyzed([signal])).table()["flux"]
    assert abs(flux.idxmax() - 0.5) < 0.03


def test_jitter_and_shimmer_rise_with_irregularity() -> None:
    rng = np.random.default_rng(0)

    def measured(period_step: float, peak_step: float) -> tuple[float, float]:
        steps = np.repeat(rng.normal(size=101), 160)[:RATE]
        phase = 2 * np.pi * np.cumsum(200 * (1 + period_step * steps)) / RATE
        voice = 0.3 * (1 + peak_step * np.repeat(rng.normal(size=101), 160)[:RATE]) * np.sin(phase)
        table = joined(analyzed([voice.astype(np.float32)])).table()
        return float(table["jitter"].mean()), float(table["shimmer"].mean())

    steady, trembling = measured(0.0, 0.0), measured(0.03, 0.2)
    assert trembling[0] > 5 * steady[0]
    assert trembling[1] > 3 * steady[1]


def test_silence_has_no_voice_and_no_nan_in_the_bands() -> None:
    block = joined(analyzed([np.zeros(RATE, dtype=np.float32)]))
    assert np.isfinite(block.log_mel).all()
    table = block.table()
    assert table["f0"].isna().all()
    assert table.drop(columns=["f0", "harmonics_to_noise", "jitter", "shimmer"]).notna().all().all()


def test_a_file_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    signal = example()
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    np.testing.assert_allclose(
        joined(speech_frames(path)).log_mel, joined(analyzed([signal])).log_mel, atol=1e-6, rtol=1e-6
    )
    part = joined(speech_frames(path, start=0.5, end=1.0))
    np.testing.assert_allclose(part.log_mel, joined(analyzed([signal[8000:16000]])).log_mel, atol=1e-6, rtol=1e-6)


def test_other_rates_and_bands() -> None:
    spectra = Spectra(rate=8000, bands=40, high=4000.0)
    assert joined(analyzed([example()[::2]], spectra)).log_mel.shape == (150, 40)


def test_an_analysis_without_sound_is_empty() -> None:
    analysis = FrameAnalysis()
    assert analysis.finish().prosody.shape == (0, len(PROSODY_NAMES))
