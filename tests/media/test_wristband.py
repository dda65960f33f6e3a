"""Wristband recordings: what an E4 folder or a CSV gives, what is marked as a gap, and what is one clear error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.media.wristband import MISSING, SETTLING, Gap, Signal, make_signal, read_wristband
from thymos.media.wristband_tables import read_signal_table

START = 1_644_226_061.0


def write(folder, name, values, *, rate=4.0, start=START, end="\n"):
    lines = [f"{start}", f"{rate}", *(str(value) for value in values)]
    (folder / f"{name}.csv").write_text("\n".join(lines) + end)


@pytest.fixture
def folder(tmp_path):
    """A minute of every signal, as the device writes it: heart rate begins 10 s late."""
    write(tmp_path, "EDA", [0.0, *np.linspace(0.5, 0.9, 239)])
    write(tmp_path, "TEMP", np.full(240, 31.5))
    write(tmp_path, "BVP", [0.0] * 11 + [1.5] * (64 * 60 - 11), rate=64)
    write(tmp_path, "HR", np.full(50, 71.0), rate=1, start=START + 10)
    rows = "\n".join(["1,-2,64"] * (32 * 60))
    (tmp_path / "ACC.csv").write_text(f"{START}, {START}, {START}\n32.0, 32.0, 32.0\n{rows}\n")
    (tmp_path / "IBI.csv").write_text(f"{START}, IBI\n10.5,0.8\n11.3,0.8\n20.0,0.75\n")
    (tmp_path / "tags_S01.csv").write_text(f"{START + 5}\n{START + 40.5}\n")
    return tmp_path


def test_everything_of_a_folder(folder):
    found = read_wristband(folder)
    assert found.started == START
    assert found.seconds == 60.0
    assert list(found.signals) == ["EDA", "BVP", "TEMP", "HR", "ACC"]
    assert {name: (s.rate, s.start, s.values.shape) for name, s in found.signals.items()} == {
        "EDA": (4.0, 0.0, (240,)), "BVP": (64.0, 0.0, (3840,)), "TEMP": (4.0, 0.0, (240,)),
        "HR": (1.0, 10.0, (50,)), "ACC": (32.0, 0.0, (1920, 3)),
    }  # fmt: skip
    assert found.signal("ACC").values[0].tolist() == [1, -2, 64]
    assert found.beats.to_dict("list") == {"time": [10.5, 11.3, 20.0], "interval": [0.8, 0.8, 0.75]}
    assert found.tags.tolist() == [5.0, 40.5]
    assert found.notes == ()
    assert found.signal("EDA").unit == "µS"


def test_settling_is_marked_and_values_stay(folder):
    found = read_wristband(folder)
    # Zeros, and 10 s in which skin conductance climbs; temperature runs from its first sample on.
    assert found.signal("EDA").gaps == (Gap(0.0, 10.25, SETTLING),)
    assert found.signal("BVP").gaps == (Gap(0.0, 11 / 64, SETTLING),)
    assert found.signal("TEMP").gaps == ()
    assert found.signal("EDA").usable.sum() == 240 - 41
    assert found.signal("EDA").values[0] == 0.0


def test_missing_values_become_gaps(folder):
    values = [31.0] * 8 + ["nan", "NaN", "inf", ""][:3] + [31.0] * 229
    write(folder, "TEMP", values)
    signal = read_wristband(folder).signal("TEMP")
    assert signal.gaps == (Gap(2.0, 2.75, MISSING),)
    assert np.isnan(signal.values).sum() == 3
    assert (signal.usable == np.isfinite(signal.values)).all()


def test_one_signal_is_enough_and_none_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="there is no wristband signal"):
        read_wristband(tmp_path)
    write(tmp_path, "EDA", np.ones(8))
    assert list(read_wristband(tmp_path).signals) == ["EDA"]
    with pytest.raises(BadInput, match="there is no signal 'HR'; present: EDA"):
        read_wristband(tmp_path).signal("HR")
    with pytest.raises(BadInput, match="no such file or folder"):
        read_wristband(tmp_path / "nowhere")


@pytest.mark.parametrize("rate", ["0", "-4", "fast", "1e9", "nan", "inf", ""])
def test_a_rate_that_is_none_is_named_with_its_line(folder, rate):
    write(folder, "EDA", np.ones(240), rate=rate)
    with pytest.raises(BadInput, match=r"EDA.csv, line 2: the rate .* is no sampling rate in Hz"):
        read_wristband(folder)


def test_a_rate_that_contradicts_the_other_signals(folder):
    write(folder, "EDA", np.ones(240), rate=64)
    with pytest.raises(
        BadInput, match=r"at 64 Hz its 240 samples last 4 s, but the other signals last 60 s; a rate of"
    ):
        read_wristband(folder)
    # The same length at another rate is a resampled signal, no contradiction.
    write(folder, "EDA", np.ones(60 * 64), rate=64)
    assert read_wristband(folder).signal("EDA").end == 60.0


def test_a_signal_that_ends_early_is_noted(folder):
    write(folder, "EDA", np.ones(80))
    assert read_wristband(folder).notes == ("EDA.csv lasts 20 s, other signals up to 60 s",)


@pytest.mark.parametrize("jump", [-3600, 90, 1e6])
def test_a_clock_that_jumped(folder, jump):
    write(folder, "TEMP", np.full(240, 31.5), start=START + jump)
    direction = "after" if jump > 0 else "before"
    with pytest.raises(BadInput, match=rf"TEMP.csv, line 1: it starts .* s {direction} the other signals; the clock"):
        read_wristband(folder)


@pytest.mark.parametrize("start", ["yesterday", "-5", "nan", "1e300"])
def test_a_start_that_is_no_time(folder, start):
    write(folder, "TEMP", np.full(240, 31.5), start=start)
    with pytest.raises(BadInput, match=r"TEMP.csv, line 1: the start .* is no Unix time"):
        read_wristband(folder)


@pytest.mark.parametrize("text", ["", "\n", f"{START}\n", f"{START}\n4.0\n"])
def test_a_file_without_samples(folder, text):
    (folder / "EDA.csv").write_text(text)
    with pytest.raises(BadInput, match=r"EDA.csv: \d lines found; a start, a rate and samples are needed"):
        read_wristband(folder)


def test_a_truncated_last_line_is_left_out_and_told(folder):
    write(folder, "EDA", [*np.ones(239), "0.2"], end="")
    found = read_wristband(folder)
    assert len(found.signal("EDA").values) == 239
    assert found.notes == ("EDA.csv, line 242: the last line is cut off; it was left out",)


def test_a_broken_line_in_the_middle_is_an_error(folder):
    write(folder, "EDA", [1.0, "0.5x", *np.ones(238)])
    with pytest.raises(BadInput, match=r"EDA.csv, line 4: a number is needed, not '0.5x'"):
        read_wristband(folder)
    write(folder, "EDA", np.ones(240))
    (folder / "ACC.csv").write_text(f"{START}\n32\n1,2,3\n1,2\n")
    with pytest.raises(BadInput, match=r"ACC.csv, line 4: 3 numbers are needed"):
        read_wristband(folder)


def test_a_file_that_is_no_text(folder):
    (folder / "EDA.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadInput, match=r"EDA.csv, line 1: byte 0xff"):
        read_wristband(folder)


def test_a_signal_without_any_number(folder):
    write(folder, "TEMP", ["nan"] * 240)
    with pytest.raises(BadInput, match="signal TEMP: no value is a number"):
        read_wristband(folder)


def test_beats(folder):
    (folder / "IBI.csv").write_text("")
    found = read_wristband(folder)
    assert found.beats is None
    assert found.notes == ("IBI.csv is empty: the device found no beat",)
    (folder / "IBI.csv").write_text(f"{START}, IBI\n10.5,0.8\n9.0,0.8\n")
    with pytest.raises(BadInput, match=r"IBI.csv, line 3: the time jumps back"):
        read_wristband(folder)
    (folder / "IBI.csv").write_text(f"{START}, IBI\n10.5,0.8\n11.0,-0.8\n")
    with pytest.raises(BadInput, match=r"IBI.csv, line 3: an interval between beats is not positive"):
        read_wristband(folder)
    (folder / "IBI.csv").write_text(f"{START}, IBI\n10.5,0.8\n11.0\n")
    with pytest.raises(BadInput, match=r"IBI.csv, line 3: 2 numbers are needed"):
        read_wristband(folder)


def test_tags_outside_the_recording_are_kept_and_noted(folder):
    (folder / "tags_S01.csv").write_text(f"{START - 43200}\n{START + 40}\n")
    found = read_wristband(folder)
    assert found.tags.tolist() == [-43200.0, 40.0]
    assert found.notes == ("tags_S01.csv: tags before the start or out of order",)
    (folder / "tags_S01.csv").write_text("soon\n")
    with pytest.raises(BadInput, match=r"line 1: 'soon'|'soon' is no time"):
        read_wristband(folder)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.sampled_from([1.0, 4.0, 64.0]),
    st.floats(0, 100, allow_nan=False),
)
def test_gaps_are_exactly_the_missing_samples(missing, rate, start):
    values = np.where(missing, np.nan, 1.0)
    signal = make_signal("X", values, rate, start)
    assert (signal.usable == ~np.array(missing)).all()
    assert sum(gap.end - gap.start for gap in signal.gaps) == pytest.approx(sum(missing) / rate)


def test_usable_bears_gaps_outside_the_signal():
    signal = Signal("X", np.ones(8), 4.0, 1.0, (Gap(-5.0, 1.5, "a"), Gap(2.5, 99.0, "b")))
    assert signal.usable.tolist() == [False] * 2 + [True] * 4 + [False] * 2


# -- tables -----------------------------------------------------------------------------------------------------------


def table(path, rows, header="time,EDA (uS),skin"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_table_with_times(tmp_path):
    path = table(tmp_path / "a.csv", [f"{100 + k / 4},{k},{2 * k}" for k in range(8)])
    found = read_wristband(path)
    assert found.started == 100.0
    assert list(found.signals) == ["EDA", "skin"]
    assert found.signal("EDA").rate == pytest.approx(4)
    assert found.signal("skin").values.tolist() == [0, 2, 4, 6, 8, 10, 12, 14]


def test_missing_time_is_a_gap(tmp_path):
    times = [0, 0.25, 0.5, 1.5, 1.75, 2.0]
    path = table(tmp_path / "a.csv", [f"{t},1,{'' if t == 1.75 else 2}" for t in times])
    found = read_signal_table(path)
    assert found.signal("EDA").gaps == (Gap(0.75, 1.5, MISSING),)
    assert len(found.signal("EDA").values) == 9
    assert found.signal("skin").gaps == (Gap(0.75, 1.5, MISSING), Gap(1.75, 2.0, MISSING))


def test_rounded_time_stamps_do_not_drift(tmp_path):
    # 64 Hz in whole milliseconds: most steps are 16 ms, the mean is 15.625 ms.
    path = table(tmp_path / "a.csv", [f"{k / 64:.3f},1,1" for k in range(2000)])
    found = read_signal_table(path)
    assert found.signal("EDA").rate == pytest.approx(64, rel=1e-3)
    assert len(found.signal("EDA").values) == 2000


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0,1,1", "1,1,1", "0.5,1,1"], r"line 4: the time jumps back \(1 to 0.5\); sort the rows or split the file"),
        (["0,1,1", "1,1,1", "1,1,1"], "line 4: the time stands still"),
        (["0,1,1", "1,1,1", "99999,1,1"], "line 4: the time jumps ahead by 99,998 s; split the file"),
        (["0,1,1", "1,1,1", ",1,1"], "line 4: the time is missing"),
        (["0,1,1", "1,1,1", "nan,1,1"], "line 4: the time is missing"),
        (["0,1,1", "1,one,1"], "line 3: EDA .* 'one' is not a number"),
        (["0,1,1"], "one row has no rate"),
        (["0,1,1", "1e-7,1,1", "2e-7,1,1"], "are the times in seconds"),
        (["0,1,1", "1,1,1", "2,1,1", "2.2,1,1", "3,1,1"], "line 5: the samples are not evenly spaced"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, rows, message):
    with pytest.raises(BadInput, match=message):
        read_signal_table(table(tmp_path / "a.csv", rows))


def test_columns_of_a_table(tmp_path):
    path = table(tmp_path / "a.csv", ["1,0,5", "2,1,5"], header="gsr,seconds,bvp")
    found = read_signal_table(path, time="seconds")
    assert list(found.signals) == ["EDA", "BVP"]
    with pytest.raises(BadInput, match="there is no column 'clock'"):
        read_signal_table(path, time="clock")
    with pytest.raises(BadInput, match="no signal"):
        read_signal_table(table(tmp_path / "b.csv", ["1", "2"], header="time"))
    with pytest.raises(BadInput, match="two columns hold EDA"):
        read_signal_table(table(tmp_path / "c.csv", ["1,2,3", "2,3,4"], header="time,eda,gsr"))


@pytest.mark.data
def test_every_recording_of_stress_predict_is_read(data_root):
    folders = sorted((data_root / "stress_predict" / "Raw_data").glob("S*"))
    for folder in folders[:2] + folders[16:18]:
        found = read_wristband(folder)
        assert {"EDA", "BVP", "TEMP", "HR"} <= set(found.signals)
        assert found.signal("EDA").gaps[0].reason == SETTLING
        assert 3000 < found.seconds < 3700
    # Two presses of S17 are half a day off: kept, and told.
    assert any("tags_S17.csv" in note for note in read_wristband(folders[16]).notes)
