import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.dialogue.context import (
    Turn,
    checked_turns,
    earlier_turns,
    encode_turns,
    shares_of,
)
from thymos.perceive.text_finetuned import transformer_encoder


def talk(rows):
    return pd.DataFrame(
        rows, columns=["dialogue", "turn", "speaker", "text"], index=[f"u{n}" for n in range(len(rows))]
    )


TALK = talk(
    [
        ("b", 0, "Cy", "other talk"),
        ("a", 2, "Ann", "third"),
        ("a", 0, "Ann", "first"),
        ("a", 1, "Ben", "second"),
    ]
)


@pytest.fixture(scope="module")
def tokenizer(tiny_talker):
    return transformer_encoder(tiny_talker, "cpu").tokenizer


def test_each_row_sees_what_was_said_before_in_its_own_dialogue():
    found = earlier_turns(TALK, 4)
    assert found[0] == [Turn("Cy", "other talk")]
    assert found[1] == [Turn("Ann", "first"), Turn("Ben", "second"), Turn("Ann", "third")]
    assert found[2] == [Turn("Ann", "first")]
    assert earlier_turns(TALK, 0)[1] == [Turn("Ann", "third")]
    assert earlier_turns(TALK, 1)[1] == [Turn("Ben", "second"), Turn("Ann", "third")]


@given(st.permutations(range(4)))
def test_the_order_of_the_rows_does_not_matter(order):
    mixed = earlier_turns(TALK.iloc[list(order)], 4)
    straight = earlier_turns(TALK, 4)
    assert [mixed[list(order).index(place)] for place in range(4)] == straight


def test_no_later_turn_is_ever_seen():
    changed = TALK.copy()
    changed.loc["u1", "text"] = "something else"
    assert earlier_turns(changed, 9)[2:] == earlier_turns(TALK, 9)[2:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": [None, "a", "b", "c"]}, "text is missing"),
        ({"turn": ["x", 1, 2, 3]}, "no number"),
        ({"turn": [0, 1, 1, 2]}, "twice"),
        ({"dialogue": [None, "a", "a", "a"]}, "dialogue is missing"),
    ],
)
def test_bad_turns(change, said):
    with pytest.raises(BadInput, match=said):
        checked_turns(TALK.assign(**change))


def test_missing_columns_and_empty_tables():
    with pytest.raises(BadInput, match="no column 'text'"):
        checked_turns(TALK.drop(columns="text"))
    with pytest.raises(BadInput, match="no turn"):
        checked_turns(TALK.iloc[:0])
    assert checked_turns(TALK.drop(columns="speaker"))["speaker"].tolist() == [""] * 4


def test_only_the_utterance_is_averaged(tokenizer):
    rows = [[Turn("Ann", "glad"), Turn("Ben", "sad so sad")]]
    (text,) = encode_turns(tokenizer, rows, max_tokens=64)
    alone = tokenizer("sad so sad", add_special_tokens=False)["input_ids"]
    assert text.tokens[text.pooled[0] : text.pooled[1]] == [*alone, tokenizer.sep_token_id]
    assert text.tokens[0] == tokenizer.cls_token_id
    assert text.tokens[-1] == tokenizer.sep_token_id


def test_the_oldest_turns_go_first_and_long_utterances_lose_their_end(tokenizer):
    many = [Turn("A", f"turn {n}") for n in range(30)] + [Turn("B", "end")]
    (text,) = encode_turns(tokenizer, [many], max_tokens=24, speakers="none")
    (last,) = encode_turns(tokenizer, [many[-2:]], max_tokens=24, speakers="none")
    assert len(text.tokens) <= 24
    assert text.tokens[-len(last.tokens) + 1 :] == last.tokens[1:], "the newest turns stay"
    (long,) = encode_turns(tokenizer, [[Turn("A", "before"), Turn("B", "glad " * 900)]], max_tokens=24)
    assert len(long.tokens) == 24
    assert long.pooled[1] == 24


@pytest.mark.parametrize("text", ["", " ", "😀😀", "שלום עולם", "日本語 and English", "a" * 50_000, "\u200b\ufffd"])
@pytest.mark.parametrize("speakers", ["names", "relative", "none"])
def test_any_text_can_be_encoded(tokenizer, text, speakers):
    rows = [[Turn("", text)], [Turn("Ann", text), Turn("Ann", text)]]
    for one in encode_turns(tokenizer, rows, max_tokens=32, speakers=speakers):
        assert 2 <= len(one.tokens) <= 32
        assert 0 < one.pooled[0] < one.pooled[1] == len(one.tokens)


def test_relative_speakers_hide_names(tokenizer):
    def shown(first, second):
        rows = [[Turn(first, "hello"), Turn(second, "hello"), Turn(first, "bye")]]
        return encode_turns(tokenizer, rows, max_tokens=64, speakers="relative")

    assert shown("Ann", "Ben") == shown("Cy", "Dee")
    assert shown("Ann", "Ben") != shown("Ann", "Ann")


@pytest.mark.parametrize("options", [{"max_tokens": 4}, {"max_tokens": 32, "speakers": "loud"}])
def test_options_that_cannot_be(tokenizer, options):
    with pytest.raises(BadInput):
        encode_turns(tokenizer, [[Turn("", "a")]], **options)


def test_shares():
    assert shares_of(np.array([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
