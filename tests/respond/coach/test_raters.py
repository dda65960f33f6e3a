"""Raters without a language model: probabilities, votes, heads, cues."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.respond.coach.cues import CUES, cue_values, found_cues
from thymos.respond.coach.examples import LEVELS, Draft, Example, ExampleBank
from thymos.respond.coach.raters import (
    MajorityRater,
    NeighborVoteRater,
    VectorRater,
    cumulative_shares,
)
from thymos.respond.coach.seed_set import SKILLS

TEXTS = {
    "none": ("you are bad", "you are so lazy", "typical of you", "you never help"),
    "weak": ("it would be nice somehow", "maybe some help one day", "perhaps a bit more help"),
    "strong": ("please call me on monday", "please send it by friday", "please come at nine", "please pay me today"),
}
EXAMPLES = [Example(text, level=level) for level, texts in TEXTS.items() for text in texts]


@pytest.fixture(scope="module")
def raters(words):
    bank = ExampleBank(EXAMPLES, words)
    return [
        MajorityRater(EXAMPLES),
        *(NeighborVoteRater(bank, k=k, votes=votes) for k in (1, 20) for votes in ("near", "levels")),
        *(
            VectorRater(bank, head=head, cues=cues, context=context)
            for head in ("logistic", "ordinal")
            for cues, context in (("", False), ("assert", True))
        ),
    ]


@given(texts=st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_ratings_are_probabilities(raters, texts):
    drafts = [Draft(text, "a situation") for text in texts]
    for rater in raters:
        shares = rater.shares(drafts)
        assert shares.shape == (len(texts), len(LEVELS))
        assert np.isfinite(shares).all()
        assert (shares >= 0).all()
        assert np.allclose(shares.sum(axis=1), 1)


def test_a_rating_does_not_hang_on_its_neighbors_in_the_list(raters):
    drafts = [Draft("please call on friday"), Draft("you are lazy"), Draft("maybe somehow")]
    for rater in raters:
        alone = np.vstack([rater.shares([draft]) for draft in drafts])
        assert np.allclose(rater.shares(drafts), alone)


def test_what_is_learned(raters):
    drafts = [Draft("you are so bad"), Draft("please send me the papers by monday")]
    for rater in raters[1:]:
        assert rater.shares(drafts).argmax(axis=1).tolist() == [0, 2], rater.name


def test_majority_and_equal_shares_where_nothing_may_be_seen(words):
    assert MajorityRater(EXAMPLES).shares([Draft("x")])[0].tolist() == [4 / 11, 3 / 11, 4 / 11]
    own = [Example(f"text {level}", group="all", level=level) for level in LEVELS]
    vote = NeighborVoteRater(ExampleBank(own, words))
    assert np.allclose(vote.shares([Draft("x", group="all")]), 1 / 3)


def test_near_votes_follow_frequency_and_level_votes_do_not(words):
    many = [Example(f"help number {number}", level="none") for number in range(9)]
    bank = ExampleBank([*many, Example("help", level="weak"), Example("help me", level="strong")], words)
    draft = [Draft("help me now")]
    assert NeighborVoteRater(bank, k=9).shares(draft)[0].argmax() == 0
    assert NeighborVoteRater(bank, k=9, votes="levels").shares(draft)[0].argmax() == 2


@given(st.lists(st.tuples(st.floats(-1, 2), st.floats(-1, 2)), min_size=1, max_size=5))
def test_cumulative_questions_give_probabilities(reached):
    shares = cumulative_shares(np.array(reached))
    assert (shares >= 0).all()
    assert np.allclose(shares.sum(axis=1), 1)
    clipped = np.clip(np.array(reached), 0, 1)
    assert np.allclose(1 - shares[:, 0], clipped[:, 0])
    assert (shares[:, 2] <= clipped[:, 1] + 1e-12).all()


def test_errors(words):
    bank = ExampleBank(EXAMPLES, words)
    with pytest.raises(BadInput, match="votes 'some'"):
        NeighborVoteRater(bank, votes="some")
    with pytest.raises(BadInput, match="unknown head 'deep'"):
        VectorRater(bank, head="deep")
    with pytest.raises(BadInput, match="shape"):
        cumulative_shares(np.zeros((2, 3)))


# -- cues -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skill", "text", "found"),
    [
        ("describe", "On Monday there were two letters.", {"numbers", "days or dates"}),
        ("describe", "You're such a liar.", {"a judgment about the other"}),
        (
            "express",
            "I feel sad because you left.",
            {"an own feeling", "why the feeling is there", "feelings in words"},
        ),
        ("express", "I feel that you lie", {"a thought dressed as a feeling"}),
        ("assert", "Maybe a bit?", {"hedges"}),
        ("mindful", "I hear you.", {"their point is heard"}),
        ("confident", "Sorry, never mind.", {"apologies"}),
        ("confident", "I’m not an expert", {"making oneself small"}),
    ],
)
def test_cues(skill, text, found):
    assert {cue.name for cue in found_cues(text, skill)} == found


@given(text=st.text(max_size=60), skill=st.sampled_from(SKILLS))
def test_cue_counts_are_bounded_and_case_does_not_matter(text, skill):
    values = cue_values(text, skill)
    assert len(values) == len(CUES[skill])
    assert all(0 <= value <= 3 for value in values)


def test_cues_of_another_skill():
    with pytest.raises(BadInput, match="no cues of 'juggling'"):
        cue_values("a", "juggling")
