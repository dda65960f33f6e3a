"""Does anything forecast skin conductance better than its last value? Horizons of 1, 5 and 30 s, subjects apart.

The network sees the last half minute and the self-report, and its time input is the horizon: the equation is asked
between now and 30 s from now. Its output starts at the last value, so that it is persistence plus a correction.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from torch import Tensor

from thymos.media.wristband import read_wristband
from thymos.studies._eda_data import (
    CORPUS,
    SELF_REPORT,
    SUBJECTS,
    Floats,
    Integers,
    Readings,
    folds_of,
    recording_rows,
    scaled,
    used_items,
)
from thymos.studies._eda_network import PhysicsNetwork, Problem, train
from thymos.studies._eda_systems import inner_split, readings_of
from thymos.studies.contract import Context

HORIZONS = (1, 5, 30)  # seconds
LAGS = (1, 2, 3, 5, 10, 20, 30)  # seconds before now
PERSISTENCE, TRAIN_MEAN = "last value", "mean of training rows"
RIDGE, BOOSTED, NETWORK = "ridge regression on lags", "gradient boosting on lags", "network with equation on lags"
STEP = 10  # seconds between two moments that are forecast
LAG_SCALE = 10.0  # changes over seconds are some hundredths of the range
FORECAST_EPOCHS = 12
FORECASTERS = (PERSISTENCE, TRAIN_MEAN, RIDGE, BOOSTED, NETWORK)


def moments(ctx: Context) -> pd.DataFrame:
    """Moments to forecast from: value now, changes since the lags, values at the horizons; one row each.

    Values are means of one second, scaled to 0..1 by the subject's own range.
    """

    def compute() -> pd.DataFrame:
        corpus = ctx.corpus(CORPUS)
        parts = []
        for item in ctx.track(used_items(ctx), "reading seconds"):
            about = corpus.items.loc[item]
            table = recording_rows(read_wristband(str(about["folder"])), 1.0)
            second = np.floor(table["session"].to_numpy()).astype(int)
            series = pd.Series(scaled(table["microsiemens"].to_numpy(), "range"), index=second)
            part = moments_of(series.reindex(range(second.min(), second.max() + 1)))
            part["subject"] = str(about["subject"])
            for name in SELF_REPORT:
                part[name] = float(about[name])
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    return ctx.table("moments", compute)


def moments_of(series: pd.Series) -> pd.DataFrame:
    """The moments of one recording.

    Args:
        series: one value a second, indexed by whole seconds without a hole; NaN where nothing was measured.
    """
    columns = {"now": series}
    columns |= {f"lag_{lag}": series - series.shift(lag) for lag in LAGS}
    columns |= {f"in_{horizon}": series.shift(-horizon) for horizon in HORIZONS}
    table = pd.DataFrame(columns).dropna()
    return table[table.index % STEP == 0].rename_axis(index="second").reset_index()


def lag_inputs(table: pd.DataFrame) -> Floats:
    """Value now and the changes that led to it."""
    changes = table[[f"lag_{lag}" for lag in LAGS]].to_numpy(dtype=float) * LAG_SCALE
    return np.column_stack([table["now"].to_numpy(dtype=float), changes])


class ForecastNetwork(PhysicsNetwork):
    """The network whose skin conductance starts at the last value (the first input) at time 0."""

    def forward(self, time: Tensor, inputs: Tensor, *, dropout: bool = False) -> tuple[Tensor, Tensor]:
        """Skin conductance at a share ``time`` of the longest horizon."""
        change, logits = super().forward(time, inputs, dropout=dropout)
        return inputs[:, 0] + time[:, 0] * change, logits


def forecasts(ctx: Context) -> pd.DataFrame:
    """Forecasts of all systems for every moment of subjects that their training did not see.

    Returns:
        Long table: ``subject``, ``horizon``, ``gold``, and one column a system.
    """
    return ctx.table("forecasts", lambda: _forecasts(ctx))


def _forecasts(ctx: Context) -> pd.DataFrame:
    table, seed = moments(ctx), ctx.settings.seed
    readings = replace(readings_of(ctx), weights=(1.0, 0.0, 0.1))
    if not ctx.settings.quick:
        readings = replace(readings, epochs=FORECAST_EPOCHS)
    inputs = lag_inputs(table)
    now = inputs[:, 0]
    parts = []
    folds = folds_of(table, SUBJECTS, readings.folds, seed)
    for number, (kept, test) in enumerate(ctx.track(folds, "forecasts")):
        learn, watch = inner_split(table, kept, SUBJECTS, seed + number)
        network = _network_forecasts(table, inputs, learn, watch, test, readings, seed + number)
        for horizon in HORIZONS:
            gold = table[f"in_{horizon}"].to_numpy(dtype=float)
            change = gold - now
            ridge = Ridge(alpha=1.0).fit(inputs[kept], change[kept])
            boosted = HistGradientBoostingRegressor(random_state=seed).fit(inputs[kept], change[kept])
            parts.append(
                pd.DataFrame(
                    {
                        "subject": table["subject"].to_numpy()[test],
                        "horizon": horizon,
                        "gold": gold[test],
                        PERSISTENCE: now[test],
                        TRAIN_MEAN: gold[kept].mean(),
                        RIDGE: now[test] + ridge.predict(inputs[test]),
                        BOOSTED: now[test] + boosted.predict(inputs[test]),
                        NETWORK: network[horizon],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def _network_forecasts(
    table: pd.DataFrame,
    inputs: Floats,
    learn: Integers,
    watch: Integers,
    test: Integers,
    readings: Readings,
    seed: int,
) -> dict[int, Floats]:
    """One network for all horizons: every moment stands once a horizon."""
    report = table[list(SELF_REPORT)].astype(float)
    report = ((report - report.mean()) / report.std().clip(lower=1e-6)).to_numpy()
    count, copies = len(table), len(HORIZONS)
    problem = Problem(
        time=np.repeat(np.array(HORIZONS) / HORIZONS[-1], count),
        inputs=np.tile(np.column_stack([inputs, report]), (copies, 1)),
        drive=np.tile(report, (copies, 1)),
        subject=np.tile(pd.factorize(table["subject"])[0], copies).astype(np.int64),
        eda=np.concatenate([table[f"in_{horizon}"].to_numpy(dtype=float) for horizon in HORIZONS]),
        condition=np.zeros(count * copies, dtype=np.int64),
        conditions=1,
    )
    shifts = np.arange(copies)[:, None] * count
    kept, outside = ((shifts + part).ravel() for part in (learn, watch))
    fitted = train(problem, kept, outside, readings, seed=seed, kind=ForecastNetwork)
    rows = problem.batch()
    eda, _ = fitted.predict(rows)
    return {horizon: eda[number * count + test] for number, horizon in enumerate(HORIZONS)}
