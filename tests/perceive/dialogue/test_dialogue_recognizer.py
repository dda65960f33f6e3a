import numpy as np
import pandas as pd
import pytest

from thymos.errors import BadInput
from thymos.perceive.dialogue.recognizer import DialogueRecognizer, codes_in, held_out_dialogues
from thymos.perceive.saving import load_recognizer

QUICK = {"epochs": 5, "batch_size": 4, "learning_rate": 3e-3, "max_tokens": 32, "device": "cpu"}


def talks(count=8):
    """The second utterance of each talk is answered by mood of the first: only the context tells."""
    rows = []
    for number in range(count):
        mood = "glad" if number % 2 else "sad"
        rows.append((f"d{number}", 0, "Ann", f"{mood} {mood}", "joy" if number % 2 else "sadness"))
        rows.append((f"d{number}", 1, "Ben", "so", "joy" if number % 2 else "sadness"))
    table = pd.DataFrame(rows, columns=["dialogue", "turn", "speaker", "text", "label"])
    table.index = [f"u{n}" for n in range(len(table))]
    return table.drop(columns="label"), table["label"]


@pytest.fixture(scope="module")
def fitted(tiny_talker):
    items, labels = talks()
    return DialogueRecognizer(encoder=tiny_talker, selection="macro_f1", **QUICK).fit(
        items, labels, development=(items, labels)
    )


def test_it_reads_the_context(fitted):
    items, labels = talks()
    found = fitted.predict(items)
    assert (found == labels)[items["turn"] == 1].mean() > 0.8, "the second turns are told apart by the first only"
    shares = fitted.predict_proba(items)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert shares.index.equals(items.index)


def test_saving(fitted, tmp_path):
    items, _ = talks()
    fitted.save(tmp_path / "saved")
    again = load_recognizer(tmp_path / "saved")
    np.testing.assert_allclose(again.predict_proba(items), fitted.predict_proba(items), atol=0.03)


def test_without_development_dialogues_some_are_held_out(tiny_talker):
    items, labels = talks(6)
    fitted = DialogueRecognizer(encoder=tiny_talker, **{**QUICK, "epochs": 1}, class_power=0.5, smoothing=0.1).fit(
        items, labels
    )
    assert fitted.held_out_.shape == (2, 2), "one dialogue of two turns"


def test_one_dialogue_is_not_enough(tiny_talker):
    items, labels = talks(2)
    with pytest.raises(BadInput, match="one dialogue"):
        DialogueRecognizer(encoder=tiny_talker, **QUICK).fit(items.assign(dialogue="d", turn=range(4)), labels)


@pytest.mark.parametrize(
    ("options", "said"), [({"selection": "luck"}, "selection"), ({"window": -1}, "window"), ({"epochs": 0}, "epochs")]
)
def test_parameters(tiny_talker, options, said):
    items, labels = talks(2)
    with pytest.raises(BadInput, match=said):
        DialogueRecognizer(encoder=tiny_talker, **{**QUICK, **options}).fit(items, labels, development=(items, labels))


def test_bad_items(fitted, tiny_talker):
    with pytest.raises(BadInput, match="pass a table"):
        fitted.predict(["a text"])
    with pytest.raises(BadInput, match="call fit first"):
        DialogueRecognizer(encoder=tiny_talker).predict_proba(talks(2)[0])
    items, labels = talks(2)
    with pytest.raises(BadInput, match="every label"):
        DialogueRecognizer(encoder=tiny_talker, **QUICK).fit(items, ["joy"] * 4, development=(items, labels))


def test_held_out_dialogues_are_whole():
    names = pd.Series([f"d{n // 3}" for n in range(60)])
    held = held_out_dialogues(names, 0)
    assert held.sum() == 6
    assert names[held].nunique() == 2


def test_a_development_label_that_was_not_trained():
    with pytest.raises(BadInput, match="no training dialogue"):
        codes_in(pd.Series(["joy", "awe"]), np.array(["joy"], dtype=object))
