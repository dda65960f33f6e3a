"""Agreement of tables of ratings: published examples, gaps, words and numbers, clear refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.affect.agreement import COMPLETE_DESIGNS, FOLLOW_RATERS, MEASURES, agreement
from thymos.affect.chance_corrected import cohen_kappa_from_codes, krippendorff_from_counts
from thymos.errors import BadInput

# Shrout and Fleiss (1979), table 2: six targets, four judges; ICC(2,1) .29 and ICC(2,4) .62 in their table 4.
SHROUT_FLEISS = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    columns=["j1", "j2", "j3", "j4"],
)
WORDS = pd.DataFrame(
    {
        "x": ["low", "high", "mid", "low", None],
        "y": ["low", "mid", "mid", "high", "low"],
        "z": ["low", "high", None, "mid", "low"],
    }
)
LEVELS = ("low", "mid", "high")


def test_intraclass_correlations_of_the_published_example() -> None:
    assert agreement(SHROUT_FLEISS, "icc_2_1") == pytest.approx(0.29, abs=5e-3)
    assert agreement(SHROUT_FLEISS, "icc_2_k") == pytest.approx(0.62, abs=5e-3)


def test_cronbach_by_hand() -> None:
    # Two questions, answers 1 2 3 and 2 2 5: variances 1 and 3, sums 3 4 8 with variance 7; 2 (1 - 4/7) = 6/7.
    assert agreement(pd.DataFrame({"a": [1, 2, 3], "b": [2, 2, 5]}), "cronbach_alpha") == pytest.approx(6 / 7)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_average_of_raters_follows_spearman_brown(seed: int) -> None:
    ratings = pd.DataFrame(np.random.default_rng(seed).normal(size=(8, 3)) + np.arange(8)[:, None])
    single, average = agreement(ratings, "icc_2_1"), agreement(ratings, "icc_2_k")
    assert average == pytest.approx(3 * single / (1 + 2 * single), abs=1e-9)


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - {"cohen_kappa_linear", "cohen_kappa_quadratic"}))
def test_raters_in_another_order_agree_as_much(measure: str) -> None:
    ratings = SHROUT_FLEISS[["j1", "j4"]]
    assert agreement(ratings[["j4", "j1"]].iloc[::-1], measure) == pytest.approx(agreement(ratings, measure))


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_raters_who_agree_fully_score_one(measure: str) -> None:
    ratings = pd.DataFrame({"x": [1, 2, 3, 2], "y": [1, 2, 3, 2]})
    assert agreement(ratings, measure) == pytest.approx(1.0)


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_nothing_varies_is_undefined(measure: str) -> None:
    assert np.isnan(agreement(pd.DataFrame({"x": [2, 2, 2], "y": [2, 2, 2]}), measure))


def test_words_and_gaps() -> None:
    counts = np.array([[3, 0, 0], [0, 1, 2], [0, 2, 0], [1, 1, 1], [2, 0, 0]])
    for level in ("nominal", "ordinal"):
        found = agreement(WORDS, f"krippendorff_{level}", LEVELS)
        assert found == pytest.approx(krippendorff_from_counts(counts, level))  # type: ignore[arg-type]


def test_categorical_columns_are_words_too() -> None:
    typed = WORDS.astype(pd.CategoricalDtype(list(LEVELS)))
    assert agreement(typed, "fleiss_kappa", LEVELS) == agreement(WORDS, "fleiss_kappa", LEVELS)


def test_the_order_of_classes_counts_where_it_should() -> None:
    assert agreement(WORDS, "krippendorff_nominal") == agreement(WORDS, "krippendorff_nominal", LEVELS)
    straight = agreement(WORDS, "krippendorff_ordinal", LEVELS)
    assert straight != agreement(WORDS, "krippendorff_ordinal", ("mid", "low", "high"))
    for measure in ("krippendorff_ordinal", "cohen_kappa_linear"):
        with pytest.raises(BadInput, match="the order of the classes counts here; pass categories="):
            agreement(WORDS[["x", "y"]], measure)


def test_mean_pairwise_kappa_is_the_mean_over_pairs_that_met() -> None:
    # x and y, y and z share items; x and z never met, and a pair that never varies is left out.
    ratings = pd.DataFrame({"x": [0, 1, 1, None, None], "y": [0, 1, 0, 1, 0], "z": [None, None, None, 1, 0]})
    first = cohen_kappa_from_codes(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
    assert agreement(ratings, "mean_pairwise_cohen_kappa") == pytest.approx((first + 1) / 2)
    constant = ratings.assign(w=[0, None, None, None, 0])
    assert agreement(constant, "mean_pairwise_cohen_kappa") == agreement(ratings, "mean_pairwise_cohen_kappa")


def test_complete_designs_refuse_or_drop_gaps() -> None:
    gaps = SHROUT_FLEISS.astype(float)
    gaps.iloc[2, 1] = np.nan
    for measure in sorted(COMPLETE_DESIGNS):
        with pytest.raises(BadInput, match=r"item 2: .* 1 of 6 items have a gap; pass missing='listwise'"):
            agreement(gaps, measure)
        with pytest.warns(UserWarning, match="1 of 6 items have a gap and were dropped"):
            dropped = agreement(gaps, measure, missing="listwise")
        assert dropped == agreement(SHROUT_FLEISS.drop(index=2), measure)


def test_measures_that_allow_gaps_do_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    agreement(WORDS, "krippendorff_nominal")
    agreement(SHROUT_FLEISS.where(SHROUT_FLEISS != 9), "krippendorff_interval")
    assert len(recwarn) == 0


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_one_rater_is_refused(measure: str) -> None:
    with pytest.raises(BadInput, match=f"{measure}: agreement needs two raters, there are 1"):
        agreement(pd.DataFrame({"x": [1, 2]}), measure)


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - COMPLETE_DESIGNS))
def test_raters_who_never_met_are_refused(measure: str) -> None:
    with pytest.raises(BadInput, match="no item has two ratings"):
        agreement(pd.DataFrame({"x": [1, None], "y": [None, 2]}), measure)


def test_other_refusals() -> None:
    numbers = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.5]})
    with pytest.raises(BadInput, match="unknown agreement measure 'kappa'; known: krippendorff_nominal"):
        agreement(numbers, "kappa")
    with pytest.raises(BadInput, match="compares two raters, there are 4; choose two columns"):
        agreement(SHROUT_FLEISS, "cohen_kappa")
    with pytest.raises(BadInput, match="missing='ignore' is not 'error' or 'listwise'"):
        agreement(numbers, "icc_2_1", missing="ignore")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="needs two complete items, there are 1"):
        agreement(numbers.head(1), "icc_2_1")
    with pytest.raises(BadInput, match="unknown label 'medium'; legal: low, mid, high"):
        agreement(WORDS.replace("mid", "medium"), "fleiss_kappa", LEVELS)
    with pytest.raises(BadInput, match="needs numbers, the ratings are words"):
        agreement(WORDS, "krippendorff_interval")
    with pytest.raises(BadInput, match="a rating is infinite"):
        agreement(pd.DataFrame({"x": [1.0, np.inf], "y": [1.0, 2.0]}), "krippendorff_interval")


def test_measures_that_follow_raters_are_listed() -> None:
    assert set(MEASURES) >= FOLLOW_RATERS > COMPLETE_DESIGNS
    assert not {"krippendorff_nominal", "krippendorff_ordinal", "krippendorff_interval", "fleiss_kappa"} & FOLLOW_RATERS


def test_large_numbers_keep_their_digits() -> None:
    far = SHROUT_FLEISS + 1e7
    for measure in ("icc_2_1", "icc_2_k", "krippendorff_interval"):
        assert agreement(far, measure) == pytest.approx(agreement(SHROUT_FLEISS, measure), abs=1e-6)
