"""How well emotions separate at every layer, with what it is worth: controls, other contexts, halves of the data."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.interpret.directions import (
    Directions,
    centroids,
    cross_context_hits,
    direction_similarity,
    fit_directions,
    hits,
    layer_similarity,
    shuffle_labels,
    split_half_similarity,
    unit,
)
from thymos.interpret.scenarios import EMOTIONS, Event
from thymos.language.model import Progress
from thymos.language.tap.collecting import collect
from thymos.language.tap.places import Place, Site
from thymos.language.tap.tap import Tap
from thymos.measure.resampling import bootstrap_interval

CONTROL_DRAWS = 20
"""Random directions, and shuffles of the labels, behind the controls of every layer."""
SITES = (Site.RESIDUAL_MIDDLE, Site.RESIDUAL)
States = Mapping[Place, npt.NDArray[np.float32]]
"""For each place, shape (events, emotions, width): the last token of the request under every emotion."""


def event_states(
    tap: Tap,
    events: Sequence[Event],
    folder: Path,
    *,
    emotions: Sequence[str] = EMOTIONS,
    progress: Progress | None = None,
) -> States:
    """Residual states of every layer at the last token of each event's request under each emotion, through disk.

    Args:
        tap: of the model.
        events: what the user says.
        folder: where states are collected; a second call reads nothing that is there.
        emotions: that are asked for.
        progress: called with (requests done, requests in all).
    """
    prompts = [event.asking(emotion) for event in events for emotion in emotions]
    places = [place for site in SITES for place in tap.architecture.places(site)]
    store = collect(tap, prompts, places, folder, progress=progress)
    return {place: store.load(place)[:, 0].reshape(len(events), len(emotions), -1) for place in places}


def layer_table(
    directions: Directions,
    train: States,
    train_events: Sequence[Event],
    test: States,
    test_events: Sequence[Event],
    *,
    resamples: int,
    seed: int = 0,
    track: Callable[[Sequence[Place]], Sequence[Place]] = lambda places: places,
) -> pd.DataFrame:
    """Every layer's numbers.

    Returns:
        One row a place and measure: ``site``, ``layer``, ``measure``, value, interval, ``n``, ``clusters``.
        Measures: ``accuracy`` (test scenarios), ``accuracy_paired`` (each situation's own mean known),
        ``random_directions`` and ``shuffled_labels`` (controls on test scenarios, over draws), ``other_themes`` and
        ``other_valences`` (training scenarios, each theme or valence left out in turn), ``split_half`` (mean cosine of
        directions from two halves), ``next_layer`` (mean cosine with the next layer's directions).
    """
    if not len(test_events):
        raise BadInput("there are no test events", where="layers")
    scenarios = [event.scenario for event in test_events]
    train_scenarios = [event.scenario for event in train_events]
    rows = []
    for place in track(sorted(directions.vectors)):
        vectors, center = directions.vectors[place], directions.centers[place]
        # One random or shuffled set is right for whole emotions or for none: many are needed for a mean.
        draws = range(seed, seed + CONTROL_DRAWS)
        randomly = [hits(test[place], _random_vectors(vectors.shape, draw), center) for draw in draws]
        shuffled = [hits(test[place], unit(centroids(shuffle_labels(train[place], draw))), center) for draw in draws]
        found = {
            "accuracy": hits(test[place], vectors, center),
            "accuracy_paired": hits(test[place], vectors, center, paired=True),
            "random_directions": np.mean(randomly, axis=0),
            "shuffled_labels": np.mean(shuffled, axis=0),
        }
        for measure, values in found.items():
            rows.append(_row(place, measure, values, scenarios, resamples, seed))
        for measure, contexts in (
            ("other_themes", [event.theme for event in train_events]),
            ("other_valences", [event.valence for event in train_events]),
        ):
            if len(set(contexts)) > 1:
                values = cross_context_hits(train[place], contexts)
                rows.append(_row(place, measure, values, train_scenarios, resamples, seed))
        half = split_half_similarity(train[place], train_scenarios, seed)
        rows.append(_plain(place, "split_half", float(half.mean()), len(half)))
    for site in SITES:
        layers = directions.layers(site)
        similarity = layer_similarity(directions, site)
        for number, layer in enumerate(layers[:-1]):
            value = float(similarity[number, number + 1])
            rows.append(_plain(Place(site, layer), "next_layer", value, len(directions.emotions)))
    return pd.DataFrame(rows)


def cross_set_table(
    ours: Directions, ours_test: States, others: States, *, place: Place, other_events: Sequence[Event],
    our_events: Sequence[Event], resamples: int, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Generalization between our scenarios and another set at one place, both ways, with the cosine of directions.

    Args:
        ours: directions from our scenarios.
        ours_test: states of our test scenarios.
        others: states of the other set.
        place: where.
        other_events: the events of ``others``.
        our_events: the events of ``ours_test``.
        resamples: of the intervals.
        seed: of the intervals.
    """
    theirs = fit_directions({place: others[place]}, ours.emotions)
    similarity = direction_similarity(ours, theirs, place)
    there = hits(others[place], ours.vectors[place], ours.centers[place])
    back = hits(ours_test[place], theirs.vectors[place], theirs.centers[place])
    rows = [
        _row(place, "ours_to_other", there, [event.scenario for event in other_events], resamples, seed),
        _row(place, "other_to_ours", back, [event.scenario for event in our_events], resamples, seed),
    ]
    rows += [
        _plain(place, f"cosine_{emotion}", float(value), len(other_events))
        for emotion, value in zip(ours.emotions, similarity, strict=True)
    ]
    return pd.DataFrame(rows)


def _random_vectors(shape: tuple[int, ...], seed: int) -> npt.NDArray[np.float64]:
    """Random vectors of length 1."""
    return unit(np.random.default_rng(seed).standard_normal(shape))


def _row(
    place: Place, measure: str, values: npt.NDArray[Any], scenarios: Sequence[str], resamples: int, seed: int
) -> dict[str, object]:
    clusters = np.repeat(np.asarray(scenarios, dtype=object), values.shape[1])
    interval = bootstrap_interval("mean", (values.astype(float).ravel(),), clusters, resamples=resamples, seed=seed)
    return {
        "site": str(place.site), "layer": place.layer, "measure": measure, "value": interval.value,
        "low": interval.low, "high": interval.high, "n": interval.n, "clusters": interval.clusters,
    }  # fmt: skip


def _plain(place: Place, measure: str, value: float, count: int) -> dict[str, object]:
    return {
        "site": str(place.site), "layer": place.layer, "measure": measure, "value": value, "low": None, "high": None,
        "n": count, "clusters": None,
    }  # fmt: skip
