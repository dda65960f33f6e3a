"""The learned planner in a talk: its rules, who decides when, and that it leaves no trace."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput, Unavailable
from thymos.language.cache import CachedEncoder
from thymos.language.model import Message
from thymos.perceive.text_reading import TextReader
from thymos.respond.companion import Companion, CourseRule, LearnedPlanner, Planned, Read, learned, load_planner
from thymos.respond.companion.learned import context_of, is_courtesy, rule_factors, talk_encoder
from thymos.respond.companion.plan import OTHERS, QUESTION, STRATEGIES, SUGGESTIONS, WHY
from thymos.respond.guard import Guard
from thymos.respond.strategy import contexts
from thymos.respond.strategy.head import PlannerHead, shipped_head
from thymos.testing.support_talks import LetterEncoder
from thymos.testing.word_recognizer import WordRecognizer

UNREAD = Read({}, float("nan"), float("nan"), "ok")
GUARD, READER = Guard("US", classifier=None), TextReader(WordRecognizer({"sad": "sadness", "traurig": "sadness"}))
SIZE = len(STRATEGIES)


def talk(*texts: str) -> list[Message]:
    """User and assistant in turns."""
    return [Message("assistant" if place % 2 else "user", text) for place, text in enumerate(texts)]


def planner(bias: Sequence[float] = (0.0,) * SIZE, **options: Any) -> LearnedPlanner:
    """A head that sees nothing: shares by bias alone."""
    head = PlannerHead(np.zeros((SIZE, 3 * 26 + 17)), np.array(bias), np.zeros(SIZE), 2.0, "letters", {})
    return LearnedPlanner(LetterEncoder(), head, **options)


def shares(*texts: str, **options: Any) -> dict[str, float]:
    return planner(**options).shares(talk(*texts), UNREAD)


def test_strategies_are_the_same_everywhere() -> None:
    assert STRATEGIES == contexts.STRATEGIES
    assert set(WHY) == set(STRATEGIES)


def test_others_is_kept_for_courtesies() -> None:
    assert shares("My cat died.")[OTHERS] == 0
    assert shares("My cat died.", rules=False)[OTHERS] == pytest.approx(1 / 8)
    assert shares("My cat died.", "I am sorry.", "Thank you so much")[OTHERS] == pytest.approx(1 / 8)
    greeted = shares("Hello there!")
    assert max(greeted, key=greeted.__getitem__) == OTHERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hi", True), ("Hey, how are you today?", True), ("Good evening!", True), ("hi, my dog died", False),
        ("thank you", True), ("ok, bye", True), ("I said goodbye to her", True), ("I have a plan", False), ("", False),
    ],
)  # fmt: skip
def test_courtesies(text: str, expected: bool) -> None:
    assert is_courtesy(text) is expected


def test_who_asks_for_advice_is_sooner_given_some_but_not_at_once() -> None:
    assert shares("What should I do?")[SUGGESTIONS] == pytest.approx(1 / 7)
    assert shares("I failed.", "I see.", "What should I do?")[SUGGESTIONS] == pytest.approx(2 / 8)


def test_questions_in_a_row_become_fewer() -> None:
    asked = [shares(*["I do not know.", "And how is that?"] * n, "so")[QUESTION] for n in range(5)]
    assert asked[0] == asked[1] == pytest.approx(1 / 7)
    assert asked[1] > asked[2] > asked[3] > asked[4] > 0
    mixed = shares("a b", "Why?", "c", "Why?", "d", "I see.", "e")[QUESTION]
    assert mixed == asked[0]


@given(st.lists(st.text(min_size=1, max_size=40).filter(str.strip), min_size=1, max_size=7))
def test_any_talk_gets_shares(texts: list[str]) -> None:
    found = planner().shares(talk(*texts), UNREAD)
    assert list(found) == list(STRATEGIES)
    assert sum(found.values()) == pytest.approx(1)
    assert min(found.values()) >= 0
    assert rule_factors(context_of(talk(*texts))).shape == (SIZE,)


def test_turns_of_other_roles_are_not_seen() -> None:
    seen = context_of([Message("system", "Always suggest."), *talk("a", "b", "c")])
    assert [turn.speaker for turn in seen.history] == ["seeker", "supporter", "seeker"]


def test_many_contexts_are_planned_as_each_alone() -> None:
    several = [context_of(talk(*texts)) for texts in (["hi"], ["I failed.", "Why?", "What should I do?"], ["so sad"])]
    one = planner(bias=range(SIZE))
    np.testing.assert_allclose(
        one.context_shares(several), np.vstack([one.context_shares([context]) for context in several])
    )


# -- who decides ------------------------------------------------------------------------------------------------------


def planned(companion: Companion, text: str) -> Planned:
    (found,) = [event for event in companion.answer([Message("user", text)]) if isinstance(event, Planned)]
    return found


def companion(**options: Any) -> Companion:
    return Companion(None, GUARD, READER, **options)


def test_the_event_names_the_learned_planner() -> None:
    only_information = [0.0] * SIZE
    only_information[STRATEGIES.index("Information")] = 9.0
    found = planned(companion(planner=planner(only_information)), "I am so sad about my exam.")
    assert (found.planner, found.strategy) == ("learned", "Information")
    assert "learned from support talks" in found.planner_why
    assert found.why == WHY["Information"]


def test_in_other_languages_the_rule_decides_and_says_so() -> None:
    found = planned(companion(planner=planner()), "Ich bin so traurig, weil ich die Prüfung nicht bestanden habe.")
    assert found.planner == "rule"
    assert "reads en alone" in found.planner_why
    assert max(found.shares, key=found.shares.__getitem__) == found.strategy


def test_the_rule_decides_where_it_is_asked() -> None:
    found = planned(companion(planner="rule"), "I am so sad about my exam.")
    assert (found.planner, found.planner_why) == ("rule", "A rule by the course of the talk chose it.")


def test_without_the_encoder_the_rule_decides_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise Unavailable("not installed")

    monkeypatch.setattr(learned, "talk_encoder", gone)
    found = planned(companion(), "I am so sad about my exam.")
    assert found.planner == "rule"
    assert "not installed" in found.planner_why


def test_with_another_encoder_the_rule_decides_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "talk_encoder", LetterEncoder)
    found = load_planner("learned")
    assert isinstance(found, CourseRule)
    assert "another sentence encoder" in found.reason


def test_unknown_planners_are_refused() -> None:
    with pytest.raises(BadInput, match="no planner 'guess'"):
        Companion(None, GUARD, READER, planner="guess")


def test_a_planner_of_ones_own() -> None:
    class Always:
        name, languages, reason = "always", (), "It always asks."

        def shares(self, history: Sequence[Message], reading: Read) -> dict[str, float]:
            return {QUESTION: 1.0}

    found = planned(companion(planner=Always()), "Ich bin traurig")
    assert (found.planner, found.strategy, found.planner_why) == ("always", QUESTION, "It always asks.")


# -- with the encoder that ships --------------------------------------------------------------------------------------


def shipped() -> LearnedPlanner:
    try:
        return LearnedPlanner()
    except Unavailable as error:
        pytest.skip(str(error))


def test_the_shipped_planner_asks_before_it_suggests() -> None:
    one = shipped()
    assert one.words.head.encoder == shipped_head().encoder
    first = one.shares(talk("My cat died and I cannot stop crying."), UNREAD)
    assert max(first, key=first.__getitem__) == QUESTION
    assert first[SUGGESTIONS] < 0.1
    late = one.shares(talk(*["I am so stressed by my job.", "That sounds hard."] * 8, "What should I do now?"), UNREAD)
    assert late[SUGGESTIONS] > 2 * first[SUGGESTIONS]


def test_what_people_write_is_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path))
    one = companion(planner=shipped())
    assert not isinstance(talk_encoder(), CachedEncoder)
    list(one.answer(talk("I am so sad about quartz and marmalade.")))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"marmalade" in path.read_bytes() for path in written)
    for path in tmp_path.rglob("*.sqlite"):
        with sqlite3.connect(path) as store:
            tables = store.execute("select name from sqlite_master where type = 'table'").fetchall()
            assert all(store.execute(f"select count(*) from {name}").fetchone() == (0,) for (name,) in tables)
