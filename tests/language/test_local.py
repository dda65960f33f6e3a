"""Local models: batched generation against one at a time, scores against the naive loop, limits and errors."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput, Unavailable
from thymos.language import local
from thymos.language.decoding import Sampler, StopTexts
from thymos.language.local import LocalLanguageModel, load_local, request_seed
from thymos.language.model import GenerationSettings, Message, Prompt

PROMPTS = ["I feel so happy", "rain", "She was sad and angry when the rain began. " * 3, "tell me", "é😀 ", "x"]
SHORT = GenerationSettings(max_new_tokens=12)


@pytest.fixture(scope="module")
def model(tiny_llama: Path) -> LocalLanguageModel:
    return load_local(tiny_llama, name="tiny", identity="tiny", device="cpu", batch_size=4)


def naive_score(model: LocalLanguageModel, prompt: Prompt, option: str) -> float:
    """The plain loop: run prompt and option through the model and add up the option's log-probabilities."""
    if isinstance(prompt, str):
        kept = prompt.rstrip(" ")
        prompt, option = kept, prompt[len(kept) :] + option
    prefix, tokens = model.encode_prompt(prompt), model.encode_option(option)
    with torch.no_grad():
        logits = model.model(torch.tensor([prefix + tokens])).logits[0].double().log_softmax(-1)
    return sum(float(logits[len(prefix) + place - 1, token]) for place, token in enumerate(tokens))


def naive_greedy(model: LocalLanguageModel, prompt: str, count: int) -> str:
    """Greedy decoding without cache or batch."""
    ids = model.encode_prompt(prompt)
    start = len(ids)
    with torch.no_grad():
        for _ in range(count):
            token = int(model.model(torch.tensor([ids])).logits[0, -1].argmax())
            if token in model.end_ids:
                break
            ids.append(token)
    return model.tokenizer.decode(ids[start:], skip_special_tokens=True)


def test_batched_replies_equal_plain_greedy_decoding(model: LocalLanguageModel) -> None:
    replies = model.generate(PROMPTS, SHORT)
    assert [reply.text for reply in replies] == [naive_greedy(model, prompt, 12) for prompt in PROMPTS]
    assert len({reply.text for reply in replies}) > 3, "the random model must answer differently to test anything"


def test_replies_do_not_depend_on_the_batch(model: LocalLanguageModel) -> None:
    together = model.generate(PROMPTS, SHORT)
    assert together == [model.generate([prompt], SHORT)[0] for prompt in PROMPTS]


def test_sampled_replies_do_not_depend_on_the_batch_and_follow_the_seed(model: LocalLanguageModel) -> None:
    warm = GenerationSettings(max_new_tokens=12, temperature=1.0, top_p=0.9, seed=1)
    together = model.generate(PROMPTS, warm)
    assert together == [model.generate([prompt], warm)[0] for prompt in PROMPTS]
    assert together == model.generate(PROMPTS, warm)
    other = model.generate(PROMPTS, GenerationSettings(max_new_tokens=12, temperature=1.0, top_p=0.9, seed=2))
    assert [reply.text for reply in together] != [reply.text for reply in other]


def test_a_tiny_nucleus_is_greedy(model: LocalLanguageModel) -> None:
    greedy = model.generate(PROMPTS, SHORT)
    nucleus = model.generate(PROMPTS, GenerationSettings(max_new_tokens=12, temperature=1.0, top_p=1e-6))
    assert [reply.text for reply in nucleus] == [reply.text for reply in greedy]


def test_sampling_follows_the_distribution() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    sampler = Sampler([7], GenerationSettings(temperature=1.0))
    drawn = [sampler.choose(logits, [0])[0] for _ in range(4000)]
    shares = np.bincount(drawn, minlength=4) / 4000
    # four standard errors of a share of 0.5 among 4000 draws
    assert np.abs(shares - [0.5, 0.3, 0.15, 0.05]).max() < 4 * (0.25 / 4000) ** 0.5
    cold = Sampler([7], GenerationSettings(temperature=0.5, top_p=0.8))
    drawn = [cold.choose(logits, [0])[0] for _ in range(4000)]
    # squared and renormalized: .685 .247 .062 .007; the nucleus of .8 keeps the first two
    shares = np.bincount(drawn, minlength=4) / 4000
    assert shares[2:].sum() == 0
    assert abs(shares[0] - 0.25 / 0.34) < 0.03


def test_counts_and_finish_reasons(model: LocalLanguageModel) -> None:
    reply = model.generate(["I feel so happy"], SHORT)[0]
    assert reply.prompt_tokens == len(model.encode_prompt("I feel so happy"))
    assert (reply.completion_tokens, reply.finish_reason, reply.cached) == (12, "length", False)


def test_an_end_token_ends_the_reply(model: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = model.encode_prompt("tell me")
    with torch.no_grad():
        out = model.model.generate(torch.tensor([ids]), max_new_tokens=12, do_sample=False)[0, len(ids) :].tolist()
    place = next(i for i in range(3, 12) if out[i] not in out[:i])
    monkeypatch.setattr(model.model.generation_config, "eos_token_id", [out[place], 2])
    reply, neighbor = model.generate(["tell me", "rain"], SHORT)
    assert (reply.completion_tokens, reply.finish_reason) == (place, "stop")
    assert reply.text == model.tokenizer.decode(out[:place])
    assert neighbor.text


def test_a_stop_text_cuts_the_reply_and_only_that_one(model: LocalLanguageModel) -> None:
    free = model.generate(PROMPTS, SHORT)
    stop = free[0].text[2:5]
    stopped = model.generate(PROMPTS, GenerationSettings(max_new_tokens=12, stop=(stop, "never said")))
    assert stopped[0].text == free[0].text[: free[0].text.index(stop)]
    assert stopped[0].finish_reason == "stop"
    assert stopped[0].completion_tokens <= 12
    for before, after in zip(free, stopped, strict=True):
        if stop not in before.text:
            assert after == before


def test_a_stop_text_in_the_prompt_does_not_count(model: LocalLanguageModel) -> None:
    free = model.generate(["rain rain rain"], SHORT)[0]
    assert "rain" not in free.text
    assert model.generate(["rain rain rain"], GenerationSettings(max_new_tokens=12, stop=("rain",)))[0] == free


def test_stopping_looks_at_the_newest_tokens(model: LocalLanguageModel) -> None:
    ids = model.encode_option("happy!")
    assert StopTexts(model.tokenizer, ["!"]).reached(ids)
    assert not StopTexts(model.tokenizer, ["!"]).reached(ids[:-1])
    assert not StopTexts(model.tokenizer, []).reached(ids)


def test_chat_goes_through_the_template(model: LocalLanguageModel) -> None:
    conversation = [Message("system", "Be kind."), Message("user", "hi")]
    text = "<|start|>system\nBe kind.<|end|>\n<|start|>user\nhi<|end|>\n<|start|>assistant\n"
    assert model.tokenizer.decode(model.encode_prompt(conversation)) == text
    assert model.chat([conversation], SHORT)[0].text == model.generate([text], SHORT)[0].text


def test_no_template_and_a_refusing_template_are_clear_errors(
    model: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.tokenizer, "chat_template", None)
    with pytest.raises(Unavailable, match="tiny has no chat template; use generate"):
        model.chat([[Message("user", "hi")]])
    monkeypatch.setattr(model.tokenizer, "chat_template", "{{ raise_exception('roles must alternate') }}")
    with pytest.raises(BadInput, match=r"the chat template of tiny refuses this conversation .*roles must alternate"):
        model.chat([[Message("user", "hi")]])


def test_a_prompt_that_does_not_fit_is_refused_before_anything_runs(
    model: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "decode_batch", lambda *_, **__: pytest.fail("nothing may run"))
    with pytest.raises(BadInput, match=r"prompt 1: prompt and reply need \d+ tokens, tiny has room for 512"):
        model.generate(["short", "x" * 505], SHORT)
    with pytest.raises(BadInput, match=r"prompt 0: .* room for 512"):
        model.score("x" * 510, ["!!!!"])


def test_texts_without_tokens_are_clear_errors(model: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    # Some tokenizers drop spaces or unknown signs altogether.
    monkeypatch.setattr(model, "tokenizer", lambda text, **_: {"input_ids": [] if text == "\u200b" else [5]})
    with pytest.raises(BadInput, match="tiny: the prompt has no tokens"):
        model.score("\u200b", ["a"])
    with pytest.raises(BadInput, match=r"tiny: the option .* has no tokens; use another text"):
        model.score("a", ["\u200b"])


def test_scores_equal_the_naive_loop(model: LocalLanguageModel) -> None:
    options = [" happy", " sad and angry", "!", " nothing scares him more than an empty house", " happy"]
    for prompt in ("I feel so", "I feel so ", "She was " * 40, [Message("user", "How are you?")]):
        expected = [naive_score(model, prompt, option) for option in options]
        np.testing.assert_allclose(model.score(prompt, options), expected, atol=1e-4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
        lambda text: text.strip(" ")
    ),
    options=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=1, max_size=5
    ),
)
def test_scores_equal_the_naive_loop_on_any_text(model: LocalLanguageModel, prompt: str, options: list[str]) -> None:
    scores = model.score(prompt, options)
    np.testing.assert_allclose(scores, [naive_score(model, prompt, option) for option in options], atol=1e-4)
    assert (scores <= 0).all()


def test_scores_do_not_depend_on_how_options_are_split_over_batches(
    model: LocalLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [f" {word} again" for word in ("happy", "sad", "angry", "rain", "house", "night")] + ["!"]
    whole = model.score("I feel so", options)
    monkeypatch.setattr(local, "CACHE_POSITIONS", 1)
    np.testing.assert_allclose(model.score("I feel so", options), whole, atol=1e-5)


def test_scores_are_a_distribution_over_one_token_options(model: LocalLanguageModel) -> None:
    # Every single token as an option: the probabilities of all of them add up to one.
    vocabulary = len(model.tokenizer)
    scores = model._score_batch([model.encode_prompt("I feel")], [[[token] for token in range(vocabulary)]])[0]
    assert np.exp(scores).sum() == pytest.approx(1.0, abs=1e-5)


def test_spaces_between_prompt_and_option_belong_to_the_option(model: LocalLanguageModel) -> None:
    assert model.score("I feel ", ["happy"]) == pytest.approx(model.score("I feel", [" happy"]), abs=1e-6)
    scores = next(model.stream_scores(["I feel "], [["happy"]]))[0][1]
    assert scores.byte_counts.tolist() == [5], "bytes are those of the option as it was given"


def test_length_normalization(model: LocalLanguageModel) -> None:
    options = [" happy", " sad and angry"]
    tokens = [len(model.encode_option(option)) for option in options]
    total = model.score("I feel", options)
    np.testing.assert_allclose(model.score("I feel", options, normalize="tokens"), total / tokens)
    np.testing.assert_allclose(model.score("I feel", options, normalize="bytes"), total / [6, 14])


def test_score_batch_keeps_order_and_lengths(model: LocalLanguageModel) -> None:
    scores = model.score_batch(["I feel", "rain"], [[" a", " b", " c"], [" d"]])
    assert [row.shape for row in scores] == [(3,), (1,)]
    np.testing.assert_allclose(scores[1], model.score("rain", [" d"]))


def test_seeds_depend_on_seed_and_prompt() -> None:
    assert request_seed(0, [1, 2]) == request_seed(0, [1, 2])
    assert len({request_seed(0, [1, 2]), request_seed(1, [1, 2]), request_seed(0, [2, 1]), request_seed(0, [12])}) == 4


def test_identity_names_the_precision(tiny_llama: Path) -> None:
    assert load_local(tiny_llama, name="t", identity="t", device="cpu").identity == "t:float32"
    half = load_local(tiny_llama, name="t", identity="t", device="cpu", dtype="bfloat16")
    assert half.identity == "t:bfloat16"
    assert half.score("I feel", [" happy"]).shape == (1,)
    with pytest.raises(BadInput, match="unknown dtype 'int3'"):
        load_local(tiny_llama, name="t", identity="t", dtype="int3")


def test_folders_that_hold_no_model_are_clear_errors(tiny_llama: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no such folder"):
        load_local(tmp_path / "nowhere", name="t", identity="t")
    with pytest.raises(BadInput, match="no causal language model can be loaded from here"):
        load_local(tmp_path, name="t", identity="t")
    broken = tmp_path / "broken"
    shutil.copytree(tiny_llama, broken)
    weights = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(BadInput, match="broken: no causal language model can be loaded from here"):
        load_local(broken, name="t", identity="t")
    (broken / "model.safetensors").unlink()
    torch.save({}, broken / "pytorch_model.bin")
    with pytest.raises(BadInput, match=r"\*\.safetensors"):
        load_local(broken, name="t", identity="t")


def test_code_in_a_model_folder_is_not_run(tiny_llama: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    shutil.copytree(tiny_llama, hostile)
    config = json.loads((hostile / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}}
    (hostile / "config.json").write_text(json.dumps(config))
    (hostile / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    with pytest.raises(BadInput, match="no causal language model can be loaded"):
        load_local(hostile, name="t", identity="t")
    assert not (tmp_path / "ran").exists()
