"""Words of a text with a number each: where a recognizer looked, or what changes its answer.

A weight says what the recognizer used, not what made anybody feel something.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from thymos.errors import BadInput
from thymos.perceive.recognizer import Codes, Floats

WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


class WordWeight(NamedTuple):
    """One word.

    Args:
        start: place of its first character in the text.
        end: place behind its last character.
        word: as it is written.
        weight: the larger, the more it counts.
    """

    start: int
    end: int
    word: str
    weight: float


WordWeights = list[WordWeight]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each word; words may hold apostrophes and hyphens.

    Example:
        >>> word_spans("I can't, really!")
        [(0, 1), (2, 7), (9, 15)]
    """
    return [match.span() for match in WORD.finditer(text)]


def weighted_words(text: str, weights: Sequence[float]) -> WordWeights:
    """The words of a text with these weights, in their order."""
    spans = word_spans(text)
    if len(spans) != len(weights):
        raise BadInput(f"{len(weights)} weights for {len(spans)} words", where="words")
    return [
        WordWeight(*span, text[span[0] : span[1]], float(weight)) for span, weight in zip(spans, weights, strict=True)
    ]


def words_from_tokens(
    tokenizer: Any, texts: Sequence[str], weights: Sequence[Floats], max_tokens: int, prefix: str = ""
) -> list[WordWeights]:
    """Weights of words as sums over their tokens; words behind the last token that was read get 0.

    Args:
        tokenizer: a fast one, which tells where in the text a token stands.
        texts: as they were read.
        weights: one row a text, one number a token, special tokens included.
        max_tokens: at which texts were cut off.
        prefix: what stood before each text.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise BadInput("this tokenizer does not tell where its tokens stand", mend="use a fast tokenizer")
    rows = tokenizer(
        [prefix + text for text in texts], truncation=True, max_length=max_tokens, return_offsets_mapping=True
    )
    return [
        weighted_words(text, _sums(text, [(a - len(prefix), b - len(prefix)) for a, b in offsets], row))
        for text, offsets, row in zip(texts, rows["offset_mapping"], weights, strict=True)
    ]


def _sums(text: str, offsets: Sequence[tuple[int, int]], weights: Floats) -> list[float]:
    spans = word_spans(text)
    of_character = np.full(len(text) + 1, -1)
    for number, (start, end) in enumerate(spans):
        of_character[start:end] = number
    sums = np.zeros(len(spans))
    for (start, end), weight in zip(offsets, weights, strict=False):
        if end <= start or end <= 0:
            continue
        # A token may begin with the space before its word.
        touched = of_character[max(start, 0) : end]
        touched = touched[touched >= 0]
        if len(touched):
            sums[touched[0]] += weight
    return sums.tolist()


def occlusion_weights(
    shares_of: Callable[[list[str]], Floats], texts: Sequence[str], *, batch: int = 2_000
) -> list[WordWeights]:
    """How much the log probability of a text's most probable class falls when a word is left out.

    Args:
        shares_of: probabilities of texts, shape (texts, classes).
        texts: any texts; one without words gives an empty list.
        batch: texts that are judged together.
    """
    found: list[WordWeights] = []
    whole = np.log(np.maximum(shares_of(list(texts)), 1e-12)) if len(texts) else np.zeros((0, 1))
    waiting: list[str] = []
    owners: list[int] = []
    drops: list[list[float]] = [[] for _ in texts]

    def judge() -> None:
        logs = np.log(np.maximum(shares_of(waiting), 1e-12))
        for row, owner in zip(logs, owners, strict=True):
            best = int(whole[owner].argmax())
            drops[owner].append(float(whole[owner, best] - row[best]))
        waiting.clear()
        owners.clear()

    for number, text in enumerate(texts):
        for start, end in word_spans(text):
            waiting.append(text[:start] + text[end:])
            owners.append(number)
            if len(waiting) == batch:
                judge()
    if waiting:
        judge()
    for text, row in zip(texts, drops, strict=True):
        found.append(weighted_words(text, row))
    return found


def top_words(words: WordWeights, most: int, *, content_only: bool = True) -> list[WordWeight]:
    """At most ``most`` words with a weight above the mean of the text, the heaviest first; equal words stand once.

    Args:
        words: of one text.
        most: at least 1.
        content_only: leave out English function words (scikit-learn's list).
    """
    if most < 1:
        raise BadInput(f"most is {most}", mend="use at least 1")
    mean = float(np.mean([one.weight for one in words])) if words else 0.0
    chosen: dict[str, WordWeight] = {}
    for one in sorted(words, key=lambda word: -word.weight):
        key = one.word.lower()
        if one.weight > mean and key not in chosen and not (content_only and key in ENGLISH_STOP_WORDS):
            chosen[key] = one
    return list(chosen.values())[:most]


def shuffled(words: WordWeights, order: Codes) -> WordWeights:
    """The same words with the weights of others, for controls."""
    weights = [words[place].weight for place in order]
    return [one._replace(weight=weight) for one, weight in zip(words, weights, strict=True)]
