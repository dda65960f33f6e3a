"""The EEG teacher on invented subjects whose front tells valence and whose back tells arousal."""

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.measure.regression import ccc
from thymos.perceive.eeg.montage import EMOTIV_14
from thymos.perceive.eeg.teacher import concordance_loss, fit_teacher, held_out_subjects, teacher_prototypes
from thymos.perceive.eeg.topographic_maps import topographic_maps

SIDE = 16


def invented(items: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, size=(items, 2))
    powers = rng.normal(0, 0.3, size=(items, 14, 2))
    front = [name.startswith(("AF", "F3", "F4")) for name in EMOTIV_14]
    back = [name.startswith(("O", "P")) for name in EMOTIV_14]
    powers[:, front, 0] += 2 * points[:, :1]
    powers[:, back, 1] += 2 * points[:, 1:]
    subjects = np.array([f"s{number % 6}" for number in range(items)])
    return topographic_maps(powers, EMOTIV_14, side=SIDE), points, subjects


@pytest.fixture(scope="module")
def data():
    return invented(240)


@pytest.fixture(scope="module")
def teacher(data):
    return fit_teacher(*data, epochs=12, batch=32, learning_rate=5e-3)


def test_it_reads_valence_and_arousal_of_subjects_that_it_did_not_see(teacher, data):
    maps, points, subjects = data
    assert set(subjects[teacher.held_out]).isdisjoint(subjects[~teacher.held_out])
    features, found = teacher.predict(maps[teacher.held_out])
    assert features.shape == (teacher.held_out.sum(), 128)
    assert np.abs(found).max() <= 1
    for axis in (0, 1):
        assert ccc(points[teacher.held_out, axis], found[:, axis]) > 0.6


def test_its_prototypes_come_from_held_out_items_only(teacher, data):
    grid = teacher_prototypes(teacher, data[0], source="EEG teacher, invented")
    assert sum(grid.counts) == teacher.held_out.sum()
    assert grid.width == 128
    assert grid.filled > 0.5
    assert grid.source == "EEG teacher, invented"
    cosines = grid.cosines()
    assert cosines[0, 24] < cosines[0, 1]


def test_shuffled_labels_teach_nothing(data):
    maps, points, subjects = data
    order = np.random.default_rng(1).permutation(len(points))
    found = fit_teacher(maps, points[order], subjects, epochs=4, batch=32, learning_rate=5e-3)
    _, predicted = found.predict(maps[found.held_out])
    assert abs(ccc(points[found.held_out, 0], predicted[:, 0])) < 0.35


def test_maps_without_labels_and_the_other_loss_go_in(data):
    maps, points, subjects = (values[:60] for values in data)
    for loss in ("mse", "ccc"):
        found = fit_teacher(maps, points, subjects, support=invented(30, seed=5)[0], loss=loss, epochs=1, batch=20)
        assert np.isfinite(found.predict(maps)[1]).all()


def test_the_same_seed_gives_the_same_teacher(data):
    maps, points, subjects = (values[:60] for values in data)
    first, second = (fit_teacher(maps, points, subjects, epochs=1, seed=4).predict(maps)[1] for _ in range(2))
    assert np.array_equal(first, second)


def test_concordance_loss_by_hand():
    wanted = torch.tensor([[-1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
    assert float(concordance_loss(wanted, wanted)) == pytest.approx(0, abs=1e-6)
    assert float(concordance_loss(-wanted, wanted)) == pytest.approx(2, abs=1e-6)
    shifted = wanted + 1  # CCC = 2 var / (2 var + 1), var = 2/3
    assert float(concordance_loss(shifted, wanted)) == pytest.approx(1 - (4 / 3) / (4 / 3 + 1), abs=1e-6)


def test_held_out_subjects():
    apart = held_out_subjects(np.array(["a", "b", "b", "c"]), 0.25, seed=0)
    assert len(set(np.array(["a", "b", "b", "c"])[apart])) == 1
    with pytest.raises(BadInput, match="one subject"):
        held_out_subjects(np.array(["a", "a"]), 0.5, seed=0)


def test_bad_input(data):
    maps, points, subjects = (values[:20] for values in data)
    with pytest.raises(BadInput, match="do not fit"):
        fit_teacher(maps, points[:10], subjects)
    with pytest.raises(BadInput, match=r"-1\.\.1"):
        fit_teacher(maps, points * 5, subjects)
    with pytest.raises(BadInput, match="loss is 'l1'"):
        fit_teacher(maps, points, subjects, loss="l1")
