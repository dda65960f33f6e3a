"""Faces over time: rows of pictures and videos, with a detector and a recognizer that do as they are told."""

from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from thymos.errors import BadInput
from thymos.media.pictures import Picture
from thymos.perceive.analysis import Wishes
from thymos.perceive.face.detection import FaceBox
from thymos.perceive.face.over_time import face_rows, over_time
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.timeline import timeline
from thymos.testing.drawn_faces import write_face_clip

RNG = np.random.default_rng(0)
TEXTURE = RNG.integers(40, 220, (96, 96, 3), dtype=np.uint8)


class BrightSquares:
    """Finds a face in each half of the picture that is not black."""

    def __call__(self, picture: Picture) -> list[FaceBox]:
        halves = ((0, picture[:, :96]), (96, picture[:, 96:]))
        return [FaceBox(left, 0, 96, 96, 0.9) for left, half in halves if half.size and half.mean() > 30]


class Told(Recognizer):
    """Gives 0.75 to the first of two classes; counts its calls."""

    def __init__(self) -> None:
        self.classes_ = np.array(["happiness", "neutral"], dtype=object)
        self.calls: list[int] = []

    def _inputs_of(self, items: pd.Series) -> tuple[list[np.ndarray], pd.Index]:
        return list(items), items.index

    def _predict_proba(self, inputs: list[np.ndarray]) -> np.ndarray:
        assert all(face.shape == (48, 48) for face in inputs)
        self.calls.append(len(inputs))
        return np.tile([0.75, 0.25], (len(inputs), 1))

    def _fit(self, inputs: object, codes: object) -> None:
        raise AssertionError

    def _state(self) -> tuple[dict, dict]:
        return {}, {}

    def _restore(self, values: dict, arrays: dict) -> None:
        pass


def write_video(path: Path, shown: str) -> Path:
    """One letter a picture, two pictures a second: ``-`` nobody, ``L`` left, ``R`` right, ``B`` both."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("mpeg4", rate=2)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 192, 96, "yuv420p", 4_000_000
        for letter in shown:
            picture = np.zeros((96, 192, 3), np.uint8)
            if letter in "LB":
                picture[:, :96] = TEXTURE
            if letter in "RB":
                picture[:, 96:] = TEXTURE
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def rows_of(path: Path, **wishes: float) -> pd.DataFrame:
    found = face_rows(path, Told(), detector=BrightSquares(), **wishes)
    return timeline({"file": str(path), "signal": "face", **row} for row in found)


def test_faces_come_and_go(tmp_path: Path) -> None:
    table = rows_of(write_video(tmp_path / "a.mp4", "-LLBR-"))
    assert table["start"].tolist() == [0, 0.5, 1, 1.5, 1.5, 2, 2.5]
    assert table["end"].tolist() == [0.5, 1, 1.5, 2, 2, 2.5, 3]
    assert table["track"].tolist() == ["", "face 1", "face 1", "face 1", "face 2", "face 2", ""]
    assert table["quality"].tolist() == ["no face", *["ok"] * 5, "no face"]
    assert table["happiness"].isna().tolist() == [True, *[False] * 5, True]
    assert table["confidence"].dropna().eq(0.75).all()


def test_fewer_pictures(tmp_path: Path) -> None:
    table = rows_of(write_video(tmp_path / "a.mp4", "LLLL"), frames_per_second=1.0)
    assert table["start"].tolist() == [0, 1]
    assert table["end"].tolist() == [1, 2]


def test_a_face_that_leaves_for_long_gets_a_new_name(tmp_path: Path) -> None:
    table = rows_of(write_video(tmp_path / "a.mp4", "L----L"))
    assert table["track"].tolist() == ["face 1", "", "", "", "", "face 2"]


def test_picture(tmp_path: Path) -> None:
    Image.fromarray(np.concatenate([TEXTURE, TEXTURE], axis=1)).save(tmp_path / "two.png")
    table = rows_of(tmp_path / "two.png")
    assert table["track"].tolist() == ["face 1", "face 2"]
    assert (table[["start", "end"]] == 0).all(axis=None)
    Image.fromarray(np.zeros((96, 96), np.uint8)).save(tmp_path / "none.png")
    assert rows_of(tmp_path / "none.png")["quality"].tolist() == ["no face"]


def test_poor_face_has_no_numbers(tmp_path: Path) -> None:
    Image.fromarray(np.full((96, 96, 3), 120, np.uint8)).save(tmp_path / "flat.png")
    table = rows_of(tmp_path / "flat.png")
    assert table["track"].tolist() == ["face 1"]
    assert "contrast" in table["quality"][0]
    assert table["confidence"].isna().all()


def test_many_faces_are_judged_together(tmp_path: Path) -> None:
    told = Told()
    path = write_video(tmp_path / "a.mp4", "B" * 50)
    assert len(list(face_rows(path, told, detector=BrightSquares()))) == 100
    assert told.calls == [64, 36]


def test_broken_video_ends_in_a_marked_gap(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", "L" * 60)
    whole = path.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    table = rows_of(tmp_path / "cut.mp4")
    assert 5 < len(table) < 60
    last = table.iloc[-1]
    assert "break off" in last["quality"]
    assert last["end"] == pytest.approx(30, abs=0.6)
    assert last["start"] == pytest.approx(table.iloc[-2]["end"], abs=0.1)
    assert table["quality"].iloc[:-1].eq("ok").all()


def test_bad_files(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")
    for name in ("a.mp4", "none.png"):
        with pytest.raises(BadInput, match=name):
            rows_of(tmp_path / name)


@pytest.mark.data
def test_real_clips(data_root: Path) -> None:
    clip = data_root / "face_clips" / "face_noface.mov"
    table = timeline({"file": str(clip), "signal": "face", **row} for row in over_time(clip, Wishes(use="test")))
    there = table["track"] == "face 1"
    assert there.sum() == 5  # the face is there for the first 2.5 s
    assert table["start"][there].max() < 2.5
    assert table["quality"][~there].eq("no face").all()
    assert table["happiness"][there].notna().all()


def test_a_drawn_face_is_found_followed_and_lost(tmp_path: Path) -> None:
    """With the default detector; the face wanders for two seconds, then it is gone."""
    clip = write_face_clip(tmp_path / "a.mp4", 3, lambda t: (round(100 + 60 * t), 80, 200) if t < 2 else None, rate=4)
    table = timeline({"file": "a", "signal": "face", **row} for row in face_rows(clip, Told(), frames_per_second=2))
    assert table["track"].tolist() == ["face 1"] * 4 + [""] * 2
    assert table["quality"].tolist() == ["ok"] * 4 + ["no face"] * 2
