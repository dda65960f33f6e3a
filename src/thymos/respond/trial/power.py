"""How likely a trial of some size finds an effect: by simulation, and by the textbook's formula beside it."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import NamedTuple

from scipy import stats

from thymos.errors import BadInput
from thymos.respond.trial.analysis import interval_of, places
from thymos.respond.trial.models import ancova
from thymos.respond.trial.plan import TrialPlan
from thymos.respond.trial.simulation import Dropout, Scenario, Sizes, simulate


class Power(NamedTuple):
    """Share of simulated trials that found the effect.

    Args:
        power: 0..1.
        low, high: 95 % interval of the share (Wilson).
        trials: how many.
        formula: the same by ``ancova_power``, for arms of equal size and the people who stay; NaN where the dropout has
            a reason, which the formula does not know.
    """

    power: float
    low: float
    high: float
    trials: int
    formula: float


def share_interval(hits: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson)."""
    found = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def ancova_power(
    effect: float, own: float, other: float, correlation: float, alpha: float = 0.05, df: float = 0
) -> float:
    """Power of an ANCOVA on the baseline, two-sided.

    Args:
        effect: difference in standard deviations of the last time.
        own, other: people in the two arms.
        correlation: of baseline and last time.
        alpha: level.
        df: degrees of freedom of the error; 0: those of two arms and a baseline.

    Example:
        >>> round(ancova_power(0.5, 64, 64, 0.0), 3)
        0.801
    """
    spare = df or own + other - 3
    shift = effect / sqrt((1 - correlation**2) * (1 / own + 1 / other))
    edge = stats.t.ppf(1 - alpha / 2, spare)
    return float(stats.nct.sf(edge, spare, shift) + stats.nct.cdf(-edge, spare, shift))


def power_by_simulation(
    plan: TrialPlan,
    effects: Sizes,
    *,
    arm: str,
    against: str = "",
    trials: int = 500,
    n: int | None = None,
    correlation: float = 0.5,
    dropout: float | Mapping[str, float] = 0.0,
    drop: Dropout = "at random",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Power:
    """How often a comparison of the primary outcome would be significant (ANCOVA, complete cases).

    Args:
        plan, effects, n, correlation, dropout, drop: as for ``simulate_trial``.
        arm: which.
        against: compared with this one; "" for the control.
        trials: how many are simulated.
        seed: of the first one.
        progress: called with (trials done, trials in all).

    Raises:
        BadInput: an arm that cannot be compared, no trials, or what cannot be simulated.
    """
    names, against = [one.name for one in plan.arms], against or plan.control
    if against not in names:
        raise BadInput(f"there is no arm {against!r}", where=plan.name, mend=f"use one of: {', '.join(names)}")
    if arm not in names or arm == against:
        what = "the control" if against == plan.control else repr(against)
        others = ", ".join(name for name in names if name != against)
        raise BadInput(f"{arm!r} is not compared with {what}", where=plan.name, mend=f"use one of: {others}")
    if trials < 1:
        raise BadInput("at least one trial is needed", where="power")
    scenario = Scenario(effects, n, correlation, dropout, drop).checked(plan)
    own, other = places(plan, (arm, against))
    found = 0
    for number in range(trials):
        table = simulate(plan, scenario, seed + number).table(plan, plan.primary.name)
        fit = ancova(table.only(table.complete))
        *_, p = interval_of(*fit.contrast(own, other), fit.df)
        found += p < plan.alpha
        if progress is not None:
            progress(number + 1, trials)
    low, high = share_interval(found, trials)
    return Power(found / trials, low, high, trials, formula(plan, scenario, arm, against))


def formula(plan: TrialPlan, scenario: Scenario, arm: str, against: str) -> float:
    """The textbook's power of a comparison of the primary outcome."""
    if scenario.drop != "at random":
        return float("nan")
    count, total = scenario.n or plan.sample_size, sum(one.share for one in plan.arms)
    sizes = {one.name: count * one.share / total * (1 - scenario.share(one.name)) for one in plan.arms}
    primary = plan.primary.name
    effect = scenario.effect(arm, primary) - scenario.effect(against, primary)
    df = sum(sizes.values()) - len(plan.arms) - 1 - sum(len(values) - 1 for values in plan.strata.values())
    correlation = scenario.correlation ** (len(plan.times) - 1)
    return ancova_power(effect, sizes[arm], sizes[against], correlation, plan.alpha, df)
