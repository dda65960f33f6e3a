"""Low-rank fine-tuning on a tiny random Llama: what is learned, what stays, resume, cache, and clear errors."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from thymos.errors import BadInput, Unavailable
from thymos.files import cache_folder
from thymos.language import adaptation
from thymos.language.adaptation import (
    AdaptationSettings,
    fit_adapter,
    load_adapted,
    load_base,
    merge_adapter,
    rate_factor,
    read_adapter,
    train_adapter,
    training_key,
)
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.model import Message
from thymos.language.training_samples import IGNORED, TokenSample, collate, encode_conversation, epoch_batches

FAST = AdaptationSettings(rank=4, alpha=8, learning_rate=1e-2, epochs=8, batch_size=4, seed=3)


def conversations(count: int = 12) -> list[list[Message]]:
    """Replies that follow from the word before, so that there is something to learn."""
    pairs = [("happy", "so happy today"), ("sad", "sad and angry"), ("rain", "when the rain began")]
    return [
        [Message("user", f"tell me {pairs[k % 3][0]} {k}"), Message("assistant", pairs[k % 3][1])] for k in range(count)
    ]


def samples_of(folder: Path, count: int = 12) -> list[TokenSample]:
    tokenizer = load_base(str(folder), "cpu").tokenizer
    return [encode_conversation(tokenizer, turns) for turns in conversations(count)]


# -- samples ----------------------------------------------------------------------------------------------------------


def test_only_the_assistants_turns_and_their_end_are_learned(tiny_llama: Path) -> None:
    tokenizer = load_base(str(tiny_llama), "cpu").tokenizer
    talk = [
        Message("user", "tell me"),
        Message("assistant", "I feel happy"),
        Message("user", "and now"),
        Message("assistant", "sad"),
        Message("user", "never seen"),
    ]
    sample = encode_conversation(tokenizer, talk)
    learned = tokenizer.decode([token for token, learn in zip(sample.ids, sample.learned, strict=True) if learn])
    assert learned == "I feel happy<|end|>\nsad<|end|>\n"
    plain = [{"role": turn.role, "content": turn.content} for turn in talk[:4]]
    assert tokenizer.decode(sample.ids) == tokenizer.apply_chat_template(plain, tokenize=False)
    assert sample.learned_count == sum(sample.learned)


def test_a_reply_is_tokenized_as_it_would_be_when_it_is_generated(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    turns = conversations(1)[0]
    sample = encode_conversation(base.tokenizer, turns)
    prompt = base.encode_prompt(turns[:1])
    assert list(sample.ids[: len(prompt)]) == prompt
    assert not any(sample.learned[: len(prompt)])
    assert all(sample.learned[len(prompt) :])


def test_samples_that_cannot_be_learned_are_clear_errors(tiny_llama: Path) -> None:
    tokenizer = load_base(str(tiny_llama), "cpu").tokenizer
    with pytest.raises(BadInput, match="no messages"):
        encode_conversation(tokenizer, [])
    with pytest.raises(BadInput, match="no assistant's turn begins"):
        encode_conversation(tokenizer, [Message("user", "only me")])
    with pytest.raises(BadInput, match="within 3 tokens"):
        encode_conversation(tokenizer, conversations(1)[0], max_tokens=3)
    cut = encode_conversation(tokenizer, conversations(1)[0], max_tokens=40)
    assert len(cut.ids) <= 40
    tokenizer.chat_template = "{{ messages | length }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    with pytest.raises(BadInput, match="rewrites earlier turns"):
        encode_conversation(tokenizer, [*conversations(1)[0], Message("assistant", "more")])
    tokenizer.chat_template = "{{ raise_exception('no') }}"
    with pytest.raises(BadInput, match="refuses"):
        encode_conversation(tokenizer, conversations(1)[0])
    tokenizer.chat_template = None
    with pytest.raises(Unavailable, match="chat template"):
        encode_conversation(tokenizer, conversations(1)[0])


@given(
    lengths=st.lists(st.integers(1, 90), min_size=1, max_size=80),
    batch_size=st.integers(1, 9),
    seed=st.integers(0, 5),
    epoch=st.integers(0, 3),
)
def test_every_sample_stands_in_one_batch_of_an_epoch(
    lengths: list[int], batch_size: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, batch_size, seed=seed, epoch=epoch)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert max(map(len, batches)) <= batch_size
    assert batches == epoch_batches(lengths, batch_size, seed=seed, epoch=epoch)


def test_batches_hold_samples_of_similar_length_in_another_order_each_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 128).tolist()
    first, second = (epoch_batches(lengths, 8, seed=0, epoch=epoch) for epoch in (0, 1))
    assert first != second
    spread = np.mean([max(lengths[k] for k in batch) - min(lengths[k] for k in batch) for batch in first])
    assert spread < 15, "random batches of eight would spread over about 75"


def test_padding_counts_nowhere() -> None:
    batch = collate([TokenSample((5, 6, 7), (False, True, True)), TokenSample((8,), (True,))], padding=9)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7], [8, IGNORED, IGNORED]]


# -- training ---------------------------------------------------------------------------------------------------------


def test_the_loss_falls_and_only_the_adapter_changes(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    before = {name: weight.detach().clone() for name, weight in base.model.state_dict().items()}
    seen: list[tuple[int, int]] = []
    tuned, losses = train_adapter(
        base, samples_of(tiny_llama), FAST, progress=lambda done, total: seen.append((done, total))
    )
    assert len(losses) == 24
    assert seen == [(done, 24) for done in range(25)]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:4])
    after = {name.replace(".base_layer", ""): weight for name, weight in tuned.get_base_model().state_dict().items()}
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    adapter = [weight for name, weight in after.items() if "lora_B" in name]
    assert adapter, "there is an adapter"
    assert all(weight.abs().sum() > 0 for weight in adapter), "every part of it has learned"
    assert not tuned.training


def test_the_first_loss_is_that_of_the_plain_model(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    samples = samples_of(tiny_llama, 4)
    # A batch with all four: the adapter starts as zero, so the first loss is the plain model's (dropout has no effect).
    batch = collate(samples, base.padding_id)
    with torch.inference_mode():
        logits = base.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    probabilities = logits[:, :-1].log_softmax(-1)
    labels = batch["labels"][:, 1:]
    learned = labels != IGNORED
    expected = -probabilities.gather(-1, labels.clamp(min=0)[..., None])[..., 0][learned].mean()
    _, losses = train_adapter(base, samples, dataclasses.replace(FAST, epochs=1))
    assert losses == pytest.approx([float(expected)], abs=1e-5)


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(tiny_llama: Path) -> None:
    samples = samples_of(tiny_llama)
    short = dataclasses.replace(FAST, epochs=2)
    torch.manual_seed(11)
    _, first = train_adapter(load_base(str(tiny_llama), "cpu"), samples, short)
    torch.manual_seed(12)
    drawn = torch.rand(1)
    torch.manual_seed(12)
    _, second = train_adapter(load_base(str(tiny_llama), "cpu"), samples, short)
    assert torch.equal(torch.rand(1), drawn), "the caller's random numbers are left alone"
    _, other = train_adapter(load_base(str(tiny_llama), "cpu"), samples, dataclasses.replace(short, seed=4))
    assert first == second
    assert first != other


@pytest.mark.parametrize("stop_at", [4, 10, 17])
def test_a_killed_training_goes_on_and_ends_with_the_same_adapter(
    tiny_llama: Path, tmp_path: Path, stop_at: int
) -> None:
    samples = samples_of(tiny_llama)
    whole, losses = train_adapter(load_base(str(tiny_llama), "cpu"), samples, FAST)

    def stop(done: int, total: int) -> None:
        if done == stop_at:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "state.pt"
    with pytest.raises(KeyboardInterrupt):
        train_adapter(load_base(str(tiny_llama), "cpu"), samples, FAST, checkpoint=checkpoint, progress=stop)
    assert checkpoint.is_file() == (stop_at >= 10)
    started: list[int] = []
    again, same = train_adapter(
        load_base(str(tiny_llama), "cpu"),
        samples,
        FAST,
        checkpoint=checkpoint,
        progress=lambda done, _: started.append(done),
    )
    assert started[0] == stop_at // 10 * 10
    assert same == losses
    kept = dict(whole.named_parameters())
    assert all(torch.equal(weight, kept[name]) for name, weight in again.named_parameters())


def test_a_damaged_checkpoint_is_passed_over(tiny_llama: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.pt"
    checkpoint.write_bytes(b"half a file")
    short = dataclasses.replace(FAST, epochs=1)
    _, losses = train_adapter(load_base(str(tiny_llama), "cpu"), samples_of(tiny_llama), short, checkpoint=checkpoint)
    assert len(losses) == 3


def test_a_loss_that_is_no_number_is_one_clear_error(tiny_llama: Path) -> None:
    base = load_base(str(tiny_llama), "cpu")
    with torch.no_grad():
        base.model.model.norm.weight[0] = float("nan")
    with pytest.raises(BadInput, match="the loss is nan at step 1; lower the learning rate"):
        train_adapter(base, samples_of(tiny_llama), FAST)


def test_nothing_to_train_on_is_one_clear_error(tiny_llama: Path) -> None:
    with pytest.raises(BadInput, match="no sample"):
        train_adapter(load_base(str(tiny_llama), "cpu"), [], FAST)
    with pytest.raises(BadInput, match="no conversation"):
        fit_adapter(str(tiny_llama), [])
    with pytest.raises(BadInput, match="is not on this machine"):
        fit_adapter("openai:some-model@http://localhost:1/v1", conversations(1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rank": 0},
        {"dropout": 1.0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"warmup": 2},
        {"clip": 0},
    ],
)
def test_settings_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="adaptation settings"):
        AdaptationSettings(**wrong)  # type: ignore[arg-type]


@given(steps=st.integers(1, 60), warmup=st.floats(0, 1))
def test_the_rate_rises_once_and_falls_once(steps: int, warmup: float) -> None:
    factors = [rate_factor(step, steps, warmup) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)
    peak = factors.index(max(factors))
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert max(factors) == pytest.approx(1)


# -- adapters on disk -------------------------------------------------------------------------------------------------


def test_an_adapter_is_trained_once_and_kept_with_its_card(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = fit_adapter(str(tiny_llama), conversations(), FAST, title="invented talk", device="cpu")
    assert {path.name for path in adapter.folder.iterdir()} >= {"adapter_model.safetensors", "README.md"}
    card = (adapter.folder / "README.md").read_text()
    assert "12 conversations (invented talk)" in card
    assert str(tiny_llama) not in card + (adapter.folder / "adapter_config.json").read_text(), "no path of a machine"
    assert load_file(adapter.folder / "adapter_model.safetensors")
    assert (adapter.conversations, len(adapter.losses)) == (12, 24)
    assert 0 < adapter.learned_tokens < adapter.tokens
    assert not list((cache_folder("adapters") / "unfinished").glob("*"))

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(adaptation, "train_adapter", never)
    assert fit_adapter(str(tiny_llama), conversations(), FAST, device="cpu") == adapter
    with pytest.raises(AssertionError, match="trained again"):
        fit_adapter(str(tiny_llama), conversations(11), FAST, device="cpu")


def test_the_key_depends_on_model_conversations_order_and_settings() -> None:
    talk = conversations(3)
    keys = [
        training_key("m", talk, FAST),
        training_key("n", talk, FAST),
        training_key("m", talk[::-1], FAST),
        training_key("m", talk[:2], FAST),
        training_key("m", talk, dataclasses.replace(FAST, seed=9)),
    ]
    assert len(set(keys)) == 5
    assert training_key("m", [tuple(turns) for turns in talk], FAST) == keys[0]


def test_the_merged_model_says_what_the_model_with_its_adapter_says(tiny_llama: Path) -> None:
    adapter = fit_adapter(str(tiny_llama), conversations(), FAST, device="cpu")
    samples = samples_of(tiny_llama)
    tuned, _ = train_adapter(load_base(str(tiny_llama), "cpu"), samples, FAST)
    base = load_base(str(tiny_llama), "cpu")
    ids = torch.tensor([samples[0].ids])
    with torch.inference_mode():
        plain = base.model(ids).logits.clone()
        with_adapter = tuned(input_ids=ids).logits
        merged = merge_adapter(load_base(str(tiny_llama), "cpu"), adapter)
        found = merged.model(ids).logits
    assert torch.allclose(found, with_adapter, atol=1e-4)
    assert (found - plain).abs().max() > 0.1
    assert not [name for name, _ in merged.model.named_parameters() if "lora" in name]


def test_the_tuned_model_has_replies_of_its_own_in_the_cache(tiny_llama: Path, tmp_path: Path) -> None:
    adapter = fit_adapter(str(tiny_llama), conversations(), FAST, device="cpu")
    cache = ReplyCache(tmp_path / "replies.sqlite")
    tuned = load_adapted(str(tiny_llama), adapter, device="cpu", cache=cache)
    base = CachedLanguageModel(load_base(str(tiny_llama), "cpu"), cache)
    assert isinstance(tuned, CachedLanguageModel)
    assert tuned.identity != base.identity
    assert tuned.name.endswith("fine-tuned")
    prompt: Sequence[Message] = conversations(1)[0][:1]
    options = ["so happy today", "sad and angry"]
    before, after = base.score(prompt, options), tuned.score(prompt, options)
    assert (base.misses, tuned.misses) == (1, 1)
    assert after[0] > before[0] + 1, "what was trained on has become more likely"
    assert after[0] > after[1]
    assert load_adapted(str(tiny_llama), adapter, device="cpu", cache=None).identity == tuned.identity


def test_a_folder_that_is_no_adapter_is_one_clear_error(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_adapter(tmp_path)
    (tmp_path / "training.json").write_text("{}")
    with pytest.raises(BadInput, match="this is no adapter"):
        read_adapter(tmp_path)
    adapter = fit_adapter(str(tiny_llama), conversations(), dataclasses.replace(FAST, epochs=1), device="cpu")
    config = json.loads((adapter.folder / "adapter_config.json").read_text())
    config["target_modules"] = ["no_such_layer"]
    (adapter.folder / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match="does not fit"):
        merge_adapter(load_base(str(tiny_llama), "cpu"), adapter)
