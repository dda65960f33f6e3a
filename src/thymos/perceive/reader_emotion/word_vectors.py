"""Word vectors from texts at hand: positive pointwise mutual information, factorized (PPMI-SVD).

Nothing is downloaded: where no GloVe is at hand, vectors of 100 dimensions are computed from the user's own corpora.
Context counts are raised to 0.75 and singular values to 0.5, as Levy, Goldberg and Dagan (TACL 2015) advise.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
SMOOTHING, SINGULAR_POWER = 0.75, 0.5


@dataclass(frozen=True)
class WordVectors:
    """Words and their vectors.

    Args:
        words: each once.
        matrix: shape (words, dimensions); rows of length 1.
    """

    words: tuple[str, ...]
    matrix: Floats

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.words) != len(self.matrix):
            raise BadInput(f"{len(self.words)} words and vectors of shape {self.matrix.shape}", where="word vectors")
        if len(set(self.words)) != len(self.words):
            raise BadInput("a word stands twice", where="word vectors")

    @property
    def rows(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}


def unit_rows(matrix: Floats) -> Floats:
    """Rows scaled to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.where(lengths > 0, lengths, 1.0)


def train_word_vectors(
    texts: Iterable[Sequence[str]],
    *,
    dimensions: int = 100,
    window: int = 5,
    minimum_count: int = 3,
    always: Iterable[str] = (),
    seed: int = 0,
) -> WordVectors:
    """PPMI-SVD vectors of the words of these texts.

    Args:
        texts: words of each text, see ``words_of``; pairs across texts are not counted.
        dimensions: of a vector; fewer words than dimensions give vectors that end in zeros.
        window: words on either side that count as context.
        minimum_count: rarer words get no vector.
        always: words that get one however rare they are, if they occur at all.
        seed: of the randomized factorization.

    Raises:
        BadInput: fewer than 2 words remain, a window or dimension below 1.
    """
    if dimensions < 1 or window < 1:
        raise BadInput(f"{dimensions} dimensions and a window of {window}", where="word vectors", mend="use 1 or more")
    listed = [list(words) for words in texts]
    counts = Counter(word for words in listed for word in words)
    wanted = set(always)
    kept = sorted(word for word, count in counts.items() if count >= minimum_count or word in wanted)
    if len(kept) < 2:
        raise BadInput("fewer than 2 words are left", where="texts", mend="pass more text or a lower minimum_count")
    information = ppmi(cooccurrences(listed, kept, window))
    size = min(dimensions, len(kept) - 1)
    left, singular, _ = randomized_svd(information, n_components=size, n_iter=5, random_state=seed)
    matrix = np.zeros((len(kept), dimensions))
    matrix[:, :size] = left * singular**SINGULAR_POWER
    return WordVectors(tuple(kept), unit_rows(matrix))


def cooccurrences(texts: Sequence[Sequence[str]], words: Sequence[str], window: int) -> sparse.csr_matrix:
    """How often each word stands within ``window`` words of each other one, symmetric, shape (words, words)."""
    numbers = {word: number for number, word in enumerate(words)}
    gap = -1
    stream: list[int] = []
    for text in texts:
        stream += [numbers[word] for word in text if word in numbers]
        stream += [gap] * window
    tokens = np.array(stream, dtype=np.int64)
    size = len(words)
    total = sparse.csr_matrix((size, size))
    for distance in range(1, window + 1):
        left, right = tokens[:-distance], tokens[distance:]
        both = (left != gap) & (right != gap)
        pairs = sparse.coo_matrix((np.ones(int(both.sum())), (left[both], right[both])), shape=(size, size)).tocsr()
        total = total + pairs + pairs.T
    return total


def ppmi(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Positive pointwise mutual information in nats; contexts smoothed with the power 0.75."""
    pairs = counts.tocoo()
    rows = np.asarray(counts.sum(axis=1)).ravel()
    contexts = np.asarray(counts.sum(axis=0)).ravel() ** SMOOTHING
    contexts = contexts / contexts.sum() if contexts.sum() > 0 else contexts
    information = np.log(pairs.data / (rows[pairs.row] * contexts[pairs.col]))
    positive = information > 0
    return sparse.csr_matrix((information[positive], (pairs.row[positive], pairs.col[positive])), shape=counts.shape)
