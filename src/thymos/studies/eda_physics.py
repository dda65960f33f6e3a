"""Skin conductance and stress in one network with an equation in its loss, under three splitters (card 01).

Leak warning. The published inputs are the time and a self-report, which is one constant vector for each subject and
condition. When rows are split at random, the same vector stands in training and test and names the condition, so both
headline numbers are nearly given away. Here the same systems run with random rows, with a subject's blocks apart and
with subjects apart, side by side, and a control replaces the self-report by random numbers.

On Stress-Predict the self-report is one a session, not one a condition: the leak is weaker than on WESAD.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thymos.measure.resampling import bootstrap_interval, paired_bootstrap
from thymos.studies._eda_claims import CLAIMS, METRICS, PLOTS, SIMULATED, difference_name
from thymos.studies._eda_data import CORPUS, GUARANTEES, RANDOM, SPLITTERS, SUBJECTS, kept_rows
from thymos.studies._eda_forecast import FORECASTERS, HORIZONS, NETWORK, PERSISTENCE, TRAIN_MEAN, forecasts
from thymos.studies._eda_simulation import TRUE, decay_by_least_squares, recovered, relative_errors, simulate
from thymos.studies._eda_systems import (
    BOOSTED_CLOCK,
    BOOSTED_NOISE,
    BOOSTING,
    EDA_ONLY,
    EMOTION_DRIVE,
    EMOTION_ONLY,
    FULL,
    HEART,
    MAJORITY,
    MEAN,
    MINUTE,
    MINUTE_MEAN,
    NETWORKS,
    NO_EQUATION,
    NOISE,
    SVM,
    WITH_SIGNALS,
    fold_constants,
    out_of_fold,
    readings_of,
)
from thymos.studies.contract import NO_SPLIT, Arm, Context, Row, RowKind, Study

SCALED = "share of the subject's own range, test rows included"
SIMULATED_NOTE = "simulated data: not evidence about people"


def scored(ctx: Context, system: str, splitter: str, kind: RowKind, columns: dict[str, str]) -> list[Row]:
    """Rows of one system under one splitter; ``columns`` says how each predicted column is called."""
    rows, predictions = kept_rows(ctx, readings_of(ctx)), out_of_fold(ctx, system, splitter)
    found = []
    for column, name in columns.items():
        for metric in ("rmse", "pearson") if column == "eda" else ("macro_f1",):
            interval = bootstrap_interval(
                metric, _pair(rows, predictions, column), rows["subject"].to_numpy(), resamples=ctx.resamples
            )
            found.append(
                Row.of_interval(
                    interval,
                    system=name,
                    kind=kind,
                    metric=metric,
                    subset=splitter,
                    split=f"{readings_of(ctx).folds} folds, {splitter}",
                    guarantee=GUARANTEES[splitter],
                    seeds=(ctx.settings.seed,),
                    note=SCALED if metric == "rmse" else "",
                )
            )
    return found


def _pair(rows: pd.DataFrame, predictions: pd.DataFrame, column: str) -> tuple[Any, Any]:
    kind = float if column == "eda" else object
    return rows[column].to_numpy(dtype=kind), predictions[column].to_numpy(dtype=kind)


def floors(ctx: Context) -> list[Row]:
    """What knows nothing, what knows the minute, and what knows the heart rate."""
    found = []
    for splitter in SPLITTERS:
        floor = RowKind.FLOOR
        found += scored(ctx, MEAN, splitter, floor, {"eda": MEAN, "condition": MAJORITY})
        found += scored(ctx, MINUTE_MEAN, splitter, floor, {"eda": MINUTE_MEAN, "condition": MINUTE})
        found += scored(ctx, HEART, splitter, floor, {"condition": HEART})
    return found


def classic(system: str, kind: RowKind = RowKind.BASELINE) -> Callable[[Context], Sequence[Row]]:
    """An arm of a baseline or control that predicts both."""

    def run(ctx: Context) -> list[Row]:
        columns = {"eda": system, "condition": system}
        return [row for splitter in SPLITTERS for row in scored(ctx, system, splitter, kind, columns)]

    return run


def network(system: str) -> Callable[[Context], Sequence[Row]]:
    """An arm of a network: its scores, and the constants of each fold where it has an equation."""
    about = NETWORKS[system]
    columns = {**({"eda": system} if about.eda else {}), **({"condition": system} if about.emotion else {})}
    with_equation = about.change.get("weights", (1.0, 1.0, 0.1))[2] > 0

    def run(ctx: Context) -> list[Row]:
        found = []
        for splitter in SPLITTERS:
            found += scored(ctx, system, splitter, about.kind, columns)
            if with_equation:
                found += constant_rows(ctx, system, splitter)
        return found

    return run


def constant_rows(ctx: Context, system: str, splitter: str) -> list[Row]:
    """alpha0, gamma and half-life of every fold, and their means."""
    rows, predictions = kept_rows(ctx, readings_of(ctx)), out_of_fold(ctx, system, splitter)
    seconds = float(rows.groupby("block")["block_seconds"].first().median())
    folds = fold_constants(predictions)
    sizes = predictions["fold"].value_counts()
    shared: dict[str, Any] = {
        "system": system,
        "kind": NETWORKS[system].kind,
        "guarantee": GUARANTEES[splitter],
        "split": f"{len(folds)} folds, {splitter}",
        "seeds": (ctx.settings.seed,),
    }
    found = []
    for metric, values in {
        "alpha0": [constants.alpha0 for constants in folds],
        "gamma": [constants.gamma for constants in folds],
        "half_life_seconds": [constants.half_life(seconds) for constants in folds],
    }.items():
        for number, (value, constants) in enumerate(zip(values, folds, strict=True)):
            beta = ", ".join(f"{weight:.3f}" for weight in constants.beta)
            subset = f"{splitter}, fold {number + 1}"
            found.append(
                Row(metric=metric, subset=subset, value=value, n=int(sizes[number]), note=f"beta {beta}", **shared)
            )
        spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
        note = f"standard deviation over folds {spread:.3g}; time 0..1 is {seconds:.0f} s (median block)"
        subset = f"{splitter}, mean of folds"
        found.append(Row(metric=metric, subset=subset, value=float(np.mean(values)), n=len(rows), note=note, **shared))
    return found


def comparisons(ctx: Context) -> list[Row]:
    """Paired differences on the same rows, resampled over subjects."""
    rows = kept_rows(ctx, readings_of(ctx))
    found = []

    def compare(name: str, subset: str, metric: str, one: pd.DataFrame, other: pd.DataFrame, guarantee: str) -> None:
        column = "condition" if metric == "macro_f1" else "eda"
        gold, first = _pair(rows, one, column)
        second = _pair(rows, other, column)[1]
        difference = paired_bootstrap(
            metric, gold, first, second, rows["subject"].to_numpy(), resamples=ctx.resamples, seed=ctx.settings.seed
        )
        found.append(
            Row(name, RowKind.CONTROL, f"{metric}_difference", subset, difference.value, difference.n, guarantee,
                low=difference.low, high=difference.high, clusters=difference.clusters, seeds=(ctx.settings.seed,),
                note=f"p {difference.p:.4f}")
        )  # fmt: skip

    pairs = [
        (NO_EQUATION, METRICS),
        (EDA_ONLY, METRICS[:2]),
        (EMOTION_ONLY, METRICS[2:]),
        (SVM, METRICS),
        (BOOSTING, METRICS),
    ]
    for splitter in SPLITTERS:
        full = out_of_fold(ctx, FULL, splitter)
        for other, metrics in pairs:
            for metric in metrics:
                name = difference_name(FULL, other)
                compare(name, splitter, metric, full, out_of_fold(ctx, other, splitter), GUARANTEES[splitter])
    for system in (FULL, WITH_SIGNALS, NOISE, BOOSTED_NOISE, BOOSTED_CLOCK):
        for metric in METRICS:
            name = f"{system}: {RANDOM} minus {SUBJECTS}"
            random, apart = out_of_fold(ctx, system, RANDOM), out_of_fold(ctx, system, SUBJECTS)
            compare(name, "all rows", metric, random, apart, "two splitters compared")
    return found


def forecasting(ctx: Context) -> list[Row]:
    """Errors of forecasts and their differences to the last value."""
    table = forecasts(ctx)
    kinds = {PERSISTENCE: RowKind.FLOOR, TRAIN_MEAN: RowKind.FLOOR, NETWORK: RowKind.SYSTEM}
    shared: dict[str, Any] = {
        "split": f"{readings_of(ctx).folds} folds, {SUBJECTS}",
        "guarantee": GUARANTEES[SUBJECTS],
        "seeds": (ctx.settings.seed,),
    }
    found = []
    for horizon in HORIZONS:
        own = table[table["horizon"] == horizon]
        subset, clusters = f"{horizon} s ahead, {SUBJECTS}", own["subject"].to_numpy()
        gold, last = own["gold"].to_numpy(), own[PERSISTENCE].to_numpy()
        for system in FORECASTERS:
            kind = kinds.get(system, RowKind.BASELINE)
            forecast = own[system].to_numpy()
            interval = bootstrap_interval("rmse", (gold, forecast), clusters, resamples=ctx.resamples)
            found.append(
                Row.of_interval(interval, system=system, kind=kind, metric="rmse", subset=subset, note=SCALED, **shared)
            )
            if system == PERSISTENCE:
                continue
            gap = paired_bootstrap("rmse", gold, forecast, last, clusters, resamples=ctx.resamples)
            found.append(
                Row(difference_name(system, PERSISTENCE), kind, "rmse_difference", subset, gap.value, gap.n,
                    low=gap.low, high=gap.high, clusters=gap.clusters, note=f"p {gap.p:.4f}", **shared)
            )  # fmt: skip
    return found


def recovery(ctx: Context) -> list[Row]:
    """Errors of constants that were learned from simulated skin conductance."""
    simulated = simulate(seed=ctx.settings.seed)

    def compute() -> dict[str, float]:
        found = recovered(simulated, seed=ctx.settings.seed)
        plain = abs(decay_by_least_squares(simulated.problem) / TRUE.decay - 1)
        return {**relative_errors(found, TRUE), "decay, least squares": plain}

    rows = []
    for name, error in ctx.step("recovery", compute).items():
        constant, _, how = name.partition(", ")
        rows.append(
            Row(how or FULL, RowKind.CONTROL, f"{constant}_relative_error", SIMULATED, error,
                len(simulated.problem.eda), NO_SPLIT, seeds=(ctx.settings.seed,), note=SIMULATED_NOTE)
        )  # fmt: skip
    return rows


def _arm(system: str, description: str) -> Arm:
    return Arm(system, NETWORKS[system].kind, network(system), description)


STUDY = Study(
    slug="eda_physics",
    card=1,
    title="Skin conductance and stress in one network with an equation in its loss",
    question="What is left of near-perfect numbers for skin conductance and emotion when people are kept apart, and "
    "what does the equation add?",
    paper="Interpretable Multi-Task PINN for Emotion Recognition and EDA Prediction, arXiv 2505.18169",
    corpora=(CORPUS,),
    headline=("rmse", "macro_f1", "pearson", "half_life_seconds"),
    arms=(
        Arm("floors", RowKind.FLOOR, floors, "means, most frequent condition, minute of the session, heart rate"),
        Arm(SVM, RowKind.BASELINE, classic(SVM), "radial kernel on 2,000 training rows"),
        Arm(BOOSTING, RowKind.BASELINE, classic(BOOSTING), "histogram boosting with its defaults (for XGBoost)"),
        _arm(FULL, "both tasks and the equation, pushed by the self-report"),
        _arm(EMOTION_DRIVE, "both tasks and the equation, pushed by the predicted condition"),
        _arm(WITH_SIGNALS, "as the first, and sees heart rate and skin temperature"),
        _arm(NO_EQUATION, "weight of the equation 0"),
        _arm(EDA_ONLY, "one task, no equation"),
        _arm(EMOTION_ONLY, "one task, no equation"),
        _arm(NOISE, "leak control: four random numbers a subject and block in the place of the self-report"),
        Arm(
            BOOSTED_NOISE,
            RowKind.CONTROL,
            classic(BOOSTED_NOISE, RowKind.CONTROL),
            "the same control for boosting, which learns it by heart",
        ),
        Arm(
            BOOSTED_CLOCK,
            RowKind.CONTROL,
            classic(BOOSTED_CLOCK, RowKind.CONTROL),
            "leak control: the time of the session and the true self-report",
        ),
        Arm("comparisons", RowKind.CONTROL, comparisons, "paired differences on the same rows"),
        Arm("forecasts", RowKind.FLOOR, forecasting, "1, 5 and 30 s ahead against the last value, subjects apart"),
        Arm("recovery", RowKind.CONTROL, recovery, "known constants of simulated skin conductance"),
    ),
    claims=CLAIMS,
    plots=PLOTS,
    decisions=(
        (
            "LEAK WARNING: a self-report is one constant vector a subject and condition on WESAD; with random rows it "
            "names the condition. The published numbers compare with random rows only, and on WESAD only."
        ),
        (
            "On Stress-Predict the self-report (STAI and PSS before and after) is one a session: the leak is weaker "
            "here; the control with random numbers a block shows it in full."
        ),
        "All blocks follow in the same order: the minute of the session alone tells rest from stress; it is a floor.",
        (
            "Rows are means of 10 s [inferred]; skin conductance is scaled to 0..1 by the subject's own range, "
            "test rows included, as the paper's scaled RMSE suggests [inferred]."
        ),
        "Time runs from 0 to 1 within a block, so gamma carries 1/T [inferred].",
        "d eda/dt = gamma (-alpha0 (eda - tonic) + beta . s), alpha0 and gamma by softplus, tonic 0 [inferred].",
        "Only gamma x alpha0 and gamma x beta are determined; the half-life ln 2 / (alpha0 gamma) T needs no more.",
        (
            "Trunk 64-64-32 with tanh, dropout 0.1 before the emotion head; weights 1, 1, 0.1; Adam 3e-3 (constants "
            "1e-2), cosine, at most 60 epochs, early stop on inner rows that are apart as the splitter says [inferred]."
        ),
        "Conditions: rest and stress (Stroop test, interview, hyperventilation) [inferred: the class set is open].",
        "Subjects apart means 5 folds of people, not one person a fold: a fifth of the training time.",
        "Support vectors learn from 2,000 rows; boosting is scikit-learn's in the place of XGBoost.",
        "The simulated rows are no evidence about people and stand beside no published number.",
        "Every [inferred] choice is a field of Readings in thymos.studies._eda_data.",
    ),
)
