"""The study of ambivalence on twins: floors, streams, persons; claims both ways; golden numbers where BAH is."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.bah import READER
from thymos.corpora.registry import corpus_folder
from thymos.errors import Unavailable
from thymos.measure.ranking import average_precision, roc_auc, swept_average_precision, within_group_auc
from thymos.measure.registry import score_function
from thymos.perceive.personalization.by_person import ADAPTING, ORACLE, SOURCE_ONLY
from thymos.studies._ambivalence_claims import (
    adapting_helps_voices,
    all_streams_win,
    it_is_the_person,
    levels_are_enough,
    question_beats_published,
    sounds_and_words_win,
    text_adds_to_question,
    text_within_questions,
)
from thymos.studies._ambivalence_data import SIMULATED, TEST, Videos
from thymos.studies._ambivalence_frames import FRAMES, plans
from thymos.studies._ambivalence_people import LEVELS, SWAPPED
from thymos.studies._ambivalence_text import (
    ALWAYS,
    ENCODER,
    LENGTH,
    QUESTION,
    TFIDF,
    TFIDF_QUESTION,
    floor_probabilities,
    question_rates,
)
from thymos.studies._stand_in_voices import NOT_THE_TASK, TASK
from thymos.studies.ambivalence_hesitancy import STUDY
from thymos.studies.contract import Results, Row, Settings, Study, Verdict, judge, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, load_results, run_study
from thymos.testing.layouts import write_official_layout

stand_ins = runpy.run_path(str(Path(__file__).with_name("stand_ins.py")))
METRICS = {"macro_f1", "average_precision", "swept_average_precision", "roc_auc", "within_question_auc"}


def run_on_twins(folder: Path, layout: str, slugs: tuple[str, ...], study: Study = STUDY) -> dict[str, Any]:
    for slug in slugs:
        write_official_layout(slug, folder / "data" / slug, layout=layout if slug == "bah" else "official")
    settings = Settings(data=folder / "data", quick=True, output=folder / "runs")
    with pytest.MonkeyPatch.context() as patch:
        stand_ins["put_in"](patch)
        return run_study(study, settings, console=Console(quiet=True))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_on_twins(tmp_path_factory.mktemp("ambivalence"), "official", ("ravdess", "bah"))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_the_twin_is_stamped(result: dict[str, Any], results: Results) -> None:
    assert {entry["corpus"]: entry["simulated"] for entry in result["data"]} == {"ravdess": False, "bah": True}
    own = [row for row in results.find() if row.subset.startswith(TEST)]
    assert own
    assert all(SIMULATED in row.note for row in own)
    assert [left["arm"] for left in result["left_out"]] == ["fusion"]
    assert "without features of frames" in result["left_out"][0]["reason"]


def test_area_within_questions_always_stands_beside_the_area(results: Results) -> None:
    for row in results.find(metric="roc_auc"):
        assert results.find(system=row.system, subset=row.subset, metric="within_question_auc"), row
    for system in (LENGTH, QUESTION, TFIDF, TFIDF_QUESTION, ENCODER):
        assert {row.metric for row in results.find(system=system, subset=TEST)} == METRICS
    assert {row.metric for row in results.find(system=ALWAYS)} == {"macro_f1"}
    assert results.value(system=QUESTION, metric="within_question_auc") == 0.5
    assert results.one(system=TFIDF, metric="macro_f1").clusters == 8
    assert results.one(system=TFIDF, metric="macro_f1").guarantee == "participant-independent"


def test_planted_cues_are_found_beyond_the_question(results: Results) -> None:
    assert results.value(system=TFIDF, metric="within_question_auc") > 0.6
    assert results.value(system=QUESTION, metric="roc_auc") > 0.6


def test_every_way_to_know_an_actor_has_its_row(results: Results) -> None:
    for system in (SOURCE_ONLY, *ADAPTING, *SWAPPED.values(), LEVELS, ORACLE):
        row = results.one(system=system, metric="uar", subset=TASK)
        assert NOT_THE_TASK in row.note
        assert row.guarantee == "person-independent"
        assert row.clusters == 12
    assert results.one(system=ORACLE, metric="uar", subset=TASK).kind == "ceiling"
    oracle, source = (results.value(system=name, metric="uar", subset=TASK) for name in (ORACLE, SOURCE_ONLY))
    assert oracle > source


def test_plots_and_verdicts(result: dict[str, Any], results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes[0].lines
        empty = Figure()
        plot.draw(Results(tuple(row for row in results.rows if row.subset == TASK)), empty)
        assert empty.axes[0].get_xlabel()
    verdicts = {claim["text"]: claim["verdict"] for claim in result["claims"]}
    assert verdicts["Fusing face, sound and words beats every stream alone, video level"] == "not testable here"
    assert verdicts["Words add to the question number"] != "not testable here"


@pytest.mark.filterwarnings("ignore:.*resamples without a defined score")  # two people, three questions
def test_streams_of_frames_on_a_twin(tmp_path: Path) -> None:
    arms = tuple(arm for arm in STUDY.arms if arm.name in ("text floors", "fusion"))
    result = run_on_twins(tmp_path, "features", ("bah",), replace(STUDY, arms=arms, corpora=("bah",)))
    assert result["left_out"] == []
    results = load_results(Path(result["run"]))[1]
    for rule in ("vote", "mean probability", "mean logit"):
        found = {row.system for row in results.find(metric="macro_f1", subset=f"{TEST}, {rule}")}
        assert len(found) == 7
    assert len(results.find(metric="macro_f1", subset=FRAMES)) == 7
    assert all_streams_win(results).verdict is not Verdict.NOT_TESTABLE


def test_without_bah_only_voices_run(tmp_path: Path, results: Results) -> None:
    reasons = {arm.name: arm.needs(Settings(data=tmp_path)) for arm in STUDY.arms}
    assert {name for name, reason in reasons.items() if not reason} == {"voices"}
    assert set(reasons.values()) == {"", "needs BAH (thymos data card bah)"}
    voices = Results(tuple(row for row in results.rows if row.subset == TASK))
    verdicts = [claim["verdict"] for claim in judge(STUDY.claims, voices)]
    assert verdicts.count("not testable here") == 6


def test_rows_are_told_once_and_values_lie_in_their_intervals(results: Results) -> None:
    keys = [(row.kind, row.system, row.metric, row.subset, row.split) for row in results.rows]
    assert len(set(keys)) == len(keys)
    for row in results.find():
        assert row.value is not None, row
        assert row.low is not None, row
        assert row.high is not None, row
        assert row.low <= row.value <= row.high, row


# -- parts ------------------------------------------------------------------------------------------------------------


def videos_of(corpus: Corpus, part: str) -> Videos:
    return Videos(corpus.part(part), corpus.split().guarantee, corpus.simulated)


def test_question_rates_are_those_of_training(tmp_path: Path) -> None:
    corpus = READER.read(write_official_layout("bah", tmp_path))
    train, test = videos_of(corpus, "train"), videos_of(corpus, "test")
    rates = question_rates(train, test)
    for question in range(1, 8):
        own = train.gold[train.questions == question]
        assert set(rates[test.questions == question]) == {own.mean()}
    without_two = Videos(train.items[train.items["question"] != 2], "", True)
    assert set(question_rates(without_two, test)[test.questions == 2]) == {without_two.gold.mean()}


def test_what_is_trained_for_each_number_of_streams() -> None:
    assert [fusion for _, fusion, _ in plans(("video",))] == ["alone"]
    found = plans(("video", "vggish", "bert"))
    assert [own for _, fusion, own in found if fusion == "joint_attention"] == [("video", "vggish")]
    assert [own for _, fusion, own in found if fusion == "gated"] == [("video", "vggish", "bert")]


def row(system: str, metric: str, low: float, high: float, subset: str = TASK) -> Row:
    return Row(system, "system", metric, subset, (low + high) / 2, 9, "x", low=low, high=high)


def test_gains_come_out_either_way() -> None:
    for low, high, verdict in (
        (0.1, 0.2, Verdict.HOLDS),
        (-0.1, 0.2, Verdict.NOT_SHOWN),
        (-0.2, -0.1, Verdict.CONTRADICTED),
    ):
        rows = [row(f"{method} over {SOURCE_ONLY}", "uar_gain", low, high) for method in ADAPTING]
        assert adapting_helps_voices(Results(tuple(rows))).verdict is verdict
        rows = [row(f"{method} over {other}", "uar_gain", low, high) for method, other in SWAPPED.items()]
        assert it_is_the_person(Results(tuple(rows))).verdict is verdict
        gain = row(f"{TFIDF_QUESTION} over {QUESTION}", "macro_f1_gain", low, high, TEST)
        assert text_adds_to_question(Results((gain,))).verdict is verdict


def test_other_claims_come_out_either_way() -> None:
    published = tuple(read_published(PUBLISHED_FOLDER / "ambivalence_hesitancy.csv"))
    for value, verdict in ((0.70, Verdict.HOLDS), (0.60, Verdict.NOT_SHOWN)):
        rows = (row(QUESTION, "macro_f1", value - 0.05, value + 0.05, TEST), *published)
        found = question_beats_published(Results(rows))
        assert found.verdict is verdict
        assert "0.634" in found.evidence
    for low, verdict in ((0.55, Verdict.HOLDS), (0.45, Verdict.NOT_SHOWN)):
        rows = (row(TFIDF, "within_question_auc", low, 0.7, TEST), row(TFIDF, "roc_auc", 0.7, 0.8, TEST))
        assert text_within_questions(Results(rows)).verdict is verdict
    for own, best, verdict in ((0.6, 0.5, Verdict.HOLDS), (0.5, 0.6, Verdict.NOT_SHOWN)):
        rows = (row(LEVELS, "uar", own, own), *(row(method, "uar", best, best) for method in ADAPTING))
        assert levels_are_enough(Results(rows)).verdict is verdict
    for fused, verdict in ((0.9, Verdict.HOLDS), (0.62, Verdict.NOT_SHOWN), (0.3, Verdict.CONTRADICTED)):
        subset = f"{TEST}, mean logit"
        rows = (
            row("leader-follower attention, a + b", "macro_f1", fused, fused, subset),
            row("video alone", "macro_f1", 0.5, 0.7, subset),
            row("bert alone", "macro_f1", 0.3, 0.4, subset),
        )
        assert all_streams_win(Results(rows)).verdict is verdict
    for fused, verdict in ((0.6, Verdict.HOLDS), (0.4, Verdict.NOT_SHOWN)):
        rows = (
            row("gated fusion, a + b", "macro_f1", fused, fused, FRAMES),
            row("bert alone", "macro_f1", 0.5, 0.5, FRAMES),
        )
        assert sounds_and_words_win(Results(rows)).verdict is verdict


def test_published_numbers_are_those_of_the_card() -> None:
    rows = read_published(PUBLISHED_FOLDER / "ambivalence_hesitancy.csv")
    assert len(rows) == 46
    assert not any(row.comparable for row in rows)
    value = {(row.system, row.metric, row.subset): row.value for row in rows}
    assert value["leader-follower, visual + audio + text", "macro_f1", "v2 test, video level"] == 0.5934
    assert value["audio + text", "swept_average_precision", "v2 test, frame level"] == 0.2609
    assert value["oracle", "macro_f1", "v2, adaptation, frame level"] == 0.5864


@pytest.mark.data
def test_golden_numbers_of_the_real_transcripts(data_root: Path) -> None:
    """Card 10, measured on the official release: they need the user's files."""
    try:
        folder = corpus_folder("bah", data_root)
    except Unavailable as reason:
        pytest.skip(str(reason))
    corpus = READER.read(folder)
    if corpus.simulated:
        pytest.skip("this is a format twin")
    train, test = videos_of(corpus, "train"), videos_of(corpus, "test")
    found = floor_probabilities(train, test)
    macro_f1 = score_function("macro_f1")
    scores = {name: macro_f1(test.gold, (values >= 0.5).astype(int)) for name, values in found.items()}
    golden = {ALWAYS: 0.379, LENGTH: 0.636, QUESTION: 0.702, TFIDF: 0.688, TFIDF_QUESTION: 0.721}
    assert scores == pytest.approx(golden, abs=1e-3)
    assert average_precision(test.gold, found[TFIDF]) == pytest.approx(0.851, abs=1e-3)
    assert swept_average_precision(test.gold, found[TFIDF]) == pytest.approx(0.848, abs=1e-3)
    assert roc_auc(test.gold, found[TFIDF]) == pytest.approx(0.786, abs=1e-3)
    within = within_group_auc(test.gold, found[TFIDF], test.questions)
    assert within.value == pytest.approx(0.640, abs=1e-3)
    assert (min(within.by_group.values()), max(within.by_group.values())) == pytest.approx((0.55, 0.79), abs=6e-3)
    rates = [test.gold[test.questions == question].mean() for question in range(1, 8)]
    assert np.allclose(rates, [0.23, 0.70, 0.63, 0.93, 0.45, 0.46, 0.88], atol=6e-3)
