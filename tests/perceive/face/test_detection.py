"""Boxes, and the default detector on drawn pictures and on real ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.media.pictures import read_picture
from thymos.perceive.face.detection import CascadeDetector, FaceBox, common_area, overlap, without_doubles
from thymos.testing.drawn_faces import scene_with_faces

boxes = st.builds(FaceBox, *[st.floats(-50, 50)] * 2, *[st.floats(1, 80)] * 2, score=st.floats(0, 1))


def test_overlap_by_hand() -> None:
    one, two = FaceBox(0, 0, 10, 10), FaceBox(5, 5, 10, 10)
    assert common_area(one, two) == 25
    assert overlap(one, two) == pytest.approx(25 / 175)
    assert overlap(one, one) == 1
    assert overlap(one, FaceBox(10, 0, 5, 5)) == 0


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(one: FaceBox, two: FaceBox) -> None:
    assert overlap(one, two) == pytest.approx(overlap(two, one))
    assert 0 <= overlap(one, two) <= 1 + 1e-9


@given(st.lists(boxes, max_size=6))
def test_no_box_in_another_stays(found: list[FaceBox]) -> None:
    kept = without_doubles(found)
    assert all(box in found for box in kept)
    assert [box.area for box in kept] == sorted((box.area for box in kept), reverse=True)
    for number, one in enumerate(kept):
        assert all(common_area(one, two) <= 0.5 * min(one.area, two.area) for two in kept[:number])
    if found:
        assert max(box.score for box in kept) == max(box.score for box in found)


def test_of_nested_boxes_the_surer_one_stays() -> None:
    face, mouth = FaceBox(0, 0, 100, 100, 0.9), FaceBox(30, 60, 30, 30, 0.2)
    assert without_doubles([mouth, face]) == [face]


@pytest.mark.parametrize("shape", [(0, 0), (10, 10), (24, 2000), (200, 300), (60, 60, 3)])
def test_nothing_in_an_empty_picture(shape: tuple[int, ...]) -> None:
    assert CascadeDetector()(np.full(shape, 128, np.uint8)) == []


def test_noise_is_no_face() -> None:
    assert CascadeDetector()(np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)) == []


def test_bad_settings() -> None:
    with pytest.raises(BadInput, match="scale above 1"):
        CascadeDetector(scale=1.0)


@pytest.mark.data
def test_real_pictures(data_root: Path) -> None:
    find = CascadeDetector()
    found = {
        name: find(read_picture(data_root / "face_clips" / name))
        for name in ("single_face.jpg", "multi_face.jpg", "free-mountain-vector-01.jpg", "0-f1-su-ph.jpg")
    }
    # Of the five faces in multi_face.jpg the one behind sunglasses is not found.
    assert [len(boxes) for boxes in found.values()] == [1, 4, 0, 1]
    assert all(box.score > 0.25 for boxes in found.values() for box in boxes)
    (box,) = found["single_face.jpg"]
    assert abs(box.center[0] - 273) < 20  # where the face is, by eye
    assert abs(box.center[1] - 266) < 20
    left, right = box.eyes  # type: ignore[misc]
    assert box.left < left[0] < box.center[0] < right[0] < box.left + box.width
    assert max(left[1], right[1]) < box.center[1]


@pytest.mark.data
def test_size_of_the_picture_does_not_matter(data_root: Path) -> None:
    import cv2

    picture = read_picture(data_root / "face_clips" / "single_face.jpg")
    (box,) = CascadeDetector(find_eyes=False)(picture)
    (large,) = CascadeDetector(find_eyes=False)(cv2.resize(picture, None, fx=3, fy=3))
    assert overlap(box, FaceBox(large.left / 3, large.top / 3, large.width / 3, large.height / 3)) > 0.8


def test_drawn_faces_are_found_where_they_are() -> None:
    places = [(60, 80, 200), (380, 140, 150)]
    found = CascadeDetector()(scene_with_faces(places))
    assert len(found) == 2
    for box, (left, top, side) in zip(found, places, strict=True):
        assert abs(box.center[0] - (left + side / 2)) < 0.08 * side
        assert abs(box.center[1] - (top + 0.5 * side)) < 0.12 * side
        assert 0.6 * side < box.width < 1.05 * side
    eyes = found[0].eyes
    assert eyes is not None
    for (x, y), share in zip(eyes, (0.38, 0.62), strict=True):
        assert x == pytest.approx(60 + share * 200, abs=8)
        assert y == pytest.approx(80 + 0.46 * 200, abs=10)


def test_eyes_can_be_left_out() -> None:
    (box,) = CascadeDetector(find_eyes=False)(scene_with_faces([(200, 80, 200)]))
    assert box.eyes is None
