"""Replies with hints: what the language model is told, crises, fusion, and the plug-ins."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.load import load_language_model
from thymos.language.model import Reply
from thymos.perceive.conformance import check_recognizer, example_items
from thymos.perceive.saving import load_recognizer
from thymos.perceive.text_attention import AttentionTextRecognizer
from thymos.perceive.text_states import StateTextRecognizer
from thymos.perceive.words import weighted_words, word_spans
from thymos.respond.guard import Guard
from thymos.respond.hybrid import (
    HybridResponder,
    LinearEmpatheticRecognizer,
    SmallEmpatheticModel,
    TrustFusion,
    fit_trust,
    read_empathetically,
)
from thymos.testing.tiny_models import write_tiny_model

PATTERNS = Guard(classifier=None)


class Small:
    """A plug-in that knows one thing: rain is sad."""

    def predict_proba(self, items):
        sad = np.array([0.8 if "rain" in text else 0.1 for text in items])
        return pd.DataFrame({"joyful": 1 - sad - 0.05, "sad": sad, "angry": 0.05})

    def word_weights(self, items):
        return [weighted_words(text, [float("rain" in text[a:b]) for a, b in word_spans(text)]) for text in items]


class Writer:
    """A language model that repeats what it was told and prefers one label."""

    def __init__(self, label, says=" I see. "):
        self.label, self.says, self.told = label, says, []

    def score_batch(self, prompts, options, *, normalize="none", progress=None):
        return [np.array([0.0 if option == self.label else -1.0 for option in own]) for own in options]

    def chat(self, conversations, settings=None, *, progress=None):
        self.told += conversations
        return [Reply(self.says, "stop", 1, 1) for _ in conversations]


def test_a_plug_in_is_anything_that_reads_emotions_and_words():
    for kind in (Small, LinearEmpatheticRecognizer, AttentionTextRecognizer, StateTextRecognizer):
        assert isinstance(kind(), SmallEmpatheticModel)
    assert not isinstance(Writer("x"), SmallEmpatheticModel)


def test_readings_are_ordered():
    (reading,) = read_empathetically(Small(), ["the rain never stops"])
    assert [name for name, _ in reading.emotions] == ["sad", "joyful", "angry"]
    assert reading.words == ("rain",)
    with pytest.raises(BadInput, match="no text"):
        read_empathetically(Small(), [])


@pytest.mark.parametrize(("two_stages", "emotion"), [(False, "sad"), (True, "angry")])
def test_the_reply_is_given_emotion_and_words(two_stages, emotion):
    writer = Writer("angry")
    responder = HybridResponder(writer, Small(), candidates=2, two_stages=two_stages, guard=PATTERNS)
    reply = responder.reply(["It will rain again", "Oh?", "Yes, rain all week"])
    # "none of these" and candidates tie in the first stage; the first stage is trusted then.
    assert reply.text == "I see."
    assert reply.words == ("rain",)
    assert not reply.crisis
    system = writer.told[0][0].content
    assert f"feel {reply.emotion}" in system
    assert "rain" in system
    if not two_stages:
        assert reply.emotion == emotion


@pytest.mark.parametrize("place", [0, 2])
def test_a_crisis_is_answered_with_help_and_nothing_else(place):
    turns = ["hello", "hi", "how are you"]
    turns[place] = "I want to kill myself"
    writer = Writer("sad")
    reply = HybridResponder(writer, Small(), guard=PATTERNS).reply(turns)
    assert reply.crisis
    assert "988" in reply.text
    assert writer.told == []


@pytest.mark.parametrize(
    ("turns", "said"), [([], "not the speaker's"), (["a", "b"], "not the speaker's"), (["a", "b", " "], "is empty")]
)
def test_dialogues_that_cannot_be_answered(turns, said):
    with pytest.raises(BadInput, match=said):
        HybridResponder(Writer("sad"), Small(), guard=PATTERNS).reply(turns)


def test_a_text_without_words_is_answered():
    assert HybridResponder(Writer("joyful"), Small(), guard=PATTERNS).reply(["🙂"]).words == ()


def test_a_reply_that_harms_is_replaced():
    writer = Writer("sad", "You clearly have depression.")
    reply = HybridResponder(writer, Small(), two_stages=False, guard=PATTERNS).reply(["so much rain"])
    assert not reply.crisis
    assert "depression" not in reply.text
    assert "doctor" in reply.text


def test_numbers_below_their_least():
    with pytest.raises(BadInput, match="candidates is 0"):
        HybridResponder(Writer("sad"), Small(), candidates=0)


def test_a_real_tiny_model_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
    model = load_language_model(str(write_tiny_model(tmp_path / "tiny", max_position_embeddings=1024)), cache=None)
    reply = HybridResponder(model, Small(), guard=PATTERNS).reply(["so much rain"])
    assert reply.emotion in {"sad", "joyful", "angry"}


# -- the linear plug-in -----------------------------------------------------------------------------------------------


def test_the_linear_plug_in_keeps_the_contract_and_finds_the_words(tmp_path):
    recognizer = LinearEmpatheticRecognizer(characters=None, minimum_count=1, costs=(1.0,), folds=2)
    check_recognizer(recognizer)
    items, labels = example_items()
    fitted = recognizer.fit(items, labels)
    (words,) = fitted.word_weights(["what a lovely morning"])
    assert max(words, key=lambda one: one.weight).word == "lovely"
    fitted.save(tmp_path / "saved")
    (again,) = load_recognizer(tmp_path / "saved").word_weights(["what a lovely morning"])
    np.testing.assert_allclose([one.weight for one in again], [one.weight for one in words], atol=1e-9)


# -- fusion -----------------------------------------------------------------------------------------------------------


def tables(seed, items=60, classes=4):
    rng = np.random.default_rng(seed)
    gold = rng.integers(classes, size=items)
    small = rng.dirichlet(np.ones(classes), size=items)
    return gold, small, rng.normal(size=(items, classes))


@given(st.integers(0, 1_000))
def test_trust_zero_leaves_the_small_model_as_it_is(seed):
    _, small, language = tables(seed)
    np.testing.assert_allclose(TrustFusion(0.0, np.zeros(4))(small, language), small, atol=1e-9)


@given(st.integers(0, 1_000), st.floats(-50, 50))
def test_a_constant_a_row_changes_nothing(seed, constant):
    gold, small, language = tables(seed)
    fusion = fit_trust(small, language, gold)
    np.testing.assert_allclose(fusion(small, language), fusion(small, language + constant), atol=1e-9)


def test_a_language_model_that_knows_is_trusted_and_one_that_guesses_is_not():
    gold, small, noise = tables(3, items=2_000)
    assert fit_trust(small, np.eye(4)[gold] * 4 + noise, gold).trust > 0.5
    assert fit_trust(np.eye(4)[gold] * 0.6 + 0.1, noise, gold).trust < 0.15


def test_the_prior_of_the_language_model_is_taken_out():
    gold, small, _ = tables(4, items=500)
    favorite = np.tile([5.0, 0, 0, 0], (500, 1))
    fusion = fit_trust(small, favorite, gold)
    np.testing.assert_allclose(TrustFusion(1.0, fusion.prior)(small, favorite), small, atol=1e-9)


def test_tables_must_fit():
    gold, small, language = tables(5)
    with pytest.raises(BadInput, match="labels for"):
        fit_trust(small, language, gold[:-1])
    with pytest.raises(BadInput, match="do not fit"):
        TrustFusion(1.0, np.zeros(3))(small, language[:, :3])
