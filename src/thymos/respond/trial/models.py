"""What is fitted to one outcome: ANCOVA, a mixed model over all times, and rank tests for who trusts no scale."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from thymos.errors import BadInput
from thymos.respond.trial.data import Floats, OutcomeTable

MIXED, ROBUST = "mixed model", "repeated measures, errors by participant"
EXACT = 1e-22  # share of the sum of squares that rounding leaves where a model fits without error
OPTIMIZERS = ("lbfgs", "bfgs", "powell")


class ArmFit(NamedTuple):
    """Differences of the arms to the control.

    Args:
        estimates: (arms - 1,).
        covariance: (arms - 1, arms - 1).
        df: degrees of freedom; infinite where the normal distribution is used.
        spread: standard deviation of what is left.
        n: participants.
    """

    estimates: Floats
    covariance: Floats
    df: float
    spread: float
    n: int

    def contrast(self, arm: int, against: int) -> tuple[float, float]:
        """Difference of two arms, by their places in the plan, and its standard error."""
        signs = np.zeros(len(self.estimates) + 1)
        signs[arm] += 1.0
        signs[against] -= 1.0
        signs = signs[1:]
        return float(signs @ self.estimates), float(np.sqrt(max(0.0, float(signs @ self.covariance @ signs))))


def least_squares(inputs: Floats, values: Floats) -> tuple[Floats, Floats, float, int]:
    """Coefficients, the inverse of the cross products, what is left (sum of squares), and degrees of freedom."""
    left, sizes, right = np.linalg.svd(inputs, full_matrices=False)
    good = sizes > sizes.max(initial=0.0) * 1e-10
    back = right[good].T / sizes[good]
    solved = back @ (left[:, good].T @ values)
    rest = values - inputs @ solved
    left_over = float(rest @ rest)
    if left_over <= EXACT * float(values @ values):
        left_over = 0.0  # rounding, which would be taken for a very small error
    return solved, back @ back.T, left_over, len(values) - int(good.sum())


def ancova(table: OutcomeTable) -> ArmFit:
    """The last time by arm, with baseline and strata held; everybody must have both times.

    Raises:
        BadInput: too few participants, or arms that the strata already tell.
    """
    return arm_fit(table, table.last, table.base[:, None])


def change_scores(table: OutcomeTable) -> ArmFit:
    """The change from first to last time by arm and strata: what ANCOVA is compared with."""
    return arm_fit(table, table.last - table.base, np.empty((len(table), 0)))


def last_scores(table: OutcomeTable) -> ArmFit:
    """The last time by arm and strata, without the baseline."""
    return arm_fit(table, table.last, np.empty((len(table), 0)))


def arm_fit(table: OutcomeTable, values: Floats, covariates: Floats) -> ArmFit:
    """Least squares of some values on arm, strata and covariates."""
    inputs = np.column_stack([table.design, covariates])
    others = table.arm_count
    solved, inverse, rest, df = least_squares(inputs, values)
    without = np.delete(inputs, np.arange(1, others), axis=1)
    if df < 1:
        raise BadInput(f"{len(values)} participants are too few", where="trial data")
    if np.linalg.matrix_rank(inputs) - np.linalg.matrix_rank(without) < others - 1:
        raise BadInput("the arms cannot be told apart from strata and baseline", where="trial data")
    variance = rest / df
    covariance = inverse[1:others, 1:others] * variance
    return ArmFit(solved[1:others], covariance, float(df), float(np.sqrt(variance)), len(values))


def arm_f(table: OutcomeTable) -> tuple[float, int, int]:
    """F of the arm in the ANCOVA, with its degrees of freedom."""
    inputs, base = table.design, table.base[:, None]
    *_, full, df = least_squares(np.column_stack([inputs, base]), table.last)
    without = np.delete(inputs, np.arange(1, table.arm_count), axis=1)
    *_, reduced, df_without = least_squares(np.column_stack([without, base]), table.last)
    between = df_without - df
    if df < 1 or between < 1 or full <= 0:
        return float("nan"), between, df
    return (reduced - full) / between / (full / df), between, df


class MixedFit(NamedTuple):
    """A model over all times.

    Args:
        changes: differences between arms in the change from the first to the last time.
        analysis: ``MIXED``, or ``ROBUST`` where no mixed model could be fitted.
        wald_p: of arm by time, over all arms and times.
    """

    changes: ArmFit
    analysis: str
    wald_p: float


def mixed_model(table: OutcomeTable) -> MixedFit:
    """Arm by time with strata; a random level a participant and, from three times on, a random slope.

    A random level alone would take any two times as equally alike and give intervals that are too short where likeness
    fades. Where a variance comes out as 0, a simpler model is tried, at last a regression with errors by participant.
    """
    import statsmodels.api as sm

    people, times = table.values.shape
    person, time = np.repeat(np.arange(people), times), np.tile(np.arange(times), people)
    values, seen = table.values.ravel(), np.isfinite(table.values.ravel())
    arms = table.arms[person]
    by_time = [(time == one) for one in range(1, times)]
    by_arm = [(arms == one) for one in range(1, table.arm_count)]
    products = [own & at for own in by_arm for at in by_time]
    columns = [np.ones(len(time)), *by_arm, *by_time, *products]
    inputs = np.column_stack([*(np.asarray(one, dtype=float) for one in columns), table.strata[person]])[seen]
    # What nobody has (an arm without a middle time, an empty stratum) has no column; the rest keep their names.
    there = (inputs != 0).any(axis=0)
    place = np.cumsum(there) - 1
    inputs = inputs[:, there]
    values, person, time = values[seen], person[seen], time[seen]
    named = np.arange(len(products)).reshape(len(by_arm), len(by_time)) + len(by_arm) + len(by_time) + 1
    crossed, wanted = place[named[there[named]]], place[named[:, -1]]
    level = np.ones((len(values), 1))
    slope = np.column_stack([level, time / (times - 1)])
    fitted = None
    for effects in (slope, level) if times > 2 else (level,):
        fitted = fitted_mixed(sm.MixedLM(values, inputs, groups=person, exog_re=effects))
        if fitted is not None:
            break
    analysis = MIXED
    if fitted is None:
        analysis = ROBUST
        fitted = sm.OLS(values, inputs).fit(cov_type="cluster", cov_kwds={"groups": person})
    params = np.asarray(fitted.params)[: inputs.shape[1]]
    covariance = np.asarray(fitted.cov_params())[: inputs.shape[1], : inputs.shape[1]]
    changes = ArmFit(
        params[wanted], covariance[np.ix_(wanted, wanted)], float("inf"), float(np.sqrt(fitted.scale)),
        len(np.unique(person)),
    )  # fmt: skip
    own = covariance[np.ix_(crossed, crossed)]
    wald = float(params[crossed] @ np.linalg.pinv(own) @ params[crossed])
    return MixedFit(changes, analysis, float(stats.chi2.sf(wald, len(crossed))))


def fitted_mixed(model: Any) -> Any:
    """The fit by the first optimizer that ends well; None where none does."""
    for method in OPTIMIZERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say is checked below
            try:
                found = model.fit(reml=True, method=method)
            except (np.linalg.LinAlgError, ValueError):
                continue
            errors = np.asarray(found.bse_fe)
        if found.converged and np.isfinite(errors).all() and (errors > 0).all():
            return found
    return None


class RankTest(NamedTuple):
    """Mann-Whitney of two arms' changes; ``rank_biserial`` is -1..1, above 0 where the first arm's are larger."""

    p: float
    rank_biserial: float
    n: int


def rank_test(own: Floats, other: Floats) -> RankTest:
    """Changes of one arm against another's; NaN where everybody changed alike."""
    both = np.concatenate([own, other])
    if not len(own) or not len(other) or both.max() == both.min():
        return RankTest(float("nan"), float("nan"), len(both))
    found = stats.mannwhitneyu(own, other, alternative="two-sided")
    return RankTest(float(found.pvalue), float(2 * found.statistic / (len(own) * len(other)) - 1), len(both))


def kruskal_p(table: OutcomeTable) -> float:
    """Kruskal-Wallis over the changes of all arms; NaN where everybody changed alike."""
    change = table.last - table.base
    groups = [change[table.arms == place] for place in range(table.arm_count)]
    if not all(len(group) for group in groups) or change.max() == change.min():
        return float("nan")
    return float(stats.kruskal(*groups).pvalue)
