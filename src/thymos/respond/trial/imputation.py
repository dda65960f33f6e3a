"""Multiple imputation: completed tables by chained normal regressions, and Rubin's rules to put them together.

A value is drawn from a regression on the other times, arm and strata whose coefficients and variance are drawn too, so
that what nobody knows about the regression is in the spread of the results. statsmodels' ``MICEData`` draws by
predictive mean matching instead; the study ``guided_support`` measures both.

Sources: Rubin (1987); Barnard & Rubin (1999) for the degrees of freedom; van Buuren (2018), section 3.2.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from thymos.errors import BadInput
from thymos.respond.trial.data import Floats, OutcomeTable

CYCLES = 10
ROUNDING = 1e-12  # share of the variance that equal estimates differ by when they are computed


class Pooled(NamedTuple):
    """An estimate over several imputations.

    Args:
        value: mean of the estimates.
        error: its standard error: within and between imputations.
        df: degrees of freedom.
        missing_information: share of the variance that is due to what is missing.
    """

    value: float
    error: float
    df: float
    missing_information: float


def imputations(table: OutcomeTable, count: int, rng: np.random.Generator) -> Iterator[OutcomeTable]:
    """Completed tables; a table without gaps comes back as it is, ``count`` times.

    A middle time that fewer people have than its regression has coefficients tells nothing and is left out: its gaps
    stay.

    Raises:
        BadInput: as few people have the first or the last time.
    """
    seen = np.isfinite(table.values).sum(axis=0)
    used = seen > table.design.shape[1] + len(seen)
    used[[0, -1]] = True
    for values in filled_values(table.design, table.values[:, used], count, rng):
        found = table.values.copy()
        found[:, used] = values
        yield table.filled(found)


def filled_values(design: Floats, values: Floats, count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Completed arrays of values, (participants, times)."""
    gaps = ~np.isfinite(values)
    # Where nobody comes back after a gap, one pass in the order of the times draws from the right distribution.
    monotone = bool((gaps[:, 1:] >= gaps[:, :-1]).all())
    for _ in range(count):
        yield complete(design, values, gaps, monotone, rng)


def complete(design: Floats, values: Floats, gaps: np.ndarray, monotone: bool, rng: np.random.Generator) -> Floats:
    """One completed array of values."""
    found = values.copy()
    times = range(found.shape[1])
    for time in times:
        if gaps[:, time].any():
            found[gaps[:, time], time] = draw(design, found[:, :time], found[:, time], gaps[:, time], rng)
    for _ in range(0 if monotone else CYCLES):
        for time in times:
            if gaps[:, time].any():
                others = np.delete(found, time, axis=1)
                found[gaps[:, time], time] = draw(design, others, found[:, time], gaps[:, time], rng)
    return found


def draw(design: Floats, others: Floats, values: Floats, gap: np.ndarray, rng: np.random.Generator) -> Floats:
    """Values for the gaps of one column, by Bayesian regression with a flat prior."""
    inputs = np.column_stack([design, others])
    seen, known = inputs[~gap], values[~gap]
    left, sizes, right = np.linalg.svd(seen, full_matrices=False)
    good = sizes > sizes.max(initial=0.0) * 1e-10  # a stratum that nobody is in adds nothing
    turned = left[:, good].T @ known / sizes[good]
    if len(known) <= good.sum():
        raise BadInput(f"{len(known)} values are too few to impute the others of that time", where="trial data")
    rest = known - seen @ (right[good].T @ turned)
    variance = float(rest @ rest) / rng.chisquare(len(known) - int(good.sum()))
    drawn = turned + np.sqrt(variance) * rng.standard_normal(int(good.sum())) / sizes[good]
    guess: Floats = inputs[gap] @ (right[good].T @ drawn)
    return guess + np.sqrt(variance) * rng.standard_normal(int(gap.sum()))


def pooled(values: Sequence[float] | Floats, errors: Sequence[float] | Floats, df: float) -> Pooled:
    """Rubin's rules.

    Args:
        values: an estimate an imputation.
        errors: their standard errors.
        df: degrees of freedom that complete data would have.

    Example:
        >>> pooled([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], 40).error
        0.5
    """
    count = len(values)
    within = float(np.mean(np.square(errors)))
    between = float(np.var(values, ddof=1)) if count > 1 else 0.0
    added = (1 + 1 / count) * between
    total = within + added
    ratio = added / total if added > ROUNDING * total else 0.0
    observed = (df + 1) / (df + 3) * df * (1 - ratio)
    spare = 1 / (ratio**2 / (count - 1) + 1 / observed) if ratio > 0 and observed > 0 else df
    extra = added / within if within > 0 else 0.0
    missing = (extra + 2 / (spare + 3)) / (extra + 1) if ratio > 0 else 0.0
    return Pooled(float(np.mean(values)), total**0.5, spare, missing)
