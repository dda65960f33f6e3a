"""Which heads and neurons write an emotion: exact contributions, all from one forward pass a prompt.

A head's importance is what the next norm's output loses along the emotion's direction when the head is silenced at the
prompt's last token. Silencing a head changes nothing before that norm but the residual stream there, and by an amount
that is known: the head's output times its part of the output projection. So the changed state is computed, not run
again. Neurons are treated alike: without a neuron the MLP's output lacks its activation times its column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.interpret.directions import Directions
from thymos.language.model import Progress, Prompt
from thymos.language.tap.architecture import Architecture
from thymos.language.tap.edits import Edit
from thymos.language.tap.places import Place, Site
from thymos.language.tap.tap import Tap

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Components:
    """What heads and neurons do under each emotion, averaged over prompts; read at each prompt's last token.

    Args:
        emotions: names, in the order of the first axis of every array.
        heads: shape (emotions, layers, heads): importance of a head for its emotion, in units of the normalized state.
        neurons: shape (emotions, layers, neurons): what a neuron adds along its emotion's direction.
        neurons_positive: mean of the positive contributions alone; ``neurons_negative`` of the negative ones.
        head_means: shape (emotions, layers, heads, head width): mean output of each head.
        neuron_means: shape (emotions, layers, neurons): mean activation.
        prompts: shape (emotions,), how many prompts stand behind each.
    """

    emotions: tuple[str, ...]
    heads: Array
    neurons: Array
    neurons_positive: Array
    neurons_negative: Array
    head_means: Array
    neuron_means: Array
    prompts: npt.NDArray[np.int64]

    @property
    def head_differences(self) -> Array:
        """Mean output of each head under an emotion minus its mean over emotions, shape as ``head_means``."""
        return self.head_means - self.head_means.mean(axis=0)

    @property
    def neuron_differences(self) -> Array:
        """The same for neurons."""
        return self.neuron_means - self.neuron_means.mean(axis=0)


def norm_gain(norm: Any) -> torch.Tensor:
    """What an RMS norm multiplies by, shape (width,): its weight, or 1 + its weight in Gemma."""
    ones = torch.ones_like(norm.weight, dtype=torch.float32)
    return norm(ones) * float((1 + norm_epsilon(norm)) ** 0.5)


def norm_epsilon(norm: Any) -> float:
    """The small number inside an RMS norm's root."""
    found = getattr(norm, "variance_epsilon", None)
    return float(getattr(norm, "eps", 0.0) if found is None else found)


@torch.inference_mode()
def head_importances(
    architecture: Architecture,
    layer: int,
    residual: torch.Tensor,
    outputs: torch.Tensor,
    vectors: torch.Tensor,
    *,
    normalized: bool = True,
) -> torch.Tensor:
    """Importance of every head of a layer for some prompts, without running the model.

    Args:
        architecture: of the model.
        layer: which.
        residual: shape (prompts, width): the residual stream after attention.
        outputs: shape (prompts, heads · head width): the heads' outputs.
        vectors: shape (prompts, width): the direction on which each prompt's state is projected.
        normalized: project the norm's output, as the authors' code does, or the residual stream itself.

    Returns:
        Shape (prompts, heads): projection with the head minus projection without it.
    """
    projection = architecture.output_projection(layer).to(outputs.dtype)
    parts = torch.einsum(
        "phw,hwd->phd", outputs.unflatten(-1, (architecture.heads, architecture.head_width)), projection
    )
    output_norm = architecture.attention_norm(layer)
    if output_norm is None:
        without = residual[:, None] - parts
    else:
        bias = architecture.layers[layer].self_attn.o_proj.bias
        whole = parts.sum(1) if bias is None else parts.sum(1) + bias.to(outputs.dtype)
        before = residual - output_norm(whole)
        without = before[:, None] + output_norm(whole[:, None] - parts)
    if normalized:
        norm = architecture.mlp_input_norm(layer)
        residual, without = norm(residual), norm(without)
    return torch.einsum("pd,pd->p", residual, vectors)[:, None] - torch.einsum("phd,pd->ph", without, vectors)


@torch.inference_mode()
def neuron_contributions(
    architecture: Architecture, layer: int, activations: torch.Tensor, vectors: torch.Tensor
) -> torch.Tensor:
    """What every neuron of a layer adds to the residual stream along a direction.

    Without a norm behind the MLP this is its activation times the projection of its column. With one (Gemma 2 and 3) it
    is the projection of the norm's output minus that without the neuron: exact, from sums and not from runs.

    Args:
        architecture: of the model.
        layer: which.
        activations: shape (prompts, neurons).
        vectors: shape (prompts, width), or (1, width) for all.

    Returns:
        Shape (prompts, neurons).
    """
    columns = architecture.down_projection(layer).to(activations.dtype)
    norm = architecture.mlp_output_norm(layer)
    if norm is None:
        return activations * (vectors @ columns.T)
    bias = getattr(architecture.layers[layer].mlp.down_proj, "bias", None)
    output = activations @ columns
    if bias is not None:
        output = output + bias.to(output.dtype)
    scaled = vectors * norm_gain(norm).to(vectors.dtype)
    along = scaled @ columns.T  # what a neuron adds per activation before the norm
    total = (output * scaled).sum(-1, keepdim=True)
    squares = output.pow(2).sum(-1, keepdim=True)
    left = squares - 2 * activations * (output @ columns.T) + activations.pow(2) * columns.pow(2).sum(-1)
    width, epsilon = output.shape[-1], norm_epsilon(norm)
    with_it = total / (squares / width + epsilon).sqrt()
    without = (total - activations * along) / (left.clamp(min=0) / width + epsilon).sqrt()
    return with_it - without


def measure_components(
    tap: Tap,
    prompts: Sequence[Prompt],
    emotions: Sequence[str],
    directions: Directions,
    *,
    normalized: bool = True,
    progress: Progress | None = None,
) -> Components:
    """Importance and mean activation of every head and neuron under each emotion, in one pass over the prompts.

    Memory does not grow with the number of prompts.

    Args:
        tap: of the model.
        prompts: texts or conversations.
        emotions: the emotion that each prompt asks for.
        directions: has every layer at the sites after attention and after the MLP.
        normalized: see :func:`head_importances`.
        progress: called with (prompts done, prompts in all).

    Raises:
        BadInput: an emotion without prompts or direction, or a layer without directions of the model's width.
    """
    if len(emotions) != len(prompts):
        raise BadInput(f"{len(emotions)} emotions for {len(prompts)} prompts", where="components")
    codes = np.array([directions.index(emotion) for emotion in emotions], dtype=np.int64)
    counts = np.bincount(codes, minlength=len(directions.emotions))
    if not counts.all():
        missing = directions.emotions[int(counts.argmin())]
        raise BadInput(f"no prompt asks for {missing}", where="components", mend="pass prompts of every emotion")
    architecture = tap.architecture
    layers, kinds = len(architecture.layers), len(directions.emotions)
    heads = np.zeros((kinds, layers, architecture.heads))
    head_means = np.zeros((kinds, layers, architecture.heads, architecture.head_width))
    sums = {name: np.zeros((kinds, layers, architecture.neurons)) for name in ("all", "positive", "negative", "means")}
    sites = (Site.RESIDUAL_MIDDLE, Site.HEADS, Site.NEURONS)
    places = [Place(site, layer) for site in sites for layer in range(layers)]
    vectors = {
        place: _tensor(_fitting(directions, place, architecture), tap)
        for site in (Site.RESIDUAL_MIDDLE, Site.RESIDUAL)
        for place in architecture.places(site)
    }
    done = 0
    for chosen, states in tap.read_rows(tap.encode(prompts), places):
        own = codes[chosen]
        for layer in range(layers):
            residual, outputs, activations = (_tensor(states[Place(site, layer)][:, 0], tap) for site in sites)
            of_heads = head_importances(
                architecture, layer, residual, outputs, vectors[Place(Site.RESIDUAL_MIDDLE, layer)][own],
                normalized=normalized,
            ).double().cpu().numpy()  # fmt: skip
            of_neurons = neuron_contributions(
                architecture, layer, activations, vectors[Place(Site.RESIDUAL, layer)][own]
            ).double().cpu().numpy()  # fmt: skip
            raw_heads = outputs.double().cpu().numpy().reshape(len(own), architecture.heads, -1)
            raw_neurons = activations.double().cpu().numpy()
            for code in np.unique(own):
                rows = own == code
                heads[code, layer] += of_heads[rows].sum(0)
                head_means[code, layer] += raw_heads[rows].sum(0)
                sums["all"][code, layer] += of_neurons[rows].sum(0)
                sums["positive"][code, layer] += of_neurons[rows].clip(min=0).sum(0)
                sums["negative"][code, layer] += of_neurons[rows].clip(max=0).sum(0)
                sums["means"][code, layer] += raw_neurons[rows].sum(0)
        done += len(chosen)
        if progress is not None:
            progress(done, len(prompts))
    each = counts[:, None, None]
    return Components(
        directions.emotions,
        heads / each,
        sums["all"] / each,
        sums["positive"] / each,
        sums["negative"] / each,
        head_means / each[..., None],
        sums["means"] / each,
        counts,
    )


def importance_by_running(
    tap: Tap,
    prompts: Sequence[Prompt],
    vectors: Array,
    layer: int,
    heads: Sequence[int],
    *,
    normalized: bool = True,
) -> Array:
    """Importance of heads of a layer by running the model without each: the slow way, one pass a head, for checks.

    Args:
        tap: of the model.
        prompts: texts or conversations.
        vectors: shape (prompts, width).
        layer: of the heads.
        heads: which.
        normalized: see :func:`head_importances`.

    Returns:
        Shape (prompts, heads).
    """
    place = Place(Site.RESIDUAL_MIDDLE, layer)
    norm = tap.architecture.mlp_input_norm(layer) if normalized else torch.nn.Identity()

    def projected() -> Array:
        state = tap.read(prompts, [place])[place][:, 0]
        with torch.inference_mode():
            return np.einsum("pd,pd->p", norm(_tensor(state, tap)).double().cpu().numpy(), vectors)

    whole, without = projected(), []
    for head in heads:
        with tap.editing([Edit.ablate(Place(Site.HEADS, layer), units=[head], positions="last")]):
            without.append(projected())
    return whole[:, None] - np.stack(without, axis=1)


def _tensor(values: npt.NDArray[Any], tap: Tap) -> torch.Tensor:
    """An array on the model's device, in float32 whatever the model's precision: sums of squares overflow float16."""
    return torch.from_numpy(np.ascontiguousarray(values)).to(tap.architecture.device, torch.float32)


def _fitting(directions: Directions, place: Place, architecture: Architecture) -> Array:
    """The directions of a place, checked against the model's width."""
    vectors = directions.at(place)
    if vectors.shape[1] != architecture.width:
        raise BadInput(
            f"the directions of {place} are {vectors.shape[1]} numbers long and the states {architecture.width}",
            where="components",
            mend="pass directions of this model",
        )
    return vectors
