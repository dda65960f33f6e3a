"""Emotion words: a lexicon that the user has, or one derived from labeled texts.

The published lexicons (NRC Affect Intensity, DepecheMood, EmoWordNet) may not be handed on, so none ships. A user's own
copy of the NRC Affect Intensity lexicon is read as it is; elsewhere ``derive_lexicon`` takes the words that are more
frequent in texts of one emotion than in all others (log-odds with an informative prior, Monroe et al. 2008).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thymos.corpora.tables import check_vocabulary, numbers, read_cells, read_lines, require_columns
from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
NRC_EMOTIONS = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")
NRC_COLUMNS = ("term", "score", "affectdimension")
NRC_NAMES = {"word": "term", "emotion-intensity-score": "score", "emotion": "affectdimension"}


@dataclass(frozen=True)
class EmotionLexicon:
    """Words of each emotion with a strength.

    Args:
        name: for tables.
        strengths: emotion to word to strength, above 0.
    """

    name: str
    strengths: Mapping[str, Mapping[str, float]]

    @property
    def words(self) -> frozenset[str]:
        """All words of all emotions."""
        return frozenset(word for own in self.strengths.values() for word in own)

    def sets(self, emotions: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Words of each of these emotions, strongest first; a word of several belongs to that where it is strongest.

        Raises:
            BadInput: the lexicon does not know one of the emotions.
        """
        missing = [emotion for emotion in emotions if emotion not in self.strengths]
        if missing:
            raise BadInput(f"lexicon {self.name!r} has no words of {missing[0]!r}")
        best: dict[str, tuple[float, str]] = {}
        for emotion in emotions:
            for word, strength in self.strengths[emotion].items():
                if word not in best or strength > best[word][0]:
                    best[word] = (strength, emotion)
        ordered = sorted(best, key=lambda word: (-best[word][0], word))
        return {emotion: tuple(word for word in ordered if best[word][1] == emotion) for emotion in emotions}


def read_affect_intensity(path: str | Path) -> EmotionLexicon:
    """The NRC Affect Intensity lexicon (Mohammad, LREC 2018) from the user's copy.

    Columns term, score (0..1), AffectDimension, comma- or tab-separated, with a header; version 1 of the release writes
    the header term, score, AffectDimension, later ones word, emotion, emotion-intensity-score.

    Raises:
        BadInput: another layout, an unknown emotion, a score outside 0..1.
    """
    path = Path(path)
    if path.suffix == ".csv":
        table = read_cells(path)
    else:
        first = next((line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()), "")
        table = read_lines(path, [name.strip() for name in first.split("\t")], header=True)
    table = table.rename(columns=lambda name: NRC_NAMES.get(name.strip().lower(), name.strip().lower()))
    require_columns(table, NRC_COLUMNS, where=str(path))
    check_vocabulary(table["affectdimension"], NRC_EMOTIONS, where=path, what="emotion")
    score = numbers(table["score"], where=path, low=0, high=1)
    strengths: dict[str, dict[str, float]] = {}
    for word, emotion, value in zip(table["term"], table["affectdimension"], score, strict=True):
        if value > 0:
            strengths.setdefault(str(emotion), {})[str(word).lower()] = float(value)
    return EmotionLexicon("NRC Affect Intensity", strengths)


def derive_lexicon(
    texts: Sequence[Sequence[str]],
    labels: Sequence[str],
    emotions: Sequence[str],
    *,
    name: str = "derived",
    least: float = 3.0,
    most: int = 200,
    prior: float = 1_000.0,
    minimum_count: int = 5,
) -> EmotionLexicon:
    """Words that texts of an emotion use more than all other texts, by z score of the log-odds ratio.

    Args:
        texts: words of each text.
        labels: one emotion a text; labels that are not in ``emotions`` (neutral) are background.
        emotions: those that get words.
        name: of the lexicon.
        least: smallest z score of a word, the strength in the lexicon.
        most: words an emotion at most.
        prior: size of the prior in words; larger ones ask for more evidence from rare words.
        minimum_count: rarer words are left out.

    Raises:
        BadInput: unequal lengths, an emotion without a text.
    """
    if len(texts) != len(labels):
        raise BadInput(f"there are {len(texts)} texts and {len(labels)} labels", where="lexicon")
    own: dict[str, Counter[str]] = {emotion: Counter() for emotion in emotions}
    total: Counter[str] = Counter()
    for words, label in zip(texts, labels, strict=True):
        total.update(words)
        if label in own:
            own[label].update(words)
    empty = [emotion for emotion in emotions if not own[emotion]]
    if empty:
        raise BadInput(f"there is no text of {empty[0]!r}", where="lexicon")
    vocabulary = sorted(word for word, count in total.items() if count >= minimum_count)
    counts = np.array([total[word] for word in vocabulary], dtype=float)
    everything = sum(total.values())
    strengths = {}
    for emotion in emotions:
        inside = np.array([own[emotion][word] for word in vocabulary], dtype=float)
        size = sum(own[emotion].values())
        z = log_odds_z(inside, counts - inside, (size, everything - size), prior * counts / everything)
        order = np.argsort(-z, kind="stable")[:most]
        strengths[emotion] = {vocabulary[k]: float(z[k]) for k in order if z[k] >= least}
    return EmotionLexicon(name, strengths)


def log_odds_z(inside: Floats, outside: Floats, totals: tuple[float, float], prior: Floats) -> Floats:
    """z score of the log-odds ratio of each word (Monroe et al. 2008, equations 16, 20 and 22).

    Args:
        inside: count of each word in the texts of one emotion.
        outside: count in all others.
        totals: words in both.
        prior: pseudo-counts of each word, above 0.
    """
    size = prior.sum()
    odds = [
        np.log((counts + prior) / (total + size - counts - prior))
        for counts, total in zip((inside, outside), totals, strict=True)
    ]
    return np.asarray((odds[0] - odds[1]) / np.sqrt(1 / (inside + prior) + 1 / (outside + prior)))


def merged(name: str, lexicons: Iterable[EmotionLexicon]) -> EmotionLexicon:
    """One lexicon with the words of several; of a word in two the larger strength counts."""
    strengths: dict[str, dict[str, float]] = {}
    for lexicon in lexicons:
        for emotion, words in lexicon.strengths.items():
            known = strengths.setdefault(emotion, {})
            for word, strength in words.items():
                known[word] = max(strength, known.get(word, 0.0))
    return EmotionLexicon(name, strengths)
