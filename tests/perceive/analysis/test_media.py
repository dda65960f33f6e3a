"""Real media, good and bad, through ``analyze`` with the recognizers that ship: one clear line or a marked gap each."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from thymos.perceive.analysis import Wishes, analyze
from thymos.perceive.timeline import OK, label_columns
from thymos.testing.layouts.clips import drawn_heads, video_bytes

USE = Wishes("testing software")


def voice(seconds: float, rate: int = 16000) -> np.ndarray:
    """Something like speech: a harmonic tone that comes in syllables, in a little noise."""
    rng = np.random.default_rng(0)
    time = np.arange(int(seconds * rate)) / rate
    pitch = 140 + 30 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time), 0, 1)
    return (0.12 * tone * syllables + 0.001 * rng.normal(size=len(time))).astype(np.float32)


def picture(path: Path, side: int = 128) -> Path:
    rng = np.random.default_rng(1)
    shades = np.linspace(0, 255, side)[:, None, None] * np.ones((side, side, 3)) * 0.7 + rng.uniform(
        0, 70, (side, side, 3)
    )
    Image.fromarray(shades.astype(np.uint8)).save(path)
    return path


def wristband(folder: Path, seconds: int = 900, skin: float = 2.0) -> Path:
    """An E4 folder of a quarter of an hour with a pulse."""
    rng = np.random.default_rng(2)
    folder.mkdir(parents=True, exist_ok=True)
    time = np.arange(seconds * 64) / 64
    pulse = 60 * np.sin(2 * np.pi * 1.2 * time) ** 3 + rng.normal(0, 1, len(time))
    conductance = skin * (1 + 0.1 * np.sin(np.arange(seconds * 4) / 200)) + rng.normal(0, 0.002, seconds * 4)
    temperature = 33 + 0.1 * np.sin(np.arange(seconds * 4) / 500)
    for name, rate, values in (("BVP", 64, pulse), ("EDA", 4, conductance), ("TEMP", 4, temperature)):
        lines = ["1600000000.0", f"{rate:.6f}", *(f"{value:.6f}" for value in values)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_voice_is_cut_into_pieces_that_are_judged(tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.concatenate([np.zeros(16000, np.float32), voice(6.0), np.zeros(16000, np.float32)]), 16000)
    found = analyze([path], USE)
    assert found.failures == ()
    assert len(label_columns(found.table)) == 8
    judged = found.table[found.table["quality"] == OK]
    assert len(judged) >= 1
    assert found.table["start"].iloc[0] == 0
    assert found.table["end"].iloc[-1] == pytest.approx(8.0, abs=0.05)
    np.testing.assert_allclose(judged[label_columns(found.table)].sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("subtype", "rate"), [("PCM_U8", 16000), ("PCM_16", 192000), ("FLOAT", 44100), ("PCM_24", 8000)]
)
def test_unusual_sounds_are_read(tmp_path, subtype, rate):
    path = tmp_path / "talk.wav"
    soundfile.write(path, voice(2.0, rate), rate, subtype=subtype)
    found = analyze([path], USE)
    assert found.failures == ()
    assert found.table["end"].iloc[-1] == pytest.approx(2.0, abs=0.05)


def test_silence_is_marked_not_guessed(tmp_path):
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(32000, np.float32), 16000)
    table = analyze([path], USE).table
    assert list(table["quality"]) == ["no voice"]
    assert table["confidence"].isna().all()


def test_a_picture_has_a_scene_and_says_that_there_is_no_face(tmp_path):
    found = analyze([picture(tmp_path / "a.png")], USE)
    assert found.failures == ()
    face, scene = found.table.to_dict("records")
    assert face["quality"] == "no face"
    assert scene["quality"] == OK
    assert -1 <= scene["valence"] <= 1
    assert 0 <= scene["confidence"] <= 1


def test_one_shade_and_tiny_pictures_are_marked(tmp_path):
    Image.new("RGB", (200, 200), (10, 10, 10)).save(tmp_path / "dark.png")
    picture(tmp_path / "tiny.png", 16)
    table = analyze([tmp_path], Wishes("testing software", signals=("scene",))).table
    assert list(table["quality"]) == ["nothing to see: one shade", "smaller than 32 pixels"]


def test_a_video_without_sound_is_read_for_its_pictures(tmp_path):
    path = tmp_path / "clip.mp4"
    rng = np.random.default_rng(0)
    path.write_bytes(video_bytes([drawn_heads(rng, 1, shift=number) for number in range(30)]))
    found = analyze([path], USE)
    assert found.failures == ()
    assert "scene" in set(found.table["signal"])


def test_a_wristband_is_judged_by_the_minute(tmp_path):
    found = analyze([wristband(tmp_path / "e4")], USE)
    assert found.failures == ()
    judged = found.table[found.table["quality"] == OK]
    assert set(label_columns(found.table)) == {"rest", "stress"}
    assert len(judged) >= 20
    assert (judged["end"] - judged["start"] == 60).all()


def test_a_loose_wristband_is_marked(tmp_path):
    table = analyze([wristband(tmp_path / "e4", skin=0.05)], USE).table
    assert table["quality"].str.contains("poor contact").all()
    assert table["confidence"].isna().all()


def test_a_short_recording_says_that_it_is_too_short(tmp_path):
    found = analyze([wristband(tmp_path / "e4", seconds=200)], USE)
    assert found.table["quality"].str.contains("the person's own level").all()
    assert found.table["confidence"].isna().all()


def test_bad_media_cost_nothing_but_themselves(tmp_path):
    good = picture(tmp_path / "good.png")
    wav = tmp_path / "cut.wav"
    soundfile.write(wav, voice(2.0), 16000)
    bad = {
        "cut.wav": wav.read_bytes()[:30],
        "empty.png": b"",
        "text.jpg": b"this is no picture",
        "empty.wav": b"",
        "half.png": good.read_bytes()[: good.stat().st_size // 2],
        "noise.mp4": bytes(range(256)) * 40,
        "wrong.mp3": b"RIFFxxxxWAVE",
        "odd.csv": b"a,b\n1,2\n",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    folder = wristband(tmp_path / "rate", seconds=120)
    (folder / "EDA.csv").write_text("1600000000.0\n-4\n1\n2\n")
    found = analyze([tmp_path], USE)
    assert {Path(name).name for name in found.failed_files} == {*bad, "rate"}
    assert set(found.table["file"]) == {str(good)}
    for failure in found.failures:
        assert "\n" not in failure.reason
        assert "unexpected" not in failure.reason, failure.reason
        assert failure.file in failure.reason


def test_sensors_that_fail_in_between_are_gaps(tmp_path):
    folder = wristband(tmp_path / "e4")
    lines = (folder / "EDA.csv").read_text().splitlines()
    lines[1000:1400] = ["nan"] * 400
    (folder / "EDA.csv").write_text("\n".join(lines) + "\n")
    table = analyze([folder], USE).table
    hole = table[(table["start"] < 349) & (table["end"] > 251)]
    assert (hole["quality"] != OK).any()
    assert (table["quality"] == OK).any()
    assert pd.isna(hole.loc[hole["quality"] != OK, "confidence"]).all()
