"""Tokens of a text with their places: they join to the text, and their log-likelihoods are the model's."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.local import LocalLanguageModel
from thymos.serve.prompt_scores import score_tokens, token_texts

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(text=TEXT)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tokens_join_to_the_text(tiny: LocalLanguageModel, text: str) -> None:
    spans = tiny.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    tokens, offsets = token_texts(text, spans)
    assert "".join(tokens) == text
    assert len(tokens) == len(offsets) == len(spans)
    assert list(offsets) == sorted(offsets)
    for token, start in zip(tokens, offsets, strict=True):
        assert text[start : start + len(token)] == token


@given(text=TEXT)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_log_likelihoods_are_the_model_s(tiny: LocalLanguageModel, text: str) -> None:
    scores = score_tokens(tiny, text, top=2)
    ids = tiny.encode_prompt(text)
    with torch.inference_mode():
        logits = tiny.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    expected = [float(logits[place, token]) for place, token in enumerate(ids[1:])]
    assert scores.log_likelihoods[0] is None
    assert list(scores.log_likelihoods[1:]) == pytest.approx(expected, abs=1e-4)
    assert len(scores.top) == len(ids)


def test_bytes_of_one_character_and_special_tokens() -> None:
    # A special token, then "a", then a smiley of three tokens, then an end token.
    spans = [(0, 0), (0, 1), (1, 2), (1, 2), (1, 2), (0, 0)]
    assert token_texts("a😀", spans) == (("", "a", "😀", "", "", ""), (0, 0, 1, 1, 1, 2))


def test_a_text_beyond_the_context_is_refused(tiny: LocalLanguageModel) -> None:
    with pytest.raises(BadInput, match="room for 512"):
        score_tokens(tiny, "far too long " * 300)
