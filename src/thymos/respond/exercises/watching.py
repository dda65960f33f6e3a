"""What an exercise asks of a guard: every free text is read before it is taken.

Answers in an exercise are to different questions, so each is read by itself first. Only one that gives concern is read
again together with the earlier ones, where hints may add up. Read with the earlier answers from the beginning, one hard
sentence colors every harmless one after it, as a talk would not.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from thymos.language.model import Message

RISKS = ("none", "concern", "crisis")
HINTED = frozenset({"hinted"})
"""Categories of a crisis in which the guard found no open words, only the tone of them; see ``respond.guard``."""
PIECE = 3_000
"""Letters that the guard reads at once; it looks at the two ends of a longer text only."""
OVERLAP = 300
REMEMBERED = 6  # earlier texts that it sees with a new one
REMEMBERED_LETTERS = 1_000  # of each


class TextGuard(Protocol):
    """The part of ``respond.guard.Guard`` that an exercise uses."""

    def check_message(self, text: str, history: Sequence[Message] = ()) -> Any:
        """Read a message; the result has ``risk``, ``categories`` and ``help``."""


def read_text_answer(guard: TextGuard, text: str, earlier: Sequence[tuple[str, str]]) -> Any:
    """The guard's check of a text answer; of a long one, the check of its most serious piece.

    Args:
        guard: reads it.
        text: what was written.
        earlier: prompts and text answers before it, oldest first.
    """
    history = [
        Message(role, words[:REMEMBERED_LETTERS])
        for prompt, answer in earlier[-REMEMBERED:]
        for role, words in (("assistant", prompt), ("user", answer))
    ]
    checks = []
    for piece in pieces(text):
        found = guard.check_message(piece)
        if found.risk == RISKS[1] and history:
            found = max(found, guard.check_message(piece, history), key=_level)
        if found.risk == RISKS[-1]:
            return found
        checks.append(found)
    return max(checks, key=_level)


def _level(found: Any) -> int:
    return RISKS.index(found.risk)


def pieces(text: str) -> Iterator[str]:
    """A text in overlapping pieces that end between words where they can.

    Example:
        >>> list(pieces("short"))
        ['short']
    """
    start = 0
    while len(text) - start > PIECE:
        space = text.rfind(" ", start + PIECE // 2, start + PIECE)
        end = space if space > 0 else start + PIECE
        yield text[start:end]
        start = end - OVERLAP
    yield text[start:]
