"""Near-duplicate texts between two sides, found by MinHash and confirmed exactly.

Texts are compared as sets of character 5-grams after normalization; similarity is the Jaccard index of the two sets
(1 means equal sets). MinHash signatures in 40 bands of 5 propose candidates; every candidate's Jaccard index is then
computed exactly, so a reported pair is always right. A pair of similarity 0.8 is missed with a chance of about one in
ten million, one of 0.6 with a chance of 4 %.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, Integers

GRAM = 5
BANDS, ROWS = 40, 5
# Candidate pairs confirmed at once; bounds the memory of the sparse product.
CHUNK_PAIRS = 100_000


class NearText(NamedTuple):
    """The most similar training text of each test text that has one above the threshold."""

    test: Integers
    train: Integers
    similarity: Floats


def normalized_text(text: str) -> str:
    """The text in Unicode form NFKC, case-folded, with every run of white space as one blank, and stripped."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def near_texts(
    train_texts: Sequence[str],
    test_texts: Sequence[str],
    *,
    threshold: float = 0.8,
    minimum_characters: int = 20,
) -> NearText:
    """Test texts that nearly equal a training text.

    Args:
        train_texts: texts of the training side; normalized here.
        test_texts: texts of the test side.
        threshold: smallest Jaccard index of character 5-grams that counts, above 0.5 and at most 1.
        minimum_characters: shorter texts (after normalization) are left out: "yes, I do" proves nothing.

    Returns:
        NearText: row numbers in both lists, one row per test text found, in test order. Among equally similar
        training texts the first counts.
    """
    if not 0.5 <= threshold <= 1:
        raise BadInput(f"the threshold is {threshold}", where="threshold", mend="use 0.5 to 1")
    train_rows, train = _distinct(train_texts, minimum_characters)
    test_rows, test = _distinct(test_texts, minimum_characters)
    nothing = NearText(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    if not train or not test:
        return nothing
    shingles = HashingVectorizer(
        analyzer="char", ngram_range=(GRAM, GRAM), n_features=2**31 - 1, binary=True, norm=None,
        alternate_sign=False, lowercase=False, dtype=np.float32,
    )  # fmt: skip
    train_sets, test_sets = shingles.transform(train), shingles.transform(test)
    best, partner = _best_partners(train_sets, test_sets, threshold)
    # Equal texts share one entry in the search: give every original row its answer.
    rows, found = [], []
    for position in np.flatnonzero(best >= threshold):
        for row in test_rows[position]:
            rows.append(row)
            found.append(position)
    if not rows:
        return nothing
    order = np.argsort(rows)
    positions = np.array(found, dtype=np.int64)[order]
    first_train = np.array([members[0] for members in train_rows], dtype=np.int64)
    return NearText(np.array(rows, dtype=np.int64)[order], first_train[partner[positions]], best[positions])


def _distinct(texts: Iterable[str], minimum: int) -> tuple[list[list[int]], list[str]]:
    """Distinct normalized texts that are long enough, with the rows where each stands."""
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        clean = normalized_text(text)
        if len(clean) >= max(minimum, GRAM):
            rows.setdefault(clean, []).append(row)
    return list(rows.values()), list(rows)


def _best_partners(train: sparse.csr_matrix, test: sparse.csr_matrix, threshold: float) -> tuple[Floats, Integers]:
    sizes_train, sizes_test = np.diff(train.indptr), np.diff(test.indptr)
    best, partner = np.zeros(test.shape[0]), np.zeros(test.shape[0], dtype=np.int64)
    confirmed = np.zeros(0, dtype=np.int64)
    for keys_train, keys_test in _bands(train, test):
        for pair_train, pair_test in _equal_keys(keys_train, keys_test):
            # A confirmed pair is proposed by nearly every band: do not compute it again.
            code = pair_test * train.shape[0] + pair_train
            new = ~np.isin(code, confirmed)
            pair_train, pair_test, code = pair_train[new], pair_test[new], code[new]
            shared = np.asarray(train[pair_train].multiply(test[pair_test]).sum(axis=1)).ravel()
            similarity = shared / (sizes_train[pair_train] + sizes_test[pair_test] - shared)
            close = similarity >= threshold
            confirmed = np.union1d(confirmed, code[close])
            _keep_best(best, partner, pair_train[close], pair_test[close], similarity[close])
    return best, partner


def _keep_best(best: Floats, partner: Integers, train: Integers, test: Integers, similarity: Floats) -> None:
    """Update in place: higher similarity wins, then the earlier training text."""
    for row, candidate, value in zip(test, train, similarity, strict=True):
        if value > best[row] or (value == best[row] and candidate < partner[row]):
            best[row], partner[row] = value, candidate


def _bands(
    train: sparse.csr_matrix, test: sparse.csr_matrix
) -> Iterator[tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]]:
    """For each band one key per text; texts with the same key are candidates."""
    rng = np.random.default_rng(0)
    for _ in range(BANDS):
        key_train = np.zeros(train.shape[0], dtype=np.uint64)
        key_test = np.zeros(test.shape[0], dtype=np.uint64)
        for _ in range(ROWS):
            factor, shift = rng.integers(1, 2**63, size=2, dtype=np.uint64) | np.uint64(1)
            for sets, key in ((train, key_train), (test, key_test)):
                # Multiply-shift hashing: the upper half of a wrapping 64-bit product.
                hashed = (sets.indices.astype(np.uint64) * factor + shift) >> np.uint64(32)
                smallest = np.minimum.reduceat(hashed, sets.indptr[:-1])
                key *= np.uint64(0x9E3779B97F4A7C15)
                key += smallest
        yield key_train, key_test


def _equal_keys(train: npt.NDArray[np.uint64], test: npt.NDArray[np.uint64]) -> Iterator[tuple[Integers, Integers]]:
    """All (train, test) positions with equal keys, in chunks."""
    order = np.argsort(train, kind="stable")
    ordered = train[order]
    start, stop = np.searchsorted(ordered, test, "left"), np.searchsorted(ordered, test, "right")
    matched = np.flatnonzero(stop > start)
    pairs = np.cumsum(stop[matched] - start[matched])
    chunk = 0
    while chunk < len(matched):
        done = pairs[chunk - 1] if chunk else 0
        end = max(int(np.searchsorted(pairs, done + CHUNK_PAIRS, "right")), chunk + 1)
        part = matched[chunk:end]
        lengths = stop[part] - start[part]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        yield order[np.repeat(start[part], lengths) + offsets], np.repeat(part, lengths)
        chunk = end
