"""The grid of prototypes: cells, empty cells, controls, fingerprints, distributions over the cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thymos.errors import BadInput
from thymos.perceive.face.prototypes import (
    ANCHORS,
    CIRCUMPLEX,
    RANDOM,
    PrototypeGrid,
    cells_of,
    circumplex_prototypes,
    class_distributions,
    grid_centers,
    prototypes_of_features,
    random_prototypes,
    shuffled_prototypes,
)

POINTS = arrays(np.float64, (7, 2), elements=st.floats(-1, 1))


def test_the_centers_of_the_card():
    centers = grid_centers()
    assert sorted(set(centers[:, 0].round(9))) == pytest.approx([-0.8, -0.4, 0, 0.4, 0.8])
    assert centers.shape == (25, 2)
    assert centers[7].tolist() == pytest.approx([-0.4, 0.0])  # valence is slowest


@given(POINTS, st.integers(1, 8))
def test_a_point_lies_in_the_cell_of_its_nearest_center(points, cells):
    distance = np.linalg.norm(points[:, None] - grid_centers(cells)[None], axis=2)
    chosen = distance[np.arange(7), cells_of(points, cells)]
    assert chosen == pytest.approx(distance.min(axis=1), abs=1e-6)


def test_cells_of_edges_and_of_points_outside():
    assert cells_of([[-1, -1], [1, 1], [3, -9], [-0.6, -0.6]]).tolist() == [0, 24, 20, 6]
    with pytest.raises(BadInput, match="finite"):
        cells_of([[np.nan, 0]])


def test_means_of_normalized_features_and_empty_cells():
    features = np.array([[3.0, 0], [0, 5], [2, 0]])
    points = np.array([[-0.8, -0.8], [-0.8, -0.8], [0.8, 0.8]])
    grid = prototypes_of_features(features, points, source="teacher")
    assert grid.counts[0] == 2
    assert grid.counts[24] == 1
    assert sum(grid.counts) == 3
    assert grid.filled == pytest.approx(2 / 25)
    assert grid.vectors[0].tolist() == [0.5, 0.5]
    assert grid.vectors[1].tolist() == [0.5, 0.5]  # nearest: the lower left corner
    assert grid.vectors[23].tolist() == [1, 0]
    assert grid.vectors[12].tolist() == [0.75, 0.25]  # the middle is as far from both


@given(POINTS, st.integers(0, 1000))
def test_a_mean_of_unit_vectors_is_no_longer_than_one(points, seed):
    features = np.abs(np.random.default_rng(seed).normal(size=(7, 4))) + 0.01
    grid = prototypes_of_features(features, points, source="teacher")
    assert (np.linalg.norm(grid.vectors, axis=1) <= 1 + 1e-9).all()
    assert sum(grid.counts) == 7


def test_controls_say_what_they_are():
    circumplex, scattered = circumplex_prototypes(), random_prototypes(16, seed=3)
    assert circumplex.source == CIRCUMPLEX
    assert scattered.source == RANDOM
    for grid in (circumplex, scattered, shuffled_prototypes(circumplex)):
        assert "EEG" not in grid.source
        assert sum(grid.counts) == 0


def test_circumplex_prototypes_are_alike_where_their_cells_are_near():
    cosines = circumplex_prototypes().cosines()
    distance = np.linalg.norm(grid_centers()[:, None] - grid_centers()[None], axis=2)
    assert np.corrcoef(cosines.ravel(), distance.ravel())[0, 1] < -0.8
    middle = cosines[12]
    assert middle[12] == pytest.approx(1)
    assert middle[7] > middle[6] > middle[0]


def test_shuffling_keeps_the_vectors_and_moves_them():
    grid = circumplex_prototypes()
    moved = shuffled_prototypes(grid, seed=1)
    assert np.array_equal(np.sort(moved.vectors, axis=0), np.sort(grid.vectors, axis=0))
    assert not np.array_equal(moved.vectors, grid.vectors)
    assert moved.source.endswith("cells shuffled")


def test_prototypes_are_frozen_and_have_a_fingerprint(tmp_path):
    grid = random_prototypes(8, seed=0)
    with pytest.raises(ValueError, match="read-only"):
        grid.vectors[0, 0] = 1
    assert len(grid.fingerprint) == 64
    assert grid.fingerprint == random_prototypes(8, seed=0).fingerprint
    assert grid.fingerprint != random_prototypes(8, seed=1).fingerprint
    assert grid.fingerprint != PrototypeGrid(grid.vectors, "EEG teacher", grid.counts).fingerprint
    path = grid.save(tmp_path / "prototypes.safetensors")
    again = PrototypeGrid.load(path)
    assert again.fingerprint == grid.fingerprint
    assert again.counts == grid.counts
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(BadInput, match="not those that were saved"):
        PrototypeGrid.load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(BadInput, match="no prototypes"):
        PrototypeGrid.load(path)


def test_distributions_of_classes():
    grid = circumplex_prototypes()
    for rule in ("nearest", "gaussian"):
        found = class_distributions(grid, list(ANCHORS), rule=rule)
        assert found.sum(axis=1) == pytest.approx(np.ones(8))
        own = cells_of(list(ANCHORS.values()))
        # Contempt lies on the edge of two cells, which then are alike under the Gaussian.
        assert found[np.arange(8), own] == pytest.approx(found.max(axis=1))
    # Anger and fear share a place, so nothing over the plane tells them apart.
    anger, fear = class_distributions(grid, ["anger", "fear"])
    assert anger.tolist() == fear.tolist()


def test_the_nearest_rule_by_hand():
    grid = PrototypeGrid(np.eye(4), "teacher", (1, 1, 1, 1))
    found = class_distributions(grid, ["up"], anchors={"up": (0.5, 0.5)}, temperature=0.9)
    high = np.exp(1 / 0.9)
    assert found[0].tolist() == pytest.approx([1 / (3 + high)] * 3 + [high / (3 + high)])


def test_bad_input():
    grid = circumplex_prototypes()
    with pytest.raises(BadInput, match="'awe' has no valence"):
        class_distributions(grid, ["awe"])
    with pytest.raises(BadInput, match="rule is 'far'"):
        class_distributions(grid, ["anger"], rule="far")
    with pytest.raises(BadInput, match="no square grid"):
        PrototypeGrid(np.ones((6, 2)), "x", (0,) * 6)
    with pytest.raises(BadInput, match="zero or not finite"):
        PrototypeGrid(np.zeros((4, 2)), "x", (0,) * 4)
    with pytest.raises(BadInput, match="not zero"):
        prototypes_of_features([[0.0, 0.0]], [[0, 0]], source="x")
    with pytest.raises(BadInput, match="0 cells"):
        grid_centers(0)
