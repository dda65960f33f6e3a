"""Crops, alignment by the eyes, and quality."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from thymos.media.pictures import read_picture
from thymos.perceive.face.alignment import (
    EYES,
    OK,
    QualityLimits,
    align_face,
    crop_face,
    quality_of,
    sharpness_of,
)
from thymos.perceive.face.detection import CascadeDetector, FaceBox


def dots(places: list[tuple[float, float]], side: int = 200, radius: int = 6) -> np.ndarray:
    picture = np.zeros((side, side), np.uint8)
    for x, y in places:
        cv2.circle(picture, (round(x), round(y)), radius, 255, -1)
    return picture


def center_of_light(face: np.ndarray, columns: slice) -> tuple[float, float]:
    part = face[:, columns].astype(float)
    rows, cols = np.mgrid[: part.shape[0], : part.shape[1]]
    return float((cols * part).sum() / part.sum()) + (columns.start or 0), float((rows * part).sum() / part.sum())


def test_crop_without_margin_is_the_box() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (100, 120), dtype=np.uint8)
    face = crop_face(picture, FaceBox(20, 30, 48, 48), margin=0)
    assert np.array_equal(face, picture[30:78, 20:68])


def test_margin_shows_more() -> None:
    picture = dots([(100, 100)], radius=20)
    shares = [(crop_face(picture, FaceBox(60, 60, 80, 80), margin=m) > 128).mean() for m in (0.0, 0.25)]
    assert shares[0] == pytest.approx(np.pi * 20**2 / 80**2, rel=0.05)
    assert shares[1] == pytest.approx(np.pi * 20**2 / 120**2, rel=0.06)


def test_outside_repeats_the_edge() -> None:
    face = crop_face(np.full((50, 50, 3), 90, np.uint8), FaceBox(-20, -20, 60, 60))
    assert face.shape == (48, 48)
    assert (face == 90).all()


@pytest.mark.parametrize("eyes", [((80, 90), (120, 90)), ((70, 80), (130, 110)), ((90, 110), (110, 100))])
def test_eyes_come_to_their_places(eyes: tuple[tuple[float, float], tuple[float, float]]) -> None:
    face = align_face(dots(list(eyes), radius=4), FaceBox(50, 50, 100, 100, eyes=eyes))
    for columns, (x, y) in zip((slice(0, 24), slice(24, 48)), EYES, strict=True):
        found = center_of_light(face, columns)
        assert found == pytest.approx((48 * x, 48 * y), abs=1.0)


def test_without_eyes_the_box_is_cropped() -> None:
    picture = dots([(100, 100)])
    box = FaceBox(60, 60, 80, 80)
    assert np.array_equal(align_face(picture, box), crop_face(picture, box))


def test_large_faces_are_averaged() -> None:
    """A fine checkerboard becomes gray, and no pattern of chance pixels."""
    picture = np.indices((960, 960)).sum(axis=0) % 2 * 255
    face = crop_face(picture.astype(np.uint8), FaceBox(0, 0, 960, 960))
    assert face.std() < 5
    assert abs(face.mean() - 127.5) < 3


def textured() -> np.ndarray:
    face = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.float32), (0, 0), 1.0)
    return ((face - face.min()) / np.ptp(face) * 200 + 20).astype(np.uint8)


def test_quality() -> None:
    box = FaceBox(0, 0, 80, 80, 0.9)
    face = textured()
    assert quality_of(face, box) == OK
    assert "smaller than 24 pixels" in quality_of(face, FaceBox(0, 0, 20, 20, 0.9))
    assert "no face" in quality_of(face, FaceBox(0, 0, 80, 80, 0.05))
    assert "too dark" in quality_of((face * 0.1).astype(np.uint8), box)
    assert "too bright" in quality_of(255 - (face * 0.1).astype(np.uint8), box)
    assert "contrast" in quality_of((100 + face * 0.05).astype(np.uint8), box)
    blurred = cv2.GaussianBlur(face.astype(np.float32), (0, 0), 6)
    stretched = ((blurred - blurred.min()) / np.ptp(blurred) * 200 + 20).astype(np.uint8)
    assert "blurred" in quality_of(stretched, box)
    assert quality_of(face, FaceBox(0, 0, 20, 20, 0.9), QualityLimits(side=10)) == OK


def test_sharpness_falls_with_blur_and_ignores_contrast() -> None:
    face = textured()
    values = [sharpness_of(cv2.GaussianBlur(face, (0, 0), sigma)) for sigma in (0.5, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert sharpness_of((face // 2 + 60).astype(np.uint8)) == pytest.approx(sharpness_of(face), rel=0.1)
    assert sharpness_of(np.full((48, 48), 9, np.uint8)) == 0


@pytest.mark.data
def test_real_faces_pass_and_blurred_copies_do_not(data_root: Path) -> None:
    for name in ("single_face.jpg", "multi_face.jpg", "0-f1-su-ph.jpg"):
        picture = read_picture(data_root / "face_clips" / name)
        for box in CascadeDetector()(picture):
            face = align_face(picture, box)
            assert quality_of(face, box) == OK
            blurred = cv2.GaussianBlur(picture, (0, 0), box.width / 10)
            assert quality_of(align_face(blurred, box), box) == "the face is blurred"
