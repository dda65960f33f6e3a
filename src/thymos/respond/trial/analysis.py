"""The analysis that was registered before: who was analyzed, how much was missing, and what the arms did.

Primary: ANCOVA of the last time on the baseline and the strata, each arm against the control, by intention to treat
with multiple imputation (chained normal regressions with drawn coefficients, pooled by Rubin's rules), beside complete
cases and per protocol. Further: a mixed model over all times, a rank test, Cohen's d and partial eta squared with
intervals, and Holm's correction over the outcomes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import statsmodels.formula.api as smf
from scipy import stats

from thymos.errors import BadInput
from thymos.measure.effect_sizes import cohens_d
from thymos.measure.significance import holm
from thymos.respond.trial.plan import Outcome, TrialPlan

MIXED, ROBUST = "mixed model", "repeated measures, errors by participant"
IMPUTATIONS, RESAMPLES = 20, 500
Floats = npt.NDArray[np.float64]
KEY = ("participant", "arm", "time")


@dataclass(frozen=True)
class Effect:
    """One arm against the control.

    Args:
        outcome: which.
        arm: which.
        analysis: ``"intention to treat"``, ``"complete cases"``, ``"per protocol"``, ``MIXED`` or ``ROBUST``.
        estimate: adjusted difference at the last time, in the outcome's unit.
        low, high: 95 % interval.
        p: two-sided.
        n: participants.
        d: Cohen's d of the change, with its interval; NaN where it is not defined.
        d_low, d_high: of ``d``.
        p_holm: corrected over the outcomes, per arm and analysis.
    """

    outcome: str
    arm: str
    analysis: str
    estimate: float
    low: float
    high: float
    p: float
    n: int
    d: float = float("nan")
    d_low: float = float("nan")
    d_high: float = float("nan")
    p_holm: float = float("nan")


@dataclass(frozen=True)
class TrialResult:
    """What was found.

    Args:
        plan: of the trial.
        flow: CONSORT counts by arm: randomized, analyzed at each time, per protocol.
        missing: share of missing values, one row an outcome and time, one column an arm.
        effects: all of them.
        tests: p of the rank test and partial eta squared of the arm with its interval, by outcome.
        notes: what a reader must know.
    """

    plan: TrialPlan
    flow: pd.DataFrame
    missing: pd.DataFrame
    effects: tuple[Effect, ...]
    tests: pd.DataFrame
    notes: tuple[str, ...] = field(default_factory=tuple)

    def table(self) -> pd.DataFrame:
        """The effects, one a row."""
        return pd.DataFrame([vars(one) for one in self.effects])


def analyze_trial(
    plan: TrialPlan, data: pd.DataFrame, *, plan_hash: str = "", amended: str = "", seed: int = 0
) -> TrialResult:
    """Analyze a trial as planned.

    Args:
        plan: of the trial.
        data: one row a participant and time, with the columns participant, arm, time, one an outcome (NaN where
            missing), one a stratum, and optionally ``completed`` (true where the participant did as planned).
        plan_hash: under which the data were gathered; "" where nobody knows.
        amended: why the plan differs; needed when the hashes do.
        seed: of imputation and intervals.

    Raises:
        BadInput: data that do not belong to the plan, see ``checked_data``.
    """
    notes = []
    if plan_hash and plan_hash != plan.hash:
        if not amended.strip():
            raise BadInput("the data were gathered under another plan", where=plan.name, mend="say why with amended=")
        notes.append(f"The plan was changed after data were gathered: {amended.strip()}")
    data = checked_data(plan, data)
    if plan.participants == "simulated":
        notes.append("Participants are simulated: nothing follows for people.")
    wide = {outcome.name: wide_table(plan, data, outcome) for outcome in plan.outcomes}
    effects: list[Effect] = []
    tests = []
    for outcome in plan.outcomes:
        table = wide[outcome.name]
        imputed = [impute(plan, table, np.random.default_rng([seed, number])) for number in range(IMPUTATIONS)]
        effects += pooled_effects(plan, outcome, imputed, table)
        effects += ancova_effects(plan, outcome, table.dropna(subset=list(plan.times)), "complete cases", seed)
        if "completed" in table:
            effects += ancova_effects(
                plan, outcome, table[table["completed"]].dropna(subset=list(plan.times)), "per protocol", seed
            )
        effects += mixed_effects(plan, outcome, data)
        tests.append(rank_and_eta(plan, outcome, table, seed))
    further = pd.DataFrame(tests).set_index("outcome")
    flow, missing = flow_counts(plan, data), missing_shares(plan, data)
    return TrialResult(plan, flow, missing, corrected(effects), further, tuple(notes))


def checked_data(plan: TrialPlan, data: pd.DataFrame) -> pd.DataFrame:
    """The data in the plan's order.

    Raises:
        BadInput: a missing column, an unknown arm or time, a participant twice at one time or in two arms, a value that
            is no number or out of range, an arm without participants, an outcome that never varies.
    """
    wanted = [*KEY, *(outcome.name for outcome in plan.outcomes), *plan.strata]
    absent = [name for name in wanted if name not in data.columns]
    if absent:
        raise BadInput(f"there is no column {absent[0]!r}", where="trial data", mend=f"columns: {', '.join(wanted)}")
    if not len(data):
        raise BadInput("there are no data", where="trial data")
    found = data.copy()
    for name, known in (("arm", [arm.name for arm in plan.arms]), ("time", list(plan.times))):
        odd = found.loc[~found[name].isin(known), name]
        if len(odd):
            raise BadInput(f"row {odd.index[0]}: {name} {odd.iloc[0]!r} is not in the plan", where="trial data")
    twice = found.duplicated(["participant", "time"])
    if twice.any():
        row = found[twice].iloc[0]
        raise BadInput(f"participant {row['participant']} is there twice at {row['time']}", where="trial data")
    arms = found.groupby("participant")["arm"].nunique()
    if (arms > 1).any():
        raise BadInput(f"participant {arms[arms > 1].index[0]} is in two arms", where="trial data")
    empty = [arm.name for arm in plan.arms if not (found["arm"] == arm.name).any()]
    if empty:
        raise BadInput(f"arm {empty[0]!r} has no participants", where="trial data")
    for outcome in plan.outcomes:
        values = pd.to_numeric(found[outcome.name], errors="coerce")
        lost = values.isna() & found[outcome.name].notna()
        if lost.any():
            raise BadInput(f"row {lost.idxmax()}: {outcome.name} is no number", where="trial data")
        outside = (values < outcome.low) | (values > outcome.high)
        if outside.any():
            raise BadInput(
                f"row {outside.idxmax()}: {outcome.name} is outside {outcome.low:g} to {outcome.high:g}",
                where="trial data",
            )
        if values.nunique() < 2:
            raise BadInput(f"{outcome.name} never varies", where="trial data")
        found[outcome.name] = values
    return found


def wide_table(plan: TrialPlan, data: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """One row a participant: a column a time, arm, strata, completed."""
    values = data.pivot(index="participant", columns="time", values=outcome.name).reindex(columns=list(plan.times))
    names = ["arm", *plan.strata, *(["completed"] if "completed" in data else [])]
    first = data.groupby("participant")[names].first()
    joined = values.join(first)
    if "completed" in joined:
        joined["completed"] = joined["completed"].fillna(False).astype(bool)
    return joined


def design(plan: TrialPlan, table: pd.DataFrame, *, arms: bool = True) -> Floats:
    """Intercept, arms against the control, strata."""
    columns = [np.ones(len(table))]
    if arms:
        columns += [(table["arm"] == arm.name).to_numpy(dtype=float) for arm in plan.arms[1:]]
    for name, values in plan.strata.items():
        columns += [(table[name] == value).to_numpy(dtype=float) for value in values[1:]]
    return np.column_stack(columns)


def impute(plan: TrialPlan, table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One completed table: each time by the times before it, arm and strata; coefficients and noise are drawn."""
    found = table.copy()
    for place, time in enumerate(plan.times):
        before = found[list(plan.times[:place])].to_numpy(dtype=float)
        inputs = np.column_stack([design(plan, found), before])
        seen = found[time].notna().to_numpy()
        if seen.all():
            continue
        values = found.loc[seen, time].to_numpy(dtype=float)
        solved, *_ = np.linalg.lstsq(inputs[seen], values, rcond=None)
        spare = max(1, len(values) - inputs.shape[1])
        variance = float(((values - inputs[seen] @ solved) ** 2).sum()) / rng.chisquare(spare)
        spread = np.linalg.pinv(inputs[seen].T @ inputs[seen]) * variance
        drawn = rng.multivariate_normal(solved, spread, method="svd")
        noise = rng.normal(0, np.sqrt(variance), (~seen).sum())
        found.loc[~seen, time] = inputs[~seen] @ drawn + noise
    return found


def ancova(plan: TrialPlan, table: pd.DataFrame) -> tuple[Floats, Floats, int]:
    """Adjusted differences to the control, their standard errors, and the degrees of freedom."""
    inputs = np.column_stack([design(plan, table), table[plan.times[0]].to_numpy(dtype=float)])
    values = table[plan.times[-1]].to_numpy(dtype=float)
    solved, *_ = np.linalg.lstsq(inputs, values, rcond=None)
    spare = len(values) - np.linalg.matrix_rank(inputs)
    if spare < 1:
        raise BadInput(f"{len(values)} participants are too few", where=plan.name)
    variance = float(((values - inputs @ solved) ** 2).sum()) / spare
    errors = np.sqrt(np.diag(np.linalg.pinv(inputs.T @ inputs)) * variance)
    others = len(plan.arms)
    return solved[1:others], errors[1:others], int(spare)


def ancova_effects(plan: TrialPlan, outcome: Outcome, table: pd.DataFrame, analysis: str, seed: int) -> list[Effect]:
    """ANCOVA of participants without gaps."""
    if any((table["arm"] == arm.name).sum() < 2 for arm in plan.arms):
        return []
    estimates, errors, spare = ancova(plan, table)
    return [
        effect_of(
            outcome,
            arm.name,
            analysis,
            float(value),
            float(error),
            spare,
            len(table),
            change_d(plan, table, arm.name, seed),
        )
        for arm, value, error in zip(plan.arms[1:], estimates, errors, strict=True)
    ]


def pooled_effects(
    plan: TrialPlan, outcome: Outcome, tables: Sequence[pd.DataFrame], original: pd.DataFrame
) -> list[Effect]:
    """ANCOVA of every completed table, pooled by Rubin's rules; all randomized participants."""
    fits = [ancova(plan, table) for table in tables]
    estimates = np.array([fit[0] for fit in fits])
    within = np.array([fit[1] ** 2 for fit in fits]).mean(axis=0)
    between = estimates.var(axis=0, ddof=1)
    count = len(tables)
    total = within + (1 + 1 / count) * between
    effects = []
    for place, arm in enumerate(plan.arms[1:]):
        ratio = (1 + 1 / count) * between[place] / total[place] if total[place] > 0 else 0.0
        old = (count - 1) / ratio**2 if ratio > 0 else np.inf
        observed = (fits[0][2] + 1) / (fits[0][2] + 3) * fits[0][2] * (1 - ratio)
        spare = 1 / (1 / old + 1 / observed) if np.isfinite(old) else observed
        effects.append(
            effect_of(
                outcome,
                arm.name,
                "intention to treat",
                float(estimates[:, place].mean()),
                float(np.sqrt(total[place])),
                spare,
                len(original),
            )
        )
    return effects


def effect_of(
    outcome: Outcome, arm: str, analysis: str, value: float, error: float, spare: float, n: int,
    d: tuple[float, float, float] = (float("nan"),) * 3,
) -> Effect:  # fmt: skip
    """An effect with interval and p by the t distribution."""
    reach = float(stats.t.ppf(0.975, spare)) * error
    p = float(2 * stats.t.sf(abs(value) / error, spare)) if error > 0 else float("nan")
    return Effect(outcome.name, arm, analysis, value, value - reach, value + reach, p, n, *d)


def change_d(plan: TrialPlan, table: pd.DataFrame, arm: str, seed: int) -> tuple[float, float, float]:
    """Cohen's d of the change against the control, with a bootstrap interval over participants."""
    change = (table[plan.times[-1]] - table[plan.times[0]]).to_numpy(dtype=float)
    own, other = change[table["arm"] == arm], change[table["arm"] == plan.control]
    rng = np.random.default_rng(seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = [cohens_d(rng.choice(own, len(own)), rng.choice(other, len(other))) for _ in range(RESAMPLES)]
        value = cohens_d(own, other)
    good = np.asarray(drawn)[np.isfinite(drawn)]
    if not len(good):
        return (float("nan"),) * 3
    low, high = np.quantile(good, (0.025, 0.975))
    return float(value), float(low), float(high)


def mixed_effects(plan: TrialPlan, outcome: Outcome, data: pd.DataFrame) -> list[Effect]:
    """Random intercept a participant, arm by time; the difference in change at the last time.

    Where the variance between participants comes out as 0, a regression with errors by participant stands in.
    """
    table = data[["participant", "arm", "time", *plan.strata]].assign(value=data[outcome.name]).dropna(subset=["value"])
    strata = "".join(f" + C({name})" for name in plan.strata)
    formula = f"value ~ C(arm, Treatment('{plan.control}')) * C(time, Treatment('{plan.times[0]}')){strata}"
    analysis = MIXED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of 0 is seen below
        try:
            fit = smf.mixedlm(formula, table, groups=table["participant"]).fit(reml=True, method="lbfgs")
            usable = bool(np.isfinite(fit.bse).all())
        except (np.linalg.LinAlgError, ValueError):
            usable = False
    if not usable:
        # Without a variance between participants the model is a plain regression; its errors are taken by participant.
        analysis = ROBUST
        groups = {"groups": pd.factorize(table["participant"])[0]}
        fit = smf.ols(formula, table).fit(cov_type="cluster", cov_kwds=groups)
    effects = []
    for arm in plan.arms[1:]:
        own = f"C(arm, Treatment('{plan.control}'))[T.{arm.name}]"
        name = f"{own}:C(time, Treatment('{plan.times[0]}'))[T.{plan.times[-1]}]"
        value, error = float(fit.params[name]), float(fit.bse[name])
        effects.append(effect_of(outcome, arm.name, analysis, value, error, 1e6, table["participant"].nunique()))
    return effects


def rank_and_eta(plan: TrialPlan, outcome: Outcome, table: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Kruskal-Wallis over the changes, and partial eta squared of the arm in the ANCOVA with a bootstrap interval."""
    complete = table.dropna(subset=[plan.times[0], plan.times[-1]])
    change = complete[plan.times[-1]] - complete[plan.times[0]]
    groups = [change[complete["arm"] == arm.name].to_numpy() for arm in plan.arms]
    usable = all(len(group) for group in groups) and float(change.max()) > float(change.min())
    p = float(stats.kruskal(*groups).pvalue) if usable else float("nan")
    rng = np.random.default_rng(seed)
    drawn = [eta_squared(plan, complete.iloc[rng.integers(0, len(complete), len(complete))]) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return {
        "outcome": outcome.name,
        "kruskal_p": p,
        "partial_eta_squared": eta_squared(plan, complete),
        "low": low,
        "high": high,
    }


def eta_squared(plan: TrialPlan, table: pd.DataFrame) -> float:
    """Share of what baseline and strata leave that the arm explains."""
    values, base = table[plan.times[-1]].to_numpy(dtype=float), table[plan.times[0]].to_numpy(dtype=float)
    left = []
    for arms in (True, False):
        inputs = np.column_stack([design(plan, table, arms=arms), base])
        solved, *_ = np.linalg.lstsq(inputs, values, rcond=None)
        left.append(float(((values - inputs @ solved) ** 2).sum()))
    return (left[1] - left[0]) / left[1] if left[1] > 0 else float("nan")


def corrected(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The effects with Holm's p over the outcomes of each arm and analysis."""
    found = list(effects)
    groups: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(found):
        groups.setdefault((one.arm, one.analysis), []).append(place)
    for places in groups.values():
        good = [place for place in places if np.isfinite(found[place].p)]
        for place, p in zip(good, holm([found[place].p for place in good]) if good else (), strict=True):
            found[place] = Effect(**(vars(found[place]) | {"p_holm": float(p)}))
    return tuple(found)


def flow_counts(plan: TrialPlan, data: pd.DataFrame) -> pd.DataFrame:
    """CONSORT counts: one row an arm."""
    primary = plan.primary.name
    rows = {}
    for arm in plan.arms:
        own = data[data["arm"] == arm.name]
        rows[arm.name] = {"randomized": own["participant"].nunique()} | {
            f"measured at {time}": int(own.loc[own["time"] == time, primary].notna().sum()) for time in plan.times
        }
        if "completed" in own:
            rows[arm.name]["per protocol"] = int(
                own.groupby("participant")["completed"].first().fillna(False).astype(bool).sum()
            )
    return pd.DataFrame(rows).T


def missing_shares(plan: TrialPlan, data: pd.DataFrame) -> pd.DataFrame:
    """Share of participants without a value."""
    sizes = {arm.name: data.loc[data["arm"] == arm.name, "participant"].nunique() for arm in plan.arms}
    rows = {}
    for outcome in plan.outcomes:
        for time in plan.times:
            at = data[data["time"] == time]
            rows[(outcome.name, time)] = {
                name: 1 - at.loc[at["arm"] == name, outcome.name].notna().sum() / size for name, size in sizes.items()
            }
    return pd.DataFrame(rows).T
