"""Electrode places."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.eeg.montage import ANGLES, DEAP_32, EMOTIV_14, electrode_places


def test_left_and_right_front_and_back():
    fp1, fp2, o1, o2, cz, t7 = electrode_places(["Fp1", "Fp2", "O1", "O2", "Cz", "T7"])
    assert fp1[0] < 0 < fp2[0]
    assert o1[1] < 0 < fp1[1]
    assert fp1 == pytest.approx([-fp2[0], fp2[1]])
    assert o1 == pytest.approx([-o2[0], o2[1]])
    assert cz.tolist() == [0, 0]
    assert t7 == pytest.approx([-0.92, 0])


def test_every_cap_lies_inside_the_head_and_no_two_electrodes_share_a_place():
    for names, count in ((DEAP_32, 32), (EMOTIV_14, 14), (tuple(ANGLES), 32)):
        places = electrode_places(names)
        assert len(places) == count == len(set(names))
        assert (np.linalg.norm(places, axis=1) < 1).all()
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(count)
        assert gaps.min() > 0.1


def test_each_left_electrode_mirrors_a_right_one():
    for name in DEAP_32:
        if name[-1].isdigit() and int(name[-1]) % 2:
            partner = f"{name[:-1]}{int(name[-1]) + 1}"
            left, right = electrode_places([name, partner])
            assert left == pytest.approx([-right[0], right[1]])


def test_bad_input():
    assert electrode_places(["cz", "PZ"]).shape == (2, 2)
    with pytest.raises(BadInput, match="'X1' has no known place"):
        electrode_places(["X1"])
    with pytest.raises(BadInput, match="stands twice"):
        electrode_places(["Cz", "cz"])
