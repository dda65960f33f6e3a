"""Scoring models on a benchmark that asks for one target emotion a clip, on a common scale of 0 to 10.

Experts rated 0, 1 or 2 (0, 5, 10 here); the heads say 0 to 4 (times 2.5); the Hume voice model says 0 to 1 (times 10)
[paper]. A model may refuse a clip: refusals are counted, and the scores are over the answered clips only, so a model
with many refusals was measured on other, perhaps easier, clips.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.measure.resampling import Interval, bootstrap_interval

METRICS = ("spearman", "pearson", "mae", "rmse")
RESAMPLES, SEED = 1_000, 42  # [paper]
# Fewer items give no correlation worth the name.
SMALLEST = 3


@dataclass(frozen=True)
class Scale:
    """A scale whose 0 is 0 and whose highest mark is 10 on the common one."""

    highest: float

    def to_ten(self, values: "pd.Series[float]") -> "pd.Series[float]":
        """The values on 0 to 10; NaN stays NaN; a value out of range is BadInput with its item."""
        numbers = values.astype(float)
        outside = ~(numbers.isna() | numbers.between(0, self.highest)).to_numpy()
        if outside.any():
            item = numbers.index[int(outside.argmax())]
            raise BadInput(f"score {numbers[item]:g} is outside 0..{self.highest:g}", where=f"item {item!r}")
        return numbers * (10 / self.highest)


SCALES: Mapping[str, Scale] = MappingProxyType(
    {"human": Scale(2), "head": Scale(4), "hume": Scale(1), "ten": Scale(10)}
)
"""Whose scale it is to the scale."""


def find_scale(name: str) -> Scale:
    """The scale of that name."""
    if name not in SCALES:
        raise BadInput(f"there is no scale {name!r}", mend=f"known: {', '.join(SCALES)}")
    return SCALES[name]


@dataclass(frozen=True)
class BenchmarkResult:
    """One model's scores on the target emotions.

    Args:
        items: clips that were asked.
        refused: clips without a score.
        scores: metric to its interval over the answered clips (0 to 10 scale); a metric that is undefined is absent.
        by_emotion: one row an emotion: items, refused, and each metric; NaN where there are too few clips.
    """

    items: int
    refused: int
    scores: Mapping[str, Interval]
    by_emotion: pd.DataFrame

    @property
    def refusal_rate(self) -> float:
        """Share of clips without a score."""
        return self.refused / self.items


def expert_targets(annotations: Annotations) -> pd.DataFrame:
    """Which emotion each clip was rated for and how strongly, from ratings of one emotion a clip.

    Returns:
        Indexed by item: ``emotion``, ``gold`` (mean of the experts, 0 to 10; the mean is ours [inferred]),
        ``raters``.

    Raises:
        BadInput: a clip that was rated for two emotions.
    """
    table = annotations.table
    rows = pd.DataFrame(
        {
            "item": table["item"].astype(str),
            "emotion": table["label"].astype(str),
            "gold": table["value"].to_numpy(dtype=float),
        }
    )
    several = rows.groupby("item")["emotion"].nunique()
    if (several > 1).any():
        raise BadInput("this clip was rated for two emotions", where=f"item {several.idxmax()!r}")
    grouped = rows.groupby("item", sort=False)
    targets = grouped.agg(emotion=("emotion", "first"), gold=("gold", "mean"), raters=("gold", "size"))
    targets["gold"] = SCALES["human"].to_ten(targets["gold"])
    return targets


def score_targets(
    targets: pd.DataFrame,
    predictions: pd.DataFrame,
    scale: str = "head",
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> BenchmarkResult:
    """Compare a model with the experts on each clip's target emotion.

    Args:
        targets: columns ``emotion`` and ``gold`` (0 to 10), indexed by item.
        predictions: one column an emotion on the named scale; NaN, or a missing row, is a refusal.
        scale: a name of ``SCALES``.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        BadInput: an emotion that the model has no column for, a score out of range, fewer than 3 answers.
    """
    columns = pd.Index(predictions.columns).get_indexer(pd.Index(targets["emotion"]))
    if (columns < 0).any():
        emotion = targets["emotion"].iloc[int((columns < 0).argmax())]
        raise BadInput(f"column {emotion!r} is missing", where="predictions", mend="score every target emotion")
    values = predictions.reindex(targets.index).to_numpy(dtype=float)[np.arange(len(targets)), columns]
    predicted = find_scale(scale).to_ten(pd.Series(values, index=targets.index))
    answered = predicted.notna().to_numpy()
    if answered.sum() < SMALLEST:
        raise BadInput(f"{int(answered.sum())} of {len(targets)} clips were answered", where="predictions")
    gold, given = targets["gold"].to_numpy(dtype=float)[answered], predicted.to_numpy()[answered]
    scores = {metric: bootstrap_interval(metric, (gold, given), resamples=resamples, seed=seed) for metric in METRICS}
    rows = {}
    for emotion, part in targets.groupby("emotion"):
        mine = predicted[part.index]
        kept = mine.notna()
        row: dict[str, float] = {"items": len(part), "refused": int((~kept).sum())}
        for metric in METRICS:
            pair = (part["gold"][kept].to_numpy(dtype=float), mine[kept].to_numpy())
            row[metric] = score_function(metric)(*pair) if kept.sum() >= SMALLEST else float("nan")
        rows[str(emotion)] = row
    by_emotion = pd.DataFrame.from_dict(rows, orient="index").rename_axis("emotion")
    return BenchmarkResult(len(targets), int((~answered).sum()), MappingProxyType(scores), by_emotion)
