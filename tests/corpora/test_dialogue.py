"""Dialogues as objects and as tables."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.dialogue import Dialogue, Speaker, Utterance, dialogues_of, from_table, utterance_table
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.testing import synthetic_corpus, write_official_layout

TEXTS = st.text(max_size=12)
TURNS = st.tuples(st.sampled_from(["Ann", "Ben", ""]), TEXTS, st.sampled_from(["joy", "fear"]))
TALKS = st.lists(st.lists(TURNS, min_size=1, max_size=5), min_size=1, max_size=4)


def built(talks):
    return [
        Dialogue(
            f"d{number}",
            tuple(
                Utterance(f"d{number}u{turn}", Speaker(who), text, labels={"emotion": label})
                for turn, (who, text, label) in enumerate(talk)
            ),
        )
        for number, talk in enumerate(talks)
    ]


@given(TALKS)
def test_to_a_table_and_back(talks):
    dialogues = built(talks)
    table = utterance_table(dialogues).reset_index()
    assert from_table(table.sample(frac=1, random_state=0).sort_values("dialogue", kind="stable")) == dialogues


@given(TALKS, st.integers(0, 6))
def test_before_is_what_was_said_right_before(talks, window):
    for dialogue in built(talks):
        for turn in range(len(dialogue)):
            found = dialogue.before(turn, window)
            assert found == tuple(dialogue.utterances[:turn])[len(dialogue.utterances[:turn]) - len(found) :]
            assert len(found) == min(turn, window)
        with pytest.raises(BadInput, match="window"):
            dialogue.before(len(dialogue), 1)


def test_speakers_in_the_order_of_their_first_turn():
    (dialogue,) = built([[("Ben", "a", "joy"), ("Ann", "b", "joy"), ("Ben", "c", "joy")]])
    assert [speaker.name for speaker in dialogue.speakers] == ["Ben", "Ann"]


@pytest.mark.parametrize("slug", ["meld", "empathetic_dialogues", "esconv"])
def test_corpora_of_dialogues(tmp_path, slug):
    write_official_layout(slug, tmp_path / slug)
    dialogues = dialogues_of(load_corpus(slug, tmp_path))
    assert len(dialogues) > 3
    assert len({dialogue.id for dialogue in dialogues}) == len(dialogues)
    assert any(len(dialogue) > 1 for dialogue in dialogues)
    assert all(one.speaker.name for dialogue in dialogues for one in dialogue)
    utterance_table(dialogues)


def test_a_corpus_without_dialogues():
    with pytest.raises(BadInput, match="has no turns of dialogues"):
        dialogues_of(synthetic_corpus("text", n_items=24, seed=0))


def rows(**change):
    table = {"dialogue": ["a", "a"], "turn": [0, 1], "speaker": ["Ann", None], "text": ["hi", ""]}
    return pd.DataFrame({**table, **change})


def test_a_missing_speaker_and_an_empty_text_are_kept():
    (dialogue,) = from_table(rows())
    assert [one.speaker.name for one in dialogue] == ["Ann", ""]
    assert dialogue.utterances[1].text == ""
    assert dialogue.utterances[1].id == "a/1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"turn": [0, 0]}, "row 2: the dialogue has this turn twice"),
        ({"turn": [0, "x"]}, "row 2: the turn is no number"),
        ({"text": ["hi", None]}, "the text is missing"),
        ({"start": [0.0, 5.0], "end": [1.0, 4.0]}, "ends at 4 s and starts at 5 s"),
        ({"id": ["u", "u"]}, "same id"),
    ],
)
def test_bad_rows(change, said):
    with pytest.raises(BadInput, match=said):
        from_table(rows(**change))


def test_nothing_is_an_error():
    with pytest.raises(BadInput, match="no column 'dialogue'"):
        from_table(pd.DataFrame({"text": []}))
    with pytest.raises(BadInput, match="no dialogue"):
        utterance_table([])
    with pytest.raises(BadInput, match="no utterance"):
        Dialogue("d", ())
    one = Utterance("u", Speaker("Ann"), "hi")
    with pytest.raises(BadInput, match="two dialogues"):
        utterance_table([Dialogue("a", (one,)), Dialogue("b", (one,))])
