"""Better versions of a draft."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.respond.coach.examples import LEVELS, Contrast, Example, plain
from thymos.respond.coach.rewriting import authored_rewrite, filled_frame, firmer, model_rewrite, refused_rewrite
from thymos.respond.coach.seed_set import SKILLS, Situation, rubrics

SITUATION = Situation("My roommate leaves dishes in the sink.", "my roommate", emotions=("angry", "sad", "tired"))
PAIR = Contrast(
    Example("clean up maybe", level="weak"), Example("Please wash up every evening by ten.", level="strong")
)


@pytest.mark.parametrize(
    ("draft", "firm"),
    [
        ("Sorry, I need the numbers.", "I need the numbers."),
        (
            "I'm really sorry to bother you again with this, but I do need them on Thursday.",
            "I do need them on Thursday.",
        ),
        ("Maybe you could call me, if you don't mind.", "You could call me."),
        ("I need it by Friday.", "I need it by Friday."),
        ("I think that it is due, if that's okay with you.", "It is due."),
        ("Well, that works as well.", "That works as well."),
        ("I’m sorry but no.", "No."),
    ],
)
def test_apologies_and_hedges_go(draft, firm):
    assert firmer(draft) == firm


@given(st.text(max_size=60))
def test_firmer_is_settled_after_a_few_passes_and_adds_no_word(draft):
    once = firmer(draft)
    assert set(plain(once).split()) <= set(plain(draft.replace("’", "'")).split())


def test_the_frame_takes_the_users_feelings():
    assert filled_frame(rubrics()["express"], SITUATION) == "I feel angry and sad because [what happened]."
    without = Situation("x", "y")
    assert "[feeling]" in filled_frame(rubrics()["express"], without)


@pytest.mark.parametrize("skill", SKILLS)
@pytest.mark.parametrize("level", LEVELS)
def test_authored_rewrites(skill, level):
    draft = "Maybe you could do the dishes some time."
    found = authored_rewrite(draft, level, rubrics()[skill], SITUATION)
    assert found
    if level == "strong":
        assert found == draft
    elif level == "none":
        assert found == filled_frame(rubrics()[skill], SITUATION)
    else:
        assert "Maybe" not in found
        assert ("[" in found) == (skill != "confident")


def test_a_confident_draft_without_hedges_gets_the_frame():
    found = authored_rewrite("You could do the dishes.", "weak", rubrics()["confident"], SITUATION)
    assert found.startswith("You could do the dishes. I am asking for [what]")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Please wash your dishes tonight.", ""),
        ("Dishes now.", "2 words"),
        ("dishes " * 80, "80 words"),
        ("the dishes the dishes the dishes the dishes the dishes the dishes", "goes round in circles"),
        ("do the dishes maybe!", "the draft again"),
        ("Please wash up every evening by ten.", "copies an example"),
        ("I love the blue summer sky.", "not about the draft"),
    ],
)
def test_what_is_refused_of_a_model(text, reason):
    assert refused_rewrite(text, "Do the dishes, maybe", SITUATION, [PAIR]) == reason


def test_a_model_sees_the_pairs_and_its_text_must_be_accepted(scripted):
    model = scripted('"Please wash your dishes tonight."', "Please wash your dishes tonight.")
    found = model_rewrite(model, "do the dishes", rubrics()["assert"], SITUATION, [PAIR], lambda text: "")
    assert found == ("Please wash your dishes tonight.", "")
    (asked,) = model.asked
    assert [turn.content for turn in asked[1:3]] == ["Rewrite: clean up maybe", PAIR.better.text]
    _, refused = model_rewrite(model, "do the dishes", rubrics()["assert"], SITUATION, [PAIR], lambda text: "too low")
    assert refused == "too low"
