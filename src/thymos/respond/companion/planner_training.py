"""Training of the companion's learned planner: ``thymos train planner --out FOLDER``.

Settings are chosen on ESConv's validation dialogues after training on the others; then the head is trained on both.
No test dialogue is read: what the planner is worth there is in the study ``support_strategy_bias``.
"""

import datetime
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from thymos.corpora.corpus import Corpus
from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.language.model import Message
from thymos.measure.classification import macro_f1
from thymos.measure.preference import preference_bias
from thymos.respond.companion.events import Read
from thymos.respond.companion.learned import SPEAKERS, LearnedPlanner
from thymos.respond.companion.plan import CourseRule, Planner
from thymos.respond.strategy.contexts import (
    STRATEGIES,
    StrategyContext,
    dialogue_parts,
    strategy_contexts,
    strategy_split,
)
from thymos.respond.strategy.features import SIZE, Floats, Integers, strategy_codes
from thymos.respond.strategy.head import ENCODER, PlannerHead, answers_seeker, head_inputs
from thymos.respond.strategy.matching import match_shares, shares_of

CORPUS = "esconv"
VECTOR_WEIGHTS, COSTS = (2.0, 5.0), (0.003, 0.01, 0.03, 0.1)
FOLDS = 4
ROLES = {speaker: role for role, speaker in SPEAKERS.items()}
UNREAD = Read({}, float("nan"), float("nan"), "ok")
"""What the rule is told of a validation turn: nothing; it asks only whether a message is pleasant."""


class Parts(NamedTuple):
    """Turns that answer a seeker, of dialogues for training and for validation."""

    train: list[StrategyContext]
    valid: list[StrategyContext]


def planner_parts(corpus: Corpus) -> Parts:
    """Turns to train on and to choose settings on; no test dialogue is among them.

    Raises:
        BadInput: no validation dialogues, or none for training.
    """
    chosen = set(corpus.items.loc[list(strategy_split(corpus)["valid"]), "dialogue"])
    kept = dialogue_parts(corpus)["train"]
    train, valid = [one for one in kept if one not in chosen], [one for one in kept if one in chosen]
    if not train or not valid:
        raise BadInput("dialogues for training and validation are needed", where=f"corpus {corpus.slug}")
    return Parts(
        *([turn for turn in strategy_contexts(corpus, part) if answers_seeker(turn)] for part in (train, valid))
    )


def fit_planner_head(
    contexts: Sequence[StrategyContext], inputs: Floats, cost: float, vector_weight: float, encoder: str
) -> PlannerHead:
    """Logistic regression and the shift that matches the supporters' shares on dialogues that a head has not seen.

    Args:
        contexts: with their strategies.
        inputs: from ``head_inputs``.
        cost: inverse strength of regularization.
        vector_weight: that the inputs were made with.
        encoder: identity of the encoder that the inputs were made with.

    Raises:
        BadInput: fewer dialogues than folds, or a strategy that never occurs.
    """
    codes = strategy_codes(contexts)
    dialogues = [context.dialogue for context in contexts]
    if len(set(dialogues)) < FOLDS or len(set(codes)) < SIZE:
        raise BadInput(f"{FOLDS} dialogues and all {SIZE} strategies are needed", where="planner training")
    held_out = np.zeros((len(codes), SIZE))
    for kept, left in GroupKFold(FOLDS).split(inputs, groups=dialogues):
        weights, bias = fit_weights(inputs[kept], codes[kept], cost)
        held_out[left] = inputs[left] @ weights.T + bias
    held_out -= np.log(np.exp(held_out).sum(axis=1, keepdims=True))
    weights, bias = fit_weights(inputs, codes, cost)
    return PlannerHead(weights, bias, match_shares(held_out, shares_of(codes)), vector_weight, encoder, {})


def fit_weights(inputs: Floats, codes: Integers, cost: float) -> tuple[Floats, Floats]:
    """Weights, shape (strategies, inputs), and bias; a strategy that a fold lacks gets a bias that never wins."""
    model = LogisticRegression(C=cost, max_iter=1000).fit(inputs, codes)
    weights, bias = np.zeros((SIZE, inputs.shape[1])), np.full(SIZE, -20.0)
    weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weights, bias


def scores_of(contexts: Sequence[StrategyContext], predicted: Sequence[str]) -> dict[str, float]:
    """Macro F1 and preference bias."""
    gold = [context.strategy for context in contexts]
    return {
        "macro_f1": float(macro_f1(gold, predicted, labels=list(STRATEGIES))),
        "preference_bias": float(preference_bias(gold, predicted, labels=list(STRATEGIES))),
    }


def planned_by(planner: Planner, contexts: Sequence[StrategyContext], readings: Sequence[Read]) -> list[str]:
    """What a planner of the companion chooses, context by context, as in a talk.

    Args:
        planner: of a companion.
        contexts: that end with the seeker's turn.
        readings: of the seeker's last turns.
    """
    found = []
    for context, reading in zip(contexts, readings, strict=True):
        shares = planner.shares([Message(ROLES[turn.speaker], turn.text) for turn in context.history], reading)
        found.append(max(shares, key=lambda name: shares[name]))
    return found


def train_planner_head(
    parts: Parts, encoder: SentenceEncoder, progress: Callable[[int, int], None] | None = None
) -> PlannerHead:
    """Choose settings on validation turns by macro F1 of the corrected head, then train on all turns.

    Args:
        parts: see ``planner_parts``.
        encoder: of the turns.
        progress: called with (heads trained, all).
    """
    settings = list(product(VECTOR_WEIGHTS, COSTS))
    steps = len(settings) + 1
    best: tuple[float, PlannerHead, float] | None = None
    for number, (weight, cost) in enumerate(settings):
        inputs, seen = (head_inputs(part, encoder, weight) for part in parts)
        head = fit_planner_head(parts.train, inputs, cost, weight, encoder.identity)
        predicted = [STRATEGIES[place] for place in head.shares(seen).argmax(axis=1)]
        score = scores_of(parts.valid, predicted)["macro_f1"]
        if best is None or score > best[0]:
            best = score, head, cost
        if progress is not None:
            progress(number + 1, steps)
    assert best is not None
    _, chosen, cost = best
    about = {
        "trained": datetime.date.today().isoformat(),
        "corpus": CORPUS,
        "dialogues": len({context.dialogue for part in parts for context in part}),
        "turns": sum(map(len, parts)),
        "validation_turns": len(parts.valid),
        "cost": cost,
        **validation_scores(chosen, encoder, parts.valid),
    }
    whole = [*parts.train, *parts.valid]
    inputs = head_inputs(whole, encoder, chosen.vector_weight)
    final = fit_planner_head(whole, inputs, cost, chosen.vector_weight, encoder.identity)
    if progress is not None:
        progress(steps, steps)
    return final._replace(about=about)


def validation_scores(
    head: PlannerHead, encoder: SentenceEncoder, contexts: Sequence[StrategyContext]
) -> dict[str, float]:
    """What planners get right on validation turns: the companion's, its forms, and the rule.

    Args:
        head: that has not seen these dialogues.
        encoder: of the turns.
        contexts: of validation.
    """

    def learned(**options: Any) -> list[str]:
        shares = LearnedPlanner(encoder, head, **options).context_shares(contexts)
        return [STRATEGIES[place] for place in shares.argmax(axis=1)]

    planned = {
        "planner": learned(),
        "head_alone": learned(rules=False),
        "head_alone_uncorrected": learned(rules=False, corrected=False),
        "rule": planned_by(CourseRule(), contexts, [UNREAD] * len(contexts)),
    }
    return {
        f"validation_{name}_{metric}": round(value, 4)
        for name, predicted in planned.items()
        for metric, value in scores_of(contexts, predicted).items()
    }


def train_planner(
    data: Path | None, out: Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, float]:
    """Train the learned planner and write it.

    Args:
        data: folder with esconv.
        out: folder for ``planner_head.safetensors`` and ``planner_head.json``.
        progress: called with (heads trained, all).

    Returns:
        Scores on validation turns.

    Raises:
        Unavailable: the corpus or the embedded encoder is not there.
    """
    # The corpus is at hand anyway, so that its vectors may be cached; people's messages never are.
    head = train_planner_head(planner_parts(load_corpus(CORPUS, data)), load_encoder(ENCODER), progress)
    head.save(out)
    return {name: value for name, value in head.about.items() if name.startswith("validation_") and "turns" not in name}
