"""Encoders with attention: what is learned, where it looks, saving, and what is refused."""

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.perceive.conformance import example_items
from thymos.perceive.encoder_classifier import EncoderClassifier
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_attention import AttentionTextRecognizer, attention_of, emotions_encoder
from thymos.perceive.text_finetuned import transformer_encoder


@pytest.fixture(scope="module")
def fitted(tiny_bert):
    items, labels = example_items(3)
    recognizer = AttentionTextRecognizer(encoder=tiny_bert, epochs=6, learning_rate=3e-3, batch_size=4, device="cpu")
    return recognizer.fit(items, labels, development=(items, labels))


def test_it_learns(fitted):
    items, labels = example_items(3)
    assert (fitted.predict(items) == labels).mean() > 0.9
    shares = fitted.predict_proba(items)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert max(fitted.development_) > 0.9
    assert fitted.development_shares_.shape == (24, 2)


def test_attention_of_a_text_sums_to_one_and_stays_on_its_tokens(fitted):
    items, _ = example_items(3)
    texts = fitted.encoder_.encoded([*items["text"].tolist(), "", "day " * 200], 16)
    for text, weights in zip(texts, attention_of(fitted.encoder_, texts), strict=True):
        assert len(weights) == len(text.tokens)
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1, abs=1e-5)


def test_words_carry_attention(fitted):
    items, _ = example_items(3)
    for text, words in zip(items["text"], fitted.word_weights(items), strict=True):
        assert [one.word for one in words] == [text[one.start : one.end] for one in words]
        assert 0 < sum(one.weight for one in words) <= 1 + 1e-6


def test_it_is_saved_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "saved")
    again = load_recognizer(tmp_path / "saved")
    items, _ = example_items(3)
    np.testing.assert_allclose(again.predict_proba(items), fitted.predict_proba(items), atol=0.05)
    assert [len(words) for words in again.word_weights(items)] == [len(words) for words in fitted.word_weights(items)]


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_other_poolings_have_no_attention(tiny_bert, pooling):
    items, labels = example_items(12)
    recognizer = AttentionTextRecognizer(encoder=tiny_bert, pooling=pooling, epochs=1, device="cpu")
    recognizer.fit(items, labels, development=(items, labels))
    with pytest.raises(BadInput, match="fit with attention"):
        recognizer.word_weights(items)


@pytest.mark.parametrize(
    ("change", "said"), [({"pooling": "max"}, "pooling is 'max'"), ({"start": "faces"}, "start is 'faces'")]
)
def test_unknown_parameters_are_refused(tiny_bert, change, said):
    items, labels = example_items(12)
    with pytest.raises(BadInput, match=said):
        AttentionTextRecognizer(encoder=tiny_bert, **change).fit(items, labels, development=(items, labels))


def test_development_texts_are_needed_with_known_labels(tiny_bert):
    items, labels = example_items(12)
    with pytest.raises(BadInput, match="development texts"):
        AttentionTextRecognizer(encoder=tiny_bert).fit(items, labels)
    with pytest.raises(BadInput, match="in no training"):
        AttentionTextRecognizer(encoder=tiny_bert).fit(items, labels, development=(items, ["other"] * len(items)))


def test_the_weights_that_ship_fit_their_own_encoder_only(tiny_bert):
    with pytest.raises(BadInput, match="use start=''"):
        emotions_encoder(tiny_bert)


def test_attention_pooling_by_hand(tiny_bert):
    encoder = transformer_encoder(tiny_bert, "cpu").model
    model = EncoderClassifier.around(encoder, 3, pooling="attention").eval()
    ids = torch.tensor([[2, 5, 6, 3, 0, 0], [2, 7, 8, 9, 5, 3]])
    mask = (ids != 0).long()
    pooled = torch.tensor([[0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
    with torch.inference_mode():
        output = model(input_ids=ids, attention_mask=mask, pooled_mask=pooled)
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        scores = model.attention(states[0, 1:3])[:, 0].softmax(0)
        expected = model.head((scores[:, None] * states[0, 1:3]).sum(0))
    torch.testing.assert_close(output.logits[0], expected)
    torch.testing.assert_close(output.attentions[0][0, 1:3], scores)
    assert output.attentions[0][1].sum() == 0, "a text without a token to look at gets no weight"
    assert torch.isfinite(output.logits).all()
