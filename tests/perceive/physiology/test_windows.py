"""Windows: features follow the body, and what cannot be used is named."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.media.wristband import SETTLING, Gap, Signal, make_recording, read_wristband
from thymos.perceive.physiology import windows as module
from thymos.perceive.physiology.windows import FEATURES, OK, UNITS, poor_contact, window_table


@pytest.fixture(scope="module")
def tense(bodies):
    return window_table(bodies.recording(600, tense=[(240, 480)]))


def test_windows_cover_the_recording(tense):
    assert tense["start"].tolist() == list(np.arange(0.0, 541, 30))
    assert (tense["end"] - tense["start"] == 60).all()
    assert list(tense.columns) == ["start", "end", *FEATURES, "quality"]
    assert set(UNITS) == set(FEATURES)
    assert (tense["quality"] == OK).all()
    assert tense[list(FEATURES)].notna().all(axis=None)


def test_features_follow_the_body(tense):
    inside = tense[(tense["start"] >= 240) & (tense["end"] <= 480)]
    outside = tense[(tense["end"] <= 240) | (tense["start"] >= 480)]
    assert inside["heart_rate"].mean() - outside["heart_rate"].mean() == pytest.approx(18, abs=3)
    assert inside["scr_per_minute"].mean() > 2 * outside["scr_per_minute"].mean()
    assert inside["eda_level"].mean() - outside["eda_level"].mean() > np.log(1.3)
    assert inside["temperature"].mean() - outside["temperature"].mean() == pytest.approx(-0.5, abs=0.1)
    rising = tense[tense["start"] == 210].iloc[0]  # the skin warms or cools where the stretch begins
    assert rising["temperature_slope"] < -0.3
    assert rising["eda_slope"] > 0.1


def test_length_and_hop(bodies):
    one = bodies.recording(120)
    assert window_table(one, window=30, hop=15)["start"].tolist() == [0, 15, 30, 45, 60, 75, 90]
    with pytest.raises(BadInput, match="windows of 10 s"):
        window_table(one, window=10)
    with pytest.raises(BadInput, match="windows of 60 s every 90 s"):
        window_table(one, hop=90)
    with pytest.raises(BadInput, match="it lasts 40 s, a window 60 s"):
        window_table(bodies.recording(40))


@pytest.mark.parametrize(
    ("signals", "reason"),
    [
        (("BVP", "TEMP"), module.NO_SKIN),
        (("EDA", "TEMP"), module.NO_PULSE),
        (("EDA", "BVP"), module.NO_TEMPERATURE),
    ],
)
def test_a_missing_signal_is_named(bodies, signals, reason):
    table = window_table(bodies.recording(120, signals=signals))
    assert set(table["quality"]) == {reason}
    assert table[list(FEATURES)].isna().any(axis=1).all()


def test_poor_contact_is_marked_and_computed(bodies):
    one = bodies.recording(120, level=0.05)
    table = window_table(one)
    assert set(table["quality"]) == {module.CONTACT}
    assert table[list(FEATURES)].notna().all(axis=None)
    assert poor_contact(one)
    assert not poor_contact(bodies.recording(120))


def test_gaps_and_settling(bodies):
    one = bodies.recording(300)
    skin = one.signal("EDA")
    values = skin.values.copy()
    values[150 * 4 : 170 * 4] = np.nan
    gaps = (Gap(0.0, 20.0, SETTLING), Gap(150.0, 170.0, "missing values"))
    broken = make_recording("x", 0.0, {**one.signals, "EDA": Signal("EDA", values, 4.0, 0.0, gaps)})
    table = window_table(broken).set_index("start")["quality"]
    assert table[0.0] == SETTLING
    assert table[30.0] == OK
    assert [start for start in table.index if table[start] == module.GAP] == [120.0, 150.0]


def test_a_pulse_that_is_not_there(bodies):
    one = bodies.recording(120)
    flat = Signal("BVP", np.zeros(120 * 64), 64.0)
    table = window_table(make_recording("x", 0.0, {**one.signals, "BVP": flat}))
    assert set(table["quality"]) == {module.FEW_BEATS}
    assert table["heart_rate"].isna().all()


def test_signals_may_start_at_different_times(bodies):
    one = bodies.recording(240, tense=[(120, 240)])
    late = one.signal("TEMP")
    shifted = Signal("TEMP", late.values[40:], 4.0, 10.0)
    first, second = window_table(one), window_table(make_recording("x", 0.0, {**one.signals, "TEMP": shifted}))
    np.testing.assert_allclose(first["temperature"][1:], second["temperature"][1:])


def test_beats_of_the_device(tmp_path):
    start = 1_644_226_061.0
    (tmp_path / "EDA.csv").write_text(f"{start}\n4.0\n" + "1.0\n" * 480)
    beats = "".join(f"{k * 0.75:.2f},0.75\n" for k in range(1, 150))
    (tmp_path / "IBI.csv").write_text(f"{start}, IBI\n{beats}")
    table = window_table(read_wristband(tmp_path), device_beats=True)
    np.testing.assert_allclose(table["heart_rate"][:2], 80)
    assert table["pulse_amplitude"].isna().all()
