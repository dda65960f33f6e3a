"""Reading states: padding, batches and positions change nothing; prompts and generation agree; errors are clear."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from thymos.errors import BadInput, Unavailable
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.model import GenerationSettings, Message
from thymos.language.prefix_tree import attends_to_everything
from thymos.language.tap import Place, Recorded, Site, Tap, local_model
from thymos.language.tap.batches import pad_rows

CPU = torch.device("cpu")
PLACES = [Place(Site.EMBEDDINGS), *(Place(site, 1) for site in Site if site.has_layers), Place(Site.FINAL_NORM)]
LAST = Place(Site.RESIDUAL, 2)
SHORT = GenerationSettings(max_new_tokens=8)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal up to rounding, in units of the largest number."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def greedy(tap: Tap, prompt: Any, count: int = 8) -> list[int]:
    """Token ids of prompt and reply, without cache or batch."""
    ids = tap.model.encode_prompt(prompt)
    with torch.no_grad():
        for _ in range(count):
            ids = [*ids, int(tap.model.model(torch.tensor([ids])).logits[0, -1].argmax())]
            if ids[-1] in tap.model.end_ids:
                break
    return ids


def of_prompt(found: list[Recorded], place: Place, prompt: int) -> np.ndarray:
    return np.concatenate([record.states[record.rows == prompt] for record in found if record.place == place])


# -- prompts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["left", "right"])
@pytest.mark.parametrize("batch_tokens", [1, 60, 4096])
def test_states_do_not_depend_on_padding_or_batch(
    tap: Tap, prompts: list[str], padding: Any, batch_tokens: int
) -> None:
    assert len({len(row) for row in tap.encode(prompts)}) > 3, "there must be something to pad"
    found = tap.read(prompts, PLACES, (-1, 0), batch_tokens=batch_tokens, padding=padding)
    for index, alone in enumerate(tap.read_texts(prompts, PLACES)):
        for place in PLACES:
            close(found[place][index], alone[place][[-1, 0]])


@pytest.mark.parametrize("padding", ["left", "right"])
@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ("all", slice(None)),
        ("prompt", slice(None)),
        ("last", [-1]),
        ("prompt_end", [-1]),
        ((0, -1), [0, -1]),
        ((-3,), [-3]),
        ((2, 1), [1, 2]),  # recorded in the order of the text
    ],
)
def test_recorded_positions_are_those_of_each_text(
    llama: Tap, prompts: list[str], padding: Any, positions: Any, expected: Any
) -> None:
    ids, mask = pad_rows(llama.encode(prompts), 0, padding, CPU)
    with llama.recording([LAST], positions) as found:
        llama.forward(ids, mask)
    assert found[0].prefill
    for row, alone in enumerate(llama.read_texts(prompts, [LAST])):
        close(of_prompt(found, LAST, row), alone[LAST][expected])


def test_nothing_is_generated_while_reading(llama: Tap, prompts: list[str]) -> None:
    with llama.recording([LAST], "generated") as found:
        list(llama.read_texts(prompts, [LAST]))
    assert all(not len(record.states) for record in found)


def test_numbered_positions_come_in_the_order_asked(llama: Tap, prompts: list[str]) -> None:
    (alone,) = llama.read_texts(prompts[:1], [LAST])
    close(llama.read(prompts[:1], [LAST], (4, 0, -1, 4))[LAST][0], alone[LAST][[4, 0, -1, 4]])


def test_conversations_go_through_the_template(llama: Tap) -> None:
    conversation = [Message("user", "How are you?")]
    text = llama.model.tokenizer.decode(llama.model.encode_prompt(conversation))
    close(llama.read([conversation], [LAST])[LAST], llama.read([text], [LAST])[LAST])


def test_read_rows_takes_tokens_and_says_whose_they_are(llama: Tap, prompts: list[str]) -> None:
    rows = llama.encode(prompts)
    expected = llama.read(prompts, [LAST])[LAST]
    seen = []
    for chosen, states in llama.read_rows(rows, [LAST], batch_tokens=70):
        close(states[LAST], expected[chosen])
        seen += chosen
    assert sorted(seen) == list(range(len(prompts)))
    assert list(llama.read_rows([], [LAST])) == []


def test_progress_counts_up_to_all(llama: Tap, prompts: list[str]) -> None:
    calls: list[tuple[int, int]] = []
    llama.read(prompts, [LAST], batch_tokens=60, progress=lambda done, every: calls.append((done, every)))
    assert [every for _, every in calls] == [len(prompts)] * len(calls)
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1][0] == len(prompts)
    assert len(calls) > 1


def test_shared_beginnings_change_nothing_but_the_work(tap: Tap, monkeypatch: Any) -> None:
    """Requests that begin alike: read together, alone, and with sharing turned off."""
    asked = [
        (Message("system", f"Answer in a voice full of {word}, whatever it is."), Message("user", text))
        for word in ("anger", "fear")
        for text in ("The bus came.", "The bus came late again today.", "Nobody was there.", "The bus came.")
    ]
    places = [*tap.architecture.places(Site.RESIDUAL), *tap.architecture.places(Site.HEADS), Place(Site.FINAL_NORM)]
    passes: list[int] = []
    forward = tap.architecture.base.forward
    monkeypatch.setattr(
        tap.architecture.base,
        "forward",
        lambda *given, **named: passes.append(int(named["input_ids"].numel())) or forward(*given, **named),
    )
    together, tokens = tap.read(asked, places), sum(passes)
    monkeypatch.setattr(tap.model, "share_prefixes", False)
    passes.clear()
    apart = tap.read(asked, places)
    monkeypatch.undo()
    alone = [tap.read([prompt], places) for prompt in asked]
    for place in places:
        np.testing.assert_allclose(together[place], apart[place], atol=2e-5)
        np.testing.assert_allclose(together[place], np.concatenate([one[place] for one in alone]), atol=2e-5)
    if attends_to_everything(tap.model.model):
        assert tokens < 0.6 * sum(passes), "half of every request stands in the others, too"


def test_places_named_twice_are_read_once(llama: Tap, prompts: list[str]) -> None:
    assert set(llama.read(prompts[:1], [LAST, LAST])) == {LAST}
    with llama.recording([LAST, LAST]) as found:
        llama.forward(*pad_rows(llama.encode(prompts[:1]), 0, "right", CPU))
    assert len(found) == 1


def test_a_text_as_long_as_the_context_can_be_read(llama: Tap) -> None:
    limit = llama.model.context_length
    text = llama.model.tokenizer.decode([5] * limit)
    assert len(llama.model.encode_prompt(text)) == limit
    assert llama.read([text], [LAST], (limit - 1,))[LAST].shape == (1, 1, 32)
    with pytest.raises(BadInput, match=f"prompt 1: the prompt has {limit + 1} tokens, tiny llama has room for {limit}"):
        llama.read(["fine", text + llama.model.tokenizer.decode([5])], [LAST])


# -- generation ---------------------------------------------------------------------------------------------------


def test_states_of_generation_equal_one_pass_over_everything(tap: Tap, prompts: list[str]) -> None:
    places = [Place(Site.EMBEDDINGS), Place(Site.HEADS, 1), Place(Site.RESIDUAL_MIDDLE, 2), Place(Site.FINAL_NORM)]
    with tap.recording(places) as found:
        replies = tap.model.generate(prompts, SHORT)
    for number, prompt in enumerate(prompts):
        ids = greedy(tap, prompt)
        assert replies[number].text == tap.model.tokenizer.decode(
            ids[len(tap.model.encode_prompt(prompt)) :], skip_special_tokens=True
        )
        with tap.recording(places) as whole:
            tap.forward(torch.tensor([ids[:-1]]), torch.ones(1, len(ids) - 1, dtype=torch.long))
        for place in places:
            close(of_prompt(found, place, number), of_prompt(whole, place, 0))


@pytest.mark.parametrize(
    ("positions", "cut"),
    [
        ("all", lambda prompt, every: every),
        ("prompt", lambda prompt, every: every[:prompt]),
        ("prompt_end", lambda prompt, every: every[prompt - 1 : prompt]),
        ("last", lambda prompt, every: every[prompt - 1 :]),
        ("generated", lambda prompt, every: every[prompt:]),
        ((0, -2), lambda prompt, every: [every[0], every[prompt - 2]]),
    ],
)
def test_positions_know_prompt_and_reply(llama: Tap, prompts: list[str], positions: Any, cut: Any) -> None:
    with llama.recording([LAST], positions) as found:
        llama.model.generate(prompts, SHORT)
    for number, prompt in enumerate(prompts):
        ids = greedy(llama, prompt)[:-1]
        with llama.recording([LAST]) as recorded:
            llama.forward(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.long))
        expected = cut(len(llama.model.encode_prompt(prompt)), list(recorded[0].states))
        close(of_prompt(found, LAST, number), np.stack(expected))


def test_rows_that_are_done_are_not_recorded(fresh: Any, prompts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    tap = Tap(fresh("llama", batch_size=3))
    starts = [len(row) for row in tap.encode(prompts)]
    free = [greedy(tap, prompt)[start:] for prompt, start in zip(prompts, starts, strict=True)]
    # One row of the first batch ends early, and is carried along or cut out of the cache.
    ending = free[0][2]
    monkeypatch.setattr(tap.model.model.generation_config, "eos_token_id", ending)
    expected = []
    for ids in free:
        ends = [place for place, token in enumerate(ids) if token in (ending, 2)]
        expected.append(min([*ends, len(ids) - 1]))  # the last token of a reply is never read
    assert len(set(expected)) > 1
    with tap.recording([LAST], "generated") as found:
        tap.model.generate(prompts, SHORT)
    assert [len(of_prompt(found, LAST, number)) if found else 0 for number in range(len(prompts))] == expected


def test_scores_are_read_prompt_by_prompt(llama: Tap) -> None:
    prompts, options = ["I feel so", "rain"], [[" happy", " sad and angry"], ["!", " again", " when"]]
    with llama.recording([LAST], "prompt_end") as found:
        llama.model.score_batch(prompts, options)
    expected = llama.read(prompts, [LAST])[LAST][:, 0]
    for number in range(2):
        close(of_prompt(found, LAST, number), expected[number : number + 1])


# -- errors -------------------------------------------------------------------------------------------------------


def test_calls_that_cannot_be_are_one_clear_error(llama: Tap, prompts: list[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(llama.architecture.base, "forward", lambda **_: pytest.fail("nothing may run"))
    for call, message in (
        (lambda: llama.read([], [LAST]), "tap: there is no prompt; pass at least one"),
        (lambda: llama.read(prompts, []), "tap: there is no place; pass at least one"),
        (lambda: llama.read("I feel", [LAST]), "tap: a sequence of prompts is needed; put the prompt into a list"),
        (lambda: llama.read([Message("user", "hi")], [LAST]), "a sequence of prompts is needed"),
        (lambda: llama.read(["fine", ""], [LAST]), "prompt 1: the prompt is empty"),
        (lambda: llama.read(["fine", None], [LAST]), "prompt 1: NoneType is not a text"),
        (lambda: llama.read(["fine", []], [LAST]), "prompt 1: the conversation has no messages"),
        (lambda: llama.read(prompts, [Place(Site.HEADS, 3)]), "there is no layer 3; use 0 to 2"),
        (lambda: llama.read(prompts, [LAST], "last"), "numbered positions are needed, not 'last'"),
        (lambda: llama.read(prompts, [LAST], ()), "there are no positions"),
        (lambda: llama.read(prompts, [LAST], -1), "positions are -1"),
        (
            lambda: llama.read(prompts, [LAST], (-1, 30)),
            r"prompt \d: there are \d+ tokens, positions \[-1, 30\] are not",
        ),
        (lambda: llama.read_rows([[5, 6], [5]], [LAST], (1,)), r"prompt 1: there are 1 tokens, positions \[1\]"),
        (lambda: llama.read_rows([[5], []], [LAST]), "prompt 1: there are 0 tokens"),
        (lambda: llama.read(prompts, [LAST], padding="top"), "padding is 'top'; use 'left' or 'right'"),
        (lambda: list(llama.read_texts(prompts, [Place(Site.HEADS, 3)])), "there is no layer 3"),
    ):
        with pytest.raises(BadInput, match=message):
            call()
    for make, message in (
        (lambda: llama.recording([LAST], "end"), "unknown positions 'end'"),
        (lambda: llama.recording([Place(Site.HEADS, 3)]), "there is no layer 3"),
        (lambda: llama.recording([]), "there is no place"),
    ):
        with pytest.raises(BadInput, match=message), make():
            pytest.fail("the block may not begin")


def test_numbered_positions_outside_a_prompt_are_refused_while_it_runs(llama: Tap) -> None:
    with (
        pytest.raises(BadInput, match=r"row 0: there are \d+ tokens, positions \[40\]"),
        llama.recording([LAST], (40,)),
    ):
        llama.model.generate(["I feel"])
    assert llama.model.generate(["I feel"], SHORT)


def test_a_mask_of_another_form_is_refused(llama: Tap) -> None:
    with pytest.raises(BadInput, match="the attention mask has a form of its own"), llama.recording([LAST]):
        llama.model.model(torch.tensor([[5, 6]]), attention_mask=torch.ones(1, 1, 2, 2, dtype=torch.bool))


def test_states_that_do_not_fit_into_memory_are_refused_before_anything_runs(
    llama: Tap, prompts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    need = len(prompts) * 2 * 32 * 4
    monkeypatch.setattr("thymos.language.tap.memory.available_memory", lambda: need)
    monkeypatch.setattr(llama, "read_rows", lambda *_, **__: pytest.fail("nothing may run"))
    with pytest.raises(
        BadInput, match=r"the hidden states need 1\.\d KiB of memory, .* are free; collect them to disk"
    ):
        llama.read(prompts, [LAST], (0, -1))


def test_without_a_template_conversations_cannot_be_read(llama: Tap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama.model.tokenizer, "chat_template", None)
    with pytest.raises(Unavailable, match="tiny llama has no chat template"):
        llama.read([[Message("user", "hi")]], [LAST])


def test_endpoints_have_no_inside(server: Any, llama: Tap, tmp_path: Path) -> None:
    from thymos.language.endpoint import EndpointLanguageModel

    endpoint = EndpointLanguageModel("far", server.url)
    for model in (endpoint, CachedLanguageModel(endpoint, ReplyCache(tmp_path / "replies.sqlite"))):
        with pytest.raises(BadInput, match=r"the hidden states of far.* cannot be reached; use a model folder"):
            Tap(model)
    cached = CachedLanguageModel(llama.model, ReplyCache(tmp_path / "replies.sqlite"))
    assert local_model(CachedLanguageModel(cached, cached.cache)) is llama.model
    assert Tap(cached).model is llama.model
