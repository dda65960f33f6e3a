"""Layouts of pictures and clips of faces: drawn heads in place of people."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt

from thymos.files import write_atomically
from thymos.testing.layouts._binary_files import write_picture
from thymos.testing.layouts._files import write_rows

Pixels = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 160, 120
FRAME_RATE = 25  # a second
FRAMES = 12
CLIPS = {
    "single_face.mp4": [1] * FRAMES,
    "no_face.mp4": [0] * FRAMES,
    "face_noface.mov": [1] * 6 + [0] * 6,
    "noface_face.mov": [0] * 6 + [1] * 6,
    "Somebody_Walking.mp4": [1] * FRAMES,
}  # faces in each frame
PICTURES = {
    "single_face.jpg": 1, "multi_face.jpg": 3, "free-mountain-vector-01.jpg": 0, "0-f1-aa-ph.jpg": 1,
    "15-f2-bb-ph.jpg": 1, "30-m3-cc-ph.jpg": 1, "45-m4-dd-ph.jpg": 1,
}  # fmt: skip


def face_clips(folder: Path, rng: np.random.Generator) -> None:
    """Seven pictures, five clips and the tables of two face trackers."""
    for name, faces in PICTURES.items():
        write_picture(folder / name, drawn_heads(rng, faces))
    for name, counts in CLIPS.items():
        frames = [drawn_heads(rng, faces, shift=number) for number, faces in enumerate(counts)]
        write_atomically(folder / name, video_bytes(frames, container="mov" if name.endswith("mov") else "mp4"))
    rows = [(number, f" {number / FRAME_RATE:.3f}", f" {rng.uniform(0.8, 1):.2f}", " 1") for number in range(1, 6)]
    write_rows(folder / "OpenFace_Test.csv", rows, ["frame", " timestamp", " confidence", " success"])
    box = [round(float(value), 3) for value in rng.uniform(10, 50, size=4)]
    header = ["frame", "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    write_rows(folder / "Feat_Test.csv", [(0, *box, 0.97)], header)


def drawn_heads(rng: np.random.Generator, faces: int, *, shift: int = 0) -> Pixels:
    """A grey picture of so many heads (an oval, two eyes, a mouth), side by side, moved right by ``shift`` pixels."""
    picture = rng.normal(90, 4, size=(HEIGHT, WIDTH, 1)).repeat(3, axis=2)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    for number in range(faces):
        center, size = WIDTH * (number + 1) / (faces + 1) + shift, 38 / max(1, faces / 1.5)
        u, v = (x - center) / size, (y - HEIGHT / 2) / size
        picture[(u / 0.75) ** 2 + v**2 < 1] = (225, 180, 150)
        for eye in (-0.3, 0.3):
            picture[((u - eye) / 0.14) ** 2 + ((v + 0.25) / 0.08) ** 2 < 1] = (30, 25, 20)
        picture[(u / 0.3) ** 2 + ((v - 0.5) / 0.07) ** 2 < 1] = (150, 60, 60)
    return np.clip(picture, 0, 255).astype(np.uint8)


def video_bytes(frames: Iterable[Pixels], *, container: Literal["mp4", "mov"] = "mp4", rate: int = FRAME_RATE) -> bytes:
    """A clip of these frames (height, width, 3) without sound; the same frames always give the same bytes."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as file:
        video = file.add_stream("mpeg4", rate=rate)
        video.pix_fmt, video.thread_count = "yuv420p", 1
        for number, pixels in enumerate(frames):
            if number == 0:
                video.height, video.width = pixels.shape[:2]
            for packet in video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                file.mux(packet)
        for packet in video.encode():
            file.mux(packet)
    return stream.getvalue()
