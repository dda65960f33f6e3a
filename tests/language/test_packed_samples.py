"""Samples in one row: the same loss and the same scores as one by one, whatever they share."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.adaptation import (
    AdaptationSettings,
    checked_steps,
    fit_adapter,
    load_adapted,
    load_base,
    train_adapter,
    training_key,
)
from thymos.language.model import Message
from thymos.language.packed_samples import learned_likelihoods, pack_samples, packed_loss, score_together
from thymos.language.training_samples import TokenSample, collate, encode_conversation
from thymos.testing.tiny_models import write_tiny_model

SHORT = AdaptationSettings(rank=4, alpha=8, dropout=0.0, learning_rate=1e-2, seed=3)


def talks() -> list[list[Message]]:
    """Questions about one growing dialogue, and one about another."""
    turns = ["Ann: so happy", "Ben: rain again", "Ann: how sad"]
    found = [
        [Message("system", "name it"), Message("user", "\n".join([*turns[: end + 1], "?"])), Message("assistant", word)]
        for end, word in enumerate(("happy", "sad and angry", "sad"))
    ]
    return [*found, [Message("user", "an empty house"), Message("assistant", "happy")]]


samples = st.lists(
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=2, max_size=6).map(
        lambda pairs: TokenSample(tuple(token for token, _ in pairs), (*(learn for _, learn in pairs[:-1]), True))
    ),
    min_size=1,
    max_size=6,
)


@given(given_samples=samples)
def test_every_sample_can_be_read_back_from_the_row(given_samples: list[TokenSample]) -> None:
    packed = pack_samples(given_samples)
    prefixes = {sample.ids[:end] for sample in given_samples for end in range(1, len(sample.ids) + 1)}
    texts = [tuple(packed.ids[seen].tolist()) for seen in packed.seen]
    assert sorted(texts) == sorted(prefixes), "every beginning once, and a token sees its own beginning only"
    assert packed.places.tolist() == [len(text) - 1 for text in texts]
    learned = [
        (sample.ids[:place], sample.ids[place])
        for sample in given_samples
        for place in range(1, len(sample.ids))
        if sample.learned[place]
    ]
    asked = [(texts[at], target) for at, target in zip(packed.asked, packed.targets.tolist(), strict=True)]
    assert asked == learned


def test_the_loss_is_that_of_the_samples_one_by_one(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    chosen = [encode_conversation(base.tokenizer, turns) for turns in talks()]
    packed = pack_samples(chosen)
    assert len(packed.ids) < 0.7 * sum(len(sample.ids) for sample in chosen)
    with torch.inference_mode():
        expected = base.model(**collate(chosen, base.padding_id)).loss
        assert float(packed_loss(base.model, packed)) == pytest.approx(float(expected), abs=1e-5)
        assert learned_likelihoods(base.model, packed).shape == (sum(sample.learned_count for sample in chosen),)


def test_scores_are_those_of_one_prompt_at_a_time(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    prompts = [turns[:-1] for turns in talks()]
    options = [["happy", "sad and angry", "sad"]] * 3 + [["rain", "x"]]
    found = score_together(base, prompts, options)
    for one, prompt, texts in zip(found, prompts, options, strict=True):
        for normalize in ("none", "tokens", "bytes"):
            expected = base.score(prompt, texts, normalize=normalize)  # type: ignore[arg-type]
            np.testing.assert_allclose(one.normalized(normalize), expected, atol=1e-4)  # type: ignore[arg-type]
    raw = score_together(base, ["I feel "], [["sad", "happy"]])[0]
    np.testing.assert_allclose(raw.log_likelihoods, base.score("I feel ", ["sad", "happy"]), atol=1e-4)


def test_given_steps_are_taken_in_their_order(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    chosen = [encode_conversation(base.tokenizer, turns) for turns in talks()]
    with torch.inference_mode():
        first = float(packed_loss(base.model, pack_samples([chosen[3], chosen[1]])))
    _, losses = train_adapter(base, chosen, SHORT, steps=[[3, 1], [0], [2]])
    assert len(losses) == 3
    assert losses[0] == pytest.approx(first, abs=1e-5)
    _, other = train_adapter(load_base(str(tiny_llama), "cpu"), chosen, SHORT, steps=[[2], [0], [3, 1]])
    assert other[0] != losses[0]


def test_a_model_that_cannot_be_packed_learns_from_batches(tmp_path: Path) -> None:
    base = load_base(str(write_tiny_model(tmp_path, "gemma2")), "cpu")
    chosen = [encode_conversation(base.tokenizer, turns) for turns in talks()]
    with torch.inference_mode():
        expected = float(base.model(**collate([chosen[3], chosen[1]], base.padding_id)).loss)
    _, losses = train_adapter(base, chosen, SHORT, steps=[[3, 1]])
    assert losses == pytest.approx([expected], abs=1e-4)


def test_steps_and_precision_are_part_of_the_key() -> None:
    half = AdaptationSettings(precision="bfloat16")
    plain = AdaptationSettings()
    keys = [
        training_key("m", talks(), plain),
        training_key("m", talks(), half),
        training_key("m", talks(), plain, [[0, 1]]),
        training_key("m", talks(), plain, [[1, 0]]),
        training_key("m", talks(), plain, [[1], [0]]),
    ]
    assert len(set(keys)) == 5
    assert training_key("m", talks(), plain, (np.array([0, 1]),)) == keys[2]


def test_a_key_from_before_there_were_steps_and_precisions() -> None:
    turns = [[Message("user", "a"), Message("assistant", "b")]]
    assert training_key("m", turns, AdaptationSettings()) == "9a7089dd17c52c1f"


def test_bfloat16_learns_and_answers(tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path))
    settings = AdaptationSettings(rank=4, alpha=8, dropout=0.0, learning_rate=1e-2, precision="bfloat16")
    adapter = fit_adapter(str(tiny_llama), talks(), settings, steps=[[0, 1, 2, 3]] * 8, device="cpu")
    assert adapter.losses[-1] < 0.7 * adapter.losses[0]
    whole, half = (
        load_adapted(str(tiny_llama), adapter, device="cpu", dtype=dtype, cache=None)
        for dtype in ("float32", "bfloat16")
    )
    assert whole.identity != half.identity
    prompt = talks()[0][:-1]
    np.testing.assert_allclose(half.score(prompt, ["happy"]), whole.score(prompt, ["happy"]), rtol=0.1, atol=0.3)
    with pytest.raises(BadInput, match="unknown dtype"):
        load_adapted(str(tiny_llama), adapter, device="cpu", dtype="int3")


@pytest.mark.parametrize(("steps", "said"), [([], "no sample"), ([[0], []], "no sample"), ([[4]], "no sample 4")])
def test_steps_that_name_nothing(steps: list[list[int]], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        checked_steps(steps, 4)


def test_nothing_to_learn_is_one_clear_error() -> None:
    with pytest.raises(BadInput, match="no token is learned"):
        pack_samples([TokenSample((1, 2), (True, False))])
    with pytest.raises(BadInput, match="precision"):
        AdaptationSettings(precision="int3")
