"""Which support strategy comes next: what a planner is, and a rule by the course of the talk.

The eight strategies are those of ESConv (Liu et al., ACL 2021). The rule follows the stages of helping on which ESConv
builds (Hill, Helping Skills): explore, comfort, act. It listens first: nothing is suggested before the person has
written twice, or asks for it [inferred]. Supporters of ESConv choose otherwise: the rule's scores and those of the
learned planner (``learned.py``), which the companion prefers, are in the study ``support_strategy_bias``.
"""

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from thymos.language.model import Message
from thymos.respond.companion.events import Read

QUESTION, RESTATEMENT, REFLECTION = "Question", "Restatement or Paraphrasing", "Reflection of feelings"
DISCLOSURE, REASSURANCE = "Self-disclosure", "Affirmation and Reassurance"
SUGGESTIONS, INFORMATION, OTHERS = "Providing Suggestions", "Information", "Others"
STRATEGIES = (QUESTION, RESTATEMENT, REFLECTION, DISCLOSURE, REASSURANCE, SUGGESTIONS, INFORMATION, OTHERS)

ASKS = re.compile(
    r"\b(?:what (?:should|can|could|do) i|how (?:do|can|should|could) i|any (?:advice|tips|ideas)|what would you do"
    r"|should i"
    r"|was (?:soll|kann|könnte) ich|wie (?:kann|soll) ich|hast du (?:einen )?(?:rat|tipp|tipps)|soll ich"
    r"|qué (?:puedo|debo|hago|debería)|cómo puedo|algún consejo|debería"
    r"|que (?:dois|puis|devrais)[- ]je|comment (?:puis|dois)[- ]je|qu'est-ce que je (?:peux|dois) faire|un conseil)\b",
    re.IGNORECASE,
)
GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|evening|afternoon)|hallo|guten (?:tag|morgen|abend)|hola|buenas?"
    r"|bonjour|salut|bonsoir)\b\W*"
    r"(?:\w+\W*){0,4}$",
    re.IGNORECASE,
)
THANKS = re.compile(r"\b(?:thanks|thank you|danke|gracias|merci)\b", re.IGNORECASE)
PLEASANT = 0.25  # valence from which on a message is good news
WHY = {
    QUESTION: "It asks first, to understand what the matter is.",
    RESTATEMENT: "It says in its own words what it understood, so that you can correct it.",
    REFLECTION: "It names the feeling that it reads in your message.",
    REASSURANCE: "It acknowledges what you do and feel.",
    DISCLOSURE: "It says how such a thing is for many people.",
    SUGGESTIONS: "It offers one small idea.",
    INFORMATION: "It tells a fact that may be of use.",
    OTHERS: "It greets, thanks or says goodbye.",
}


class Planner(Protocol):
    """Anything that gives each strategy a share.

    Attributes:
        name: in one word.
        languages: that it reads; empty for all. In others the rule stands in.
        reason: one sentence for the person: who chose, and where it is so, why not another planner.
    """

    name: str
    languages: Sequence[str]
    reason: str

    def shares(self, history: Sequence[Message], reading: Read) -> dict[str, float]:
        """Shares of the strategies for the reply to the last message; sum to 1."""
        ...


class CourseRule:
    """Explore, comfort, act: by how often the person has written, what they ask, and how they feel.

    Args:
        reason: why it is asked and no other planner.

    Example:
        >>> reading = Read({"sadness": 0.8}, -0.6, -0.2, "ok")
        >>> shares = CourseRule().shares([Message("user", "My cat died.")], reading)
        >>> max(shares, key=shares.get)
        'Reflection of feelings'
    """

    name = "rule"
    languages: Sequence[str] = ()

    def __init__(self, reason: str = "A rule by the course of the talk chose it.") -> None:
        self.reason = reason

    def shares(self, history: Sequence[Message], reading: Read) -> dict[str, float]:
        """See ``Planner``."""
        said = [turn.content for turn in history if turn.role == "user"]
        last, turns = said[-1], len(said)
        scores = dict.fromkeys(STRATEGIES, 0.0)
        scores[REFLECTION], scores[QUESTION], scores[RESTATEMENT], scores[REASSURANCE] = 1.0, 0.9, 0.5, 0.4
        if turns == 1 and GREETING.search(last):
            scores[OTHERS] += 3
        if THANKS.search(last) and turns > 1:
            scores[OTHERS] += 1.5
            scores[REASSURANCE] += 1
        if ASKS.search(last):
            scores[SUGGESTIONS] += 1.6 if turns > 1 else 0.6
            scores[QUESTION] += 0.8 if turns == 1 else 0
        if turns >= 3:
            scores[REASSURANCE] += 0.5
            scores[SUGGESTIONS] += 0.5
        if reading.valence == reading.valence and reading.valence > PLEASANT:
            scores[REASSURANCE] += 0.8
        if reading.quality != "ok" or len(last.split()) < 3:
            scores[QUESTION] += 0.6
        before = previous_strategies(history)
        for strategy in before[-1:]:
            scores[strategy] -= 0.6  # the same again and again is what people complain about
        values = np.exp(2 * np.asarray([scores[name] for name in STRATEGIES]))
        return {name: float(share) for name, share in zip(STRATEGIES, values / values.sum(), strict=True)}


def previous_strategies(history: Sequence[Message]) -> list[str]:
    """What the earlier replies did, as far as their form tells: a question, or a suggestion."""
    found = []
    for turn in history:
        if turn.role == "assistant":
            text = turn.content.rstrip()
            found.append(
                QUESTION if text.endswith("?") else REFLECTION if "sounds" in text or "klingt" in text else REASSURANCE
            )
    return found


def why(strategy: str) -> str:
    """One sentence for the person."""
    return WHY[strategy]
