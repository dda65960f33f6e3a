"""Which sublayers carry an emotion to the output: what an injection into each does to the final state.

All injections of a prompt run as rows of a few batches over one cache, see ``thymos.interpret.variants``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.interpret.directions import Directions
from thymos.interpret.variants import last_token_variants
from thymos.language.model import Progress, Prompt
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Site
from thymos.language.tap.tap import Tap

Array = npt.NDArray[np.float64]
STRENGTHS = (0.5,)
SUBLAYERS = ((Site.ATTENTION_OUTPUT, Site.RESIDUAL_MIDDLE), (Site.MLP_OUTPUT, Site.RESIDUAL))
"""Where is injected, and whose direction and scale is used."""


@dataclass(frozen=True, eq=False)
class SublayerImportance:
    """How far an injection into a sublayer moves the final state along the emotion.

    Args:
        emotions: names, in the order of the first axis.
        values: shape (emotions, layers, 2): attention and MLP; change of the final projection per unit injected.
        per_prompt: shape (prompts, emotions, layers, 2), averaged over strengths.
        strengths: injected, in units of the mean root mean square of the residual stream there.
    """

    emotions: tuple[str, ...]
    values: Array
    per_prompt: Array
    strengths: tuple[float, ...]


def sublayer_importance(
    tap: Tap,
    prompts: Sequence[Prompt],
    directions: Directions,
    *,
    strengths: Sequence[float] = STRENGTHS,
    band: tuple[float, float] = (0.75, 0.90),
    progress: Progress | None = None,
) -> SublayerImportance:
    """Inject each emotion's direction into each sublayer at the last token of plain prompts.

    Args:
        tap: of the model.
        prompts: that ask for no emotion.
        directions: of every layer, at the sites after attention and after the MLP.
        strengths: how much is added, times the mean root mean square of the residual stream at that place.
        band: layers of the reference direction, see ``Directions.reference``.
        progress: called with (prompts done, prompts in all).

    Raises:
        BadInput: no prompts, no strengths, a layer without directions, a prompt of one token, or a model with sliding
            windows.
    """
    if not len(prompts) or not len(strengths) or not min(strengths) > 0:
        raise BadInput("prompts and positive strengths are needed", where="sublayer importance")
    layers, kinds = len(tap.architecture.layers), len(directions.emotions)
    shape = (layers, len(SUBLAYERS), kinds, len(strengths))
    variants: list[list[Edit]] = []
    sizes = np.empty(shape)
    for layer, sublayer, emotion, strength in np.ndindex(shape):
        site, of = SUBLAYERS[sublayer]
        place = Place(of, layer)
        vector = directions.at(place)[emotion]
        size = strengths[strength] * directions.scales[place]
        sizes[layer, sublayer, emotion, strength] = size
        variants.append([Edit.add(Place(site, layer), size * vector)])
    references = np.stack([directions.reference(emotion, band) for emotion in directions.emotions])
    last = Place(Site.RESIDUAL, layers - 1)
    values = np.empty((len(prompts), kinds, layers, len(SUBLAYERS)))
    for number, prompt in enumerate(prompts):
        plain, *moved = last_token_variants(tap, prompt, [[], *variants], last)
        changes = (np.stack(moved) - plain).reshape(*shape, -1)
        projected = np.einsum("lsead,ed->lsea", changes, references) / sizes
        values[number] = projected.mean(-1).transpose(2, 0, 1)
        if progress is not None:
            progress(number + 1, len(prompts))
    return SublayerImportance(directions.emotions, values.mean(axis=0), values, tuple(strengths))
