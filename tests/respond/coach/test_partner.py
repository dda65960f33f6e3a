"""The simulated partner: moves by difficulty, sentences out of a stream, and what is not shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.model import Message
from thymos.respond.coach.examples import plain
from thymos.respond.coach.partner import (
    MANNERS,
    MOVES,
    authored_line,
    authored_lines,
    instructions,
    next_move,
    partner_conversation,
    sentences,
    wrong_with,
)
from thymos.respond.coach.seed_set import DIFFICULTIES, Situation

SITUATION = Situation("My neighbor plays music at night.", "my neighbor", "hard", ("angry",))


@given(difficulty=st.sampled_from(DIFFICULTIES), turns=st.integers(1, 30), shown=st.integers(0, 7))
def test_every_move_has_words(difficulty, turns, shown):
    move = next_move(difficulty, turns, shown)
    assert move in MOVES
    assert authored_lines()[difficulty][move]


@given(turns=st.integers(1, 20), shown=st.integers(0, 7))
def test_harder_partners_agree_later(turns, shown):
    agreed = [next_move(difficulty, turns, shown) == "agree" for difficulty in DIFFICULTIES]
    assert agreed == sorted(agreed, reverse=True)
    for difficulty in DIFFICULTIES:
        if next_move(difficulty, turns, shown) == "agree":
            assert next_move(difficulty, turns, min(7, shown + 1)) == "agree", "one more skill does not take it back"


def test_a_hard_partner_denies_and_diverts_first():
    assert [next_move("hard", turn, 0) for turn in range(1, 6)] == ["deny", "divert", "attack", "deny", "divert"]
    assert next_move("hard", 2, 7) == "divert"
    assert next_move("hard", 3, 4) == "agree"


def test_bad_moves():
    with pytest.raises(BadInput, match="0 turns"):
        next_move("easy", 0, 0)
    with pytest.raises(BadInput, match="difficulty 'brutal'"):
        next_move("brutal", 1, 0)


def test_what_the_model_is_told():
    told = instructions(SITUATION, "deny")
    for part in ("the neighbor of the other person", SITUATION.text, "angry", MANNERS["hard"], MOVES["deny"]):
        assert part in told
    history = [Message("system", "x"), Message("user", "hello"), Message("assistant", "no")]
    conversation = partner_conversation(SITUATION, history, "deny")
    assert [turn.role for turn in conversation] == ["system", "user", "assistant"]
    assert conversation[0].content == told


@given(st.lists(st.text("ab.!? \n", max_size=6), max_size=8))
def test_sentences_hold_everything_that_was_said(pieces):
    found = list(sentences(iter(pieces)))
    assert "".join("".join(found).split()) == "".join("".join(pieces).split())
    assert all(one.strip() for one in found)
    assert found == list(sentences(iter(["".join(pieces)]))), "pieces may be cut anywhere"


def test_a_sentence_comes_as_soon_as_the_next_one_begins():
    left = iter(["No. ", "Never! And", " why"])
    stream = sentences(left)
    assert next(stream) == "No."
    assert next(left) == "Never! And", "nothing more was taken than needed"


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("I won't turn it down.", ""),
        ("No!", "empty"),
        ("I would like to but I", "cut off"),
        ("Look at https://example.org.", "out of its role"),
        ("As an AI language model, I cannot.", "out of its role"),
        ("I’m sorry to hear that you feel bad.", "out of its role"),
        ("Here are some tips.", "out of its role"),
        ("1. Talk to your neighbor.", "out of its role"),
        ("Neighbor: I do not care.", "out of its role"),
        ("I do [something] then.", "out of its role"),
        ("I will go, I will go, I will go there.", "goes round in circles"),
        ("Please turn the music down.", "repeats what was said"),
    ],
)
def test_what_is_not_shown(sentence, wrong):
    assert wrong_with(sentence, [Message("user", "Please turn down the music.")]) == wrong


def test_an_unwilling_partner_does_not_give_in():
    given_in = "You're right, I will turn it down."
    for move in MOVES:
        wrong = wrong_with(given_in, [], move=move)
        assert bool(wrong) == (move in ("object", "deny", "divert", "attack")), move


def test_a_sentence_twice_in_one_reply():
    assert wrong_with("I like my loud music.", [], ["I like my loud music."]) == "repeats what was said"


@given(difficulty=st.sampled_from(DIFFICULTIES), data=st.data())
def test_authored_lines_are_fresh_while_there_are_some(difficulty, data):
    move = data.draw(st.sampled_from(sorted(authored_lines()[difficulty])))
    lines = authored_lines()[difficulty][move]
    history: list[Message] = []
    said = []
    for _ in range(len(lines)):
        history.append(Message("user", "and?"))
        said.append(authored_line(difficulty, move, history))
        history.append(Message("assistant", said[-1]))
    assert sorted(map(plain, said)) == sorted(map(plain, lines))
    assert authored_line(difficulty, move, [*history, Message("user", "and?")]) in lines
