"""What is trained on acted speech in the study of fine-grained voice scores, from floors to full-sequence heads.

Every system takes a table of recordings and gives a score for every class; the class with the highest score is its
answer. Nothing is selected, so that no development part is needed: the discriminant has no setting to choose, and the
heads keep the settings that stand here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from thymos.measure.floors import most_frequent
from thymos.perceive.fine_grained.head_bank import HeadBank
from thymos.perceive.fine_grained.heads import HIGHEST
from thymos.perceive.fine_grained.pooling import MEAN_ONLY
from thymos.studies._voice_features import (
    duration_part,
    functional_part,
    pooled_part,
    sequence_part,
    whisper_mean_part,
)
from thymos.studies.contract import RowKind

Part = Callable[[pd.DataFrame], Any]
Train = Callable[[Any, "pd.Series[str]", Any, bool], pd.DataFrame]

MAJORITY, DURATION = "most frequent class", "durations alone, linear"
MEAN, POOLED, FUNCTIONALS = "mean of the frames, linear", "mean, min, max, std, linear", "functionals, linear"
HEADS, HEADS_BALANCED = "pooled heads", "pooled heads, balanced loss"
SEQUENCE = "full-sequence heads"
WHISPER_MEAN, WHISPER_POOLED = "Whisper mean, linear", "Whisper mean, min, max, std, linear"
WHISPER_HEADS = "Whisper pooled heads"
UNTUNED = "last states of frozen Whisper base, not tuned on emotion"
EPOCHS, QUICK_EPOCHS = 20, 6


def linear(train: pd.DataFrame, labels: "pd.Series[str]", test: pd.DataFrame, quick: bool) -> pd.DataFrame:
    """Linear discriminant with Ledoit-Wolf shrinkage and equal priors, on standardized features."""
    classes = sorted(labels.unique())
    discriminant = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage="auto", priors=np.full(len(classes), 1 / len(classes))
    )
    model = make_pipeline(StandardScaler(), discriminant).fit(train.to_numpy(dtype=float), labels.to_numpy())
    return pd.DataFrame(model.predict_proba(test.to_numpy(dtype=float)), index=test.index, columns=list(model.classes_))


def majority(train: pd.DataFrame, labels: "pd.Series[str]", test: pd.DataFrame, quick: bool) -> pd.DataFrame:
    """1 for the most frequent class of the training items, 0 for the others."""
    common = most_frequent(labels)
    return pd.DataFrame({name: float(name == common) for name in sorted(labels.unique())}, index=test.index)


def heads(balanced: bool) -> Train:
    """One head a coarse class, scores 0 to 4.

    A coarse label stands for each of the fine labels that map to its class, so that heads of one class would learn the
    very same scores: one of them is trained, and its score is given to all of them (``CoarseTransfer.spread``).
    """

    def train(items: Any, labels: "pd.Series[str]", test: Any, quick: bool) -> pd.DataFrame:
        scores = pd.DataFrame({name: HIGHEST * (labels == name) for name in sorted(labels.unique())})
        bank = HeadBank(balanced=balanced, epochs=QUICK_EPOCHS if quick else EPOCHS)
        return bank.fit(items, scores).predict(test)

    return train


@dataclass(frozen=True)
class System:
    """A system: its kind, the part of the features that it reads, and how it is trained."""

    kind: RowKind
    part: Part
    train: Train
    note: str = ""

    @property
    def is_bank(self) -> bool:
        """Whether its scores are on the scale of the heads, so that the lenient rule can read them."""
        return self.train not in (linear, majority)


SYSTEMS: dict[str, System] = {
    MAJORITY: System(RowKind.FLOOR, duration_part, majority),
    DURATION: System(RowKind.FLOOR, duration_part, linear, "length of the file and of the speech in it"),
    MEAN: System(RowKind.ABLATION, lambda table: pooled_part(table, MEAN_ONLY), linear),
    POOLED: System(RowKind.BASELINE, pooled_part, linear),
    FUNCTIONALS: System(RowKind.BASELINE, functional_part, linear),
    HEADS: System(RowKind.SYSTEM, pooled_part, heads(False), "mean absolute error, as published"),
    HEADS_BALANCED: System(RowKind.ABLATION, pooled_part, heads(True)),
    SEQUENCE: System(RowKind.SYSTEM, sequence_part, heads(False), "48 averaged slices of a recording, not 1,500"),
    WHISPER_MEAN: System(RowKind.ABLATION, whisper_mean_part, linear, UNTUNED),
    WHISPER_POOLED: System(RowKind.BASELINE, lambda table: table, linear, UNTUNED),
    WHISPER_HEADS: System(RowKind.SYSTEM, lambda table: table, heads(False), UNTUNED),
}


def held_out(
    name: str, table: pd.DataFrame, labels: "pd.Series[str]", folds: dict[str, tuple[str, ...]], quick: bool
) -> pd.DataFrame:
    """Scores of every item by a system that was trained on the other folds; items × classes."""
    system = SYSTEMS[name]
    inputs = system.part(table)
    parts = []
    for ids in folds.values():
        test = [item for item in ids if item in table.index]
        if not test:
            continue
        rest = table.index.difference(test, sort=False)
        parts.append(system.train(inputs.loc[rest], labels[rest], inputs.loc[test], quick))
    # A class that a training part lacks cannot be answered there.
    return pd.concat(parts).reindex(table.index).fillna(0.0)


def elsewhere(
    name: str,
    train: pd.DataFrame,
    labels: "pd.Series[str]",
    test: pd.DataFrame,
    quick: bool,
) -> pd.DataFrame:
    """Scores of the items of one corpus by a system that was trained on another one."""
    system = SYSTEMS[name]
    return system.train(system.part(train), labels, system.part(test), quick)


def standardized(table: pd.DataFrame, groups: "pd.Series[str] | None" = None) -> pd.DataFrame:
    """Every feature with mean 0 and deviation 1 over the whole table, or within each group (a speaker).

    It takes out microphone, room and the speaker's own voice; it needs all recordings of a group, not their labels.
    """
    own = pd.Series("all", index=table.index) if groups is None else groups[table.index]
    parts = []
    for _, part in table.groupby(own, sort=False):
        values = part.to_numpy(dtype=float)
        spread = values.std(axis=0)
        scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        parts.append(pd.DataFrame(scaled, index=part.index, columns=table.columns))
    return pd.concat(parts).loc[table.index]


def answers(scores: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The class with the highest score (the first of equals)."""
    columns = np.asarray(scores.columns, dtype=object)
    found: npt.NDArray[np.object_] = columns[scores.to_numpy().argmax(axis=1)]
    return found
