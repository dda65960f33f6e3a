"""Many turns: danger that was spoken of earlier, hints that add up, and answers to a question about danger.

Only what the user said counts; the assistant's words are read for one thing, whether they asked about danger. Once help
was shown, what was said before it is known and answered: it stays a concern, and only new words make a new crisis.
"""

from collections.abc import Sequence
from typing import NamedTuple

from thymos.language.model import Message
from thymos.respond.guard.normalize import readings
from thymos.respond.guard.patterns import PatternReading, read_patterns
from thymos.respond.guard.phrases import CONCERN, CRISIS, NONE, phrase_books
from thymos.respond.guard.texts import shows_help

TURNS = 6
"""Earlier messages of the user that are read."""
ANSWER = "answered"


class Earlier(NamedTuple):
    """What the history adds to a message.

    Args:
        texts: what the user said since help was last shown, oldest first, at most ``TURNS``.
        helped: whether help was shown in this conversation after a crisis.
    """

    texts: tuple[str, ...]
    helped: bool


def earlier_texts(history: Sequence[Message]) -> Earlier:
    """What the user said before, as far as it is not answered by help yet."""
    shown = max((place for place, turn in enumerate(history) if _is_help(turn)), default=-1)
    said = tuple(turn.content for turn in history[shown + 1 :] if turn.role == "user")
    return Earlier(said[-TURNS:], shown >= 0)


def _is_help(turn: Message) -> bool:
    return turn.role == "assistant" and shows_help(turn.content)


def read_history(text: str, history: Sequence[Message], alone: PatternReading) -> PatternReading:
    """What patterns find in a message together with its history; never less than in the message alone.

    Args:
        text: the message.
        history: what was said before, oldest first.
        alone: the reading of the message by itself.
    """
    if alone.risk == CRISIS or not history:
        return alone
    earlier = earlier_texts(history)
    together = read_patterns(". ".join([*earlier.texts, text]))
    answered = read_answer(text, history)
    if together.risk == CRISIS or answered == CRISIS:
        categories = together.categories if together.risk == CRISIS else ("suicide",)
        return together._replace(risk=CRISIS, categories=categories, rules=(*together.rules, ANSWER))
    if CONCERN in (alone.risk, together.risk, answered) or earlier.helped:
        best = alone if alone.risk == CONCERN else together
        return best._replace(risk=CONCERN, categories=best.categories or ("earlier",))
    return alone._replace(softened=tuple(sorted({*alone.softened, *together.softened})))


def read_answer(text: str, history: Sequence[Message]) -> str:
    """The risk of an answer to the assistant's question about danger: "yes" is a crisis, so is no promise to stay safe.

    Example:
        >>> asked = [Message("assistant", "Are you having thoughts of ending your life?")]
        >>> read_answer("yes", asked), read_answer("no, nothing like that", asked), read_answer("idk", asked)
        ('crisis', 'none', 'concern')
    """
    if not history or history[-1].role != "assistant" or "?" not in history[-1].content:
        return NONE
    question = readings(history[-1].content)[0]
    answer = readings(text)[0].lstrip("¿¡.,- ")
    risk = NONE
    for book in phrase_books():
        if not book.answers["question"].search(question):
            continue
        safe = book.answers["question_safe"].search(question) is not None
        for cue, meaning in (("affirmed", NONE if safe else CRISIS), ("denied", CRISIS if safe else NONE)):
            if book.answers[cue].search(answer):
                risk = CRISIS if CRISIS in (risk, meaning) else risk
        if book.answers["evaded"].search(answer) and risk == NONE:
            risk = CONCERN
    return risk
