"""The analysis that was registered before: who was analyzed, how much was missing, and what the arms did.

Primary: ANCOVA of the last time on the baseline and the strata by intention to treat, with multiple imputation and
Rubin's rules; beside it complete cases and per protocol. Further: a mixed model over all times, rank tests, Cohen's d
and partial eta squared with exact intervals, and Holm's correction over the outcomes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import special

from thymos.errors import BadInput
from thymos.measure.significance import holm
from thymos.respond.trial.data import OutcomeTable, checked_data, outcome_table
from thymos.respond.trial.effect_intervals import Sized, explained_share, standardized_difference
from thymos.respond.trial.event_log import TrialEvent
from thymos.respond.trial.flow import Flow, flow_of, missing_shares
from thymos.respond.trial.imputation import imputations, pooled
from thymos.respond.trial.models import MIXED, ROBUST, ArmFit, ancova, arm_f, kruskal_p, mixed_model, rank_test
from thymos.respond.trial.plan import TrialPlan

INTENTION, COMPLETE, PROTOCOL = "intention to treat", "complete cases", "per protocol"
LEVEL = 0.95
UNDEFINED = Sized(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Effect:
    """One arm against another.

    Args:
        outcome: which.
        arm: which.
        against: compared with this one.
        analysis: ``INTENTION``, ``COMPLETE``, ``PROTOCOL``, ``MIXED`` or ``ROBUST``.
        estimate: adjusted difference at the last time, in the outcome's unit.
        low, high: 95 % interval.
        p: two-sided.
        n: participants in the analysis.
        d: Cohen's d, the difference of the means at the last time over the standard deviation within these two arms,
            with its interval; NaN where it is not defined.
        d_low, d_high: of ``d``.
        p_holm: corrected over the outcomes, per contrast and analysis.
        missing_information: share of the variance that is due to what is missing; 0 without imputation.
    """

    outcome: str
    arm: str
    against: str
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
    missing_information: float = 0.0


@dataclass(frozen=True)
class TrialResult:
    """What was found.

    Args:
        plan: of the trial.
        steps: CONSORT counts.
        missing: share of missing values, one row an outcome and time, one column an arm.
        effects: all of them.
        tests: by outcome: p of Kruskal-Wallis, partial eta squared of the arm with its interval, p of arm by time.
        ranks: Mann-Whitney of the changes, one row an outcome and contrast.
        notes: what a reader must know.
    """

    plan: TrialPlan
    steps: Flow
    missing: pd.DataFrame
    effects: tuple[Effect, ...]
    tests: pd.DataFrame
    ranks: pd.DataFrame
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def flow(self) -> pd.DataFrame:
        """CONSORT counts, one row an arm."""
        return self.steps.table()

    def table(self) -> pd.DataFrame:
        """The effects, one a row."""
        return pd.DataFrame([vars(one) for one in self.effects])


def analyze_trial(
    plan: TrialPlan,
    data: pd.DataFrame,
    *,
    plan_hash: str = "",
    amended: str = "",
    events: Iterable[TrialEvent] | None = None,
) -> TrialResult:
    """Analyze a trial as planned.

    Args:
        plan: of the trial.
        data: one row a participant and time, with the columns participant, arm, time, one an outcome (NaN where
            missing), one a stratum, and optionally ``completed`` (true where the participant did as planned) and
            ``plan`` (the hash under which the row was gathered).
        plan_hash: under which the data were gathered; "" where the column ``plan`` tells or nobody knows.
        amended: why the plan differs; needed when the hashes do.
        events: of the trial's log, for who left and who had data deleted.

    Raises:
        BadInput: data that do not belong to the plan, see ``checked_data`` and ``outcome_table``.
    """
    notes = plan_notes(plan, data, plan_hash, amended.strip())
    data = checked_data(plan, data)
    tables = {outcome.name: outcome_table(plan, data, outcome) for outcome in plan.outcomes}
    effects: list[Effect] = []
    tests: dict[str, dict[str, float]] = {}
    ranks: list[dict[str, object]] = []
    for number, (name, table) in enumerate(tables.items()):
        rng = np.random.default_rng([plan.analysis.seed, number])
        effects += intention_effects(plan, name, table, rng)
        complete = table.only(table.complete)
        if not len(complete):
            notes.append(
                f"{name}: nobody has both first and last time, so imputation cannot know how they go together."
            )
        subsets = {COMPLETE: complete}
        if complete.completed is not None:
            subsets[PROTOCOL] = complete.only(complete.completed)
        for analysis, some in subsets.items():
            found, note = subset_effects(plan, name, some, analysis)
            effects += found
            notes += note
        mixed = mixed_model(table)
        effects += [effect_of(plan, name, pair, mixed.analysis, mixed.changes) for pair in plan.contrasts]
        if mixed.analysis == ROBUST:
            notes.append(f"{name}: no mixed model could be fitted; a regression with errors by participant stands in.")
        eta = explained_share(*arm_f(complete))
        tests[name] = {
            "kruskal_p": kruskal_p(complete),
            "partial_eta_squared": eta.value,
            "low": eta.low,
            "high": eta.high,
            "arm_by_time_p": mixed.wald_p,
        }
        ranks += rank_rows(plan, name, complete)
        notes += undefined_notes(plan, name, effects, tests[name])
    return TrialResult(
        plan,
        flow_of(plan, tables[plan.primary.name], events),
        missing_shares(plan, tables),
        corrected(effects),
        pd.DataFrame(tests).T.rename_axis("outcome"),
        pd.DataFrame(ranks),
        tuple(notes),
    )


def plan_notes(plan: TrialPlan, data: pd.DataFrame, plan_hash: str, amended: str) -> list[str]:
    """Whether the data were gathered under this plan.

    Raises:
        BadInput: they were not, and nobody says why.
    """
    found = set(data["plan"].dropna().astype(str)) if "plan" in data else set()
    if len(found) > 1:
        raise BadInput("the data were gathered under several plans", where=plan.name, mend="analyze them apart")
    found |= {plan_hash} if plan_hash else set()
    notes = []
    if found - {plan.hash}:
        if not amended:
            raise BadInput("the data were gathered under another plan", where=plan.name, mend="say why with amended=")
        notes.append(f"The plan was changed after data were gathered: {amended}")
    elif not found:
        notes.append("Nobody knows under which plan the data were gathered: they carry no hash.")
    if plan.participants == "simulated":
        notes.append("Participants are simulated: nothing follows for people.")
    return notes


def places(plan: TrialPlan, pair: tuple[str, str]) -> tuple[int, int]:
    """Places of a contrast's arms in the plan."""
    names = [arm.name for arm in plan.arms]
    return names.index(pair[0]), names.index(pair[1])


def effect_of(
    plan: TrialPlan, outcome: str, pair: tuple[str, str], analysis: str, fit: ArmFit, d: Sized = UNDEFINED
) -> Effect:
    """A contrast of a fit with interval and p by the t distribution."""
    value, error = fit.contrast(*places(plan, pair))
    low, high, p = interval_of(value, error, fit.df)
    return Effect(outcome, *pair, analysis, value, low, high, p, fit.n, *d)


def interval_of(value: float, error: float, df: float) -> tuple[float, float, float]:
    """95 % interval and two-sided p."""
    if error <= 0:
        return value, value, float("nan")
    # The functions below scipy.stats: an imputed trial asks many times, and stats.t is slow to set up.
    normal, ratio = df == float("inf"), abs(value) / error
    reach = error * float(special.ndtri((1 + LEVEL) / 2) if normal else special.stdtrit(df, (1 + LEVEL) / 2))
    tail = special.ndtr(-ratio) if normal else special.stdtr(df, -ratio)
    return value - reach, value + reach, float(2 * tail)


def ancova_effects(plan: TrialPlan, outcome: str, table: OutcomeTable, analysis: str) -> list[Effect]:
    """ANCOVA of participants without gaps."""
    fit = ancova(table)
    return [
        effect_of(plan, outcome, pair, analysis, fit, last_d(table, *places(plan, pair))) for pair in plan.contrasts
    ]


def subset_effects(plan: TrialPlan, outcome: str, table: OutcomeTable, analysis: str) -> tuple[list[Effect], list[str]]:
    """ANCOVA of some of the participants; none, and a note, where it cannot be fitted to so few."""
    if np.bincount(table.arms, minlength=table.arm_count).min() < 2:
        return [], [f"{outcome}: an arm has fewer than two people for {analysis!r}, so this analysis is left out."]
    try:
        return ancova_effects(plan, outcome, table, analysis), []
    except BadInput as error:
        return [], [f"{outcome}: {analysis!r} is left out: {error.what}."]


def undefined_notes(plan: TrialPlan, outcome: str, effects: Sequence[Effect], tests: dict[str, float]) -> list[str]:
    """What could not be computed for an outcome, and why."""
    sized = [one for one in effects if one.outcome == outcome and one.analysis in (INTENTION, COMPLETE, PROTOCOL)]
    found = []
    for arm, against in plan.contrasts:
        if any(np.isnan(one.d) for one in sized if (one.arm, one.against) == (arm, against)):
            found.append(f"{outcome}: no Cohen's d for {arm} against {against}: within these arms nobody differs.")
    if any(np.isnan(one.p) for one in sized):
        found.append(f"{outcome}: baseline, strata and arm tell the last time without error, so there is no p.")
    if np.isnan(tests["kruskal_p"]):
        found.append(f"{outcome}: no rank test over all arms: everybody changed alike, or an arm has no complete case.")
    if np.isnan(tests["partial_eta_squared"]):
        found.append(f"{outcome}: no partial eta squared: too few complete cases, or nothing is left to explain.")
    return found


def intention_effects(plan: TrialPlan, outcome: str, table: OutcomeTable, rng: np.random.Generator) -> list[Effect]:
    """ANCOVA of every completed table, pooled by Rubin's rules; everybody who was randomized."""
    count = plan.analysis.imputations if not np.isfinite(table.values).all() else 1
    tables = list(imputations(table, count, rng))
    fits = [ancova(one) for one in tables]
    effects = []
    for pair in plan.contrasts:
        own, other = places(plan, pair)
        found = [fit.contrast(own, other) for fit in fits]
        whole = pooled([one for one, _ in found], [error for _, error in found], fits[0].df)
        low, high, p = interval_of(whole.value, whole.error, whole.df)
        d = pooled_d([last_d(one, own, other) for one in tables], fits[0].df)
        effects.append(
            Effect(outcome, *pair, INTENTION, whole.value, low, high, p, len(table), *d,
                   missing_information=whole.missing_information)
        )  # fmt: skip
    return effects


def last_d(table: OutcomeTable, own: int, other: int) -> Sized:
    """Cohen's d of two arms at the last time."""
    first, second = table.last[table.arms == own], table.last[table.arms == other]
    if min(len(first), len(second)) < 2 or (np.ptp(first) == 0 and np.ptp(second) == 0):
        return UNDEFINED  # rounding in the means would be taken for a very small deviation
    squares = ((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum()
    spread = float(np.sqrt(squares / (len(first) + len(second) - 2)))
    return standardized_difference(float(first.mean() - second.mean()), spread, len(first), len(second), LEVEL)


def pooled_d(sizes: Sequence[Sized], df: float) -> Sized:
    """One d over imputations: Rubin's rules, an interval's half width standing for its error."""
    if len(sizes) == 1 or not all(np.isfinite(one.value) for one in sizes):
        return sizes[0] if len(sizes) == 1 else UNDEFINED
    reach = float(special.ndtri((1 + LEVEL) / 2))
    whole = pooled([one.value for one in sizes], [(one.high - one.low) / 2 / reach for one in sizes], df)
    low, high, _ = interval_of(whole.value, whole.error, whole.df)
    return Sized(whole.value, low, high)


def rank_rows(plan: TrialPlan, outcome: str, complete: OutcomeTable) -> Iterator[dict[str, object]]:
    """Mann-Whitney of every contrast."""
    change = complete.last - complete.base
    for pair in plan.contrasts:
        own, other = places(plan, pair)
        found = rank_test(change[complete.arms == own], change[complete.arms == other])
        yield {"outcome": outcome, "arm": pair[0], "against": pair[1], **found._asdict()}


def corrected(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The effects with Holm's p over the outcomes of each contrast and analysis."""
    found = list(effects)
    groups: dict[tuple[str, str, str], list[int]] = {}
    for place, one in enumerate(found):
        # A stand-in belongs to the family of what it stands in for.
        analysis = MIXED if one.analysis == ROBUST else one.analysis
        if np.isfinite(one.p):
            groups.setdefault((one.arm, one.against, analysis), []).append(place)
    for places_ in groups.values():
        for place, p in zip(places_, holm([found[place].p for place in places_]), strict=True):
            found[place] = replace(found[place], p_holm=float(p))
    return tuple(found)


__all__ = [
    "COMPLETE", "INTENTION", "MIXED", "PROTOCOL", "ROBUST", "Effect", "TrialResult", "analyze_trial",
]  # fmt: skip
