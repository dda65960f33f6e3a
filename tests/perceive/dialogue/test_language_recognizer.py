"""A prompted recognizer on a tiny random Llama: what it learns, what it is asked, calibration and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from thymos.errors import BadInput
from thymos.perceive.dialogue import language_recognizer
from thymos.perceive.dialogue.language_recognizer import (
    PromptedDialogueRecognizer,
    dialogue_steps,
    fit_calibration,
    together,
)
from thymos.perceive.dialogue.prompts import Demonstration
from thymos.testing.tiny_models import write_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("tiny"), max_position_embeddings=1024))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))


def talks(count=6):
    """The mood of a talk is said in both turns."""
    rows = []
    for number in range(count):
        mood, label = ("happy", "joy") if number % 2 else ("rain", "sadness")
        rows += [(f"d{number}", 0, "Ann", f"so {mood}", label), (f"d{number}", 1, "Ben", f"{mood} {mood}", label)]
    table = pd.DataFrame(rows, columns=["dialogue", "turn", "speaker", "text", "label"])
    table.index = [f"u{number}" for number in range(len(table))]
    return table.drop(columns="label"), table["label"]


def recognizer(tiny, **options):
    return PromptedDialogueRecognizer(**{"model": tiny, "device": "cpu", "max_tokens": 400, **options})


def test_without_training_labels_are_scored_as_answers(tiny):
    items, labels = talks(2)
    fitted = recognizer(tiny, calibration="none", batch_size=3).fit(items, labels, classes=["anger"])
    assert fitted.classes_.tolist() == ["anger", "joy", "sadness"]
    assert fitted.adapter_ is None
    prompts = fitted.prompts(items)
    expected = [fitted.answering_.score(prompt, ["anger", "joy", "sadness"], normalize="tokens") for prompt in prompts]
    np.testing.assert_allclose(fitted.scores(items), expected, atol=1e-4)
    shares = fitted.predict_proba(items)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares.index.equals(items.index)
    assert "Ann: so rain\nBen: rain rain\n" in prompts[1][1].content
    assert "rain rain" not in prompts[0][1].content, "what is said later is not seen"


def test_a_model_that_cannot_be_packed_gives_the_same_scores(tiny, monkeypatch):
    items, labels = talks(2)
    fitted = recognizer(tiny, calibration="none").fit(items, labels)
    packed = fitted.scores(items)
    monkeypatch.setattr(language_recognizer, "can_pack", lambda model: False)
    np.testing.assert_allclose(fitted.scores(items), packed, atol=1e-4)


def test_an_adapter_learns_from_prompts_and_labels(tiny):
    items, labels = talks()
    seen = []
    fitted = recognizer(tiny, tuned=True, normalize="none", learning_rate=1e-2, epochs=6, rank=8).fit(
        items, labels, development=(items, labels), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (36, 36), "a step a dialogue"
    assert fitted.adapter_.losses[-1] < 0.5 * fitted.adapter_.losses[0]
    assert (fitted.predict(items) == labels).all()
    np.testing.assert_allclose(fitted.held_out_, fitted.predict_proba(items), atol=1e-6)


def test_the_order_of_passes_is_that_of_training(tiny, monkeypatch):
    items, labels = talks(4)
    taken = {}

    def stop(spec, conversations, settings, *, steps, **others):
        taken["steps"], taken["answers"] = steps, [talk[-1].content for talk in conversations]
        raise KeyboardInterrupt

    monkeypatch.setattr("thymos.language.adaptation.fit_adapter", stop)
    with pytest.raises(KeyboardInterrupt):
        recognizer(tiny, tuned=True).fit(
            items, labels, development=(items, labels), passes=[np.array([4, 5]), np.arange(8)]
        )
    assert taken["steps"][0] == [4, 5]
    assert sorted(map(tuple, taken["steps"][1:])) == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert taken["answers"] == labels.tolist()
    with pytest.raises(KeyboardInterrupt):
        recognizer(tiny, tuned=True).fit(items, labels)
    assert sum(map(len, taken["steps"])) == 6, "one dialogue of four is held out"


def test_descriptions_and_demonstrations_are_shown(tiny):
    items, labels = talks(2)
    fitted = recognizer(tiny, calibration="none").fit(
        items,
        labels,
        describe=lambda rows: [f"{len(row)} turns" for row in rows],
        demonstrate=lambda turns: [[Demonstration("glad", "joy")]] * len(turns),
    )
    text = fitted.prompts(items)[1][1].content
    assert "Note: 2 turns" in text
    assert "glad -> joy" in text
    fitted.describe_ = lambda rows: []
    with pytest.raises(BadInput, match="0 descriptions"):
        fitted.prompts(items)


@pytest.mark.parametrize("text", ["", "x" * 30_000, "\U0001f600" * 50, "שלום مرحبا", "\n\n"])
def test_odd_utterances_fit(tiny, text):
    items, labels = talks(2)
    fitted = recognizer(tiny, calibration="none", max_tokens=300).fit(items, labels)
    odd = items.assign(text=text)
    for prompt in fitted.prompts(odd):
        assert len(fitted.answering_.encode_prompt(prompt)) <= 300
    assert np.isfinite(fitted.scores(odd)).all()


# -- calibration and steps --------------------------------------------------------------------------------------------


@given(rows=st.lists(st.tuples(*[st.floats(-8, 0)] * 3), min_size=1, max_size=20))
def test_taking_out_expected_shares_makes_a_constant_liking_vanish(rows):
    scores, liking = np.array(rows), np.array([0.0, 3.0, -1.0])
    calibrated = fit_calibration("prior", np.repeat(liking[None], 5, axis=0), np.zeros(5, int))
    np.testing.assert_allclose(calibrated(liking[None]), 1 / 3, atol=1e-9)
    np.testing.assert_allclose(fit_calibration("none", scores, np.zeros(len(rows), int)).bias, 0)


def test_biases_are_learned_from_labels():
    rng = np.random.default_rng(0)
    codes = rng.choice(2, 400, p=[0.9, 0.1])
    scores = np.c_[np.zeros(400), np.full(400, 2.0)] + rng.normal(0, 0.1, (400, 2))
    shares = fit_calibration("bias", scores, codes)(scores)
    assert shares[:, 0].mean() == pytest.approx((codes == 0).mean(), abs=0.01)


@given(
    dialogues=st.lists(st.sampled_from("abcd"), min_size=1, max_size=30),
    batch_size=st.integers(1, 5),
    seed=st.integers(0, 3),
)
def test_steps_hold_every_turn_of_a_pass_once_by_dialogue(dialogues, batch_size, seed):
    order = list(range(len(dialogues)))
    steps = dialogue_steps(dialogues, [order, order[:1]], batch_size=batch_size, seed=seed)
    assert steps[-1] == [0], "the second pass comes after the first"
    assert sorted(place for step in steps[:-1] for place in step) == order
    assert all(len({dialogues[place] for place in step}) == 1 for step in steps)
    assert max(map(len, steps)) <= batch_size
    assert together(dialogues, order, 99)[0][0] == 0


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"normalize": "words"}, "normalize"),
        ({"calibration": "luck"}, "calibration"),
        ({"speakers": "all"}, "speakers"),
        ({"window": -1}, "window"),
        ({"max_tokens": 3}, "max_tokens"),
        ({"model": "openai:some-model@http://localhost:1/v1"}, "not on this machine"),
    ],
)
def test_parameters(tiny, options, said):
    items, labels = talks(2)
    with pytest.raises(BadInput, match=said):
        recognizer(tiny, **{"calibration": "none", **options}).fit(items, labels)


def test_bad_items(tiny, tmp_path):
    items, labels = talks(2)
    with pytest.raises(BadInput, match="call fit first"):
        recognizer(tiny).predict_proba(items)
    with pytest.raises(BadInput, match="the text is missing"):
        recognizer(tiny).fit(items.assign(text=None), labels)
    with pytest.raises(BadInput, match="every label"):
        recognizer(tiny).fit(items, ["joy"] * 4)
    with pytest.raises(BadInput, match="no training dialogue"):
        recognizer(tiny).fit(items, labels, development=(items, labels.replace("joy", "awe")))
    with pytest.raises(BadInput, match="not even an empty utterance"):
        recognizer(tiny, max_tokens=20, calibration="none").fit(items, labels).prompts(items)
    fitted = recognizer(tiny, calibration="none").fit(items, labels)
    with pytest.raises(BadInput, match="pass a table"):
        fitted.predict(["a text"])
    with pytest.raises(BadInput, match="cannot be saved"):
        fitted.save(tmp_path / "saved")
    assert not hasattr(clone(fitted), "classes_")
