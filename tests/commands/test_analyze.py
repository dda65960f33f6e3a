"""``thymos analyze`` and ``thymos train`` from the command line."""

import json

import pandas as pd
import pytest
from tests.perceive.analysis.conftest import calls, invented  # noqa: F401

pytestmark = pytest.mark.usefixtures("invented")
USE = "research with consenting adults"


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_text("x")
    return path


def test_a_table_is_printed(thymos, clip):
    done = thymos("analyze", str(clip), "--use", USE)
    assert done.status == 0
    assert "calm 0.75, anger 0.25" in done.out
    assert "(no voice)" in done.out


def test_files_and_plots_are_written(thymos, clip, tmp_path):
    out, plot = tmp_path / "out.csv", tmp_path / "out.html"
    done = thymos("analyze", str(clip), "--use", USE, "--out", str(out), "--plot", str(plot))
    assert done.status == 0
    assert len(pd.read_csv(out)) == 3
    assert "clip.wav: speech" in plot.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_bad_files_are_listed_and_the_rest_is_written(thymos, clip, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_text("broken")
    out = tmp_path / "out.parquet"
    done = thymos("analyze", str(bad), str(clip), "--use", USE, "--out", str(out))
    assert done.status == 1
    assert "not used: " in done.err
    assert "bad.wav: it is broken; mend it" in done.err
    assert "2 files, 1 of them with errors" in done.err
    assert len(pd.read_parquet(out)) == 3


def test_json(thymos, clip):
    found = json.loads(thymos("analyze", str(clip), "--use", USE, "--json").out)
    assert found["use"] == USE
    assert found["rows"][1]["anger"] is None
    assert found["failures"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "reading emotions from speech needs a declared purpose"),
        (("--use", "hiring"), "refused"),
        (("--use", USE, "--format", "csv"), "a format needs a file"),
        (("--use", USE, "--out", "a.doc"), "the format '.doc' is unknown"),
        (("--use", USE, "--plot", "a.pdf"), "the plot must be .png, .svg or .html"),
        (("--use", USE, "--signal", "smell"), "there is no signal 'smell'"),
    ],
)
def test_wrong_wishes_are_one_line(thymos, clip, options, message):
    done = thymos("analyze", str(clip), *options)
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_training_something_unknown(thymos, tmp_path):
    done = thymos("train", "smell", "--out", str(tmp_path / "x"))
    assert done.status == 2
    assert "there is no recognizer 'smell'; use one of: text, emotions, speech, face, scene, physiology" in done.err
