"""Statistics of controlled experiments with people: two time points, several groups, repeated items."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from thymos.errors import BadInput


class InteractionTest(NamedTuple):
    """Time x group interaction of a two-time-point mixed analysis of variance."""

    f: float
    df_between: int
    df_within: int
    p: float
    partial_eta_squared: float


def time_by_group_interaction(before: npt.ArrayLike, after: npt.ArrayLike, group: npt.ArrayLike) -> InteractionTest:
    """Does the change differ between the groups?

    With two time points the interaction of the mixed analysis of variance is exactly the one-way analysis of the
    difference scores, also with unequal groups.

    Args:
        before: one value a participant.
        after: one value a participant.
        group: one label a participant; at least two groups with at least two participants each.
    """
    change = np.asarray(after, dtype=float) - np.asarray(before, dtype=float)
    labels = np.asarray(group)
    if not np.isfinite(change).all():
        raise BadInput("a rating before or after is missing")
    samples = [change[labels == label] for label in pd.unique(pd.Series(labels))]
    if len(samples) < 2 or min(len(sample) for sample in samples) < 2:
        raise BadInput("the interaction needs two groups of at least two participants")
    grand = change.mean()
    between = sum(len(sample) * (sample.mean() - grand) ** 2 for sample in samples)
    within = sum(((sample - sample.mean()) ** 2).sum() for sample in samples)
    df_between, df_within = len(samples) - 1, len(change) - len(samples)
    if within == 0:
        raise BadInput("nobody differs within any group, so F is undefined")
    f = (between / df_between) / (within / df_within)
    p = float(stats.f.sf(f, df_between, df_within))
    return InteractionTest(float(f), df_between, df_within, p, float(between / (between + within)))


class OddsRatio(NamedTuple):
    """One odds ratio with its 95 % interval: a term of the model, for one category against the reference."""

    category: str
    term: str
    value: float
    low: float
    high: float


def nominal_odds_ratios(
    outcome: pd.Series, categories: Sequence[str], design: pd.DataFrame, clusters: pd.Series
) -> list[OddsRatio]:
    """Odds ratios of a nominal generalized estimating equation with a global-odds-ratio dependence.

    Args:
        outcome: one category a row.
        categories: all categories; the last one is the reference.
        design: one column a term, without an added intercept.
        clusters: participant of each row. Rows need not be sorted: the model needs clusters in one piece, so they
            are sorted here.

    Returns:
        For each category but the reference, one odds ratio a term.
    """
    import statsmodels.api as sm
    from statsmodels.genmod.cov_struct import GlobalOddsRatio

    order = np.argsort(clusters.to_numpy(), kind="stable")
    codes = outcome.map({name: code for code, name in enumerate(categories)}).to_numpy()[order]
    if pd.isna(codes).any():
        raise BadInput("the outcome holds a category that is not named", mend=f"named: {', '.join(categories)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sm.NominalGEE(
            codes,
            design.iloc[order].reset_index(drop=True).astype(float),
            groups=clusters.to_numpy()[order],
            cov_struct=GlobalOddsRatio("nominal"),
        )
        fitted = model.fit()
    estimates = np.exp(np.asarray(fitted.params))
    intervals = np.exp(np.asarray(fitted.conf_int()))
    names = [(category, term) for category in categories[:-1] for term in design.columns]
    return [
        OddsRatio(category, str(term), float(estimates[k]), float(intervals[k, 0]), float(intervals[k, 1]))
        for k, (category, term) in enumerate(names)
    ]


class Mediation(NamedTuple):
    """Indirect effect a*b of a treatment through a mediator, with a percentile interval."""

    indirect: float
    low: float
    high: float
    direct: float
    total: float


def mediation(
    treatment: npt.ArrayLike, mediator: npt.ArrayLike, outcome: npt.ArrayLike, *, resamples: int = 1_000, seed: int = 42
) -> Mediation:
    """Simple mediation by two least-squares regressions, with participants resampled.

    Args:
        treatment: 0 or 1 a participant.
        mediator: one number a participant.
        outcome: one number a participant.
        resamples: bootstrap resamples.
        seed: of the resamples.
    """
    x, m, y = (np.asarray(values, dtype=float) for values in (treatment, mediator, outcome))
    if len(x) < 10 or np.unique(x).size < 2:
        raise BadInput("mediation needs at least ten participants in two groups")

    def paths(rows: npt.NDArray) -> tuple[float, float]:
        ones = np.ones(len(rows))
        a = np.linalg.lstsq(np.column_stack([ones, x[rows]]), m[rows], rcond=None)[0][1]
        fit = np.linalg.lstsq(np.column_stack([ones, x[rows], m[rows]]), y[rows], rcond=None)[0]
        return float(a * fit[2]), float(fit[1])

    generator = np.random.default_rng(seed)
    drawn = [paths(generator.integers(0, len(x), len(x)))[0] for _ in range(resamples)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    indirect, direct = paths(np.arange(len(x)))
    total = float(y[x == 1].mean() - y[x == 0].mean())
    return Mediation(indirect, float(low), float(high), direct, total)
