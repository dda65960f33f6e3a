"""Further rows of ``guided_support``: power against the formula, precision, several outcomes, effect sizes, balance."""

import numpy as np
import pandas as pd

from thymos.measure.significance import holm
from thymos.respond.trial.analysis import interval_of, last_d
from thymos.respond.trial.effect_intervals import explained_share
from thymos.respond.trial.models import ancova, arm_f, change_scores
from thymos.respond.trial.plan import TrialPlan
from thymos.respond.trial.power import power_by_simulation
from thymos.respond.trial.randomization import Randomizer, imbalance
from thymos.respond.trial.simulation import Scenario, simulate
from thymos.studies._guided_rows import ALPHA, COVERAGE, POWER, mean_ends, row, seeds_of, share_row
from thymos.studies._guided_trials import AGAINST, ARM, CORRELATION, EFFECTS, OUTCOME, plan
from thymos.studies.contract import Context, Row, RowKind

SIZES = (90, 150, 240)
SIMULATION, FORMULA = "power by simulation", "power by formula"
EFFICIENCY, RATIO, THEORY = "variance_ratio", "ANCOVA over change scores", "ANCOVA over change scores, by theory"
CORRELATIONS = (0.2, 0.5, 0.8)
HOLM, PLAIN, FAMILY = "Holm over the outcomes", "no correction", "family_wise_error_rate"
D, ETA = "Cohen's d", "partial eta squared"
BLOCKS, SIMPLE, BALANCE = "blocks within strata", "simple", "imbalance_participants"
COUNT = (1_000, 60)


def power_rows(ctx: Context) -> list[Row]:
    """Simulated power of the full offer against the control, beside the formula."""
    trial, rows = plan(), []
    for n in SIZES:

        def compute(n: int = n) -> dict[str, float]:
            return power_by_simulation(
                trial, EFFECTS, arm="full", n=n, correlation=CORRELATION, trials=COUNT[ctx.settings.quick],
                seed=seeds_of(ctx, COUNT, 500_000)[0], progress=ctx.progress(f"power, {n}"),
            )._asdict()  # fmt: skip

        found = ctx.step(f"power, {n}", compute)
        subset, ends = f"{n} participants", (found["low"], found["high"])
        rows += [
            row(ctx, SIMULATION, RowKind.SYSTEM, POWER, subset, found["power"], ends, found["trials"]),
            row(ctx, FORMULA, RowKind.CEILING, POWER, subset, found["formula"], (found["formula"],) * 2, n),
        ]
    return rows


def efficiency_rows(ctx: Context) -> list[Row]:
    """Variance of the ANCOVA estimate over that of change scores, by the correlation of baseline and last time."""
    trial, rows = plan(), []
    for correlation in CORRELATIONS:
        given = Scenario(EFFECTS, correlation=correlation**0.5)  # two steps from the first to the last time

        def estimates(given: Scenario = given) -> list[list[float]]:
            found = []
            for seed in seeds_of(ctx, COUNT, 600_000):
                table = simulate(trial, given, seed).table(trial, OUTCOME)
                found.append([fit(table).contrast(ARM, AGAINST)[0] for fit in (ancova, change_scores)])
            return found

        drawn = np.asarray(ctx.step(f"efficiency, {correlation}", estimates))
        rng = np.random.default_rng(ctx.settings.seed)
        ratios = [
            variance_ratio(drawn[rng.integers(0, len(drawn), len(drawn))]) for _ in range(min(ctx.resamples, 2_000))
        ]
        low, high = np.quantile(ratios, (0.025, 0.975))
        subset, ends = f"correlation {correlation}", (float(low), float(high))
        theory = (1 + correlation) / 2
        rows += [
            row(ctx, RATIO, RowKind.ABLATION, EFFICIENCY, subset, variance_ratio(drawn), ends, len(drawn)),
            row(ctx, THEORY, RowKind.CEILING, EFFICIENCY, subset, theory, (theory, theory), 0, "(1 + correlation) / 2"),
        ]
    return rows


def variance_ratio(drawn: np.ndarray) -> float:
    """Variance of the first column over that of the second."""
    return float(drawn[:, 0].var(ddof=1) / drawn[:, 1].var(ddof=1))


def outcome_rows(ctx: Context) -> list[Row]:
    """How often trials without any effect report one on some outcome, with and without Holm's correction."""
    trial = plan()

    def compute() -> pd.DataFrame:
        found = []
        for seed in seeds_of(ctx, COUNT, 700_000):
            drawn = simulate(trial, Scenario({}, correlation=CORRELATION), seed)
            fits = [ancova(drawn.table(trial, outcome.name)) for outcome in trial.outcomes]
            p = [interval_of(*fit.contrast(ARM, AGAINST), fit.df)[2] for fit in fits]
            found.append({PLAIN: min(p) < ALPHA, HOLM: min(holm(p)) < ALPHA})
        return pd.DataFrame(found)

    table, subset = ctx.table("outcomes", compute), f"{len(trial.outcomes)} outcomes"
    return [
        share_row(ctx, PLAIN, RowKind.FLOOR, FAMILY, subset, table[PLAIN], "outcomes do not depend on one another"),
        share_row(ctx, HOLM, RowKind.SYSTEM, FAMILY, subset, table[HOLM], "outcomes do not depend on one another"),
    ]


def size_rows(ctx: Context) -> list[Row]:
    """How often the intervals of d and partial eta squared hold the true ones, without dropout."""
    trial = plan()
    true_d, true_eta = EFFECTS["full"], true_share(trial)

    def compute() -> pd.DataFrame:
        found = []
        for seed in seeds_of(ctx, COUNT, 800_000):
            table = simulate(trial, Scenario(EFFECTS, correlation=CORRELATION), seed).table(trial, OUTCOME)
            d, eta = last_d(table, ARM, AGAINST), explained_share(*arm_f(table))
            found.append({D: d.low <= true_d <= d.high, ETA: eta.low <= true_eta <= eta.high})
        return pd.DataFrame(found)

    table = ctx.table("sizes", compute)
    return [
        share_row(ctx, D, RowKind.SYSTEM, COVERAGE, "effect sizes", table[D], f"true {true_d}"),
        share_row(ctx, ETA, RowKind.SYSTEM, COVERAGE, "effect sizes", table[ETA], f"true {true_eta:.4f}"),
    ]


def true_share(trial: TrialPlan) -> float:
    """Partial eta squared of the arm in an endless trial."""
    sizes = np.array([EFFECTS.get(arm.name, 0.0) for arm in trial.arms])
    explained = float(sizes.var())
    left = 1 - CORRELATION ** (2 * (len(trial.times) - 1))
    return explained / (explained + left)


def balance_rows(ctx: Context) -> list[Row]:
    """Largest difference between two arms' counts within a stratum, by allocation."""
    rows = []
    seeds = seeds_of(ctx, COUNT, 900_000)
    for name, system, kind in (("simple", SIMPLE, RowKind.FLOOR), ("block", BLOCKS, RowKind.SYSTEM)):
        trial = plan().model_copy(update={"allocation": name})
        values = np.array(
            [imbalance(Randomizer(trial, seed).arms(75, {"sex": "female"}), trial) for seed in seeds], dtype=float
        )
        middle, worst = float(values.mean()), f"at most {values.max():.0f}"
        rows.append(row(ctx, system, kind, BALANCE, "75 in a stratum", middle, mean_ends(values), len(seeds), worst))
    return rows
