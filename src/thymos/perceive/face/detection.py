"""Where faces are in a picture: a protocol for detectors, and the default one, OpenCV's Haar cascade.

The cascade's files come with OpenCV. It finds upright faces that look roughly at the camera; a face turned by more
than about 45 degrees is missed, often one behind sunglasses too. Whoever has a better detector passes it: anything
that fits ``FaceDetector``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from thymos.errors import BadInput, Unavailable
from thymos.media.pictures import Picture, to_gray

# Share of the smaller box that lies inside the larger one, above which both are the same face.
SAME_FACE = 0.5
# Level weights of real faces lie between about 1 and 12 in the cascade that is used; 2 is an even bet [inferred].
EVEN_WEIGHT = 2.0

Point = tuple[float, float]


@dataclass(frozen=True)
class FaceBox:
    """A face in a picture; all in pixels of the picture, which the box may exceed.

    Args:
        left: of the box.
        top: of the box.
        width: of the box.
        height: of the box.
        score: how sure the detector is, 0..1.
        eyes: centers of the eye at the left and at the right of the picture, where the detector tells them.
    """

    left: float
    top: float
    width: float
    height: float
    score: float = 1.0
    eyes: tuple[Point, Point] | None = None

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    @property
    def center(self) -> Point:
        """Of the box."""
        return self.left + self.width / 2, self.top + self.height / 2


class FaceDetector(Protocol):
    """Anything that finds faces."""

    def __call__(self, picture: Picture) -> list[FaceBox]:
        """The faces of a picture (RGB or gray, uint8), the largest first; an empty list where there is none."""
        ...


def common_area(one: FaceBox, other: FaceBox) -> float:
    """Area that two boxes share, in square pixels."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return max(0.0, width) * max(0.0, height)


def overlap(one: FaceBox, other: FaceBox) -> float:
    """Intersection over union of two boxes, 0..1."""
    shared = common_area(one, other)
    return shared / (one.area + other.area - shared) if shared else 0.0


def without_doubles(boxes: Sequence[FaceBox], same: float = SAME_FACE) -> list[FaceBox]:
    """One box a face, the largest first: of boxes that lie in one another the one with the higher score stays."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if all(common_area(box, other) <= same * min(box.area, other.area) for other in kept):
            kept.append(box)
    return sorted(kept, key=lambda box: -box.area)


class CascadeDetector:
    """OpenCV's cascade of Haar features for frontal faces (Viola & Jones, 2001), and for the eyes in them.

    Args:
        longest: larger pictures are shrunk so that their longer side has so many pixels; smaller faces than
            24 / ``longest`` of that side are then not found.
        scale: step between the sizes that are searched.
        neighbors: how many windows must agree.
        find_eyes: look for the eyes too (needed for alignment).
    """

    SMALLEST = 24  # pixels of the shrunk picture: the cascade's own window

    def __init__(self, *, longest: int = 480, scale: float = 1.1, neighbors: int = 6, find_eyes: bool = True) -> None:
        if longest < self.SMALLEST or scale <= 1 or neighbors < 1:
            raise BadInput(
                f"longest {longest}, scale {scale}, neighbors {neighbors}",
                where="CascadeDetector",
                mend="longest is 24 or more, scale above 1, neighbors 1 or more",
            )
        self.longest, self.scale, self.neighbors, self.find_eyes = longest, scale, neighbors, find_eyes

    def __call__(self, picture: Picture) -> list[FaceBox]:
        """See FaceDetector."""
        gray = to_gray(picture)
        if min(gray.shape) < self.SMALLEST:
            return []
        shrink = min(1.0, self.longest / max(gray.shape))
        small = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else gray
        if min(small.shape) < self.SMALLEST:
            return []
        found, _, weights = _cascade("haarcascade_frontalface_default.xml").detectMultiScale3(
            cv2.equalizeHist(small),
            scaleFactor=self.scale,
            minNeighbors=self.neighbors,
            minSize=(self.SMALLEST, self.SMALLEST),
            outputRejectLevels=True,
        )
        boxes = []
        for box, weight in zip(found, np.ravel(weights), strict=True):
            left, top, width, height = (float(value) / shrink for value in box)
            score = float(1 / (1 + np.exp(EVEN_WEIGHT - weight)))
            boxes.append(FaceBox(left, top, width, height, score))
        kept = without_doubles(boxes)
        return [_with_eyes(gray, box) for box in kept] if self.find_eyes else kept


def _with_eyes(gray: Picture, box: FaceBox) -> FaceBox:
    """The box with its eyes where exactly one is found in each half of its upper part."""
    left, top, side = round(box.left), round(box.top), round(box.width)
    upper = gray[max(0, top) : top + round(0.6 * side), max(0, left) : left + side]
    if min(upper.shape) < CascadeDetector.SMALLEST:
        return box
    shrink = min(1.0, 120 / side)
    small = cv2.resize(upper, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else upper
    smallest = max(8, round(0.12 * side * shrink))
    found = _cascade("haarcascade_eye.xml").detectMultiScale(
        cv2.equalizeHist(small), scaleFactor=1.1, minNeighbors=5, minSize=(smallest, smallest)
    )
    centers = sorted((float(x + w / 2) / shrink, float(y + h / 2) / shrink) for x, y, w, h in found)
    halves = [[c for c in centers if c[0] < side / 2], [c for c in centers if c[0] >= side / 2]]
    if len(halves[0]) != 1 or len(halves[1]) != 1:
        return box
    (x1, y1), (x2, y2) = halves[0][0], halves[1][0]
    # Eyes of an upright face are a third of the box or more apart and about level; else something else was found.
    if x2 - x1 < 0.25 * side or abs(y2 - y1) > 0.5 * (x2 - x1):
        return box
    eyes = ((x1 + max(0, left), y1 + max(0, top)), (x2 + max(0, left), y2 + max(0, top)))
    return FaceBox(box.left, box.top, box.width, box.height, box.score, eyes)


@lru_cache(maxsize=4)
def _cascade(name: str) -> cv2.CascadeClassifier:
    path = Path(cv2.__file__).parent / "data" / name
    cascade = cv2.CascadeClassifier(str(path)) if path.is_file() else None
    if cascade is None or cascade.empty():
        raise Unavailable(f"this OpenCV comes without {name}; install opencv-python-headless or pass a detector")
    return cascade
