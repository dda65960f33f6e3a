"""Reliability of ratings against published worked examples, and what cannot be computed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.affect.agreement import agreement
from thymos.errors import BadInput
from thymos.measure.rating_consistency import friedman, icc_2_1, rating_consistency, spearman_brown

# Shrout and Fleiss (1979), table 2: six targets, four judges.
SHROUT_FLEISS = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], columns=list("abcd")
)
# Hollander and Wolfe (1973), p. 140: three ways of rounding first base, 22 players; seconds.
ROUNDING_TIMES = np.array(
    [
        [5.40, 5.50, 5.55], [5.85, 5.70, 5.75], [5.20, 5.60, 5.50], [5.55, 5.50, 5.40], [5.90, 5.85, 5.70],
        [5.45, 5.55, 5.60], [5.40, 5.40, 5.35], [5.45, 5.50, 5.35], [5.25, 5.15, 5.00], [5.85, 5.80, 5.70],
        [5.25, 5.20, 5.10], [5.65, 5.55, 5.45], [5.60, 5.35, 5.45], [5.05, 5.00, 4.95], [5.50, 5.50, 5.40],
        [5.45, 5.55, 5.50], [5.55, 5.55, 5.35], [5.45, 5.50, 5.55], [5.50, 5.45, 5.25], [5.65, 5.60, 5.40],
        [5.70, 5.65, 5.55], [6.30, 6.30, 6.25],
    ]
)  # fmt: skip


def test_shrout_and_fleiss() -> None:
    found = rating_consistency(SHROUT_FLEISS)
    assert round(found.icc_2_1.value, 2) == 0.29
    assert round(found.icc_2_k.value, 2) == 0.62
    # The intervals that the R package psych prints for this table (McGraw and Wong).
    assert (round(found.icc_2_1.low, 3), round(found.icc_2_1.high, 2)) == (0.019, 0.76)
    assert (round(found.icc_2_k.low, 3), round(found.icc_2_k.high, 2)) == (0.071, 0.93)
    # Cronbach's alpha is their ICC(3,k).
    assert round(found.cronbach_alpha, 2) == 0.91
    assert (found.items, found.raters, found.dropped) == (6, 4, 0)


def test_friedman_of_hollander_and_wolfe() -> None:
    found = friedman(pd.DataFrame(ROUNDING_TIMES.T))
    assert found.chi2 == pytest.approx(11.143, abs=5e-4)
    assert (found.df, round(found.p, 6)) == (2, 0.003805)
    assert found.kendall_w == pytest.approx(11.142857 / (22 * 2))


def test_raters_in_full_agreement() -> None:
    found = rating_consistency(pd.DataFrame([[1, 1, 1], [5, 5, 5], [9, 9, 9], [10, 10, 10]]))
    assert found.cronbach_alpha == pytest.approx(1)
    assert (found.icc_2_1.low, found.icc_2_1.value, found.icc_2_1.high) == (1, 1, 1)
    assert found.icc_2_k.value == pytest.approx(1)
    assert found.friedman.kendall_w == pytest.approx(1)


def test_a_milder_rater_lowers_absolute_agreement_and_not_alpha() -> None:
    base = np.array([1.0, 3, 5, 7, 9, 10])
    noise = np.array([0.0, 1, 0, -1, 0, 0])
    near = pd.DataFrame({"x": base, "y": base + noise})
    mild = pd.DataFrame({"x": base, "y": base + noise - 4})
    one, other = rating_consistency(near), rating_consistency(mild)
    assert other.cronbach_alpha == pytest.approx(one.cronbach_alpha)
    assert other.icc_2_1.value < one.icc_2_1.value - 0.1
    assert other.friedman.chi2 == pytest.approx(one.friedman.chi2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000), st.integers(2, 6), st.integers(3, 12))
def test_intervals_enclose_the_value_and_order_does_not_matter(seed: int, raters: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.integers(1, 11, (items, raters)) + rng.integers(0, 6, (items, 1)))
    if np.ptp(table.mean(axis=1)) == 0:
        return
    found = rating_consistency(table)
    assert found.icc_2_1.low <= found.icc_2_1.value + 1e-9
    assert found.icc_2_1.value <= found.icc_2_1.high + 1e-9
    assert found.icc_2_k.low <= found.icc_2_k.value <= found.icc_2_k.high <= 1
    direct = agreement(table, "icc_2_k")
    assert found.icc_2_k.value == pytest.approx(direct, rel=1e-6, abs=1e-9) or found.icc_2_k.value == -np.inf
    turned = rating_consistency(table.sample(frac=1, random_state=seed).iloc[:, ::-1])
    assert turned.icc_2_1.value == pytest.approx(found.icc_2_1.value)
    assert turned.friedman.chi2 == pytest.approx(found.friedman.chi2)


def test_a_wider_confidence_is_a_wider_interval() -> None:
    narrow, wide = icc_2_1(SHROUT_FLEISS, confidence=0.8), icc_2_1(SHROUT_FLEISS, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_intervals_cover_the_true_reliability() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        table = rng.normal(0, 1, (30, 1)) + rng.normal(0, 0.5, (1, 5)) + rng.normal(0, 1, (30, 5))
        found = icc_2_1(pd.DataFrame(table))
        covered += found.low <= 1 / 2.25 <= found.high
    assert 0.90 <= covered / 300 <= 0.99


def test_missing_ratings_are_named_or_left_out() -> None:
    gap = SHROUT_FLEISS.astype(float)
    gap.loc[2, "c"] = np.nan
    with pytest.raises(BadInput, match=r"item '2', rater 'c'.*1 of 6 items lack a rating"):
        rating_consistency(gap)
    found = rating_consistency(gap, missing="listwise")
    assert (found.items, found.dropped) == (5, 1)
    assert found.icc_2_1.value == pytest.approx(rating_consistency(SHROUT_FLEISS.drop(index=2)).icc_2_1.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (SHROUT_FLEISS[["a"]], "needs two raters, there is 1"),
        (SHROUT_FLEISS * 0 + 4, "same mean rating"),
        (SHROUT_FLEISS.iloc[:1], "two complete items"),
        (SHROUT_FLEISS.iloc[:2], "three items"),
        (pd.DataFrame({"x": [1.0, np.nan, 3], "y": [np.nan, 2, np.nan]}), "3 of 3 items lack a rating"),
    ],
)
def test_what_cannot_be_computed(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        rating_consistency(table)


def test_raters_who_contradict_each_other_have_no_common_mean() -> None:
    assert spearman_brown(-0.5, 3) == -np.inf
    assert spearman_brown(-0.9, 3) == -np.inf
    assert spearman_brown(-0.4, 3) == pytest.approx(-6)
    found = rating_consistency(pd.DataFrame({"x": [1, 5, 9, 2], "y": [9, 5, 1, 9]}))
    assert found.icc_2_1.value < 0
    assert found.icc_2_k.value < 0


def test_odd_arguments() -> None:
    with pytest.raises(BadInput, match="not 'error' or 'listwise'"):
        rating_consistency(SHROUT_FLEISS, missing="drop")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="confidence"):
        rating_consistency(SHROUT_FLEISS, confidence=95)
    with pytest.raises(BadInput, match="two raters"):
        friedman(SHROUT_FLEISS[["a"]])
    with pytest.raises(BadInput, match="same number"):
        friedman(SHROUT_FLEISS * 0 + 1)
    with pytest.raises(BadInput, match="nothing varies"):
        icc_2_1(SHROUT_FLEISS * 0 + 1)
