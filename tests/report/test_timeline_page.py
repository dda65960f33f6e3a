"""The page and the picture of an analysis."""

import pytest

from thymos.perceive.analysis.run import Analysis, Failure
from thymos.perceive.timeline import timeline
from thymos.report.timeline_page import stretches, timeline_page, write_timeline_plot


@pytest.fixture
def found():
    speech = [
        {"file": "talk.wav", "start": k, "end": k + 1, "signal": "speech", "anger": k / 5, "calm": 1 - k / 5}
        for k in range(4)
    ]
    speech.append({"file": "talk.wav", "start": 4, "end": 5, "signal": "speech", "quality": "no voice"})
    picture = {"file": "<b>.jpg", "start": 0, "end": 0, "signal": "scene", "valence": 0.5, "arousal": -0.5}
    failure = Failure("bad.wav", "", "bad.wav: it is <broken>")
    return Analysis(timeline([*speech, picture]), (failure,), 3, 1.0, "research <with> adults")


def test_series_and_pictures_are_told_apart(found):
    first, second = stretches(found.table)
    assert first.title == "talk.wav: speech"
    assert first.is_series
    assert first.labels == ("calm", "anger")
    assert first.caption == "4 stretches judged; not judged: 1 x no voice"
    assert not second.is_series
    assert second.columns == ["valence", "arousal"]


def test_the_page_says_everything_and_escapes_it(found):
    page = timeline_page(found)
    assert "not judged: 1 x no voice" in page
    assert "bad.wav: it is &lt;broken&gt;" in page
    assert "research &lt;with&gt; adults" in page
    assert "<b>.jpg" not in page
    assert "<svg" in page
    assert "no ground for a judgment about a person" in page


@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.html", b"<!doctype html>")]
)
def test_files(found, tmp_path, name, start):
    assert write_timeline_plot(found, tmp_path / name).read_bytes().startswith(start)


def test_a_recording_without_any_judged_stretch_is_drawn_as_well(tmp_path):
    rows = [{"file": "a.wav", "start": k, "end": k + 1, "signal": "speech", "quality": "no voice"} for k in range(3)]
    silent = Analysis(timeline(rows), (), 1, 0.1, "testing")
    assert "0 stretches judged; not judged: 3 x no voice" in timeline_page(silent)
    assert write_timeline_plot(silent, tmp_path / "a.png").is_file()
