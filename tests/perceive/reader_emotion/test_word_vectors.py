"""Words, PPMI-SVD vectors and counter-fitting: by hand, and what must hold for any constraints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.reader_emotion.counter_fitting import (
    PLUTCHIK,
    VALENCE,
    Constraints,
    CounterFitting,
    counter_fit,
    emotion_constraints,
    near_pairs,
    shuffled_sets,
)
from thymos.perceive.reader_emotion.word_vectors import (
    WordVectors,
    cooccurrences,
    ppmi,
    train_word_vectors,
    unit_rows,
)
from thymos.perceive.reader_emotion.words import PADDING, UNKNOWN, Vocabulary, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Storm KILLS 12 in the harbor!", ["storm", "kills", "harbor"]),
        ("It's 5o'clock_somewhere", ["clock", "somewhere"]),
        ("\u0161koda caf\u00e9", ["\u0161koda", "caf\u00e9"]),
        ("cry fire alone", ["cry", "fire", "alone"]),
        ("\U0001f600 42 ...", []),
        ("", []),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


@given(st.text(max_size=60))
def test_words_are_lower_case_letters(text):
    assert all(word.isalpha() and word == word.lower() for word in words_of(text, keep_stop_words=True))


def test_vocabulary():
    vocabulary = Vocabulary(["a", "b", "a"])
    assert len(vocabulary) == 4
    encoded = vocabulary.encode([["b", "x", "a", "a"], []], 3)
    assert encoded.tolist() == [[3, UNKNOWN, 2], [UNKNOWN, PADDING, PADDING]]


def test_cooccurrences_by_hand():
    counts = cooccurrences([["a", "b", "c"], ["a"], ["c", "z", "a"]], ["a", "b", "c"], 1).toarray()
    assert counts.tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]  # z has no vector: c and a become neighbors
    counts = cooccurrences([["a", "b", "c"]], ["a", "b", "c"], 2).toarray()
    assert counts[0, 2] == counts[2, 0] == 1


def test_ppmi_by_hand():
    from scipy import sparse

    counts = sparse.csr_matrix(np.array([[0.0, 3.0], [3.0, 1.0]]))
    contexts = np.array([3.0, 4.0]) ** 0.75
    contexts /= contexts.sum()
    found = ppmi(counts).toarray()
    assert found[0, 1] == pytest.approx(np.log(1 / contexts[1]))
    assert found[1, 0] == pytest.approx(np.log(0.75 / contexts[0]))
    assert found[1, 1] == 0


def texts_of_two_worlds() -> list[list[str]]:
    rng = np.random.default_rng(0)
    worlds = [["sun", "beach", "holiday", "smile"], ["war", "bomb", "fear", "flight"]]
    return [list(rng.permutation(worlds[k % 2])) for k in range(60)]


def test_words_of_one_world_are_near():
    vectors = train_word_vectors(texts_of_two_worlds(), dimensions=4, seed=1)
    rows = vectors.rows
    matrix = vectors.matrix
    assert matrix[rows["sun"]] @ matrix[rows["beach"]] > 0.8 > 0.3 > matrix[rows["sun"]] @ matrix[rows["bomb"]]
    assert np.linalg.norm(matrix, axis=1) == pytest.approx(1)
    again = train_word_vectors(texts_of_two_worlds(), dimensions=4, seed=1)
    np.testing.assert_array_equal(matrix, again.matrix)


def test_rare_words_are_kept_on_request():
    texts = [["a", "b"]] * 3 + [["a", "rare"], ["b", "other"]]
    assert train_word_vectors(texts, dimensions=2).words == ("a", "b")
    assert "rare" in train_word_vectors(texts, dimensions=2, always=["rare"]).words
    with pytest.raises(BadInput, match="fewer than 2 words"):
        train_word_vectors([["a"]])
    with pytest.raises(BadInput, match="0 dimensions"):
        train_word_vectors(texts, dimensions=0)


def test_word_vectors_are_checked():
    with pytest.raises(BadInput, match="2 words and vectors"):
        WordVectors(("a", "b"), np.ones((1, 2)))
    with pytest.raises(BadInput, match="stands twice"):
        WordVectors(("a", "a"), np.ones((2, 2)))


# -- counter-fitting --------------------------------------------------------------------------------------------------


def some_vectors(words: str = "abcdef", seed: int = 0) -> WordVectors:
    rng = np.random.default_rng(seed)
    return WordVectors(tuple(words), unit_rows(rng.normal(size=(len(words), 8)) + 1.0))


def distance(vectors: WordVectors, one: str, other: str) -> float:
    rows = vectors.rows
    return float(1 - vectors.matrix[rows[one]] @ vectors.matrix[rows[other]])


def test_one_step_by_hand():
    u, v = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    vectors = WordVectors(("u", "v"), np.array([u, v]))
    fitted = counter_fit(vectors, Constraints((("u", "v"),), ()), CounterFitting(radius=0.0, steps=1))
    expected = u - 0.1 * (0.6 * u - v)
    np.testing.assert_allclose(fitted.matrix[0], expected / np.linalg.norm(expected))
    fitted = counter_fit(vectors, Constraints((), (("u", "v"),)), CounterFitting(radius=0.0, steps=1))
    expected = u + 0.1 * (0.6 * u - v)
    np.testing.assert_allclose(fitted.matrix[0], expected / np.linalg.norm(expected))


def test_gradient_is_that_of_torch():
    import torch

    vectors = some_vectors()
    pairs = (("a", "b"), ("a", "c"))
    fitted = counter_fit(vectors, Constraints((), pairs), CounterFitting(apart=2.0, radius=0.0, steps=1))
    matrix = torch.tensor(vectors.matrix, requires_grad=True)
    unit = torch.nn.functional.normalize(matrix)
    total = sum(1 - unit[vectors.rows[one]] @ unit[vectors.rows[other]] for one, other in pairs)
    (gradient,) = torch.autograd.grad(total, matrix)
    counts = np.array([2, 1, 1, 1, 1, 1])[:, None]
    np.testing.assert_allclose(fitted.matrix, unit_rows(vectors.matrix + 0.1 * gradient.numpy() / counts), atol=1e-9)


@given(st.integers(0, 50), st.sampled_from([(0.1, 0.1, 0.1), (0.2, 0.1, 0.0)]))
def test_antonyms_part_synonyms_meet_and_others_stay(seed, weights):
    vectors = some_vectors(seed=seed)
    fitted = counter_fit(
        vectors, Constraints((("a", "b"),), (("c", "d"),)), CounterFitting(radius=0.0, weights=weights)
    )
    assert distance(fitted, "a", "b") <= distance(vectors, "a", "b")
    assert distance(fitted, "c", "d") >= min(distance(vectors, "c", "d"), 1.0) - 1e-9
    np.testing.assert_allclose(fitted.matrix[4:], vectors.matrix[4:], atol=1e-12)
    assert np.linalg.norm(fitted.matrix, axis=1) == pytest.approx(1)


def test_neighbors_are_preserved():
    base = np.array([[1.0, 0.0, 0.0], [0.99, 0.14, 0.0], [0.0, 1.0, 0.2]])
    vectors = WordVectors(("a", "near", "far"), unit_rows(base))
    pull = Constraints((("a", "far"),), ())
    free = counter_fit(vectors, pull, CounterFitting(weights=(0.1, 0.1, 0.0), steps=10))
    held = counter_fit(vectors, pull, CounterFitting(weights=(0.1, 0.1, 0.1), steps=10))
    assert distance(held, "a", "near") < distance(free, "a", "near")


def test_near_pairs():
    vectors = some_vectors()
    pairs, distances = near_pairs(vectors.matrix, 0.5)
    full = 1 - vectors.matrix @ vectors.matrix.T
    expected = {(i, j) for i in range(6) for j in range(i + 1, 6) if full[i, j] <= 0.5}
    assert {tuple(pair) for pair in pairs} == expected
    np.testing.assert_allclose(distances, [full[i, j] for i, j in pairs])


def test_constraints_of_emotions():
    sets = {"joy": ["glad", "happy"], "sadness": ["sad"], "anger": ["mad"], "fear": []}
    found = emotion_constraints(sets, PLUTCHIK)
    assert found.synonyms == (("glad", "happy"),)
    assert set(found.antonyms) == {("glad", "sad"), ("happy", "sad")}
    assert len(emotion_constraints(sets, VALENCE).antonyms) == 4


@given(st.integers(0, 100))
def test_shuffling_keeps_words_and_sizes(seed):
    sets = {"joy": ("a", "b", "c"), "fear": ("d", "e"), "anger": ()}
    dealt = shuffled_sets(sets, seed)
    assert {name: len(words) for name, words in dealt.items()} == {"joy": 3, "fear": 2, "anger": 0}
    assert sorted(word for words in dealt.values() for word in words) == list("abcde")


def test_unknown_words_and_no_steps_change_nothing():
    vectors = some_vectors()
    for constraints, settings in (
        (Constraints((("x", "y"),), (("a", "x"),)), CounterFitting(radius=0.0)),
        (Constraints((("a", "b"),), ()), CounterFitting(steps=0)),
    ):
        np.testing.assert_allclose(counter_fit(vectors, constraints, settings).matrix, vectors.matrix)


@pytest.mark.parametrize(
    "settings", [{"apart": 3.0}, {"together": 1.5}, {"radius": -0.1}, {"weights": (-0.1, 0, 0)}, {"steps": -1}]
)
def test_impossible_settings(settings):
    with pytest.raises(BadInput, match="counter-fitting"):
        CounterFitting(**settings)
