"""A language model as rater: what each arm shows it, and what it never shows."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.language.load import load_language_model
from thymos.respond.coach.examples import LEVELS, Draft, Example, ExampleBank
from thymos.respond.coach.language_rating import ARMS, LanguageModelRater, block, head_of, shortened
from thymos.respond.coach.seed_set import rubrics, seed_examples
from thymos.testing.tiny_models import write_tiny_model

RUBRIC = rubrics()["assert"]
DRAFTS = [Draft("Please call me on Monday.", "A situation", "own"), Draft("Whatever.", "Another", "other")]


@pytest.fixture(scope="module")
def bank(words):
    return ExampleBank([*seed_examples("assert"), Example("Own words here", "A situation", "own", "strong")], words)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = write_tiny_model(tmp_path_factory.mktemp("tiny"), max_position_embeddings=16_384)
    return load_language_model(str(folder), cache=None)


def prompts(model, bank, arm, k=1):
    return LanguageModelRater(model, RUBRIC, bank, arm=arm, k=k).prompts(DRAFTS)


def test_arms_show_what_they_say(model, bank):
    found = {arm: prompts(model, bank, arm) for arm in ARMS}
    for arm, own in found.items():
        assert all(prompt.endswith("Rating:") for prompt in own)
        assert "Answer: Whatever.\n" in own[1]
        assert (RUBRIC.levels["weak"] in own[0]) == (arm != "zero-shot")
        assert ("Reason:" in own[0].rpartition("Answer:")[2]) == (arm == "reasoning")
    demonstrations = {arm: own[0].count("Rating: ") for arm, own in found.items()}
    assert demonstrations == {
        "zero-shot": 0, "rubric": 0, "reasoning": 0, "random": 3, "kNN": 3, "contrast": 4
    }  # fmt: skip
    assert found["contrast"][0].count("A better answer:") == 2
    assert "A better answer:" not in found["kNN"][0]
    assert prompts(model, bank, "kNN", k=2)[0].count("Rating: ") == 6


def test_a_draft_never_sees_its_own_group(model, bank):
    for arm in ARMS[3:]:
        own, other = prompts(model, bank, arm, k=40)
        assert "Own words here" not in own
        # With so many examples everything else is shown; a strong one without versions is no half of a pair.
        assert ("Own words here" in other) == (arm != "contrast")


def test_random_sets_are_fixed(model, bank):
    rater = LanguageModelRater(model, RUBRIC, bank, arm="random", k=2)
    first = rater.random_set(DRAFTS[0], 1)
    assert first == rater.random_set(DRAFTS[1], 1)
    assert first != rater.random_set(DRAFTS[0], 2)
    assert [one.level for one in first] == ["none", "none", "weak", "weak", "strong", "strong"]


def test_shares_and_prior(model, bank):
    rater = LanguageModelRater(model, RUBRIC, bank, arm="rubric")
    before = rater.shares(DRAFTS)
    assert before.shape == (2, 3)
    assert np.allclose(before.sum(axis=1), 1)
    rater.fit_prior(DRAFTS)
    logs = np.log(rater.shares(DRAFTS))
    centered = rater.scores(DRAFTS) - rater.prior
    assert np.allclose(logs - logs.mean(axis=1, keepdims=True), centered - centered.mean(axis=1, keepdims=True))
    assert np.allclose(centered.mean(axis=0), 0), "on these drafts no level is favored any more"
    assert rater.shares([]).shape == (0, 3)


def test_every_arm_rates(model, bank):
    for arm in ARMS:
        shares = LanguageModelRater(model, RUBRIC, bank, arm=arm).shares(DRAFTS)
        assert np.allclose(shares.sum(axis=1), 1), arm


def test_texts_are_cut_and_in_one_line():
    long = Draft("word " * 100, "post " * 100)
    told = block(long, (3, 5))
    assert told == "Situation: post post post ...\nAnswer: word word word word word ...\n"
    assert shortened("a\nb", 5) == "a b"
    assert block(Draft("x")) == "Answer: x\n"
    assert all(level in head_of(RUBRIC, with_levels=False) for level in LEVELS)


def test_errors(model):
    with pytest.raises(BadInput, match="unknown arm 'magic'"):
        LanguageModelRater(model, RUBRIC, arm="magic")
    with pytest.raises(BadInput, match="the arm 'kNN' needs examples"):
        LanguageModelRater(model, RUBRIC, arm="kNN")
