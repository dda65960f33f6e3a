"""States of a frozen language model as features: the reader of states, the linear head, and gradients on words."""

import numpy as np
import pytest
import torch

from thymos.errors import BadInput
from thymos.language.load import load_encoder, load_language_model
from thymos.language.state_encoder import LanguageStateEncoder
from thymos.perceive.conformance import example_items
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_states import StateTextRecognizer, state_encoder
from thymos.testing.tiny_models import write_tiny_model

TEXTS = ["so happy today", "I feel it", "She was sad and angry when the rain began"]


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THYMOS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("models") / "llama"))


def reader(tiny, **changes):
    return LanguageStateEncoder(load_language_model(tiny, cache=None, device="cpu"), bfloat16=False, **changes)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_vectors_are_the_mean_states_after_a_layer(tiny, layer):
    states = reader(tiny, layer=layer)
    model, tokenizer = states.model.model, states.tokenizer
    found = states.encode(TEXTS)
    for text, vector in zip(TEXTS, found, strict=True):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.inference_mode():
            hidden = model(input_ids=ids, output_hidden_states=True).hidden_states
        # The last layer's states come out behind the final norm, so those are read by a hook instead.
        if layer < 2:
            mean = hidden[layer + 1][0].mean(0)
            np.testing.assert_allclose(vector, (mean / mean.norm()).numpy(), atol=1e-5)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_vectors_do_not_depend_on_the_batch_and_nothing_stays_behind(tiny):
    states = reader(tiny)
    together = states.encode(TEXTS, batch_size=3)
    np.testing.assert_allclose(together, states.encode(TEXTS, batch_size=1), atol=1e-5)
    layer = states.architecture.layers[states.layer]
    assert not layer._forward_hooks


def test_empty_and_long_texts(tiny):
    states = reader(tiny, max_tokens=8)
    found = states.encode(["", "happy " * 400])
    assert np.isfinite(found).all()
    assert states.batch(["happy " * 400])[0].shape[1] == 8


def test_a_layer_that_is_not_there(tiny):
    with pytest.raises(BadInput, match="no layer 9"):
        reader(tiny, layer=9)


def test_the_layer_is_part_of_the_identity(tiny):
    assert len({reader(tiny, layer=layer).identity for layer in range(3)}) == 3


def test_load_encoder_knows_states(tiny):
    encoder = load_encoder(f"states:{tiny}", cache=None, device="cpu")
    assert isinstance(encoder, LanguageStateEncoder)
    assert encoder.encode(TEXTS).shape == (3, encoder.dimension)
    with pytest.raises(BadInput, match="cannot be read"):
        load_encoder("states:openai:some@http://localhost:1/v1", cache=None)


@pytest.fixture(scope="module")
def fitted(tiny):
    items, labels = example_items(24)
    return StateTextRecognizer(encoder=f"states:{tiny}", folds=2).fit(items, labels)


def test_it_learns_is_saved_and_loaded(fitted, tmp_path):
    items, labels = example_items(24)
    assert (fitted.predict(items) == labels).mean() > 0.8
    fitted.save(tmp_path / "saved")
    again = load_recognizer(tmp_path / "saved")
    np.testing.assert_allclose(again.predict_proba(items), fitted.predict_proba(items), atol=1e-6)


def test_gradients_by_small_changes(fitted):
    """Gradient times input is the change of the logit when a token's vector grows a little."""
    states = state_encoder(fitted.encoder)
    states.bfloat16, before = False, states.bfloat16
    try:
        text = "so happy today"
        (row,) = fitted._products(states, [text])
        ids, mask = states.batch([text])
        weights = torch.as_tensor(fitted.coefficients_, dtype=torch.float32)

        def best(embeddings):
            vector = torch.nn.functional.normalize(states.means(embeddings, mask))
            logits = (vector @ weights.T + torch.as_tensor(fitted.intercepts_, dtype=torch.float32))[0]
            return logits - logits.mean()

        with torch.no_grad():
            base = states.embedded(ids)
            winner = int(best(base).argmax())
            for place in range(min(4, ids.shape[1])):
                grown = base.clone()
                grown[0, place] *= 1 + 1e-3
                slope = float(best(grown)[winner] - best(base)[winner]) / 1e-3
                assert row[place] == pytest.approx(slope, rel=0.05, abs=0.05)
            assert max(map(abs, row)) > 1
    finally:
        states.bfloat16 = before


def test_words_have_weights(fitted):
    items, _ = example_items(6)
    for text, words in zip(items["text"], fitted.word_weights(items), strict=True):
        assert [one.word for one in words] == [text[one.start : one.end] for one in words]
        assert all(one.weight >= 0 for one in words)
        assert any(one.weight > 0 for one in words), words


def test_another_encoder_has_no_states(tiny_bert):
    with pytest.raises(BadInput, match="no language model's states"):
        state_encoder(tiny_bert)


def test_too_few_texts_for_a_discriminant(tiny):
    with pytest.raises(BadInput, match="too few for a discriminant"):
        StateTextRecognizer(encoder=f"states:{tiny}", folds=2).fit(["a b", "c d", "e f", "g h"], ["x", "y", "x", "y"])
