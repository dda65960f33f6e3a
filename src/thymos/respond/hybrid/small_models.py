"""Small empathetic models: plug-ins that give emotions of a text and the words they hang on.

Three are at hand: ``LinearEmpatheticRecognizer`` (TF-IDF), ``AttentionTextRecognizer`` (a tuned encoder whose
attention marks words) and ``StateTextRecognizer`` (states of a frozen language model, gradients mark words).
"""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.recognizer import Floats, TextItems
from thymos.perceive.text_linear import LinearTextRecognizer
from thymos.perceive.words import WordWeights, occlusion_weights, top_words

WORDS = 5  # how many words are pointed out [inferred]


@runtime_checkable
class SmallEmpatheticModel(Protocol):
    """What a plug-in can do."""

    def predict_proba(self, items: TextItems) -> pd.DataFrame:
        """Probabilities: one row a text, one column an emotion."""

    def word_weights(self, items: TextItems) -> list[WordWeights]:
        """The words of each text with how much the answer hangs on them."""


class EmpatheticReading(NamedTuple):
    """What a small model says about one text.

    Args:
        emotions: with their probabilities, the most probable first.
        words: the words that the first emotion hangs on, the heaviest first.
    """

    emotions: tuple[tuple[str, float], ...]
    words: tuple[str, ...]


class LinearEmpatheticRecognizer(LinearTextRecognizer):
    """TF-IDF and a linear model; a word weighs as much as the probability falls when it is left out."""

    def word_weights(self, items: TextItems) -> list[WordWeights]:
        """The words of each text, see ``occlusion_weights``."""
        self._check_fitted()
        texts, _ = self._inputs_of(items)
        return occlusion_weights(self._predict_proba, texts)


def read_empathetically(
    model: SmallEmpatheticModel, texts: list[str], *, words: int = WORDS
) -> list[EmpatheticReading]:
    """Emotions and words of each text.

    Args:
        model: fitted.
        texts: what a speaker said.
        words: at most this many content words with a weight above the mean of their text [inferred].
    """
    if not texts:
        raise BadInput("there is no text", where="texts", mend="pass at least one")
    shares = model.predict_proba(texts)
    found = []
    for row, weights in zip(shares.to_numpy(), model.word_weights(texts), strict=True):
        order = np.argsort(-row, kind="stable")
        emotions = tuple((str(shares.columns[place]), float(row[place])) for place in order)
        found.append(EmpatheticReading(emotions, tuple(one.word for one in top_words(weights, words))))
    return found


def ranked(shares: Floats) -> list[list[int]]:
    """Places of the classes of each row, the most probable first."""
    return np.argsort(-np.asarray(shares), axis=1, kind="stable").tolist()
