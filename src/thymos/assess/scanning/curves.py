"""Ablation and enhancement curves: how much of an emotion's effect on the final state a circuit of k units carries."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.interpret.circuits import (
    Circuit,
    ablation_edits,
    assemble_circuit,
    modulation_edits,
    random_circuit,
)
from thymos.interpret.components import Components
from thymos.interpret.directions import Directions
from thymos.interpret.scenarios import Event
from thymos.interpret.sublayers import SublayerImportance
from thymos.interpret.variants import last_token_variants
from thymos.language.model import Prompt
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Site
from thymos.language.tap.tap import Tap
from thymos.measure.resampling import bootstrap_interval

NEURONS_PER_HEAD = 4
COLUMNS = (
    "curve", "circuit", "units", "heads", "neurons", "emotion", "value", "low", "high", "n", "clusters",
)  # fmt: skip
CURVES = ("enhancement", "ablation to the mean", "ablation to zero")


def circuit_curves(
    tap: Tap,
    events: Sequence[Event],
    directions: Directions,
    components: Components,
    sublayers: SublayerImportance,
    *,
    units: Sequence[float],
    seeds: Sequence[int],
    resamples: int,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Effect on the final state of taking a circuit out of prompted requests, and of putting it into plain ones.

    Read at the last prompt token, along the reference direction: 0 is the plain request, 1 the prompted one. Enhancing
    should rise from 0, ablating should fall from 1; random circuits of the same size in the same layers should not.

    Args:
        tap: of the model.
        events: that nothing was fitted on.
        directions: see Directions.
        components: see Components.
        sublayers: see SublayerImportance.
        units: heads a layer on average, neurons are four times as many.
        seeds: of the random circuits; their mean is shown.
        resamples: of the intervals, over scenarios.
        progress: called with (events done, events in all).

    Returns:
        One row a point: ``curve`` (enhancement, ablation to the mean, ablation to zero), ``circuit`` (circuit or
        random), ``units``, ``heads``, ``neurons``, ``emotion`` (or all), ``value``, ``low``, ``high``, ``n``. Emotions
        whose request does not move the state along their direction are left out.
    """
    layers = len(tap.architecture.layers)
    last = Place(Site.RESIDUAL, layers - 1)
    emotions = components.emotions
    # For each emotion and curve the variants of a request: (circuit or random, units, edits), the bare request first.
    variants: dict[tuple[str, str], list[tuple[str, float, list[Edit]]]] = {}
    sizes: dict[tuple[str, float], tuple[int, int]] = {}
    for emotion in emotions:
        for count in units:
            heads, neurons = round(count * layers), round(count * layers * NEURONS_PER_HEAD)
            circuit = assemble_circuit(components, sublayers, emotion, heads=heads, neurons=neurons)
            sizes[emotion, count] = circuit.size
            drawn = [("random", random_circuit(circuit, components, seed)) for seed in seeds]
            for kind, one in [("circuit", circuit), *drawn]:
                for curve in CURVES:
                    edits = _edits(curve, one, components)
                    variants.setdefault((emotion, curve), [("bare", 0.0, [])]).append((kind, count, edits))
    found: dict[tuple[str, str, float, str], list[list[float]]] = {}
    distances: dict[str, list[float]] = {}
    for number, event in enumerate(events):
        enhancing = [(emotion, "enhancement") for emotion in emotions]
        plain_states = _states(tap, event.asking(None), [variants[key] for key in enhancing], last)
        for emotion, enhanced in zip(emotions, plain_states, strict=True):
            taking_out = [(emotion, curve) for curve in CURVES if curve != "enhancement"]
            prompted_states = _states(tap, event.asking(emotion), [variants[key] for key in taking_out], last)
            reference = directions.reference(emotion)
            plain, prompted = enhanced[0] @ reference, prompted_states[0][0] @ reference
            for key, states in (((emotion, "enhancement"), enhanced), *zip(taking_out, prompted_states, strict=True)):
                for (kind, count, _), state in list(zip(variants[key], states, strict=True))[1:]:
                    own = found.setdefault((key[1], kind, count, emotion), [[] for _ in events])
                    own[number].append(float(state @ reference - plain))
            distances.setdefault(emotion, []).append(float(prompted - plain))
        if progress is not None:
            progress(number + 1, len(events))
    # An emotion that the request itself does not bring forward has no effect that could be shared out.
    moved = [emotion for emotion in emotions if np.mean(distances[emotion]) > 0]
    rows = []
    shares = {
        key: np.array(values).mean(axis=1) / np.mean(distances[key[3]])
        for key, values in found.items()
        if key[3] in moved
    }
    for (curve, kind, count, emotion), share in shares.items():
        rows.append(_row(curve, kind, count, sizes[emotion, count], emotion, share, events, resamples))
    for curve, kind, count in dict.fromkeys(key[:3] for key in shares):
        share = np.mean([shares[curve, kind, count, emotion] for emotion in moved], axis=0)
        # Where few sublayers count for an emotion, its circuit cannot hold the whole budget.
        heads, neurons = np.mean([sizes[emotion, count] for emotion in moved], axis=0)
        rows.append(_row(curve, kind, count, (round(heads), round(neurons)), "all", share, events, resamples))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _edits(curve: str, circuit: Circuit, components: Components) -> list[Edit]:
    """The edits of one point."""
    if curve == "enhancement":
        return modulation_edits(circuit, components)
    return ablation_edits(circuit, components, mean=curve == "ablation to the mean")


def _states(
    tap: Tap, prompt: Prompt, groups: Sequence[Sequence[tuple[str, float, list[Edit]]]], place: Place
) -> list[npt.NDArray[np.float64]]:
    """Final states of several groups of variants of one request, in one go."""
    states = last_token_variants(tap, prompt, [edits for group in groups for _, _, edits in group], place)
    ends = np.cumsum([len(group) for group in groups])
    return np.split(states, ends[:-1])


def _row(
    curve: str,
    kind: str,
    count: float,
    size: tuple[int, int],
    emotion: str,
    values: npt.NDArray[np.float64],
    events: Sequence[Event],
    resamples: int,
) -> dict[str, object]:
    interval = bootstrap_interval("mean", (values,), [event.scenario for event in events], resamples=resamples)
    return {
        "curve": curve, "circuit": kind, "units": count, "heads": size[0], "neurons": size[1], "emotion": emotion,
        "value": interval.value, "low": interval.low, "high": interval.high, "n": interval.n,
        "clusters": interval.clusters,
    }  # fmt: skip
