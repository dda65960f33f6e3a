"""The companion's learned planner: the head that ships, where its encoder is there and the talk is in English."""

import re
from collections.abc import Sequence
from functools import cache
from threading import Lock

import numpy as np

from thymos.errors import BadInput, Unavailable
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.language.model import Message
from thymos.respond.companion.events import Read
from thymos.respond.companion.plan import GREETING, OTHERS, THANKS, CourseRule, Planner
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance
from thymos.respond.strategy.features import Floats, seeker_words
from thymos.respond.strategy.head import ENCODER, PlannerHead, WordsPlanner

LEARNED, RULE = "learned", "rule"
PLANNERS = (LEARNED, RULE)
GOODBYE = re.compile(
    r"\b(?:good ?bye|bye|good night|have a (?:nice|good|great|lovely|wonderful)|take care|see you)\b", re.IGNORECASE
)
SPEAKERS = {"user": "seeker", "assistant": "supporter"}
_LOADING = Lock()


class LearnedPlanner:
    """Chooses as supporters in ESConv did, as often as they chose each strategy; Others only where it fits.

    Others is ESConv's name for all that is no support. Our own replies for it greet and thank, so that it is left out
    unless the message greets, thanks or says goodbye.

    Args:
        encoder: reads the last turns; must keep nothing of them. Default: the embedded one, without a cache.
        head: the one that ships when left out.
        corrected: whether the preference of the head for frequent strategies is corrected; see ``PlannerHead``.
        free: whether Others may be chosen anywhere, as measured beside the planner in ``support_strategy_bias``.

    Raises:
        Unavailable: the encoder is not installed.

    Example:
        >>> planner = LearnedPlanner()  # doctest: +SKIP
        >>> planner.shares([Message("user", "My cat died.")], reading)["Question"]  # doctest: +SKIP
        0.37
    """

    name = LEARNED
    languages: Sequence[str] = ("en",)
    reason = "A planner that learned from support talks between people chose it."

    def __init__(
        self,
        encoder: SentenceEncoder | None = None,
        head: PlannerHead | None = None,
        *,
        corrected: bool = True,
        free: bool = False,
    ) -> None:
        self.words = WordsPlanner(encoder or talk_encoder(), head, corrected=corrected)
        self.free = free

    def shares(self, history: Sequence[Message], reading: Read) -> dict[str, float]:
        """See ``Planner``; what is perceived in the message did not help on validation dialogues and is not used."""
        (row,) = self.context_shares([context_of(history)])
        return dict(zip(STRATEGIES, map(float, row), strict=True))

    def context_shares(self, contexts: Sequence[StrategyContext]) -> Floats:
        """Shares of many contexts, shape (contexts, strategies), rows summing to 1."""
        found = self.words.shares(contexts)
        if not self.free:
            closed = [not is_courtesy(seeker_words(context)) for context in contexts]
            found[np.array(closed, dtype=bool), STRATEGIES.index(OTHERS)] = 0
        return found / found.sum(axis=1, keepdims=True)


def context_of(history: Sequence[Message]) -> StrategyContext:
    """A talk as the planner of strategies sees it; turns of other roles than user and assistant are left out."""
    turns = tuple(Utterance(SPEAKERS[turn.role], turn.content) for turn in history if turn.role in SPEAKERS)
    return StrategyContext("talk", "talk", turns, "", "")


def is_courtesy(text: str) -> bool:
    """Whether a message greets, thanks or says goodbye.

    Example:
        >>> is_courtesy("Hi there"), is_courtesy("Thanks, bye!"), is_courtesy("I failed my exam.")
        (True, True, False)
    """
    return any(pattern.search(text) for pattern in (GREETING, THANKS, GOODBYE))


@cache
def _loaded() -> SentenceEncoder:
    return load_encoder(ENCODER, cache=None)  # no cache: what people write must leave no trace on the disk


def talk_encoder() -> SentenceEncoder:
    """The encoder of talks, loaded once; it keeps no vectors.

    Raises:
        Unavailable: its package is not installed.
    """
    with _LOADING:
        return _loaded()


def load_planner(name: str = LEARNED) -> Planner:
    """A planner by name: ``"learned"``, or the rule where its encoder is not installed; ``"rule"``.

    Raises:
        BadInput: another name.
    """
    if name not in PLANNERS:
        raise BadInput(f"there is no planner {name!r}", where="planner", mend=f"use one of: {', '.join(PLANNERS)}")
    if name == RULE:
        return CourseRule()
    try:
        return LearnedPlanner()
    except Unavailable:
        missing = "the sentence encoder of the learned planner is not installed"
    except BadInput:
        missing = "the learned planner belongs to another sentence encoder than the one installed"
    return CourseRule(f"The rule chose it: {missing}.")
