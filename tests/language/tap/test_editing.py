"""Editing while the model runs: against loops written by hand with transformers alone, and against itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.language import local
from thymos.language.decoding import decode_batch
from thymos.language.local import LocalLanguageModel
from thymos.language.model import GenerationSettings, Message
from thymos.language.tap import Edit, Place, Site, Tap
from thymos.language.tap.batches import pad_rows

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)
VECTOR = RNG.normal(size=32).astype(np.float32) * 4
MIDDLE, LAST = Place(Site.RESIDUAL, 1), Place(Site.RESIDUAL, 2)
SHORT = GenerationSettings(max_new_tokens=8)
CONVERSATIONS = [[Message("user", text)] for text in ("hi", "Tell me how you feel about the rain.", "I am sad!")]


def close(found: Any, expected: Any) -> None:
    """Equal up to rounding, in units of the largest number."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def logits(tap: Tap, ids: list[int]) -> np.ndarray:
    with torch.no_grad():
        return tap.model.model(torch.tensor([ids])).logits[0].numpy()


@contextmanager
def by_hand(model: LocalLanguageModel, layer: int, first: int, change: Callable[[torch.Tensor], Any]) -> Iterator[None]:
    """Replace a layer's output from token ``first`` on, by a hook of our own on passes over one whole text."""

    def hook(module: Any, arguments: Any, output: torch.Tensor) -> torch.Tensor:
        changed = output.clone()
        changed[:, first:] = change(output[:, first:])
        return changed

    handle = model.model.model.layers[layer].register_forward_hook(hook)
    yield
    handle.remove()


def spoken(tap: Tap, prompt: Any, first: Callable[[int], int], change: Callable[[torch.Tensor], Any]) -> str:
    """A greedy reply without cache, batch or tap, with layer 1 changed by hand."""
    ids = tap.model.encode_prompt(prompt)
    start = len(ids)
    for _ in range(8):
        with by_hand(tap.model, 1, first(start), change):
            token = int(logits(tap, ids)[-1].argmax())
        if token in tap.model.end_ids:
            break
        ids.append(token)
    return tap.model.tokenizer.decode(ids[start:], skip_special_tokens=True)


# -- against transformers alone -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positions", "first"),
    [("all", lambda n: 0), ("last", lambda n: n - 1), ("generated", lambda n: n)],
)
def test_steered_chat_equals_a_loop_by_hand(tap: Tap, positions: Any, first: Any) -> None:
    plain = [reply.text for reply in tap.model.chat(CONVERSATIONS, SHORT)]
    with tap.editing([Edit.add(MIDDLE, VECTOR, positions=positions)]):
        steered = [reply.text for reply in tap.model.chat(CONVERSATIONS, SHORT)]
    add = torch.from_numpy(VECTOR)
    assert steered == [spoken(tap, turns, first, lambda states: states + add) for turns in CONVERSATIONS]
    assert steered != plain, "the vector must change something to test anything"


@pytest.mark.parametrize("positions", ["prompt", "prompt_end", (0, -2)])
def test_edits_of_the_prompt_stay_in_the_cache(llama: Tap, positions: Any) -> None:
    def change(states: torch.Tensor, count: int) -> torch.Tensor:
        chosen = {"prompt": list(range(count)), "prompt_end": [count - 1]}.get(str(positions), [0, count - 2])
        states = states.clone()
        states[:, chosen] *= -2
        return states

    with llama.editing([Edit.scale(MIDDLE, -2.0, positions=positions)]):
        found = [reply.text for reply in llama.model.chat(CONVERSATIONS, SHORT)]
    for text, turns in zip(found, CONVERSATIONS, strict=True):
        count = len(llama.model.encode_prompt(turns))
        assert text == spoken(llama, turns, lambda n: 0, lambda states, count=count: change(states, count))


@pytest.mark.parametrize(
    ("positions", "first"),
    [("all", lambda n: 0), ("last", lambda n: n - 1), ("generated", lambda n: n)],
)
def test_steered_scores_equal_one_pass_by_hand(tap: Tap, positions: Any, first: Any) -> None:
    prompts = ["I feel so", [Message("user", "How are you?")]]
    options = [[" happy", " sad and angry", "!"], [" again and again", " no"]]
    with tap.editing([Edit.add(MIDDLE, VECTOR, positions=positions)]):
        found = tap.model.score_batch(prompts, options)
    add = torch.from_numpy(VECTOR)
    for prompt, texts, values in zip(prompts, options, found, strict=True):
        prefix = tap.model.encode_prompt(prompt)
        for option, value in zip(texts, values, strict=True):
            ids = tap.model.encode_option(option)
            with by_hand(tap.model, 1, first(len(prefix)), lambda states: states + add):
                every = torch.from_numpy(logits(tap, prefix + ids)).double().log_softmax(-1)
            expected = sum(float(every[len(prefix) + place - 1, token]) for place, token in enumerate(ids))
            assert value == pytest.approx(expected, abs=1e-3, rel=1e-5)


# -- against itself -----------------------------------------------------------------------------------------------


def test_setting_states_to_what_they_are_changes_nothing(tap: Tap, prompts: list[str]) -> None:
    ids = tap.model.encode_prompt(prompts[0])
    plain = logits(tap, ids)
    for site in Site:
        place = tap.architecture.places(site)[-1]
        (states,) = tap.read_texts([prompts[0]], [place])
        edits = [Edit.set(place, state, positions=(number,)) for number, state in enumerate(states[place])]
        with tap.editing(edits):
            close(logits(tap, ids), plain)


def test_adding_then_subtracting_changes_nothing(tap: Tap, prompts: list[str]) -> None:
    ids = tap.model.encode_prompt(prompts[0])
    plain = logits(tap, ids)
    for site in Site:
        place = tap.architecture.places(site)[0]
        value = RNG.normal(size=tap.architecture.length(site))
        with tap.editing([Edit.add(place, value)]):
            assert np.abs(logits(tap, ids) - plain).max() > 1e-3, f"{place} must matter"
        with tap.editing([Edit.add(place, value), Edit.add(place, -value)]):
            close(logits(tap, ids), plain)


def test_every_site_reads_what_was_written(tap: Tap, prompts: list[str]) -> None:
    for site in Site:
        place = tap.architecture.places(site)[-1]
        value = RNG.normal(size=tap.architecture.length(site)).astype(np.float32)
        with tap.editing([Edit.set(place, value)]):
            close(tap.read(prompts, [place])[place], np.broadcast_to(value, (len(prompts), 1, len(value))))


def test_patching_the_last_residual_gives_the_other_prompts_logits(tap: Tap, prompts: list[str]) -> None:
    source, target = (tap.model.encode_prompt(prompt) for prompt in prompts[:2])
    state = tap.read(prompts[:1], [LAST])[LAST][0, 0]
    with tap.editing([Edit.set(LAST, state, positions=(-1,))]):
        patched = logits(tap, target)
    close(patched[-1], logits(tap, source)[-1])
    close(patched[:-1], logits(tap, target)[:-1])


def test_scaling_by_zero_is_ablating_and_by_one_is_nothing(tap: Tap, prompts: list[str]) -> None:
    ids = tap.model.encode_prompt(prompts[0])
    for place, units in (
        (Place(Site.HEADS, 1), [0, 3]),
        (Place(Site.NEURONS, 1), [7]),
        (Place(Site.MLP_OUTPUT, 0), None),
    ):
        with tap.editing([Edit.scale(place, 0.0, units=units)]):
            silenced = logits(tap, ids)
        with tap.editing([Edit.ablate(place, units=units)]):
            assert (logits(tap, ids) == silenced).all()
        assert np.abs(silenced - logits(tap, ids)).max() > 1e-3
        with tap.editing([Edit.scale(place, 1.0, units=units)]):
            close(logits(tap, ids), logits(tap, ids))


def test_mean_ablation_sets_units_to_their_mean(llama: Tap, prompts: list[str]) -> None:
    place = Place(Site.HEADS, 1)
    mean = llama.read(prompts, [place])[place].mean((0, 1)).reshape(4, 8)
    with llama.editing([Edit.ablate(place, units=[2, 0], mean=mean[[2, 0]])]):
        found = llama.read(prompts, [place])[place].reshape(len(prompts), 4, 8)
    close(found[:, [0, 2]], np.broadcast_to(mean[[0, 2]], (len(prompts), 2, 8)))
    close(found[:, [1, 3]], llama.read(prompts, [place])[place].reshape(len(prompts), 4, 8)[:, [1, 3]])


def test_a_unit_changes_its_own_part_of_the_output(tap: Tap, prompts: list[str]) -> None:
    architecture = tap.architecture
    for site, output, weights in (
        (Site.HEADS, Site.ATTENTION_OUTPUT, architecture.output_projection(1)),
        (Site.NEURONS, Site.MLP_OUTPUT, architecture.down_projection(1)[:, None]),
    ):
        place, added = Place(site, 1), Place(output, 1)
        norm = architecture.attention_norm(1) if site is Site.HEADS else architecture.mlp_output_norm(1)
        before = next(tap.read_texts(prompts[:1], [place, added]))
        units, length = architecture.shape(site)
        states = torch.from_numpy(before[place]).unflatten(-1, (units, length))
        with tap.editing([Edit.ablate(place, units=[1, 3])]):
            after = next(tap.read_texts(prompts[:1], [place, added]))
        kept = states.clone()
        kept[:, [1, 3]] = 0
        close(after[place], kept.flatten(1))
        with torch.no_grad():
            whole = torch.einsum("tul,ulw->tw", kept, weights)
            close(after[added], whole if norm is None else norm(whole))
            if norm is None:
                gone = torch.einsum("tul,ulw->tw", states[:, [1, 3]], weights[[1, 3]])
                close(before[added] - after[added], gone)


def test_times_rms_follows_each_token(tap: Tap, prompts: list[str]) -> None:
    for place, units in ((MIDDLE, None), (Place(Site.HEADS, 1), [2])):
        numbers = tap.architecture.length(place.site)
        each = numbers // tap.architecture.shape(place.site)[0]
        value = RNG.normal(size=numbers if units is None else each).astype(np.float32)
        before = next(tap.read_texts(prompts[:1], [place]))[place]
        with tap.editing([Edit.add(place, value, times_rms=True, units=units)]):
            after = next(tap.read_texts(prompts[:1], [place]))[place]
        expected = before.copy()
        part = slice(None) if units is None else slice(2 * each, 3 * each)
        expected[:, part] += value * np.sqrt((before**2).mean(-1, keepdims=True))
        close(after, expected)


def test_edits_of_one_place_act_in_their_order(llama: Tap, prompts: list[str]) -> None:
    plain = llama.read(prompts, [MIDDLE])[MIDDLE]
    add, double = Edit.add(MIDDLE, VECTOR), Edit.scale(MIDDLE, 2.0)
    with llama.editing([add, double]):
        close(llama.read(prompts, [MIDDLE])[MIDDLE], (plain + VECTOR) * 2)
    with llama.editing([double, add]):
        close(llama.read(prompts, [MIDDLE])[MIDDLE], plain * 2 + VECTOR)


# -- rows ---------------------------------------------------------------------------------------------------------


def row_edits() -> list[Edit]:
    return [
        Edit.add(MIDDLE, np.stack([VECTOR, -VECTOR]), rows=[2, 0], positions="last"),
        Edit.ablate(Place(Site.HEADS, 0), units=[1], rows=[1, 2]),
    ]


def single_edits(row: int) -> list[Edit]:
    head = Edit.ablate(Place(Site.HEADS, 0), units=[1])
    return {
        0: [Edit.add(MIDDLE, -VECTOR, positions="last")],
        1: [head],
        2: [Edit.add(MIDDLE, VECTOR, positions="last"), head],
    }.get(row, [])


def test_rows_of_a_batch_equal_separate_passes(tap: Tap, prompts: list[str]) -> None:
    rows = tap.encode(prompts)
    with tap.editing(row_edits()):
        together = tap.forward(*pad_rows(rows, 0, "left", CPU))
    for number, row in enumerate(rows):
        with tap.editing(single_edits(number)):
            alone = tap.forward(*pad_rows([row], 0, "left", CPU))
        close(together[number, -len(row) :], alone[0])


@pytest.mark.parametrize("batch_tokens", [1, 70, 4096])
def test_rows_are_prompts_when_reading(llama: Tap, prompts: list[str], batch_tokens: int) -> None:
    with llama.editing(row_edits()):
        together = llama.read(prompts, [LAST], batch_tokens=batch_tokens)[LAST]
        texts = [states[LAST][-1] for states in llama.read_texts(prompts, [LAST])]
    for number, prompt in enumerate(prompts):
        with llama.editing(single_edits(number)):
            alone = llama.read([prompt], [LAST])[LAST][0]
        close(together[number], alone)
        close(texts[number], alone[0])


@pytest.mark.parametrize("batch_size", [2, 64])
def test_rows_are_prompts_when_generating_and_scoring(
    fresh: Any, prompts: list[str], batch_size: int, monkeypatch: Any
) -> None:
    tap = Tap(fresh("llama", batch_size=batch_size))
    options = [[" happy", " sad and angry", "!"]] * len(prompts)
    tokens: list[list[int]] = []
    with monkeypatch.context() as patched, tap.editing(row_edits()):
        patched.setattr(
            local, "decode_batch", lambda *args, **named: tokens.extend(new := decode_batch(*args, **named)) or new
        )
        tap.model.generate(prompts, SHORT)
    # Some replies end early, so that rows leave the cache while others go on.
    monkeypatch.setattr(tap.model.model.generation_config, "eos_token_id", [tokens[0][1], tokens[1][3]])
    plain = [reply.text for reply in tap.model.generate(prompts, SHORT)]
    with tap.editing(row_edits()):
        replies = [reply.text for reply in tap.model.generate(prompts, SHORT)]
        scores = tap.model.score_batch(prompts, options)
    lengths = set()
    for number, prompt in enumerate(prompts):
        with tap.editing(single_edits(number)):
            (alone,) = tap.model.generate([prompt], SHORT)
            assert replies[number] == alone.text
            np.testing.assert_allclose(scores[number], tap.model.score(prompt, options[number]), rtol=1e-5, atol=1e-3)
        lengths.add(alone.completion_tokens)
    assert len(lengths) > 1
    assert replies != plain


def test_rows_that_no_prompt_has_are_refused(llama: Tap, prompts: list[str]) -> None:
    with llama.editing([Edit.add(MIDDLE, 1.0, rows=[5])]):
        for call in (
            lambda: llama.read(prompts, [LAST]),
            lambda: llama.model.generate(prompts, SHORT),
            lambda: llama.model.score("I feel", [" a"]),
            lambda: llama.forward(torch.tensor([[5, 6]]), torch.ones(1, 2, dtype=torch.long)),
        ):
            with pytest.raises(BadInput, match=r"edit of residual_after_mlp 1: there is no row 5; use 0 to \d"):
                call()
    assert llama.read(prompts, [LAST])


# -- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda: Edit.add(Place(Site.RESIDUAL, 3), 1.0), "LlamaForCausalLM: there is no layer 3; use 0 to 2"),
        (lambda: Edit.add(MIDDLE, np.ones(31)), r"shape \(31,\) does not fit 1 units of length 32; pass a number, or"),
        (lambda: Edit.ablate(Place(Site.HEADS, 0), units=[4]), "head_outputs 0: there is no unit 4; use 0 to 3"),
        (lambda: Edit.ablate(Place(Site.NEURONS, 0), units=[48]), "neurons 0: there is no unit 48; use 0 to 47"),
        (
            lambda: Edit.add(MIDDLE, np.ones((3, 32)), rows=[0, 1]),
            r"pass a number, or shape \(32,\), or one such array for each of 2 rows",
        ),
    ],
)
def test_edits_that_do_not_fit_the_model_are_refused_before_anything_runs(llama: Tap, edit: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message), llama.editing([Edit.scale(MIDDLE, 2.0), edit()]):
        pytest.fail("the block may not begin")
    assert llama.model.share_prefixes
