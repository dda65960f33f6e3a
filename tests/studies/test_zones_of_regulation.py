"""The study of zones on twins of its corpora: protocols, fusion, balancing, and claims both ways."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from thymos.studies._zones_data import PROTOCOLS, TRAINED, Windows, folds_of
from thymos.studies._zones_models import BEFORE, EARLY, LATE, floors, held_out, scored_folds
from thymos.studies.contract import Results, Row, Settings, Verdict, read_published
from thymos.studies.runner import PUBLISHED_FOLDER, load_results, run_study
from thymos.studies.zones_of_regulation import (
    STUDY,
    fusion_helps,
    neighbors_leak,
    oversampling_trades,
    system_name,
)
from thymos.testing.layouts import write_official_layout

NON_SEQUENTIAL, SEQUENTIAL, APART = PROTOCOLS


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = tmp_path_factory.mktemp("data")
    for slug in ("emodb", "calmed"):
        write_official_layout(slug, data / slug)
    output = tmp_path_factory.mktemp("runs")
    return run_study(STUDY, Settings(data=data, quick=True, output=output), console=Console(quiet=True))


@pytest.fixture(scope="module")
def results(result: dict[str, Any]) -> Results:
    return load_results(Path(result["run"]))[1]


def test_every_arm_runs_on_twins(result: dict[str, Any], results: Results) -> None:
    assert result["left_out"] == []
    for protocol in PROTOCOLS:
        for name in ("spectrum", "prosody", EARLY, LATE):
            row = results.one(system=system_name(name), metric="uar", subset=f"acted speech, {protocol}")
            assert row.guarantee == PROTOCOLS[protocol]
            assert row.clusters == 10
    assert len(results.find(metric="uar_difference", kind="control")) == 8


def test_children_with_two_tracks_and_two_signals(results: Results) -> None:
    for track in ("parents", "specialist"):
        for protocol in PROTOCOLS:
            subset = f"children, {track}, {protocol}"
            row = results.one(system=system_name(EARLY), metric="uar", subset=subset)
            assert row.clusters == 3
            assert results.one(system=system_name("video"), metric="accuracy", subset=subset).n == row.n
    whole = results.one(system=system_name(EARLY), metric="uar", subset=f"children, parents, {APART}")
    part = results.one(system=system_name(EARLY), metric="uar", subset=f"children, parents, {SEQUENTIAL}")
    assert part.n < 0.3 * whole.n  # only the released test part


def test_plots_are_drawn(results: Results) -> None:
    for plot in STUDY.plots:
        figure = Figure()
        plot.draw(results, figure)
        assert figure.axes[0].get_xlabel()
        assert figure.axes[0].lines or figure.axes[0].patches


def test_verdicts(result: dict[str, Any]) -> None:
    assert {claim["verdict"] for claim in result["claims"]} <= {verdict.value for verdict in Verdict}
    assert "not testable here" not in {claim["verdict"] for claim in result["claims"]}


# -- parts ----------------------------------------------------------------------------------------------------------


def windows(people: int = 4, size: int = 30) -> Windows:
    """Slow zones, features that follow them; one window in ten lacks the second signal."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([[f"p{k}" for k in range(people)], np.arange(size) * 200])
    zones = pd.Series(np.tile(np.repeat(["blue", "red", "green"], size // 3), people), index=index, dtype=object)
    codes = pd.factorize(zones)[0]
    first = pd.DataFrame(
        {"x": codes + rng.normal(scale=0.4, size=len(index)), "y": rng.normal(size=len(index))}, index=index
    )
    second = pd.DataFrame({"z": codes + rng.normal(scale=0.8, size=len(index))}, index=index)
    who = pd.Series(index.get_level_values(0), index=index, dtype=object)
    return Windows({"a": first, "b": second[np.arange(len(index)) % 10 > 0]}, zones, who, who + zones)


def test_protocols_keep_apart_what_they_say() -> None:
    own = windows()
    apart = folds_of(own, APART, 0)
    assert apart.equals(own.people)
    blocks = folds_of(own, SEQUENTIAL, 0)
    for _, part in blocks.groupby(own.people, sort=False):
        assert part.tolist() == sorted(part)
        assert part.nunique() == 5
    drawn = folds_of(own, NON_SEQUENTIAL, 0)
    assert drawn.value_counts().max() - drawn.value_counts().min() <= 1
    assert (drawn.to_numpy()[1:] != drawn.to_numpy()[:-1]).mean() > 0.5  # neighbors fall into different folds
    assert folds_of(own, NON_SEQUENTIAL, 0).equals(drawn)
    assert not folds_of(own, NON_SEQUENTIAL, 1).equals(drawn)


def test_released_parts_are_kept() -> None:
    own = windows()
    parts = pd.Series(np.resize(["train", "dev", "test"], len(own.zones)), index=own.zones.index)
    released = Windows(own.signals, own.zones, own.people, own.recordings, {SEQUENTIAL: parts})
    folds = folds_of(released, SEQUENTIAL, 0)
    assert scored_folds(folds) == ["test"]
    found = held_out(released, own.signals["a"], folds, quick=True)
    assert set(found.index) == set(parts.index[parts == "test"])
    assert (folds == TRAINED).sum() == (parts != "test").sum()
    assert len(floors(released, folds)[BEFORE]) == (parts == "test").sum()


def test_a_window_is_never_predicted_by_a_model_that_saw_it() -> None:
    own = windows()
    key = pd.DataFrame({"key": np.arange(len(own.zones), dtype=float)}, index=own.zones.index)
    shuffled = Windows(
        {"a": key}, own.zones.sample(frac=1, random_state=0).set_axis(own.zones.index), own.people, own.people
    )
    found = held_out(shuffled, key, folds_of(shuffled, APART, 0), quick=True)
    assert (found.idxmax(axis=1) == shuffled.zones).mean() < 0.6


def test_the_zone_before_stays_within_a_recording() -> None:
    own = windows()
    before = floors(own, folds_of(own, APART, 0))[BEFORE]
    starts = ~own.recordings.duplicated()
    assert (before[~starts] == own.zones[~starts]).all()
    assert set(before[starts]) == {"blue"}


def difference(system: str, metric: str, low: float, high: float) -> Row:
    return Row(system, "ablation", metric, "acted speech", (low + high) / 2, 9, "x", low=low, high=high)


def test_claims_can_come_out_either_way() -> None:
    for low, high, verdict in (
        (0.1, 0.2, Verdict.HOLDS),
        (-0.1, 0.2, Verdict.NOT_SHOWN),
        (-0.2, -0.1, Verdict.CONTRADICTED),
    ):
        rows = tuple(difference(f"{name} minus spectrum alone", "uar_difference", low, high) for name in (EARLY, LATE))
        assert fusion_helps(Results(rows)).verdict is verdict
    for accuracy, verdict in ((-0.3, Verdict.HOLDS), (0.1, Verdict.NOT_SHOWN)):
        rows = (
            difference("over-sampling minus none", "uar_difference", 0.1, 0.2),
            difference("over-sampling minus none", "accuracy_difference", accuracy, accuracy + 0.1),
        )
        assert oversampling_trades(Results(rows)).verdict is verdict
    for low, verdict in ((0.01, Verdict.HOLDS), (-0.01, Verdict.NOT_SHOWN)):
        rows = tuple(
            difference(f"{system_name(EARLY)}: {shared} minus {APART}", "uar_difference", low, 0.2)
            for shared in (NON_SEQUENTIAL, SEQUENTIAL)
        )
        assert neighbors_leak(Results(rows)).verdict is verdict


def test_published_numbers() -> None:
    rows = read_published(PUBLISHED_FOLDER / "zones_of_regulation.csv")
    assert len(rows) == 38
    assert not any(row.comparable for row in rows)
    early = [row for row in rows if row.system == "early fusion, svm, none" and row.metric == "uar"]
    assert [row.value for row in early] == [0.481, 0.473]
