"""Near-duplicate search against comparing every pair, and its speed on a large split."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.measure.near_text import CHUNK_PAIRS, _equal_keys, near_texts, normalized_text


def grams(text):
    clean = normalized_text(text)
    return {clean[i : i + 5] for i in range(len(clean) - 4)}


def invented_texts(n, seed, words=400):
    rng = np.random.default_rng(seed)
    vocabulary = ["".join(rng.choice(list("abdeilmnorstu"), size=rng.integers(3, 9))) for _ in range(words)]
    lengths = rng.integers(6, 16, size=n)
    drawn = iter(rng.choice(vocabulary, size=lengths.sum()).tolist())
    return [" ".join(next(drawn) for _ in range(length)) for length in lengths]


def with_edits(text, edits, rng):
    letters = list(text)
    for _ in range(edits):
        letters[rng.integers(len(letters))] = "x"
    return "".join(letters)


def test_normalization():
    assert normalized_text("  Ｗｈａｔ  a\tDAY \n") == "what a day"
    assert normalized_text("STRASSE") == normalized_text("straße")


def test_finds_what_comparing_every_pair_finds():
    rng = np.random.default_rng(0)
    train = invented_texts(300, seed=1)
    test = invented_texts(60, seed=2) + [with_edits(text, k % 6, rng) for k, text in enumerate(train[:120])]
    expected = {}
    known = [grams(text) for text in train]
    for row, text in enumerate(test):
        own = grams(text)
        scores = [len(own & other) / len(own | other) for other in known]
        if max(scores) >= 0.7:
            expected[row] = (int(np.argmax(scores)), max(scores))
    found = near_texts(train, test, threshold=0.7)
    assert 60 < len(expected) < 121
    assert dict(zip(found.test.tolist(), found.train.tolist(), strict=True)) == {
        row: pair[0] for row, pair in expected.items()
    }
    assert found.similarity == pytest.approx([expected[row][1] for row in found.test])


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8))
def test_a_text_is_its_own_nearest_whatever_its_letters(texts):
    found = near_texts(texts, texts, minimum_characters=5)
    long_enough = [row for row, text in enumerate(texts) if len(normalized_text(text)) >= 5]
    assert found.test.tolist() == long_enough
    assert (found.similarity == 1).all()
    for row, partner in zip(found.test, found.train, strict=True):
        # The first training text with the same set of 5-grams.
        assert grams(texts[partner]) == grams(texts[row])
        assert partner <= row


def test_repeated_test_texts_are_all_reported():
    text = "a perfectly ordinary sentence about a walk"
    found = near_texts(["nothing alike at all, really", text, text], [text + "!", "short", text + "!"])
    assert found.test.tolist() == [0, 2]
    assert found.train.tolist() == [1, 1]


def test_nothing_to_find():
    assert len(near_texts(["too short"], ["a text that is long enough to search"]).test) == 0
    assert len(near_texts(invented_texts(5, 0), invented_texts(5, 1)).test) == 0


def test_threshold_is_checked():
    for wrong in (0.4, 1.1):
        with pytest.raises(BadInput, match="threshold"):
            near_texts(["a"], ["b"], threshold=wrong)


def test_a_crowded_bucket_is_cut_into_chunks():
    """A key shared by very many texts must not build all pairs at once."""
    train, test = np.zeros(1000, dtype=np.uint64), np.zeros(350, dtype=np.uint64)
    chunks = list(_equal_keys(train, test))
    assert sum(len(pair_train) for pair_train, _ in chunks) == 350_000
    assert max(len(pair_train) for pair_train, _ in chunks) <= CHUNK_PAIRS
    pairs = {(int(a), int(b)) for part in chunks for a, b in zip(*part, strict=True)}
    assert len(pairs) == 350_000
    huge = list(_equal_keys(np.zeros(CHUNK_PAIRS + 1, dtype=np.uint64), test[:2]))
    assert [len(part[0]) for part in huge] == [CHUNK_PAIRS + 1] * 2


@pytest.mark.slow
def test_fifty_thousand_against_five_thousand_in_a_minute():
    train, test = invented_texts(50_000, 1, words=5000), invented_texts(5_000, 2, words=5000)
    rng = np.random.default_rng(3)
    test[:100] = [with_edits(text, 1, rng) for text in train[:100]]
    start = time.process_time()
    found = near_texts(train, test)
    # Processor time, measured 18 s, with 0.3 GB of memory.
    assert time.process_time() - start < 60
    assert 80 <= len(found.test) <= 110
