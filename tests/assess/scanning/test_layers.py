"""The table of layers: planted directions are told, controls are at chance, and other sets are compared both ways."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from thymos.assess.scanning.layers import (
    SITES,
    States,
    cross_set_table,
    event_states,
    layer_table,
)
from thymos.errors import BadInput
from thymos.interpret.directions import Directions, fit_directions, unit
from thymos.interpret.scenarios import EMOTIONS, Event, sample_events, scenario_events
from thymos.language.model import LanguageModel
from thymos.language.tap import Place, Site, Tap

WIDTH, LAYERS, CHANCE = 24, 3, 1 / len(EMOTIONS)
TRAIN = sample_events(scenario_events("extraction"), 16)
TEST = sample_events(scenario_events("test"), 16)
PLACES = [Place(site, layer) for site in SITES for layer in range(LAYERS)]
CONTROLS = ("random_directions", "shuffled_labels")
MEASURES = {"accuracy", "accuracy_paired", *CONTROLS, "other_themes", "other_valences", "split_half", "next_layer"}


def planted(events: list[Event], strength: float, seed: int, *, turned: bool = False, situation: float = 1.0) -> States:
    """States with an emotion's direction added, the same in all layers, and a situation that covers it in part."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(np.random.default_rng(99).standard_normal((WIDTH, WIDTH)))[0][: len(EMOTIONS)]
    if turned:
        axes = np.roll(axes, 1, axis=0)
    own = situation * rng.standard_normal((len(events), 1, WIDTH))
    return {
        place: (3 + own + strength * axes + 0.3 * rng.standard_normal((len(events), len(EMOTIONS), WIDTH))).astype("f4")
        for place in PLACES
    }


def table_of(strength: float, situation: float = 0.2) -> pd.DataFrame:
    train, test = (planted(events, strength, seed, situation=situation) for seed, events in enumerate((TRAIN, TEST)))
    directions = fit_directions(train, EMOTIONS)
    return layer_table(directions, train, TRAIN, test, TEST, resamples=200)


@pytest.fixture(scope="module")
def strong() -> pd.DataFrame:
    return table_of(3.0)


@pytest.fixture(scope="module")
def absent() -> pd.DataFrame:
    return table_of(0.0)


def test_every_place_has_every_measure_once(strong: pd.DataFrame) -> None:
    assert set(strong["measure"]) == MEASURES
    assert not strong.duplicated(["site", "layer", "measure"]).any()
    counts = strong.groupby("measure").size().to_dict()
    assert counts == {**dict.fromkeys(MEASURES, 2 * LAYERS), "next_layer": 2 * (LAYERS - 1)}
    assert set(strong["site"]) == {str(site) for site in SITES}


@pytest.mark.parametrize("measure", ["accuracy", "accuracy_paired", "other_themes", "other_valences"])
def test_planted_directions_are_told(strong: pd.DataFrame, measure: str) -> None:
    own = strong[strong["measure"] == measure]
    assert own["value"].min() > 0.97
    assert own["low"].min() > 0.9


def test_planted_directions_are_alike_in_halves_and_layers(strong: pd.DataFrame) -> None:
    for measure in ("split_half", "next_layer"):
        own = strong[strong["measure"] == measure]
        assert own["value"].min() > 0.95
        assert own["low"].isna().all()


@pytest.mark.parametrize("measure", CONTROLS)
def test_controls_are_near_chance(strong: pd.DataFrame, measure: str) -> None:
    own = strong[strong["measure"] == measure]
    assert own["value"].mean() == pytest.approx(CHANCE, abs=0.15)
    assert own["value"].max() < 0.55


@pytest.mark.parametrize("measure", sorted(MEASURES - {"split_half", "next_layer"}))
def test_nothing_is_told_where_nothing_was_planted(absent: pd.DataFrame, measure: str) -> None:
    own = absent[absent["measure"] == measure]
    assert own["value"].mean() == pytest.approx(CHANCE, abs=0.08)


def test_halves_disagree_where_nothing_was_planted(absent: pd.DataFrame) -> None:
    assert absent.loc[absent["measure"] == "split_half", "value"].abs().max() < 0.5


def test_knowing_the_situations_mean_helps_where_situations_differ() -> None:
    table = table_of(1.5, situation=1.5).groupby("measure")["value"].mean()
    assert table["accuracy_paired"] > table["accuracy"] + 0.1
    assert table["accuracy_paired"] > 0.95


def test_intervals_are_over_scenarios(strong: pd.DataFrame) -> None:
    own = strong[strong["measure"].isin(["accuracy", "random_directions"])]
    assert set(own["n"]) == {len(TEST) * len(EMOTIONS)}
    assert set(own["clusters"]) == {16}
    assert (own["low"] <= own["value"]).all()
    assert (own["value"] <= own["high"]).all()


def test_the_seed_decides_the_controls_and_nothing_else() -> None:
    train, test = planted(TRAIN[:12], 1.0, 0), planted(TEST[:12], 1.0, 1)
    directions = fit_directions(train, EMOTIONS)
    first, again, other = (
        layer_table(directions, train, TRAIN[:12], test, TEST[:12], resamples=50, seed=seed) for seed in (0, 0, 1)
    )
    assert first.equals(again)
    differing = set(first.loc[first["value"] != other["value"], "measure"])
    assert "random_directions" in differing
    assert differing <= {*CONTROLS, "split_half"}


def test_one_valence_leaves_other_valences_out() -> None:
    events = [event for event in TRAIN if event.valence == "neutral"]
    states = planted(events, 2.0, 0)
    table = layer_table(fit_directions(states, EMOTIONS), states, events, states, events, resamples=50)
    assert set(table["measure"]) == MEASURES - {"other_valences"}


def test_progress_can_follow_the_places() -> None:
    states, seen = planted(TRAIN[:6], 1.0, 0), []

    def track(places: object) -> list[Place]:
        seen.extend(places)  # type: ignore[call-overload]
        return list(seen)

    layer_table(fit_directions(states, EMOTIONS), states, TRAIN[:6], states, TRAIN[:6], resamples=20, track=track)
    assert seen == sorted(PLACES)


def test_without_test_events_there_is_one_clear_error() -> None:
    states = planted(TRAIN[:6], 1.0, 0)
    with pytest.raises(BadInput, match="no test events"):
        layer_table(fit_directions(states, EMOTIONS), states, TRAIN[:6], states, [], resamples=20)


# -- another set ----------------------------------------------------------------------------------------------------

PLACE = Place(Site.RESIDUAL, 1)


def across(others: States) -> dict[str, float]:
    ours = fit_directions(planted(TRAIN, 3.0, 0, situation=0.2), EMOTIONS)
    table = cross_set_table(
        ours, planted(TEST, 3.0, 1, situation=0.2), others, place=PLACE, other_events=TRAIN, our_events=TEST,
        resamples=100,
    )  # fmt: skip
    assert set(table["site"]) == {"residual_after_mlp"}
    assert set(table["layer"]) == {1}
    assert table["n"].tolist()[:2] == [len(TRAIN) * 6, len(TEST) * 6]
    return dict(zip(table["measure"], table["value"], strict=True))


def test_sets_with_the_same_directions_generalize_both_ways() -> None:
    found = across(planted(TRAIN, 3.0, 5, situation=0.2))
    assert min(found["ours_to_other"], found["other_to_ours"]) > 0.97
    assert min(found[f"cosine_{emotion}"] for emotion in EMOTIONS) > 0.95


def test_sets_with_other_directions_do_not() -> None:
    found = across(planted(TRAIN, 3.0, 5, situation=0.2, turned=True))
    assert max(found["ours_to_other"], found["other_to_ours"]) < 0.05, "every emotion is taken for its neighbor"
    assert max(found[f"cosine_{emotion}"] for emotion in EMOTIONS) < 0


# -- states --------------------------------------------------------------------------------------------


def test_states_are_the_last_tokens_and_are_read_once(tiny: LanguageModel, tmp_path: Path) -> None:
    tap, told = Tap(tiny), []
    states = event_states(tap, TRAIN[:2], tmp_path / "states", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (12, 12)
    assert set(states) == {Place(site, layer) for site in SITES for layer in range(2)}
    prompts = [TRAIN[1].asking("fear"), TRAIN[0].asking("anger")]
    read = tap.read(prompts, [PLACE])[PLACE][:, 0]
    np.testing.assert_allclose(states[PLACE][1, EMOTIONS.index("fear")], read[0], atol=1e-5)
    np.testing.assert_allclose(states[PLACE][0, EMOTIONS.index("anger")], read[1], atol=1e-5)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "states").rglob("*") if path.is_file()}
    again = event_states(tap, TRAIN[:2], tmp_path / "states")
    assert all(np.array_equal(again[place], states[place]) for place in states)
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "states").rglob("*") if path.is_file()}


def test_directions_of_states_have_length_one() -> None:
    directions = fit_directions(planted(TRAIN, 2.0, 0), EMOTIONS)
    assert isinstance(directions, Directions)
    for vectors in directions.vectors.values():
        np.testing.assert_allclose(vectors, unit(vectors))
