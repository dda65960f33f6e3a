"""The planner that ships: a linear head over sentence vectors of the last turns. It sees what was said, no labels.

``StrategyPlanner`` of the study knows which strategies the supporter chose before. In a talk nobody labels those, so
this one reads them from the words: what the seeker said last, what the supporter said last, the last four turns, and
how far the talk is. ``thymos train planner`` trains it again.
"""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.heads import load_head, save_head
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext
from thymos.respond.strategy.features import Floats, one_hot, seeker_words, supporter_words, turn_vectors

ENCODER = "minilm"
NAME = "planner_head"
MOST_REPLIES, MOST_TURNS = 20, 40  # longer talks count as this long: few of the training dialogues are longer
STEPS = 8


def answers_seeker(context: StrategyContext) -> bool:
    """Whether the turn to be planned answers words of the seeker: what a companion is asked for."""
    return bool(context.history) and context.history[-1].speaker == "seeker" and bool(context.history[-1].text.strip())


def course_of_words(context: StrategyContext) -> Floats:
    """Numbers on how far the talk is and how its last turns look, without labels of strategies.

    Returns:
        Shape (17,): nine plain numbers and the number of replies so far on a log scale (one-hot of eight steps).
    """
    replies = min(MOST_REPLIES, sum(turn.speaker == "supporter" for turn in context.history))
    seeker, supporter = seeker_words(context), supporter_words(context)
    plain = [
        "?" in seeker,
        np.log1p(len(seeker.split())),
        "?" in supporter,
        np.log1p(len(supporter.split())),
        replies / MOST_REPLIES,
        np.log1p(min(MOST_TURNS, len(context.history))),
        replies == 0,
        replies == 1,
        "thank" in seeker.lower(),
    ]
    step = min(STEPS - 1, int(2 * np.log2(replies + 1)))
    return np.concatenate([np.array(plain, dtype=float), one_hot(step, STEPS)])


def head_inputs(contexts: Sequence[StrategyContext], encoder: SentenceEncoder, vector_weight: float) -> Floats:
    """What the head sees, shape (contexts, 3 × dimension + 17)."""
    course = np.array([course_of_words(context) for context in contexts])
    return np.hstack([vector_weight * turn_vectors(contexts, encoder), course])


class PlannerHead(NamedTuple):
    """A fitted head: logistic regression, and the shift that matches how often each strategy is chosen.

    Args:
        weights: shape (strategies, inputs).
        bias: shape (strategies,).
        shift: shape (strategies,), added to log probabilities; see ``match_shares``.
        vector_weight: of the sentence vectors beside the other inputs.
        encoder: identity of the encoder that it was trained on.
        about: how it was trained and what it scored, for the data card.
    """

    weights: Floats
    bias: Floats
    shift: Floats
    vector_weight: float
    encoder: str
    about: dict[str, Any]

    def shares(self, inputs: Floats, *, corrected: bool = True) -> Floats:
        """Share of each strategy, shape (contexts, strategies), rows summing to 1.

        Args:
            inputs: from ``head_inputs``.
            corrected: whether the shift is added. Without it a share is a probability, and the frequent strategies are
                chosen far too often; with it each strategy is first as often as supporters chose it.
        """
        scores = inputs @ self.weights.T + self.bias
        found: Floats = softmax(scores + self.shift if corrected else scores, axis=1)
        return found

    def save(self, folder: str | Path) -> None:
        """Write both files."""
        arrays = {name: getattr(self, name).astype(np.float32) for name in ("weights", "bias", "shift")}
        save_head(folder, NAME, arrays, {"strategies": STRATEGIES, **{k: getattr(self, k) for k in self._fields[3:]}})


def load_planner_head(folder: str | Path) -> PlannerHead:
    """Read a head.

    Raises:
        BadInput: files that are missing or hold no head for these strategies.
    """
    arrays, settings = load_head(folder, NAME)
    try:
        weights, bias, shift = (arrays[name].astype(np.float64) for name in ("weights", "bias", "shift"))
        if tuple(settings.pop("strategies")) != STRATEGIES:
            raise ValueError("other strategies")
        if weights.ndim != 2 or not len(weights) == len(bias) == len(shift) == len(STRATEGIES):
            raise ValueError(f"shapes {weights.shape}, {bias.shape} and {shift.shape}")
        return PlannerHead(weights, bias, shift, **settings)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"no planner's head can be read ({type(error).__name__}: {error})", where=folder) from error


def shipped_head() -> PlannerHead:
    """The head that ships."""
    return load_planner_head(str(files(__package__) / "data"))


class WordsPlanner:
    """Encoder and head: from contexts to shares of strategies.

    Args:
        encoder: the encoder that the head was trained on.
        head: see ``PlannerHead``; default: the one that ships.
        corrected: see ``PlannerHead.shares``.

    Raises:
        BadInput: the head belongs to another encoder.
    """

    def __init__(self, encoder: SentenceEncoder, head: PlannerHead | None = None, *, corrected: bool = True) -> None:
        self.encoder, self.head, self.corrected = encoder, head or shipped_head(), corrected
        if self.head.encoder != encoder.identity:
            raise BadInput(f"the head was trained on {self.head.encoder}, not on {encoder.identity}", where="planner")

    def shares(self, contexts: Sequence[StrategyContext]) -> Floats:
        """Share of each strategy, shape (contexts, strategies), rows summing to 1."""
        if not contexts:
            return np.zeros((0, len(STRATEGIES)))
        inputs = head_inputs(contexts, self.encoder, self.head.vector_weight)
        return self.head.shares(inputs, corrected=self.corrected)

    def predict(self, contexts: Sequence[StrategyContext]) -> list[str]:
        """The strategy with the largest share of each context."""
        return [STRATEGIES[place] for place in self.shares(contexts).argmax(axis=1)] if contexts else []
