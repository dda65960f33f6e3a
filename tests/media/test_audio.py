"""Reading sound: every format, every bad file, and memory that does not grow."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from thymos.errors import BadInput, Unavailable
from thymos.media import audio_decoding
from thymos.media.audio import AudioInfo, audio_blocks, audio_info, read_audio

RATE = 16000


def tone(seconds: float, rate: int = RATE, frequency: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_container(path: Path, sound: np.ndarray | None, *, codec: str, rate: int = RATE, video: bool = False) -> Path:
    """A small file of PyAV: a sound track, a picture track, or both."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=10) if video else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        track = container.add_stream(codec, rate=rate, layout="mono") if sound is not None else None
        if pictures is not None:
            for _ in range(10):
                picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        if track is not None and sound is not None:
            frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, 0
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(("name", "close"), [("a.wav", 1e-4), ("a.flac", 1e-4), ("a.ogg", 0.05), ("a.mp3", 0.1)])
def test_formats_of_soundfile(tmp_path: Path, name: str, close: float) -> None:
    path = tmp_path / name
    sound = tone(1.0)
    soundfile.write(path, sound, RATE)
    info = audio_info(path)
    assert (info.rate, info.channels) == (RATE, 1)
    assert info.seconds == pytest.approx(1.0, abs=0.1)
    assert info.format in {"wav", "flac", "ogg", "mp3", "mpeg"}
    read = read_audio(path)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read[3000:13000], sound[3000:13000], atol=close)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.m4a", "aac"), ("a.mov", "aac"), ("a.webm", "libopus")]
)
def test_sound_tracks_of_containers(tmp_path: Path, name: str, codec: str) -> None:
    rate = 48000
    path = write_container(tmp_path / name, tone(1.5, rate), codec=codec, rate=rate, video=name in ("a.mp4", "a.mov"))
    info = audio_info(path)
    assert (info.rate, info.channels) == (rate, 1)
    assert info.seconds == pytest.approx(1.5, abs=0.1)
    read = read_audio(path)
    assert len(read) == pytest.approx(1.5 * RATE, abs=0.1 * RATE)
    middle = read[4000:16000]
    np.testing.assert_allclose(np.sqrt((middle**2).mean()), 0.5 / np.sqrt(2), rtol=0.05)
    peak = np.abs(np.fft.rfft(middle)).argmax() * RATE / len(middle)
    assert peak == pytest.approx(440, abs=3)
    part = read_audio(path, start=1.2, end=1.4)
    assert len(part) == pytest.approx(0.2 * RATE, abs=2)


def test_a_part_of_a_container_lies_where_it_should(tmp_path: Path) -> None:
    rate = 48000
    sound = np.concatenate([np.zeros(3 * rate, dtype=np.float32), tone(0.5, rate), np.zeros(rate, dtype=np.float32)])
    path = write_container(tmp_path / "a.m4a", sound, codec="aac", rate=rate)
    energy = [float((read_audio(path, start=at, end=at + 0.4) ** 2).mean()) for at in (2.5, 3.05, 3.6)]
    assert energy[1] > 0.1
    assert max(energy[0], energy[2]) < 1e-3


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 192000])
def test_blocks_joined_are_the_resampled_whole(tmp_path: Path, rate: int) -> None:
    rng = np.random.default_rng(rate)
    stereo = rng.uniform(-0.9, 0.9, size=(round(1.3 * rate), 2)).astype(np.float32)
    path = tmp_path / "a.wav"
    soundfile.write(path, stereo, rate, subtype="FLOAT")
    blocks = list(audio_blocks(path, seconds=0.25))
    assert {len(block) for block in blocks[:-1]} == {4000}
    assert 0 < len(blocks[-1]) <= 4000
    common = np.gcd(rate, RATE)
    expected = resample_poly(stereo.mean(axis=1, dtype=np.float64), RATE // common, rate // common)
    np.testing.assert_allclose(np.concatenate(blocks), expected, atol=1e-6)


def test_start_and_end_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    sound = np.linspace(-1, 1, RATE, dtype=np.float32)
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(path, start=0.25, end=0.5), sound[4000:8000])
    np.testing.assert_array_equal(read_audio(path, start=0.75, end=9.0), sound[12000:])


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE"])
def test_kinds_of_samples(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(0.2), RATE, subtype=subtype)
    np.testing.assert_allclose(read_audio(path), tone(0.2), atol=1 / 100)


def test_one_sample_is_a_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([0.5], dtype=np.float32), 48000)
    assert audio_info(path) == AudioInfo(1 / 48000, 48000, 1, "wav")
    assert len(read_audio(path)) == 1


def test_a_cut_wav_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(1.0), RATE)
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(BadInput, match=r"cut\.wav: the file is cut short: 12,0\d\d bytes of sound are missing"):
        list(audio_blocks(path))
    with pytest.raises(BadInput, match="cut short"):
        audio_info(path)


def test_a_wav_of_a_streaming_writer_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(0.5), RATE)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(bytes(data))
    assert len(read_audio(path)) == 8000


def test_a_cut_flac_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    rng = np.random.default_rng(0)
    soundfile.write(path, rng.uniform(-1, 1, 4 * RATE).astype(np.float32), RATE)
    path.write_bytes(path.read_bytes()[:60000])
    with pytest.raises(BadInput, match=r"cut\.flac: the sound breaks off after"):
        list(audio_blocks(path))


def test_a_cut_video_is_one_clear_error(tmp_path: Path) -> None:
    path = write_container(tmp_path / "cut.mp4", tone(2.0, 48000), codec="aac", rate=48000)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(BadInput, match=r"cut\.mp4"):
        list(audio_blocks(path))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "a.wav"
    sound = tone(1.0)
    sound[8000] = bad
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    with pytest.raises(BadInput, match=r"sample 8000 after 0\.00 s is NaN or infinite"):
        list(audio_blocks(path))


@pytest.mark.parametrize("name", ["a.wav", "a.mp4", "a.mp3", "a.txt"])
def test_not_a_sound(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"only words, no sound\n" * 40)
    with pytest.raises(BadInput, match=name):
        audio_info(path)
    path.write_bytes(b"")
    with pytest.raises(BadInput, match="the file is empty"):
        audio_info(path)


def test_a_file_without_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(0, dtype=np.float32), RATE)
    with pytest.raises(BadInput, match="no sound"):
        list(audio_blocks(path))


def test_a_video_without_sound(tmp_path: Path) -> None:
    path = write_container(tmp_path / "mute.mp4", None, codec="aac", video=True)
    with pytest.raises(BadInput, match="this video has no sound track; pass a file with sound"):
        list(audio_blocks(path))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        audio_info(tmp_path / "none.wav")
    with pytest.raises(BadInput, match="folder"):
        audio_info(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": 0.0}, "hold no sample"),
        ({"rate": 0}, "hold no sample"),
        ({"start": -1.0}, "start is 0 or more"),
        ({"start": 2.0, "end": 1.0}, "end is after start"),
        ({"start": 5.0}, "no sound between 5 s and the end; the file is 1.00 s long"),
    ],
)
def test_impossible_parts(tmp_path: Path, options: dict[str, float], message: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(1.0), RATE)
    with pytest.raises(BadInput, match=message):
        list(audio_blocks(path, **options))


def test_containers_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_container(tmp_path / "a.mp4", tone(0.2, 48000), codec="aac", rate=48000)
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(Unavailable, match="pip install av"):
        audio_info(path)


def test_a_hole_in_a_track_becomes_silence() -> None:
    parts = list(audio_decoding._silence(100_000, 16000, Path("a.mp4"), 0))
    assert sum(map(len, parts)) == 100_000
    assert not list(audio_decoding._silence(700, 16000, Path("a.mp4"), 0))
    with pytest.raises(BadInput, match="time stamps"):
        list(audio_decoding._silence(16000 * 90_000, 16000, Path("a.mp4"), 0))


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    peaks = []
    for minutes in (1, 8):
        path = tmp_path / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", 8000, 1) as sound:
            for _ in range(minutes):
                sound.write(np.zeros(60 * 8000, dtype=np.float32))
        tracemalloc.start()
        total = sum(len(block) for block in audio_blocks(path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert total == minutes * 60 * RATE
    assert peaks[1] < 1.2 * peaks[0]
