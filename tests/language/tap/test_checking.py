"""Architectures that only look like Llama are told from those that are; states that are no numbers are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.tap import Edit, Place, Site, Tap
from thymos.language.tap.checking import as_numbers


def wrapped(model: Any, tiny_llama: Path) -> LocalLanguageModel:
    tokenizer = load_local(tiny_llama, name="t", identity="t", device="cpu").tokenizer
    return LocalLanguageModel(model, tokenizer, name="lookalike", identity="lookalike")


SIZES = {
    "vocab_size": 320,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.3,
    "pad_token_id": 0,
    "eos_token_id": 2,
}


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("Granite", {"residual_multiplier": 0.22}),  # a factor on what attention and MLP add
        ("Glm4", {}),  # further norms behind attention and MLP
    ],
)
def test_architectures_that_add_something_of_their_own_are_refused(
    family: str, settings: dict[str, Any], tiny_llama: Path
) -> None:
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**SIZES, **settings)
    model = wrapped(getattr(transformers, f"{family}ForCausalLM")(config), tiny_llama)
    for _ in range(2):  # it is not forgotten that the check failed
        with pytest.raises(BadInput, match=rf"lookalike: layer 0 of {family}ForCausalLM adds more or less .*off by"):
            Tap(model)
    assert model.share_prefixes
    assert not model.model.model._forward_pre_hooks


@pytest.mark.parametrize("family", ["Mistral", "Phi3", "Olmo", "SmolLM3"])
def test_architectures_that_are_built_alike_are_taken(family: str, tiny_llama: Path) -> None:
    import transformers

    torch.manual_seed(0)
    model = getattr(transformers, f"{family}ForCausalLM")(getattr(transformers, f"{family}Config")(**SIZES))
    assert Tap(wrapped(model, tiny_llama)).read(["I feel"], [Place(Site.RESIDUAL, 1)])


def test_a_middle_that_is_a_copy_is_refused(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Sums hold here, but an edit after attention would reach the MLP alone.
    model = fresh("llama")
    layer = model.model.model.layers[0]
    norm = layer.post_attention_layernorm

    class Copying(torch.nn.Module):
        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            return self.inner(hidden)

    copying = Copying()
    copying.inner = norm
    copying.register_forward_pre_hook(lambda module, arguments: (arguments[0].clone(),))
    monkeypatch.setattr(layer, "post_attention_layernorm", copying)
    with pytest.raises(BadInput, match="layer 0 of LlamaForCausalLM adds more or less"):
        Tap(model)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("family", ["llama", "gemma3"])
def test_rounding_is_no_difference(fresh: Any, family: str, dtype: str) -> None:
    tap = Tap(fresh(family, dtype=dtype))
    place = Place(Site.RESIDUAL, 2)
    plain = tap.read(["I feel so happy"], [place])[place]
    assert plain.dtype == np.float32
    with tap.editing([Edit.add(place, 1.0, times_rms=True)]):
        moved = tap.read(["I feel so happy"], [place])[place]
    expected = plain + np.sqrt((plain**2).mean())
    assert np.abs(moved - expected).max() < 4 * torch.finfo(getattr(torch, dtype)).eps * np.abs(expected).max()


def test_a_model_is_checked_once(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fresh("llama")
    first = Tap(model)
    monkeypatch.setattr("thymos.language.tap.checking.check_sums", lambda hooks: pytest.fail("checked already"))
    assert Tap(model).hooks is first.hooks


def test_states_that_are_not_finite_are_refused(fresh: Any) -> None:
    model = fresh("llama")
    tap = Tap(model)
    with torch.no_grad():
        model.model.model.layers[1].mlp.down_proj.weight[3, 5] = torch.inf
    fine, bad = Place(Site.RESIDUAL_MIDDLE, 1), Place(Site.RESIDUAL, 1)
    assert np.isfinite(tap.read(["I feel"], [fine])[fine]).all()
    message = r"tiny llama, residual_after_mlp 1: the hidden states are not finite; load the model with dtype float32"
    with pytest.raises(BadInput, match=message):
        tap.read(["I feel"], [bad])
    with pytest.raises(BadInput, match=message), tap.recording([bad]):
        model.generate(["I feel"])
    with pytest.raises(BadInput, match=message):
        list(tap.read_texts(["I feel"], [bad]))
    other = fresh("llama")
    with torch.no_grad():
        other.model.model.layers[0].self_attn.o_proj.weight[0, 0] = torch.nan
    with pytest.raises(BadInput, match="attention_output 0: the hidden states are not finite"):
        Tap(other)


def test_numbers_come_out_detached_and_as_float32() -> None:
    states = torch.ones(2, 3, dtype=torch.bfloat16, requires_grad=True)
    values = as_numbers(states, "here")
    assert (values.dtype, values.tolist()) == (np.float32, [[1.0] * 3] * 2)
    with pytest.raises(BadInput, match=r"^here: the hidden states are not finite"):
        as_numbers(torch.tensor([1.0, torch.nan]), "here")
