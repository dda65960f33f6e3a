"""Baselines that know words and nothing else: emotion terms, and SWAT's means of the training headlines."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.lexicon import EmotionLexicon

Floats = npt.NDArray[np.float64]


def emotion_term_shares(
    texts: Sequence[Sequence[str]], lexicon: EmotionLexicon, emotions: Sequence[str], fallback: npt.ArrayLike
) -> Floats:
    """Share of each emotion among the emotion words of a text; ``fallback`` where a text has none.

    Args:
        texts: words of each text.
        lexicon: a word counts once for each emotion that it belongs to.
        emotions: columns of the result.
        fallback: a distribution, usually the mean of the training texts.
    """
    shares = np.tile(np.asarray(fallback, dtype=float), (len(texts), 1))
    for row, words in enumerate(texts):
        counts = np.array([sum(word in lexicon.strengths[emotion] for word in words) for emotion in emotions])
        if counts.sum() > 0:
            shares[row] = counts / counts.sum()
    return shares


def word_means(texts: Sequence[Sequence[str]], shares: Floats, *, prior: float = 1.0) -> dict[str, Floats]:
    """Mean distribution of the training texts that hold a word, drawn towards the overall mean (SWAT, card 18).

    Args:
        texts: words of each training text.
        shares: their distributions, shape (texts, emotions).
        prior: how many texts the overall mean weighs; 0 is the plain mean.
    """
    if len(texts) != len(shares) or len(texts) == 0:
        raise BadInput(f"there are {len(texts)} texts and {len(shares)} distributions", where="word means")
    overall = shares.mean(axis=0)
    sums: dict[str, Floats] = {}
    counts: dict[str, int] = {}
    for words, own in zip(texts, shares, strict=True):
        for word in set(words):
            sums[word] = sums.get(word, np.zeros(shares.shape[1])) + own
            counts[word] = counts.get(word, 0) + 1
    return {word: (sums[word] + prior * overall) / (counts[word] + prior) for word in sums}


def mean_of_words(texts: Sequence[Sequence[str]], means: Mapping[str, Floats], fallback: npt.ArrayLike) -> Floats:
    """Mean of the distributions of a text's known words; ``fallback`` where it has none."""
    found = np.tile(np.asarray(fallback, dtype=float), (len(texts), 1))
    for row, words in enumerate(texts):
        known = [means[word] for word in words if word in means]
        if known:
            found[row] = np.mean(known, axis=0)
    return found
