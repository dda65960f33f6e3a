"""Affect enrichment of word vectors: counter-fitting with emotion constraints (card 18).

Counter-fitting (Mrksic et al., NAACL 2016) moves vectors until antonyms are far apart, synonyms close together, and
what was close in the original space stays close. Here words of one emotion are synonyms and words of opposite emotions
antonyms [inferred from the work on emotional embeddings that the paper cites]. Distances are cosine distances, 0..2.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
from scipy import sparse

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.word_vectors import Floats, WordVectors, unit_rows

Pairs = npt.NDArray[np.int64]
# Opposites of Plutchik's wheel; the scheme of five emotions has two of its four axes.
PLUTCHIK = (("joy", "sadness"), ("anger", "fear"), ("trust", "disgust"), ("surprise", "anticipation"))
# Pleasant against unpleasant emotions.
VALENCE = (("joy", "anger"), ("joy", "fear"), ("joy", "sadness"), ("joy", "disgust"))
CHUNK = 2_000
ROUNDING = 1e-12


@dataclass(frozen=True)
class Constraints:
    """Pairs of words.

    Args:
        synonyms: to be brought together.
        antonyms: to be driven apart.
    """

    synonyms: tuple[tuple[str, str], ...]
    antonyms: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CounterFitting:
    """Settings of counter-fitting; defaults are those of the authors' configuration.

    Args:
        apart: δ, cosine distance that antonyms should reach.
        together: γ, cosine distance that synonyms should not exceed.
        radius: ρ, cosine distance within which the original neighbors are preserved.
        weights: k1, k2, k3 of antonyms, synonyms and preservation.
        steps: updates of all vectors.
    """

    apart: float = 1.0
    together: float = 0.0
    radius: float = 0.2
    weights: tuple[float, float, float] = (0.1, 0.1, 0.1)
    steps: int = 20

    def __post_init__(self) -> None:
        if not 0 <= self.together <= self.apart <= 2 or not 0 <= self.radius <= 2:
            raise BadInput(
                f"distances {self.apart}, {self.together} and {self.radius} are impossible",
                where="counter-fitting",
                mend="cosine distances lie in 0..2, together <= apart",
            )
        if min(self.weights) < 0 or self.steps < 0:
            raise BadInput("a weight or the number of steps is below 0", where="counter-fitting")


def emotion_constraints(
    sets: Mapping[str, Sequence[str]], opposites: Iterable[tuple[str, str]] = PLUTCHIK
) -> Constraints:
    """Words of one emotion as synonyms, words of two opposite emotions as antonyms.

    Args:
        sets: words of each emotion.
        opposites: pairs of emotions; those that ``sets`` does not have are passed over.
    """
    synonyms = [pair for words in sets.values() for pair in combinations(sorted(set(words)), 2)]
    antonyms = [
        pair
        for one, other in opposites
        if one in sets and other in sets
        for pair in product(sorted(set(sets[one])), sorted(set(sets[other])))
        if pair[0] != pair[1]
    ]
    return Constraints(tuple(synonyms), tuple(antonyms))


def shuffled_sets(sets: Mapping[str, Sequence[str]], seed: int) -> dict[str, tuple[str, ...]]:
    """The same words dealt out to the emotions at random, as many to each: a control that knows no emotion."""
    words = [word for own in sets.values() for word in own]
    order = np.random.default_rng(seed).permutation(len(words))
    dealt, start = {}, 0
    for emotion, own in sets.items():
        dealt[emotion] = tuple(words[k] for k in order[start : start + len(own)])
        start += len(own)
    return dealt


def counter_fit(vectors: WordVectors, constraints: Constraints, settings: CounterFitting | None = None) -> WordVectors:
    """Vectors that obey the constraints as far as the neighborhood of the original vectors allows.

    Each step sums the gradients of the violated constraints of every word, divides by their number, moves the word and
    scales it to length 1. Words without a violated constraint stay where they are.

    Args:
        vectors: rows of length 1; words of the constraints that have no vector are passed over.
        constraints: see ``emotion_constraints``.
        settings: see CounterFitting; None = defaults.
    """
    settings = settings or CounterFitting()
    rows = vectors.rows
    antonyms = _numbered(constraints.antonyms, rows)
    synonyms = _numbered(constraints.synonyms, rows)
    matrix = unit_rows(vectors.matrix.astype(np.float64))
    neighbors, original = near_pairs(matrix, settings.radius)
    repel, attract, preserve = settings.weights
    for _ in range(settings.steps):
        moves = np.zeros_like(matrix)
        counts = np.zeros(len(matrix))
        _add(moves, counts, matrix, antonyms, repel, distance_below=settings.apart)
        _add(moves, counts, matrix, synonyms, -attract, distance_above=settings.together)
        _add(moves, counts, matrix, neighbors, -preserve, distance_above=original)
        matrix = unit_rows(matrix + moves / np.maximum(counts, 1)[:, None])
    return WordVectors(vectors.words, matrix)


def near_pairs(matrix: Floats, radius: float) -> tuple[Pairs, Floats]:
    """Pairs of rows within a cosine distance, shape (pairs, 2) with the smaller row first, and their distances."""
    found, distances = [], []
    for start in range(0, len(matrix), CHUNK):
        distance = 1 - matrix[start : start + CHUNK] @ matrix.T
        one, other = np.nonzero(distance <= radius)
        kept = other > one + start
        found.append(np.column_stack([one[kept] + start, other[kept]]))
        distances.append(distance[one[kept], other[kept]])
    return np.concatenate(found).astype(np.int64), np.concatenate(distances)


def _numbered(pairs: Iterable[tuple[str, str]], rows: Mapping[str, int]) -> Pairs:
    known = {tuple(sorted((rows[a], rows[b]))) for a, b in pairs if a in rows and b in rows and a != b}
    return np.array(sorted(known), dtype=np.int64).reshape(-1, 2)


def _add(
    moves: Floats,
    counts: Floats,
    matrix: Floats,
    pairs: Pairs,
    weight: float,
    *,
    distance_below: float | None = None,
    distance_above: float | Floats | None = None,
) -> None:
    """Add the weighted gradient of the distance of each violating pair to both of its words."""
    if len(pairs) == 0 or weight == 0:
        return
    distance = 1 - np.einsum("ij,ij->i", matrix[pairs[:, 0]], matrix[pairs[:, 1]])
    # Rounding may leave a pair a hair outside of its bound.
    if distance_below is not None:
        violated = distance < distance_below - ROUNDING
    else:
        violated = distance > np.asarray(distance_above) + ROUNDING
    one, other = pairs[violated].T
    places = np.concatenate([one, other]), np.concatenate([other, one])
    cosines = 1 - np.tile(distance[violated], 2)
    partners = sparse.csr_matrix((np.ones(len(cosines)), places), shape=(len(matrix), len(matrix)))
    # The gradient of 1 - cos(u, v) by u is cos(u, v) · u - v for vectors of length 1; summed over the partners v.
    along = np.bincount(places[0], weights=cosines, minlength=len(matrix))
    moves += weight * (matrix * along[:, None] - partners @ matrix)
    counts += np.bincount(places[0], minlength=len(matrix))
