"""From a box in a picture to the face that a recognizer reads, and whether that face is good enough to be read."""

from dataclasses import dataclass

import cv2
import numpy as np

from thymos.media.pictures import Picture, to_gray
from thymos.perceive.face.detection import FaceBox

SIDE = 48  # pixels of the faces that the networks here read
# Measured on FER2013 with the default detector: its crops are 1.06 times the detector's box, the eyes (medians over 57
# faces) stand at these shares of width and height.
MARGIN = 0.03
EYES = ((0.31, 0.385), (0.69, 0.385))
OK = "ok"


@dataclass(frozen=True)
class QualityLimits:
    """What a face must be like; a face beyond a limit is not judged.

    The limits are [inferred]: chosen so that sharp, evenly lit test faces pass, and copies of them that are blurred
    or darkened beyond recognition do not.

    Args:
        side: smallest side of the box in pixels.
        score: smallest score of the detector.
        dark: smallest mean gray level of the face, 0..255.
        bright: largest mean gray level.
        contrast: smallest standard deviation of the gray levels.
        sharpness: smallest sharpness, see ``sharpness_of``.
    """

    side: int = 24
    score: float = 0.1
    dark: float = 25.0
    bright: float = 235.0
    contrast: float = 10.0
    sharpness: float = 0.02


def crop_face(picture: Picture, box: FaceBox, side: int = SIDE, margin: float = MARGIN) -> Picture:
    """The box with a margin (a share of its side) as a gray square; what lies outside the picture repeats its edge."""
    center_x, center_y = box.center
    reach = max(box.width, box.height) * (0.5 + margin)
    scale = side / (2 * reach)
    matrix = np.array([[scale, 0, side / 2 - scale * center_x], [0, scale, side / 2 - scale * center_y]])
    return _warped(picture, matrix, side)


def align_face(picture: Picture, box: FaceBox, side: int = SIDE, margin: float = MARGIN) -> Picture:
    """The face turned and scaled so that its eyes stand where they stand in FER2013; without eyes as ``crop_face``."""
    if box.eyes is None:
        return crop_face(picture, box, side, margin)
    (x1, y1), (x2, y2) = box.eyes
    (u1, v1), (u2, _) = ((share_x * side, share_y * side) for share_x, share_y in EYES)
    apart, tilt = np.hypot(x2 - x1, y2 - y1), np.arctan2(y2 - y1, x2 - x1)
    scale = (u2 - u1) / apart
    cosine, sine = scale * np.cos(tilt), scale * np.sin(tilt)
    matrix = np.array([[cosine, sine, u1 - cosine * x1 - sine * y1], [-sine, cosine, v1 + sine * x1 - cosine * y1]])
    return _warped(picture, matrix, side)


def sharpness_of(face: Picture) -> float:
    """Variance of the Laplacian over the variance of the gray levels, of the face at 48 pixels.

    Free of contrast: about 0.1 to 0.5 for sharp faces, below 0.02 for strongly blurred ones.
    """
    small = to_gray(face)
    if small.shape != (SIDE, SIDE):
        small = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    values = small.astype(np.float64)
    spread = float(values.var())
    return float(cv2.Laplacian(values, cv2.CV_64F).var() / spread) if spread > 0 else 0.0


def quality_of(face: Picture, box: FaceBox, limits: QualityLimits | None = None) -> str:
    """``"ok"``, or in a few words why the face should not be judged.

    Args:
        face: as from ``align_face``.
        box: where it was found.
        limits: see QualityLimits.
    """
    limits = limits or QualityLimits()
    if min(box.width, box.height) < limits.side:
        return f"the face is smaller than {limits.side} pixels"
    if box.score < limits.score:
        return "it may be no face"
    mean, contrast = float(face.mean()), float(face.std())
    if mean < limits.dark:
        return "the face is too dark"
    if mean > limits.bright:
        return "the face is too bright"
    if contrast < limits.contrast:
        return "the face has too little contrast"
    if sharpness_of(face) < limits.sharpness:
        return "the face is blurred"
    return OK


def _warped(picture: Picture, matrix: np.ndarray, side: int) -> Picture:
    """An affine map into a gray square; shrinking averages, so that a large face does not flicker."""
    gray = to_gray(picture)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.5:
        # Warping takes single pixels: first shrink the surroundings by area means to about twice the size.
        shrink = 2 * scale
        gray = cv2.resize(gray, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        matrix = matrix.copy()
        matrix[:, :2] /= shrink
    warped = cv2.warpAffine(
        gray, matrix, (side, side), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(warped, dtype=np.uint8)
