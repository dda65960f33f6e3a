"""Texts of any kind judged by a recognizer of several emotions: what cannot be judged is marked with the reason.

Long texts are read in pieces, because an encoder reads only its first tokens, and the probabilities of the pieces are
averaged [inferred]. Valence, arousal and dominance are means of the points of the labels (``affect/data/vad.json``, a
coarse table) weighed by their probabilities [inferred]: a summary of the labels, not measured by itself.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput
from thymos.perceive.recognizer import Floats
from thymos.perceive.shipped import shipped_recognizer
from thymos.perceive.timeline import OK

SCHEME = "goemotions28"
LONGEST = 20_000  # characters; more is no utterance but a book
PIECE_WORDS = 45
LETTERS_LOOKED_AT = 2_000
EMPTY, NO_WORDS = "empty", "no word that the recognizer knows"
OWN_SCRIPT = "LATIN"


class TextReader:
    """A recognizer of labels that have places in the plane, with its thresholds.

    Args:
        recognizer: with ``predict_proba`` and ``classes_``; default: the one of 28 emotions that ships.
        scheme: has the points of its labels.

    Attributes:
        labels: in the order of the probabilities.
        thresholds: from which probability on a label is said, shape (labels,).
        points: valence, arousal and dominance of each label, shape (labels, 3).

    Raises:
        BadInput: a label without a place.
    """

    def __init__(self, recognizer: Any = None, scheme: str = SCHEME) -> None:
        self.recognizer = shipped_recognizer("emotions") if recognizer is None else recognizer
        self.labels = [str(label) for label in self.recognizer.classes_]
        self.thresholds: Floats = np.broadcast_to(
            np.asarray(getattr(self.recognizer, "thresholds_", 0.5), dtype=float), len(self.labels)
        )
        places, self.neutral = get_scheme(scheme).vad, get_scheme(scheme).neutral
        missing = [label for label in self.labels if label not in places]
        if missing:
            raise BadInput(f"emotion {missing[0]!r} has no place in {scheme}", where="recognizer")
        self.points: Floats = np.array([places[label] for label in self.labels])

    def qualities(self, texts: Sequence[str]) -> list[str]:
        """``"ok"``, or why a text is not judged: empty, too long, no known word, another script."""
        found = [script_quality(text) for text in texts]
        asked = [number for number, quality in enumerate(found) if quality == OK]
        for number, known in zip(asked, self._known([texts[number] for number in asked]), strict=True):
            if not known:
                found[number] = NO_WORDS
        return found

    def shares(self, texts: Sequence[str]) -> Floats:
        """Probabilities, shape (texts, labels); texts of more than one piece get the mean of their pieces."""
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        cut = [pieces(text) for text in texts]
        flat = [text[start:end] for text, spans in zip(texts, cut, strict=True) for start, end in spans]
        rows = self.piece_shares(flat)
        bounds = np.cumsum([0, *(len(spans) for spans in cut)])
        return np.stack([rows[first:last].mean(axis=0) for first, last in pairwise(bounds)])

    def piece_shares(self, texts: Sequence[str]) -> Floats:
        """Probabilities of texts as they are; equal texts are judged once."""
        own = list(dict.fromkeys(texts))
        place = {text: number for number, text in enumerate(own)}
        rows: Floats = np.asarray(self.recognizer.predict_proba(own).to_numpy(dtype=float))
        return rows[[place[text] for text in texts]]

    def said(self, shares: Floats) -> list[int]:
        """The labels at or above their thresholds, the most probable first."""
        order = np.argsort(-shares, kind="stable")
        return [int(code) for code in order if shares[code] >= self.thresholds[code]]

    def plane(self, shares: Floats) -> Floats:
        """Valence, arousal and dominance, shape (3,): the mean of the labels' points, weighed by probability."""
        total = max(float(shares.sum()), 1e-12)
        found: Floats = shares @ self.points / total
        return found

    def _known(self, texts: list[str]) -> list[bool]:
        encoder = getattr(self.recognizer, "encoder_", None)
        tokenizer = getattr(encoder, "tokenizer", None)
        if tokenizer is None or not texts:
            return [any(letter.isalnum() for letter in text) for text in texts]
        heads = [text[: 64 * PIECE_WORDS] for text in texts]
        rows = tokenizer(heads, add_special_tokens=False, verbose=False)["input_ids"]
        return [any(token != tokenizer.unk_token_id for token in row) for row in rows]


def script_quality(text: str) -> str:
    """``"ok"``, or why a text is not judged, as far as its letters tell.

    Example:
        >>> script_quality("Grüße!"), script_quality("Привет"), script_quality(" ")
        ('ok', 'Cyrillic script, the recognizer knows English', 'empty')
    """
    if not any(unicodedata.category(letter)[0] not in "ZC" for letter in text):
        return EMPTY
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    letters = [letter for letter in text[: 4 * LETTERS_LOOKED_AT] if letter.isalpha()][:LETTERS_LOOKED_AT]
    scripts = Counter(unicodedata.name(letter, "unknown").split()[0].split("-")[0] for letter in letters)
    if scripts and scripts[OWN_SCRIPT] * 2 < len(letters):
        script = max(scripts, key=lambda name: (name != OWN_SCRIPT, scripts[name]))
        return f"{'Han' if script == 'CJK' else script.title()} script, the recognizer knows English"
    return OK


def pieces(text: str, words: int = PIECE_WORDS) -> list[tuple[int, int]]:
    """Where a text is cut: stretches of at most ``words`` words; always at least one.

    Example:
        >>> pieces("a b c", words=2)
        [(0, 3), (4, 5)]
    """
    spans: list[tuple[int, int]] = []
    begin, place = -1, 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        if begin < 0:
            begin, count = start, 0
        count += 1
        if count == words:
            spans.append((begin, place))
            begin = -1
    if begin >= 0:
        spans.append((begin, place))
    return spans or [(0, len(text))]


def plane_columns(point: Floats) -> dict[str, float]:
    """Valence and arousal for a table over time, kept inside -1..1."""
    clipped = np.clip(point, -1, 1)
    return {"valence": float(clipped[0]), "arousal": float(clipped[1])}


def judged(reader: TextReader, texts: Sequence[str]) -> tuple[list[str], pd.DataFrame]:
    """Qualities, and probabilities with NaN where a text is not judged; one row a text."""
    qualities = reader.qualities(texts)
    good = [number for number, quality in enumerate(qualities) if quality == OK]
    table = pd.DataFrame(np.nan, index=range(len(texts)), columns=reader.labels)
    if good:
        table.iloc[good] = reader.shares([texts[number] for number in good])
    return qualities, table
