"""How consistent ratings on a scale are: intraclass correlations with intervals, Friedman's test, all in one table.

Sources: Shrout and Fleiss (1979) for ICC(2,1) and ICC(2,k); McGraw and Wong (1996), table 7, for the interval of
ICC(2,1), whose ends the Spearman-Brown formula carries to k raters; Cronbach (1951); Friedman (1937); Kendall's W.
"""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from thymos.affect.agreement import agreement
from thymos.errors import BadInput
from thymos.measure.inputs import numbers

Missing = Literal["error", "listwise"]
ROUNDING = 1e-12


@dataclass(frozen=True)
class Coefficient:
    """A coefficient with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FriedmanTest:
    """Do the items differ, beyond what each rater's own use of the scale explains?

    Args:
        chi2: Friedman's statistic with the items as treatments and the raters as blocks, corrected for ties.
        df: items minus 1.
        p: from the chi-square distribution.
        kendall_w: ``chi2 / (raters * df)``: 0 no concordance of the raters' orders, 1 the same order.
    """

    chi2: float
    df: int
    p: float
    kendall_w: float


@dataclass(frozen=True)
class RatingConsistency:
    """All reliability figures of one table of ratings.

    Args:
        items: items that every rater rated.
        raters: number of raters.
        dropped: items left out because a rating is missing.
        cronbach_alpha: consistency of the mean of these raters; ignores that one rater may be milder throughout.
        icc_2_1: reliability of a single rater of the kind that was drawn, absolute agreement.
        icc_2_k: reliability of the mean of these raters, absolute agreement.
        friedman: see FriedmanTest.
    """

    items: int
    raters: int
    dropped: int
    cronbach_alpha: float
    icc_2_1: Coefficient
    icc_2_k: Coefficient
    friedman: FriedmanTest


def rating_consistency(
    ratings: pd.DataFrame, *, missing: Missing = "error", confidence: float = 0.95
) -> RatingConsistency:
    """Every reliability figure of a table of ratings.

    Args:
        ratings: one row an item, one column a rater, numbers; NaN where a rater left an item out.
        missing: ``"error"``, or ``"listwise"`` = leave out items with a gap and say how many.
        confidence: of the intervals.

    Raises:
        BadInput: one rater, a gap, fewer than two complete items, or ratings that do not vary between items.

    Example:
        >>> table = pd.DataFrame([[1, 2], [4, 4], [7, 8]], columns=["x", "y"])
        >>> round(rating_consistency(table).icc_2_1.value, 3)
        0.973
    """
    if ratings.shape[1] < 2:
        raise BadInput(
            f"reliability needs two raters, there is {ratings.shape[1]}", mend="have a second person rate the items"
        )
    if missing not in ("error", "listwise"):
        raise BadInput(f"missing={missing!r} is not 'error' or 'listwise'")
    if not 0 < confidence < 1:
        raise BadInput(f"confidence is {confidence}", mend="use a number between 0 and 1")
    whole = ratings.notna().all(axis=1)
    dropped = int((~whole).sum())
    if dropped and missing == "error":
        gap = ratings[~whole].iloc[0]
        raise BadInput(
            f"{dropped} of {len(ratings)} items lack a rating",
            where=f"item {str(gap.name)!r}, rater {str(gap.index[gap.isna()][0])!r}",
            mend="finish the ratings, or leave these items out",
        )
    complete = ratings[whole]
    if len(complete) < 2:
        raise BadInput(f"reliability needs two complete items, there are {len(complete)}")
    values = numbers(complete.to_numpy(), "ratings", dimensions=2)
    if np.ptp(values.mean(axis=1)) == 0:
        raise BadInput(
            "all items have the same mean rating, so reliability is undefined",
            mend="reliability needs items that differ",
        )
    single = icc_2_1(complete, confidence=confidence)
    raters = values.shape[1]
    bounds = (single.value, single.low, single.high)
    average = Coefficient(*(spearman_brown(bound, raters) for bound in bounds))
    alpha = agreement(complete, "cronbach_alpha")
    return RatingConsistency(len(complete), raters, dropped, alpha, single, average, friedman(complete))


def icc_2_1(ratings: pd.DataFrame, *, confidence: float = 0.95) -> Coefficient:
    """ICC(2,1) of complete ratings with its interval; shape (items, raters)."""
    value = agreement(ratings, "icc_2_1")
    table = numbers(ratings.to_numpy(), "ratings", dimensions=2)
    n, k = table.shape
    rows, columns, rest = _mean_squares(table)
    if np.isnan(value):
        raise BadInput("nothing varies in these ratings, so the intraclass correlation is undefined")
    if np.isclose(value, 1.0):
        return Coefficient(1.0, 1.0, 1.0)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    # Satterthwaite's degrees of freedom; both squares are zero only for a value of 1, which was handled.
    freedom = (a * columns + b * rest) ** 2 / ((a * columns) ** 2 / (k - 1) + (b * rest) ** 2 / ((n - 1) * (k - 1)))
    upper = 1 - (1 - confidence) / 2
    f_low, f_high = stats.f.ppf(upper, n - 1, freedom), stats.f.ppf(upper, freedom, n - 1)
    mixed = k * columns + (k * n - k - n) * rest
    low = n * (rows - f_low * rest) / (f_low * mixed + n * rows)
    high = n * (f_high * rows - rest) / (mixed + n * f_high * rows)
    return Coefficient(value, float(low), float(high))


def _mean_squares(table: np.ndarray) -> tuple[float, float, float]:
    """Mean squares of items, of raters, and of what is left."""
    n, k = table.shape
    centered = table - table.mean()
    rows = k * (centered.mean(axis=1) ** 2).sum()
    columns = n * (centered.mean(axis=0) ** 2).sum()
    rest = max((centered**2).sum() - rows - columns, 0.0)
    return float(rows / (n - 1)), float(columns / (k - 1)), float(rest / ((n - 1) * (k - 1)))


def spearman_brown(single: float, raters: int) -> float:
    """Reliability of the mean of several raters from that of one.

    Minus infinity where single raters contradict each other so far (-1 / (raters - 1) or less) that their mean holds
    nothing: the formula has a pole there.

    Example:
        >>> round(spearman_brown(0.5, 3), 2)
        0.75
    """
    below = 1 + (raters - 1) * single
    return raters * single / below if below > ROUNDING else float("-inf")


def friedman(ratings: pd.DataFrame) -> FriedmanTest:
    """Friedman's test with items as treatments and raters as blocks; complete ratings, at least three items."""
    table = numbers(ratings.to_numpy(), "ratings", dimensions=2)
    n, k = table.shape
    if n < 3:
        raise BadInput(f"Friedman's test needs three items, there are {n}")
    if (np.ptp(table, axis=0) == 0).all():
        raise BadInput("every rater gave all items the same number, so Friedman's test is undefined")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = stats.friedmanchisquare(*table) if k > 1 else None
    if found is None:
        raise BadInput("Friedman's test needs two raters, there is 1")
    chi2, df = float(found.statistic), n - 1
    return FriedmanTest(chi2, df, float(found.pvalue), chi2 / (k * df))
