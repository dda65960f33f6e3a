"""The authored seed set: what it promises, and what damages it."""

import re

import pytest
import yaml

from thymos.errors import BadInput
from thymos.respond.coach.examples import LEVELS, plain
from thymos.respond.coach.measuring import challenge
from thymos.respond.coach.mechanisms import MECHANISMS
from thymos.respond.coach.partner import MOVES, authored_lines
from thymos.respond.coach.seed_set import (
    DATA,
    DIFFICULTIES,
    SKILLS,
    Situation,
    other_skill_examples,
    read_seed_set,
    rubrics,
    seed_examples,
    seed_set,
)


def test_every_skill_has_twelve_situations_with_three_levels():
    assert len(seed_set()) == 28
    for skill in SKILLS:
        examples = seed_examples(skill)
        assert len(examples) == 36
        assert len({one.group for one in examples}) == 12
        for level in LEVELS:
            assert sum(one.level == level for one in examples) == 12
        assert len({one.pair for one in examples}) == 12


def test_every_utterance_has_a_reason_and_its_own_words():
    every = [one for skill in SKILLS for one in seed_examples(skill)]
    assert len({plain(one.text) for one in every}) == len(every) == 252
    assert all(len(one.reason.split()) >= 2 for one in every)
    assert all(one.context for one in every)


def test_mindful_utterances_answer_something():
    for one in seed_set():
        assert ("mindful" in one.examples) == ("mindful" in one.after)
        assert len(one.start_with) == 2


def test_the_card_says_what_the_set_is():
    card = (DATA / "README.md").read_text(encoding="utf-8")
    assert "unrated by clinicians" in card
    assert re.search(r"28 situations.*252 utterances", card, re.DOTALL)


def test_rubrics_and_lines_are_complete():
    assert set(rubrics()) == {*SKILLS, *MECHANISMS}
    for skill in SKILLS:
        assert set(rubrics()[skill].suggestions) == set(LEVELS)
        assert "[" in rubrics()[skill].frame
    assert set(authored_lines()) == set(DIFFICULTIES)
    moves = [move for lines in authored_lines().values() for move in lines]
    assert set(moves) == set(MOVES)
    assert all(len(lines) >= 2 for by_move in authored_lines().values() for lines in by_move.values())


def test_strong_utterances_of_other_skills_are_none_of_a_skill():
    found = other_skill_examples("assert", {"partner_chores"})
    own = {one.text for one in seed_examples("assert")}
    assert len(found) == 24 - 1, "the situation that is left out has one utterance of express"
    assert {one.level for one in found} == {"none"}
    assert not own & {one.text for one in found}
    assert other_skill_examples("mindful") == []


def test_the_challenge_is_balanced_and_not_in_the_seed_set():
    known = {plain(one.text) for skill in SKILLS for one in seed_examples(skill)}
    for examples in challenge().values():
        assert sorted(one.level for one in examples) == ["none"] * 2 + ["strong"] * 2 + ["weak"] * 2
        assert not known & {plain(one.text) for one in examples}
        words = {level: [len(one.text.split()) for one in examples if one.level == level] for level in LEVELS}
        assert max(words["strong"]) < max(words["none"]), "strong ones are short here"


@pytest.fixture
def values():
    return yaml.safe_load((DATA / "dear_man.yaml").read_text(encoding="utf-8"))[:2]


def damaged(tmp_path, values):
    path = tmp_path / "set.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_two_situations_are_read(tmp_path, values):
    first, _ = read_seed_set(damaged(tmp_path, values))
    assert first.situation.emotions == ("frustrated", "tired")
    assert set(first.examples) == {"describe", "express", "assert"}


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda values: values[0].pop("partner"), r"situation 1: 'partner' is missing"),
        (lambda values: values[1]["skills"].update(juggle={}), r"situation 2 \(work_credit\): unknown skill 'juggle'"),
        (lambda values: values[1].update(start_with=["juggle"]), r"unknown skill 'juggle'"),
        (lambda values: values[0]["skills"]["assert"].pop("weak"), "assert needs none, weak and strong"),
        (lambda values: values[0]["skills"]["assert"].update(weak="text"), r"assert, weak: \[text, reason\] is needed"),
        (lambda values: values[0]["skills"]["assert"].update(weak=[" ", "r"]), "the text is empty"),
        (lambda values: values[1].update(id="work_weekend_shifts"), "situation 'work_weekend_shifts' stands twice"),
        (
            lambda values: values[0]["skills"]["assert"].update(weak=values[0]["skills"]["assert"]["none"]),
            "the utterance .* stands twice",
        ),
        (lambda values: values.clear(), "a list of situations is needed"),
        (lambda values: values.insert(0, "text"), "situation 1: a situation is needed here"),
    ],
)
def test_damages(tmp_path, values, harm, message):
    harm(values)
    with pytest.raises(BadInput, match=message):
        read_seed_set(damaged(tmp_path, values))


def test_no_yaml(tmp_path):
    path = tmp_path / "set.yaml"
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(BadInput, match="this is not YAML"):
        read_seed_set(path)


def test_situations_of_a_user():
    assert Situation("My bike was taken.", "my friend").difficulty == "medium"
    with pytest.raises(BadInput, match="the partner is empty"):
        Situation("My bike was taken.", " ")
    with pytest.raises(BadInput, match="unknown difficulty 'brutal'"):
        Situation("My bike was taken.", "my friend", "brutal")
    with pytest.raises(BadInput, match="unknown skill 'juggling'"):
        seed_examples("juggling")
