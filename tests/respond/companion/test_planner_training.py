"""Training of the learned planner: on invented talks, and which dialogues of ESConv it reads."""

from pathlib import Path

import numpy as np
import pytest

from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.respond.companion import CourseRule, planner_training
from thymos.respond.companion.planner_training import (
    UNREAD,
    Parts,
    fit_planner_head,
    planned_by,
    planner_parts,
    scores_of,
    train_planner,
    train_planner_head,
)
from thymos.respond.strategy.contexts import STRATEGIES, strategy_split
from thymos.respond.strategy.features import strategy_codes
from thymos.respond.strategy.head import WordsPlanner, answers_seeker, head_inputs, load_planner_head
from thymos.respond.strategy.matching import shares_of
from thymos.testing.support_talks import LetterEncoder, invented_talks

TALKS = Parts(invented_talks(40), invented_talks(20, seed=1))


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """One weight and two costs."""
    monkeypatch.setattr(planner_training, "VECTOR_WEIGHTS", (5.0,))
    monkeypatch.setattr(planner_training, "COSTS", (0.001, 3.0))


@pytest.mark.usefixtures("fast")
def test_what_the_words_give_away_is_learned_and_settings_are_chosen() -> None:
    steps: list[tuple[int, int]] = []
    encoder = LetterEncoder()
    head = train_planner_head(TALKS, encoder, lambda done, steps_: steps.append((done, steps_)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert head.about["cost"] == 3.0
    assert head.about["turns"] == 480
    assert head.about["dialogues"] == 60
    assert head.about["validation_head_alone_macro_f1"] > 0.8
    assert head.about["validation_rule_macro_f1"] < 0.3
    unseen = invented_talks(20, seed=2)
    assert scores_of(unseen, WordsPlanner(encoder, head).predict(unseen))["macro_f1"] > 0.8


def test_the_shift_gives_the_shares_of_people() -> None:
    noisy, encoder = invented_talks(80, noise=0.8), LetterEncoder()
    head = fit_planner_head(noisy, head_inputs(noisy, encoder, 2.0), 0.03, 2.0, encoder.identity)
    unseen = invented_talks(80, seed=5, noise=0.8)
    gaps = []
    for corrected in (True, False):
        chosen = WordsPlanner(encoder, head, corrected=corrected).shares(unseen).argmax(axis=1)
        gaps.append(np.abs(shares_of(chosen) - shares_of(strategy_codes(unseen))).sum())
    assert gaps[0] < gaps[1] / 2


def test_too_little_is_refused() -> None:
    few = invented_talks(2)
    with pytest.raises(BadInput, match="dialogues and all"):
        fit_planner_head(few, np.zeros((len(few), 3)), 1.0, 2.0, "letters")
    without = [context for context in TALKS.train if context.strategy != "Others"]
    with pytest.raises(BadInput, match="all 8 strategies"):
        fit_planner_head(without, np.zeros((len(without), 3)), 1.0, 2.0, "letters")


def test_the_rule_is_asked_as_in_a_talk() -> None:
    found = planned_by(CourseRule(), TALKS.valid, [UNREAD] * len(TALKS.valid))
    assert len(found) == len(TALKS.valid)
    assert set(found) <= set(STRATEGIES)


@pytest.mark.data
@pytest.mark.usefixtures("fast")
def test_no_test_dialogue_is_read_and_both_files_are_written(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = load_corpus("esconv", data_root)
    parts = planner_parts(corpus)
    dialogues = [{context.dialogue for context in part} for part in parts]
    split = strategy_split(corpus)
    test, valid = (set(corpus.items.loc[list(split[name]), "dialogue"]) for name in ("test", "valid"))
    assert not dialogues[0] & dialogues[1]
    assert not (dialogues[0] | dialogues[1]) & test
    assert dialogues[1] <= valid
    assert all(answers_seeker(context) for part in parts for context in part)
    monkeypatch.setattr(planner_training, "load_encoder", lambda spec: LetterEncoder())
    scores = train_planner(data_root, tmp_path / "head")
    assert scores["validation_planner_macro_f1"] > scores["validation_rule_macro_f1"]
    assert set(load_planner_head(tmp_path / "head").about) >= set(scores)
