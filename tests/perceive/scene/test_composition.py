"""Thirds, symmetry and horizon on pictures drawn by hand."""

import numpy as np
import pytest

from thymos.perceive.scene.composition import (
    MIDDLE,
    THIRDS,
    composition_features,
    concentration,
    detail,
    horizon,
    mirror_symmetry,
)


def rows(*values: int, side: int = 48) -> np.ndarray:
    """Stripes of equal height, from top to bottom."""
    return np.repeat(np.array(values, dtype=np.uint8), side // len(values))[:, None].repeat(side, axis=1)


def test_horizon_is_where_the_halves_part() -> None:
    for values, place in (((0, 255), 0.5), ((0, 255, 255, 255), 0.25), ((200, 200, 20), 2 / 3)):
        position, strength = horizon(rows(*values))
        assert position == pytest.approx(place)
        assert strength == pytest.approx(1)


def test_no_horizon() -> None:
    assert horizon(np.full((30, 30), 99, dtype=np.uint8)) == (0.5, 0.0)
    noise = np.random.default_rng(0).integers(0, 256, (240, 240), dtype=np.uint8)
    assert horizon(noise)[1] < 0.1
    assert horizon(rows(0, 255).T.copy())[1] == 0  # an upright border divides nothing into above and below


def test_symmetry() -> None:
    upright = rows(0, 255)
    assert mirror_symmetry(upright, axis=1) == 1
    assert mirror_symmetry(upright, axis=0) == 0
    assert mirror_symmetry(upright.T.copy(), axis=0) == 1
    assert mirror_symmetry(np.full((9, 9), 3, dtype=np.uint8), axis=1) == 1


def test_even_detail_is_one() -> None:
    assert concentration(np.ones((60, 60)), THIRDS, 1 / 12) == pytest.approx(1)
    assert concentration(np.ones((60, 90)), MIDDLE, 1 / 6) == pytest.approx(1)
    assert concentration(np.zeros((60, 60)), THIRDS, 1 / 12) == 1


def test_detail_at_a_third_counts_nine_times() -> None:
    energy = np.zeros((60, 60))
    energy[20, 40] = 5.0  # the four squares are a ninth of the picture
    assert concentration(energy, THIRDS, 1 / 12) == pytest.approx(9, rel=0.1)
    assert concentration(energy, MIDDLE, 1 / 12) == 0


def test_detail_is_the_gradient() -> None:
    ramp = np.tile(np.arange(0, 200, 10, dtype=np.uint8), (20, 1))
    assert detail(ramp)[10, 10] == pytest.approx(80)  # Sobel: 8 times the slope of 10
    assert detail(np.full((8, 8), 7, dtype=np.uint8)).sum() == 0


def test_names_and_finiteness() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    found = composition_features(picture)
    assert set(found) == {
        "thirds", "middle", "symmetry_left_right", "symmetry_top_bottom", "horizon", "horizon_strength"
    }  # fmt: skip
    assert all(np.isfinite(value) for value in found.values())
    assert all(np.isfinite(value) for value in composition_features(picture[:1, :1]).values())
