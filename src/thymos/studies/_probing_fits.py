"""Fitting the probes of ``emotion_probing``: chosen on development posts, kept as tables, turned into rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.interpret.pooled_states import LAST
from thymos.interpret.probe_base import Floats
from thymos.interpret.probes import LinearProbe, MLPProbe, Probe
from thymos.measure.resampling import bootstrap_interval
from thymos.studies._probing_data import (
    CORPUS,
    DEPTHS,
    INNER,
    Data,
    States,
    Variant,
    data,
    percent,
    sizes,
    states_of,
)
from thymos.studies.contract import Context, Row, RowKind

LINEAR, MLP = "linear", "MLP"
KINDS = (LINEAR, MLP)
TEST, DEVELOPMENT = "balanced test", "balanced development"
COSTS = (0.0003, 0.001, 0.003, 0.01, 0.1)
RECIPES: tuple[dict[str, Any], ...] = (
    {"learning_rate": 1e-4, "epochs": 1},  # the paper's, on 20 times as many posts
    {"learning_rate": 1e-4, "epochs": 10},
    {"learning_rate": 3e-4, "epochs": 10},
    {"learning_rate": 1e-3, "epochs": 10},
)
"""What the two-layer probe is chosen from, by accuracy on development posts."""
Hits = npt.NDArray[np.float64]


def candidates(kind: str) -> list[dict[str, Any]]:
    """Settings to choose from."""
    return [{"cost": cost} for cost in COSTS] if kind == LINEAR else [dict(recipe) for recipe in RECIPES]


def build(kind: str, settings: Mapping[str, Any], seed: int) -> Probe:
    """An unfitted probe."""
    return LinearProbe(**settings) if kind == LINEAR else MLPProbe(**settings, seed=seed)


def choose(
    fit: Callable[[Mapping[str, Any]], Probe],
    options: Sequence[Mapping[str, Any]],
    development: tuple[Floats, npt.NDArray[np.object_]],
) -> tuple[Probe, Mapping[str, Any]]:
    """The fitted probe with the highest accuracy on development posts (the first of equals), and its settings."""
    fitted = [fit(settings) for settings in options]
    scores = [probe.score(*development) for probe in fitted]
    best = int(np.argmax(scores))
    return fitted[best], options[best]


def fit_kind(kind: str, states: Mapping[str, Floats], found: Data, seeds: Sequence[int]) -> pd.DataFrame:
    """Predictions of one kind of probe on development and test posts, one block a seed.

    Settings are chosen with the first seed. The linear probe has no seed: it stands once.
    """
    labels = found.train.labels

    def fit(settings: Mapping[str, Any], seed: int) -> Probe:
        return build(kind, settings, seed).fit(states["train"], labels)

    first, settings = choose(partial(fit, seed=seeds[0]), candidates(kind), (states["dev"], found.dev.labels))
    words = ", ".join(f"{name} {value:g}" for name, value in settings.items())
    blocks = []
    for seed in seeds[:1] if kind == LINEAR else seeds:
        probe = first if seed == seeds[0] else fit(settings, seed)
        for part, posts in (("dev", found.dev), ("test", found.test)):
            blocks.append(
                pd.DataFrame(
                    {
                        "kind": kind,
                        "seed": seed,
                        "part": part,
                        "item": posts.items,
                        "gold": posts.labels,
                        "predicted": probe.predict(states[part]),
                        "settings": words,
                    }
                )
            )
    return pd.concat(blocks, ignore_index=True)


def settings_of(words: str) -> dict[str, Any]:
    """The inverse of how settings are written into a table."""
    pairs = [part.rpartition(" ") for part in words.split(", ")]
    return {name: int(value) if name == "epochs" else float(value) for name, _, value in pairs}


def seeds_of(ctx: Context) -> list[int]:
    """Seeds of the two-layer probes."""
    return [ctx.settings.seed + number for number in range(sizes(ctx.settings).seeds)]


def probe_table(ctx: Context, variant: Variant, depth: float, pooling: str = LAST) -> pd.DataFrame:
    """Predictions of both kinds of probes at a depth; kept as a table of the run."""
    return depth_tables(ctx, variant, [depth], pooling)[depth]


def depth_tables(
    ctx: Context, variant: Variant, depths: Sequence[float] = DEPTHS, pooling: str = LAST
) -> dict[float, pd.DataFrame]:
    """The tables of several depths; states are only read where a table is missing."""
    loaded: list[tuple[States, Data]] = []

    def compute(depth: float) -> pd.DataFrame:
        if not loaded:
            loaded.append((states_of(ctx, variant), data(ctx)))
        states, found = loaded[0]
        at_depth = states.at(depth, pooling)
        return pd.concat([fit_kind(kind, at_depth, found, seeds_of(ctx)) for kind in KINDS], ignore_index=True)

    names = {depth: f"probes_{variant.key}_{pooling}_{round(100 * depth):03d}" for depth in depths}
    return {depth: ctx.table(name, partial(compute, depth)) for depth, name in names.items()}


# -- scores ---------------------------------------------------------------------------------------------------------


def hits(table: pd.DataFrame, kind: str, part: str = "test") -> Hits:
    """For each post the share of seeds that found its emotion, in the order of the posts."""
    own = table[(table["kind"] == kind) & (table["part"] == part)]
    right = (own["gold"] == own["predicted"]).to_numpy(dtype=float)
    return np.asarray(right.reshape(own["seed"].nunique(), -1).mean(axis=0))


def best_depth(tables: Mapping[float, pd.DataFrame], kind: str, depths: Sequence[float] = DEPTHS) -> float:
    """The depth with the highest accuracy on development posts; the first of equals."""
    return max(depths, key=lambda depth: hits(tables[depth], kind, "dev").mean())


def inner_depth(tables: Mapping[float, pd.DataFrame], kind: str) -> float:
    """The same among the depths inside the network."""
    return best_depth(tables, kind, INNER)


def probe_name(kind: str, variant: Variant, depth: float | None = None, pooling: str = LAST) -> str:
    """How a probe is called in rows.

    Example:
        >>> probe_name("MLP", Variant("chat", "chat template", True), 0.5)
        'MLP probe, chat template, 50 % depth'
    """
    parts = [f"{kind} probe", variant.name]
    parts += ["mean over tokens"] if pooling != LAST else []
    return ", ".join(parts if depth is None else [*parts, f"{percent(depth)} depth"])


@dataclass(frozen=True)
class Scorer:
    """Makes rows of scores on the posts of a run: same split, guarantee and resamples.

    Args:
        ctx: of the run.
        seeds: that the rows name.
    """

    ctx: Context
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, ctx: Context) -> "Scorer":
        """The scorer of a run."""
        return cls(ctx, tuple(seeds_of(ctx)))

    def mean(
        self,
        values: npt.ArrayLike,
        system: str,
        kind: RowKind,
        metric: str = "accuracy",
        subset: str = TEST,
        *,
        note: str = "",
        clusters: Sequence[str] | None = None,
        seeds: tuple[int, ...] | None = None,
    ) -> Row:
        """A row of the mean over items with a bootstrap interval, or with the reason why there is none."""
        numbers = np.asarray(values, dtype=float)
        common: dict[str, Any] = {"system": system, "kind": kind, "metric": metric, "subset": subset}
        common |= {"split": "official", "guarantee": self.guarantee}
        common["seeds"] = self.seeds if seeds is None else seeds
        why = no_interval(numbers, clusters)
        if why:
            value = float(numbers.mean()) if len(numbers) else None
            return Row(value=value, n=len(numbers), note=f"{why}; {note}".removesuffix("; "), **common)
        found = bootstrap_interval(
            "mean", (numbers,), clusters, resamples=self.ctx.resamples, seed=self.ctx.settings.seed
        )
        return Row.of_interval(found, note=note, **common)

    def statistic(
        self,
        function: Callable[..., float],
        arrays: Sequence[Any],
        system: str,
        metric: str,
        subset: str,
        *,
        kind: RowKind = RowKind.SYSTEM,
        note: str = "",
    ) -> Row:
        """A row of any statistic of items."""
        found = bootstrap_interval(function, arrays, resamples=self.ctx.resamples, seed=self.ctx.settings.seed)
        return Row.of_interval(
            found, system=system, kind=kind, metric=metric, subset=subset, split="official", guarantee=self.guarantee,
            seeds=self.seeds, note=note,
        )  # fmt: skip

    @property
    def guarantee(self) -> str:
        """What the official split keeps apart."""
        return self.ctx.corpus(CORPUS).split().guarantee


def no_interval(values: Hits, clusters: Sequence[str] | None) -> str:
    """Why a mean has no interval; empty where it has one."""
    if not len(values):
        return "no item"
    if len(set(clusters) if clusters is not None else values) < 2:
        return "too few items for an interval"
    # An interval of no width would claim a certainty that so few items cannot give.
    return "no interval: every item is alike" if np.ptp(values) == 0 else ""


def probe_rows(
    ctx: Context,
    variant: Variant,
    tables: Mapping[float, pd.DataFrame],
    *,
    kind: RowKind = RowKind.SYSTEM,
    pooling: str = LAST,
    note: str = "",
) -> list[Row]:
    """Accuracy of both kinds at each depth, on test and (what choices were made by) on development posts."""
    scorer = Scorer.of(ctx)
    rows = []
    for probe in KINDS:
        for depth, table in tables.items():
            name = probe_name(probe, variant, depth, pooling)
            chosen = table.loc[table["kind"] == probe, "settings"].iloc[0]
            said = "; ".join(part for part in (f"chosen on development posts: {chosen}", note) if part)
            seeds = scorer.seeds if probe == MLP else (ctx.settings.seed,)
            rows.append(scorer.mean(hits(table, probe), name, kind, note=said, seeds=seeds))
            development = hits(table, probe, "dev")
            rows.append(
                scorer.mean(development, name, kind, "development_accuracy", DEVELOPMENT, note=said, seeds=seeds)
            )
    return rows


def refit(ctx: Context, variant: Variant, depth: float, kind: str, pooling: str = LAST) -> Probe:
    """The probe of a table again, with the first seed: for texts that are not in the table."""
    table = probe_table(ctx, variant, depth, pooling)
    settings = settings_of(table.loc[table["kind"] == kind, "settings"].iloc[0])
    states = states_of(ctx, variant).at(depth, pooling)
    return build(kind, settings, ctx.settings.seed).fit(states["train"], data(ctx).train.labels)
