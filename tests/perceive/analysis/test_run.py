"""Running over files: nothing is lost to a bad one, a stopped run goes on, purposes are asked for first."""

import pytest

from thymos.errors import BadInput
from thymos.perceive.analysis import Wishes, analyze
from thymos.perceive.timeline import label_columns

USE = "research with consenting adults"

pytestmark = pytest.mark.usefixtures("invented")


def write(folder, name, content="x"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_every_signal_of_a_file_is_read(tmp_path, calls):
    found = analyze([write(tmp_path, "a.mp4")], Wishes(USE))
    assert calls == [("face", "a.mp4"), ("speech", "a.mp4"), ("scene", "a.mp4")]
    assert list(found.table["signal"].unique()) == ["face", "speech", "scene"]
    assert label_columns(found.table) == ["anger", "calm"]
    assert found.failures == ()
    assert found.use == USE


def test_only_the_wanted_signals(tmp_path, calls):
    found = analyze([write(tmp_path, "a.mp4"), write(tmp_path, "b.txt")], Wishes(USE, signals=("face",)))
    assert calls == [("face", "a.mp4")]
    assert [one.reason for one in found.failures] == [
        f"{tmp_path / 'b.txt'}: none of the wanted signals is in such a file"
    ]


def test_a_thousand_files_with_ten_bad_ones(tmp_path):
    bad = {f"{k:04d}.txt" for k in range(50, 1000, 95)}
    for k in range(1000):
        name = f"{k:04d}.txt"
        write(tmp_path, name, "broken" if name in bad else "fine")
    seen = []
    found = analyze([tmp_path], progress=lambda done, total: seen.append((done, total)))
    assert len(bad) == 10
    assert {name.rpartition("/")[2] for name in found.failed_files} == bad
    assert all("it is broken; mend it" in one.reason for one in found.failures)
    assert found.table["file"].nunique() == 990
    assert seen[0] == (0, 1000)
    assert seen[-1] == (1000, 1000)


def test_a_defect_in_one_file_is_listed_and_the_others_are_done(tmp_path):
    found = analyze([write(tmp_path, "a.txt", "crash"), write(tmp_path, "b.txt")])
    assert [one.reason for one in found.failures] == [
        f"{tmp_path / 'a.txt'}: unexpected ZeroDivisionError: division by zero"
    ]
    assert list(found.table["file"].unique()) == [str(tmp_path / "b.txt")]


def test_files_that_cannot_be_read_are_named(tmp_path):
    odd, gone = write(tmp_path, "a.xyz"), tmp_path / "gone.wav"
    found = analyze([odd, gone, write(tmp_path, "c.txt")], Wishes(USE))
    reasons = [one.reason for one in found.failures]
    assert reasons[0].startswith(f"{odd}: files of kind '.xyz' cannot be read; use ")
    assert reasons[1] == f"{gone}: there is no such file; check the path"
    assert found.failed_files == [str(odd), str(gone)]


def test_a_video_without_sound_is_no_failure(tmp_path):
    assert analyze([write(tmp_path, "a.mov", "silent film")], Wishes(USE)).failures == ()
    alone = analyze([write(tmp_path, "a.mov", "silent film")], Wishes(USE, signals=("speech",)))
    assert len(alone.failures) == 1


@pytest.mark.parametrize("name", ["a.wav", "a.jpg", "a.mp4", "e4/EDA.csv"])
def test_biometric_signals_ask_for_a_purpose_before_anything_is_read(tmp_path, calls, name):
    path = write(tmp_path, name)
    text = write(tmp_path, "0.txt")
    with pytest.raises(BadInput, match="needs a declared purpose"):
        analyze([text, path if name != "e4/EDA.csv" else path.parent])
    assert calls == []


def test_refused_purposes_are_refused_for_texts_too(tmp_path, calls):
    with pytest.raises(BadInput, match="refused"):
        analyze([write(tmp_path, "a.txt")], Wishes("screening job applicants"))
    assert calls == []


def test_a_stopped_run_goes_on(tmp_path, calls):
    files = [write(tmp_path / "in", f"{k}.txt", "broken" if k == 1 else "x") for k in range(4)]
    parts = tmp_path / "parts"

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze(files, parts=parts, progress=stop)
    assert len(list(parts.iterdir())) == 2
    calls.clear()
    found = analyze(files, parts=parts)
    assert [name for _, name in calls] == ["1.txt", "3.txt"]
    whole = analyze(files)
    assert found.table.equals(whole.table)
    assert found.failures == whole.failures


def test_changed_files_and_other_wishes_are_read_again(tmp_path, calls):
    path, parts = write(tmp_path, "a.wav"), tmp_path / "parts"
    for wishes in (Wishes(USE), Wishes(USE), Wishes(USE, window=2.0)):
        analyze([path], wishes, parts=parts)
    assert len(calls) == 2
    path.write_text("longer now")
    analyze([path], Wishes(USE), parts=parts)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"signals": ("smell",)}, "there is no signal 'smell'"),
        ({"frames_per_second": 0.0}, "0 frames per second cannot be"),
        ({"frames_per_second": float("nan")}, "frames per second cannot be"),
        ({"window": 0.0}, "a window of 0 seconds cannot be"),
    ],
)
def test_wishes_that_cannot_be(options, message):
    with pytest.raises(BadInput, match=message):
        Wishes(**options)


def test_no_file_and_empty_folders(tmp_path):
    with pytest.raises(BadInput, match="there is no file"):
        analyze([])
    with pytest.raises(BadInput, match="the folder holds no file that thymos reads"):
        analyze([tmp_path])


def test_folders_are_searched_and_wristbands_are_one(tmp_path, calls):
    write(tmp_path, "in/deep/b.txt")
    write(tmp_path, "in/a.csv", "text\nhello")
    write(tmp_path, "in/.hidden.txt")
    write(tmp_path, "in/notes.xyz")
    write(tmp_path, "in/e4/EDA.csv")
    write(tmp_path, "in/e4/tags.csv")
    write(tmp_path, "in/series.csv", "time,EDA\n0,1")
    found = analyze([tmp_path / "in", tmp_path / "in/a.csv"], Wishes(USE))
    assert calls == [("text", "a.csv"), ("text", "b.txt"), ("physiology", "e4"), ("physiology", "series.csv")]
    assert found.files == 4
