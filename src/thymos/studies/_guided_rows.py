"""Rows of ``guided_support``: coverage, errors and bias over simulated trials, with Monte-Carlo intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from thymos.respond.trial.power import share_interval
from thymos.studies._guided_trials import CELLS, FAST, MATCHED, MIXED, SIMULATED, SLOW, run_trials, truth
from thymos.studies.contract import NO_SPLIT, Context, Row, RowKind

COVERAGE, TYPE_I, POWER, BIAS, ERROR = "coverage_95", "type_i_error_rate", "power", "bias_sd", "effect_rmse"
ALPHA = 0.05
TRIALS = {True: (2_000, 60), False: (1_000, 60)}  # with and without an effect: in full, quick
SLOW_TRIALS = {MIXED: (250, 6), MATCHED: (120, 3)}
SLOW_CELLS = {MIXED: ("dropout at random", "dropout by course"), MATCHED: ("dropout by course",)}


def seeds_of(ctx: Context, trials: tuple[int, int], offset: int = 0) -> range:
    """Seeds of a cell's trials."""
    start = ctx.settings.seed * 1_000_000 + offset
    return range(start, start + trials[ctx.settings.quick])


def fast_trials(ctx: Context, cell: str, *, effect: bool) -> pd.DataFrame:
    """Every fast analysis of the trials of one cell; kept, so that arms share them."""
    told = "effect" if effect else "no effect"
    return ctx.table(
        f"{cell.replace(' ', '-')}-{told.replace(' ', '-')}",
        lambda: run_trials(
            cell, FAST, seeds_of(ctx, TRIALS[effect]), effect=effect, tell=ctx.progress(f"{cell}, {told}")
        ),
    )


def slow_trials(ctx: Context, system: str, cell: str) -> pd.DataFrame:
    """A slow analysis of the first trials of a cell with an effect."""
    name = "mixed" if system == MIXED else "matched"
    return ctx.table(
        f"{name}-{cell.replace(' ', '-')}",
        lambda: run_trials(
            cell, {system: SLOW[system]}, seeds_of(ctx, SLOW_TRIALS[system]), effect=True,
            tell=ctx.progress(f"{cell}, {system}"),
        ),
    )  # fmt: skip


def row(
    ctx: Context, system: str, kind: RowKind, metric: str, subset: str, value: float, ends: tuple[float, float], n: int,
    note: str = "",
) -> Row:  # fmt: skip
    """A row over simulated trials."""
    return Row(
        system, kind, metric, subset, value, n, NO_SPLIT, low=ends[0], high=ends[1], seeds=(ctx.settings.seed,),
        note=f"{SIMULATED}; {note}" if note else SIMULATED,
    )  # fmt: skip


def share_row(
    ctx: Context, system: str, kind: RowKind, metric: str, subset: str, hits: Any, note: str = ""
) -> Row:  # fmt: skip
    """A share of trials with its Wilson interval."""
    found = np.asarray(hits, dtype=bool)
    ends = share_interval(int(found.sum()), len(found))
    return row(ctx, system, kind, metric, subset, float(found.mean()), ends, len(found), note)


def mean_ends(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of a mean over trials."""
    reach = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean()) - reach, float(values.mean()) + reach


def found_rows(ctx: Context, system: str, kind: RowKind, cell: str, own: pd.DataFrame) -> list[Row]:
    """What an analysis makes of trials with an effect."""
    true = truth(effect=True)
    off = own["value"].to_numpy(dtype=float) - true
    squares = off**2
    low, high = mean_ends(squares)
    roots = max(0.0, low) ** 0.5, high**0.5
    return [
        share_row(ctx, system, kind, COVERAGE, cell, (own["low"] <= true) & (true <= own["high"])),
        row(ctx, system, kind, BIAS, cell, float(off.mean()), mean_ends(off), len(off), f"true effect {true}"),
        row(ctx, system, kind, ERROR, cell, float(squares.mean()) ** 0.5, roots, len(off)),
        share_row(ctx, system, kind, POWER, cell, own["p"] < ALPHA),
    ]


def system_rows(ctx: Context, system: str, kind: RowKind, cells: Sequence[str] = tuple(CELLS)) -> list[Row]:
    """A fast analysis over the cells."""
    rows = []
    for cell in cells:
        own = fast_trials(ctx, cell, effect=True)
        rows += found_rows(ctx, system, kind, cell, own[own["system"] == system])
        none = fast_trials(ctx, cell, effect=False)
        rows.append(share_row(ctx, system, kind, TYPE_I, cell, none.loc[none["system"] == system, "p"] < ALPHA))
    return rows


def slow_rows(ctx: Context, system: str, kind: RowKind) -> list[Row]:
    """A slow analysis over its cells."""
    rows = []
    for cell in SLOW_CELLS[system]:
        rows += found_rows(ctx, system, kind, cell, slow_trials(ctx, system, cell))
    return rows
