"""A recognizer that knows single words, so that what is built on recognizers can be tested without a model."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

HIT, MISS, NOTHING = 0.9, 0.02, 0.6
FACTOR = 0.9  # each further label of a text is a little less probable


class WordRecognizer:
    """Says a label where its word stands in the text, else ``neutral``.

    Args:
        words: word to label.

    Attributes:
        classes_: the labels and ``neutral``.
        thresholds_: .5 for each.
        seen: every text that it was asked for.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = dict(words)
        self.classes_ = np.asarray([*dict.fromkeys(words.values()), "neutral"], dtype=object)
        self.thresholds_ = np.full(len(self.classes_), 0.5)
        self.seen: list[str] = []

    def predict_proba(self, texts: Sequence[str]) -> pd.DataFrame:
        """Probabilities, one row a text."""
        self.seen += list(texts)
        rows = []
        for text in texts:
            row = dict.fromkeys(self.classes_, MISS)
            chance = HIT
            for word in re.findall(r"\w+", text.lower()):
                if word in self.words and row[self.words[word]] == MISS:
                    row[self.words[word]] = chance
                    chance *= FACTOR
            if chance == HIT:
                row["neutral"] = NOTHING
            rows.append(row)
        return pd.DataFrame(rows, columns=list(self.classes_))
