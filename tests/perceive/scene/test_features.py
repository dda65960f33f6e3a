"""Descriptors of the whole picture, and the table of features."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.scene.descriptors import (
    FIELDS,
    ORIENTATIONS,
    SCALES,
    color_layout,
    gradients,
    spatial_envelope,
)
from thymos.perceive.scene.features import ALL, blocks_of, features_table, picture_features


def stripes(period: int, upright: bool) -> np.ndarray:
    """Gray stripes of a sine, 128 x 128."""
    wave = (127 + 100 * np.sin(2 * np.pi * np.arange(128) / period)).astype(np.uint8)
    picture = np.tile(wave, (128, 1))
    return picture if upright else picture.T.copy()


def test_color_layout_knows_the_place() -> None:
    picture = np.zeros((128, 128, 3), dtype=np.uint8)
    picture[:32, 96:] = (255, 255, 255)  # the upper right field
    lightness = color_layout(picture)[: 3 * FIELDS**2].reshape(FIELDS, FIELDS, 3)[:, :, 0]
    assert lightness[0, 3] == pytest.approx(100, abs=0.1)
    assert lightness.sum() == pytest.approx(100, abs=0.2)
    assert np.abs(color_layout(picture)[3 * FIELDS**2 :]).max() == pytest.approx(0, abs=1e-3)


def test_envelope_tells_orientation_and_scale() -> None:
    def energy(picture: np.ndarray) -> np.ndarray:
        return spatial_envelope(picture).reshape(SCALES, ORIENTATIONS, FIELDS**2).mean(axis=2)

    upright, flat = energy(stripes(6, True)), energy(stripes(6, False))
    assert upright.max(axis=0).argmax() == 0  # changes from left to right
    assert flat.max(axis=0).argmax() == ORIENTATIONS // 2
    fine, coarse = energy(stripes(4, True)), energy(stripes(12, True))
    assert fine[:, 0].argmax() < coarse[:, 0].argmax()


def test_envelope_does_not_care_for_brightness_much() -> None:
    picture = stripes(8, True)
    assert spatial_envelope(picture // 2) == pytest.approx(spatial_envelope(picture), abs=0.25)


def test_gradients_are_zero_on_a_plain_picture() -> None:
    assert gradients(np.full((50, 50), 9, dtype=np.uint8)).sum() == 0
    assert gradients(stripes(16, True)).sum() > 0


def test_table() -> None:
    rng = np.random.default_rng(0)
    pictures = [(f"p{k}", rng.integers(0, 256, (20 + k, 30, 3), dtype=np.uint8)) for k in range(3)]
    table = features_table(pictures)
    assert list(table.index) == ["p0", "p1", "p2"]
    assert table.index.name == "item"
    assert set(blocks_of(table.columns)) == set(ALL)
    assert np.isfinite(table.to_numpy()).all()
    sizes = {block: blocks_of(table.columns).count(block) for block in ALL}
    assert sizes == {"look": 21, "composition": 6, "color": 96, "envelope": 512, "gradient": 324}
    only = features_table(pictures, ("look",))
    assert only.equals(table[only.columns])


def test_one_picture_is_the_row_of_the_table() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    row = features_table([("a", picture)], ("look", "composition")).loc["a"]
    one = picture_features(picture, ("look", "composition"))
    assert row.to_dict() == pytest.approx(one, abs=1e-5)


def test_bad_input() -> None:
    picture = np.zeros((4, 4, 3), dtype=np.uint8)
    with pytest.raises(BadInput, match="no block 'gist'"):
        picture_features(picture, ("gist",))
    with pytest.raises(BadInput, match="no block"):
        picture_features(picture, ())
    with pytest.raises(BadInput, match="no picture"):
        features_table([])
