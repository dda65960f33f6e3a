"""Crisis language in a chat, by the guard's first stage alone; new code uses ``thymos.respond.guard.Guard``."""

from thymos.respond.guard.patterns import read_patterns
from thymos.respond.guard.phrases import CRISIS
from thymos.respond.guard.texts import crisis_text

HELP = crisis_text("US", "en", ("suicide",))
"""The help of the United States, in English."""


def is_crisis(text: str) -> bool:
    """Whether the patterns find a crisis in one text."""
    return read_patterns(text).risk == CRISIS
