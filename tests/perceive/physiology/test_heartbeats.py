"""Heartbeats: known rates, known variability, movement, and the device's own beats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.media.wristband import read_wristband
from thymos.perceive.physiology.heartbeats import find_beats, heart_rate, plausible_beats


@settings(max_examples=20, deadline=None)
@given(st.floats(48, 150))
def test_any_rate_is_found(rate):
    period = 60 / rate
    time = np.arange(60 * 64) / 64
    phase = (time % period) / period
    wave = np.exp(-((phase - 0.3) ** 2) / 0.02) - 0.6 * np.exp(-(np.minimum(phase, 1 - phase) ** 2) / 0.002)
    found = heart_rate(find_beats(wave, 64.0), 0, 60)
    assert found.rate == pytest.approx(rate, rel=0.03)
    assert found.coverage > 0.9


def test_beats_lie_at_the_feet(bodies):
    wave, feet = bodies.pulse(60, 72, noise=1.0)
    found = find_beats(wave, 64.0)
    distance = np.abs(found.times[:, None] - feet[None]).min(axis=1)
    assert np.median(distance) < 2 / 64
    assert found.plausible.mean() > 0.95


def test_variability_of_known_intervals():
    # 800 ms and 900 ms in turn: SDNN 50 ms, every step 100 ms.
    intervals = np.tile([0.8, 0.9], 40)
    found = heart_rate(plausible_beats(np.cumsum(intervals), intervals), 0, 70)
    assert found.rate == pytest.approx(60 / 0.85, rel=0.06)
    assert found.sdnn == pytest.approx(50, abs=0.1)
    assert found.rmssd == pytest.approx(100, abs=1e-6)
    assert found.pnn50 == 1.0


def test_a_missed_beat_is_no_variability():
    intervals = np.full(60, 0.8)
    intervals[30] = 1.6  # one beat missed
    found = heart_rate(plausible_beats(np.cumsum(intervals), intervals), 0, 60)
    assert found.rmssd == pytest.approx(0, abs=1e-9)
    assert found.sdnn == pytest.approx(0, abs=1e-9)
    assert found.rate == pytest.approx(75)
    assert found.coverage == pytest.approx((len(intervals) - 1) * 0.8 / 60, rel=0.25)


def test_beats_that_a_device_left_out_are_no_successors():
    # Interval lists leave bad beats out: the next interval does not begin where the last one ended.
    intervals = np.tile([0.8, 0.9], 30)
    times = np.cumsum(intervals) + 5.0 * np.arange(60)
    found = heart_rate(plausible_beats(times, intervals), 0, 1000)
    assert np.isnan(found.rmssd)
    assert np.isfinite(found.sdnn)


def test_too_few_beats_give_no_number():
    few = plausible_beats(np.arange(1, 6) * 0.8, np.full(5, 0.8))
    found = heart_rate(few, 0, 60)
    assert np.isnan([found.rate, found.sdnn, found.rmssd, found.pnn50]).all()
    assert found.coverage == pytest.approx(4 / 60)
    nothing = heart_rate(plausible_beats([], []), 0, 60)
    assert np.isnan(nothing.rate)
    assert nothing.coverage == 0


def test_noise_has_low_coverage(bodies):
    rng = np.random.default_rng(0)
    calm = heart_rate(find_beats(bodies.pulse(60, 70, noise=1.0)[0], 64.0), 0, 60)
    wild = heart_rate(find_beats(rng.standard_normal(60 * 64).cumsum(), 64.0), 0, 60)
    assert calm.coverage > 0.9 > wild.coverage + 0.2


def test_unusable_stretches_hold_no_beats(bodies):
    wave, _ = bodies.pulse(60, 70)
    usable = np.ones(len(wave), dtype=bool)
    usable[20 * 64 : 40 * 64] = False
    wave[~usable] = np.nan
    found = find_beats(wave, 64.0, usable)
    assert not ((found.times > 20.1) & (found.times < 40)).any()


@pytest.mark.parametrize(
    ("pulse", "rate", "message"),
    [(np.ones(64), 64.0, "too few"), (np.ones(640), 8.0, "too few"), (np.full(640, np.nan), 64.0, "no sample")],
)
def test_what_cannot_be_used(pulse, rate, message):
    with pytest.raises(BadInput, match=message):
        find_beats(pulse, rate)


def test_times_and_intervals_belong_together():
    with pytest.raises(BadInput, match="2 times for 1 intervals"):
        plausible_beats([1, 2], [1])


@pytest.mark.data
def test_our_beats_are_those_of_the_device(data_root):
    found = read_wristband(data_root / "stress_predict" / "Raw_data" / "S34")
    pulse = found.signal("BVP")
    ours = find_beats(pulse.values, pulse.rate, pulse.usable)
    device = found.beats["time"].to_numpy()
    distance = np.abs(device[:, None] - ours.times[None]).min(axis=1)
    assert np.median(distance) <= 1.5 / 64
    assert (distance < 0.05).mean() > 0.95
