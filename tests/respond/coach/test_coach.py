"""Feedback, the partner's events, and the skill to try next; the guard reads everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.language.cache import CachedEncoder
from thymos.language.model import Message
from thymos.respond.coach.coach import LONGEST, Coach
from thymos.respond.coach.examples import LEVELS
from thymos.respond.coach.next_skill import kind_of_turn, similar_situations, suggest_skill
from thymos.respond.coach.partner import authored_lines
from thymos.respond.coach.seed_set import SKILLS, Situation, rubrics, seed_set
from thymos.respond.companion import Crisis, Finished, Said


class Enough(Exception):
    """Somebody has heard enough."""


def enough() -> None:
    raise Enough


SITUATION = Situation("My neighbor plays loud music at night.", "my neighbor", "hard", ("angry",))
CRISIS = "I want to kill myself."
STRONG = "I want you to turn the music down by eleven on Monday, please."
NONE = "Some people have no manners at all."


@pytest.fixture
def coach(words, guard):
    return Coach(guard=guard, encoder=words)


def said(*texts: str) -> list[Message]:
    return [Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts)]


# -- feedback ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skill", SKILLS)
def test_feedback_is_complete(coach, skill):
    found = coach.feedback(SITUATION, "Maybe you could turn it down a bit?", skill)
    assert found.rating in LEVELS
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.probabilities[found.rating] == max(found.probabilities.values())
    assert found.reasons
    assert found.suggestion == rubrics()[skill].suggestions[found.rating]
    assert found.rewrite
    assert 1 <= len(found.examples) <= 2
    assert all(pair.better.level == "strong" for pair in found.examples)
    assert (found.skill, found.rewritten_by, found.help) == (skill, "authored", None)


def test_a_clear_request_is_strong_and_a_remark_is_not(coach):
    strong, none = (coach.feedback(SITUATION, draft, "assert") for draft in (STRONG, NONE))
    assert (strong.rating, none.rating) == ("strong", "none")
    assert strong.rewrite == STRONG
    assert any("a direct request" in reason for reason in strong.reasons)
    assert any("a hint instead of a request" in reason for reason in none.reasons)


def test_a_situation_of_the_seed_set_never_shows_its_own_utterances(coach):
    for one in seed_set()[:6]:
        for skill in one.examples:
            found = coach.feedback(one.situation, "I would like to talk about it, maybe.", skill)
            assert all(example.group != one.situation.id for pair in found.examples for example in pair)
            assert all(own.text not in reason for own in one.examples[skill] for reason in found.reasons)


def test_a_crisis_gets_help_and_no_rating(coach):
    found = coach.feedback(SITUATION, CRISIS, "express")
    assert found.help
    assert "988" in found.help
    assert found.probabilities == {}
    assert found.suggestion == found.rewrite == ""


def test_the_guard_reads_every_draft(coach, guard):
    coach.feedback(SITUATION, "Turn it down.", "assert")
    assert guard.read == ["Turn it down."]


@given(draft=st.text(min_size=1, max_size=80).filter(lambda text: bool(text.strip())), skill=st.sampled_from(SKILLS))
def test_any_draft_can_be_rated(shared, draft, skill):
    found = shared.feedback(SITUATION, draft, skill)
    assert found.help is not None or sum(found.probabilities.values()) == pytest.approx(1)


@pytest.fixture(scope="module")
def shared(words):
    class Open:
        def check_message(self, text, history=()):
            return type("Checked", (), {"risk": "none", "help": None})

    return Coach(guard=Open(), encoder=words)


def test_bad_drafts(coach):
    for draft, message in (("  ", "the draft is empty"), ("a" * (LONGEST + 1), "4001 characters")):
        with pytest.raises(BadInput, match=message):
            coach.feedback(SITUATION, draft, "assert")
    with pytest.raises(BadInput, match="unknown skill 'juggling'"):
        coach.feedback(SITUATION, "hello", "juggling")


def test_a_model_rewrites_where_it_is_rated_higher_and_let_through(words, guard, scripted):
    good = "Please turn the music down by eleven, from Monday."
    rewritten = Coach(scripted(good), guard, words).feedback(SITUATION, NONE, "assert")
    assert (rewritten.rewrite, rewritten.rewritten_by) == (good, "scripted")
    for bad in ("I hate the music of some people here.", f"{good} forbidden", "no"):
        kept = Coach(scripted(bad), guard, words).feedback(SITUATION, NONE, "assert")
        assert kept.rewritten_by == "authored", bad
    strong = scripted()
    assert Coach(strong, guard, words).feedback(SITUATION, STRONG, "assert").rewrite == STRONG
    assert strong.asked == [], "a strong draft is left alone"


# -- partner ----------------------------------------------------------------------------------------------------------


def test_without_a_model_lines_are_authored_and_say_so(coach):
    *spoken, last = coach.partner_reply(SITUATION, said("Hello."))
    assert [type(event) for event in spoken] == [Said]
    assert spoken[0].text in authored_lines()["hard"]["deny"]
    assert isinstance(last, Finished)
    assert last.text == spoken[0].text
    assert last.replaced
    assert "an authored line" in last.problems[-1]


def test_sentences_of_a_model_are_shown_one_by_one(words, guard, scripted):
    model = scripted("My music is not loud. I play music at night. My neighbor likes the loud music. One more thing.")
    *spoken, last = Coach(model, guard, words).partner_reply(SITUATION, said("Turn it down."))
    assert [event.text for event in spoken] == [
        "My music is not loud.", " I play music at night.", " My neighbor likes the loud music."
    ]  # fmt: skip
    assert (last.text, last.replaced) == ("".join(event.text for event in spoken), False)
    assert last.seconds_to_first >= 0
    assert guard.read[0] == "Turn it down."
    assert "I play music at night." in guard.read, "each sentence is read before it is shown"
    assert "You refuse" in model.asked[0][0].content


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("As an AI, I cannot do that.", "out of its role"),
        ("Quarks have a color charge.", "off the subject"),
        ("I understand, I play loud music at night.", "gives in"),
        ("My loud music is forbidden at night.", "not let through by the guard"),
        ("", "an authored line"),
        ("Turn it down, please.", "repeats what was said"),
    ],
)
def test_what_is_unusable_is_replaced(words, guard, scripted, text, problem):
    *spoken, last = Coach(scripted(text), guard, words).partner_reply(SITUATION, said("Turn it down, please."))
    assert last.replaced
    assert any(problem in one for one in last.problems)
    assert [event.text for event in spoken] == [last.text]
    assert last.text in authored_lines()["hard"]["deny"]


def test_what_follows_a_bad_sentence_is_not_shown(words, guard, scripted):
    model = scripted("I play my music at night. As an AI I must say no. Bye for now.")
    *spoken, last = Coach(model, guard, words).partner_reply(SITUATION, said("Turn it down."))
    assert [event.text for event in spoken] == ["I play my music at night."]
    assert (last.replaced, last.problems) == (False, ("out of its role",))


def test_a_crisis_ends_the_play_with_help(words, guard, scripted):
    model = scripted("I do not care.")
    events = list(Coach(model, guard, words).partner_reply(SITUATION, said("hi", "no", CRISIS)))
    assert [type(event) for event in events] == [Crisis, Finished]
    assert "988" in events[0].text
    assert events[0].check.risk == "crisis"
    assert model.asked == [], "the model is not asked"


def test_an_easy_partner_agrees_after_a_clear_skill(coach):
    easy = Situation(SITUATION.text, SITUATION.partner, "easy")
    (_, last) = coach.partner_reply(easy, said(STRONG))
    assert last.text in authored_lines()["easy"]["agree"]
    (_, last) = coach.partner_reply(easy, said("Okay."))
    assert last.text in authored_lines()["easy"]["ask"]


def test_the_last_message_must_be_the_users(coach):
    for history in ([], said("hi", "no"), said(" ")):
        with pytest.raises(BadInput, match="the last message must be the user's"):
            coach.partner_reply(SITUATION, history)


# -- next skill -------------------------------------------------------------------------------------------------------


def test_similar_situations_are_never_the_own_one(words):
    for one in seed_set()[::5]:
        found = similar_situations(one.situation, words)
        assert len(found) == 3
        assert one not in found


def test_an_attack_calls_for_staying_with_the_goal(words):
    attack = authored_lines()["hard"]["attack"][0]
    assert kind_of_turn(attack, words) == "bait"
    found = suggest_skill(SITUATION, said("hi", attack), {}, words)
    assert found.skill == "mindful"
    assert "stay with your goal" in found.why


def test_a_no_calls_for_another_offer_once_something_was_asked(words):
    refusal = authored_lines()["hard"]["deny"][0]
    assert suggest_skill(SITUATION, said("hi", refusal), {"assert": 0}, words).skill == "negotiate"
    assert suggest_skill(SITUATION, said("hi", refusal), {}, words).skill != "negotiate"


def test_shown_skills_are_not_suggested_again(words, coach):
    shown: dict[str, int] = {}
    order = []
    for turn in range(len(SKILLS)):
        found = suggest_skill(SITUATION, (), shown, words)
        order.append(found.skill)
        shown[found.skill] = turn
    assert sorted(order) == sorted(SKILLS)
    assert suggest_skill(SITUATION, (), shown, words).why.startswith("Every skill was shown")
    assert coach.next_skill(SITUATION).similar, "it comes from similar situations"
    assert "assert" in coach.shown_skills(SITUATION, said(STRONG))


# -- with the real parts ----------------------------------------------------------------------------------------------


@pytest.mark.model
def test_with_the_real_guard_and_encoder():
    coach = Coach()
    assert not isinstance(coach.encoder, CachedEncoder), "what people write leaves no trace on the disk"
    assert coach.feedback(SITUATION, STRONG, "assert").rating == "strong"
    assert coach.feedback(SITUATION, "Hello, how are you?", "assert").rating == "none"
    assert coach.feedback(SITUATION, CRISIS, "assert").help
    events = list(coach.partner_reply(SITUATION, said(CRISIS)))
    assert [type(event) for event in events] == [Crisis, Finished]
    *_, last = coach.partner_reply(SITUATION, said(STRONG))
    assert last.text in authored_lines()["hard"]["deny"]


def test_the_partner_is_stopped_between_pieces_but_never_the_guard(scripted, guard, words):
    coach = Coach(scripted("I hear you."), guard, words)
    with pytest.raises(Enough):
        list(coach.partner_reply(SITUATION, said("Turn it down, please."), each_piece=enough))
    events = list(coach.partner_reply(SITUATION, said(CRISIS), each_piece=enough))
    assert [type(event) for event in events] == [Crisis, Finished]
