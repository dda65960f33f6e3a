"""Alpha and kappa: published examples, the krippendorff package and scikit-learn as references, properties, guards."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from thymos.affect.chance_corrected import (
    LEVELS,
    cohen_kappa_from_codes,
    fleiss_kappa_from_counts,
    krippendorff_from_counts,
    krippendorff_from_ratings,
)
from thymos.errors import BadInput

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability": four observers, twelve units, five values.
NAN = np.nan
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
PUBLISHED = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849}

# Fleiss (1971) as reprinted: ten subjects, fourteen raters, five categories.
FLEISS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

vote_counts = hnp.arrays(np.int64, st.tuples(st.integers(2, 12), st.integers(2, 5)), elements=st.integers(0, 6))


def counts_of(observers: np.ndarray) -> np.ndarray:
    return np.stack([(observers == value).sum(axis=0) for value in range(1, 6)], axis=1)


def comparable(votes: np.ndarray) -> bool:
    """At least one item with two ratings, and two classes among the pairable ratings."""
    paired = votes[votes.sum(axis=1) >= 2]
    return bool((paired.sum(axis=0) > 0).sum() >= 2)


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_of_the_published_example(level: str) -> None:
    assert krippendorff_from_counts(counts_of(OBSERVERS), level, [1, 2, 3, 4, 5]) == pytest.approx(
        PUBLISHED[level], abs=5e-4
    )


@pytest.mark.parametrize("level", LEVELS)
@given(votes=vote_counts.filter(comparable))
@settings(max_examples=150, deadline=None)
def test_alpha_equals_the_package(level: str, votes: np.ndarray) -> None:
    values = np.array([-3.0, 0.5, 0.7, 10.0, 11.5])[: votes.shape[1]]
    expected = krippendorff.alpha(value_counts=votes, value_domain=values, level_of_measurement=level)
    assert krippendorff_from_counts(votes, level, values) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("level", LEVELS)
@given(votes=vote_counts.filter(comparable))
@settings(max_examples=100, deadline=None)
def test_alpha_from_single_ratings_equals_alpha_from_counts(level: str, votes: np.ndarray) -> None:
    rows, columns = np.nonzero(votes)
    items, codes = (np.repeat(each, votes[rows, columns]) for each in (rows, columns))
    order = np.random.default_rng(0).permutation(len(items))
    single = krippendorff_from_ratings(items[order], codes[order], level)
    assert single == pytest.approx(krippendorff_from_counts(votes, level, np.arange(votes.shape[1])), abs=1e-9)


@given(votes=vote_counts.filter(comparable), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_nominal_alpha_ignores_the_order_of_items_and_classes(votes: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shuffled = votes[rng.permutation(len(votes))][:, rng.permutation(votes.shape[1])]
    assert krippendorff_from_counts(shuffled) == pytest.approx(krippendorff_from_counts(votes), abs=1e-9)


def test_interval_alpha_does_not_change_with_a_constant_or_a_unit() -> None:
    votes, values = counts_of(OBSERVERS), np.array([1.0, 2, 3, 4, 5])
    # A constant of a million would cost six digits if sums of squares were not taken around the mean.
    moved = krippendorff_from_counts(votes, "interval", values * 0.001 + 1e6)
    assert moved == pytest.approx(krippendorff_from_counts(votes, "interval", values), abs=1e-6)


def test_perfect_and_opposite_raters() -> None:
    assert krippendorff_from_counts([[2, 0], [0, 2]]) == 1.0
    assert krippendorff_from_counts([[1, 1], [1, 1]]) < 0
    assert fleiss_kappa_from_counts([[3, 0], [0, 3]]) == 1.0
    assert fleiss_kappa_from_counts([[1, 1], [1, 1]]) == -1.0


def test_items_with_one_rating_do_not_count() -> None:
    votes = [[2, 0], [0, 2], [1, 1]]
    assert krippendorff_from_counts([*votes, [1, 0], [0, 0]]) == krippendorff_from_counts(votes)
    assert fleiss_kappa_from_counts([*votes, [1, 0], [0, 0]]) == fleiss_kappa_from_counts(votes)
    assert krippendorff_from_ratings(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])) == krippendorff_from_ratings(
        np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    )


def test_nothing_varies_is_undefined() -> None:
    assert np.isnan(krippendorff_from_counts([[3, 0], [2, 0]]))
    assert np.isnan(krippendorff_from_ratings(np.array([0, 0]), np.array([4.0, 4.0]), "interval"))
    assert np.isnan(fleiss_kappa_from_counts([[3, 0], [2, 0]]))
    assert np.isnan(cohen_kappa_from_codes(np.array([1, 1]), np.array([1, 1]), 2))
    # A second class that only an unpaired item holds is no variation among the pairs either.
    assert np.isnan(krippendorff_from_counts([[3, 0], [0, 1]]))


def test_fleiss_of_the_published_example() -> None:
    assert fleiss_kappa_from_counts(FLEISS) == pytest.approx(0.210, abs=5e-4)


@given(seed=st.integers(0, 10_000), raters=st.integers(2, 9))
@settings(max_examples=50, deadline=None)
def test_fleiss_equals_statsmodels_for_equal_numbers_of_raters(seed: int, raters: int) -> None:
    votes = np.random.default_rng(seed).multinomial(raters, [0.5, 0.3, 0.2], size=15)
    assert fleiss_kappa_from_counts(votes) == pytest.approx(fleiss_kappa(votes), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(("ours", "theirs"), [("none", None), ("linear", "linear"), ("quadratic", "quadratic")])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_cohen_equals_scikit_learn(ours: str, theirs: str | None, seed: int) -> None:
    first, second = np.random.default_rng(seed).integers(4, size=(2, 20))
    expected = cohen_kappa_score(first, second, weights=theirs, labels=[0, 1, 2, 3])
    assert cohen_kappa_from_codes(first, second, 4, ours) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[1, 0], [0, 1]], "no item has two ratings"),
        (np.zeros((0, 3)), "no item has two ratings"),
        ([1, 2, 3], "1 dimensions, not 2"),
        ([[1, -1]], "finite and not negative"),
        ([[1, np.nan]], "finite and not negative"),
    ],
)
def test_bad_counts(counts: object, message: str) -> None:
    for function in (krippendorff_from_counts, fleiss_kappa_from_counts):
        with pytest.raises(BadInput, match=message):
            function(counts)  # type: ignore[operator]


def test_bad_levels_and_values() -> None:
    with pytest.raises(BadInput, match="unknown level 'ratio'; known: nominal, ordinal, interval"):
        krippendorff_from_counts([[2, 1]], "ratio")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="unknown level 'ratio'"):
        krippendorff_from_ratings(np.array([0, 0]), np.array([1, 2]), "ratio")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="needs the number that each class stands for; pass values="):
        krippendorff_from_counts([[2, 1]], "interval")
    for values in ([1.0], [1.0, np.inf], [1.0, 2.0, 3.0]):
        with pytest.raises(BadInput, match="values must be 2 finite numbers"):
            krippendorff_from_counts([[2, 1]], "interval", values)
    for items in ([], [0, 1, 2]):
        with pytest.raises(BadInput, match="no item has two ratings"):
            krippendorff_from_ratings(np.array(items, dtype=int), np.array(items, dtype=float), "interval")


def test_a_million_distinct_values_need_no_square_matrix() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.normal(size=100_000), 2)
    alpha = krippendorff_from_ratings(np.repeat(np.arange(100_000), 2), truth + rng.normal(size=200_000), "interval")
    # Two raters whose noise is as large as the signal: alpha estimates 1 / (1 + 1).
    assert alpha == pytest.approx(0.5, abs=0.01)
