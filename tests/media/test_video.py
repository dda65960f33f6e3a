"""Videos picture by picture: times, rotation, rates, memory, and files that break off."""

import fractions
import struct
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.media.video import BrokenVideo, video_frames, video_info

RATE = 10


def write_video(
    path: Path, count: int = 20, *, times: list[int] | None = None, codec: str = "mpeg4", side: int = 64
) -> Path:
    """Pictures whose upper left quarter is bright, one step darker from picture to picture; with faststart.

    Args:
        path: its ending decides the container.
        count: pictures.
        times: of each picture in thousandths of a second; default: evenly, ten a second.
        codec: of the pictures.
        side: their width; the height is half of it.
    """
    with av.open(str(path), "w", options={"movflags": "faststart"} if path.suffix == ".mp4" else {}) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = side, side // 2, "yuv420p"
        stream.codec_context.time_base = fractions.Fraction(1, 1000)
        for number in range(count):
            picture = np.zeros((side // 2, side, 3), np.uint8)
            picture[: side // 4, : side // 2] = 250 - 5 * (number % 40)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = times[number] if times else number * 1000 // RATE
            frame.time_base = fractions.Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turn(path: Path, degrees: int) -> None:
    """Write a clockwise quarter turn into the header of an mp4 file's first track."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # version, flags, times, id, duration, layer, volume: 40 bytes in version 0
    one = 1 << 16
    cosine, sine = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    data[place : place + 36] = struct.pack(">9i", cosine, sine, 0, -sine, cosine, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))


def brightness(path: Path, **wishes: float) -> list[int]:
    return [round(float(frame.picture[:8, :16].mean())) for frame in video_frames(path, **wishes)]


def test_every_picture_with_its_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4")
    frames = list(video_frames(path))
    assert [frame.number for frame in frames] == list(range(20))
    assert [frame.seconds for frame in frames] == pytest.approx([number / RATE for number in range(20)])
    assert frames[0].picture.shape == (32, 64, 3)
    assert frames[0].picture.dtype == np.uint8
    seen = brightness(path)
    assert seen == sorted(seen, reverse=True)
    assert abs(seen[0] - 250) < 8
    assert abs(seen[-1] - 155) < 8


def test_info(tmp_path: Path) -> None:
    info = video_info(write_video(tmp_path / "a.mp4"))
    assert (info.width, info.height, info.format, info.has_sound) == (64, 32, "mov", False)
    assert info.seconds == pytest.approx(2.0, abs=0.11)
    assert info.rate == pytest.approx(RATE, rel=0.1)


def test_times_are_those_of_the_file(tmp_path: Path) -> None:
    times = [0, 100, 150, 700, 1900, 2000]
    path = write_video(tmp_path / "a.mkv", 6, times=times)
    assert [round(1000 * frame.seconds) for frame in video_frames(path)] == times


def test_rate_takes_the_first_picture_of_each_stretch(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4")
    assert [frame.number for frame in video_frames(path, rate=2)] == [0, 5, 10, 15]
    assert [frame.number for frame in video_frames(path, rate=4)] == [0, 3, 5, 8, 10, 13, 15, 18]
    assert len(list(video_frames(path, rate=1000))) == 20
    uneven = write_video(tmp_path / "b.mkv", 6, times=[0, 100, 150, 700, 1900, 2000])
    assert [round(frame.seconds, 2) for frame in video_frames(uneven, rate=2)] == [0, 0.7, 1.9, 2.0]


def test_part_of_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 40)
    part = list(video_frames(path, start=1.5, end=2.0))
    assert [frame.seconds for frame in part] == pytest.approx([1.5, 1.6, 1.7, 1.8, 1.9])
    whole = {round(frame.seconds, 3): frame.picture for frame in video_frames(path)}
    assert all(np.array_equal(frame.picture, whole[round(frame.seconds, 3)]) for frame in part)
    with pytest.raises(BadInput, match="end is after start"):
        video_frames(path, start=2, end=1)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_pictures_are_turned_as_the_file_says(tmp_path: Path, degrees: int) -> None:
    path = write_video(tmp_path / "a.mp4", 3)
    lying = next(video_frames(path)).picture
    turn(path, degrees)
    upright = next(video_frames(path)).picture
    assert np.array_equal(upright, np.rot90(lying, -degrees // 90))
    info = video_info(path)
    assert (info.height, info.width) == upright.shape[:2]


def test_cut_video_gives_pictures_until_the_break(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 100)
    whole = path.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: int(0.6 * len(whole))])
    good: list[float] = []
    with pytest.raises(BrokenVideo, match="break off after") as caught:
        good.extend(frame.seconds for frame in video_frames(tmp_path / "cut.mp4"))
    assert 10 < len(good) < 90
    assert good == pytest.approx([number / RATE for number in range(len(good))])
    assert caught.value.seconds == pytest.approx(good[-1] + 1 / RATE, abs=0.02)
    assert caught.value.promised == pytest.approx(10, abs=0.11)
    assert "cut.mp4" in str(caught.value)


def test_video_without_its_index_is_one_clear_error(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 100)
    (tmp_path / "head.mp4").write_bytes(path.read_bytes()[:300])
    with pytest.raises(BadInput, match=r"head.mp4: this is not a video, or it is damaged"):
        video_frames(tmp_path / "head.mp4")


def test_files_that_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        video_frames(tmp_path / "none.mp4")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(BadInput, match="the file is empty"):
        video_frames(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("no video at all\n" * 50)
    with pytest.raises(BadInput, match="not a video"):
        video_frames(tmp_path / "text.mp4")
    with pytest.raises(BadInput, match="rate"):
        video_frames(write_video(tmp_path / "a.mp4", 2), rate=0)


def test_sound_without_pictures(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(BadInput, match="no moving pictures"):
        video_frames(tmp_path / "sound.mkv")


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for count in (20, 200):
        path = write_video(tmp_path / f"{count}.mp4", count, side=160)
        tracemalloc.start()
        assert sum(1 for _ in video_frames(path)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # One picture has 38,400 bytes; ten times as many of them in the second file would be 7 MB more.
    assert peaks[1] < peaks[0] + 200_000


@pytest.mark.data
def test_real_clips(data_root: Path) -> None:
    expected = {"single_face.mp4": (72, 640, 360), "face_noface.mov": (169, 960, 540)}
    for name, (count, width, height) in expected.items():
        path = data_root / "face_clips" / name
        info = video_info(path)
        assert (info.width, info.height) == (width, height)
        times = [frame.seconds for frame in video_frames(path)]
        assert len(times) == count
        assert times == sorted(times)
        assert times[-1] < info.seconds
