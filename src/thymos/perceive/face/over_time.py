"""Facial expressions over time: the faces of a picture or of a video as rows of the table over time."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from thymos.media.pictures import Picture, read_picture
from thymos.media.video import BrokenVideo, video_frames
from thymos.perceive.face.alignment import OK, align_face, quality_of
from thymos.perceive.face.detection import CascadeDetector, FaceDetector
from thymos.perceive.face.tracking import FaceTracker
from thymos.perceive.recognizer import Recognizer
from thymos.perceive.shipped import shipped_recognizer

if TYPE_CHECKING:
    from thymos.perceive.analysis.run import Wishes

NO_FACE = "no face"
FACES_A_TIME = 64
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")


def over_time(path: Path, wishes: "Wishes") -> Iterator[dict[str, Any]]:
    """Rows of the table over time; see ``thymos.perceive.timeline``."""
    recognizer = shipped_recognizer("face")
    assert isinstance(recognizer, Recognizer)
    yield from face_rows(path, recognizer, frames_per_second=wishes.frames_per_second)


def face_rows(
    path: str | Path,
    recognizer: Recognizer,
    *,
    frames_per_second: float = 2.0,
    detector: FaceDetector | None = None,
) -> Iterator[dict[str, Any]]:
    """The faces of one file.

    Args:
        path: a picture, or a video (by its ending).
        recognizer: takes a Series of gray faces.
        frames_per_second: how many pictures of a video are looked at.
        detector: default: CascadeDetector.

    Yields:
        One row a face and picture: start, end (seconds; 0 and 0 for pictures), track ("face 1"), one number a label,
        confidence, quality. A picture without a face is one row of quality "no face"; a face that is too poor has no
        numbers; where a video breaks off, one row says so up to the length that its header tells.

    Raises:
        BadInput: the file is no picture or video, or not one picture of the video can be read.
    """
    path = Path(path)
    finder = detector or CascadeDetector()
    if path.suffix.lower() in VIDEO_SUFFIXES:
        yield from _judged(_video_faces(path, finder, frames_per_second), recognizer)
    else:
        yield from _judged(_faces_in(read_picture(path), 0.0, 0.0, finder, FaceTracker()), recognizer)


Found = tuple[dict[str, Any], Picture | None]
"""A row without numbers, and the face to judge (None where there is nothing to judge)."""


def _video_faces(path: Path, detector: FaceDetector, rate: float) -> Iterator[Found]:
    tracker = FaceTracker(patience=max(1.0, 2 / rate))
    end = 0.0
    try:
        for frame in video_frames(path, rate=rate):
            end = frame.seconds + 1 / rate
            yield from _faces_in(frame.picture, frame.seconds, end, detector, tracker)
    except BrokenVideo as error:
        if end == 0.0:
            raise
        yield (
            {"start": error.seconds, "end": max(error.promised, error.seconds), "track": "", "quality": error.what},
            None,
        )


def _faces_in(
    picture: Picture, start: float, end: float, detector: FaceDetector, tracker: FaceTracker
) -> Iterator[Found]:
    boxes = detector(picture)
    if not boxes:
        yield {"start": start, "end": end, "track": "", "quality": NO_FACE}, None
    for box, name in zip(boxes, tracker.update(start, boxes), strict=True):
        face = align_face(picture, box)
        quality = quality_of(face, box)
        row = {"start": start, "end": end, "track": name, "quality": quality}
        yield row, face if quality == OK else None


def _judged(found: Iterator[Found], recognizer: Recognizer) -> Iterator[dict[str, Any]]:
    """The rows with numbers; faces are judged many at a time."""
    waiting: list[Found] = []
    for one in found:
        waiting.append(one)
        if len(waiting) >= FACES_A_TIME:
            yield from _with_numbers(waiting, recognizer)
            waiting = []
    yield from _with_numbers(waiting, recognizer)


def _with_numbers(rows: list[Found], recognizer: Recognizer) -> Iterator[dict[str, Any]]:
    faces = {number: face for number, (_, face) in enumerate(rows) if face is not None}
    shares = recognizer.predict_proba(pd.Series(faces, dtype=object)) if faces else None
    for number, (row, _) in enumerate(rows):
        if shares is None or number not in faces:
            yield row
            continue
        own = {str(label): float(value) for label, value in shares.loc[number].items()}
        yield {**row, **own, "confidence": max(own.values())}
