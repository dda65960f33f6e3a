"""How far raters agree, beyond what chance gives: Krippendorff, Cohen, Fleiss, intraclass correlation, Cronbach.

Every function returns a float. It is NaN where the coefficient is 0/0, which happens when nothing varies: raters who
only ever used one class have shown neither agreement nor disagreement. Fewer than two raters, and raters who never
met on an item, are BadInput.

Sources: Krippendorff, Content Analysis (2004), ch. 11; Cohen (1960, 1968); Fleiss (1971); Shrout and Fleiss (1979)
for ICC(2,1) and ICC(2,k); Cronbach (1951).
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.chance_corrected import Floats, Level, Weights, cohen_kappa_from_codes
from thymos.affect.chance_corrected import fleiss_kappa_from_counts as fleiss_kappa_from_counts
from thymos.affect.chance_corrected import krippendorff_from_counts as krippendorff_from_counts
from thymos.affect.chance_corrected import krippendorff_from_ratings as krippendorff_from_ratings
from thymos.errors import BadInput

Categories = Sequence[object] | None


# -- from a table of items and raters -----------------------------------------------------------------------------


def agreement(
    ratings: pd.DataFrame,
    measure: str,
    categories: Categories = None,
    *,
    missing: Literal["error", "listwise"] = "error",
) -> float:
    """Agreement in a table of ratings.

    Args:
        ratings: one row an item, one column a rater; labels or numbers; a missing rating is NaN or None.
        measure: a name of ``MEASURES``.
        categories: the legal classes in their order. Needed where the order counts and the ratings are words
            ("krippendorff_ordinal", weighted kappa); otherwise it only catches unknown labels.
        missing: what the complete designs (ICC, Cronbach) do with an item that a rater left out: "error", or
            "listwise" = drop the item and warn how many were dropped.

    Returns:
        The coefficient; NaN where it is undefined because nothing varies.

    Raises:
        BadInput: fewer than two raters, no item rated twice, an unknown label, words where numbers are needed.

    Example:
        >>> votes = pd.DataFrame({"x": ["good", "bad", "good"], "y": ["good", "bad", "bad"]})
        >>> round(agreement(votes, "cohen_kappa"), 3)
        0.4
    """
    if measure not in MEASURES:
        raise BadInput(f"unknown agreement measure {measure!r}", mend=f"known: {', '.join(MEASURES)}")
    if ratings.shape[1] < 2:
        raise BadInput(f"agreement needs two raters, there are {ratings.shape[1]}", where=measure)
    if missing not in ("error", "listwise"):
        raise BadInput(f"missing={missing!r} is not 'error' or 'listwise'", where=measure)
    if measure in COMPLETE_DESIGNS:
        ratings = _complete(ratings, measure, missing)
    return MEASURES[measure](ratings, categories)


def _krippendorff(level: Level) -> Callable[[pd.DataFrame, Categories], float]:
    def measure(ratings: pd.DataFrame, categories: Categories) -> float:
        if level == "interval":
            numbers = _numbers(ratings)
            items, columns = np.nonzero(~np.isnan(numbers))
            return krippendorff_from_ratings(items, numbers[items, columns], "interval")
        codes, _ = _codes(ratings, categories, ordered=level == "ordinal")
        items, columns = np.nonzero(codes >= 0)
        return krippendorff_from_ratings(items, codes[items, columns], level)

    return measure


def _fleiss(ratings: pd.DataFrame, categories: Categories) -> float:
    codes, classes = _codes(ratings, categories)
    return fleiss_kappa_from_counts(_counts_from_codes(codes, len(classes)))


def _cohen(weights: Weights) -> Callable[[pd.DataFrame, Categories], float]:
    def measure(ratings: pd.DataFrame, categories: Categories) -> float:
        if ratings.shape[1] != 2:
            raise BadInput(
                f"Cohen's kappa compares two raters, there are {ratings.shape[1]}",
                mend="choose two columns, or use 'mean_pairwise_cohen_kappa'",
            )
        codes, classes = _codes(ratings, categories, ordered=weights != "none")
        both = (codes >= 0).all(axis=1)
        if not both.any():
            raise BadInput("no item has two ratings, so there is nothing to compare", where="agreement")
        return cohen_kappa_from_codes(codes[both, 0], codes[both, 1], len(classes), weights)

    return measure


def _mean_pairwise_cohen(ratings: pd.DataFrame, categories: Categories) -> float:
    """Mean of Cohen's kappa over the pairs of raters that share an item; pairs where it is undefined are left out."""
    codes, classes = _codes(ratings, categories)
    present = (codes >= 0).astype(np.int32)
    shared = present.T @ present
    pairs = np.argwhere(np.triu(shared, k=1) > 0)
    if len(pairs) == 0:
        raise BadInput("no item has two ratings, so there is nothing to compare", where="agreement")
    kappas = []
    for one, other in pairs:
        both = (codes[:, one] >= 0) & (codes[:, other] >= 0)
        kappas.append(cohen_kappa_from_codes(codes[both, one], codes[both, other], len(classes)))
    defined = [kappa for kappa in kappas if not np.isnan(kappa)]
    return float(np.mean(defined)) if defined else float("nan")


def _icc(form: Literal["single", "average"]) -> Callable[[pd.DataFrame, Categories], float]:
    def measure(ratings: pd.DataFrame, _: Categories) -> float:
        numbers = _numbers(ratings)
        items, raters = numbers.shape
        centered = numbers - numbers.mean()
        between_items = raters * (centered.mean(axis=1) ** 2).sum()
        between_raters = items * (centered.mean(axis=0) ** 2).sum()
        rest = max((centered**2).sum() - between_items - between_raters, 0.0)
        item_square = between_items / (items - 1)
        rater_square = between_raters / (raters - 1)
        rest_square = rest / ((items - 1) * (raters - 1))
        rater_bias = (rater_square - rest_square) / items
        below = item_square + rater_bias
        if form == "single":
            below = item_square + (raters - 1) * rest_square + raters * rater_bias
        return float("nan") if below == 0 else float((item_square - rest_square) / below)

    return measure


def _cronbach(ratings: pd.DataFrame, _: Categories) -> float:
    """Cronbach's alpha with the raters as the test's questions: k/(k-1) (1 - sum of variances / variance of sums)."""
    numbers = _numbers(ratings)
    raters = numbers.shape[1]
    total = numbers.sum(axis=1).var(ddof=1)
    if total == 0:
        return float("nan")
    return float(raters / (raters - 1) * (1 - numbers.var(axis=0, ddof=1).sum() / total))


# -- tables to numbers --------------------------------------------------------------------------------------------


def _numbers(ratings: pd.DataFrame) -> Floats:
    try:
        numbers = ratings.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise BadInput("this measure needs numbers, the ratings are words", where="agreement") from None
    if np.isinf(numbers).any():
        raise BadInput("a rating is infinite", where="agreement")
    return numbers


def _codes(
    ratings: pd.DataFrame, categories: Categories, *, ordered: bool = False
) -> tuple[npt.NDArray[np.int64], list[object]]:
    """Class codes, shape (items, raters), -1 = missing, and the classes in order."""
    cells = ratings.to_numpy().ravel()
    codes, found = pd.factorize(cells, use_na_sentinel=True)
    names = list(found)
    if categories is None:
        words = any(isinstance(name, str) for name in names)
        if ordered and words:
            raise BadInput("the order of the classes counts here", where="agreement", mend="pass categories= in order")
        classes = names if words else sorted(names)
    else:
        classes = list(categories)
        unknown = [name for name in names if name not in classes]
        if unknown:
            raise BadInput(
                f"unknown label {unknown[0]!r}", where="agreement", mend=f"legal: {', '.join(map(str, classes))}"
            )
    place = {name: code for code, name in enumerate(classes)}
    order = np.array([place[name] for name in names] + [-1], dtype=np.int64)
    return order[codes].reshape(ratings.shape), classes


def _counts_from_codes(codes: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    items, columns = np.nonzero(codes >= 0)
    flat = np.bincount(items * classes + codes[items, columns], minlength=len(codes) * classes)
    return flat.reshape(len(codes), classes)


def _complete(ratings: pd.DataFrame, measure: str, missing: str) -> pd.DataFrame:
    whole = ratings.notna().all(axis=1).to_numpy()
    dropped = int((~whole).sum())
    if dropped and missing == "error":
        raise BadInput(
            f"{measure} needs every rater on every item; {dropped} of {len(ratings)} items have a gap",
            where=f"item {ratings.index[int(np.flatnonzero(~whole)[0])]!r}",
            mend="pass missing='listwise' to drop them, or use krippendorff_interval, which allows gaps",
        )
    if dropped:
        warnings.warn(f"{measure}: {dropped} of {len(ratings)} items have a gap and were dropped", stacklevel=3)
    if whole.sum() < 2:
        raise BadInput(f"{measure} needs two complete items, there are {int(whole.sum())}", where="agreement")
    return ratings[whole]


MEASURES: Mapping[str, Callable[[pd.DataFrame, Categories], float]] = MappingProxyType(
    {
        "krippendorff_nominal": _krippendorff("nominal"),
        "krippendorff_ordinal": _krippendorff("ordinal"),
        "krippendorff_interval": _krippendorff("interval"),
        "cohen_kappa": _cohen("none"),
        "cohen_kappa_linear": _cohen("linear"),
        "cohen_kappa_quadratic": _cohen("quadratic"),
        "mean_pairwise_cohen_kappa": _mean_pairwise_cohen,
        "fleiss_kappa": _fleiss,
        "icc_2_1": _icc("single"),
        "icc_2_k": _icc("average"),
        "cronbach_alpha": _cronbach,
    }
)
"""Measure name to function of (ratings, categories)."""

COMPLETE_DESIGNS = frozenset({"icc_2_1", "icc_2_k", "cronbach_alpha"})
"""Measures that need every rater on every item."""

FOLLOW_RATERS = frozenset(
    {"cohen_kappa", "cohen_kappa_linear", "cohen_kappa_quadratic", "mean_pairwise_cohen_kappa"} | COMPLETE_DESIGNS
)
"""Measures that follow a rater across items, so that anonymous rater slots cannot be used."""
