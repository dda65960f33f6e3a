"""Stage two: a small kernel machine over a frozen multilingual sentence encoder. Finds what is hinted at.

The head ships as safetensors (its numbers) and JSON (settings, thresholds, scores); ``thymos train guard`` trains it
again. What people write is encoded in memory and never cached. A linear head was tried and found half as much at the
same rate of false alarms on real talk.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.heads import Arrays, save_head
from thymos.language.heads import load_head as read_head
from thymos.language.load import load_encoder
from thymos.respond.guard.normalize import plain_text
from thymos.respond.guard.patterns import PatternReading

ENCODER = "multilingual-e5"
NAME = "crisis_head"
SOFTENED = 0.25
"""By how much the threshold rises where patterns found an idiom, a denial, fiction ...; chosen on development items."""
STEEPNESS = 4.0  # of the score around the threshold

Floats = npt.NDArray[np.float64]


class CrisisHead(NamedTuple):
    """A fitted head: a support vector machine with a Gaussian kernel.

    Args:
        mean: shape (dimension,), taken off a vector.
        support: shape (vectors, dimension), float16; vectors of training texts.
        weights: shape (vectors,), positive for texts with danger.
        bias: margin far away from all of them.
        gamma: of the kernel, exp(-gamma * distance squared).
        threshold: margin from which a message is a crisis where patterns found nothing.
        concern: margin from which it is a concern.
        encoder: identity of the encoder that it was trained on.
        about: how it was trained and what it scored, for the data card.
    """

    mean: Floats
    support: npt.NDArray[np.float16]
    weights: Floats
    bias: float
    gamma: float
    threshold: float
    concern: float
    encoder: str
    about: dict[str, Any]

    def margins(self, vectors: npt.NDArray[np.float32]) -> Floats:
        """How far texts are on the side of danger, shape (texts,), from vectors of shape (texts, dimension)."""
        at = vectors.astype(np.float64) - self.mean
        known = self.support.astype(np.float64)
        squares = (at**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * at @ known.T
        found: Floats = np.exp(-self.gamma * np.maximum(squares, 0)) @ self.weights + self.bias
        return found

    def score(self, margin: float) -> float:
        """A margin as a number between 0 and 1, one half at the threshold; not a probability."""
        return float(expit(STEEPNESS * (margin - self.threshold)))

    def save(self, folder: str | Path) -> None:
        """Write both files."""
        arrays: Arrays = {
            "mean": self.mean.astype(np.float32),
            "support": self.support,
            "weights": self.weights.astype(np.float32),
        }
        save_head(folder, NAME, arrays, {name: getattr(self, name) for name in self._fields if name not in arrays})


def load_head(folder: str | Path) -> CrisisHead:
    """Read a head.

    Raises:
        BadInput: files that are missing or hold no head.
    """
    arrays, settings = read_head(folder, NAME)
    try:
        mean, weights = (arrays[name].astype(np.float64) for name in ("mean", "weights"))
        support = arrays["support"].astype(np.float16)
        if support.shape != (*weights.shape, *mean.shape):
            raise ValueError(f"shapes {support.shape}, {weights.shape} and {mean.shape}")
        return CrisisHead(mean, support, weights, **settings)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"no guard head can be read ({type(error).__name__}: {error})", where=folder) from error


class CrisisClassifier:
    """Encoder and head.

    Args:
        encoder: the encoder that the head was trained on.
        head: see ``CrisisHead``.

    Raises:
        BadInput: the head belongs to another encoder.
    """

    def __init__(self, encoder: SentenceEncoder, head: CrisisHead) -> None:
        if head.encoder != encoder.identity or head.mean.shape != (encoder.dimension,):
            raise BadInput(f"the head was trained on {head.encoder}, not on {encoder.identity}", where="guard")
        self.encoder, self.head = encoder, head

    def margins(self, texts: Sequence[str]) -> Floats:
        """How far texts are on the side of danger, shape (texts,)."""
        return self.head.margins(self.encoder.encode([plain_text(text) for text in texts]))

    def is_crisis(self, margin: float, *readings: PatternReading) -> bool:
        """Whether the classifier calls it a crisis, given what patterns found in the message, alone and with history.

        The reading that makes it easier counts, so that a history never takes a crisis away.
        """
        return margin >= self.head.threshold + min(shift_of(reading) for reading in readings)


def shift_of(reading: PatternReading) -> float:
    """How far patterns move the threshold; see ``SOFTENED``."""
    return SOFTENED if reading.softened and not reading.rules else 0.0


_LOADING = Lock()


@cache
def _shipped() -> CrisisClassifier:
    # No cache of vectors: what people write to the guard must leave no trace on the disk.
    return CrisisClassifier(load_encoder(ENCODER, cache=None), load_head(str(files("thymos.respond.guard") / "data")))


def shipped_classifier() -> CrisisClassifier:
    """The shipped classifier, loaded once.

    Raises:
        Unavailable: the package of the embedded encoder is not installed.
    """
    with _LOADING:
        return _shipped()


__all__ = [
    "ENCODER",
    "CrisisClassifier",
    "CrisisHead",
    "load_head",
    "shift_of",
    "shipped_classifier",
]
