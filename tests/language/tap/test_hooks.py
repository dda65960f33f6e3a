"""What an open context leaves behind: nothing. Order of contexts, caches of replies, and the model's own switches."""

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.model import GenerationSettings
from thymos.language.prefix_tree import PASS_ROWS
from thymos.language.tap import Edit, Place, Site, Tap

VECTOR = np.random.default_rng(0).normal(size=32).astype(np.float32) * 4
EMBEDDINGS, MIDDLE, LAST = Place(Site.EMBEDDINGS), Place(Site.RESIDUAL, 1), Place(Site.RESIDUAL, 2)
ADD, DOUBLE = Edit.add(MIDDLE, VECTOR), Edit.scale(MIDDLE, 2.0)
SHORT = GenerationSettings(max_new_tokens=6)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to rounding, in units of the largest number."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def own_hooks(tap: Tap) -> int:
    """Hooks on any module of the model, but those that transformers itself keeps there."""
    return sum(
        "transformers" not in hook.__module__
        for module in tap.model.model.modules()
        for hook in [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
    )


def untouched(tap: Tap, identity: str) -> None:
    assert own_hooks(tap) == 0
    assert tap.model.share_prefixes
    assert tap.model.identity == identity
    assert tap.hooks.edits == []
    assert PASS_ROWS.get() is None


def state(tap: Tap) -> np.ndarray:
    return tap.read(["I feel so happy"], [MIDDLE])[MIDDLE]


def logits(tap: Tap) -> torch.Tensor:
    with torch.no_grad():
        return tap.model.model(torch.tensor([tap.model.encode_prompt("I feel so happy")])).logits


# -- nothing is left ----------------------------------------------------------------------------------------------


def test_after_the_block_the_model_is_as_before(tap: Tap, prompts: list[str]) -> None:
    identity, before = tap.model.identity, logits(tap)
    replies, scores = tap.model.generate(prompts, SHORT), tap.model.score("I feel", [" a", " sad"])
    weights = {name: weight.clone() for name, weight in tap.model.model.named_parameters()}
    everywhere = [Edit.add(place, 1.0, times_rms=True) for site in Site for place in tap.architecture.places(site)]
    with tap.editing(everywhere), tap.recording([LAST]):
        assert own_hooks(tap) == 3 * 6 + 2 + 2, "one a place, and two on the decoder"
        assert not tap.model.share_prefixes
        assert (logits(tap) != before).any()
        tap.model.generate(prompts, SHORT)
        tap.model.score("I feel", [" a", " sad"])
        tap.read(prompts, [LAST])
    untouched(tap, identity)
    assert (logits(tap) == before).all()
    assert tap.model.generate(prompts, SHORT) == replies
    assert (tap.model.score("I feel", [" a", " sad"]) == scores).all()
    assert all(torch.equal(weight, weights[name]) for name, weight in tap.model.model.named_parameters())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_after_an_error_the_model_is_as_before(llama: Tap, error: type[BaseException]) -> None:
    identity, before = llama.model.identity, logits(llama)

    def fail() -> None:
        with llama.editing([ADD]), llama.recording([MIDDLE]):
            logits(llama)
            raise error

    with pytest.raises(error):
        fail()
    untouched(llama, identity)
    assert (logits(llama) == before).all()


def test_an_error_inside_a_pass_leaves_nothing(llama: Tap) -> None:
    identity = llama.model.identity

    def broken(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    with llama.editing([ADD]):
        handle = llama.architecture.layers[2].register_forward_hook(broken)
        for call in (
            lambda: llama.read(["I feel"], [LAST]),
            lambda: llama.model.generate(["I feel"], SHORT),
            lambda: llama.model.score("I feel", [" a"]),
        ):
            with pytest.raises(RuntimeError, match="out of memory"):
                call()
        handle.remove()
    untouched(llama, identity)
    assert np.isfinite(state(llama)).all()


def test_an_edit_that_fails_while_opening_leaves_nothing(llama: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = llama.model.identity
    monkeypatch.setattr(llama.architecture.layers[1], "register_forward_hook", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError), llama.editing([Edit.add(Place(Site.HEADS, 0), 1.0), ADD]):
        pytest.fail("the block may not begin")
    untouched(llama, identity)


def test_a_reading_that_is_dropped_halfway_leaves_nothing(llama: Tap, prompts: list[str]) -> None:
    identity = llama.model.identity
    batches = llama.read_rows(llama.encode(prompts), [LAST], batch_tokens=1)
    next(batches)
    untouched(llama, identity)
    texts = llama.read_texts(prompts, [LAST])
    next(texts)
    untouched(llama, identity)
    del batches, texts


def test_embeddings_of_the_caller_are_not_changed(tap: Tap) -> None:
    ids = torch.tensor([tap.model.encode_prompt("I feel so happy")])
    with torch.no_grad():
        embeddings = tap.architecture.base.embed_tokens(ids)
        kept = embeddings.clone()
        with tap.editing([Edit.add(EMBEDDINGS, 1.0)]):
            by_embeddings = tap.model.model(inputs_embeds=embeddings).logits
            by_ids = tap.model.model(ids).logits
    assert torch.equal(embeddings, kept)
    close(by_embeddings.numpy(), by_ids.numpy())
    assert (by_ids != logits(tap)).any()


def test_modules_that_run_outside_a_pass_are_left_alone(llama: Tap) -> None:
    with llama.editing([Edit.add(Place(Site.NEURONS, 0), 100.0)]), llama.recording([Place(Site.NEURONS, 0)]) as found:
        logits(llama)
        count = len(found)
        down = llama.architecture.layers[0].mlp.down_proj
        with torch.no_grad():
            plain = down(torch.zeros(2, 48))
        assert (plain == 0).all()
        assert len(found) == count


def test_a_model_that_nobody_holds_is_freed_at_once(fresh: Any) -> None:
    gc.collect()
    gc.disable()  # a cycle would keep gigabytes until the collector comes by
    try:
        tap = Tap(fresh("llama"))
        with tap.editing([ADD]), tap.recording([LAST]):
            logits(tap)
        decoder = weakref.ref(tap.model.model)
        del tap
        assert decoder() is None
    finally:
        gc.enable()


def test_gradients_go_through_a_recording(llama: Tap) -> None:
    ids = torch.tensor([llama.model.encode_prompt("I feel so happy")])
    with llama.recording([LAST]) as found:
        llama.model.model(ids).logits.sum().backward()
    assert np.isfinite(found[0].states).all()
    llama.model.model.zero_grad()


# -- nesting ------------------------------------------------------------------------------------------------------


def test_nested_edits_compose_from_the_outside_in(llama: Tap) -> None:
    plain = state(llama)
    with llama.editing([ADD]):
        with llama.editing([DOUBLE]):
            close(state(llama), (plain + VECTOR) * 2)
            assert llama.hooks.edits == [ADD, DOUBLE]
        close(state(llama), plain + VECTOR)
        assert not llama.model.share_prefixes
    assert (state(llama) == plain).all()
    with llama.editing([DOUBLE]), llama.editing([ADD]):
        close(state(llama), plain * 2 + VECTOR)


def test_recordings_see_edited_states_whichever_came_first(llama: Tap) -> None:
    plain = state(llama)[0]
    with llama.editing([ADD]), llama.recording([MIDDLE], "prompt_end") as inside:
        logits(llama)
    with llama.recording([MIDDLE], "prompt_end") as outside, llama.editing([ADD]):
        logits(llama)
    close(inside[0].states, plain + VECTOR)
    close(outside[0].states, plain + VECTOR)


def test_two_recordings_do_not_mix(llama: Tap) -> None:
    with llama.recording([MIDDLE], "prompt_end") as outer:
        with llama.recording([LAST, MIDDLE]) as inner:
            logits(llama)
        logits(llama)
    assert [record.place for record in inner] == [MIDDLE, LAST]
    assert [(record.place, len(record.states)) for record in outer] == [(MIDDLE, 1)] * 2


def test_taps_of_one_model_work_together(llama: Tap) -> None:
    other, plain, identity = Tap(llama.model), state(llama), llama.model.identity
    with llama.recording([MIDDLE], "prompt_end") as found, other.editing([ADD]):
        logits(llama)
        close(state(llama), plain + VECTOR)
    close(found[0].states, plain[0] + VECTOR)
    untouched(llama, identity)
    # Closed in the order in which they were opened.
    first, second = llama.editing([ADD]), other.editing([DOUBLE])
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not llama.model.share_prefixes
    close(state(llama), plain * 2)
    second.__exit__(None, None, None)
    untouched(llama, identity)


def test_reading_inside_an_edit_reads_edited_states(llama: Tap, prompts: list[str]) -> None:
    plain = llama.read(prompts, [MIDDLE])[MIDDLE]
    with llama.editing([ADD]):
        close(llama.read(prompts, [MIDDLE])[MIDDLE], plain + VECTOR)
        for number, states in enumerate(llama.read_texts(prompts, [MIDDLE])):
            close(states[MIDDLE][-1:], plain[number] + VECTOR)


def test_a_switch_that_was_off_stays_off(fresh: Any) -> None:
    tap = Tap(fresh("llama"))
    tap.model.share_prefixes = False
    with tap.editing([ADD]):
        pass
    assert not tap.model.share_prefixes


def test_no_edits_are_no_change(llama: Tap) -> None:
    identity, before = llama.model.identity, logits(llama)
    with llama.editing([]):
        assert (logits(llama) == before).all()
        assert llama.model.identity == identity


# -- caches -------------------------------------------------------------------------------------------------------


@pytest.fixture
def cached(fresh: Any, tmp_path: Path) -> CachedLanguageModel:
    """A cached tiny Llama with an empty cache."""
    return CachedLanguageModel(fresh("llama"), ReplyCache(tmp_path / "replies.sqlite"))


def test_edited_replies_never_meet_plain_ones_in_the_cache(cached: CachedLanguageModel) -> None:
    tap = Tap(cached)
    identity = cached.identity
    plain, scores = cached.generate(["I feel"], SHORT)[0], cached.score("I feel", [" a", " sad"])
    with tap.editing([ADD]):
        edited, other = cached.generate(["I feel"], SHORT)[0], cached.score("I feel", [" a", " sad"])
        assert cached.identity == cached.model.identity != identity
        again = cached.generate(["I feel"], SHORT)[0]
    assert (plain.cached, edited.cached, again.cached) == (False, False, True)
    assert plain.text != edited.text == again.text
    assert (scores != other).all()
    assert cached.identity == identity
    assert cached.generate(["I feel"], SHORT)[0].text == plain.text
    assert (cached.score("I feel", [" a", " sad"]) == scores).all()
    assert cached.generate(["I feel"], SHORT)[0].cached
    # The same edit again resumes; another one does not.
    with tap.editing([Edit.add(MIDDLE, VECTOR)]):
        assert cached.generate(["I feel"], SHORT)[0].cached
    with tap.editing([Edit.add(MIDDLE, VECTOR * 1.01)]):
        assert not cached.generate(["I feel"], SHORT)[0].cached


def test_a_cache_that_no_tap_knows_keeps_edited_replies_apart(fresh: Any, tmp_path: Path) -> None:
    model = fresh("llama")
    tap = Tap(model)
    stranger = CachedLanguageModel(model, ReplyCache(tmp_path / "replies.sqlite"))
    identity = stranger.identity
    plain, scores = stranger.generate(["I feel"], SHORT)[0], stranger.score("I feel", [" a", " sad"])
    with tap.editing([ADD]):
        assert stranger.identity == model.identity != identity
        edited, other = stranger.generate(["I feel"], SHORT)[0], stranger.score("I feel", [" a", " sad"])
        # One that is made while edits are open, and outlives them.
        late = CachedLanguageModel(model, stranger.cache)
        assert late.generate(["I feel"], SHORT)[0].cached
    assert not edited.cached
    assert plain.text != edited.text
    assert (scores != other).all()
    for cached in (stranger, late):
        assert cached.identity == identity
        assert cached.generate(["I feel"], SHORT)[0].text == plain.text
        assert (cached.score("I feel", [" a", " sad"]) == scores).all()
    assert len(stranger.cache) == 4


def test_nested_edits_have_a_name_of_their_own(cached: CachedLanguageModel) -> None:
    tap, names = Tap(cached), []
    for outer, inner in (([ADD], []), ([ADD], [DOUBLE]), ([DOUBLE], [ADD]), ([DOUBLE], [])):
        with tap.editing(outer), tap.editing(inner):
            names.append(cached.identity)
    assert len({*names, cached.identity}) == 5
    with tap.editing([ADD]), tap.editing([DOUBLE]):
        assert cached.identity == names[1]


def test_recorded_passes_are_real_ones(cached: CachedLanguageModel) -> None:
    tap = Tap(cached)
    cached.generate(["I feel"], SHORT)
    size = len(cached.cache)
    with tap.recording([LAST]) as found:
        reply = cached.generate(["I feel"], SHORT)[0]
        cached.score("I feel", [" a"])
    assert not reply.cached
    assert len(found) == reply.completion_tokens + 1
    assert len(cached.cache) == size, "nothing is kept, and nothing is lost"
    assert cached.generate(["I feel"], SHORT)[0].cached


def test_edits_of_single_prompts_pass_the_cache_by(cached: CachedLanguageModel, prompts: list[str]) -> None:
    tap = Tap(cached)
    plain = [reply.text for reply in cached.generate(prompts, SHORT)]
    size = len(cached.cache)
    with tap.editing([Edit.add(MIDDLE, VECTOR, rows=[1])]):
        # Were the others taken from the cache, the model would see one prompt only, with the number 0.
        edited = [reply.text for reply in cached.generate(prompts, SHORT)]
    assert [number for number in range(len(prompts)) if edited[number] != plain[number]] == [1]
    assert len(cached.cache) == size


def test_a_cache_that_joins_late_is_told_as_well(cached: CachedLanguageModel) -> None:
    tap = Tap(cached.model)
    plain = cached.generate(["I feel"], SHORT)[0]
    with tap.editing([ADD]):
        edited = Tap(cached).model.generate(["I feel"], SHORT)[0]
        assert cached.generate(["I feel"], SHORT)[0].text == edited.text != plain.text
    assert cached.generate(["I feel"], SHORT)[0].text == plain.text


def test_a_cache_around_a_cache_is_told_as_well(cached: CachedLanguageModel, tmp_path: Path) -> None:
    outer = CachedLanguageModel(cached, ReplyCache(tmp_path / "outer.sqlite"))
    tap = Tap(outer)
    plain = outer.generate(["I feel"], SHORT)[0]
    with tap.editing([ADD]):
        assert outer.generate(["I feel"], SHORT)[0].text != plain.text
    with tap.recording([LAST]) as found:
        outer.generate(["I feel"], SHORT)
    assert found
    assert outer.generate(["I feel"], SHORT)[0].text == plain.text


# -- rows are whole prompts ---------------------------------------------------------------------------------------


def test_sharing_beginnings_or_not_gives_the_same(fresh: Any) -> None:
    tap = Tap(fresh("llama"))
    start = "She was sad and angry when the rain began, and "
    prompts = [start + end for end in ("he was happy", "I", "nothing scares him more", "I feel so")]
    options = [[" a", " sad and angry"]] * 4
    shared = tap.model.generate(prompts, SHORT), tap.model.score_batch(prompts, options)
    passes: list[tuple[int, ...]] = []
    handle = tap.architecture.base.register_forward_pre_hook(
        lambda module, arguments, named: passes.append(tuple(named["input_ids"].shape)), with_kwargs=True
    )
    tap.model.share_prefixes = False
    whole = tap.model.generate(prompts, SHORT), tap.model.score_batch(prompts, options)
    handle.remove()
    assert whole[0] == shared[0]
    np.testing.assert_allclose(whole[1], shared[1], atol=1e-4)
    assert passes[0] == (4, max(len(row) for row in tap.encode(prompts))), "the first pass reads every prompt whole"


@pytest.mark.parametrize("family", ["gemma2", "gemma3"])
def test_options_are_scored_alike_together_and_alone_where_windows_slide(fresh: Any, family: str) -> None:
    # Padding between a prompt and its options would push the prompt out of the window.
    model = fresh(family)
    options = [" happy", " sad and angry", "!", " again"]
    alone = [model.score("I feel so happy", [option])[0] for option in options]
    np.testing.assert_allclose(model.score("I feel so happy", options), alone, atol=1e-4)


def test_a_prompt_of_one_token_is_prefilled(llama: Tap) -> None:
    ids = llama.model.tokenizer.decode([7])
    assert len(llama.model.encode_prompt(ids)) == 1
    with llama.recording([LAST], "prompt_end") as found, llama.editing([Edit.add(MIDDLE, 1.0, positions="generated")]):
        llama.model.generate([ids], SHORT)
    assert [record.prefill for record in found] == [True] + [False] * 5
    assert [len(record.states) for record in found] == [1] + [0] * 5
    outside = r"row 0: there are 1 tokens, positions \[-2\] are not all inside"
    with llama.editing([Edit.add(MIDDLE, 1.0, positions=(-2,))]), pytest.raises(BadInput, match=outside):
        llama.model.generate([ids], SHORT)
