"""Scores of the same items under several conditions: the table that paired effects are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, Integers

COLUMNS = ("item", "suite", "task", "condition", "cluster", "score")
Conditions = str | Sequence[str]


@dataclass(frozen=True)
class ScoreTable:
    """Scores of the same items under several conditions.

    Args:
        conditions: names, the columns of ``scores``.
        scores: shape (items, conditions).
        items: ids.
        tasks: task code of each item, 0, 1, ...
        clusters: cluster code of each item; a cluster lies within one task.
        names: task names by code, ``"suite/task"``.
    """

    conditions: tuple[str, ...]
    scores: Floats
    items: tuple[str, ...]
    tasks: Integers
    clusters: Integers
    names: tuple[str, ...]

    def column(self, conditions: Conditions) -> Floats:
        """Score of each item under a condition, or its mean over several."""
        wanted = condition_names(conditions)
        missing = [name for name in wanted if name not in self.conditions]
        if missing:
            raise BadInput(f"there is no condition {missing[0]!r}", mend=f"known: {', '.join(self.conditions)}")
        return np.asarray(self.scores[:, [self.conditions.index(name) for name in wanted]].mean(axis=1))

    def task_means(self, values: Floats) -> Floats:
        """Mean of one value an item within each task, shape (tasks,)."""
        return np.asarray(np.bincount(self.tasks, weights=values) / np.bincount(self.tasks))


def normalized_score(score: Floats, chance: Floats) -> Floats:
    """Score on the scale of BIG-bench's preferred metric as a fraction: 0 is chance, 1 is perfect, below 0 is worse.

    Example:
        >>> normalized_score(np.array([0.5, 1.0, 0.0]), np.array([0.5, 0.5, 0.5])).tolist()
        [0.0, 1.0, -1.0]
    """
    if (chance >= 1).any():
        raise BadInput("chance is 1, so nothing can be better", where="normalized score")
    return np.asarray((score - chance) / (1 - chance))


def score_table(outcomes: pd.DataFrame, conditions: Sequence[str] = (), *, normalized: bool = False) -> ScoreTable:
    """Items × conditions from the rows of ``thymos.assess.engine.evaluate``.

    Args:
        outcomes: one row a trial with the columns item, suite, task, condition, cluster and score, and chance where
            normalized.
        conditions: which to take; all when empty.
        normalized: see :func:`normalized_score`.

    Raises:
        BadInput: a column is missing, a score is NaN, a trial stands twice, or an item lacks a condition.
    """
    needed = (*COLUMNS, "chance") if normalized else COLUMNS
    missing = [name for name in needed if name not in outcomes.columns]
    if missing:
        raise BadInput(f"there is no column {missing[0]!r}", where="outcomes")
    wanted = tuple(dict.fromkeys(conditions or outcomes["condition"]))
    rows = outcomes[outcomes["condition"].isin(wanted)]
    absent = sorted(set(wanted) - set(rows["condition"]))
    if absent or rows.empty:
        raise BadInput(f"there is no trial of {absent[0]!r}" if absent else "there is no trial", where="outcomes")
    twice = rows.duplicated(["item", "condition"])
    if twice.any():
        first = rows[twice].iloc[0]
        raise BadInput(f"item {first['item']!r} stands twice under {first['condition']!r}", where="outcomes")
    values = rows["score"].to_numpy(dtype=float)
    if normalized:
        values = normalized_score(values, rows["chance"].to_numpy(dtype=float))
    wide = rows.assign(value=values).pivot_table(index="item", columns="condition", values="value", sort=False)
    if wide[list(wanted)].isna().to_numpy().any() or len(wide) * len(wanted) != len(rows):
        raise BadInput("not every item has a score under every condition", where="outcomes")
    about = rows.drop_duplicates("item").set_index("item").loc[wide.index]
    names = about["suite"] + "/" + about["task"]
    tasks, task_names = pd.factorize(names)
    # The same cluster name in two tasks is two clusters: resampling is within tasks.
    clusters, _ = pd.factorize(names + "|" + about["cluster"].astype(str))
    return ScoreTable(
        wanted,
        wide[list(wanted)].to_numpy(dtype=float),
        tuple(map(str, wide.index)),
        tasks.astype(np.int64),
        clusters.astype(np.int64),
        tuple(map(str, task_names)),
    )


def condition_names(conditions: Conditions) -> tuple[str, ...]:
    """One condition or several as a tuple."""
    names = (conditions,) if isinstance(conditions, str) else tuple(conditions)
    if not names:
        raise BadInput("there is no condition", where="effect")
    return names
