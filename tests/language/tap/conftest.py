"""Tiny random models of every family that the tap knows, with the tokenizer of the tiny Llama."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.tap import Tap

FAMILIES = ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3")
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,  # larger than usual, so that random replies differ from prompt to prompt
    "bos_token_id": None,
}
WINDOW = 8  # tokens; the prompts are longer, so that sliding layers forget something
SLIDING = {"sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
# Random Gemmas with one matrix for both ends say the last token again, whatever is done to them.
UNTIED = {"tie_word_embeddings": False}
# What makes each family differ from Llama, in sizes that no two dimensions share.
OWN_SIZES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"head_dim": 12},
    "gemma": {"head_dim": 12, **UNTIED},
    "gemma2": {"head_dim": 12, "query_pre_attn_scalar": 12, **UNTIED, **SLIDING},
    "gemma3": {"head_dim": 12, "query_pre_attn_scalar": 12, **UNTIED, **SLIDING},
}
PROMPTS = [
    "I feel so happy today, thank you for asking!",
    "rainy days",
    "She was sad and angry when the rain began.",
    "Nothing scares him more than an empty house at night. " * 2,
    "é😀 ",
]

Loader = Callable[..., LocalLanguageModel]


def build(family: str, config: Any) -> Any:
    """A random model: every weight, norms and biases too, so that nothing holds because a weight is 0 or 1."""
    import transformers

    classes = {"gemma": "GemmaForCausalLM", "gemma2": "Gemma2ForCausalLM", "gemma3": "Gemma3ForCausalLM"}
    name = classes.get(family, f"{family.capitalize()}ForCausalLM")
    torch.manual_seed(0)
    model = getattr(transformers, name)(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.add_(0.2 * torch.randn_like(weight))
    return model


def make_config(family: str, vocabulary: int, **changes: Any) -> Any:
    """The family's configuration at tiny size."""
    import transformers

    names = {"gemma3": "Gemma3TextConfig"}
    name = names.get(family, f"{family.capitalize()}Config")
    return getattr(transformers, name)(
        **{"vocab_size": vocabulary, "eos_token_id": 2, "pad_token_id": 0, **SIZES, **OWN_SIZES[family], **changes}
    )


@pytest.fixture(scope="session")
def fresh(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Builds and loads a model: ``fresh(family, **changes of its configuration)``; nobody else has this object."""
    folders: dict[str, Path] = {}

    def load(family: str, *, batch_size: int = 64, dtype: str = "float32", **changes: Any) -> LocalLanguageModel:
        key = f"{family} {sorted(changes.items())}"
        if key not in folders:
            folder = tmp_path_factory.mktemp(f"tiny-{family}")
            for path in tiny_llama.glob("*token*"):
                shutil.copy(path, folder)
            shutil.copy(tiny_llama / "chat_template.jinja", folder)
            build(family, make_config(family, 320, **changes)).save_pretrained(folder)
            folders[key] = folder
        return load_local(
            folders[key], name=f"tiny {family}", identity=key, device="cpu", batch_size=batch_size, dtype=dtype
        )

    return load


@pytest.fixture(scope="session")
def shared(fresh: Loader) -> Callable[[str], LocalLanguageModel]:
    """One model a family for all tests that leave it as it was."""
    return functools.cache(fresh)


@pytest.fixture(params=FAMILIES)
def tap(request: pytest.FixtureRequest, shared: Callable[[str], LocalLanguageModel]) -> Iterator[Tap]:
    """A tap of every family in turn."""
    found = Tap(shared(request.param))
    yield found
    assert found.model.share_prefixes, "the test left a context open"


@pytest.fixture
def llama(shared: Callable[[str], LocalLanguageModel]) -> Iterator[Tap]:
    """A tap of the tiny Llama."""
    found = Tap(shared("llama"))
    yield found
    assert found.model.share_prefixes, "the test left a context open"


@pytest.fixture
def prompts() -> list[str]:
    """Texts of different length, none alike."""
    return list(PROMPTS)


@pytest.fixture
def hidden_states() -> Callable[[Tap, str], list[np.ndarray]]:
    """What transformers itself gives: the embeddings and each layer's output, the last one after the final norm."""

    def ask(tap: Tap, prompt: str) -> list[np.ndarray]:
        ids = torch.tensor([tap.model.encode_prompt(prompt)])
        with torch.no_grad():
            found = tap.model.model(ids, output_hidden_states=True)
        return [states[0].numpy() for states in found.hidden_states]

    return ask
