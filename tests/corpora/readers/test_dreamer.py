"""DREAMER: ratings, lazy signals, damaged and foreign MATLAB files."""

import contextlib

import numpy as np
import pytest
from scipy.io import savemat

from thymos.corpora.readers import dreamer
from thymos.errors import BadInput

FILE = "DREAMER.mat"


@pytest.fixture
def there(release):
    return release("dreamer")


def structure(**changes):
    """A structure of two subjects and two films, with changes."""
    cells = np.empty((2, 1), dtype=object)
    for k in range(2):
        cells[k, 0] = np.arange(28.0).reshape(2, 14) + k
    part = {"baseline": cells, "stimuli": cells}
    scores = np.array([[2], [4]], dtype=np.uint8)
    subject = {"Age": "25", "Gender": "male", "EEG": part, "ECG": part, "ScoreValence": scores, "ScoreArousal": scores,
               "ScoreDominance": scores, **changes.pop("subject", {})}  # fmt: skip
    data = np.empty((1, 2), dtype=object)
    data[0, 0] = data[0, 1] = {name: value for name, value in subject.items() if value is not None}
    names = np.empty((1, 2), dtype=object)
    names[0] = ["AF3", "AF4"]
    content = {"Data": data, "EEG_SamplingRate": 128.0, "ECG_SamplingRate": 256.0, "EEG_Electrodes": names, **changes}
    return {name: value for name, value in content.items() if value is not None}


def test_ratings_and_splits(there):
    corpus = there.read()
    assert list(corpus.items.index[:2]) == ["P01/F01", "P01/F02"]
    assert len(corpus.items) == 12
    assert corpus.items.loc["P02/F01", ["age", "gender"]].tolist() == ["23", "female"]
    assert corpus.rated().scheme().range == (1, 5)
    assert set(corpus.rated().raters) == {"P01", "P02", "P03"}
    assert corpus.rated().mean().loc["P03/F04", "dominance"] == corpus.items.loc["P03/F04", "dominance"]
    assert corpus.split("subjects").guarantee == "subject-independent, not film-independent"
    assert corpus.split("films").guarantee == "film-independent, not subject-independent"
    assert corpus.tables["electrodes"]["electrode"].tolist()[:2] == ["AF3", "F7"]


def test_signals_of_an_item(there):
    corpus = there.read()
    found = dreamer.recording(corpus, "P02/F03")
    seconds = corpus.items.loc["P02/F03", "seconds"]
    assert seconds in (2, 3)
    assert found["EEG"].shape == (128 * seconds, 14)
    assert found["ECG"].shape == (256 * seconds, 2)
    assert found["EEG_baseline"].shape == (128, 14)
    assert abs(found["EEG"].mean() - 4200) < 2
    other = dreamer.recording(corpus, "P03/F03")
    assert not np.array_equal(other["EEG"][:128], found["EEG"][:128])
    with pytest.raises(BadInput, match="there is no item 'P09/F01'"):
        dreamer.recording(corpus, "P09/F01")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Data": None}, "there is no field 'Data'"),
        ({"EEG_SamplingRate": -1.0}, "EEG_SamplingRate is no rate in Hz"),
        ({"EEG_SamplingRate": "fast"}, "EEG_SamplingRate is no rate in Hz"),
        ({"subject": {"EEG": None}}, "subject 1: there is no field 'EEG'"),
        ({"subject": {"Age": None}}, "subject 1: there is no field 'Age'"),
        ({"subject": {"ScoreValence": np.array([[2], [6]])}}, "subject 1: ScoreValence must be numbers 1..5"),
        ({"subject": {"ScoreValence": np.array([[2.0], [np.nan]])}}, "subject 1: ScoreValence must be numbers 1..5"),
        ({"subject": {"ScoreValence": np.array([[2], [3], [4]])}}, "subject 1: 2 films, but another number of scores"),
        ({"subject": {"EEG": {"stimuli": "x"}}}, "subject 1: 1 films|a signal is no table|another number of scores"),
        ({"subject": {"EEG": 7.0}}, "subject 1: there is no field 'stimuli'"),
    ],
)
def test_bad_structures(there, changes, message):
    savemat(there.folder / FILE, {"DREAMER": structure(**changes)})
    there.refused(message)


def test_a_lacking_baseline_is_found_when_it_is_asked_for(there):
    cells = np.empty((2, 1), dtype=object)
    cells[0, 0] = cells[1, 0] = np.zeros((4, 14))
    short = np.zeros((4, 14))
    savemat(there.folder / FILE, {"DREAMER": structure(subject={"EEG": {"stimuli": cells, "baseline": short}})})
    corpus = there.read()
    with pytest.raises(BadInput, match="EEG has no baseline of film 2"):
        dreamer.recording(corpus, "P01/F02")


@pytest.mark.parametrize("share", [0, 0.001, 0.01, 0.3, 0.6, 0.99])
def test_a_file_that_was_cut(there, share):
    path = there.folder / FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    there.refused("DREAMER.mat: ")


def test_changed_bytes_are_one_clear_error_or_read(there):
    path = there.folder / FILE
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        place = int(rng.integers(100, 400))
        damaged[place] = int(rng.integers(0, 256))
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(BadInput):
            there.read()


def test_other_files(there):
    path = there.folder / FILE
    savemat(path, {"OTHER": 1.0})
    there.refused("there is no variable DREAMER")
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n" + b"\0" * 600)
    there.refused("this is a MATLAB file of version 7.3; save it as version 7")
    path.unlink()
    there.refused("there is no file DREAMER.mat")
