"""Is there an optimum in the middle? A quadratic curve over ordered levels, with several prompts at each level.

The unit is the prompt: a level is a property of a prompt, so that a hundred questions under one prompt are not a
hundred pieces of evidence about its level. Three answers from the same table of scores (prompts by items):

- ``fit_quadratic``: a linear mixed model of single scores with a random intercept for each prompt;
- ``level_permutation``: levels shuffled over prompts, no assumption on the distribution;
- ``crossed_contrast``: prompts and items both count as drawn, for statements beyond these items.

Sources: Laird and Ware (1982) for the mixed model; Cameron, Gelbach and Miller (2011) for the variance over two crossed
ways of clustering.
"""

import warnings
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, group_codes, numbers
from thymos.measure.significance import Significance

CHUNK = 2_000
ROUNDING = 1e-12


@dataclass(frozen=True)
class QuadraticFit:
    """score = intercept + linear * x + quadratic * x^2 + prompt + rest, with x = level - center.

    Args:
        linear: change of the score a level, at the center.
        linear_low: lower end of its interval.
        linear_high: upper end.
        quadratic: negative for an inverted U.
        low: lower end of the interval of ``quadratic``.
        high: upper end.
        standard_error: of ``quadratic``.
        p: two-sided, t with (prompts - 3) degrees of freedom.
        peak: the level at which the curve is highest, also when outside the levels; None for a curve that is open
            upward.
        prompt_variance: variance of the random intercepts; 0 when the prompts differ no more than chance.
        prompts: number of prompts.
        observations: number of scores.
        center: see above.
        method: ``"mixed model"``, or ``"least squares on prompt means"`` where the mixed model did not converge; with
            every item under every prompt both have the same coefficients.
    """

    linear: float
    linear_low: float
    linear_high: float
    quadratic: float
    low: float
    high: float
    standard_error: float
    p: float
    peak: float | None
    prompt_variance: float
    prompts: int
    observations: int
    center: float
    method: Literal["mixed model", "least squares on prompt means"]


def fit_quadratic(scores: npt.ArrayLike, levels: npt.ArrayLike, *, confidence: float = 0.95) -> QuadraticFit:
    """Fit the curve to a complete table of scores.

    Each item's mean is taken off first, so that hard and easy items are no noise; items count as fixed.

    Args:
        scores: shape (prompts, items), finite.
        levels: shape (prompts,), the prompts' levels; at least three different ones.
        confidence: of the intervals.

    Raises:
        BadInput: too few levels or prompts, unequal lengths, or scores that are the same everywhere.

    Example:
        >>> levels = [1, 1, 2, 2, 3, 3]
        >>> table = [[0.0, 0.1], [0.1, 0.0], [1.0, 0.9], [0.9, 1.0], [0.1, 0.0], [0.0, 0.1]]
        >>> round(fit_quadratic(table, levels).quadratic, 2)
        -0.9
    """
    table, places = _checked(scores, levels)
    prompts, items = table.shape
    center = float((places.max() + places.min()) / 2)
    design = _design(places, center)
    centered = table - table.mean(axis=0)
    if np.ptp(centered) < ROUNDING:
        raise BadInput("every prompt has the same scores, so there is no curve to fit")
    fitted = _mixed_model(centered, design) or _least_squares(centered, design)
    coefficients, errors, variance, method = fitted
    reach = float(stats.t.ppf(1 - (1 - confidence) / 2, prompts - 3))
    linear, quadratic = float(coefficients[1]), float(coefficients[2])
    p = float(2 * stats.t.sf(abs(quadratic) / errors[2], prompts - 3)) if errors[2] > 0 else 0.0
    return QuadraticFit(
        linear=linear,
        linear_low=linear - reach * float(errors[1]),
        linear_high=linear + reach * float(errors[1]),
        quadratic=quadratic,
        low=quadratic - reach * float(errors[2]),
        high=quadratic + reach * float(errors[2]),
        standard_error=float(errors[2]),
        p=p,
        peak=center - linear / (2 * quadratic) if quadratic < 0 else None,
        prompt_variance=variance,
        prompts=prompts,
        observations=prompts * items,
        center=center,
        method=method,
    )


Fitted = tuple[Floats, Floats, float, Literal["mixed model", "least squares on prompt means"]]


def _mixed_model(centered: Floats, design: Floats) -> Fitted | None:
    """Restricted maximum likelihood; None where the optimizer fails or has no standard errors."""
    import statsmodels.api as sm

    prompts, items = centered.shape
    groups = np.repeat(np.arange(prompts), items)
    with warnings.catch_warnings():
        # A random-intercept variance of zero is at the edge of what is possible: a fair answer, not a failure.
        warnings.simplefilter("ignore")
        try:
            found = sm.MixedLM(centered.ravel(), np.repeat(design, items, axis=0), groups=groups).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError):
            return None
    coefficients, errors = np.asarray(found.fe_params, dtype=float), np.asarray(found.bse_fe, dtype=float)
    if not found.converged or not np.isfinite(errors).all() or not (errors > 0).all():
        return None
    return coefficients, errors, float(np.asarray(found.cov_re)[0, 0]), "mixed model"


def _least_squares(centered: Floats, design: Floats) -> Fitted:
    means = centered.mean(axis=1)
    weights = np.linalg.pinv(design)
    coefficients = weights @ means
    rest = means - design @ coefficients
    variance = float(rest @ rest) / (len(means) - design.shape[1])
    errors = np.sqrt(variance * np.diag(weights @ weights.T))
    return coefficients, errors, variance, "least squares on prompt means"


def quadratic_weights(levels: npt.ArrayLike) -> Floats:
    """Weights of the prompts' means that give the least-squares quadratic coefficient, shape (prompts,)."""
    places = numbers(levels, "levels", dimensions=1)
    return np.asarray(np.linalg.pinv(_design(places, float((places.max() + places.min()) / 2)))[2])


def difference_weights(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Weights that give the mean of one group of prompts minus the mean of another; True marks the members."""
    one, other = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if not one.any() or not other.any() or (one & other).any():
        raise BadInput("a difference needs two groups of prompts that are not empty and do not overlap")
    return one / one.sum() - other / other.sum()


def level_permutation(
    means: npt.ArrayLike,
    levels: npt.ArrayLike,
    *,
    statistic: Literal["quadratic", "between"] = "quadratic",
    resamples: int = 10_000,
    seed: int = 0,
) -> Significance:
    """Levels shuffled over prompts: could the curve, or any difference between levels, be the luck of the draw?

    Args:
        means: each prompt's mean score, shape (prompts,).
        levels: shape (prompts,).
        statistic: ``"quadratic"``: the least-squares quadratic coefficient, two-sided; ``"between"``: share of the
            variance of the prompts' means that lies between levels (eta squared), whatever the shape.
        resamples: number of shuffles.
        seed: of the shuffles.
    """
    table, places = _checked(np.asarray(means, dtype=float)[:, None], levels)
    values = table[:, 0] - table[:, 0].mean()
    if resamples < 1:
        raise BadInput(f"{resamples} resamples", where="resamples", mend="use at least 1, better 10,000")
    if statistic not in ("quadratic", "between"):
        raise BadInput(f"unknown statistic {statistic!r}", mend="use 'quadratic' or 'between'")
    total = float(values @ values)
    if total < ROUNDING:
        return Significance(0.0, 1.0, len(values), False)
    codes, distinct = group_codes(places.tolist(), "levels")
    averages = np.eye(len(distinct))[codes] / np.sqrt(np.bincount(codes))  # shape (prompts, levels)
    weights = quadratic_weights(places)

    def measure(shuffled: Floats) -> Floats:
        if statistic == "quadratic":
            return np.asarray(shuffled @ weights)
        return np.asarray(((shuffled @ averages) ** 2).sum(axis=1) / total)

    observed = float(measure(values[None, :])[0])
    rng = np.random.default_rng(seed)
    extreme = 0
    for start in range(0, resamples, CHUNK):
        rows = min(CHUNK, resamples - start)
        drawn = measure(rng.permuted(np.tile(values, (rows, 1)), axis=1))
        extreme += int((np.abs(drawn) >= abs(observed) - ROUNDING).sum())
    return Significance(observed, (extreme + 1) / (resamples + 1), len(values), False)


class Contrast(NamedTuple):
    """A weighted sum of prompts' mean scores, with a t interval over prompts and items."""

    value: float
    low: float
    high: float
    standard_error: float
    prompts: int
    items: int


def crossed_contrast(
    scores: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    prompt_strata: npt.ArrayLike,
    item_strata: npt.ArrayLike | None = None,
    items_drawn: bool = True,
    confidence: float = 0.95,
) -> Contrast:
    """A weighted sum of the prompts' mean scores, with an interval for other prompts and other items of these kinds.

    The variance is that over prompts, plus that over items, minus that of single scores, which both contain. (A
    bootstrap of rows and columns would count the noise of single right-or-wrong scores three times.)

    Args:
        scores: shape (prompts, items), finite.
        weights: shape (prompts,), see ``quadratic_weights`` and ``difference_weights``.
        prompt_strata: shape (prompts,), e.g. levels: prompts vary around the mean of their stratum. A stratum of one
            prompt is taken as it is, so that the interval then speaks of that very prompt.
        item_strata: shape (items,), e.g. tasks; None takes all items as one.
        items_drawn: False for a statement about these very items, with an interval over prompts only.
        confidence: of the interval.

    Raises:
        BadInput: fewer than two items, or unequal lengths.
    """
    table = numbers(scores, "scores", dimensions=2)
    factor = numbers(weights, "weights", dimensions=1)
    prompts, items = table.shape
    rows = _strata(prompt_strata, prompts, "prompt_strata")
    columns = _strata(np.zeros(items) if item_strata is None else item_strata, items, "item_strata")
    if len(factor) != prompts:
        raise BadInput(f"there are {prompts} prompts and {len(factor)} weights")
    if not 0 < confidence < 1:
        raise BadInput(f"confidence is {confidence}", mend="use a number between 0 and 1")
    if items_drawn and items - len(columns) < 1:
        raise BadInput("an interval over items needs a task with two items", where="scores")
    over_prompts, of_scores = 0.0, 0.0
    for members in rows:
        n = len(members)
        if n < 2:
            continue
        part = table[members]
        means = part.mean(axis=1)
        over_prompts += float((factor[members] ** 2 * (means - means.mean()) ** 2).sum()) * n / (n - 1)
        if items_drawn:
            rest = part - means[:, None] - part.mean(axis=0) + part.mean()
            noise = float((rest**2).sum()) / ((n - 1) * (items - 1))
            of_scores += float((factor[members] ** 2).sum()) * noise / items
    by_item = factor @ table
    over_items = 0.0
    if items_drawn:
        for members in columns:
            if len(members) > 1:
                over_items += len(members) * float(by_item[members].var(ddof=1)) / items**2
    # Estimates of a difference can fall below either part, which the true variance cannot.
    variance = max(over_prompts + over_items - of_scores, over_prompts, over_items)
    error = float(np.sqrt(variance)) if variance > ROUNDING**2 else 0.0
    repeats = [items - len(columns)] if items_drawn else []
    if prompts > len(rows):
        repeats.append(prompts - len(rows))
    reach = float(stats.t.ppf(1 - (1 - confidence) / 2, min(repeats))) * error if error else 0.0
    # Sums of weights leave rounding errors: a difference of -1e-16 is none.
    value = float(np.round(by_item.mean(), 12))
    return Contrast(value, value - reach, value + reach, error, prompts, items)


def _strata(names: npt.ArrayLike, n: int, what: str) -> list[npt.NDArray[np.intp]]:
    codes, distinct = group_codes(np.asarray(names).tolist(), what)
    if len(codes) != n:
        raise BadInput(f"{what} has {len(codes)} entries, {n} are needed")
    return [np.flatnonzero(codes == code) for code in range(len(distinct))]


def _design(places: Floats, center: float) -> Floats:
    x = places - center
    return np.column_stack([np.ones_like(x), x, x**2])


def _checked(scores: npt.ArrayLike, levels: npt.ArrayLike) -> tuple[Floats, Floats]:
    table, places = numbers(scores, "scores", dimensions=2), numbers(levels, "levels", dimensions=1)
    if len(table) != len(places):
        raise BadInput(f"there are {len(table)} prompts and {len(places)} levels", mend="pass one level a prompt")
    if len(np.unique(places)) < 3 or len(places) < 4:
        raise BadInput("a curve needs three different levels and four prompts", where="levels")
    return table, places
