"""From a stream of pieces to sentences that can be shown, and what is wrong with those that cannot."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from thymos.language.model import Message

# An end of sentence counts once the next sentence begins, so that "3.5" and "e.g. this" are not cut in the middle.
SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*\s+(?=[A-ZÄÖÜÁÉÍÓÚÑ¿¡\"'(])|\n+")
ENDS = (".", "!", "?", "…", '"', "'", ")", "”")
OUT_OF_ROLE = re.compile(
    r"^\W*(?:user|assistant|system|person|therapist|listener|answer|reply|response)\s*:|<\|", re.IGNORECASE
)
INSTRUCTION = re.compile(
    r"\b(?:plain-spoken listener|one to three short sentences|open question about what)\b", re.IGNORECASE
)
CIRCLES = 0.6  # share of different word pairs below which a sentence turns in circles
ALIKE = 0.8  # share of words of a sentence that an earlier text has
MIN_WORDS = 5
LONGEST = 400  # letters of a sentence


def whole_sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Sentences out of a stream of pieces, each as soon as the next one begins; the rest at the end.

    Example:
        >>> list(whole_sentences(iter(["That is har", "d. Wh", "at now?"])))
        ['That is hard.', 'What now?']
    """
    waiting = ""
    for piece in pieces:
        waiting += piece
        while (found := SENTENCE_END.search(waiting)) is not None:
            sentence, waiting = waiting[: found.end()].strip(), waiting[found.end() :]
            if sentence:
                yield sentence
    if waiting.strip():
        yield waiting.strip()


def watched(pieces: Iterator[str], each_piece: Callable[[], None] | None) -> Iterator[str]:
    """The same pieces, with a call before each; what it raises ends them."""
    for piece in pieces:
        if each_piece is not None:
            each_piece()
        yield piece


def reply_problem(sentence: str, said: Sequence[str], history: Sequence[Message]) -> str:
    """Why a sentence of a model is not shown; "" where nothing is wrong.

    Args:
        sentence: of the reply.
        said: sentences of this reply that were shown already.
        history: the talk before it.

    Example:
        >>> reply_problem("User: hi there.", [], []), reply_problem("That sounds hard.", [], [])
        ('out of its role', '')
    """
    words = re.findall(r"\w+", sentence.casefold())
    if not words:
        return "empty"
    if len(sentence) > LONGEST:
        return "endless"
    if not sentence.endswith(ENDS):
        return "cut off"
    if OUT_OF_ROLE.search(sentence) or INSTRUCTION.search(sentence):
        return "out of its role"
    pairs = list(pairwise(words))
    if len(words) >= 8 and len(set(pairs)) < CIRCLES * len(pairs):
        return "goes round in circles"
    if len(words) >= MIN_WORDS:
        earlier = (*said, *(turn.content for turn in history if turn.role in ("user", "assistant")))
        for other in earlier:
            own = set(re.findall(r"\w+", other.casefold()))
            if sum(word in own for word in words) >= ALIKE * len(words) and len(own) <= 3 * len(words):
                return "repeats what was said"
    return ""
