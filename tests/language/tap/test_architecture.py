"""The parts of a model and what stands at every place: against transformers' own states, and against each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.language.tap import Architecture, Place, Site, Tap

CLOSE = 1e-5
Ask = Callable[[Tap, str], list[np.ndarray]]


def all_states(tap: Tap, prompt: str) -> dict[Place, np.ndarray]:
    places = [place for site in Site for place in tap.architecture.places(site)]
    return next(tap.read_texts([prompt], places))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to rounding, in units of the largest number: states of some families are hundreds."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= CLOSE * max(1.0, np.abs(expected).max())


def test_states_equal_those_of_transformers(tap: Tap, prompts: list[str], hidden_states: Ask) -> None:
    for prompt in prompts:
        found, expected = all_states(tap, prompt), hidden_states(tap, prompt)
        close(found[Place(Site.EMBEDDINGS)], expected[0])
        for layer in range(len(tap.architecture.layers) - 1):
            close(found[Place(Site.RESIDUAL, layer)], expected[layer + 1])
        # transformers gives the last state after the final norm only
        close(found[Place(Site.FINAL_NORM)], expected[-1])
        last = torch.from_numpy(found[Place(Site.RESIDUAL, len(tap.architecture.layers) - 1)])
        with torch.no_grad():
            close(tap.architecture.base.norm(last).numpy(), expected[-1])


def test_heads_and_neurons_add_up_to_the_outputs(tap: Tap, prompts: list[str]) -> None:
    architecture = tap.architecture
    states = all_states(tap, prompts[0])
    for layer in range(len(architecture.layers)):
        heads = torch.from_numpy(states[Place(Site.HEADS, layer)]).unflatten(-1, architecture.shape(Site.HEADS))
        neurons = torch.from_numpy(states[Place(Site.NEURONS, layer)])
        with torch.no_grad():
            attention = torch.einsum("thd,hdw->tw", heads, architecture.output_projection(layer))
            mlp = neurons @ architecture.down_projection(layer)
            if architecture.has_output_norms(layer):
                attention = architecture.attention_norm(layer)(attention)
                mlp = architecture.mlp_output_norm(layer)(mlp)
        close(attention.numpy(), states[Place(Site.ATTENTION_OUTPUT, layer)])
        close(mlp.numpy(), states[Place(Site.MLP_OUTPUT, layer)])


def test_sublayers_add_up_to_the_residual_stream(tap: Tap, prompts: list[str]) -> None:
    states = all_states(tap, prompts[0])
    layers = range(len(tap.architecture.layers))
    total = states[Place(Site.EMBEDDINGS)].astype(np.float64)
    for layer in layers:
        close(total + states[Place(Site.ATTENTION_OUTPUT, layer)], states[Place(Site.RESIDUAL_MIDDLE, layer)])
        middle = states[Place(Site.RESIDUAL_MIDDLE, layer)]
        close(middle + states[Place(Site.MLP_OUTPUT, layer)], states[Place(Site.RESIDUAL, layer)])
        total += states[Place(Site.ATTENTION_OUTPUT, layer)]
        total += states[Place(Site.MLP_OUTPUT, layer)]
    close(total, states[Place(Site.RESIDUAL, layers[-1])])


def test_the_middle_is_what_the_mlp_norm_reads(tap: Tap, prompts: list[str]) -> None:
    states = all_states(tap, prompts[0])
    architecture = tap.architecture
    for layer, module in enumerate(architecture.layers):
        with torch.no_grad():
            added = module.mlp(
                architecture.mlp_input_norm(layer)(torch.from_numpy(states[Place(Site.RESIDUAL_MIDDLE, layer)]))
            )
            if architecture.has_output_norms(layer):
                added = architecture.mlp_output_norm(layer)(added)
        close(added.numpy(), states[Place(Site.MLP_OUTPUT, layer)])


def test_sizes(tap: Tap) -> None:
    architecture = tap.architecture
    config = tap.model.model.config
    width = {"Llama": 8, "Qwen2": 8}.get(architecture.name.removesuffix("ForCausalLM"), 12)
    assert (architecture.width, architecture.heads, architecture.head_width, architecture.neurons) == (32, 4, width, 48)
    assert architecture.shape(Site.HEADS) == (4, width)
    assert architecture.shape(Site.NEURONS) == (48, 1)
    assert architecture.shape(Site.RESIDUAL) == (1, 32)
    assert [architecture.length(site) for site in (Site.HEADS, Site.NEURONS, Site.FINAL_NORM)] == [4 * width, 48, 32]
    assert len(architecture.layers) == config.num_hidden_layers == 3
    assert architecture.has_output_norms(0) == (config.model_type in ("gemma2", "gemma3_text"))
    assert architecture.output_projection(0).shape == (4, width, 32)
    assert architecture.down_projection(2).shape == (48, 32)
    assert architecture.device == torch.device("cpu")


def test_places_of_a_site(llama: Tap) -> None:
    architecture = llama.architecture
    assert architecture.places(Site.HEADS, [2, 0]) == [Place(Site.HEADS, 2), Place(Site.HEADS, 0)]
    assert architecture.places(Site.FINAL_NORM) == [Place(Site.FINAL_NORM)]
    assert architecture.places("neurons") == [Place(Site.NEURONS, layer) for layer in range(3)]
    with pytest.raises(BadInput, match=r"LlamaForCausalLM: there is no layer 3; use 0 to 2"):
        architecture.places(Site.HEADS, [3])
    with pytest.raises(BadInput, match=r"there is no layer -1"):
        architecture.check(Place(Site.HEADS, -1))
    with pytest.raises(BadInput, match=r"place: there is no site 'ear'; known: embeddings, "):
        architecture.places("ear")


def test_an_unknown_architecture_is_named() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=16, n_embd=8, n_layer=1, n_head=2, n_positions=16))
    with pytest.raises(BadInput, match=r"the tap does not know the architecture GPT2LMHeadModel; it knows decoders"):
        Architecture(model)


def test_layers_must_have_the_parts_and_be_alike(fresh: Any) -> None:
    broken = fresh("llama").model
    broken.model.layers[1].mlp.down_proj = torch.nn.Linear(40, 32, bias=False)
    with pytest.raises(
        BadInput, match=r"LlamaForCausalLM: the weight of mlp.down_proj in layer 1 is \(32, 40\) and not"
    ):
        Architecture(broken)
    del broken.model.layers[1].mlp.down_proj
    with pytest.raises(BadInput, match=r"layer 1 of LlamaForCausalLM has no mlp.down_proj.weight; the tap knows"):
        Architecture(broken)
    broken.model.layers = torch.nn.ModuleList()
    with pytest.raises(BadInput, match="LlamaForCausalLM: there are no layers"):
        Architecture(broken)


def test_packed_weights_are_not_taken_for_plain_ones(fresh: Any) -> None:
    packed = fresh("llama").model
    for layer in packed.model.layers:
        # four-bit weights are kept as one column of bytes
        layer.self_attn.o_proj.weight = torch.nn.Parameter(torch.zeros(512, 1))
    with pytest.raises(BadInput, match=r"is \(512, 1\) and not \(32, 0\).*no weights packed"):
        Architecture(packed)


def test_a_decoder_inside_a_larger_model_is_found(fresh: Any) -> None:
    inner = fresh("llama").model

    class Wrapper(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = torch.nn.Module()
            self.model.language_model = inner.model
            self.config = inner.config

    assert Architecture(Wrapper()).base is inner.model


def test_biases_are_the_rest(fresh: Any, prompts: list[str]) -> None:
    tap = Tap(fresh("llama", attention_bias=True, mlp_bias=True))
    states = all_states(tap, prompts[0])
    architecture = tap.architecture
    for layer, module in enumerate(architecture.layers):
        heads = torch.from_numpy(states[Place(Site.HEADS, layer)]).unflatten(-1, architecture.shape(Site.HEADS))
        with torch.no_grad():
            attention = torch.einsum("thd,hdw->tw", heads, architecture.output_projection(layer))
            mlp = torch.from_numpy(states[Place(Site.NEURONS, layer)]) @ architecture.down_projection(layer)
            close((attention + module.self_attn.o_proj.bias).numpy(), states[Place(Site.ATTENTION_OUTPUT, layer)])
            close((mlp + module.mlp.down_proj.bias).numpy(), states[Place(Site.MLP_OUTPUT, layer)])
