"""Options packed into one row score like options in rows of their own, whatever their lengths and neighbors."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.language import local, packed_options
from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.model import Message, Prompt
from thymos.language.packed_options import can_pack, packed_likelihoods
from thymos.language.prefix_tree import PrefixState, one_level
from thymos.language.tap import Edit, Place, Site, Tap
from thymos.testing.tiny_models import SLIDING_FAMILIES, VOCABULARY, tiny_tokenizer, write_tiny_model

FAMILIES = ("llama", "qwen2", "qwen3", "gemma")
HEADER = "She was sad and angry when the rain began. Nothing scares him more than "
PROMPTS: list[Prompt] = [
    "I feel",
    HEADER + "an empty house.",
    HEADER + "the night",
    "x",
    "I feel so happy today ",
    [Message("user", "How are you?")],
    HEADER + "rain",
]
OPTIONS = [
    [" sad", " so happy today, thank you for asking!", "!"],
    ["!", "?", "x"],  # one token each: nothing is left to pack
    [" nothing scares him more than an empty house at night" * 2, "!", " a"],
    [" happy"],
    ["happy", "sad and angry", "happy", "!", " a b c d e f g"],
    [" fine", " not so well"],
    ["é😀", "rain", " rain rain rain"],
]

Loader = Callable[..., LocalLanguageModel]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """``tiny(family)``: one model a family for all tests; leave it as it is."""

    @functools.cache
    def load(family: str) -> LocalLanguageModel:
        folder = write_tiny_model(tmp_path_factory.mktemp(f"tiny-{family}"), family)
        return load_local(folder, name=f"tiny {family}", identity=family, device="cpu")

    return load


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many prompts each call of the packed path scored."""
    calls: list[int] = []

    def counted(state: PrefixState, rows: Any) -> list[list[float]]:
        calls.append(len(rows))
        return packed_likelihoods(state, rows)

    monkeypatch.setattr(local, "packed_likelihoods", counted)
    return calls


@contextmanager
def one_row_an_option() -> Iterator[None]:
    """Inside, the path that does not pack is taken."""
    before = local.can_pack
    local.can_pack = lambda model: False
    try:
        yield
    finally:
        local.can_pack = before


def naive(model: LocalLanguageModel, prompt: Prompt, option: str) -> float:
    """One pass over prompt and option."""
    if isinstance(prompt, str):
        kept = prompt.rstrip(" ")
        prompt, option = kept, prompt[len(kept) :] + option
    prefix, tokens = model.encode_prompt(prompt), model.encode_option(option)
    with torch.no_grad():
        logits = model.model(torch.tensor([prefix + tokens])).logits[0].double().log_softmax(-1)
    return sum(float(logits[len(prefix) + place - 1, token]) for place, token in enumerate(tokens))


def close(found: Any, expected: Any) -> None:
    for first, second in zip(found, expected, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_scores_equal_unpacked_and_naive_ones(
    tiny: Loader, packed: list[int], family: str, attention: str
) -> None:
    model = tiny(family)
    model.model.set_attn_implementation(attention)
    try:
        assert can_pack(model.model)
        found = model.score_batch(PROMPTS, OPTIONS)
        assert sum(packed) == len(PROMPTS)
        with one_row_an_option():
            close(found, model.score_batch(PROMPTS, OPTIONS))
        assert sum(packed) == len(PROMPTS)
        close(found, [[naive(model, p, o) for o in options] for p, options in zip(PROMPTS, OPTIONS, strict=True)])
        close(found, [model.score(p, options) for p, options in zip(PROMPTS, OPTIONS, strict=True)])
    finally:
        model.model.set_attn_implementation("sdpa")


def test_an_options_score_does_not_depend_on_the_others(tiny: Loader) -> None:
    model = tiny("llama")
    options = OPTIONS[4]
    together = model.score(PROMPTS[1], options)
    close([together], [[model.score(PROMPTS[1], [option])[0] for option in options]])
    close([together[::-1]], [model.score(PROMPTS[1], options[::-1])])
    assert together[0] == pytest.approx(together[2], abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.lists(st.integers(3, 300), min_size=1, max_size=9), min_size=1, max_size=5), min_size=1, max_size=6
    ),
    st.sampled_from([1, 3, 8, 2_048]),
    st.data(),
)
def test_any_tokens_in_any_passes(tiny: Loader, rows: list[list[list[int]]], pass_tokens: int, data: Any) -> None:
    model = tiny("qwen3")
    prompts = data.draw(
        st.lists(st.lists(st.integers(3, 300), min_size=1, max_size=9), min_size=len(rows), max_size=len(rows))
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(packed_options, "PASS_TOKENS", pass_tokens)
        found = model._score_batch(prompts, rows)
    with one_row_an_option():
        close(found, model._score_batch(prompts, rows))


def test_the_state_is_left_as_it_is(tiny: Loader) -> None:
    model = tiny("llama")
    rows = [[[5, 6, 7], [8]], [[9, 10]], [[11, 12, 13, 14], [15, 16]]]
    with torch.inference_mode():
        state = PrefixState(model.model, model.padding_id)
        state.run([one_level([[20, 21, 22], [23], [24, 25]])])
        before = [(layer.keys.clone(), layer.values.clone()) for layer in state.cache.layers]
        first = packed_likelihoods(state, rows)
        for (keys, values), layer in zip(before, state.cache.layers, strict=True):
            assert torch.equal(layer.keys, keys)
            assert torch.equal(layer.values, values)
        assert state.mask.shape == (3, 3)
        assert packed_likelihoods(state, rows) == first
        assert first[0][1] == 0.0
        assert all(value < 0 for value in (first[0][0], first[1][0], *first[2]))
        assert packed_likelihoods(state, [[[5]], [[6], [7]], [[8]]]) == [[0.0], [0.0, 0.0], [0.0]]


def test_no_pass_holds_more_tokens_than_allowed(tiny: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("llama")
    monkeypatch.setattr(packed_options, "PASS_TOKENS", 12)
    prompt, options = (
        "I feel",
        [" sad and angry", " so happy today", "!", " nothing scares him", "abcdefghijklmnopqrst"] * 3,
    )
    longest = max(len(model.encode_option(option)) for option in options) - 1
    assert longest > 12
    passes: list[tuple[int, ...]] = []
    handle = model.model.register_forward_pre_hook(
        lambda module, arguments, named: passes.append(tuple(named["input_ids"].shape)), with_kwargs=True
    )
    found = model.score(prompt, options)
    handle.remove()
    assert all(rows * width <= 12 or (rows, width) == (1, longest) for rows, width in passes[1:])
    assert len(passes) > 4
    close([found], [[naive(model, prompt, option) for option in options]])


@pytest.mark.parametrize("family", SLIDING_FAMILIES)
def test_sliding_models_take_the_other_path(tiny: Loader, packed: list[int], family: str) -> None:
    model = tiny(family)
    assert not can_pack(model.model)
    found = model.score_batch(PROMPTS, OPTIONS)
    assert packed == []
    close(found, [[naive(model, p, o) for o in options] for p, options in zip(PROMPTS, OPTIONS, strict=True)])


@pytest.mark.parametrize("family", FAMILIES)
def test_edits_of_a_tap_give_what_whole_passes_give(tiny: Loader, packed: list[int], family: str) -> None:
    model = tiny(family)
    tap = Tap(model)
    vector = np.random.default_rng(0).standard_normal(32) * 3
    plain = model.score_batch(PROMPTS, OPTIONS)
    packed.clear()
    for positions in ("all", "last", "prompt"):
        with tap.editing([Edit.add(Place(Site.RESIDUAL, 1), vector, positions=positions)]):
            found = model.score_batch(PROMPTS, OPTIONS)
            alone = [[model.score(p, [o])[0] for o in options] for p, options in zip(PROMPTS, OPTIONS, strict=True)]
            if positions == "all":
                close(
                    found, [[naive(model, p, o) for o in options] for p, options in zip(PROMPTS, OPTIONS, strict=True)]
                )
        close(found, alone)
        assert all(np.abs(a - b).max() > 1e-2 for a, b in zip(found, plain, strict=True))
    assert packed == []
    close(model.score_batch(PROMPTS, OPTIONS), plain)
    assert sum(packed) == len(PROMPTS)


OTHERS: dict[str, tuple[bool, dict[str, Any]]] = {
    "GPT2": (True, {"n_embd": 32, "n_layer": 2, "n_head": 4, "bos_token_id": 1, "eos_token_id": 2}),
    "GPTNeoX": (True, {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}),
    # Those count places from a two-dimensional mask, or distances from columns of the cache.
    "Bloom": (False, {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "Mpt": (False, {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 128}),
    "Falcon": (False, {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "alibi": True}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_only_models_that_take_places_are_packed(name: str) -> None:
    packs, sizes = OTHERS[name]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(vocab_size=VOCABULARY, **sizes)
    model = getattr(transformers, f"{name}LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM")(config)
    found = LocalLanguageModel(model, tiny_tokenizer(), name=name, identity=name)
    assert can_pack(model) == packs
    scores = found.score_batch(["I feel", HEADER], OPTIONS[:2])
    with one_row_an_option():
        close(scores, found.score_batch(["I feel", HEADER], OPTIONS[:2]))
