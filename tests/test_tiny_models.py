"""Tiny models: every family loads, talks, repeats, and has nothing in it that hides a mistake."""

from pathlib import Path

import pytest
import torch

from thymos.errors import BadInput
from thymos.language.load import load_language_model
from thymos.language.local import load_local
from thymos.language.model import GenerationSettings, Message, as_plain
from thymos.language.prefix_tree import attends_to_everything
from thymos.testing.tiny_models import (
    FAMILIES,
    SLIDING_FAMILIES,
    VOCABULARY,
    tiny_network,
    tiny_tokenizer,
    write_tiny_model,
)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_loads_and_talks(tmp_path: Path, family: str) -> None:
    folder = write_tiny_model(tmp_path / "new" / family, family)
    model = load_local(folder, name=family, identity=family, device="cpu")
    assert type(model.model).__name__.lower().startswith(family)
    assert attends_to_everything(model.model) == (family not in SLIDING_FAMILIES)
    turns = [[Message("user", text)] for text in ("Tell me.", "How do you feel?", "It is night.")]
    replies = model.chat(turns, GenerationSettings(max_new_tokens=8))
    assert len({reply.text for reply in replies}) > 1, "a model that always says the same tests nothing"
    assert model.model.config.vocab_size == VOCABULARY
    # Some families have a tokenizer class of their own, which adds to what it reads; texts must come out alike.
    assert [model.encode_prompt(turn) for turn in turns] == [
        tiny_tokenizer().apply_chat_template(as_plain(turn), add_generation_prompt=True, return_dict=False)
        for turn in turns
    ]
    assert model.tokenizer.convert_tokens_to_ids(["<|pad|>", "<|end|>"]) == [model.padding_id, *model.end_ids]


def test_no_weight_is_as_it_began() -> None:
    for family in FAMILIES:
        for name, weight in tiny_network(family).named_parameters():
            # A row of zeros stands for padding in some embeddings.
            rows = weight.detach().reshape(weight.shape[0], -1)[1:]
            assert not ((rows == 0) | (rows == 1)).any(), (family, name)


def test_weights_follow_the_seed_and_nothing_else() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = tiny_network("llama").state_dict()
    assert torch.equal(torch.random.get_rng_state(), before), "whoever draws next gets what they would have got"
    torch.rand(3)
    again, other = tiny_network("llama").state_dict(), tiny_network("llama", seed=1).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_configurations_can_be_changed(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path, "gemma2", num_hidden_layers=2, layer_types=["full_attention"] * 2)
    model = load_language_model(str(folder), device="cpu", cache=None)
    assert model.model.config.num_hidden_layers == 2  # type: ignore[attr-defined]


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="tiny models: there is no tiny 'mamba'; use llama, qwen2"):
        write_tiny_model(tmp_path, "mamba")
