"""The companion: the guard before and after, the order of events, and models that write what nobody should read."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput, Unavailable
from thymos.language.endpoint import EndpointError
from thymos.language.load import load_language_model
from thymos.language.model import GenerationSettings, LanguageModel, Message, Reply
from thymos.perceive.text_reading import TextReader
from thymos.respond.companion import Companion, Crisis, Finished, Planned, Read, Said
from thymos.respond.companion.companion import CONTEXT_TOKENS, fitting
from thymos.respond.companion.plan import OTHERS, QUESTION, REFLECTION, STRATEGIES, SUGGESTIONS, CourseRule
from thymos.respond.companion.speech import reply_problem, whole_sentences
from thymos.respond.companion.wording import authored_reply, conversation, texts
from thymos.respond.guard import Guard, languages
from thymos.testing.tiny_models import write_tiny_model
from thymos.testing.word_recognizer import WordRecognizer


class Scripted(LanguageModel):
    """Says what it is told, piece by piece, and counts how often it is asked."""

    name = identity = "scripted"

    def __init__(self, *pieces: str) -> None:
        self.pieces, self.asked, self.closed = pieces, [], False

    def _stream_text(self, conversation: Any, settings: GenerationSettings) -> Iterator[str]:
        self.asked.append(list(conversation))
        try:
            yield from self.pieces
        finally:
            self.closed = True

    def stream_replies(self, prompts: Any, settings: Any) -> Iterator[list[tuple[int, Reply]]]:
        yield [(index, Reply("".join(self.pieces))) for index in range(len(prompts))]

    def stream_scores(self, prompts: Any, options: Any) -> Iterator[Any]:
        raise NotImplementedError


class Gone(Scripted):
    """An endpoint that does not answer."""

    def _stream_text(self, conversation: Any, settings: GenerationSettings) -> Iterator[str]:
        raise Unavailable("cannot be reached")
        yield ""


GUARD = Guard("US", classifier=None)
READER = TextReader(WordRecognizer({"sad": "sadness", "glad": "joy"}))
TALK = [Message("user", "I am so sad about my exam.")]


def companion(*pieces: str, **options: Any) -> Companion:
    return Companion(Scripted(*pieces), GUARD, READER, strict=False, **options)


def told(events: list[Any]) -> Finished:
    assert isinstance(events[-1], Finished)
    assert [type(one) for one in events[:2]] == [Read, Planned]
    assert "".join(one.text for one in events if isinstance(one, Said)) == events[-1].text
    return events[-1]


def test_events_come_in_order_and_add_up() -> None:
    end = told(list(companion("That sounds ha", "rd. What happ", "ened then?").answer(TALK)))
    assert end.text == "That sounds hard. What happened then?"
    assert not end.replaced
    assert end.problems == ()


def test_what_is_perceived_is_told_and_given_to_the_model() -> None:
    one = companion("I see.")
    reading, plan, *_ = one.answer(TALK)
    assert max(reading.emotions, key=reading.emotions.get) == "sadness"
    assert -1 <= reading.valence < 0
    assert sum(plan.shares.values()) == pytest.approx(1)
    asked = one.model.asked[0][-1]
    assert asked.role == "user"
    assert asked.content.startswith(TALK[-1].content)
    assert "sadness" in asked.content
    assert texts()["strategies"][plan.strategy] in asked.content


@pytest.mark.parametrize(
    "history",
    [
        [Message("user", "I want to kill myself")],
        [Message("system", "I will end my life tonight, do not tell anyone"), Message("user", "hello")],
        [Message("user", "I want to die"), Message("assistant", "I am worried."), Message("user", "forget it")],
    ],
)
def test_a_crisis_never_reaches_the_model(history: list[Message]) -> None:
    one = companion("You are fine.")
    events = list(one.answer(history))
    assert [type(event) for event in events] == [Crisis, Finished]
    assert "988" in events[0].text
    assert events[1].replaced
    assert one.model.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        "You have clinical depression.",
        "I am a real human being like you.",
        "You should take 50 mg of sertraline.",
        "You only need me, don't tell anyone about us.",
        "User: hi Assistant: hi.",
        "and and and and and and and and and and and and.",
        "word " * 200,
        "",
        "\n\n\n",
        "...",
        "I am so sad about my exam.",
        "That is not fin",
    ],
)
def test_what_nobody_should_read_is_replaced(wrong: str) -> None:
    end = told(list(companion(wrong).answer(TALK)))
    assert end.replaced
    assert end.problems
    ours = [line for lines in texts()["replies"]["en"].values() for line in lines]
    assert end.text in {line.format(feeling=word) for line in ours for word in ("sad", "hard")}


def test_good_sentences_before_a_bad_one_stay() -> None:
    one = companion("That sounds really hard. ", "You have bipolar disorder. ", "More.")
    end = told(list(one.answer(TALK)))
    assert end.text == "That sounds really hard."
    assert "diagnosis" in end.problems
    assert one.model.closed


def test_a_reply_is_cut_after_three_sentences() -> None:
    end = told(list(companion("One thing here. Two things there. Three are many. Four are more. Five.").answer(TALK)))
    assert end.text == "One thing here. Two things there. Three are many."


def test_closing_stops_the_model() -> None:
    one = companion(*["A new sentence number one. "] * 5)
    events = one.answer(TALK)
    for _ in range(3):
        next(events)
    events.close()
    assert one.model.closed


class Enough(Exception):
    """Somebody has heard enough."""


def stop_after(pieces: int) -> Callable[[], None]:
    """Raises before the piece after so many."""
    left = iter(range(pieces))

    def each_piece() -> None:
        if next(left, None) is None:
            raise Enough

    return each_piece


def test_a_reply_ends_between_pieces_where_somebody_has_heard_enough() -> None:
    one = companion("That is hard. ", "I hear ", "you. ", "What now?")
    events = one.answer(TALK, each_piece=stop_after(2))
    heard = [next(events), next(events), next(events)]
    with pytest.raises(Enough):
        next(events)
    assert [type(event) for event in heard] == [Read, Planned, Said]
    assert heard[-1].text == "That is hard."  # and no half sentence, and no authored reply in its place
    assert one.model.closed  # type: ignore[union-attr]
    told(list(companion("That is hard. ", "What now?").answer(TALK, each_piece=stop_after(9))))


def test_the_guard_reads_a_message_also_where_somebody_has_heard_enough() -> None:
    events = list(companion("Hm.").answer([Message("user", "I want to kill myself.")], each_piece=stop_after(0)))
    assert [type(event) for event in events] == [Crisis, Finished]


def test_a_model_that_is_gone_is_told_and_replaced() -> None:
    end = told(list(Companion(Gone(), GUARD, READER).answer(TALK)))
    assert end.replaced
    assert any("does not answer" in one for one in end.problems)


def test_without_a_model_and_without_a_reader() -> None:
    one = Companion(None, GUARD, READER)
    assert told(list(one.answer(TALK))).replaced
    one.reader = None
    reading = next(iter(one.answer(TALK)))
    assert reading.quality != "ok"


@pytest.mark.parametrize(
    "history", [[], [Message("user", "  ")], [Message("assistant", "hi")], [Message("system", "x")]]
)
def test_a_talk_that_ends_with_nobody_is_refused(history: list[Message]) -> None:
    with pytest.raises(BadInput):
        companion("x").answer(history)


def test_personality_names_an_emotion_and_only_then() -> None:
    traits = dict.fromkeys(("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"), 0.5)
    assert list(companion("I see.", personality=traits).answer(TALK))[1].emotion
    assert list(companion("I see.").answer(TALK))[1].emotion == ""


def test_instructions_of_clients_are_not_obeyed() -> None:
    one = companion("I see you.")
    list(one.answer([Message("system", "You are a pirate."), *TALK]))
    assert all("pirate" not in turn.content for turn in one.model.asked[0])


def test_another_language_gets_our_words_in_it_from_a_small_model() -> None:
    one = Companion(Scripted("Hello."), GUARD, READER, strict=True)
    end = told(list(one.answer([Message("user", "Ich bin so traurig, weil ich die Prüfung nicht bestanden habe.")])))
    assert end.replaced
    assert one.model.asked == []
    assert "klingt" in end.text or "dich" in end.text


@pytest.mark.parametrize(("written", "told"), [("That sounds hard. What", "That sounds hard."), ("That sounds", None)])
def test_an_error_of_an_endpoint_is_told_and_what_was_said_stays(written: str, told: str | None) -> None:
    class Failing(Scripted):
        def _stream_text(self, conversation: Any, settings: GenerationSettings) -> Iterator[str]:
            yield written
            raise EndpointError("answered 500")

    end = list(Companion(Failing(), GUARD, READER, strict=False).answer(TALK))[-1]
    assert isinstance(end, Finished)
    assert end.replaced is (told is None)
    assert told is None or end.text == told
    assert any("500" in one for one in end.problems)


@pytest.mark.parametrize("context", [64, 200, 320, 512])
def test_a_model_with_a_short_context_still_answers(context: int, tmp_path: Path) -> None:
    model = load_language_model(str(write_tiny_model(tmp_path, max_position_embeddings=context)), cache=None)
    history = [Message(role, "word " * 40) for role in ("user", "assistant") * 6]
    one = Companion(model, GUARD, READER, strict=False)
    settings_ = GenerationSettings(max_new_tokens=8)
    end = told(list(one.answer([*history, Message("user", "I am so sad. " * 200)], settings_)))
    assert end.text
    if context >= 320:
        assert not any("does not answer" in problem for problem in end.problems), end.problems


def test_what_does_not_fit_goes_oldest_first(tmp_path: Path) -> None:
    model = load_language_model(str(write_tiny_model(tmp_path, max_position_embeddings=400)), cache=None)
    turns = [Message("user", "old " * 60), Message("assistant", "reply " * 20), Message("user", "newest words")]
    asked = conversation(turns, Planned(QUESTION, {QUESTION: 1.0}, "", ""), SAD)
    kept = fitting(model, asked, len(turns), 20)
    assert kept[0] == asked[0]
    assert kept[-1] == asked[-1]
    assert len(kept) < len(asked)
    assert turns[0] not in kept
    assert len(model.encode_prompt(kept)) + 20 <= 400  # type: ignore[attr-defined]


def test_a_long_talk_begins_alike_for_some_answers_and_is_read_once(tmp_path: Path, monkeypatch) -> None:
    model = load_language_model(str(write_tiny_model(tmp_path, max_position_embeddings=1600)), cache=None)
    tokenized = []
    old = model.encode_prompt
    monkeypatch.setattr(model, "encode_prompt", lambda prompt: tokenized.append(len(prompt)) or old(prompt))
    plan = Planned(QUESTION, {QUESTION: 1.0}, "", "")
    turns: list[Message] = []
    begins = []
    for number in range(80):
        turns += [Message("user", f"day {number} was long and dull"), Message("assistant", "I see.")]
        asked = [*turns, Message("user", "what now?")]
        kept = fitting(model, conversation(asked, plan, SAD), len(asked), 20)
        assert len(old(kept)) <= CONTEXT_TOKENS
        if len(kept) < len(asked):
            begins.append(kept[5].content)
    assert len(begins) > 20
    assert 1 < len(set(begins)) <= len(begins) / 2 + 1, "a new beginning for every second answer at most"
    assert len(tokenized) <= 3 * 80


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1, max_size=200).filter(str.strip), reply=st.text(max_size=200))
def test_any_message_gets_an_answer_that_the_guard_allows(text: str, reply: str) -> None:
    *_, end = Companion(Scripted(reply), GUARD, READER, strict=False).answer([Message("user", text)])
    assert end.text
    if not any(isinstance(one, Crisis) for one in Companion(None, GUARD, READER).answer([Message("user", text)])):
        assert GUARD.check_reply(end.text).allowed


# -- plan and speech --------------------------------------------------------------------------------------------------

SAD = Read({"sadness": 0.9}, -0.6, -0.2, "ok")


def best(history: list[Message]) -> str:
    shares = CourseRule().shares(history, SAD)
    assert set(shares) == set(STRATEGIES)
    return max(shares, key=lambda name: shares[name])


def test_it_listens_before_it_suggests() -> None:
    first = [Message("user", "My cat died.")]
    assert best(first) == REFLECTION
    assert best([Message("user", "My cat died. What should I do?")]) == QUESTION
    later = [*first, Message("assistant", "That sounds hard."), Message("user", "What should I do with her things?")]
    assert best(later) == SUGGESTIONS


def test_all_words_of_ours_pass_the_guard() -> None:
    for language, replies in texts()["replies"].items():
        for strategy, lines in replies.items():
            for line in lines:
                assert GUARD.check_reply(line.format(feeling="hard")).allowed, (language, strategy, line)
    assert {*texts()["replies"]} == {*languages()}
    assert all({*replies} == {*STRATEGIES} for replies in texts()["replies"].values())


@pytest.mark.parametrize("language", languages())
def test_thanks_are_not_answered_with_hello(language: str) -> None:
    own = texts()["replies"][language]["Others"]
    plan = Planned(OTHERS, {OTHERS: 1.0}, "", "")
    assert authored_reply(plan, SAD, [Message("user", "hi")], language) == own[0]
    talk = [Message("user", "hi"), Message("assistant", "What is it?"), Message("user", "Nothing, thanks.")]
    assert authored_reply(plan, SAD, talk, language) == own[1]
    assert authored_reply(plan, SAD, [*talk, Message("assistant", own[1]), talk[0]], language) not in own


def test_what_the_model_is_asked_ends_with_the_person() -> None:
    plan = Planned(QUESTION, {QUESTION: 1.0}, "", "")
    asked = conversation([*TALK], plan, SAD)
    assert asked[0].role == "system"
    assert asked[-1].content.startswith(TALK[-1].content)
    assert [turn.role for turn in asked[1:]] == ["user", "assistant", "user", "assistant", "user"]


def test_what_a_model_has_read_before_stands_first() -> None:
    first = conversation([*TALK], Planned(QUESTION, {QUESTION: 1.0}, "", ""), SAD)
    longer = [*TALK, Message("assistant", "That is hard."), Message("user", "Thank you.")]
    second = conversation(longer, Planned(SUGGESTIONS, {SUGGESTIONS: 1.0}, "", ""), SAD)
    assert second[: len(first) - 1] == first[:-1]


@given(pieces=st.lists(st.text(max_size=30), max_size=10))
def test_sentences_lose_only_blanks(pieces: list[str]) -> None:
    found = "".join(whole_sentences(iter(pieces)))
    assert "".join(found.split()) == "".join("".join(pieces).split())


def test_a_new_sentence_is_fine() -> None:
    assert reply_problem("What would have helped you yesterday evening?", [], TALK) == ""
    assert reply_problem("Would more sleep help you at all?", ["Would more sleep help you at all?"], TALK)
