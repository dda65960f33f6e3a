"""The tap against other people's tools on the same weights and tokens: nnsight and TransformerLens, where installed.

Neither is a dependency: `pip install -e '.[crosscheck]'` brings them, and without them these tests skip.
"""

from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import Unavailable
from thymos.language.load import load_language_model
from thymos.language.tap import Edit, Place, Site, Tap

CLOSE = 1e-5
TEXT = "She was sad and angry when the rain began, and nothing scares him more."
# The names that TransformerLens gives to the same places.
LENS_SITES = {
    Site.ATTENTION_OUTPUT: "hook_attn_out",
    Site.RESIDUAL_MIDDLE: "hook_resid_mid",
    Site.MLP_OUTPUT: "hook_mlp_out",
    Site.RESIDUAL: "hook_resid_post",
    Site.HEADS: "attn.hook_z",
    Site.NEURONS: "mlp.hook_post",
}
FAMILIES = ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3")


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, token by token in units of its largest number."""
    assert found.shape == expected.shape
    scale = np.maximum(1.0, np.abs(expected).max(-1, keepdims=True))
    return float((np.abs(found - expected) / scale).max())


def tapped(tap: Tap) -> dict[Place, np.ndarray]:
    places = [place for site in Site for place in tap.architecture.places(site)]
    return next(tap.read_texts([TEXT], places))


def tokens(tap: Tap) -> torch.Tensor:
    return torch.tensor([tap.model.encode_prompt(TEXT)])


def vector(tap: Tap, layer: int) -> np.ndarray:
    """Something to add that is as long as the states there."""
    states = tap.read([TEXT], [Place(Site.RESIDUAL, layer)])[Place(Site.RESIDUAL, layer)]
    return np.random.default_rng(0).normal(size=tap.architecture.width).astype(np.float32) * np.abs(states).mean()


def edited_logits(tap: Tap, edit: Edit) -> np.ndarray:
    with torch.no_grad(), tap.editing([edit]):
        return tap.model.model(tokens(tap)).logits[0].numpy()


# -- nnsight ------------------------------------------------------------------------------------------------------


def traced(tap: Tap) -> dict[Place, np.ndarray]:
    """The same states by nnsight, which runs the same module with hooks of its own."""
    nnsight = pytest.importorskip("nnsight")
    model, ids, found = nnsight.NNsight(tap.model.model), tokens(tap), {}
    architecture = tap.architecture
    with torch.no_grad(), model.trace(input_ids=ids, use_cache=False):
        found[Place(Site.EMBEDDINGS)] = model.model.layers[0].input.save()
        for layer in range(len(architecture.layers)):
            module = model.model.layers[layer]
            # In the order in which the model computes them.
            found[Place(Site.HEADS, layer)] = module.self_attn.o_proj.input.save()
            if architecture.has_output_norms(layer):
                found[Place(Site.ATTENTION_OUTPUT, layer)] = module.post_attention_layernorm.output.save()
                found[Place(Site.RESIDUAL_MIDDLE, layer)] = module.pre_feedforward_layernorm.input.save()
            else:
                found[Place(Site.ATTENTION_OUTPUT, layer)] = module.self_attn.output[0].save()
                found[Place(Site.RESIDUAL_MIDDLE, layer)] = module.post_attention_layernorm.input.save()
            found[Place(Site.NEURONS, layer)] = module.mlp.down_proj.input.save()
            if architecture.has_output_norms(layer):
                found[Place(Site.MLP_OUTPUT, layer)] = module.post_feedforward_layernorm.output.save()
            else:
                found[Place(Site.MLP_OUTPUT, layer)] = module.mlp.output.save()
            found[Place(Site.RESIDUAL, layer)] = module.output.save()
        found[Place(Site.FINAL_NORM)] = model.model.norm.output.save()
    return {place: states[0].numpy() for place, states in found.items()}


def steered_by_nnsight(tap: Tap, layer: int, add: torch.Tensor) -> np.ndarray:
    nnsight = pytest.importorskip("nnsight")
    model, ids = nnsight.NNsight(tap.model.model), tokens(tap)
    with torch.no_grad(), model.trace(input_ids=ids, use_cache=False):
        model.model.layers[layer].output = model.model.layers[layer].output + add
        logits = model.output.logits.save()
    return logits[0].numpy()


def check_nnsight(tap: Tap) -> None:
    found, expected = tapped(tap), traced(tap)
    assert found.keys() == expected.keys()
    assert {str(place): difference(found[place], expected[place]) for place in found} == dict.fromkeys(
        map(str, found), 0
    )
    layer = len(tap.architecture.layers) // 2
    add = vector(tap, layer)
    steered = edited_logits(tap, Edit.add(Place(Site.RESIDUAL, layer), add))
    assert difference(steered, steered_by_nnsight(tap, layer, torch.from_numpy(add))) <= CLOSE


@pytest.mark.parametrize("family", FAMILIES)
def test_nnsight_sees_the_same(fresh: Any, family: str) -> None:
    check_nnsight(Tap(fresh(family)))


# -- TransformerLens ----------------------------------------------------------------------------------------------


def bridged(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The model by TransformerLens, loaded anew: it puts parts of its own into the model."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    bridge = pytest.importorskip("transformer_lens.model_bridge")
    from transformers import AutoModelForCausalLM

    folder = tap.model.model.name_or_path
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    return bridge.TransformerBridge.boot_transformers(
        folder, hf_model=model, tokenizer=tap.model.tokenizer, device="cpu", dtype=torch.float32
    )


def check_lens(tap: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    lens = bridged(tap, monkeypatch)
    # TransformerLens multiplies attention out in plain steps; another kernel rounds differently, and layers add it up.
    kernel = tap.model.model.config._attn_implementation
    tap.model.model.set_attn_implementation("eager")
    try:
        compare_with_lens(tap, lens)
    finally:
        tap.model.model.set_attn_implementation(kernel)


def compare_with_lens(tap: Tap, lens: Any) -> None:
    with torch.no_grad():
        _, cache = lens.run_with_cache(tokens(tap))
    states_of_tap, off = tapped(tap), {}
    for place, states in states_of_tap.items():
        if place.layer is not None:
            expected = cache[f"blocks.{place.layer}.{LENS_SITES[place.site]}"][0].flatten(1).numpy()
            off[str(place)] = difference(states, expected)
    off["final_norm"] = difference(states_of_tap[Place(Site.FINAL_NORM)], cache["ln_final.hook_out"][0].numpy())
    layer = len(tap.architecture.layers) // 2
    add = vector(tap, layer)

    def steer(states: torch.Tensor, hook: Any) -> torch.Tensor:
        return states + torch.from_numpy(add)

    def silence(heads: torch.Tensor, hook: Any) -> torch.Tensor:
        heads = heads.clone()
        heads[:, :, 1] = 0
        return heads

    for edit, name, change in (
        (Edit.add(Place(Site.RESIDUAL, layer), add), f"blocks.{layer}.hook_resid_post", steer),
        (Edit.ablate(Place(Site.HEADS, layer), units=[1]), f"blocks.{layer}.attn.hook_z", silence),
    ):
        with torch.no_grad():
            expected = lens.run_with_hooks(tokens(tap), fwd_hooks=[(name, change)])[0].numpy()
        off[f"logits, {edit.operation} at {edit.place}"] = difference(edited_logits(tap, edit), expected)
    assert max(off.values()) <= CLOSE, off


@pytest.mark.parametrize("family", FAMILIES)
def test_transformer_lens_sees_the_same(fresh: Any, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_lens(Tap(fresh(family)), monkeypatch)


# -- the embedded model -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def embedded() -> Tap:
    """A tap of SmolLM2-135M-Instruct."""
    try:
        return Tap(load_language_model("embedded", cache=None))
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.model
@pytest.mark.slow
def test_nnsight_sees_the_same_in_the_embedded_model(embedded: Tap) -> None:
    check_nnsight(embedded)


@pytest.mark.model
@pytest.mark.slow
def test_transformer_lens_sees_the_same_in_the_embedded_model(embedded: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    check_lens(embedded, monkeypatch)
