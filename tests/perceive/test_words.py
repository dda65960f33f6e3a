"""Words with weights: by hand, and what holds for any text."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.conformance import example_items, tiny_encoder
from thymos.perceive.text_finetuned import transformer_encoder
from thymos.perceive.words import occlusion_weights, shuffled, top_words, weighted_words, word_spans, words_from_tokens


@given(st.text(max_size=80))
def test_words_lie_in_order_and_hold_no_space(text):
    spans = word_spans(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    for start, end in spans:
        assert not any(character.isspace() for character in text[start:end])


def test_words_of_other_scripts_and_none():
    assert ["ждать, дом!"[a:b] for a, b in word_spans("ждать, дом!")] == ["ждать", "дом"]
    assert word_spans("🙂 ... !") == []
    assert [text for a, b in word_spans("don’t re-enter") for text in ["don’t re-enter"[a:b]]] == ["don’t", "re-enter"]


def test_weights_must_fit():
    with pytest.raises(BadInput, match="2 weights for 1 words"):
        weighted_words("hello", [1, 2])


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    texts = example_items()[0]["text"].tolist()
    return transformer_encoder(str(tiny_encoder(tmp_path_factory.mktemp("m") / "tiny", texts)), "cpu").tokenizer


def test_weights_of_tokens_are_summed_over_words(tokenizer):
    texts = ["a lovely, lovely day", "", "!!", "day"]
    rows = tokenizer(texts)["input_ids"]
    found = words_from_tokens(tokenizer, texts, [np.ones(len(row)) for row in rows], 64)
    offsets = tokenizer(texts, return_offsets_mapping=True)["offset_mapping"]
    for text, words, places in zip(texts, found, offsets, strict=True):
        assert [one.word for one in words] == [text[a:b] for a, b in word_spans(text)]
        inside = sum(any(a < end and start < b for start, end in word_spans(text)) for a, b in places if b > a)
        assert sum(one.weight for one in words) == inside


def test_words_behind_the_last_token_weigh_nothing(tokenizer):
    text = "day " * 50
    rows = tokenizer([text], truncation=True, max_length=8)["input_ids"]
    (words,) = words_from_tokens(tokenizer, [text], [np.ones(len(rows[0]))], 8)
    assert len(words) == 50
    assert words[0].weight > 0
    assert words[-1].weight == 0


def test_a_prefix_gets_no_words(tokenizer):
    rows = tokenizer(["query: lovely day"])["input_ids"]
    (words,) = words_from_tokens(tokenizer, ["lovely day"], [np.ones(len(rows[0]))], 64, prefix="query: ")
    assert [one.word for one in words] == ["lovely", "day"]
    assert all(one.weight > 0 for one in words)


def test_a_slow_tokenizer_is_refused():
    with pytest.raises(BadInput, match="fast tokenizer"):
        words_from_tokens(object(), ["a"], [np.ones(1)], 8)


def judge(texts):
    """Probability of the first class rises with each 'glad'."""
    scores = np.array([text.count("glad") for text in texts], dtype=float)
    first = (1 + scores) / (2 + scores)
    return np.column_stack([first, 1 - first])


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_leaving_a_word_out(batch):
    found = occlusion_weights(judge, ["i am glad now", "", "nothing here"], batch=batch)
    assert [len(words) for words in found] == [4, 0, 2]
    weights = {one.word: one.weight for one in found[0]}
    assert weights["glad"] == pytest.approx(np.log(2 / 3) - np.log(1 / 2))
    assert weights["am"] == weights["now"] == 0
    assert occlusion_weights(judge, []) == []


def test_top_words_are_content_words_above_the_mean():
    words = weighted_words("The storm and the Storm broke a window", [9, 5, 8, 7, 6, 4, 3, 0.1])
    assert [one.word for one in top_words(words, 5)] == ["Storm"], "equal words stand once, others are below the mean"
    assert [one.word for one in top_words(words, 2, content_only=False)] == ["The", "and"]
    assert top_words([], 3) == []
    with pytest.raises(BadInput, match="most is 0"):
        top_words(words, 0)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9), st.integers(0, 5))
def test_shuffled_weights_are_the_same_weights(weights, seed):
    words = weighted_words(" ".join(["word"] * len(weights)), weights)
    order = np.random.default_rng(seed).permutation(len(words))
    mixed = shuffled(words, order)
    assert sorted(one.weight for one in mixed) == sorted(one.weight for one in words)
    assert [one.start for one in mixed] == [one.start for one in words]
