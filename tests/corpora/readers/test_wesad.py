"""WESAD: conditions, questionnaires, lazy signals, hostile and damaged pickles."""

import os
import pickle

import numpy as np
import pytest

from thymos.corpora.readers import wesad
from thymos.errors import BadInput

QUEST = "WESAD/S2/S2_quest.csv"


@pytest.fixture
def there(release):
    return release("wesad")


def repickled(there, change):
    """Change what stands in the pickle of S2."""
    path = there.folder / "WESAD/S2/S2.pkl"
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content, protocol=2))
    return there.read()


def test_conditions_are_items(there):
    corpus = there.read()
    assert list(corpus.items["subject"].unique()) == ["S2", "S3", "S10"]
    own = corpus.items.loc["S3/amusement"]
    assert (own["start"], own["end"], own["position"], own["condition"]) == (12, 18, 2, "amusement")
    assert set(corpus.items["condition"]) == {"baseline", "stress", "amusement", "meditation"}
    assert own["gender"] == "female"
    assert own["wrist_path"].endswith("S3_E4_Data.zip")
    assert corpus.split("subjects").guarantee == "subject-independent"


def test_protocol_and_self_report_stay_apart(there):
    ratings = there.read().rated()
    assert ratings.raters == ["protocol", "S2", "S3", "S10"]
    assert ratings.plurality("wesad_conditions4")["S2/meditation_2"] == "meditation"
    felt = ratings.mean("self_assessment_manikin")
    assert felt.loc["S2/stress", "arousal"] > felt.loc["S2/baseline", "arousal"]


def test_answers_and_sums(there):
    there.edit_line(QUEST, 6, lambda _: "# PANAS;" + ";".join(["1"] * 20 + ["4", "3", "2", "5"]) + ";")
    there.edit_line(QUEST, 12, lambda _: "# STAI;4;1;1;4;1;4;")
    corpus = there.read()
    answers = corpus.tables["answers"]
    own = answers[(answers["item"] == "S2/baseline") & (answers["questionnaire"] == "PANAS")].set_index("question")
    assert own["answer"][["stressed", "frustrated", "happy", "sad"]].tolist() == [4, 3, 2, 5]
    item = corpus.items.loc["S2/baseline"]
    assert (item["panas_positive"], item["panas_negative"], item["stai"]) == (10, 10, 6)
    after = answers[(answers["item"] == "S2/stress") & (answers["questionnaire"] == "PANAS")]
    assert after["question"].tolist()[-4:] == ["happy", "angry", "irritated", "sad"]
    assert set(answers.loc[answers["questionnaire"] == "SSSQ", "item"]) == {"S2/stress", "S3/stress", "S10/stress"}


@pytest.mark.parametrize(("written", "seconds"), [("0.3", 30), ("0.03", 3), ("1", 60), ("1.05", 65)])
def test_times_drop_trailing_zeros(there, written, seconds):
    there.edit_line(QUEST, 3, lambda _: f"# START;{written};1.12;1.22;1.32;1.42;1.52;2.02;")
    there.edit_line(QUEST, 4, lambda _: "# END;1.1;1.18;1.28;1.38;1.48;1.58;2.08;")
    assert there.read().items["start"]["S2/baseline"] == seconds


def test_signals_are_cut_to_the_condition(there):
    corpus = there.read()
    found = wesad.signals(corpus, "S2/stress")
    assert found["chest"]["ACC"].shape == (4200, 3)
    assert found["chest"]["EDA"].shape == (4200,)
    assert found["wrist"]["BVP"].shape == (384,)
    assert set(found["chest"]["label"]) == {2}
    assert found["wrist"]["EDA"].mean() > wesad.signals(corpus, "S2/baseline")["wrist"]["EDA"].mean() + 0.5
    assert len(wesad.subject_signals(corpus, "S10")["wrist"]["TEMP"]) == 4 * 72
    with pytest.raises(BadInput, match="there is no item 'S2/joy'"):
        wesad.signals(corpus, "S2/joy")
    with pytest.raises(BadInput, match="there is no subject 'S1'"):
        wesad.subject_signals(corpus, "S1")


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hostile",)


def test_a_pickle_that_runs_something_is_refused(there, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (there.folder / "WESAD/S2/S2.pkl").write_bytes(pickle.dumps({"subject": Hostile()}, protocol=2))
    corpus = there.read()
    with pytest.raises(BadInput, match=r"S2\.pkl"):
        wesad.signals(corpus, "S2/stress")
    assert not (tmp_path / "hostile").exists()


@pytest.mark.parametrize("length", [0, 1, 100, 20000])
def test_a_pickle_that_was_cut(there, length):
    path = there.folder / "WESAD/S2/S2.pkl"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(BadInput, match=r"S2\.pkl"):
        wesad.signals(there.read(), "S2/stress")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("label"), "subject, signal and label are needed"),
        (lambda c: c.update(subject="S3"), "this is the pickle of 'S3', not of 'S2'"),
        (lambda c: c.update(signal=[1]), "there are no signals of the chest"),
        (lambda c: c["signal"].pop("wrist"), "there are no signals of the wrist"),
        (lambda c: c["signal"]["chest"].pop("Resp"), "chest: signal 'RESP' is missing"),
        (lambda c: c["signal"]["chest"].update(EDA="x"), "chest: signal 'EDA' is missing or no array"),
        (lambda c: c["signal"]["wrist"].update(ACC=np.zeros((5, 2))), r"signal 'ACC' has shape \(5, 2\), 3 columns"),
        (lambda c: c.update(label=c["label"][:-1]), "the chest signals differ in length"),
        (
            lambda c: (c.update(label=c["label"][:7000]), cut(c["signal"]["chest"], 7000)),
            "the recording ends before 18 s",
        ),
    ],
)
def test_bad_signals(there, change, message):
    corpus = repickled(there, change)
    with pytest.raises(BadInput, match=message):
        wesad.signals(corpus, "S2/stress")


def cut(arrays, length):
    for name in arrays:
        arrays[name] = arrays[name][:length]


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (2, "# ORDER;Base;Fun;Medi 1;Medi 2;Lunch;sRead;fRead;", "line 2: condition 'Lunch' is unknown"),
        (2, "# ORDER;Base;Fun;Medi 1;Fun;TSST;sRead;fRead;", "line 2: condition 'Fun' stands twice"),
        (2, "# ORDER;Base;Fun;Medi 1;TSST;sRead;fRead;", "line 2: condition 'Medi 2' is missing"),
        (2, "ORDER", "one line '# ORDER' is needed"),
        (3, "# START;0.02;noon;", "line 3: 'noon' is no time in minutes.seconds"),
        (3, "# START;0.02;0.75;", "line 3: '0.75' is no time"),
        (3, "# START;0.02;", "line 3: '' is no time"),
        (4, "# END;0.01;0.18;0.28;0.38;0.48;0.58;1.08;", "line 4: condition 'Base' ends before it starts"),
        (6, "# PANAS;1;2;3;", "line 6: 3 answers of PANAS found, 26 expected"),
        (6, "# PANAS;" + "9;" * 24, "line 6: PANAS: answer '9' is not 1..5"),
        (6, "", "4 lines of PANAS, 5 are needed"),
        (12, "# STAI;1;2;3;4;1;x;", "line 12: STAI: answer 'x' is not 1..4"),
        (18, "# DIM;5;", "line 18: 1 answers of SAM found, 2 expected"),
        (24, "# SSSQ;1;1;1;1;1;0;", "line 24: SSSQ: answer '0' is not 1..5"),
    ],
)
def test_bad_questionnaires(there, line, text, message):
    there.edit_line(QUEST, line, lambda _: text)
    there.refused(f"S2_quest.csv.*{message}")


def test_missing_files_and_folders(there):
    (there.folder / "WESAD/S2/S2_E4_Data.zip").unlink()
    (there.folder / "WESAD/S2/S2_readme.txt").unlink()
    own = there.read().items.loc["S2/stress"]
    assert own["wrist_path"] == ""
    assert np.isnan(own["age"])
    (there.folder / "WESAD").rename(there.folder / "x")
    there.refused("there is no subject folder S2")
    for path in (there.folder / "x").iterdir():
        path.rename(there.folder / path.name)
    assert len(there.read().items) == 15
    (there.folder / "S2/S2.pkl").unlink()
    there.refused("there is no file S2.pkl")
