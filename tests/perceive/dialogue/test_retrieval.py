import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.dialogue.retrieval import (
    Demonstrations,
    Retrieved,
    check_no_leak,
    plain,
    retrieve,
    votes,
)


def unit(rows):
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def known(count=30, seed=0):
    rng = np.random.default_rng(seed)
    return Demonstrations(
        tuple(f"u{n}" for n in range(count)),
        tuple(f"d{n // 4}" if n % 5 else "" for n in range(count)),
        tuple(f"text {n % 7}!" for n in range(count)),
        tuple("abc"[n % 3] for n in range(count)),
        unit(rng.normal(size=(count, 6))),
    )


@given(st.integers(0, 500), st.integers(1, 6), st.booleans())
def test_nothing_leaks_and_the_nearest_come_first(seed, k, equal):
    have = known(seed=seed)
    found = retrieve(have, have.ids, have.dialogues, have.texts, have.vectors, k=k, equal_texts=equal)
    check_no_leak(have, found, have.ids, have.dialogues, None if equal else have.texts)
    cosines = (have.vectors @ have.vectors.T).astype(float)
    for row in range(len(have.ids)):
        allowed = [
            place
            for place in range(len(have.ids))
            if place != row
            and not (have.dialogues[row] and have.dialogues[place] == have.dialogues[row])
            and (equal or plain(have.texts[place]) != plain(have.texts[row]))
        ]
        best = sorted((cosines[row, place] for place in allowed), reverse=True)[:k]
        np.testing.assert_allclose(found.similarities[row][: len(best)], best, atol=1e-6)


def test_sentences_without_dialogue_may_retrieve_one_another():
    have = Demonstrations(("a", "b"), ("", ""), ("one", "two"), ("x", "y"), unit([[1, 0], [1, 0.1]]))
    found = retrieve(have, have.ids, have.dialogues, have.texts, have.vectors, k=3)
    assert found.places.tolist() == [[1, -1, -1], [0, -1, -1]]


@pytest.mark.parametrize(("place", "said"), [(0, "itself"), (1, "its own dialogue"), (2, "an equal text")])
def test_the_check_finds_each_leak(place, said):
    have = Demonstrations(
        ("a", "b", "c"), ("d", "d", "e"), ("So what?", "no", "so WHAT"), ("x", "y", "x"), unit(np.eye(3))
    )
    found = Retrieved(np.array([[place]]), np.ones((1, 1)))
    with pytest.raises(BadInput, match=said):
        check_no_leak(have, found, ["a"], ["d"], ["so what"])


def test_votes_are_shares_and_nearer_ones_count_more():
    have = Demonstrations(("a", "b", "c"), ("", "", ""), ("1", "2", "3"), ("x", "y", "odd"), unit(np.eye(3)))
    found = Retrieved(np.array([[0, 1], [2, -1]]), np.array([[0.9, 0.5], [0.9, 0.0]]))
    shares = votes(found, have, ["x", "y"])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares[0, 0] == pytest.approx(1 / (1 + np.exp(-4)))
    assert shares[1].tolist() == [0.5, 0.5], "nothing with a known label"


def test_bad_input():
    have = known()
    with pytest.raises(BadInput, match="one length"):
        retrieve(have, ["a"], [], [], have.vectors[:1])
    with pytest.raises(BadInput, match="at least 1"):
        retrieve(have, ["a"], [""], ["t"], have.vectors[:1], k=0)
    with pytest.raises(BadInput, match="one length"):
        Demonstrations(("a",), (), (), (), unit([[1, 0]]))
