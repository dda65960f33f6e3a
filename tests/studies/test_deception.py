"""The study of deception on twins: protocols and leak gaps, questionnaires, games apart; claims both ways."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.corpora.readers.diplomacy import READER as DIPLOMACY
from thymos.studies._deception_answers import DISJOINT as SUBJECTS_APART
from thymos.studies._deception_claims import (
    BY_GAME,
    game_is_enough,
    head_beats_words,
    identity_helps,
    lies_are_detected,
    persons_leak,
    picking_flatters,
    power_helps,
    questionnaires_help,
    subjects_leak,
    words_tell_lies,
)
from thymos.studies._deception_messages import (
    GAMES,
    SIDE,
    SYSTEMS,
    TEXT_SIDE,
    WORDS,
    WORDS_POWER,
    Messages,
    chosen_threshold,
    folds,
    side_columns,
)
from thymos.studies._deception_rows import ALL_LIE, ALL_TRUTH, SIMULATED, Scored
from thymos.studies._deception_voices import BEST_EPOCH, DISJOINT, HEAD, HELD, IDENTITY, RELEASED, held_out
from thymos.studies._stand_in_voices import NOT_THE_TASK, TASK, Voices
from thymos.studies.contract import Finding, Results, Row, Settings, Verdict, judge
from thymos.studies.deception import STUDY
from thymos.studies.runner import load_results, run_study
from thymos.testing.layouts import write_official_layout

stand_ins = runpy.run_path(str(Path(__file__).with_name("stand_ins.py")))
FUSED = "baichuan13B-base + clipVIT-B16 + chinese-hubert-base"
LIE_METRICS = {"macro_f1", "accuracy", "lie_f1", "detection_rate", "false_alarm_rate"}


def run_on_twins(folder: Path, slugs: tuple[str, ...]) -> dict[str, Any]:
    for slug in slugs:
        write_official_layout(slug, folder / "data" / slug)
    settings = Settings(data=folder / "data", quick=True, output=folder / "runs")
    with pytest.MonkeyPatch.context() as patch:
        stand_ins["put_in"](patch)
        return run_study(STUDY, settings, console=Console(quiet=True))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_on_twins(tmp_path_factory.mktemp("deception"), ("ravdess", "mdpe", "diplomacy"))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_twins_are_stamped_and_chance_is_stated(result: dict[str, Any], results: Results) -> None:
    assert result["left_out"] == []
    assert {entry["corpus"] for entry in result["data"] if entry["simulated"]} == {"mdpe", "diplomacy"}
    for row in results.find():
        if row.subset.startswith(("mdpe", "diplomacy")):
            assert SIMULATED in row.note
            assert row.metric.endswith("_gain") or "chance: area .5, F1 of lies" in row.note
        else:
            assert row.metric.endswith("_gain") or NOT_THE_TASK in row.note


def test_every_system_on_answers_under_both_protocols(results: Results) -> None:
    for protocol, guarantee in (("released", "not subject-independent"), (SUBJECTS_APART, "subject-independent")):
        subset = f"mdpe answers, {protocol}"
        systems = {row.system for row in results.find(metric="macro_f1", subset=subset)}
        assert systems == {
            ALL_TRUTH, ALL_LIE, *FUSED.split(" + "), FUSED, f"{FUSED} + personality", f"{FUSED} + emotion",
            f"{FUSED} + personality + emotion", "personality + emotion",
        }  # fmt: skip
        row = results.one(system=FUSED, metric="roc_auc", subset=subset)
        assert row.guarantee == guarantee
        assert (row.n, row.clusters) == (25, 5)
        assert {row.metric for row in results.find(system=ALL_LIE, subset=subset)} == LIE_METRICS
    assert len([row for row in results.find(subset="mdpe answers") if row.system.startswith("leak gap")]) == 8


def test_floors_of_answers_are_known(results: Results) -> None:
    subset = "mdpe answers, released"  # two lies and three truths a subject
    assert results.value(system=ALL_LIE, metric="lie_f1", subset=subset) == pytest.approx(2 * 0.4 / 1.4)
    assert results.value(system=ALL_TRUTH, metric="accuracy", subset=subset) == pytest.approx(0.6)
    assert results.value(system=ALL_LIE, metric="false_alarm_rate", subset=subset) == 1


def test_messages_official_and_games_left_out(results: Results) -> None:
    official = results.one(system=TEXT_SIDE, metric="lie_f1", subset="diplomacy, official")
    assert official.clusters == 6
    assert "two games" in official.note
    by_game = results.one(system=TEXT_SIDE, metric="lie_f1", subset=BY_GAME)
    assert by_game.clusters == 3
    for system in SYSTEMS:
        assert {row.metric for row in results.find(system=system, subset=BY_GAME)} == {*LIE_METRICS, "roc_auc"}


def test_voices_under_both_protocols(results: Results) -> None:
    for protocol in (RELEASED, DISJOINT):
        for system in (HEAD, IDENTITY, BEST_EPOCH):
            assert results.one(system=system, metric="uar", subset=f"{TASK}, {protocol}").clusters == 12
    gap = results.one(system=f"leak gap, {HEAD}: {RELEASED} minus {DISJOINT}", metric="uar_gain")
    shared, apart = (
        results.value(system=HEAD, metric="uar", subset=f"{TASK}, {name}") for name in (RELEASED, DISJOINT)
    )
    assert gap.value == pytest.approx(shared - apart)
    assert results.value(system=f"picking the epoch, {RELEASED}", metric="uar_gain") >= 0


def test_plots_and_verdicts(result: dict[str, Any], results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes[0].lines
    assert "not testable here" not in {claim["verdict"] for claim in result["claims"]}


def test_without_the_corpora_only_voices_run(tmp_path: Path, results: Results) -> None:
    assert [bool(arm.needs(Settings(data=tmp_path))) for arm in STUDY.arms] == [False, True, True]
    voices = Results(tuple(row for row in results.rows if row.subset.startswith(TASK)))
    verdicts = [claim["verdict"] for claim in judge(STUDY.claims, voices)]
    assert verdicts.count("not testable here") == 7
    figure = Figure()
    STUDY.plots[1].draw(voices, figure)
    assert figure.axes[0].get_xlabel() == "needs Diplomacy"


def test_rows_are_told_once_and_values_lie_in_their_intervals(results: Results) -> None:
    keys = [(row.kind, row.system, row.metric, row.subset, row.split) for row in results.rows]
    assert len(set(keys)) == len(keys)
    for row in results.find():
        assert row.value is not None, row
        assert row.low is not None, row
        assert row.high is not None, row
        assert row.low <= row.value <= row.high, row


# -- parts ------------------------------------------------------------------------------------------------------------


def test_held_out_recordings_keep_something_of_every_emotion_in_training() -> None:
    codes = np.tile(np.repeat(np.arange(4), [5, 5, 5, 1]), 3)
    people = np.repeat([f"ravdess/{number:02d}" for number in (1, 2, 3)], 16)
    items = pd.DataFrame({"speaker": people, "fold": "fold0"})
    found = Voices(items, np.zeros((48, 2)), codes, list("abcd"))
    held = held_out(found)
    assert np.array_equal(held, held_out(found))
    for person in set(people):
        mine = people == person
        assert np.bincount(codes[held & mine], minlength=4).tolist() == [HELD, HELD, HELD, 0]
    first, second = (np.flatnonzero(held[people == person]).tolist() for person in sorted(set(people))[:2])
    assert first != second  # another seed a person


def test_levels_are_those_of_the_training_items() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=(20, 3))
    train = np.arange(20) < 12
    found = Voices(pd.DataFrame(), values, np.zeros(20, dtype=int), ["a"])
    scaled = found.scaled(train)
    assert np.allclose(scaled[train].mean(axis=0), 0)
    assert np.allclose(scaled[train].std(axis=0), 1)
    changed = Voices(found.items, np.where(train[:, None], values, 50.0), found.codes, found.labels).scaled(train)
    assert np.array_equal(changed[train], scaled[train])
    assert (changed[~train] == 5).all()


def test_games_are_apart_in_every_fold(tmp_path: Path) -> None:
    items = DIPLOMACY.read(write_official_layout("diplomacy", tmp_path)).items
    found = Messages(items, np.zeros((len(items), 2)), side_columns(items).to_numpy(float))
    game = items["game"].to_numpy()
    made = folds(found, GAMES, quick=False)
    assert len(made) == 7
    tested = np.zeros(len(items), dtype=int)
    for parts in made:
        assert sum(part.astype(int) for part in parts).tolist() == [1] * len(items)
        names = [set(game[part]) for part in parts]
        assert not names[0] & names[1]
        assert not names[2] & (names[0] | names[1])
        tested += parts[2]
    assert set(tested) == {1}
    (official,) = folds(found, "official", quick=False)
    assert [part.sum() for part in official] == [288, 72, 144]


def test_side_columns_count_what_they_say() -> None:
    items = pd.DataFrame(
        {
            "text": ["I promise you: Italy, but maybe not?", ""], "score": [3, 9], "score_delta": [-6, 4],
            "year": [1901, 1905], "turn": [0, 3], "season": ["Spring", "Winter"],
        }
    )  # fmt: skip
    table = side_columns(items)
    first = table.iloc[0]
    for name in ("first person", "second person", "contrast", "promises", "hedges", "powers", "questions"):
        assert first[name] == pytest.approx(1 / 7), name
    assert (first["far behind"], first["far ahead"], first["Spring"]) == (1, 0, 1)
    assert table["far ahead"].tolist() == [0, 0]  # more than four, as in the authors' script
    assert np.isfinite(table.to_numpy()).all()


def test_the_threshold_is_chosen_for_macro_f1() -> None:
    scores = np.linspace(0, 1, 100)
    gold = (scores > 0.8).astype(int)
    assert 0.75 < chosen_threshold(gold, scores) < 0.87


def test_chance_in_words() -> None:
    tested = Scored(np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), range(10), "s", "s", "g")
    assert "0.182" in tested.chance


# -- claims -----------------------------------------------------------------------------------------------------------


def row(system: str, metric: str, low: float, high: float, subset: str) -> Row:
    return Row(system, "system", metric, subset, (low + high) / 2, 9, "x", low=low, high=high)


Check = Callable[[Results], Finding]


@pytest.mark.parametrize(
    ("check", "system", "metric", "subset"),
    [
        (questionnaires_help, f"{FUSED} + emotion over {FUSED}", "macro_f1_gain", f"mdpe answers, {SUBJECTS_APART}"),
        (subjects_leak, f"leak gap, {FUSED} + personality: a minus b", "macro_f1_gain", "mdpe answers"),
        (persons_leak, f"leak gap, {HEAD}: {RELEASED} minus {DISJOINT}", "uar_gain", TASK),
        (identity_helps, f"vector of the person, {RELEASED}", "uar_gain", TASK),
        (picking_flatters, f"picking the epoch, {RELEASED}", "uar_gain", TASK),
        (head_beats_words, f"{TEXT_SIDE} over {WORDS_POWER}", "macro_f1_gain", BY_GAME),
        (power_helps, f"{WORDS_POWER} over {WORDS}", "macro_f1_gain", BY_GAME),
    ],
)
def test_gains_come_out_either_way(check: Check, system: str, metric: str, subset: str) -> None:
    for low, high, verdict in (
        (0.1, 0.2, Verdict.HOLDS),
        (-0.1, 0.2, Verdict.NOT_SHOWN),
        (-0.2, -0.1, Verdict.CONTRADICTED),
    ):
        assert check(Results((row(system, metric, low, high, subset),))).verdict is verdict
    assert check(Results(())).verdict is Verdict.NOT_TESTABLE


def test_detection_comes_out_either_way() -> None:
    for side, verdict in ((0.7, Verdict.HOLDS), (0.6, Verdict.NOT_SHOWN)):
        areas = (row(SIDE, "roc_auc", side, side, BY_GAME), row(TEXT_SIDE, "roc_auc", 0.65, 0.65, BY_GAME))
        assert game_is_enough(Results(areas)).verdict is verdict
    for low, verdict in ((0.55, Verdict.HOLDS), (0.45, Verdict.NOT_SHOWN)):
        rows = (row(FUSED, "roc_auc", low, 0.7, f"mdpe answers, {SUBJECTS_APART}"),)
        assert lies_are_detected(Results(rows)).verdict is verdict
        told = (
            row(TEXT_SIDE, "roc_auc", low, 0.7, BY_GAME),
            row(TEXT_SIDE, "lie_f1", 0.1, 0.2, BY_GAME),
            row(ALL_LIE, "lie_f1", 0.1, 0.1, BY_GAME),
        )
        assert words_tell_lies(Results(told)).verdict is verdict
