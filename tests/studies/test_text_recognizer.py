"""The study of the recognizer of emotions that ships, on a twin."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.studies import text_recognizer as texts
from thymos.studies.contract import Results, Row, RowKind, Settings, Verdict
from thymos.studies.runner import load_results, run_study
from thymos.studies.text_recognizer import EACH, FLOOR, FREQUENT, HALF, ONE, STUDY, SUBSET, above_floor, against, honest
from thymos.testing import write_official_layout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    data = tmp_path_factory.mktemp("data")
    write_official_layout("goemotions", data / "goemotions")
    settings = Settings(data=data, quick=True, output=tmp_path_factory.mktemp("runs"))
    return load_results(Path(run_study(STUDY, settings, console=Console(quiet=True))["run"]))[1]


def test_every_system_has_macro_and_micro_f1(results: Results) -> None:
    for system in (FREQUENT, FLOOR, HALF, ONE, EACH):
        for metric in ("macro_f1", "micro_f1"):
            row = results.one(system=system, metric=metric, subset=SUBSET)
            assert 0 <= (row.low or 0) <= (row.value or 0) <= (row.high or 0) <= 1
    assert results.one(system=EACH, metric="class_ece").n == results.one(system=EACH, metric="brier").n
    assert results.find(system=EACH, metric="f1")
    error = results.one(system=EACH, metric="class_ece")
    assert (error.low or 0) <= (error.value or 0) <= (error.high or 0), "the interval holds its value"


def test_the_shipped_weights_are_pooled_with_the_linear_model(results: Results) -> None:
    row = results.one(system=texts.WITH_LINEAR, metric="macro_f1", subset=SUBSET)
    assert "chosen on dev" in row.note
    assert 0 <= (row.value or 0) <= 1
    assert not results.find(system=texts.SECOND), "a quick run trains nothing for half an hour"
    assert texts.only_in_full(Settings(quick=True))
    assert not texts.only_in_full(Settings())


def test_a_pool_takes_the_member_that_knows() -> None:
    """One member is right, the other guesses: dev gives the first all the weight that matters."""
    rng = np.random.default_rng(0)
    members = pd.DataFrame(rng.integers(0, 2, (400, 3)), columns=list("abc"))
    dev = texts.Posts(pd.Series([""] * 400), members)
    right = np.where(dev.gold, 0.9, 0.1)
    guesses = rng.uniform(0.3, 0.7, right.shape)
    (own, other), share = texts.pooled(dev, (guesses, guesses), (right, right))
    assert share > 0
    np.testing.assert_array_equal(own > 0.5, dev.gold)
    np.testing.assert_array_equal(own, other)
    _, share = texts.pooled(dev, (right, right), (guesses, guesses))
    assert share < 1


def test_the_second_training_is_pooled(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it with a second member that knows the answers."""
    data = tmp_path / "data"
    write_official_layout("goemotions", data / "goemotions")
    knows = lambda ctx: tuple(np.where(texts.posts(ctx, part).gold, 0.9, 0.1) for part in ("dev", "test"))  # noqa: E731
    monkeypatch.setattr(texts, "second_shares", knows)
    arms = tuple(replace(arm, needs=lambda settings: "") for arm in STUDY.arms)
    settings = Settings(data=data, quick=True, output=tmp_path / "runs")
    found = load_results(Path(run_study(replace(STUDY, arms=arms), settings, console=Console(quiet=True))["run"]))[1]
    second = found.value(system=texts.SECOND, metric="micro_f1", subset=SUBSET)
    assert second == pytest.approx(1)
    for name in (texts.TRAININGS, texts.EVERYTHING):
        assert (found.value(system=name, metric="micro_f1", subset=SUBSET) or 0) >= found.value(
            system=EACH, metric="micro_f1", subset=SUBSET
        )


def test_plots_are_drawn(results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes


def rows(value: float, low: float, high: float, floor_high: float = 0.5, error: float = 0.01) -> Results:
    common = {"subset": SUBSET, "n": 9, "guarantee": "made up"}
    return Results(
        (
            Row(EACH, RowKind.SYSTEM, "macro_f1", value=value, low=low, high=high, **common),
            Row(FLOOR, RowKind.FLOOR, "macro_f1", value=0.4, low=0.3, high=floor_high, **common),
            Row(EACH, RowKind.SYSTEM, "class_ece", value=error, low=error, high=error, **common),
        )
    )


def test_verdicts_come_out_every_way() -> None:
    bar = against(0.55, "bar")
    assert bar(rows(0.6, 0.56, 0.64)).verdict is Verdict.HOLDS
    assert bar(rows(0.55, 0.5, 0.6)).verdict is Verdict.NOT_SHOWN
    assert bar(rows(0.5, 0.48, 0.52)).verdict is Verdict.CONTRADICTED
    assert above_floor(rows(0.6, 0.56, 0.64)).verdict is Verdict.HOLDS
    assert above_floor(rows(0.6, 0.46, 0.64)).verdict is Verdict.NOT_SHOWN
    assert honest(rows(0.6, 0.5, 0.7)).verdict is Verdict.HOLDS
    assert honest(rows(0.6, 0.5, 0.7, error=0.1)).verdict is Verdict.CONTRADICTED
