"""Continuous feeling: the systems on invented viewers, the arms on both twins, the claims either way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.registry import get_reader
from thymos.errors import BadInput
from thymos.perceive.traces.shaping import TraceShape
from thymos.perceive.traces.tracks import GENERALIZED, PERSONALIZED
from thymos.studies._listener_claims import knowing_the_person, observers_hardly_agree, text_beats_observer
from thymos.studies._listener_claims import tracks_on_one_story as one_story_claim
from thymos.studies._listener_data import luminance_of
from thymos.studies._listener_dyads import (
    ALL,
    LISTENER,
    TEXTS,
    VALID,
    Spoken,
    at_frames,
    course_for,
    fitted_guess,
    mean_course,
    own_levels,
    spoken,
    without_dyads,
)
from thymos.studies._listener_systems import (
    CONSTANT,
    LIGHT,
    ONE_VIEWER,
    OTHERS,
    OWN,
    PERSONAL,
    PERSONAL_SHAPED,
    REST,
    SHAPED,
    TIME,
    by_light,
    generalized,
    personalized,
)
from thymos.studies.contract import Results, Row, Settings, Verdict
from thymos.studies.listener_empathy import STUDY
from thymos.studies.runner import load_results, run_study
from thymos.testing.layouts import write_official_layout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Results]:
    """The study on the twins of CEAP-360VR (with brightness) and OMG-Empathy."""
    root = tmp_path_factory.mktemp("data")
    write_official_layout("ceap360vr", root / "ceap360vr")
    write_luminance(root / "ceap360vr")
    write_official_layout("omg_empathy", root / "omg_empathy")
    settings = Settings(data=root, quick=True, output=tmp_path_factory.mktemp("runs"))
    result = run_study(STUDY, settings, console=Console(quiet=True))
    return result, load_results(Path(result["run"]))[1]


def write_luminance(folder: Path) -> None:
    lines = ["Frame,V0,V1,V2,V3,V4"]
    lines += [f"{frame},1,{frame / 6},2.5,{100 + frame % 9},{'' if frame > 500 else 7}" for frame in range(600)]
    (folder / "CEAP-360VR" / "1_Stimuli" / "VideoLuminance.csv").write_text("\n".join(lines))


def test_every_arm_ran(run: tuple[dict[str, Any], Results]) -> None:
    result, results = run
    assert result["left_out"] == []
    systems = {row.system for row in results.find(metric=PERSONALIZED, subset="valence")}
    assert {CONSTANT, TIME, LIGHT, OTHERS, SHAPED, OWN, PERSONAL, PERSONAL_SHAPED, ONE_VIEWER, REST} <= systems


def test_both_tracks_coincide_where_everybody_has_every_video(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    for row in results.find(metric=PERSONALIZED):
        if not row.subset.startswith("omg"):
            twin = [
                other.value
                for other in results.find(metric=GENERALIZED, subset=row.subset, system=row.system)
                if other.kind is row.kind
            ]
            assert twin == [pytest.approx(row.value)]


def test_intervals_are_over_people(run: tuple[dict[str, Any], Results]) -> None:
    rows = run[1].find(metric=PERSONALIZED, subset="arousal")
    assert all(row.clusters == 9 and row.n == 36 and row.low is not None for row in rows)
    assert {row.clusters for row in run[1].find(metric=PERSONALIZED, subset=ALL)} == {4}


def test_others_beat_the_constant_in_the_twin(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    assert results.value(system=CONSTANT, metric=PERSONALIZED, subset="valence") == 0
    others = results.value(system=OTHERS, metric=PERSONALIZED, subset="valence")
    assert others > 0.5 > results.value(system=TIME, metric=PERSONALIZED, subset="valence")
    assert results.value(system=REST, metric=PERSONALIZED, subset="valence") == pytest.approx(others, abs=0.1)


def test_the_twin_of_the_dialogues(run: tuple[dict[str, Any], Results]) -> None:
    results = run[1]
    assert results.one(system=LISTENER, metric=PERSONALIZED, subset=ALL).n == 32
    assert results.one(system=f"{LISTENER}, shaped", metric=PERSONALIZED, subset=VALID).n == 4
    assert results.value(system="zero", metric=GENERALIZED, subset=VALID) == 0
    text = results.one(system=TEXTS, metric=GENERALIZED, subset=VALID)
    assert "chosen on training stories" in text.note
    assert text.guarantee == "story-independent, not subject-independent"


def test_plots_can_be_drawn(run: tuple[dict[str, Any], Results]) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(run[1], figure)
        assert len(figure.axes) == 2
        assert figure.axes[0].get_yticklabels()


# -- systems ----------------------------------------------------------------------------------------------------------


def crowd(people: int, seed: int) -> np.ndarray:
    """(people, 4 videos, 80 times): a course a video, a level a person, a little noise."""
    rng = np.random.default_rng(7)
    course = np.cumsum(rng.normal(size=(4, 80)), axis=1)
    own = np.random.default_rng(seed)
    return course + own.normal(0, 4, size=(people, 1, 1)) + own.normal(0, 0.5, size=(people, 4, 80))


def test_systems_see_what_they_may_see() -> None:
    train, own = crowd(10, 0), crowd(2, 1)
    found = generalized(train, own, None)
    assert LIGHT not in found
    assert found[OTHERS][0] == pytest.approx(train.mean(axis=0))
    changed = generalized(train, own + 100, None)
    assert all(np.array_equal(changed[name], values) for name, values in found.items())
    # What a person traced of a video must not reach the prediction of that video.
    hidden = own.copy()
    hidden[:, 2] = 99.0
    for name, values in personalized(train, own).items():
        assert np.array_equal(personalized(train, hidden)[name][:, 2], values[:, 2]), name
        assert not np.array_equal(personalized(train, hidden)[name][:, 1], values[:, 1]), name


def test_knowing_the_person_helps_where_people_have_a_level() -> None:
    train, own = crowd(10, 0), crowd(6, 1)
    errors = {
        name: np.abs(values - own).mean()
        for name, values in {**generalized(train, own, None), **personalized(train, own)}.items()
    }
    assert errors[PERSONAL] < 0.6 * errors[OTHERS]


def test_time_alone_leaves_the_video_out() -> None:
    train = crowd(5, 0)
    changed = train.copy()
    changed[:, 3] += 50
    before, after = (generalized(traces, train[:1], None)[TIME] for traces in (train, changed))
    assert np.array_equal(before[:, 3], after[:, 3])
    assert not np.array_equal(before[:, 0], after[:, 0])


def test_brightness_is_learned_on_other_videos() -> None:
    rng = np.random.default_rng(0)
    light = np.cumsum(rng.normal(size=(5, 200)), axis=1)
    light = (light - light.mean()) / light.std()
    found = by_light(5 + 2 * light, light)
    assert np.corrcoef(found[2], 5 + 2 * light[2])[0, 1] > 0.9
    changed = 5 + 2 * light
    changed[2] = -40.0
    assert found[2] == pytest.approx(by_light(changed, light)[2])


def test_luminance(tmp_path: Path) -> None:
    folder = write_official_layout("ceap360vr", tmp_path / "ceap360vr")
    corpus = get_reader("ceap360vr").read(folder)
    grid = np.arange(0, 20, 0.5)
    assert luminance_of(corpus, ["V1", "V2"], grid) is None
    write_luminance(folder)
    found = luminance_of(corpus, ["V1", "V2"], grid)
    assert found is not None
    assert found.mean() == pytest.approx(0)
    assert found[0, -1] > found[1, 0] > found[0, 0]
    assert np.ptp(found[1]) == 0
    path = folder / "CEAP-360VR" / "1_Stimuli" / "VideoLuminance.csv"
    path.write_text(path.read_text().replace("2.5", "300", 1))
    with pytest.raises(BadInput, match="VideoLuminance"):
        luminance_of(corpus, ["V1", "V2"], grid)


def test_a_missing_trace_is_named(tmp_path: Path) -> None:
    folder = write_official_layout("ceap360vr", tmp_path / "ceap360vr")
    answers = folder / "CEAP-360VR/2_QuestionnaireData/P2_Questionnaire_Data.json"
    import json

    record = json.loads(answers.read_text())
    record["QuestionnaireData"][0]["Video_SAMRating_VideoTime_Data"].pop()
    answers.write_text(json.dumps(record))
    with pytest.raises(BadInput, match="P2 has no trace of V4"):
        run_study(STUDY, Settings(data=tmp_path, quick=True, output=tmp_path / "runs"), console=Console(quiet=True))


# -- dialogues --------------------------------------------------------------------------------------------------------


def dialogue(story: str, words: list[str], felt: list[float], subject: str = "1") -> Spoken:
    pace = np.zeros((len(words), 3))
    return Spoken(f"{subject}/{story}", subject, story, words, [""] * len(words), pace, np.array(felt), np.array(felt))


def test_words_carry_over_to_another_story() -> None:
    train = [dialogue(str(k), ["lovely day", "awful day"] * 6, [1.0, -1.0] * 6) for k in range(3)]
    test = dialogue("9", ["awful", "lovely", "lovely"], [0.0, 0.0, 0.0])
    guess = fitted_guess(train, [test], 1.0, 0)[0]
    assert guess[0] < 0 < guess[1]


def test_nobody_speaks() -> None:
    train = [dialogue(str(k), [""] * 4, [0.5, 0.5, 0.1, 0.3]) for k in range(2)]
    assert fitted_guess(train, train[:1], 10.0, 0)[0] == pytest.approx([0.35] * 4)


def test_only_what_has_been_begun_is_read(tmp_path: Path) -> None:
    corpus = get_reader("omg_empathy").read(write_official_layout("omg_empathy", tmp_path / "omg_empathy"))
    one = spoken(corpus, "Subject_1_Story_2")
    assert len(one.said) == len(one.felt) == len(one.pace)
    assert len(one.said[0].split()) < len(one.said[8].split())
    assert len(one.frames) == corpus.items["frames"]["Subject_1_Story_2"]


def test_levels_and_courses() -> None:
    train = [dialogue("1", ["a"] * 2, [1.0, 3.0]), dialogue("2", ["a"] * 3, [2.0, 2.0, 5.0])]
    assert own_levels(train, [np.zeros(2), np.zeros(3)]) == pytest.approx({"1": 5 / 3})
    assert mean_course(train).tolist() == [1.5, 2.5, 5.0]
    assert course_for(mean_course(train), 4).tolist() == [1.5, 2.5, 5.0, 5.0]
    assert at_frames(np.array([0.0, 1.0]), 26)[[0, 5, 25]] == pytest.approx([0, 0.2, 1])


def test_needs(tmp_path: Path) -> None:
    assert "needs OMG-Empathy" in without_dyads(Settings(data=tmp_path))
    (tmp_path / "omg_empathy").mkdir()
    assert without_dyads(Settings(data=tmp_path)) == ""


# -- claims -----------------------------------------------------------------------------------------------------------


def row(system: str, metric: str, subset: str, ends: tuple[float, float], kind: str = "ablation") -> Row:
    return Row(system, kind, metric, subset, sum(ends) / 2, 9, "x", low=ends[0], high=ends[1])


@pytest.mark.parametrize(
    ("second", "verdict"),
    [((0.02, 0.1), Verdict.HOLDS), ((-0.02, 0.1), Verdict.NOT_SHOWN), ((-0.2, -0.1), Verdict.CONTRADICTED)],
)
def test_gain_of_knowing_the_person(second: tuple[float, float], verdict: Verdict) -> None:
    name = f"{PERSONAL_SHAPED} over {SHAPED}"
    rows = (row(name, "ccc_gain", "valence", (0.01, 0.1)), row(name, "ccc_gain", "arousal", second))
    assert knowing_the_person(Results(rows)).verdict is verdict


def test_claims_about_the_dialogues() -> None:
    viewers = tuple(row(name, PERSONALIZED, "valence", (0.1, 0.2), "ceiling") for name in (ONE_VIEWER, REST))
    assert observers_hardly_agree(Results(viewers)).verdict is Verdict.NOT_TESTABLE
    for ends, verdict in (((0.0, 0.1), Verdict.HOLDS), ((0.1, 0.4), Verdict.NOT_SHOWN)):
        assert observers_hardly_agree(Results((row(LISTENER, PERSONALIZED, ALL, ends),))).verdict is verdict
    assert text_beats_observer(Results(())).verdict is Verdict.NOT_TESTABLE
    for ends, verdict in (((0.1, 0.3), Verdict.HOLDS), ((-0.1, 0.3), Verdict.NOT_SHOWN)):
        assert text_beats_observer(Results((row(TEXTS, GENERALIZED, VALID, ends),))).verdict is verdict


def test_two_tracks_on_one_story(run: tuple[dict[str, Any], Results]) -> None:
    assert one_story_claim(run[1]).verdict is Verdict.CONTRADICTED
    own = [one for one in run[1].rows if one.kind != "published"]
    assert one_story_claim(Results(tuple(own))).verdict is Verdict.NOT_TESTABLE
    agreeing = [
        row("authors, listener only", track, VALID, (0.05, 0.05), "published") for track in (PERSONALIZED, GENERALIZED)
    ]
    assert one_story_claim(Results((*own, *agreeing))).verdict is Verdict.HOLDS


@pytest.mark.data
def test_real_viewers(data_root: Path, tmp_path: Path) -> None:
    arms = tuple(arm for arm in STUDY.arms if arm.name in ("floors", "generalized"))
    study = type(STUDY)(**{**vars(STUDY), "arms": arms})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thymos.studies._listener_systems.fit_shape", lambda *_: TraceShape())
        result = run_study(study, Settings(data=data_root, quick=True, output=tmp_path), console=Console(quiet=True))
    results = load_results(Path(result["run"]))[1]
    assert results.value(system=OTHERS, metric=PERSONALIZED, subset="valence") == pytest.approx(0.20, abs=0.01)
    assert abs(results.value(system=TIME, metric=PERSONALIZED, subset="arousal")) < 0.03
    assert abs(results.value(system=LIGHT, metric=PERSONALIZED, subset="arousal")) < 0.03
