"""Systems of ``eda_physics`` and their predictions on rows that their training did not see."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.svm import SVC, SVR

from thymos.measure.floors import lookup_mean_floor, majority_floor, mean_floor
from thymos.measure.registry import score_function
from thymos.studies._eda_data import (
    SPLITTERS,
    SUBJECTS,
    Floats,
    Integers,
    Readings,
    folds_of,
    kept_rows,
    standardized_inputs,
    units_of,
)
from thymos.studies._eda_network import Constants, Problem, train
from thymos.studies.contract import Context, RowKind

FULL, EMOTION_DRIVE, WITH_SIGNALS = (
    "network with equation, self-report drive",
    "network with equation, emotion drive",
    "network with equation, heart rate and temperature as inputs",
)
NO_EQUATION, EDA_ONLY, EMOTION_ONLY = "network without equation", "network, EDA only", "network, emotion only"
NOISE = "network with equation, random numbers as self-report"
SVM, BOOSTING = "support vector machine", "gradient boosting"
BOOSTED_NOISE = "gradient boosting, random numbers as self-report"
BOOSTED_CLOCK = "gradient boosting, session time instead of block time"
MEAN, MINUTE_MEAN = "mean of training rows", "mean at the minute of the session"
MAJORITY, HEART, MINUTE = "most frequent condition", "heart rate threshold", "minute of the session"
INNER_SHARE = 0.1  # of the training units; they only decide when to stop
SVM_ROWS = 2_000  # drawn from the training rows: the machine's time grows with their square
MINUTE_SECONDS = 60.0
NOISE_NUMBERS = 4  # as many as the self-report has


@dataclass(frozen=True)
class Network:
    """A variant of the network.

    Args:
        kind: of its rows.
        change: readings that differ.
        noise: random numbers, one set a block, in the place of the self-report.
        eda: predicts skin conductance.
        emotion: predicts the condition.
    """

    kind: RowKind
    change: dict[str, Any]
    noise: bool = False
    eda: bool = True
    emotion: bool = True


NETWORKS: dict[str, Network] = {
    FULL: Network(RowKind.SYSTEM, {}),
    EMOTION_DRIVE: Network(RowKind.SYSTEM, {"drive": "emotion"}),
    WITH_SIGNALS: Network(RowKind.SYSTEM, {"inputs": "self-report and signals"}),
    NO_EQUATION: Network(RowKind.ABLATION, {"weights": (1.0, 1.0, 0.0)}),
    EDA_ONLY: Network(RowKind.BASELINE, {"weights": (1.0, 0.0, 0.0)}, emotion=False),
    EMOTION_ONLY: Network(RowKind.BASELINE, {"weights": (0.0, 1.0, 0.0)}, eda=False),
    NOISE: Network(RowKind.CONTROL, {}, noise=True),
}


def readings_of(ctx: Context) -> Readings:
    """The card's readings; a quick run has fewer rows, folds and epochs."""
    if ctx.settings.quick:
        return Readings(seconds=20.0, epochs=20, patience=6, folds=3, batch=256, hidden=(32, 32))
    return Readings()


def out_of_fold(ctx: Context, system: str, splitter: str) -> pd.DataFrame:
    """Predictions of a system for every row, kept as a table of the run.

    Returns:
        Columns ``fold``; ``eda`` and ``condition`` where the system predicts them; for networks also ``epochs``,
        ``alpha0``, ``gamma`` and ``beta_<k>`` of the row's fold. The index is that of ``kept_rows``.
    """
    name = f"predictions-{list(_MAKERS).index(system)}-{SPLITTERS.index(splitter)}"
    return ctx.table(name, lambda: _MAKERS[system](ctx, system, splitter))


def conditions_of(rows: pd.DataFrame) -> list[str]:
    """The classes, sorted."""
    return sorted(rows["condition"].unique())


# -- networks ---------------------------------------------------------------------------------------------------------


def problem_of(rows: pd.DataFrame, readings: Readings, *, noise_seed: int | None = None) -> Problem:
    """The rows as arrays; with ``noise_seed`` the self-report is random numbers, one set a block."""
    inputs = standardized_inputs(rows, readings)
    if noise_seed is not None:
        numbers, _ = pd.factorize(rows["block"])
        noise = np.random.default_rng(noise_seed).standard_normal((int(numbers.max()) + 1, NOISE_NUMBERS))
        inputs[:, :NOISE_NUMBERS] = noise[numbers]
    classes = conditions_of(rows)
    return Problem(
        time=rows["time"].to_numpy(dtype=float),
        inputs=inputs,
        drive=inputs[:, :NOISE_NUMBERS],
        subject=pd.factorize(rows["subject"])[0].astype(np.int64),
        eda=rows["eda"].to_numpy(dtype=float),
        condition=rows["condition"].map({name: code for code, name in enumerate(classes)}).to_numpy(np.int64),
        conditions=len(classes),
    )


def inner_split(rows: pd.DataFrame, train_rows: Integers, splitter: str, seed: int) -> tuple[Integers, Integers]:
    """Training rows divided into those to learn from and those that decide when to stop, apart as the splitter says."""
    units = units_of(rows, splitter)[train_rows]
    names = pd.unique(units)
    count = max(1, round(INNER_SHARE * len(names)))
    held = np.random.default_rng(seed).permutation(len(names))[:count]
    outside = np.isin(units, names[held])
    return train_rows[~outside], train_rows[outside]


def _network(ctx: Context, system: str, splitter: str) -> pd.DataFrame:
    about = NETWORKS[system]
    readings = replace(readings_of(ctx), **about.change)
    rows, seed = kept_rows(ctx, readings_of(ctx)), ctx.settings.seed
    problem = problem_of(rows, readings, noise_seed=seed if about.noise else None)
    classes = np.array(conditions_of(rows), dtype=object)
    everything = problem.batch()
    parts = []
    folds = folds_of(rows, splitter, readings.folds, seed)
    for number, (kept, test) in enumerate(ctx.track(folds, f"{system}, {splitter}")):
        learn, watch = inner_split(rows, kept, splitter, seed + number)
        fitted = train(problem, learn, watch, readings, seed=seed + number)
        table = pd.DataFrame({"fold": number, "epochs": fitted.epochs}, index=rows.index[test])
        eda, shares = fitted.predict(everything)
        if about.eda:
            table["eda"] = eda[test]
        if about.emotion:
            table["condition"] = classes[shares[test].argmax(axis=1)]
        constants = fitted.network.constants()
        table["alpha0"], table["gamma"] = constants.alpha0, constants.gamma
        for entry, weight in enumerate(constants.beta):
            table[f"beta_{entry}"] = weight
        parts.append(table)
    return pd.concat(parts).sort_index()


def fold_constants(predictions: pd.DataFrame) -> list[Constants]:
    """The learned constants of each fold, from a table of ``out_of_fold``."""
    found = []
    for _, own in predictions.groupby("fold"):
        first = own.iloc[0]
        beta = first[[name for name in own.columns if str(name).startswith("beta_")]].to_numpy(dtype=float)
        found.append(Constants(float(first["alpha0"]), beta, float(first["gamma"])))
    return found


# -- baselines and floors ---------------------------------------------------------------------------------------------


def _by_fold(fit_predict: Callable[..., dict[str, Any]]) -> Callable[[Context, str, str], pd.DataFrame]:
    """A system that is fitted once a fold: ``fit_predict(rows, inputs, kept, test, seed)`` gives columns."""

    def run(ctx: Context, system: str, splitter: str) -> pd.DataFrame:
        readings = readings_of(ctx)
        rows, seed = kept_rows(ctx, readings), ctx.settings.seed
        problem = problem_of(rows, readings, noise_seed=seed if system == BOOSTED_NOISE else None)
        time = rows["session"].to_numpy(dtype=float) if system == BOOSTED_CLOCK else problem.time
        inputs = np.column_stack([time, problem.inputs])
        parts = []
        for number, (kept, test) in enumerate(folds_of(rows, splitter, readings.folds, seed)):
            columns = fit_predict(rows, inputs, kept, test, seed + number)
            parts.append(pd.DataFrame({"fold": number, **columns}, index=rows.index[test]))
        return pd.concat(parts).sort_index()

    return run


def _support_vectors(rows: pd.DataFrame, inputs: Floats, kept: Integers, test: Integers, seed: int) -> dict[str, Any]:
    drawn = np.random.default_rng(seed).permutation(kept)[:SVM_ROWS]
    regressor = SVR().fit(inputs[drawn], rows["eda"].to_numpy()[drawn])
    classifier = SVC(class_weight="balanced").fit(inputs[drawn], rows["condition"].to_numpy()[drawn])
    return {"eda": regressor.predict(inputs[test]), "condition": classifier.predict(inputs[test])}


def _boosting(rows: pd.DataFrame, inputs: Floats, kept: Integers, test: Integers, seed: int) -> dict[str, Any]:
    regressor = HistGradientBoostingRegressor(random_state=seed).fit(inputs[kept], rows["eda"].to_numpy()[kept])
    classifier = HistGradientBoostingClassifier(class_weight="balanced", random_state=seed)
    classifier.fit(inputs[kept], rows["condition"].to_numpy()[kept])
    return {"eda": regressor.predict(inputs[test]), "condition": classifier.predict(inputs[test])}


def _means(rows: pd.DataFrame, inputs: Floats, kept: Integers, test: Integers, seed: int) -> dict[str, Any]:
    return {
        "eda": mean_floor(rows["eda"].to_numpy()[kept], len(test)),
        "condition": majority_floor(rows["condition"].to_numpy()[kept], len(test)),
    }


def _minutes(rows: pd.DataFrame, inputs: Floats, kept: Integers, test: Integers, seed: int) -> dict[str, Any]:
    minute = (rows["session"] // MINUTE_SECONDS).astype(int).to_numpy()
    eda = lookup_mean_floor(minute[kept], rows["eda"].to_numpy()[kept], minute[test])
    # Most probable relative to how frequent each condition is, so that rare ones are named at all.
    condition = rows["condition"].to_numpy(dtype=object)
    shares = pd.crosstab(minute[kept], condition[kept], normalize="index")
    relative = shares / pd.Series(condition[kept]).value_counts(normalize=True)
    best = relative.idxmax(axis=1)
    usual = str(pd.Series(condition[kept]).mode()[0])
    return {"eda": eda, "condition": pd.Series(minute[test]).map(best).fillna(usual).to_numpy(dtype=object)}


def _heart_threshold(rows: pd.DataFrame, inputs: Floats, kept: Integers, test: Integers, seed: int) -> dict[str, Any]:
    """Anything but rest above the heart rate, relative to the subject, that does best on training rows."""
    rate = rows["heart_rate"].fillna(rows["heart_rate"].median())
    relative = (rate - rate.groupby(rows["subject"]).transform("mean")).to_numpy()
    condition = rows["condition"].to_numpy(dtype=object)
    classes = conditions_of(rows)
    active = max((name for name in classes if name != "rest"), key=lambda name: int((condition[kept] == name).sum()))
    macro_f1 = score_function("macro_f1")
    limits = np.quantile(relative[kept], np.linspace(0.05, 0.95, 37))
    best = max(limits, key=lambda limit: macro_f1(condition[kept], np.where(relative[kept] > limit, active, "rest")))
    return {"condition": np.where(relative[test] > best, active, "rest").astype(object)}


_MAKERS: dict[str, Callable[[Context, str, str], pd.DataFrame]] = {
    **dict.fromkeys(NETWORKS, _network),
    SVM: _by_fold(_support_vectors),
    **dict.fromkeys((BOOSTING, BOOSTED_NOISE, BOOSTED_CLOCK), _by_fold(_boosting)),
    MEAN: _by_fold(_means),
    MINUTE_MEAN: _by_fold(_minutes),
    HEART: _by_fold(_heart_threshold),
}

__all__ = ["NETWORKS", "SPLITTERS", "SUBJECTS", "conditions_of", "fold_constants", "out_of_fold", "readings_of"]
