"""Faces keep their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.face.detection import FaceBox
from thymos.perceive.face.tracking import FaceTracker


def face(left: float, top: float = 0.0, side: float = 100.0) -> FaceBox:
    return FaceBox(left, top, side, side)


def test_a_moving_face_keeps_its_name() -> None:
    tracker = FaceTracker()
    names = [tracker.update(0.5 * step, [face(20 * step)]) for step in range(8)]
    assert names == [["face 1"]] * 8


def test_two_faces_that_change_places_in_the_list() -> None:
    tracker = FaceTracker()
    assert tracker.update(0, [face(0), face(300)]) == ["face 1", "face 2"]
    assert tracker.update(0.5, [face(310), face(10)]) == ["face 2", "face 1"]
    assert tracker.update(1.0, [face(600), face(315), face(12)]) == ["face 3", "face 2", "face 1"]


def test_the_better_pair_wins() -> None:
    tracker = FaceTracker()
    tracker.update(0, [face(0)])
    assert tracker.update(0.5, [face(40), face(5)]) == ["face 2", "face 1"]


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    tracker = FaceTracker(patience=1.0)
    tracker.update(0, [face(0)])
    assert tracker.update(0.5, []) == []
    assert tracker.update(1.0, [face(5)]) == ["face 1"]
    assert tracker.update(2.5, [face(5)]) == ["face 2"]


def test_a_jump_is_another_face() -> None:
    tracker = FaceTracker()
    tracker.update(0, [face(0)])
    assert tracker.update(0.5, [face(400)]) == ["face 2"]


@given(st.lists(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), max_size=4), max_size=6))
def test_names_are_unique_in_a_picture_and_numbered_in_order(pictures: list[list[tuple[float, float]]]) -> None:
    tracker = FaceTracker()
    seen: list[str] = []
    for step, places in enumerate(pictures):
        names = tracker.update(step * 0.5, [face(x, y) for x, y in places])
        assert len(names) == len(places) == len(set(names))
        seen += [name for name in names if name not in seen]
    assert sorted(int(name.split()[1]) for name in seen) == list(range(1, len(seen) + 1))


def test_bad_settings() -> None:
    with pytest.raises(BadInput, match="least 0"):
        FaceTracker(least=0)
