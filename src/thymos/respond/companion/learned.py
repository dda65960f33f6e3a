"""The companion's learned planner: the head that ships, where its encoder is there and the talk is in English."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from threading import Lock

import numpy as np

from thymos.errors import BadInput, Unavailable
from thymos.language.encoders import SentenceEncoder
from thymos.language.load import load_encoder
from thymos.language.model import Message
from thymos.respond.companion.events import Read
from thymos.respond.companion.plan import ASKS, OTHERS, QUESTION, SUGGESTIONS, THANKS, CourseRule, Planner
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance
from thymos.respond.strategy.features import Floats, seeker_words
from thymos.respond.strategy.head import ENCODER, PlannerHead, WordsPlanner

LEARNED, RULE = "learned", "rule"
PLANNERS = (LEARNED, RULE)
ONLY_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening))"
    r"(?:\W+(?:there|again|all|everyone|friend|thymos|how|are|you|is|it|going|doing|today))*\W*$",
    re.IGNORECASE,
)
GOODBYE = re.compile(
    r"\b(?:good ?bye|bye|good night|have a (?:nice|good|great|lovely|wonderful)|take care|see you)\b", re.IGNORECASE
)
GREETED, ASKED, ONE_MORE_QUESTION = 5.0, 2.0, 0.5
"""What shares are multiplied by: Others after a mere greeting, suggestions where they are asked for, a question after
each reply with a question from the second on. Set by hand; with Others kept for courtesies they cost
0.012 of macro F1 on validation turns."""
SPEAKERS = {"user": "seeker", "assistant": "supporter"}
_LOADING = Lock()


class LearnedPlanner:
    """Chooses as supporters in ESConv did, as often as they chose each strategy, and keeps a few rules of a talk.

    Others is ESConv's name for all that is no support. Our own replies for it greet and thank, so that it is left out
    unless the message greets, thanks or says goodbye. Who is answered with questions alone hears fewer of them, and
    who asks for advice after a first reply is sooner given some.

    Args:
        encoder: reads the last turns; must keep nothing of them. Default: the embedded one, without a cache.
        head: the one that ships when left out.
        corrected: whether the preference of the head for frequent strategies is corrected; see ``PlannerHead``.
        rules: whether the rules above are kept; without them the head decides alone.

    Raises:
        Unavailable: the encoder is not installed.
        BadInput: the head belongs to another encoder.

    Example:
        >>> shares = LearnedPlanner().shares([Message("user", "My cat died.")], reading)  # doctest: +SKIP
        >>> max(shares, key=shares.get)  # doctest: +SKIP
        'Question'
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
        rules: bool = True,
    ) -> None:
        self.words = WordsPlanner(encoder or talk_encoder(), head, corrected=corrected)
        self.rules = rules

    def shares(self, history: Sequence[Message], reading: Read) -> dict[str, float]:
        """See ``Planner``; what is perceived in the message did not help on validation dialogues and is not used."""
        (row,) = self.context_shares([context_of(history)])
        return dict(zip(STRATEGIES, map(float, row), strict=True))

    def context_shares(self, contexts: Sequence[StrategyContext]) -> Floats:
        """Shares of many contexts, shape (contexts, strategies), rows summing to 1."""
        found = self.words.shares(contexts)
        if self.rules and contexts:
            found = found * np.array([rule_factors(context) for context in contexts])
        return found / found.sum(axis=1, keepdims=True)


def context_of(history: Sequence[Message]) -> StrategyContext:
    """A talk as the planner of strategies sees it; turns of other roles than user and assistant are left out."""
    turns = tuple(Utterance(SPEAKERS[turn.role], turn.content) for turn in history if turn.role in SPEAKERS)
    return StrategyContext("talk", "talk", turns, "", "")


def rule_factors(context: StrategyContext) -> Floats:
    """What the rules of a talk multiply each share by, shape (strategies,); see ``LearnedPlanner``."""
    factors = dict.fromkeys(STRATEGIES, 1.0)
    text = seeker_words(context)
    replies = [turn.text for turn in context.history if turn.speaker == "supporter"]
    if not replies and ONLY_GREETING.search(text):
        factors[OTHERS] = GREETED
    elif not is_courtesy(text):
        factors[OTHERS] = 0.0
    if replies and ASKS.search(text):
        factors[SUGGESTIONS] = ASKED
    with_questions = len(list(takewhile(lambda reply: "?" in reply, reversed(replies))))
    factors[QUESTION] = ONE_MORE_QUESTION ** max(0, with_questions - 1)
    return np.array(list(factors.values()))


def is_courtesy(text: str) -> bool:
    """Whether a message merely greets, or thanks or says goodbye.

    Example:
        >>> is_courtesy("Hi there"), is_courtesy("Thanks, bye!"), is_courtesy("Hi, I failed my exam.")
        (True, True, False)
    """
    return any(pattern.search(text) for pattern in (ONLY_GREETING, THANKS, GOODBYE))


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
