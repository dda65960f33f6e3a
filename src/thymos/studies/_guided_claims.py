"""The claims and plots of ``guided_support``."""

from collections.abc import Callable
from typing import Any

from scipy import stats

from thymos.respond.trial.power import share_interval
from thymos.studies._guided_extras import (
    CORRELATIONS,
    EFFICIENCY,
    ETA,
    FAMILY,
    FORMULA,
    HOLM,
    PLAIN,
    RATIO,
    SIMULATION,
    SIZES,
    THEORY,
    D,
)  # fmt: skip
from thymos.studies._guided_rows import BIAS, COVERAGE, POWER, SLOW_CELLS, TYPE_I
from thymos.studies._guided_trials import CELLS, COMPLETE, IGNORABLE, INTENTION, LAST, MIXED
from thymos.studies._interval_plots import draw_rows
from thymos.studies.contract import Claim, Finding, Plot, Results, Row, Verdict, holds_if

FEWEST = 200  # a share near .95 is then known to about .03
COURSE, BASELINE, UNSEEN = "dropout by course", "dropout by baseline", "dropout by unseen outcome"


def told(one: Row) -> str:
    """Value and interval."""
    return f"{one.value or 0:.3f} [{one.low or 0:.3f}, {one.high or 0:.3f}]"


def near(rows: list[Row], nominal: float) -> Finding:
    """Shares of trials that differ from the nominal one by no more than chance does, all of them together.

    Holds within what chance gives in 99 of 100 studies; contradicted where a share is on the wrong side (intervals that
    hold the truth too seldom, errors that come too often); else, too cautious, not shown.
    """
    fewest = min(row.n for row in rows)
    if fewest < FEWEST:
        return Finding(Verdict.NOT_SHOWN, f"{fewest} trials are too few to tell; at least {FEWEST} are needed")
    edge = float(stats.norm.ppf(1 - 0.01 / 2 / len(rows)))
    off = [((row.value or 0) - nominal) / (nominal * (1 - nominal) / row.n) ** 0.5 for row in rows]
    evidence = "; ".join(f"{row.subset} {told(row)} of {row.n}" for row in rows)
    evidence += f"; nominal {nominal}, within Monte-Carlo error"
    if all(abs(one) <= edge for one in off):
        return Finding(Verdict.HOLDS, evidence)
    bad = any(one < -edge if nominal > 0.5 else one > edge for one in off)
    evidence = evidence.replace("within", "beyond")
    return Finding(Verdict.CONTRADICTED if bad else Verdict.NOT_SHOWN, evidence)


def rates(system: str, metric: str, cells: tuple[str, ...], nominal: float) -> Callable[[Results], Finding]:
    """A predicate: a system's shares are the nominal one."""

    def check(results: Results) -> Finding:
        return near([results.one(system=system, metric=metric, subset=cell) for cell in cells], nominal)

    return check


def bias_goes_away(cell: str, biased: str, mended: str) -> Callable[[Results], Finding]:
    """A predicate: one analysis is biased in a cell, and the other is not."""

    def check(results: Results) -> Finding:
        before, after = (results.one(system=name, metric=BIAS, subset=cell) for name in (biased, mended))
        evidence = f"bias in standard deviations: {biased} {told(before)}, {mended} {told(after)}"
        if zero_in(after):
            return holds_if(not zero_in(before), evidence)
        worse = abs(after.value or 0) >= abs(before.value or 0)
        return Finding(Verdict.CONTRADICTED if worse else Verdict.NOT_SHOWN, evidence)

    return check


def zero_in(one: Row) -> bool:
    """Whether 0 is in the interval."""
    return (one.low or 0) <= 0 <= (one.high or 0)


def unseen_is_mended(results: Results) -> Finding:
    """Dropout that depends on the missing value itself."""
    one = results.one(system=INTENTION, metric=BIAS, subset=UNSEEN)
    covered = results.one(system=INTENTION, metric=COVERAGE, subset=UNSEEN)
    evidence = f"bias {told(one)} standard deviations; intervals hold the effect in {told(covered)}"
    return holds_if(zero_in(one), evidence, otherwise=Verdict.CONTRADICTED)


def power_agrees(results: Results) -> Finding:
    """Simulation against formula: within Monte-Carlo error."""
    parts, good = [], True
    for n in SIZES:
        ours = results.one(system=SIMULATION, metric=POWER, subset=f"{n} participants")
        formula = results.value(system=FORMULA, metric=POWER, subset=f"{n} participants")
        edge = float(stats.norm.ppf(1 - 0.01 / 2 / len(SIZES))) * (formula * (1 - formula) / ours.n) ** 0.5
        good &= abs((ours.value or 0) - formula) <= max(edge, 1 / ours.n)
        parts.append(f"{n} participants: {told(ours)}, formula {formula:.3f}")
    return holds_if(good, "; ".join(parts), otherwise=Verdict.CONTRADICTED)


def ancova_is_sharper(results: Results) -> Finding:
    """Smaller variance than change scores at every correlation, as theory says."""
    parts, smaller, near_theory, worse = [], True, True, False
    for correlation in CORRELATIONS:
        subset = f"correlation {correlation}"
        ours = results.one(system=RATIO, metric=EFFICIENCY, subset=subset)
        theory = results.value(system=THEORY, metric=EFFICIENCY, subset=subset)
        smaller &= (ours.high or 1) < 1
        worse |= (ours.low or 0) > 1
        near_theory &= (ours.low or 0) <= theory * 1.03 and theory * 0.97 <= (ours.high or 0)
        parts.append(f"{subset}: {told(ours)}, theory {theory:.2f}")
    evidence = "variance of ANCOVA over that of change scores: " + "; ".join(parts)
    return holds_if(smaller and near_theory, evidence, otherwise=Verdict.CONTRADICTED if worse else Verdict.NOT_SHOWN)


def holm_keeps_errors_rare(results: Results) -> Finding:
    """The rate of any error is not above 5 %, while it is without correction."""
    ours, plain = (results.find(system=name, metric=FAMILY) for name in (HOLM, PLAIN))
    if not ours or not plain:
        return Finding(Verdict.NOT_TESTABLE, "the arm was left out")
    low, _ = share_interval(round((ours[0].value or 0) * ours[0].n), ours[0].n)
    evidence = f"any error among outcomes: {told(ours[0])}, without correction {told(plain[0])}"
    if low > 0.05:
        return Finding(Verdict.CONTRADICTED, evidence)
    return holds_if((plain[0].low or 0) > 0.05, evidence)


def sizes_cover(results: Results) -> Finding:
    """Intervals of both effect sizes."""
    return near([results.one(system=name, metric=COVERAGE, subset="effect sizes") for name in (D, ETA)], 0.95)


def not_here(reason: str) -> Callable[[Results], Finding]:
    """A predicate for what simulated people cannot tell."""

    def check(results: Results) -> Finding:
        return Finding(Verdict.NOT_TESTABLE, reason)

    return check


NO_DATA = (
    "the trial's data are not public, and in simulated trials the effects are those that we put in; the parts that can "
    "be measured without people are in support_strategy_bias (strategies) and crisis_guard (safety)"
)
CLAIMS = (
    Claim("Intervals by intention to treat hold the true effect in 95 of 100 trials, where dropout can be told from "
          "what was seen", rates(INTENTION, COVERAGE, IGNORABLE, 0.95), "ours"),
    Claim("Without an effect, the analysis by intention to treat reports one in 5 of 100 trials",
          rates(INTENTION, TYPE_I, IGNORABLE, 0.05), "ours"),
    Claim("Intervals of the mixed model hold the true effect in 95 of 100 trials",
          rates(MIXED, COVERAGE, SLOW_CELLS[MIXED], 0.95), "ours"),
    Claim("Intervals of Cohen's d and partial eta squared hold the true ones in 95 of 100 trials", sizes_cover, "ours"),
    Claim("Where dropout depends on the baseline, last scores of who stayed are biased and imputation is not",
          bias_goes_away(BASELINE, LAST, INTENTION), "ours"),
    Claim("Where dropout depends on the course, ANCOVA of who stayed is biased and imputation is not",
          bias_goes_away(COURSE, COMPLETE, INTENTION), "ours"),
    Claim("Imputation mends dropout that depends on the value that nobody sees", unseen_is_mended, "ours"),
    Claim("ANCOVA is sharper than change scores, by as much as theory says", ancova_is_sharper, "ours"),
    Claim("Simulated power agrees with the formula", power_agrees, "ours"),
    Claim("Holm's correction keeps errors over the outcomes at 5 % where no correction does not",
          holm_keeps_errors_rare, "ours"),
    Claim("Both offers, exercises alone and with the companion, help more than no offer", not_here(NO_DATA),
          "abstract"),
    Claim("The companion adds to the exercises, mainly on depression and insomnia", not_here(NO_DATA), "abstract"),
)  # fmt: skip


def draw(metric: str, axis: str, line: float) -> Callable[[Results, Any], None]:
    """Every analysis in every cell on one metric, with what is aimed at as a line."""

    def draw_metric(results: Results, figure: Any) -> None:
        rows = [row for cell in CELLS for row in results.find(metric=metric, subset=cell)]
        axes = figure.subplots()
        draw_rows(axes, rows, [f"{row.subset}: {row.system}" for row in rows], axis)
        axes.axvline(line, color="0.5", linewidth=0.8)

    return draw_metric


PLOTS = (
    Plot("coverage", "Intervals hold the truth where dropout can be told from what was seen",
         draw(COVERAGE, "share of trials whose 95 % interval holds the true effect", 0.95)),
    Plot("bias", "Who stayed is not who began", draw(BIAS, "bias, standard deviations", 0.0)),
)  # fmt: skip
