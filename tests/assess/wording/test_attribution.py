"""Attribution of words on a small random Llama: against finite differences, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.prompting import PromptVariant
from thymos.assess.wording.attribution import (
    attribute_stimulus,
    contribution_by_word,
    emotional_share_gap,
    local_model,
    token_contributions,
    word_contributions,
)
from thymos.assess.wording.stimuli import Stimulus, StimulusBank, shuffled
from thymos.errors import BadInput, Unavailable
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.endpoint import EndpointLanguageModel
from thymos.language.local import LocalLanguageModel, load_local
from thymos.language.model import Message

STIMULUS = "Stay calm, and be sure of it; stay kind."


@pytest.fixture(scope="module")
def model(tiny_llama: Path) -> LocalLanguageModel:
    return load_local(tiny_llama, name="tiny", identity="tiny", device="cpu")


def items(count: int = 3) -> list[BenchmarkItem]:
    return [
        BenchmarkItem(f"s/t/{n}", "s", "t", "Say yes or no.", f"Is {n} a number?", ("yes",), ("yes", "no"))
        for n in range(count)
    ]


def log_likelihood(model: LocalLanguageModel, embeddings: torch.Tensor, prompt: int, answer: list[int]) -> float:
    """Log-likelihood of the answer's tokens, by a plain forward pass over embeddings."""
    with torch.no_grad():
        logits = model.model(inputs_embeds=embeddings).logits[0].double().log_softmax(-1)
    return float(sum(logits[prompt - 1 + place, token] for place, token in enumerate(answer)))


def test_contributions_equal_finite_differences(model: LocalLanguageModel) -> None:
    prompt = [Message("user", f"Say yes. {STIMULUS}")]
    _, places, contributions = token_contributions(model, prompt, "yes, sure")
    ids, answer = model.encode_prompt(prompt), model.encode_option("yes, sure")
    assert len(places) == len(contributions) == len(ids)
    double = model.model.double()
    try:
        embeddings = double.get_input_embeddings()(torch.tensor([ids + answer])).detach()
        base = log_likelihood(model, embeddings, len(ids), answer)
        assert base == pytest.approx(float(model.score(prompt, ["yes, sure"])[0]), abs=1e-3)
        contributions = token_contributions(model, prompt, "yes, sure")[2]
        step = 1e-3  # the model norms in single precision even so, which smaller steps would show
        for token in (0, 5, len(ids) // 2, len(ids) - 1):
            ends = []
            for sign in (1, -1):
                moved = embeddings.clone()
                moved[0, token] *= 1 + sign * step
                ends.append(log_likelihood(model, moved, len(ids), answer))
            assert contributions[token] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-2, abs=1e-3)
    finally:
        model.model.float()


def test_words_add_up_to_their_tokens(model: LocalLanguageModel) -> None:
    prompt = [Message("user", f"Say yes. {STIMULUS} Now.")]
    table = word_contributions(model, prompt, STIMULUS, "yes")
    assert table["word"].tolist() == ["stay", "calm", "and", "be", "sure", "of", "it", "stay", "kind"]
    assert table["share"].sum() == pytest.approx(1)
    text, places, contributions = token_contributions(model, prompt, "yes")
    start, end = text.index(STIMULUS) - 1, text.index(STIMULUS) + len(STIMULUS)
    inside = [low < end and high > start for low, high in places]
    assert table["contribution"].sum() == pytest.approx(contributions[inside].sum(), abs=1e-9)
    assert np.abs(contributions).max() > 1e-3


def test_raw_prompts_and_the_last_occurrence(model: LocalLanguageModel) -> None:
    once = word_contributions(model, "be sure of it and say", "be sure", " yes")
    assert len(once) == 2
    _, places, contributions = token_contributions(model, "be sure, be sure and say", " yes")
    twice = word_contributions(model, "be sure, be sure and say", "be sure", " yes")
    late = [low >= 8 and high <= 16 for low, high in places]
    assert twice["contribution"].sum() == pytest.approx(contributions[late].sum(), abs=1e-6)


def test_weights_keep_no_gradient(model: LocalLanguageModel) -> None:
    word_contributions(model, "be sure of it", "sure", " yes")
    assert all(weight.grad is None for weight in model.model.parameters())


def test_stimulus_against_its_shuffle(model: LocalLanguageModel, tmp_path: Path) -> None:
    bank = StimulusBank("b", "1", (Stimulus("calm", STIMULUS, "none", "positive"),))
    cached = CachedLanguageModel(model, ReplyCache(tmp_path / "replies.sqlite"))
    seen: list[tuple[int, int]] = []
    own = attribute_stimulus(
        cached, items(), PromptVariant("calm", STIMULUS), progress=lambda done, total: seen.append((done, total))
    )
    mixed = attribute_stimulus(cached, items(), PromptVariant("mixed", shuffled(bank).stimuli[0].text))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(own) == 9 * 3
    table = contribution_by_word(own, mixed, resamples=200)
    assert table["word"].tolist() == ["stay", "calm", "and", "be", "sure", "of", "it", "kind"]
    both = own[own["word"] == "stay"].groupby("item")["contribution"].sum()
    assert table["contribution"][0] == pytest.approx(both.mean())
    assert (table["low"] <= table["contribution"]).all()
    assert (table["contribution"] <= table["high"]).all()
    assert table["difference"].tolist() == pytest.approx((table["contribution"] - table["control"]).tolist())
    same = contribution_by_word(own, own, resamples=50)
    assert same["difference"].abs().max() == 0
    assert "control" not in contribution_by_word(own, resamples=50)


def test_gap_between_emotional_and_other_words() -> None:
    words = pd.DataFrame(
        {"item": ["a"] * 3, "cluster": ["c"] * 3, "word": ["be", "calm", "now"], "share": [0.2, 0.7, 0.1]}
    )
    gap = emotional_share_gap(words, ("calm",))
    assert gap["gap"].tolist() == pytest.approx([0.7 - 0.15])
    assert gap.columns.tolist() == ["item", "cluster", "gap"]
    for wrong in ((), ("be", "calm", "now")):
        with pytest.raises(BadInput, match="emotional words and others"):
            emotional_share_gap(words, wrong)


def test_letters_are_answered_by_letter(model: LocalLanguageModel) -> None:
    plain = items(1)[0]
    lettered = BenchmarkItem("s/t/9", "s", "t", "Say it.", "Which?", ("no",), ("yes", "no"), option_form="letters")
    table = attribute_stimulus(model, [lettered], PromptVariant("calm", STIMULUS))
    from thymos.assess.engine.prompting import build_prompt

    prompt = build_prompt(lettered, PromptVariant("calm", STIMULUS))
    pd.testing.assert_series_equal(
        table["contribution"], word_contributions(model, prompt, STIMULUS, "B")["contribution"]
    )
    assert len(attribute_stimulus(model, [plain], PromptVariant("calm", STIMULUS))) == 9


def test_what_cannot_be_attributed(model: LocalLanguageModel) -> None:
    with pytest.raises(BadInput, match="not in the prompt"):
        word_contributions(model, "be sure", "be calm", " yes")
    with pytest.raises(BadInput, match="not in the prompt"):
        word_contributions(model, "be sure", "  ", " yes")
    with pytest.raises(BadInput, match="no stimulus"):
        attribute_stimulus(model, items(), PromptVariant())
    with pytest.raises(BadInput, match="no item"):
        attribute_stimulus(model, [], PromptVariant("calm", STIMULUS))
    with pytest.raises(Unavailable, match="no gradients"):
        local_model(EndpointLanguageModel("m", "http://127.0.0.1:9/v1"))
    own = attribute_stimulus(model, items(), PromptVariant("calm", STIMULUS))
    for other in (own.assign(word="x"), own[own["item"] != "s/t/0"]):
        with pytest.raises(BadInput, match="other items or words"):
            contribution_by_word(own, other, resamples=10)
    with pytest.raises(BadInput, match="same words"):
        contribution_by_word(own.drop(own[own["word"] == "calm"].index[0]), resamples=10)
    with pytest.raises(BadInput, match="no attribution"):
        contribution_by_word(own.iloc[:0], resamples=10)
