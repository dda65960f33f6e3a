"""Balancing: counts, determinism, and where ADASYN puts its items."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.zones.balancing import METHODS, adaptive_synthetic, balanced, class_weights


def items(counts: tuple[int, ...] = (30, 12, 5), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(counts)), counts)
    return rng.normal(size=(len(codes), 3)) + codes[:, None], codes


@pytest.mark.parametrize(
    ("method", "counts"),
    [
        ("none", [30, 12, 5]),
        ("class_weight", [30, 12, 5]),
        ("oversampling", [30, 30, 30]),
        ("adasyn", [30, 30, 30]),
        ("undersampling", [5, 5, 5]),
    ],
)
def test_counts_after_balancing(method: str, counts: list[int]) -> None:
    rows, codes = items()
    found = balanced(rows, codes, method)
    assert np.bincount(found.codes).tolist() == counts
    old = found.origin >= 0
    assert np.array_equal(found.inputs[old], rows[found.origin[old]])
    assert np.array_equal(found.codes[old], codes[found.origin[old]])
    assert old.all() == (method != "adasyn")


COUNTS = st.lists(st.integers(1, 15), min_size=2, max_size=4)


@given(COUNTS, st.sampled_from(METHODS), st.integers(0, 3))
def test_any_counts(counts: list[int], method: str, seed: int) -> None:
    rows, codes = items(tuple(counts))
    found = balanced(rows, codes, method, seed=seed)
    after = np.bincount(found.codes)
    expected = {"oversampling": max(counts), "adasyn": max(counts), "undersampling": min(counts)}.get(method)
    assert after.tolist() == ([expected] * len(counts) if expected else counts)
    again = balanced(rows, codes, method, seed=seed)
    assert np.array_equal(again.inputs, found.inputs)


def test_oversampling_keeps_every_item() -> None:
    rows, codes = items()
    assert set(balanced(rows, codes, "oversampling").origin) == set(range(len(codes)))


def test_invented_items_lie_between_items_of_their_class() -> None:
    rows, codes = items((20, 6))
    found = adaptive_synthetic(rows, codes)
    own = rows[codes == 1]
    for point in found.inputs[found.origin < 0]:
        ends = [(a, b) for a in range(6) for b in range(6) if a != b]
        on_a_line = [
            np.linalg.norm(point - own[a]) + np.linalg.norm(point - own[b]) - np.linalg.norm(own[a] - own[b])
            for a, b in ends
        ]
        assert min(on_a_line) < 1e-9


def test_more_items_arise_where_the_classes_meet() -> None:
    # Ten rare items lie far from the others, ten among them: only the latter have foreign neighbors.
    rng = np.random.default_rng(0)
    common = rng.normal(size=(80, 2))
    near, far = rng.normal(size=(10, 2)), rng.normal(size=(10, 2)) + 50
    rows, codes = np.vstack([common, near, far]), np.repeat([0, 1], [80, 20])
    found = adaptive_synthetic(rows, codes, neighbors=5)
    invented = found.inputs[found.origin < 0]
    assert len(invented) == 60
    assert (invented[:, 0] < 25).mean() > 0.95


def test_where_nobody_is_hard_all_count_alike() -> None:
    rows = np.vstack([np.zeros((12, 1)) + np.arange(12)[:, None], 1000 + np.arange(8)[:, None]])
    found = adaptive_synthetic(rows, np.repeat([0, 1], [12, 8]), neighbors=3)
    assert np.bincount(found.codes).tolist() == [12, 12]
    assert (found.inputs[found.origin < 0] > 900).all()


def test_a_single_item_is_repeated() -> None:
    found = adaptive_synthetic([[0.0], [1.0], [2.0], [9.0]], [0, 0, 0, 1])
    assert found.inputs[found.codes == 1].ravel().tolist() == [9, 9, 9]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_weights_give_every_class_the_same_sum(codes: list[int]) -> None:
    labels = np.array(codes)
    weights = class_weights(labels, 4)
    sums = [weights[code] * (labels == code).sum() for code in set(codes)]
    assert np.allclose(sums, len(codes) / len(set(codes)))
    assert all(weights[code] == 0 for code in set(range(4)) - set(codes))


def test_what_cannot_be_balanced() -> None:
    rows, codes = items()
    for told, use in (
        ("there is no balancing 'smote'; known: none", lambda: balanced(rows, codes, "smote")),
        ("codes of shape", lambda: balanced(rows, codes[:-1], "none")),
        ("a feature is NaN", lambda: balanced(rows * np.nan, codes, "none")),
        ("a class code is negative", lambda: balanced(rows, codes - 1, "none")),
        ("codes of shape", lambda: balanced(rows, codes.astype(float), "none")),
        ("0 neighbors", lambda: adaptive_synthetic(rows, codes, neighbors=0)),
    ):
        with pytest.raises(BadInput, match=told):
            use()
