"""Ablation and enhancement curves of a tiny model: ends that are known, controls beside every point."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from thymos.assess.scanning.curves import COLUMNS, CURVES, NEURONS_PER_HEAD, circuit_curves
from thymos.assess.scanning.pipeline import ModelScan
from thymos.interpret.directions import Directions
from thymos.interpret.scenarios import EMOTIONS, sample_events, scenario_events
from thymos.interpret.sublayers import SublayerImportance
from thymos.interpret.variants import last_token_variants
from thymos.language.tap import Place, Site

EVENTS = sample_events(scenario_events("test"), 2)
HEADS, NEURONS = 4, 64  # a layer of the tiny Llama


@pytest.fixture(scope="session")
def even(scan: ModelScan) -> SublayerImportance:
    """All sublayers count alike, so that a budget of all units holds all units."""
    found = scan.sublayers
    return dataclasses.replace(found, values=np.ones_like(found.values))


@pytest.fixture(scope="session")
def curves_of(scan: ModelScan, even: SublayerImportance) -> Callable[..., pd.DataFrame]:
    def make(*units: float, seeds: tuple[int, ...] = (0,), **changes: Any) -> pd.DataFrame:
        arguments = {"directions": scan.directions, "components": scan.components, "sublayers": even, **changes}
        return circuit_curves(scan.tap, EVENTS, units=units, seeds=seeds, resamples=50, **arguments)

    return make


@pytest.fixture(scope="session")
def table(curves_of: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return curves_of(0, 1, 16)


def test_every_point_has_its_random_circuit_beside_it(table: pd.DataFrame) -> None:
    assert tuple(table.columns) == COLUMNS
    moved = [emotion for emotion in EMOTIONS if emotion in set(table["emotion"])]
    assert moved
    wanted = {
        (curve, circuit, units, emotion)
        for curve in CURVES
        for circuit in ("circuit", "random")
        for units in (0, 1, 16)
        for emotion in (*moved, "all")
    }
    assert set(table[["curve", "circuit", "units", "emotion"]].itertuples(index=False, name=None)) == wanted
    assert len(table) == len(wanted)
    assert set(table["n"]) == {len(EVENTS)}
    assert set(table["clusters"]) == {2}
    assert (table["low"] <= table["value"] + 1e-12).all()
    assert (table["value"] <= table["high"] + 1e-12).all()


def test_taking_nothing_out_and_putting_nothing_in_changes_nothing(table: pd.DataFrame) -> None:
    none = table[table["units"] == 0]
    assert set(none["heads"]) == set(none["neurons"]) == {0}
    enhanced = none["curve"] == "enhancement"
    np.testing.assert_allclose(none.loc[enhanced, "value"], 0, atol=1e-6)
    np.testing.assert_allclose(none.loc[~enhanced, "value"], 1, atol=1e-6)


def test_all_units_move_the_state(table: pd.DataFrame) -> None:
    every = table[(table["units"] == 16) & (table["emotion"] != "all")]
    assert set(every["heads"]) == {2 * HEADS}
    assert set(every["neurons"]) == {2 * NEURONS}
    assert NEURONS_PER_HEAD * 16 == NEURONS
    enhanced = every[every["curve"] == "enhancement"]
    assert enhanced["value"].abs().min() > 1e-3
    ablated = every[every["curve"] != "enhancement"]
    assert (ablated["value"] - 1).abs().min() > 1e-3


def test_a_random_circuit_of_all_units_is_the_circuit(table: pd.DataFrame) -> None:
    every = table[(table["units"] == 16) & (table["emotion"] != "all")].sort_values(["curve", "emotion"])
    own, randomly = (every.loc[every["circuit"] == kind, "value"] for kind in ("circuit", "random"))
    np.testing.assert_allclose(own, randomly, atol=1e-5)
    few = table[(table["units"] == 1) & (table["emotion"] != "all")].sort_values(["curve", "emotion"])
    own, randomly = (few.loc[few["circuit"] == kind, "value"] for kind in ("circuit", "random"))
    assert (own.to_numpy() != randomly.to_numpy()).all()


def test_all_is_the_mean_over_emotions(table: pd.DataFrame) -> None:
    keys = ["curve", "circuit", "units"]
    means = table[table["emotion"] != "all"].groupby(keys)["value"].mean()
    every = table[table["emotion"] == "all"].set_index(keys)["value"]
    pd.testing.assert_series_equal(every.sort_index(), means.sort_index(), check_names=False)


def test_ablation_to_zero_of_every_unit_is_what_the_model_does_without_layers(
    scan: ModelScan, table: pd.DataFrame
) -> None:
    last = Place(Site.RESIDUAL, 1)
    emotion = next(one for one in table["emotion"] if one != "all")
    reference = scan.directions.reference(emotion)
    shares, distances = [], []
    for event in EVENTS:
        plain = last_token_variants(scan.tap, event.asking(None), [[]], last)[0] @ reference
        prompted = last_token_variants(scan.tap, event.asking(emotion), [[]], last)[0] @ reference
        # Without heads and neurons the last token's embedding is all that is left.
        bare = scan.tap.read([event.asking(emotion)], [Place(Site.EMBEDDINGS)])[Place(Site.EMBEDDINGS)][0, 0]
        shares.append(bare @ reference - plain)
        distances.append(prompted - plain)
    row = table[
        (table["emotion"] == emotion) & (table["curve"] == "ablation to zero") & (table["units"] == 16)
        & (table["circuit"] == "circuit")
    ].iloc[0]  # fmt: skip
    assert row["value"] == pytest.approx(np.mean(shares) / np.mean(distances), rel=1e-4)


def test_several_seeds_are_averaged(curves_of: Callable[..., pd.DataFrame], table: pd.DataFrame) -> None:
    first = table[table["units"] == 1].reset_index(drop=True)
    second, both = (curves_of(1, seeds=seeds) for seeds in ((1,), (0, 1)))
    randomly = first["circuit"] == "random"
    np.testing.assert_allclose(
        both.loc[randomly, "value"], (first.loc[randomly, "value"] + second.loc[randomly, "value"]) / 2, atol=1e-6
    )
    np.testing.assert_allclose(both.loc[~randomly, "value"], first.loc[~randomly, "value"], atol=1e-6)


def test_emotions_that_the_request_does_not_bring_forward_are_left_out(
    scan: ModelScan, curves_of: Callable[..., pd.DataFrame], table: pd.DataFrame
) -> None:
    moved = set(table["emotion"]) - {"all"}
    place = Place(Site.RESIDUAL, 1)
    backwards = {name: -vectors for name, vectors in scan.directions.vectors.items()}
    turned = Directions(scan.directions.emotions, backwards, scan.directions.centers, scan.directions.scales)
    found = curves_of(1, directions=turned)
    assert set(found["emotion"]) - {"all"} == set(EMOTIONS) - moved
    nothing = {name: np.zeros_like(vectors) for name, vectors in scan.directions.vectors.items()}
    still = Directions(scan.directions.emotions, nothing, scan.directions.centers, scan.directions.scales)
    assert place in still.vectors
    empty = curves_of(1, directions=still)
    assert empty.empty
    assert tuple(empty.columns) == COLUMNS


def test_sizes_are_those_of_each_emotions_circuit(
    even: SublayerImportance, curves_of: Callable[..., pd.DataFrame], table: pd.DataFrame
) -> None:
    moved = [emotion for emotion in EMOTIONS if emotion in set(table["emotion"])]
    weights = even.values.copy()
    weights[EMOTIONS.index(moved[0]), 1] = -1  # one useful layer only, which cannot hold the budget
    found = curves_of(4, sublayers=dataclasses.replace(even, values=weights))
    assert len(found[["emotion", "heads"]].drop_duplicates()) == len(moved) + 1
    sizes = found.drop_duplicates("emotion").set_index("emotion")["heads"].to_dict()
    every = sizes.pop("all")
    assert sizes == {**dict.fromkeys(moved, 2 * HEADS), moved[0]: HEADS}
    assert every == round(sum(sizes.values()) / len(sizes)), "all emotions: what their circuits hold on average"


def test_progress_counts_events(curves_of: Callable[..., pd.DataFrame]) -> None:
    told: list[tuple[int, int]] = []
    curves_of(1, progress=lambda done, total: told.append((done, total)))
    assert told == [(number + 1, len(EVENTS)) for number in range(len(EVENTS))]
