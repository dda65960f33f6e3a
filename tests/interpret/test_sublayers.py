"""Sublayer importance equals a loop of whole runs, one an injection, and a golden case that needs no model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.interpret.directions import Directions
from thymos.interpret.sublayers import sublayer_importance
from thymos.language.tap import Edit, Place, Site, Tap

LAST = Place(Site.RESIDUAL, 2)
STRENGTHS = (0.3, 0.7)


def slowly(tap: Tap, prompts: list[str], directions: Directions, band: tuple[float, float]) -> np.ndarray:
    """Shape (prompts, emotions, layers, 2)."""
    values = np.zeros((len(prompts), len(directions.emotions), 3, 2))
    for number, prompt in enumerate(prompts):
        plain = tap.read([prompt], [LAST])[LAST][0, 0].astype(np.float64)
        for code, emotion in enumerate(directions.emotions):
            reference = directions.reference(emotion, band)
            for layer in range(3):
                for sublayer, (site, of) in enumerate(
                    ((Site.ATTENTION_OUTPUT, Site.RESIDUAL_MIDDLE), (Site.MLP_OUTPUT, Site.RESIDUAL))
                ):
                    for strength in STRENGTHS:
                        size = strength * directions.scales[Place(of, layer)]
                        vector = size * directions.vector(Place(of, layer), emotion)
                        with tap.editing([Edit.add(Place(site, layer), vector, positions="last")]):
                            moved = tap.read([prompt], [LAST])[LAST][0, 0].astype(np.float64)
                        values[number, code, layer, sublayer] += (moved - plain) @ reference / size / len(STRENGTHS)
    return values


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma"])
def test_it_equals_a_loop_of_whole_runs(
    tiny: Callable[[str], Any], family: str, prompts: list[str], invented_directions: Callable[[Tap], Directions]
) -> None:
    tap = Tap(tiny(family))
    directions, band = invented_directions(tap), (0.3, 0.9)
    done: list[tuple[int, int]] = []
    found = sublayer_importance(
        tap, prompts[:2], directions, strengths=STRENGTHS, band=band, progress=lambda a, b: done.append((a, b))
    )
    expected = slowly(tap, prompts[:2], directions, band)
    assert np.abs(found.per_prompt - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found.values, found.per_prompt.mean(axis=0))
    assert (found.emotions, found.strengths, done) == (directions.emotions, STRENGTHS, [(1, 2), (2, 2)])


def test_what_the_last_mlp_adds_arrives_as_it_is(
    llama: Tap, prompts: list[str], invented_directions: Callable[[Tap], Directions]
) -> None:
    directions = invented_directions(llama)
    found = sublayer_importance(llama, prompts, directions, band=(0.9, 1.0))
    # In the last layer's MLP nothing comes after the injection: the cosine of its direction and the reference.
    expected = [directions.vector(LAST, emotion) @ directions.reference(emotion) for emotion in directions.emotions]
    for values in found.per_prompt:
        np.testing.assert_allclose(values[:, 2, 1], expected, atol=1e-5)


def test_what_cannot_be_is_refused(
    llama: Tap, tiny: Callable[[str], Any], prompts: list[str], invented_directions: Callable[[Tap], Directions]
) -> None:
    directions = invented_directions(llama)
    for asked, strengths in (([], (0.5,)), (prompts, ()), (prompts, (0.5, 0.0)), (prompts, (float("nan"),))):
        with pytest.raises(BadInput, match="sublayer importance: prompts and positive strengths are needed"):
            sublayer_importance(llama, asked, directions, strengths=strengths)
    fewer = {place: values for place, values in directions.vectors.items() if place != Place(Site.RESIDUAL_MIDDLE, 1)}
    with pytest.raises(BadInput, match="there are no directions for residual_after_attention 1"):
        sublayer_importance(
            llama, prompts, Directions(directions.emotions, fewer, directions.centers, directions.scales)
        )
    with pytest.raises(BadInput, match="variants: the prompt has one token only"):
        sublayer_importance(llama, ["!"], directions)
    gemma = Tap(tiny("gemma3"))
    with pytest.raises(BadInput, match="attends through a sliding window"):
        sublayer_importance(gemma, prompts, invented_directions(gemma))
