"""CEAP-360VR: ratings after the videos, lazy traces, two ways to split."""

import json

import numpy as np
import pytest

from thymos.corpora.readers.ceap360vr import trace
from thymos.errors import BadInput

ROOT = "CEAP-360VR"
INFO = f"{ROOT}/1_Stimuli/VideoInfo.json"
ANSWERS = f"{ROOT}/2_QuestionnaireData/P2_Questionnaire_Data.json"
TRACES = f"{ROOT}/3_AnnotationData/Transformed/P2_Annotation_TransData.json"


@pytest.fixture
def there(release):
    return release("ceap360vr")


def change(there, name, edit):
    path = there.folder / name
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def test_items_ratings_and_tables(there):
    corpus = there.read()
    assert len(corpus.items) == 36
    assert list(corpus.items.index[:2]) == ["P1/V1", "P1/V2"]
    ratings = corpus.rated()
    assert ratings.raters_identified
    assert ratings.mean().loc["P1/V1", "valence"] == corpus.items.loc["P1/V1", "valence"]
    assert set(ratings.table["rater"]) == {f"P{k}" for k in range(1, 10)}
    videos = corpus.tables["videos"].set_index("video")["quadrant"]
    assert videos.to_dict() == {"V0": "", "V1": "HVHA", "V2": "HVLA", "V3": "LVHA", "V4": "LVLA"}
    assert corpus.items.loc["P1/V3", "quadrant"] == "LVHA"
    answers = corpus.tables["questionnaires"]
    own = answers[(answers["participant"] == "P1") & (answers["questionnaire"] == "IPQ")]
    assert own["answer"].tolist() == [-2, 0, 1, 1, 3, -1]
    assert own["occasion"].tolist() == [1, 1, 1, 2, 2, 2]


def test_two_splits_with_their_guarantees(there):
    corpus = there.read()
    people, videos = corpus.split("participants"), corpus.split("videos")
    assert people.guarantee == "participant-independent, not video-independent"
    assert videos.guarantee == "video-independent, not participant-independent"
    assert len(people.parts) == 8
    assert {item.split("/")[0] for item in people["fold_1"]} == {"P1", "P9"}
    assert set(videos.parts) == {"V1", "V2", "V3", "V4"}


def test_traces_are_read_when_they_are_asked_for(there):
    corpus = there.read()
    own = trace(corpus, "P2/V3")
    assert list(own.columns) == ["time", "valence", "arousal"]
    assert (np.diff(own["time"]) > 0).all()
    assert own.loc[0, ["valence", "arousal"]].tolist() == [5, 5]
    assert own["valence"].iloc[-20:].mean() < 5 < own["arousal"].iloc[-20:].mean()
    assert len(trace(corpus, "P2/V1")) != 0
    with pytest.raises(BadInput, match="there is no item 'P99/V1'"):
        trace(corpus, "P99/V1")


def test_the_folder_without_its_outer_name_is_taken(there):
    before = there.read()
    for path in (there.folder / ROOT).iterdir():
        path.rename(there.folder / path.name)
    (there.folder / ROOT).rmdir()
    assert there.read().items.drop(columns="trace_path").equals(before.items.drop(columns="trace_path"))


def samples(value):
    return value["ContinuousAnnotation_TransData"][0]["Video_Annotation_TransData"][0]["TimeStamp_Valence_Arousal"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda value: samples(value)[3].update(Valence=9.5), "video 'V1': a value of the trace is outside 1..9"),
        (lambda value: samples(value)[3].update(Valence=float("nan")), "a value of the trace is outside 1..9"),
        (lambda value: samples(value)[3].update(TimeStamp=0), "the times of the trace do not rise"),
        (lambda value: samples(value)[3].pop("Arousal"), "a sample is not TimeStamp, Valence and Arousal"),
        (lambda value: samples(value)[3].update(Arousal="high"), "a sample is not TimeStamp, Valence and Arousal"),
        (lambda value: samples(value).clear(), "the times of the trace do not rise"),
        (
            lambda value: value["ContinuousAnnotation_TransData"][0]["Video_Annotation_TransData"].pop(0),
            "there is no trace; get the release again",
        ),
        (
            lambda value: value["ContinuousAnnotation_TransData"][0].update(ParticipantID="P3"),
            "this is the file of 'P3', not of 'P2'",
        ),
        (
            lambda value: value["ContinuousAnnotation_TransData"][0].update(Video_Annotation_TransData=3),
            "Video_Annotation_TransData must be a list",
        ),
        (lambda value: value["ContinuousAnnotation_TransData"].clear(), "must be a list of one entry"),
    ],
)
def test_bad_traces(there, edit, message):
    change(there, TRACES, edit)
    corpus = there.read()
    with pytest.raises(BadInput, match=message) as caught:
        trace(corpus, "P2/V1")
    assert "P2_Annotation_TransData.json" in str(caught.value)


def person(value):
    return value["QuestionnaireData"][0]


@pytest.mark.parametrize(
    ("file", "edit", "message"),
    [
        (ANSWERS, lambda value: person(value).update(ParticipantID="P5"), "the file of 'P5', not of 'P2'"),
        (ANSWERS, lambda value: person(value).pop("SSQ 1"), "field 'SSQ 1' is missing"),
        (ANSWERS, lambda value: person(value).update({"SSQ 1": "1 x"}), "SSQ 1: 'x' is not a whole number"),
        (
            ANSWERS,
            lambda value: person(value)["Video_SAMRating_VideoTime_Data"][1].update(ValenceValue=0),
            "rated video 2: ValenceValue 0 is not a number 1..9",
        ),
        (
            ANSWERS,
            lambda value: person(value)["Video_SAMRating_VideoTime_Data"][1].update(VideoID="V9"),
            "rated video 2: unknown video 'V9'; known: V0",
        ),
        (
            ANSWERS,
            lambda value: person(value)["Video_SAMRating_VideoTime_Data"][1].update(VideoID="V1"),
            "rated video 2: video 'V1' stands twice",
        ),
        (ANSWERS, lambda value: person(value).update(Video_SAMRating_VideoTime_Data=[]), "must be a list of videos"),
        (
            INFO,
            lambda value: value["VideoInfo"][1].update(FrameRate="fast"),
            "video 2: FrameRate 'fast' is not a number",
        ),
        (INFO, lambda value: value["VideoInfo"][1].update(VideoID="V0"), "video 'V0' stands twice"),
        (INFO, lambda value: value.update(VideoInfo={}), "VideoInfo must be a list of videos"),
    ],
)
def test_bad_records(there, file, edit, message):
    change(there, file, edit)
    there.refused(message)


def test_missing_files(there):
    (there.folder / TRACES).unlink()
    there.refused("Transformed: there is no file of participant 'P2'")
    (there.folder / ANSWERS).unlink()
    assert len(there.read().items) == 32
    (there.folder / INFO).unlink()
    there.refused("there is no file 1_Stimuli/VideoInfo.json")
