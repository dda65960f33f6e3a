"""Brightness, colorfulness and their kin on pictures whose numbers are known by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.scene.low_level import (
    LONGEST_SIDE,
    brightness,
    colorfulness,
    colorfulness_share,
    edge_density,
    entropy_bits,
    gray_of,
    hue_shares,
    low_level_features,
    sharpness,
    standard_picture,
    step_of,
)


def plain(color: tuple[int, int, int], height: int = 8, width: int = 10) -> np.ndarray:
    return np.full((height, width, 3), color, dtype=np.uint8)


def halves(left: tuple[int, int, int], right: tuple[int, int, int], side: int = 20) -> np.ndarray:
    picture = plain(left, side, side)
    picture[:, side // 2 :] = right
    return picture


def test_brightness_is_the_largest_channel() -> None:
    assert brightness(plain((0, 0, 0))) == 0
    assert brightness(plain((10, 255, 30))) == 1
    assert brightness(plain((51, 0, 102))) == pytest.approx(0.4)
    assert brightness(halves((0, 0, 0), (255, 255, 255))) == pytest.approx(0.5)


def test_colorfulness_by_hand() -> None:
    assert colorfulness(plain((130, 130, 130))) == 0
    # Pure red: rg = 255, yb = 127.5, no spread: 0.3 * sqrt(255^2 + 127.5^2).
    assert colorfulness(plain((255, 0, 0))) == pytest.approx(0.3 * np.hypot(255, 127.5))
    # Half red, half green: rg = +-255 (mean 0, sd 255), yb = 127.5 everywhere.
    assert colorfulness(halves((255, 0, 0), (0, 255, 0))) == pytest.approx(255 + 0.3 * 127.5)
    # Half yellow, half blue: rg = 0, yb = +-255.
    assert colorfulness(halves((255, 255, 0), (0, 0, 255))) == pytest.approx(255)


def test_colorfulness_ends_at_one() -> None:
    assert colorfulness_share(halves((255, 0, 0), (0, 255, 0))) == 1
    assert colorfulness_share(plain((255, 0, 0))) == pytest.approx(85.529 / 109, abs=1e-4)


@given(st.floats(0, 1))
def test_steps_are_the_nearest_tenth(share: float) -> None:
    step = step_of(share)
    assert 0 <= step <= 10
    assert abs(step / 10 - share) <= 0.05 + 1e-9


def test_steps_outside_are_the_ends() -> None:
    assert step_of(-0.3) == 0
    assert step_of(1.7) == 10


def test_entropy() -> None:
    assert entropy_bits(np.full((4, 4), 7, dtype=np.uint8)) == 0
    assert entropy_bits(np.array([[0, 255], [255, 0]], dtype=np.uint8)) == pytest.approx(1)
    assert entropy_bits(np.arange(256, dtype=np.uint8).reshape(16, 16)) == pytest.approx(8)


def test_edges_and_sharpness() -> None:
    step = gray_of(halves((0, 0, 0), (255, 255, 255)))
    assert edge_density(gray_of(plain((90, 20, 200)))) == 0
    # One column of 20 is an edge.
    assert edge_density(step) == pytest.approx(1 / 20)
    assert sharpness(gray_of(plain((90, 20, 200)))) == 0
    # The Laplacian of the step is +255 in one column, -255 in the next: variance 255^2 * 2 / 20.
    assert sharpness(step) == pytest.approx(np.log1p(255**2 / 10))


def test_hues() -> None:
    assert hue_shares(plain((128, 128, 128))).sum() == 0
    red = hue_shares(plain((255, 0, 0)))
    assert red[0] == pytest.approx(1)
    assert red[1:].sum() == 0
    mixed = hue_shares(halves((0, 255, 0), (0, 0, 255)))
    assert mixed[4] == pytest.approx(0.5)  # 120 degrees
    assert mixed[8] == pytest.approx(0.5)  # 240 degrees


def test_saturation_and_contrast() -> None:
    found = low_level_features(halves((0, 0, 0), (255, 255, 255)))
    assert found["contrast"] == pytest.approx(0.5)
    assert found["saturation"] == 0
    assert low_level_features(plain((255, 0, 0)))["saturation"] == pytest.approx(1)
    assert low_level_features(plain((255, 127, 127)))["saturation"] == pytest.approx(0.502, abs=1e-3)


def test_gray_pictures_are_three_equal_channels() -> None:
    gray = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)
    assert low_level_features(gray) == low_level_features(np.repeat(gray[:, :, None], 3, axis=2))


def test_large_pictures_are_reduced_with_their_shape() -> None:
    assert standard_picture(plain((1, 2, 3), 600, 1200)).shape == (128, LONGEST_SIDE, 3)
    assert standard_picture(plain((1, 2, 3), 1, 2000)).shape == (1, LONGEST_SIDE, 3)
    small = plain((1, 2, 3), 20, 30)
    assert standard_picture(small).shape == small.shape


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_every_picture_has_finite_features_that_do_not_change_when_mirrored(seed: int, height: int, width: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = low_level_features(picture)
    assert all(np.isfinite(value) for value in found.values())
    mirrored = low_level_features(picture[:, ::-1])
    for name in ("brightness", "colorfulness", "saturation", "contrast", "entropy"):
        assert mirrored[name] == pytest.approx(found[name])


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 4), dtype=np.uint8),
        np.zeros((0, 4, 3), dtype=np.uint8),
        np.zeros(9, dtype=np.uint8),
        [[1, 2], [3, 4]],
    ],
)
def test_what_is_no_picture_is_refused(picture: object) -> None:
    with pytest.raises(BadInput, match="uint8"):
        low_level_features(picture)  # type: ignore[arg-type]
