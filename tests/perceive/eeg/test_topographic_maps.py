"""Band power and scalp maps."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.eeg.montage import DEAP_32, electrode_places
from thymos.perceive.eeg.topographic_maps import (
    log_band_power,
    map_weights,
    topographic_maps,
    without_baseline,
)

RATE = 128.0


def wave(hertz: float, seconds: float = 6.0, amplitude: float = 10.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def test_the_power_of_a_wave_lies_in_its_band():
    powers = log_band_power(np.stack([wave(6), wave(10), wave(20), wave(38)]), RATE)
    assert powers.shape == (3, 4, 4)
    assert powers.mean(axis=0).argmax(axis=1).tolist() == [0, 1, 2, 3]
    # A sine of amplitude a has power a squared over two.
    assert np.exp(powers[:, 1, 1]) == pytest.approx(np.full(3, 50.0), rel=0.01)


def test_twice_the_amplitude_is_log_four_more():
    one, two = (log_band_power(wave(10, amplitude=a)[None], RATE)[:, 0, 1] for a in (5, 10))
    assert two - one == pytest.approx(np.full(3, np.log(4)), abs=1e-6)


def test_windows_may_overlap():
    assert log_band_power(wave(10)[None], RATE, window=2.0, step=0.5).shape[0] == 9
    assert log_band_power(wave(10, seconds=5.9)[None], RATE, window=2.0).shape[0] == 2


def test_the_baseline_is_subtracted():
    powers, baseline = np.full((2, 3, 4), 5.0), np.stack([np.full((3, 4), 1.0), np.full((3, 4), 2.0)])
    assert without_baseline(powers, baseline).tolist() == np.full((2, 3, 4), 3.5).tolist()
    with pytest.raises(BadInput, match="baseline"):
        without_baseline(powers, baseline[:, :2])


def test_maps_pass_through_the_electrodes_and_are_zero_outside_the_head():
    side = 65
    weights = map_weights(DEAP_32, side)
    places = electrode_places(DEAP_32)
    values = np.random.default_rng(0).normal(size=32)
    found = weights @ values
    rows = np.rint((1 - places[:, 1]) / 2 * (side - 1)).astype(int)
    columns = np.rint((places[:, 0] + 1) / 2 * (side - 1)).astype(int)
    assert np.corrcoef(found[rows, columns], values)[0, 1] > 0.98
    assert found[0, 0] == found[-1, -1] == 0


def test_a_constant_scalp_gives_a_flat_map():
    maps = topographic_maps(np.ones((1, 32, 2)), DEAP_32)
    assert maps.shape == (1, 2, 32, 32)
    assert maps[0, 0][maps[0, 0] != 0] == pytest.approx(1, abs=1e-4)


def test_front_is_up_and_left_is_left():
    values = np.zeros((1, 32, 1))
    values[0, DEAP_32.index("Fp1"), 0] = 1
    row, column = np.unravel_index(topographic_maps(values, DEAP_32)[0, 0].argmax(), (32, 32))
    assert row < 8
    assert column < 16


def test_bad_input():
    with pytest.raises(BadInput, match="do not fill a window"):
        log_band_power(wave(10, seconds=1)[None], RATE)
    with pytest.raises(BadInput, match="above 32 Hz"):
        log_band_power(wave(10)[None], 64)
    with pytest.raises(BadInput, match="no frequency"):
        log_band_power(wave(10)[None], RATE, bands={"thin": (10.1, 10.2)})
    with pytest.raises(BadInput, match="finite"):
        log_band_power(np.full((1, 400), np.nan), RATE)
    with pytest.raises(BadInput, match="for 32 electrodes"):
        topographic_maps(np.ones((1, 14, 2)), DEAP_32)
    with pytest.raises(BadInput, match="too few"):
        map_weights(["Cz", "Pz"])
