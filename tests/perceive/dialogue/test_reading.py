"""Dialogues turn by turn: shifts, cause words, marks for what cannot be judged, and little memory."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.corpora.dialogue import Dialogue, Speaker, Utterance
from thymos.errors import BadInput
from thymos.perceive.dialogue import reading
from thymos.perceive.dialogue.causes import BEFORE, OWN, CauseWord, Question, cause_words
from thymos.perceive.dialogue.reading import SHIFT, Shift, read_turns, reading_table, told_causes
from thymos.perceive.text_reading import PIECE_WORDS, TextReader
from thymos.testing.word_recognizer import WordRecognizer

WORDS = {"glad": "joy", "mad": "anger", "thanks": "gratitude"}


def talk(*turns, name="d"):
    return Dialogue(name, tuple(Utterance(f"{name}{k}", Speaker(who), text) for k, (who, text) in enumerate(turns)))


@pytest.fixture
def reader():
    return TextReader(WordRecognizer(WORDS))


def read(reader, *dialogues, **options):
    return list(read_turns(dialogues, reader, **options))


def test_what_a_turn_tells(reader):
    (one,) = read(reader, talk(("Ann", "so glad, thanks")))
    assert (one.best, one.labels) == ("joy", ("joy", "gratitude"))
    assert one.chances == pytest.approx((0.9, 0.81))
    assert one.point[0] > 0.5
    assert (one.own_shift, one.shift) == (None, None)
    assert [word.word for word in one.causes] == ["glad"]


def test_shifts_look_back_at_the_speaker_and_at_the_turn_before(reader):
    found = read(reader, talk(("Ann", "glad"), ("Ben", "mad"), ("Ann", "🙂"), ("Ann", "mad"), ("Ben", "mad")))
    assert found[1].own_shift is None
    assert found[1].shift.before == "joy"
    assert found[1].shift.marked
    assert found[2].quality != "ok"
    assert found[2].shift is None
    assert (found[3].own_shift.before, found[3].shift.before) == ("joy", "anger")
    assert found[3].shift.distance == pytest.approx(0)
    assert not found[3].shift.changed
    assert found[4].own_shift == Shift(pytest.approx(0), "anger", False)


def test_the_distance_is_that_of_two_points_in_the_plane(reader):
    first, second = read(reader, talk(("Ann", "glad"), ("Ann", "mad")))
    a, b = first.point, second.point
    assert second.own_shift.distance == pytest.approx(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


@pytest.mark.parametrize(
    ("distance", "changed", "marked"), [(SHIFT, True, True), (SHIFT - 0.01, True, False), (2.0, False, False)]
)
def test_marks(distance, changed, marked):
    assert Shift(distance, "joy", changed).marked is marked


def test_nobody_is_not_one_speaker(reader):
    found = read(reader, talk(("", "glad"), ("", "mad")))
    assert found[1].own_shift is None
    assert found[1].shift.changed


def test_dialogues_do_not_look_into_each_other(reader):
    found = read(reader, talk(("Ann", "glad"), name="a"), talk(("Ann", "mad"), name="b"))
    assert [one.shift for one in found] == [None, None]
    assert all(word.place == OWN for one in found for word in one.causes)


def test_neutral_turns_have_no_cause_words(reader):
    assert read(reader, talk(("Ann", "glad you came"), ("Ann", "a chair")))[1].causes == ()


def test_words_of_the_turn_before_count_where_both_are_read_together(reader):
    # "glad" comes first, so it takes the highest probability and that of "mad" rises without it: no cause.
    one = read(reader, talk(("Ben", "glad"), ("Ann", "mad")))[1]
    assert [(word.word, word.place) for word in one.causes] == [("mad", OWN)]
    question = Question("well", reader.labels.index("joy"), "I am glad")
    (words,) = cause_words(reader, [question], 2)
    assert words == [CauseWord("glad", BEFORE, 5, 9, pytest.approx(0.88))]


def test_causes_of_a_long_turn_are_sought_where_the_label_is(reader):
    text = "word " * PIECE_WORDS + "glad today"
    (words,) = cause_words(reader, [Question(text, reader.labels.index("joy"))], 3)
    assert [(word.word, text[word.start : word.end]) for word in words] == [("glad", "glad")]
    assert words[0].drop == pytest.approx(0.88 / 2)


@given(st.lists(st.sampled_from(["glad", "mad", "word", "thanks", "?", "it's"]), max_size=12), st.integers(0, 3))
def test_cause_words_stand_where_they_say(words, most):
    own = TextReader(WordRecognizer(WORDS))
    text, before = " ".join(words), " ".join(reversed(words))
    (found,) = cause_words(own, [Question(text, 0, before)], most)
    for word in found:
        assert (text if word.place == OWN else before)[word.start : word.end] == word.word
        assert word.drop > 0
    assert len(found) <= 2 * most


def test_a_negative_number_of_causes_cannot_be(reader):
    with pytest.raises(BadInput, match="-1 cause words cannot be"):
        read_turns([], reader, causes=-1)


def test_without_causes_every_text_is_judged_once(reader):
    read(reader, talk(("Ann", "glad"), ("Ben", "mad")), causes=0)
    assert reader.recognizer.seen == ["glad", "mad"]


def test_turns_are_read_as_they_are_wanted(reader, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 4)
    asked, done = [], []

    def endless():
        for number in itertools.count():
            asked.append(number)
            yield talk(("Ann", "glad"), ("Ben", "mad"), name=f"d{number}")

    stream = read_turns(endless(), reader, causes=0, progress=done.append)
    found = [next(stream) for _ in range(10)]
    assert [one.turn for one in found] == [0, 1] * 5
    assert len(asked) < 8
    assert done == [4, 8]


def test_batches_do_not_change_what_is_read(reader, monkeypatch):
    talks = [talk(("Ann", "glad"), ("Ben", "mad thanks"), ("Ann", ""), ("Ann", "mad"), name=f"d{k}") for k in range(5)]
    whole = reading_table(read(reader, *talks), reader.labels)
    monkeypatch.setattr(reading, "BATCH", 3)
    assert reading_table(read(reader, *talks), reader.labels).equals(whole)


def test_the_table_keeps_every_turn(reader):
    table = reading_table(read(reader, talk(("Ann", "thanks a lot"), ("", ""), ("Ann", "mad"))), reader.labels)
    assert table["quality"].tolist() == ["ok", "empty", "ok"]
    assert table["emotion"].tolist() == ["gratitude", "", "anger"]
    assert table["cause_words"].tolist() == ["thanks 0.88", "", "mad 0.88"]
    assert table["joy"].isna().tolist() == [False, True, False]
    assert table["own_changed"].tolist() == [False, False, True]
    assert table["sure"].tolist() == [True, False, True]


def test_told_causes_put_the_turn_before_in_brackets(reader):
    (one,) = read(reader, talk(("Ann", "glad")))
    words = (CauseWord("a", OWN, 0, 1, 0.5), CauseWord("b", BEFORE, 0, 1, 0.25))
    assert told_causes(reading.replace(one, causes=words)) == "a 0.50; [b 0.25]"


def test_no_dialogue_gives_an_empty_table(reader):
    assert len(reading_table(read(reader), reader.labels)) == 0
