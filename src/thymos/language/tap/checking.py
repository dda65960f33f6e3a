"""What is checked of hidden states: that they are numbers, and that a model is built as the tap believes.

Dozens of architectures name their parts like Llama and add something of their own: a factor on what a layer adds,
another norm behind it. Names alone would give wrong states of them without a word, so every model is asked once.
"""

import numpy as np
import numpy.typing as npt
import torch

from thymos.errors import BadInput
from thymos.language.local import LocalLanguageModel
from thymos.language.tap.architecture import SUPPORTED
from thymos.language.tap.edits import Edit
from thymos.language.tap.hooks import ForwardPass, Hooks
from thymos.language.tap.places import Place, Site

Floats = npt.NDArray[np.float32]
CHECKED_TOKENS = 4
ROUNDINGS = 16
"""Roundings, each of the weights' precision, that a sum may be off."""


def as_numbers(states: torch.Tensor, where: str) -> Floats:
    """States on the CPU in float32, or BadInput when they are not finite."""
    values: Floats = states.detach().float().cpu().numpy()
    if not np.isfinite(values).all():
        raise BadInput(
            "the hidden states are not finite",
            where=where,
            mend="load the model with dtype float32, or look at its weights",
        )
    return values


def check_sums(hooks: Hooks) -> None:
    """Raise BadInput unless what attention and MLP add is all that the residual stream gains, in every layer.

    One pass over a few tokens. The first layer's residual stream is changed in its middle, to see that the change
    reaches what comes after and not only the MLP.
    """
    architecture, name = hooks.architecture, hooks.model.name
    layers = range(len(architecture.layers))
    sites = (Site.ATTENTION_OUTPUT, Site.RESIDUAL_MIDDLE, Site.MLP_OUTPUT, Site.RESIDUAL)
    places = [Place(Site.EMBEDDINGS), *(Place(site, layer) for layer in layers for site in sites)]
    found: dict[Place, npt.NDArray[np.float64]] = {}

    def keep(place: Place, hidden: torch.Tensor, state: ForwardPass) -> None:
        found[place] = as_numbers(hidden, f"{name}, {place}").astype(np.float64)

    signs = np.where(np.arange(architecture.width) % 2, 1.0, -1.0)
    changed = Place(Site.RESIDUAL_MIDDLE, 0)
    vocabulary = int(architecture.base.embed_tokens.weight.shape[0])
    ids = torch.tensor([[vocabulary * place // (CHECKED_TOKENS + 1) for place in range(1, CHECKED_TOKENS + 1)]])
    with (
        torch.inference_mode(),
        hooks.looking(places, keep),
        hooks.editing([Edit.add(changed, signs, times_rms=True)]),
    ):
        architecture.base(input_ids=ids.to(architecture.device), use_cache=False)
    before = found[Place(Site.EMBEDDINGS)]
    for layer in layers:
        attention, middle, mlp, after = (found[Place(site, layer)] for site in sites)
        expected = before + attention
        if layer == changed.layer:
            expected = expected + signs * np.sqrt((expected**2).mean(-1, keepdims=True))
        for total, parts in ((middle, expected), (after, middle + mlp)):
            off = np.linalg.norm(total - parts, axis=-1) / np.maximum(np.linalg.norm(total, axis=-1), 1e-30)
            if off.max() > ROUNDINGS * torch.finfo(hooks.model.model.dtype).eps:
                raise BadInput(
                    f"layer {layer} of {architecture.name} adds more or less to the residual stream than its attention "
                    f"and MLP put out (off by {off.max():.1%})",
                    where=name,
                    mend=f"the tap knows {SUPPORTED}",
                )
        before = after


def hooks_of(model: LocalLanguageModel) -> Hooks:
    """The hooks of a model, the same for every tap; the model is checked the first time.

    Raises:
        BadInput: the tap does not know the architecture.
    """
    hooks: Hooks | None = model.hooks
    if hooks is None or hooks.architecture.model is not model.model:
        hooks = Hooks(model)
        check_sums(hooks)
        model.hooks = hooks
    return hooks
