"""Choosing the emotion of the next reply."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.conformance import tiny_encoder
from thymos.perceive.saving import load_recognizer
from thymos.respond.emotion_transition import (
    CONTEXT,
    MODES,
    PERSONALITY,
    TRAITS,
    TRANSITION,
    EmotionSelector,
    TransitionNetwork,
    TransitionRecognizer,
    anchors,
    focal_loss,
    temperament,
)

CALM = dict.fromkeys(TRAITS, 0.5)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    words = ["good bad news we won lost oh dear hurray fine"] * 3
    return str(tiny_encoder(tmp_path_factory.mktemp("models") / "tiny", words))


def triples(count=24):
    rows = []
    for number in range(count):
        won = number % 2 == 0
        rows.append(
            {
                "utterance_1": "we won" if won else "we lost",
                "utterance_2": "hurray" if won else "oh dear",
                "emotion_1": ("neutral", "joy", "sadness")[number % 3],
                **CALM,
                "label": "joy" if won else "sadness",
            }
        )
    table = pd.DataFrame(rows)
    return table.drop(columns="label"), table["label"]


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_temperament_by_hand(traits):
    o, c, e, a, n = traits
    expected = [
        0.21 * e + 0.59 * a + 0.19 * n,
        0.15 * o + 0.30 * a - 0.57 * n,
        0.25 * o + 0.17 * c + 0.60 * e - 0.32 * a,
    ]
    np.testing.assert_allclose(temperament(traits), expected, atol=1e-12)


@pytest.mark.parametrize("traits", [[0.5] * 4, [0.5, 0.5, 0.5, 0.5, 1.5], [float("nan")] * 5])
def test_a_personality_that_cannot_be(traits):
    with pytest.raises(BadInput, match="five numbers"):
        temperament(traits)


def test_anchors_are_those_of_the_card():
    assert anchors(["anger", "neutral"]).tolist() == [[-0.51, 0.59, 0.25], [0.0, 0.0, 0.0]]
    with pytest.raises(BadInput, match="no place"):
        anchors(["bored"])


def test_the_point_is_last_plus_change_times_influence():
    network = TransitionNetwork(4, 3, TRANSITION).eval()
    words, last, character = torch.randn(2, 8), torch.randn(2, 3), torch.randn(2, 3)
    change, influence = network.change(network.read(words)), network.influence(character)
    torch.testing.assert_close(network.points(words, last, character), last + change * influence)


@pytest.mark.parametrize("mode", MODES)
def test_what_each_mode_looks_at(mode):
    network = TransitionNetwork(4, 3, mode).eval()
    words, last, character = torch.randn(1, 8), torch.randn(1, 3), torch.randn(1, 3)
    before = network(words, last, character)
    assert torch.equal(before, network(words, last + 1, character)) == (mode != TRANSITION)
    assert torch.equal(before, network(words, last, character + 1)) == (mode == CONTEXT)


def test_focal_weights_fall_with_sureness_and_sum_to_one():
    logits, codes = torch.tensor([[4.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    weights = (1 - torch.sigmoid(torch.tensor([4.0, 1.0]))) ** 2
    losses = torch.nn.functional.cross_entropy(logits, codes, reduction="none")
    torch.testing.assert_close(focal_loss(logits, codes), (losses * weights / weights.sum()).sum())


@pytest.mark.parametrize(
    ("mode", "loss"),
    [(CONTEXT, "cross_entropy"), (PERSONALITY, "focal"), (TRANSITION, "focal"), (TRANSITION, "squared")],
)
def test_it_learns_what_follows(encoder, mode, loss):
    items, labels = triples()
    model = TransitionRecognizer(encoder=encoder, mode=mode, loss=loss, epochs=30, learning_rate=1e-2)
    model.fit(items, labels, development=(items, labels))
    assert (model.predict(items) == labels).mean() > 0.9
    assert max(model.development_) > 0.9
    np.testing.assert_allclose(model.predict_proba(items).sum(axis=1), 1, atol=1e-6)


def test_a_selector_and_its_saved_model(encoder, tmp_path):
    items, labels = triples()
    model = TransitionRecognizer(encoder=encoder, epochs=20, learning_rate=1e-2).fit(items, labels)
    label, shares = EmotionSelector(CALM, model).next("neutral", ("we lost", "oh dear"))
    assert label == max(shares, key=shares.get)
    assert sum(shares.values()) == pytest.approx(1)
    model.save(tmp_path / "saved")
    again = load_recognizer(tmp_path / "saved")
    assert EmotionSelector(CALM, again).next("neutral", ("we lost", "oh dear")) == (label, pytest.approx(shares))


@pytest.mark.parametrize(
    ("options", "said"),
    [({"mode": "guess"}, "mode"), ({"loss": "none"}, "loss"), ({"mode": CONTEXT, "loss": "squared"}, "needs points"),
     ({"epochs": 0}, "positive")],
)  # fmt: skip
def test_parameters(encoder, options, said):
    with pytest.raises(BadInput, match=said):
        TransitionRecognizer(encoder=encoder, **options).fit(*triples(4))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda items: items.drop(columns="openness"), "no column 'openness'"),
        (lambda items: items.assign(utterance_1=None), "utterance_1 is missing"),
        (lambda items: items.assign(emotion_1="bored"), "no place"),
        (lambda items: items.assign(openness=3.0), "five numbers"),
    ],
)
def test_bad_items(encoder, change, said):
    items, labels = triples(4)
    bad = change(items)
    with pytest.raises(BadInput, match=said):
        TransitionRecognizer(encoder=encoder, epochs=1).fit(bad, labels)


def test_no_rows(encoder):
    model = TransitionRecognizer(encoder=encoder, epochs=1).fit(*triples(4))
    with pytest.raises(BadInput, match="at least one row"):
        model.predict(triples(4)[0].iloc[:0])


def test_a_selector_needs_a_whole_personality_and_a_fitted_model(encoder):
    with pytest.raises(BadInput, match="no openness"):
        EmotionSelector({}, TransitionRecognizer(encoder=encoder))
    with pytest.raises(BadInput, match="call fit first"):
        EmotionSelector(CALM, TransitionRecognizer(encoder=encoder))
