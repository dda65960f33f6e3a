"""Invented support talks whose words give the next strategy away, and an encoder that counts letters."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thymos.language.encoders import SentenceEncoder
from thymos.language.model import Progress
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext, Utterance

CUES = dict(zip(STRATEGIES, ("who", "say", "sad", "you", "proud", "advice", "facts", "bye"), strict=True))


def invented_talks(dialogues: int, seed: int = 0, noise: float = 0.0) -> list[StrategyContext]:
    """Dialogues in which the seeker's words give the next strategy away, but for some noise.

    Args:
        dialogues: of eight contexts each.
        seed: of strategies and noise.
        noise: share of turns whose word is drawn at random.
    """
    rng = np.random.default_rng(seed)
    weights = np.array([6, 2, 2, 2, 4, 4, 2, 4]) / 26
    found = []
    for number in range(dialogues):
        history: list[Utterance] = []
        for turn in range(8):
            strategy = str(rng.choice(STRATEGIES, p=weights))
            hint = CUES[str(rng.choice(STRATEGIES))] if rng.random() < noise else CUES[strategy]
            history.append(Utterance("seeker", f"well {hint} it is"))
            found.append(StrategyContext(f"{seed}-{number}/{turn}", f"{seed}-{number}", tuple(history), strategy, "mm"))
            history.append(Utterance("supporter", f"mm {turn}", strategy))
    return found


class LetterEncoder(SentenceEncoder):
    """Counts of letters as unit vectors.

    Args:
        identity: as if it were the encoder of that name.
        dimension: of the vectors, at least 26; further columns are 0.

    Attributes:
        encoded: the texts that it was given.
    """

    name = "letters"

    def __init__(self, identity: str = "letters", dimension: int = 26) -> None:
        self.identity, self.dimension = identity, dimension
        self.encoded: list[str] = []

    def encode(
        self, texts: Sequence[str], *, batch_size: int = 32, progress: Progress | None = None
    ) -> npt.NDArray[np.float32]:
        """See ``SentenceEncoder``."""
        self.encoded += texts
        found = np.zeros((len(texts), self.dimension))
        for row, text in enumerate(texts):
            found[row, :26] = [text.lower().count(chr(97 + k)) for k in range(26)]
        return (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)).astype(np.float32)
