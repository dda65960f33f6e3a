"""Trials with effects that are known, for planning and for testing the analysis; never a result about people."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.respond.trial.analysis import ancova, checked_data, wide_table
from thymos.respond.trial.plan import TrialPlan
from thymos.respond.trial.randomization import Randomizer

Dropout = Literal["at random", "by baseline", "by outcome"]


class Power(NamedTuple):
    """Share of simulated trials that found the effect.

    Args:
        power: 0..1.
        low, high: 95 % interval of the share (Wilson).
        trials: how many.
    """

    power: float
    low: float
    high: float
    trials: int


def simulate_trial(
    plan: TrialPlan,
    effects: Mapping[str, float],
    *,
    seed: int,
    n: int | None = None,
    correlation: float = 0.5,
    dropout: float = 0.0,
    drop: Dropout = "at random",
) -> pd.DataFrame:
    """Data of a trial in which every outcome has the same known effects.

    Args:
        plan: of the trial.
        effects: adjusted difference to the control at the last time, in standard deviations, by arm.
        seed: of everything.
        n: participants; default: the plan's.
        correlation: of neighboring times.
        dropout: share of participants without the last time.
        drop: whether dropping out has to do with the baseline, or with the outcome itself.

    Raises:
        BadInput: an unknown arm, a correlation outside 0..1, a share outside 0..0.9.
    """
    unknown = set(effects) - {arm.name for arm in plan.arms}
    if unknown:
        raise BadInput(f"there is no arm {sorted(unknown)[0]!r}", where=plan.name)
    if not 0 <= correlation < 1 or not 0 <= dropout <= 0.9:
        raise BadInput("correlation must be in 0..1 and dropout in 0..0.9", where="simulation")
    rng = np.random.default_rng(seed)
    count = n or plan.sample_size
    strata = {name: rng.choice(np.asarray(values, dtype=object), count) for name, values in plan.strata.items()}
    randomizer, places = Randomizer(plan, seed), dict[tuple[str, ...], int]()
    arms = []
    for person in range(count):
        own = {name: str(values[person]) for name, values in strata.items()}
        key = tuple(own.values())
        arms.append(randomizer.arm(places.get(key, 0), own))
        places[key] = places.get(key, 0) + 1
    rows: dict[str, list[pd.DataFrame]] = {}
    last = len(plan.times) - 1
    for outcome in plan.outcomes:
        middle, spread = (outcome.low + outcome.high) / 2, (outcome.high - outcome.low) / 8
        state = rng.normal(0, 1, count)
        base = state
        parts = []
        for place, time in enumerate(plan.times):
            if place:
                state = correlation * state + np.sqrt(1 - correlation**2) * rng.normal(0, 1, count)
            shift = np.array([effects.get(arm, 0.0) for arm in arms]) * (place / last)
            values = state + shift
            if place == last and dropout:
                values = np.where(dropped(rng, base, values, dropout, drop), np.nan, values)
            clipped = np.clip(middle + spread * values, outcome.low, outcome.high)
            parts.append(pd.DataFrame({"participant": np.arange(count), "time": time, outcome.name: clipped}))
        rows[outcome.name] = parts
    table = pd.concat(next(iter(rows.values())))
    for parts in list(rows.values())[1:]:
        table = table.merge(pd.concat(parts), on=["participant", "time"])
    person = table["participant"].to_numpy()
    table["arm"] = np.asarray(arms, dtype=object)[person]
    for name, values in strata.items():
        table[name] = values[person]
    gone = table.loc[table["time"] == plan.times[-1], plan.primary.name].isna().to_numpy()
    table["completed"] = ~gone[person]
    return table.reset_index(drop=True)


def dropped(rng: np.random.Generator, base: np.ndarray, values: np.ndarray, share: float, drop: str) -> np.ndarray:
    """Who is gone at the end."""
    score = {"at random": np.zeros(len(base)), "by baseline": 1.5 * base, "by outcome": 1.5 * values}[drop]
    noisy = score + rng.logistic(size=len(base))
    return noisy > np.quantile(noisy, 1 - share)


def spread_of(plan: TrialPlan) -> float:
    """The standard deviation of the primary outcome in simulated trials, in its own unit."""
    return (plan.primary.high - plan.primary.low) / 8


def power_by_simulation(
    plan: TrialPlan,
    effects: Mapping[str, float],
    *,
    arm: str,
    trials: int = 500,
    n: int | None = None,
    correlation: float = 0.5,
    dropout: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Power:
    """How often the primary comparison of an arm would be significant (ANCOVA, complete cases).

    Args:
        plan, effects, n, correlation, dropout: as for ``simulate_trial``.
        arm: which.
        trials: how many are simulated.
        seed: of the first one.
        progress: called with (trials done, trials in all).
    """
    names = [one.name for one in plan.arms[1:]]
    if arm not in names:
        raise BadInput(
            f"{arm!r} is not compared with the control", where=plan.name, mend=f"use one of: {', '.join(names)}"
        )
    from scipy import stats

    found = 0
    for number in range(trials):
        data = simulate_trial(plan, effects, seed=seed + number, n=n, correlation=correlation, dropout=dropout)
        table = wide_table(plan, checked_data(plan, data), plan.primary).dropna(subset=[plan.times[0], plan.times[-1]])
        estimates, errors, spare = ancova(plan, table)
        place = names.index(arm)
        found += 2 * stats.t.sf(abs(estimates[place]) / errors[place], spare) < plan.alpha
        if progress is not None:
            progress(number + 1, trials)
    interval = stats.binomtest(int(found), trials).proportion_ci(method="wilson")
    return Power(found / trials, float(interval.low), float(interval.high), trials)
