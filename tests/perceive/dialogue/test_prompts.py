"""Prompts about utterances: what stands in them, what is cut first, and that nothing leaks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.model import Message
from thymos.perceive.dialogue.context import Turn, earlier_turns
from thymos.perceive.dialogue.prompts import (
    LONGEST_DEMONSTRATION,
    Demonstration,
    Question,
    fitted_prompt,
    nearest_demonstrations,
    write_prompt,
)
from thymos.perceive.dialogue.retrieval import Demonstrations

LABELS = ["joy", "sadness"]
ASKED = Question(
    (Turn("Ann", "hello"), Turn("Ben", "what  now"), Turn("Ann", "go\naway")),
    "the words sound calm",
    (Demonstration("leave me", "sadness"), Demonstration("x" * 99, "joy")),
)


def words(prompt):
    """As many tokens as words."""
    return sum(len(turn.content.split()) for turn in prompt)


def test_the_parts_stand_in_the_order_of_the_paper():
    system, user = write_prompt(ASKED, LABELS)
    assert (system.role, user.role) == ("system", "user")
    assert "joy, sadness" in system.content
    assert user.content.splitlines() == [
        "Ann: hello",
        "Ben: what now",
        "Ann: go away",
        "Note: the words sound calm",
        "Similar utterances:",
        "leave me -> sadness",
        "x" * LONGEST_DEMONSTRATION + " -> joy",
        "The emotion of Ann's last utterance is:",
    ]


def test_names_can_be_left_out():
    relative = write_prompt(ASKED, LABELS, "relative")[1].content
    assert relative.startswith("me: hello\nother: what now\nme: go away\n")
    none = write_prompt(ASKED, LABELS, "none")[1].content
    assert none.startswith("hello\nwhat now\ngo away\n")
    assert "Ann" not in relative + none
    unknown = write_prompt(Question((Turn("", "hm"),)), LABELS)[1].content
    assert unknown == "hm\nThe emotion of the last utterance is:"


def test_the_utterances_of_a_dialogue_begin_alike():
    first = write_prompt(Question(ASKED.turns[:2]), LABELS)
    second = write_prompt(Question(ASKED.turns), LABELS)
    assert first[0] == second[0]
    assert second[1].content.startswith("Ann: hello\nBen: what now\n")
    assert first[1].content.startswith("Ann: hello\nBen: what now\n")


def test_what_is_cut_first():
    seen = []
    question = ASKED
    while question is not None:
        seen.append((len(question.turns), len(question.shown), bool(question.note), question.turns[-1].text))
        question = question.shorter()
    assert seen[:6] == [
        (3, 2, True, "go\naway"),
        (2, 2, True, "go\naway"),
        (1, 2, True, "go\naway"),
        (1, 1, True, "go\naway"),
        (1, 0, True, "go\naway"),
        (1, 0, False, "go\naway"),
    ]
    assert [text for *_, text in seen[6:]] == ["go\naw", "go\na", "go\n", "go", "g", ""]


texts = st.text(alphabet="ab \n'", max_size=60)
questions = st.builds(
    Question,
    st.lists(st.builds(Turn, st.sampled_from(["", "Ann", "Ben " * 30]), texts), min_size=1, max_size=9).map(tuple),
    texts,
    st.lists(st.builds(Demonstration, texts, st.sampled_from(LABELS)), max_size=4).map(tuple),
)


@given(question=questions, room=st.integers(20, 90))
def test_a_prompt_never_exceeds_its_room_and_keeps_the_newest(question, room):
    def count(prompt):
        return sum(len(turn.content) for turn in prompt) // 4

    try:
        prompt = fitted_prompt(question, LABELS, count, max_tokens=room)
    except BadInput:
        least = Question((question.turns[-1]._replace(text=""),))
        assert count(write_prompt(least, LABELS)) > room
        return
    assert count(prompt) <= room
    if not question.turns[-1].text:
        return
    shown, own = prompt[1].content, write_prompt(Question(question.turns[-1:]), LABELS)[1].content
    for earlier in range(len(question.turns)):
        longer = write_prompt(replace(question, turns=question.turns[earlier:]), LABELS)
        if count(longer) <= room:
            assert prompt == longer, "all that fits behind the oldest turns is there"
            return
    assert len(shown.splitlines()) <= len(longer[1].content.splitlines())
    if count([prompt[0], Message("user", own)]) <= room:
        assert shown.startswith(own.splitlines()[0]), "the utterance is cut last"


def test_no_room_is_one_clear_error():
    with pytest.raises(BadInput, match="not even an empty utterance"):
        fitted_prompt(ASKED, LABELS, words, max_tokens=5)


# -- demonstrations ---------------------------------------------------------------------------------------------------


class Letters:
    """Vectors by the share of letters."""

    def encode(self, texts):
        counts = np.array([[text.count(letter) + 0.1 for letter in "abcdef"] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@st.composite
def talks(draw):
    """Labeled turns of a few dialogues with texts that are often equal."""
    rows = [
        (f"d{dialogue}", turn, "Ann", draw(st.text(alphabet="abcdef", min_size=1, max_size=3)))
        for dialogue in range(draw(st.integers(1, 4)))
        for turn in range(draw(st.integers(1, 4)))
    ]
    table = pd.DataFrame(rows, columns=["dialogue", "turn", "speaker", "text"])
    table.index = [f"{one.dialogue}/{one.turn}" for one in table.itertuples()]
    return table


@settings(max_examples=40)
@given(items=talks(), k=st.integers(1, 5), equal=st.booleans())
def test_no_turn_of_the_own_dialogue_is_shown(items, k, equal):
    """Labels name their utterance, so every label that is shown tells where it came from."""
    known = Demonstrations(
        tuple(items.index), tuple(items["dialogue"]), tuple(items["text"]), tuple(items.index),
        Letters().encode(items["text"]),
    )  # fmt: skip
    shown = nearest_demonstrations(known, Letters(), k=k, equal_texts=equal)(items)
    for (name, row), examples in zip(items.iterrows(), shown, strict=True):
        others = items[items["dialogue"] != row["dialogue"]]
        if not equal:
            others = others[others["text"] != row["text"]]
        assert len(examples) == min(k, len(others))
        question = Question(tuple(earlier_turns(items, 9)[items.index.get_loc(name)]), "", tuple(examples))
        prompt = write_prompt(question, ["x"])[1].content
        assert f"-> {row['dialogue']}/" not in prompt
        for text, label in examples:
            assert items.loc[label, "dialogue"] != row["dialogue"]
            assert items.loc[label, "text"] == text


def test_only_wanted_labels_are_shown():
    known = Demonstrations(("1", "2"), ("", ""), ("a", "b"), ("joy", "awe"), Letters().encode(["a", "b"]))
    items = pd.DataFrame({"dialogue": ["d"], "turn": [0], "speaker": ["A"], "text": ["b"]}, index=["q"])
    assert nearest_demonstrations(known, Letters())(items) == [[Demonstration("b", "awe"), Demonstration("a", "joy")]]
    assert nearest_demonstrations(known, Letters(), labels=["joy"])(items) == [[Demonstration("a", "joy")]]
