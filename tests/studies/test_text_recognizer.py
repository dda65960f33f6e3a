"""The study of the recognizer of emotions that ships, on a twin."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from rich.console import Console

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
