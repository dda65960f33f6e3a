"""Importance of every attention head: computed from one pass, against running the model without each head.

Both sides answer the same question for the same prompts, directions, process and threads: what does the norm before the
MLP lose along the prompt's direction when a head is silenced at the last token? The slow side runs the whole model once
with all heads and once without each. Every head is run and compared.

    python benchmarks/head_importance.py
"""

import time
from typing import Any

import numpy as np
import torch

from thymos.errors import Unavailable
from thymos.interpret.components import head_importances, importance_by_running
from thymos.interpret.directions import fit_directions
from thymos.interpret.scenarios import EMOTIONS, sample_events, scenario_events
from thymos.language import load_language_model
from thymos.language.tap import Place, Site, Tap

SCENARIOS = 2
"""Scenarios whose requests give the directions."""
PROMPTS = 2
RATIO_FLOOR, DIFFERENCE_CEILING = 50.0, 1e-4


def one_pass(tap: Tap, prompts: list[Any], vectors: dict[int, np.ndarray]) -> np.ndarray:
    """Importance of all heads, shape (layers, prompts, heads)."""
    layers = range(len(tap.architecture.layers))
    places = [Place(site, layer) for site in (Site.RESIDUAL_MIDDLE, Site.HEADS) for layer in layers]
    states = {place: torch.from_numpy(values[:, 0]) for place, values in tap.read(prompts, places).items()}
    return np.stack(
        [
            head_importances(
                tap.architecture, layer, states[Place(Site.RESIDUAL_MIDDLE, layer)], states[Place(Site.HEADS, layer)],
                torch.from_numpy(vectors[layer]).float(),
            ).numpy()
            for layer in layers
        ]
    )  # fmt: skip


def main() -> dict[str, Any]:
    """Run the comparison, print a small table, and return its numbers."""
    name = "head_importance"
    try:
        tap = Tap(load_language_model("embedded", cache=None))
    except Unavailable as error:
        print(f"{name}: skipped ({error})")
        return {"benchmark": name, "skipped": str(error)}
    events = sample_events(scenario_events("extraction"), SCENARIOS)
    layers = len(tap.architecture.layers)
    places = [Place(Site.RESIDUAL_MIDDLE, layer) for layer in range(layers)]
    read = tap.read([event.asking(emotion) for event in events for emotion in EMOTIONS], places)
    grouped = {place: values[:, 0].reshape(len(events), len(EMOTIONS), -1) for place, values in read.items()}
    directions = fit_directions(grouped, EMOTIONS)
    chosen = [(events[number], EMOTIONS[number % len(EMOTIONS)]) for number in range(PROMPTS)]
    prompts = [event.asking(emotion) for event, emotion in chosen]
    vectors = {
        layer: np.stack([directions.vector(place, emotion) for _, emotion in chosen])
        for layer, place in enumerate(places)
    }
    one_pass(tap, prompts, vectors)  # warms up
    started = time.perf_counter()
    fast = one_pass(tap, prompts, vectors)
    ours = time.perf_counter() - started
    largest, seconds, heads = 0.0, 0.0, 0
    for layer in range(layers):
        started = time.perf_counter()
        slow = importance_by_running(tap, prompts, vectors[layer], layer, range(tap.architecture.heads))
        seconds += time.perf_counter() - started
        heads += tap.architecture.heads
        largest = max(largest, float(np.abs(fast[layer] - slow).max()))
    # The run with all heads is needed once in all, and not once a layer.
    slow_seconds = seconds * (heads + 1) / (heads + layers)
    ratio = slow_seconds / ours
    result = {
        "benchmark": name,
        "model": tap.model.name,
        "threads": torch.get_num_threads(),
        "prompts": len(prompts),
        "heads": heads,
        "one_run_a_head_seconds": slow_seconds,
        "thymos_seconds": ours,
        "ratio": ratio,
        "max_abs_difference": largest,
        "passed": ratio >= RATIO_FLOOR and largest <= DIFFERENCE_CEILING,
    }
    print(f"Importance of {heads} heads on {len(prompts)} prompts ({tap.model.name})")
    print(f"  one run a head      {slow_seconds:8.2f} s")
    print(f"  thymos, one pass    {ours:8.2f} s")
    print(f"  ratio               {ratio:8.1f}    (at least {RATIO_FLOOR:g})")
    print(f"  largest difference  {largest:8.1e}    (at most {DIFFERENCE_CEILING:g})")
    print(f"  {'passed' if result['passed'] else 'NOT PASSED'}")
    return result


if __name__ == "__main__":
    main()
