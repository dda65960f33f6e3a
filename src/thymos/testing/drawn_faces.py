"""A drawn face that face detectors find, and clips of it: pictures of nobody, for tests and benchmarks."""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

BACKGROUND, EDGE = 80, 70
# Where a clip shows the face at a time in seconds: left, top and side in pixels; None = it is not there.
Place = Callable[[float], tuple[int, int, int] | None]


def drawn_face(side: int = 200) -> npt.NDArray[np.uint8]:
    """A gray face, soft as a photograph: hair, brows, eyes, nose and mouth on an oval; shape (side, side)."""
    scale = side / 200
    picture = np.full((side, side), EDGE, np.uint8)

    def oval(
        x: int, y: int, width: int, height: int, gray: int, arc: tuple[int, int] = (0, 360), line: int = 0
    ) -> None:
        center, axes = (int(x * scale), int(y * scale)), (int(width * scale), int(height * scale))
        cv2.ellipse(picture, center, axes, 0, *arc, gray, max(1, int(line * scale)) if line else -1)

    oval(100, 105, 62, 82, 190)
    oval(100, 60, 66, 50, 40, (180, 360))
    for x in (76, 124):
        oval(x, 92, 16, 9, 110)
        oval(x, 92, 6, 6, 30)
        oval(x, 76, 18, 5, 50, (180, 360), line=4)
    oval(100, 118, 9, 14, 140, (20, 160), line=3)
    oval(100, 145, 24, 8, 90)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2 * scale), dtype=np.uint8)


def scene_with_faces(places: list[tuple[int, int, int]], height: int = 360, width: int = 640) -> npt.NDArray[np.uint8]:
    """A gray RGB picture with a drawn face at each place (left, top, side)."""
    picture = np.full((height, width), BACKGROUND, np.uint8)
    for left, top, side in places:
        picture[top : top + side, left : left + side] = drawn_face(side)
    return np.repeat(picture[..., None], 3, axis=2)


def write_face_clip(
    path: str | Path, seconds: float, place: Place, *, rate: int = 10, height: int = 360, width: int = 640
) -> Path:
    """A clip in which a drawn face moves, comes and goes; written picture by picture.

    Args:
        path: its ending decides the container; ``.mp4`` is written so that a cut file can still be read.
        seconds: length.
        place: where the face is at a time.
        rate: pictures a second.
        height: of the picture, even.
        width: of the picture, even.
    """
    path = Path(path)
    options = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", 2_000_000
        for number in range(round(seconds * rate)):
            shown = place(number / rate)
            picture = scene_with_faces([] if shown is None else [shown], height, width)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path
