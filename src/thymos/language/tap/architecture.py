"""Which modules of a model are which sites: Llama, Qwen 2 and 3, Gemma 1 to 3, and whatever is built like them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from thymos.errors import BadInput
from thymos.language.tap.places import Place, Site, known_site

SUPPORTED = "decoders built like Llama, Qwen 2 and 3, or Gemma 1 to 3"


@dataclass(frozen=True)
class Hook:
    """Where a place is reached: a module, and whether its input or its output is the hidden state."""

    module: torch.nn.Module
    input: bool


class Architecture:
    """The parts of a decoder that the tap needs, found by their names.

    Args:
        model: a transformers causal language model.

    Attributes:
        model: the model as it was given.
        name: its class.
        base: the decoder without its output layer.
        layers: its layers.
        width: length of the residual stream.
        heads: attention heads a layer.
        head_width: length of one head's output.
        neurons: neurons of the MLP in each layer.

    Raises:
        BadInput: the model is built in another way.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.name = type(model).__name__
        self.base = self._find_base(model)
        self.layers: Sequence[Any] = self.base.layers
        if not len(self.layers):
            raise BadInput("there are no layers", where=self.name, mend=f"the tap knows {SUPPORTED}")
        for number, layer in enumerate(self.layers):
            self._check_layer(layer, number)
        config = model.config.get_text_config()
        self.width = int(self.layers[0].self_attn.o_proj.weight.shape[0])
        self.heads = int(config.num_attention_heads)
        self.head_width = int(self.layers[0].self_attn.o_proj.weight.shape[1]) // self.heads
        self.neurons = int(self.layers[0].mlp.down_proj.weight.shape[1])
        for number, layer in enumerate(self.layers):
            self._check_shapes(layer, number)

    def _find_base(self, model: Any) -> Any:
        candidates = [getattr(model, "model", None), getattr(getattr(model, "model", None), "language_model", None)]
        for candidate in candidates:
            if all(hasattr(candidate, part) for part in ("layers", "norm", "embed_tokens")):
                return candidate
        raise BadInput(f"the tap does not know the architecture {self.name}", where="tap", mend=f"it knows {SUPPORTED}")

    def _check_layer(self, layer: Any, number: int) -> None:
        for path in ("self_attn.o_proj.weight", "mlp.down_proj.weight", "input_layernorm", "post_attention_layernorm"):
            part = layer
            for name in path.split("."):
                part = getattr(part, name, None)
            if part is None:
                raise BadInput(
                    f"layer {number} of {self.name} has no {path}", where="tap", mend=f"the tap knows {SUPPORTED}"
                )

    def _check_shapes(self, layer: Any, number: int) -> None:
        """Every layer must be as large as the first, with weights that can be read as they are (not packed)."""
        width = int(self.model.config.get_text_config().hidden_size)
        for path, weight, expected in (
            ("self_attn.o_proj", layer.self_attn.o_proj.weight, (width, self.heads * self.head_width)),
            ("mlp.down_proj", layer.mlp.down_proj.weight, (width, self.neurons)),
        ):
            if tuple(weight.shape) != expected:
                raise BadInput(
                    f"the weight of {path} in layer {number} is {tuple(weight.shape)} and not {expected}",
                    where=self.name,
                    mend=f"the tap knows {SUPPORTED}, all layers alike and no weights packed",
                )

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    def places(self, site: Site, layers: Sequence[int] | None = None) -> list[Place]:
        """The places of a site: in these layers, or in all."""
        if not known_site(site).has_layers:
            return [Place(site)]
        return [self.check(Place(site, layer)) for layer in (range(len(self.layers)) if layers is None else layers)]

    def check(self, place: Place) -> Place:
        """Give a place back, or raise BadInput when its layer does not exist."""
        if place.layer is not None and not 0 <= place.layer < len(self.layers):
            raise BadInput(f"there is no layer {place.layer}", where=self.name, mend=f"use 0 to {len(self.layers) - 1}")
        return place

    def shape(self, site: Site) -> tuple[int, int]:
        """(units, length of each) of a hidden state at a site: heads, neurons, or one unit of the whole width."""
        if site is Site.HEADS:
            return self.heads, self.head_width
        if site is Site.NEURONS:
            return self.neurons, 1
        return 1, self.width

    def length(self, site: Site) -> int:
        """Numbers in a hidden state at a site."""
        units, each = self.shape(site)
        return units * each

    def hook(self, place: Place) -> Hook:
        """Where to read and write a place."""
        self.check(place)
        if place.layer is None:
            # Gemma scales its embeddings outside the embedding module, so the first layer's input is meant.
            return Hook(self.layers[0], True) if place.site is Site.EMBEDDINGS else Hook(self.base.norm, False)
        layer = self.layers[place.layer]
        return {
            Site.ATTENTION_OUTPUT: Hook(self.attention_norm(place.layer) or layer.self_attn, False),
            Site.RESIDUAL_MIDDLE: Hook(self.mlp_input_norm(place.layer), True),
            Site.MLP_OUTPUT: Hook(self.mlp_output_norm(place.layer) or layer.mlp, False),
            Site.RESIDUAL: Hook(layer, False),
            Site.HEADS: Hook(layer.self_attn.o_proj, True),
            Site.NEURONS: Hook(layer.mlp.down_proj, True),
        }[place.site]

    def has_output_norms(self, layer: int) -> bool:
        """Whether this layer normalizes what its sublayers add (Gemma 2 and 3)."""
        return hasattr(self.layers[layer], "pre_feedforward_layernorm")

    def attention_norm(self, layer: int) -> Any | None:
        """The norm between the attention's output and the residual stream, where there is one."""
        return self.layers[layer].post_attention_layernorm if self.has_output_norms(layer) else None

    def mlp_output_norm(self, layer: int) -> Any | None:
        """The norm between the MLP's output and the residual stream, where there is one."""
        return self.layers[layer].post_feedforward_layernorm if self.has_output_norms(layer) else None

    def mlp_input_norm(self, layer: int) -> Any:
        """The norm before the MLP."""
        found = self.layers[layer]
        return found.pre_feedforward_layernorm if self.has_output_norms(layer) else found.post_attention_layernorm

    def output_projection(self, layer: int) -> torch.Tensor:
        """The attention's output projection by head, shape (heads, head width, residual width); without its bias."""
        weight = self.layers[layer].self_attn.o_proj.weight
        return weight.T.unflatten(0, (self.heads, self.head_width))

    def down_projection(self, layer: int) -> torch.Tensor:
        """What each neuron writes, shape (neurons, residual width); without the bias."""
        return self.layers[layer].mlp.down_proj.weight.T
