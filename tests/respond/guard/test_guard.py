"""The guard as its users meet it: levels, help, history, events, and what happens without the second stage."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput, Unavailable
from thymos.language.model import Message
from thymos.respond.guard import AuditEvent, Guard, disclosure, help_lines, languages
from thymos.respond.guard import guard as guard_module
from thymos.respond.guard.classifier import CrisisClassifier, CrisisHead
from thymos.respond.guard.events import LENGTHS
from thymos.respond.guard.texts import SIGNATURE, guard_texts, replacement_text, written_language

CRISES = {
    "en": "I want to kill myself",
    "de": "Ich will nicht mehr leben",
    "es": "No quiero seguir viviendo",
    "fr": "Je veux mourir, je n'en peux plus",
}
NUMBERS = {"US": "988", "DE": "0800 111 0 111", "ES": "024", "FR": "3114", "XX": SIGNATURE}


def talk(*texts: str) -> list[Message]:
    return [Message("assistant" if place % 2 else "user", text) for place, text in enumerate(texts)]


@pytest.mark.parametrize(("language", "text"), CRISES.items())
@pytest.mark.parametrize(("region", "number"), NUMBERS.items())
def test_a_crisis_gets_help_of_its_language_and_region(language: str, text: str, region: str, number: str) -> None:
    check = Guard(region=region, classifier=None).check_message(text)
    assert (check.risk, check.language, check.stage) == ("crisis", language, "patterns")
    assert check.help is not None
    assert number in check.help
    assert SIGNATURE in check.help
    assert "suicide" in check.categories


def test_help_is_for_helpers_where_somebody_else_is_in_danger(guard: Guard) -> None:
    check = guard.check_message("My friend says she wants to die and I don't know what to do")
    assert check.categories == ("about_others",)
    assert check.help is not None
    assert "someone may be in danger" in check.help
    own = guard.check_message("My friend wants to kill herself and so I want to kill myself too").help
    assert own is not None
    assert "someone may be in danger" not in own


def test_violence_has_its_own_words(guard: Guard) -> None:
    check = guard.check_message("I'm going to kill my brother, I have the knife")
    assert check.categories == ("violence",)
    assert "safe place" in (check.help or "")


def test_help_does_not_diagnose_and_passes_the_guards_own_check(guard: Guard) -> None:
    for language in languages():
        for text in CRISES.values():
            told = Guard(language=language, classifier=None).check_message(text).help
            assert guard.check_reply(told or "").allowed
        assert guard.check_reply(disclosure(language)).allowed
        for problem in guard_texts()[language]["replies"]:
            assert guard.check_reply(replacement_text(problem, "US", language)).allowed, (language, problem)


def test_a_concern_has_one_sentence_and_an_ordinary_message_none(guard: Guard) -> None:
    concern = guard.check_message("I do not want to die")
    assert concern.risk == "concern"
    assert concern.help is not None
    assert "\n" not in concern.help
    assert guard.check_message("What shall I cook?") == ("none", (), 0.0, "en", None, "")


def test_the_language_of_a_bare_message_is_that_of_the_talk(guard: Guard) -> None:
    history = talk("Ich weiß nicht, wie ich es dir sagen soll", "Denkst du daran, dir das Leben zu nehmen?")
    check = guard.check_message("ja", history)
    assert (check.risk, check.language, check.stage) == ("crisis", "de", "history")


# -- history ----------------------------------------------------------------------------------------------------------


def test_what_was_said_earlier_counts_until_help_was_shown(guard: Guard) -> None:
    history = talk("I want to kill myself", "That sounds hard.")
    first = guard.check_message("whatever, tell me a joke", history)
    assert (first.risk, first.stage) == ("crisis", "history")
    helped = [*history, Message("user", "whatever, tell me a joke"), Message("assistant", first.help or "")]
    after = guard.check_message("tell me a joke", helped)
    assert after.risk == "concern"
    assert guard.check_message("no, really, I want to die", helped).risk == "crisis"


def test_hints_add_up_over_turns(guard: Guard) -> None:
    assert guard.check_message("there is no way out of this").risk == "concern"
    history = talk("I gave away all my things this week", "How come?")
    assert guard.check_message("there is no way out of this", history).risk == "crisis"


def test_the_assistants_words_are_not_the_users(guard: Guard) -> None:
    history = talk("I sleep badly", "If you ever think about suicide or want to die, please call somebody.")
    assert guard.check_message("thanks, I will try that", history).risk == "none"


@pytest.mark.parametrize(
    ("question", "answer", "risk"),
    [
        ("Are you thinking about killing yourself?", "yes", "crisis"),
        ("Are you thinking about killing yourself?", "sometimes, at night", "crisis"),
        ("Are you thinking about killing yourself?", "no, not at all", "none"),
        ("Are you thinking about killing yourself?", "idk", "concern"),
        ("Are you safe right now?", "no", "crisis"),
        ("Are you safe right now?", "yes I am", "none"),
        ("Do you like tea?", "yes", "none"),
        ("Denkst du an Suizid?", "manchmal", "crisis"),
        ("¿Piensas en quitarte la vida?", "sí", "crisis"),
        ("Est-ce que tu penses au suicide ?", "oui", "crisis"),
        ("Est-ce que tu penses au suicide ?", "non", "none"),
    ],
)
def test_answers_to_a_question_about_danger(guard: Guard, question: str, answer: str, risk: str) -> None:
    assert guard.check_message(answer, talk("hello", question)).risk == risk


MESSAGES = st.sampled_from(
    [*CRISES.values(), "hello", "I feel sad today", "I do not want to die", "lol", "", "there is no way out", "ja"]
)


@given(MESSAGES, st.lists(st.one_of(MESSAGES, st.text(max_size=30)), max_size=7))
def test_a_history_never_takes_a_crisis_away(text: str, before: list[str]) -> None:
    guard = Guard(classifier=None)
    levels = ("none", "concern", "crisis")
    alone, together = guard.check_message(text), guard.check_message(text, talk(*before))
    assert levels.index(together.risk) >= levels.index(alone.risk)


@given(st.text(max_size=200), st.text(max_size=50))
def test_no_text_raises(text: str, before: str) -> None:
    guard = Guard(classifier=None)
    assert guard.check_message(text, talk(before)).risk in ("none", "concern", "crisis")
    guard.check_reply(text, talk(before))


# -- the second stage -------------------------------------------------------------------------------------------------


class Word(CrisisClassifier):
    """Sure of a danger where a word stands."""

    def __init__(self, word: str) -> None:
        self.word = word
        nothing = np.zeros((1, 1), dtype=np.float16)
        self.head = CrisisHead(np.zeros(1), nothing, np.zeros(1), 0.0, 1.0, 1.0, concern=0.5, encoder="", about={})
        self.read: list[str] = []

    def margins(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.array([2.0 if self.word in text else -2.0 for text in texts])


def test_the_classifier_finds_what_patterns_miss() -> None:
    guard = Guard(classifier=Word("lighthouse"))
    check = guard.check_message("soon I sail past the lighthouse")
    assert (check.risk, check.categories, check.stage) == ("crisis", ("hinted",), "classifier")
    assert check.score == pytest.approx(0.982, abs=1e-3)
    assert guard.check_message("soon I sail").risk == "none"
    assert guard.stages == ("patterns", "classifier")


def test_what_patterns_are_sure_of_needs_no_classifier() -> None:
    second = Word("x")
    assert Guard(classifier=second).check_message("I want to die").risk == "crisis"
    assert second.read == []


def test_the_classifier_reads_the_message_alone() -> None:
    second = Word("lighthouse")
    assert Guard(classifier=second).check_message("and then", talk("past the lighthouse", "oh")).risk == "none"
    assert second.read == ["and then"]


def test_without_the_encoder_patterns_go_on_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> CrisisClassifier:
        raise Unavailable("no such package")

    monkeypatch.setattr(guard_module, "shipped_classifier", gone)
    guard = Guard()
    assert guard.check_message("I want to die").risk == "crisis"
    assert guard.check_message("hello").risk == "none"
    assert guard.stages == ("patterns",)
    assert "no such package" in guard.notice


def test_a_message_without_letters_does_not_load_the_classifier() -> None:
    second = Word("x")
    assert Guard(classifier=second).check_message("42!").risk == "none"
    assert second.read == []


# -- events -----------------------------------------------------------------------------------------------------------


def test_events_tell_that_and_not_what() -> None:
    events: list[AuditEvent] = []
    guard = Guard(region="DE", on_event=events.append, classifier=None)
    secret = "Ich heiße Quentin Zwiebelfisch und will nicht mehr leben"
    guard.check_message(secret)
    guard.check_message("hello")
    guard.check_reply("You have depression, Quentin Zwiebelfisch.")
    assert [(event.kind, event.risk) for event in events] == [("message", "crisis"), ("reply", "refused")]
    assert events[0].length == max(start for start in LENGTHS if start <= len(secret))
    assert events[0].time.utcoffset() is not None
    assert events[1].categories == ("diagnosis",)
    for event in events:
        for word in ("Quentin", "Zwiebelfisch", "leben"):
            assert word not in repr(event)


def test_what_the_hook_raises_is_not_swallowed() -> None:
    def broken(event: AuditEvent) -> None:
        raise RuntimeError("the pager is off")

    with pytest.raises(RuntimeError, match="pager"):
        Guard(on_event=broken, classifier=None).check_message("I want to die")


# -- texts ------------------------------------------------------------------------------------------------------------


def test_all_languages_have_the_same_texts() -> None:
    shapes = {language: (set(texts), set(texts["replies"])) for language, texts in guard_texts().items()}
    assert len({(frozenset(a), frozenset(b)) for a, b in shapes.values()}) == 1
    assert languages() == ["de", "en", "es", "fr"]


def test_disclosure_says_program_in_every_language() -> None:
    words = {"en": "program", "de": "programm", "es": "programa", "fr": "programme"}
    for language, word in words.items():
        assert word in disclosure(language).lower()
    assert disclosure("tlh") == disclosure("en")
    assert written_language("de-AT") == "de"


@pytest.mark.parametrize("wrong", [{"region": 3}, {"language": None}])
def test_settings_that_are_none(wrong: dict) -> None:
    with pytest.raises(BadInput):
        Guard(**wrong)


def test_an_unknown_region_gets_the_international_lines() -> None:
    assert help_lines("ZZ") == help_lines("INT")
