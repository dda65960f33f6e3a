"""The pictures of a video one by one, with their times; memory does not depend on the length.

Formats: what PyAV (FFmpeg) decodes. Times are seconds from the beginning of the file, as the file's own time stamps say
(videos of phones have no constant rate). A picture is turned as the file says (phones write portrait videos lying).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from thymos.errors import BadInput
from thymos.files import require_file
from thymos.media.pictures import Picture

FALLBACK_RATE = 25.0  # pictures a second, where a file tells neither times nor rate
# A video ends early when this much is missing against its header; streams of one file seldom end in one instant.
EARLY_END_SECONDS, EARLY_END_FRAMES = 0.5, 3
MEND = "copy or export the file again"


@dataclass(frozen=True)
class VideoInfo:
    """What the header of a video says.

    Args:
        seconds: length of the picture track; 0.0 where the container does not tell.
        rate: pictures a second on average.
        width: of the upright picture in pixels, as far as the header tells.
        height: of the upright picture.
        format: name of the container in small letters, e.g. ``"mov"``, ``"matroska"``.
        has_sound: whether there is a sound track.
    """

    seconds: float
    rate: float
    width: int
    height: int
    format: str
    has_sound: bool


@dataclass(frozen=True)
class VideoFrame:
    """One picture of a video.

    Args:
        number: position in the video, from 0; counted from the first decoded picture when reading starts later.
        seconds: when it is shown, from the beginning of the file.
        picture: upright RGB, shape (height, width, 3).
    """

    number: int
    seconds: float
    picture: Picture


class BrokenVideo(BadInput):
    """A video ends before its time; every picture before the break has been given.

    Args:
        path: of the file.
        reason: what the decoder says.
        seconds: end of the last good picture.
        promised: length that the header tells, or ``seconds`` where it tells none.
    """

    def __init__(self, path: Path, reason: str, *, seconds: float, promised: float) -> None:
        self.seconds, self.promised = seconds, max(seconds, promised)
        super().__init__(f"the pictures break off after {seconds:.2f} s ({reason})", where=path, mend=MEND)


def video_info(path: str | Path) -> VideoInfo:
    """What a video is; only its first picture is decoded, for the orientation.

    Raises:
        BadInput: no such file, an empty or damaged file, no pictures in it.
    """
    with opened_video(path) as (container, stream):
        try:
            first = next(iter(container.decode(stream)), None)
        except av.error.FFmpegError as error:
            raise BadInput(f"no picture can be decoded ({error.strerror})", where=path, mend=MEND) from None
        if first is None:
            raise BadInput("the video holds no picture", where=path, mend=MEND)
        quarter = first.rotation % 180 == 90
        width, height = (first.height, first.width) if quarter else (first.width, first.height)
        return VideoInfo(
            _seconds(container, stream),
            float(stream.average_rate or 0) or FALLBACK_RATE,
            width,
            height,
            container.format.name.split(",")[0],
            bool(container.streams.audio),
        )


def video_frames(
    path: str | Path, *, rate: float | None = None, start: float = 0.0, end: float | None = None
) -> Iterator[VideoFrame]:
    """The pictures in the order in which they are shown.

    Args:
        path: a video file.
        rate: at most so many pictures a second: of each stretch of 1 / rate seconds the first picture. None gives
            all. Every picture is decoded in any case, as each is told by those before it.
        start: first second of interest.
        end: pictures from here on are left out.

    Yields:
        One VideoFrame at a time. Pictures that the decoder could mend come as it mended them.

    Raises:
        BadInput: no such file, an empty or damaged file, no pictures in it, a rate or time that cannot be.
        BrokenVideo: after the last good picture of a file that is cut short or damaged.
    """
    path = Path(path)
    if rate is not None and not 0 < rate < math.inf:
        raise BadInput(f"{rate} pictures a second", where="rate", mend="use a positive number, or None for all")
    if start < 0 or (end is not None and end <= start):
        raise BadInput(f"from {start:g} s to {end} s", where=path, mend="start is 0 or more, end is after start")
    # The file is opened here, so that a wrong path is told at once and not when the first picture is taken.
    with opened_video(path):
        pass
    return _frames(path, rate, start, end)


def _frames(path: Path, rate: float | None, start: float, end: float | None) -> Iterator[VideoFrame]:
    taken = -1  # the last stretch of 1 / rate seconds from which a picture was taken
    for number, seconds, frame in _decoded(path, start):
        if end is not None and seconds >= end:
            return
        # A thousandth of a frame more, so that 0.5 s stored as 0.49999 is in the stretch where it belongs.
        stretch = number if rate is None else math.floor(seconds * rate + 1e-3)
        if seconds < start or stretch <= taken:
            continue
        taken = stretch
        yield VideoFrame(number, seconds, upright(frame))


def _decoded(path: Path, start: float) -> Iterator[tuple[int, float, Any]]:
    """Number, time and raw frame of every picture from the key picture before ``start`` on."""
    with opened_video(path) as (container, stream):
        step = 1 / (float(stream.average_rate or 0) or FALLBACK_RATE)
        promised = _seconds(container, stream)
        finished = 0.0  # when the last good picture ends
        number = 0
        try:
            if start > 0:
                container.seek(int(start * av.time_base), backward=True)
            for frame in container.decode(stream):
                seconds = finished if frame.pts is None else max(0.0, float(frame.pts * frame.time_base))
                yield number, seconds, frame
                number, finished = number + 1, seconds + step
        except av.error.FFmpegError as error:
            raise BrokenVideo(path, str(error.strerror), seconds=finished, promised=promised) from None
        if number == 0:
            raise BadInput(f"there is no picture after {start:g} s", where=path, mend=MEND)
        missing = promised - finished
        if missing > max(EARLY_END_SECONDS, EARLY_END_FRAMES * step):
            raise BrokenVideo(path, f"{missing:.2f} s are missing", seconds=finished, promised=promised)


def upright(frame: Any) -> Picture:
    """A decoded frame as RGB, turned by the quarter turns that the file asks for."""
    picture = frame.to_ndarray(format="rgb24")
    # The rotation is told in degrees counterclockwise, as numpy turns.
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


@contextmanager
def opened_video(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """A container and its first picture track.

    Raises:
        BadInput: see ``video_info``.
    """
    path = require_file(path)
    if path.stat().st_size == 0:
        raise BadInput("the file is empty", where=path, mend=MEND)
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"this is not a video, or it is damaged ({reason})", where=path, mend=MEND) from None
    with container:
        # A cover picture inside a sound file is a picture track of one frame, and no video.
        tracks = [track for track in container.streams.video if not _is_cover(track)]
        if not tracks:
            only_sound = bool(container.streams.audio)
            what = (
                "there are no moving pictures in this file" if only_sound else "this is not a video, or it is damaged"
            )
            raise BadInput(what, where=path, mend="pass a video")
        yield container, tracks[0]


def _is_cover(track: Any) -> bool:
    return bool(track.disposition & av.stream.Disposition.attached_pic)


def _seconds(container: Any, stream: Any) -> float:
    """Length of the picture track by the header; 0.0 where neither track nor container tells.

    The container's length may be that of the sound; it only counts where pictures are all there is.
    """
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration and not container.streams.audio:
        return float(container.duration / av.time_base)
    return 0.0
