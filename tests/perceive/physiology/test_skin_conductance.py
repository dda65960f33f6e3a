"""Skin conductance: level and responses of known signals, and neurokit2 as a second opinion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.physiology.skin_conductance import bridged, divide_skin_conductance, find_responses


def test_responses_are_counted_and_measured(bodies):
    places = [20, 45, 80, 100]
    signal = bodies.responses(130, places, 0.3)
    found = find_responses(divide_skin_conductance(signal, 4.0).clean, 4.0)
    assert len(found.peaks) == 4
    np.testing.assert_allclose(found.peaks / 4, np.array(places) + 2, atol=0.5)
    # The low-pass takes a little from a height of 0.3; the tails of earlier responses take the rest.
    np.testing.assert_allclose(found.amplitudes, 0.3, atol=0.03)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 6), st.floats(0.05, 2.0), st.floats(0.3, 15.0), st.sampled_from([4.0, 8.0]))
def test_the_count_does_not_depend_on_level_or_rate(count, height, level, rate):
    time = np.arange(round(200 * rate)) / rate
    signal = np.full(len(time), level)
    for place in range(count):
        after = np.clip(time - 20 - 25 * place, 0, None)
        signal += height * (after / 2) * np.exp(1 - after / 2)
    assert len(find_responses(divide_skin_conductance(signal, rate).clean, rate).peaks) == count


def test_small_and_slow_rises_do_not_count(bodies):
    assert len(find_responses(bodies.responses(60, [20], 0.015), 4.0).peaks) == 0
    assert len(find_responses(bodies.responses(60, [20], 0.015), 4.0, smallest=0.01).peaks) == 1
    slow = 1 + np.sin(np.arange(800) / 4 / 60 * 2 * np.pi)  # a rise of 30 s
    assert len(find_responses(slow, 4.0).peaks) == 0
    assert len(find_responses(np.ones(100), 4.0).peaks) == 0


def test_a_large_response_makes_no_echo(bodies):
    # A Butterworth filter rings by 0.03 µS before a response of 2 µS.
    clean = divide_skin_conductance(bodies.responses(60, [20], 2.0, level=1.0), 4.0).clean
    assert clean.min() == pytest.approx(1.0, abs=1e-6)


def test_parts_add_up_and_the_level_is_slow(bodies):
    signal = bodies.responses(200, [50, 90, 140], 0.4) + np.linspace(0, 1, 800)
    clean, tonic, phasic = divide_skin_conductance(signal, 4.0)
    np.testing.assert_allclose(tonic + phasic, clean)
    np.testing.assert_allclose(clean[20:-20], signal[20:-20], atol=0.04)
    assert np.abs(np.diff(tonic)).max() < 0.3 * np.abs(np.diff(clean)).max()
    assert abs(phasic[100:700].mean()) < 0.02


def test_the_division_is_that_of_neurokit2(bodies):
    nk = pytest.importorskip("neurokit2")
    signal = bodies.responses(200, [50, 90, 140], 0.4)
    ours = divide_skin_conductance(signal, 4.0)
    theirs = nk.eda_phasic(ours.clean, sampling_rate=4, method="highpass")["EDA_Phasic"].to_numpy()
    np.testing.assert_allclose(ours.phasic, theirs, atol=1e-6)


def test_gaps_are_bridged_and_never_measured():
    values = np.array([1.0, np.nan, np.nan, 4.0, 9.0])
    np.testing.assert_allclose(bridged(values), [1, 2, 3, 4, 9])
    usable = np.array([True, True, True, True, False])
    np.testing.assert_allclose(bridged(values, usable), [1, 2, 3, 4, 4])
    signal = np.ones(200)
    signal[50:80] = np.nan
    assert np.isfinite(divide_skin_conductance(signal, 4.0).phasic).all()


@pytest.mark.parametrize(
    ("values", "rate", "message"),
    [
        (np.ones(20), 4.0, "20 samples at 4 Hz are too few"),
        (np.ones(100), 0.5, "100 samples at 0.5 Hz are too few"),
        (np.full(100, np.nan), 4.0, "no sample can be used"),
        (np.ones((100, 3)), 4.0, "one value a sample is needed"),
    ],
)
def test_what_cannot_be_used(values, rate, message):
    with pytest.raises(BadInput, match=message):
        divide_skin_conductance(values, rate)
