import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.dialogue.context import Turn, earlier_turns
from thymos.perceive.dialogue.descriptions import (
    NOTE,
    describe_by_plane,
    in_words,
    plane_of,
    with_descriptions,
)
from thymos.perceive.dialogue.recognizer import DialogueRecognizer
from thymos.perceive.text_linear import LinearTextRecognizer

from .test_dialogue_recognizer import QUICK, talks


@pytest.fixture(scope="module")
def moods():
    words = ["day", "news", "morning", "evening", "week", "year"]
    texts = [f"{mood} {word}" for mood in ("glad happy", "sad grey") for word in words]
    return LinearTextRecognizer().fit(texts, ["joy"] * 6 + ["sadness"] * 6)


def test_pleasant_words_lie_to_the_right(moods):
    glad, sad, nothing = plane_of(moods, ["so glad and happy", "so sad and grey", " "], "goemotions_ekman7")
    assert glad[0] > 0 > sad[0]
    assert nothing.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ((-1, -1), "very unpleasant and calm"),
        ((0, 0.2), "neither pleasant nor unpleasant and awake"),
        ((0.2, 0.3), "pleasant and stirred"),
        ((1, 1), "very pleasant and excited"),
    ],
)
def test_places_in_words(point, words):
    assert in_words(point) == words


def test_a_description_uses_earlier_turns_of_the_same_speaker_and_no_label(moods):
    row = [Turn("Ann", "glad happy"), Turn("Ben", "sad grey"), Turn("Ann", "sad grey day")]
    alone, told = describe_by_plane(moods)([row[-1:], row])
    assert alone == told.split(";")[0]
    assert "Ann sounded" in told
    assert "Ben" not in told
    assert not any(label in told for label in moods.classes_)


def test_a_class_without_a_place(moods):
    other = LinearTextRecognizer().fit([f"{a} {b}" for a in "ac" for b in "rstuvw"], ["joy"] * 6 + ["nowhere"] * 6)
    with pytest.raises(BadInput, match="no place"):
        plane_of(other, ["a"], "goemotions_ekman7")


def test_descriptions_stand_right_before_the_utterance():
    items, _ = talks(2)
    rows = with_descriptions(items, earlier_turns(items, 4), lambda rows: ["so"] * len(rows))
    assert all(row[-2] == Turn(NOTE, "so") for row in rows)
    with pytest.raises(BadInput, match="3 descriptions"):
        with_descriptions(items, earlier_turns(items, 4), lambda rows: ["so"] * 3)


def test_a_recognizer_learns_from_descriptions_and_cannot_be_saved_with_them(tiny_talker, tmp_path):
    items, labels = talks()
    told = {turn: ("glad" if label == "joy" else "sad") for turn, label in zip(items.index, labels, strict=True)}
    answers = iter([list(told.values())] * 9)
    fitted = DialogueRecognizer(encoder=tiny_talker, **{**QUICK, "window": 0, "epochs": 14}).fit(
        items, labels, development=(items, labels), describe=lambda rows: next(answers)
    )
    assert (fitted.predict(items) == labels).mean() > 0.9, "without context only the description tells"
    with pytest.raises(BadInput, match="describer"):
        fitted.save(tmp_path)
    assert np.allclose(fitted.predict_proba(items).sum(axis=1), 1)
