"""The page of a trial: who went which way (CONSORT), how much is missing, and what the registered analysis found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from thymos import __version__
from thymos.files import write_atomically
from thymos.report.interval_plot import STYLE, interval_chart
from thymos.report.numbers import interval, number
from thymos.report.page import environment
from thymos.report.trial_flow import FLOW_STYLE, flow_drawing
from thymos.respond.trial.analysis import INTENTION, Effect, TrialResult


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    title: str
    lead: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Forest:
    """The effects on one outcome as a chart."""

    svg: Markup
    description: str
    title: str


def write_trial_page(result: TrialResult, path: str | Path) -> Path:
    """Write the page: one HTML file that needs no other."""
    plan = result.plan
    page = environment().get_template("trial.html").render(
        plan=plan, notes=result.notes, flow=flow_drawing(result), tables=tables(result), forests=forests(result),
        about=about(result), version=__version__, plot_style=STYLE + FLOW_STYLE,
    )  # fmt: skip
    return write_atomically(path, page)


def about(result: TrialResult) -> dict[str, str]:
    """The plan in short."""
    plan = result.plan
    return {
        "plan": f"{plan.name}, sha256 {plan.hash}",
        "arms": "; ".join(f"{arm.name}: {', '.join(arm.uses) or 'nothing'}" for arm in plan.arms),
        "allocation": plan.allocation + (f", by {', '.join(plan.strata)}" if plan.strata else ""),
        "primary outcome": f"{plan.primary.title}, {plan.times[0]} to {plan.times[-1]}",
        "planned participants": str(plan.sample_size),
        "imputations": str(plan.analysis.imputations),
    }


def forests(result: TrialResult) -> list[Forest]:
    """One chart an outcome: every contrast by every analysis."""
    found = []
    for outcome in result.plan.outcomes:
        rows = [chart_row(one) for one in result.effects if one.outcome == outcome.name]
        chart = interval_chart(rows, "difference")
        found.append(Forest(chart.svg, chart.description, f"{outcome.title}: adjusted difference, in its own unit"))
    return found


def chart_row(one: Effect) -> dict[str, Any]:
    """An effect as a row of a chart."""
    return {
        "system": one.analysis, "kind": "system" if one.analysis == INTENTION else "ablation", "metric": "difference",
        "subset": f"{one.arm} against {one.against}", "value": one.estimate, "low": one.low, "high": one.high,
        "n": one.n, "comparable": False,
    }  # fmt: skip


def tables(result: TrialResult) -> list[Table]:
    """Effects, tests over all arms, rank tests, flow, missing values."""
    effects = tuple(
        (
            one.outcome, f"{one.arm} against {one.against}", one.analysis,
            f"{number(one.estimate)} {interval(one.low, one.high)}", shown(one.p), shown(one.p_holm),
            "" if one.d != one.d else f"{number(one.d)} {bounds(one.d_low, one.d_high)}", str(one.n),
            number(one.missing_information) if one.analysis == INTENTION else "",
        )
        for one in result.effects
    )  # fmt: skip
    tests = tuple(
        (
            str(name), shown(row["kruskal_p"]), shown(row["arm_by_time_p"]),
            f"{shown(row['partial_eta_squared'])} {bounds(row['low'], row['high'])}",
        )
        for name, row in result.tests.iterrows()
    )  # fmt: skip
    ranks = tuple(
        (
            row["outcome"], f"{row['arm']} against {row['against']}", shown(row["p"]), shown(row["rank_biserial"]),
            str(row["n"]),
        )
        for row in result.ranks.to_dict("records")
    )  # fmt: skip
    return [
        Table(
            "Arms compared",
            "ANCOVA of the last time on baseline and strata; the mixed model compares changes over all times. Holm's "
            "correction is over the outcomes. Cohen's d is the difference at the last time in standard deviations. The "
            "last column is the share of an estimate's variance that is due to missing values.",
            (
                "outcome",
                "arms",
                "analysis",
                "difference [95 %]",
                "p",
                "p, Holm",
                "d [95 %]",
                "n",
                "missing information",
            ),
            effects,
        ),
        Table(
            "Over all arms",
            "Kruskal-Wallis of the changes, arm by time in the mixed model, share that the arm explains in the ANCOVA.",
            ("outcome", "Kruskal-Wallis p", "arm by time p", "partial eta squared [95 %]"),
            tests,
        ),
        Table("By ranks", "Mann-Whitney of the changes.", ("outcome", "arms", "p", "rank-biserial", "n"), ranks),
        Table("Participants", "", ("arm", *map(str, result.flow.columns)), frame_rows(result.flow)),
        Table(
            "Missing values",
            "Share of analyzed participants without a value.",
            ("outcome, time", *map(str, result.missing.columns)),
            frame_rows(result.missing),
        ),
    ]


def shown(value: float) -> str:
    """A number, or a dash where there is none."""
    return number(None if value != value else float(value))


def bounds(low: float, high: float) -> str:
    """An interval, or nothing where there is none."""
    return "" if low != low else interval(float(low), float(high))


def frame_rows(table: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """A table's rows as texts."""

    def name(key: Any) -> str:
        return ", ".join(map(str, key)) if isinstance(key, Sequence) and not isinstance(key, str) else str(key)

    return tuple(
        (name(key), *(str(value) if isinstance(value, int) else number(float(value)) for value in row.tolist()))
        for key, row in table.iterrows()
    )
