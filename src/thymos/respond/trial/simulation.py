"""Simulated trials with known effects: made for testing the analysis; never a result about people.

Values at neighboring times correlate as asked, effects grow evenly from the baseline (none) to the last time (all), and
people drop out before the last time, by luck or for a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.respond.trial.data import Floats, OutcomeTable
from thymos.respond.trial.plan import TrialPlan
from thymos.respond.trial.randomization import Randomizer

Dropout = Literal["at random", "by baseline", "by course", "by outcome"]
DROPOUTS: tuple[Dropout, ...] = ("at random", "by baseline", "by course", "by outcome")
Sizes = Mapping[str, float | Mapping[str, float]]
STEEP = 1.5  # log odds of dropping out a standard deviation of the reason
RANGE_IN_DEVIATIONS = 8.0


@dataclass(frozen=True)
class Scenario:
    """What is true in a simulated trial.

    Args:
        effects: adjusted difference to the control at the last time in standard deviations, by arm; a table by outcome
            where outcomes differ. Arms and outcomes that are not named have none.
        n: participants; None: the plan's number.
        correlation: of neighboring times, 0..1.
        dropout: share of people without the last time, 0..0.9; a table by arm where arms differ.
        drop: why people leave: ``"at random"``; ``"by baseline"``, the higher the likelier; ``"by course"``, by the
            time before the last one; ``"by outcome"``, by the value that nobody then sees.
        nonadherence: share of people in arms other than the control who do not do as planned and have no effect, 0..1.
    """

    effects: Sizes
    n: int | None = None
    correlation: float = 0.5
    dropout: float | Mapping[str, float] = 0.0
    drop: Dropout = "at random"
    nonadherence: float = 0.0

    def checked(self, plan: TrialPlan) -> "Scenario":
        """Itself.

        Raises:
            BadInput: an unknown arm, outcome or reason, an effect on the control, a number out of its range.
        """
        arms = {arm.name for arm in plan.arms}
        shares = self.dropout if isinstance(self.dropout, Mapping) else {"": self.dropout}
        unknown = (set(self.effects) | (set(shares) - {""})) - arms
        if unknown:
            raise BadInput(f"there is no arm {sorted(unknown)[0]!r}", where=plan.name)
        if any(self.effect(plan.control, outcome.name) for outcome in plan.outcomes):
            raise BadInput("effects are differences to the control, which has none", where=plan.name)
        outcomes = {name for size in self.effects.values() if isinstance(size, Mapping) for name in size}
        unknown = outcomes - {outcome.name for outcome in plan.outcomes}
        if unknown:
            raise BadInput(f"there is no outcome {sorted(unknown)[0]!r}", where=plan.name)
        if not 0 <= self.correlation < 1 or not all(0 <= share <= 0.9 for share in shares.values()):
            raise BadInput("correlation must be in 0..1 and dropout in 0..0.9", where="simulation")
        if not 0 <= self.nonadherence <= 1 or self.drop not in DROPOUTS:
            raise BadInput(f"nonadherence is in 0..1, and people drop out {', '.join(DROPOUTS)}", where="simulation")
        if self.n is not None and self.n < 2 * len(plan.arms):
            raise BadInput(f"{self.n} participants are too few", where="simulation")
        return self

    def effect(self, arm: str, outcome: str) -> float:
        """The true effect of an arm on an outcome among people who do as planned, in standard deviations."""
        size = self.effects.get(arm, 0.0)
        return float(size.get(outcome, 0.0) if isinstance(size, Mapping) else size)

    def share(self, arm: str) -> float:
        """The share of an arm's people who drop out."""
        return float(self.dropout.get(arm, 0.0) if isinstance(self.dropout, Mapping) else self.dropout)


@dataclass(frozen=True)
class SimulatedTrial:
    """A simulated trial as arrays.

    Args:
        arms: (participants,) places in the plan.
        strata: by name, (participants,) values.
        values: by outcome, (participants, times), NaN where missing.
        completed: (participants,) who stayed and did as planned.
    """

    arms: npt.NDArray[np.int64]
    strata: dict[str, npt.NDArray[np.object_]]
    values: dict[str, Floats]
    completed: npt.NDArray[np.bool_]

    def table(self, plan: TrialPlan, outcome: str) -> OutcomeTable:
        """One outcome as the analyses take it."""
        columns = [
            (self.strata[name] == value).astype(float) for name, values in plan.strata.items() for value in values[1:]
        ]
        strata = np.column_stack(columns) if columns else np.empty((len(self.arms), 0))
        return OutcomeTable(self.values[outcome], self.arms, strata, self.completed, len(plan.arms))


def spread_of(plan: TrialPlan, outcome: str = "") -> float:
    """The standard deviation of an outcome (default: the primary one) in simulated trials, in its own unit."""
    found = next((one for one in plan.outcomes if one.name == outcome), plan.primary)
    return (found.high - found.low) / RANGE_IN_DEVIATIONS


def simulate(plan: TrialPlan, scenario: Scenario, seed: int) -> SimulatedTrial:
    """One trial as arrays.

    Args:
        plan: of the trial.
        scenario: what is true.
        seed: of everything.
    """
    scenario.checked(plan)
    rng = np.random.default_rng(seed)
    count = scenario.n or plan.sample_size
    strata = {name: rng.choice(np.asarray(values, dtype=object), count) for name, values in plan.strata.items()}
    arms = given_arms(plan, strata, count, seed)
    adheres = (arms == 0) | (rng.random(count) >= scenario.nonadherence)
    last = len(plan.times) - 1
    names = [arm.name for arm in plan.arms]
    drawn: dict[str, Floats] = {}
    for outcome in plan.outcomes:
        state = rng.standard_normal(count)
        columns = [state]
        for _ in range(last):
            state = scenario.correlation * state + (1 - scenario.correlation**2) ** 0.5 * rng.standard_normal(count)
            columns.append(state)
        sizes = np.array([scenario.effect(name, outcome.name) for name in names])[arms] * adheres
        drawn[outcome.name] = np.column_stack(columns) + sizes[:, None] * np.linspace(0, 1, last + 1)
    # People leave for one reason and then miss every outcome.
    gone = dropped(rng, scenario, names, arms, drawn[plan.primary.name])
    found = {}
    for outcome in plan.outcomes:
        values = (outcome.low + outcome.high) / 2 + spread_of(plan, outcome.name) * drawn[outcome.name]
        values = np.clip(values, outcome.low, outcome.high)
        values[gone, last] = np.nan
        found[outcome.name] = values
    return SimulatedTrial(arms, strata, found, ~gone & adheres)


def given_arms(plan: TrialPlan, strata: Mapping[str, np.ndarray], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Arms by the plan's randomization, people coming in the order of the rows."""
    randomizer, names = Randomizer(plan, seed), [arm.name for arm in plan.arms]
    keys = pd.Series(list(zip(*strata.values(), strict=True)) if strata else [()] * count)
    found = np.empty(count, dtype=np.int64)
    for key, rows in keys.groupby(keys, sort=False).groups.items():
        own = dict(zip(strata, map(str, key), strict=True))
        found[np.asarray(rows)] = [names.index(arm) for arm in randomizer.arms(len(rows), own)]
    return found


def dropped(
    rng: np.random.Generator, scenario: Scenario, names: list[str], arms: npt.NDArray[np.int64], values: Floats
) -> npt.NDArray[np.bool_]:
    """Who is gone at the end: the asked share of every arm, those with a high score for the scenario's reason."""
    reasons = {
        "at random": np.zeros(len(arms)),
        "by baseline": STEEP * values[:, 0],
        "by course": STEEP * values[:, -2],
        "by outcome": STEEP * values[:, -1],
    }
    score = reasons[scenario.drop] + rng.logistic(size=len(arms))
    gone = np.zeros(len(arms), dtype=bool)
    for place, name in enumerate(names):
        own, share = arms == place, scenario.share(name)
        if share and own.any():
            gone[own] = score[own] > np.quantile(score[own], 1 - share)
    return gone


def simulate_trial(
    plan: TrialPlan,
    effects: Sizes,
    *,
    seed: int,
    n: int | None = None,
    correlation: float = 0.5,
    dropout: float | Mapping[str, float] = 0.0,
    drop: Dropout = "at random",
    nonadherence: float = 0.0,
) -> pd.DataFrame:
    """Data of a simulated trial, in the form that ``analyze_trial`` takes.

    Args:
        plan: of the trial.
        effects, n, correlation, dropout, drop, nonadherence: as for ``Scenario``.
        seed: of everything.

    Raises:
        BadInput: what cannot be simulated, see ``Scenario.checked``.
    """
    trial = simulate(plan, Scenario(effects, n, correlation, dropout, drop, nonadherence), seed)
    count, times = len(trial.arms), len(plan.times)
    names = np.asarray([arm.name for arm in plan.arms], dtype=object)
    table = pd.DataFrame(
        {
            "participant": np.repeat(np.arange(count), times),
            "arm": np.repeat(names[trial.arms], times),
            "time": np.tile(np.asarray(plan.times, dtype=object), count),
        }
    )
    for name, values in trial.strata.items():
        table[name] = np.repeat(values, times)
    for outcome in plan.outcomes:
        table[outcome.name] = trial.values[outcome.name].ravel()
    table["completed"] = np.repeat(trial.completed, times)
    table["plan"] = plan.hash
    return table
