"""Acted speech (RAVDESS) where a study's own corpus is the user's to bring: an emotion task, and always called so.

Acoustic features of whole recordings, eight emotions, actors apart. What it can show is how a method or a protocol
behaves on real recordings of real people; it says nothing about ambivalence or lies.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.perceive.speech.evaluation import voices_of
from thymos.perceive.speech.features import speech_features
from thymos.studies.contract import Context

VOICES = "ravdess"
TASK = "acted speech, 8 emotions"
NOT_THE_TASK = "emotion of acted speech as a stand-in: not this study's own task"
QUICK_ACTORS = 12


@dataclass(frozen=True)
class Voices:
    """Recordings as features.

    Args:
        items: columns of ``voices_of``; index = item.
        features: acoustic features, (items, numbers).
        codes: emotion of each item as a position in ``labels``.
        labels: sorted emotions.
    """

    items: pd.DataFrame
    features: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]
    labels: list[str]

    @property
    def people(self) -> npt.NDArray[np.object_]:
        """Actor of each item."""
        return self.items["speaker"].to_numpy(dtype=object)

    @property
    def folds(self) -> npt.NDArray[np.object_]:
        """Fold of each item; actors are in one fold."""
        return self.items["fold"].to_numpy(dtype=object)

    def scaled(self, train: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Features minus the mean of the training items, over their spread, within 5 of 0."""
        mean, spread = self.features[train].mean(axis=0), self.features[train].std(axis=0)
        return np.clip((self.features - mean) / np.where(spread > 1e-9, spread, 1.0), -5, 5)


def stand_in_voices(ctx: Context) -> Voices:
    """The recordings; a quick run takes one reading of everything by twelve actors."""
    items = voices_of(ctx.corpus(VOICES))
    if ctx.settings.quick:
        actors = sorted(items["speaker"].unique())[:QUICK_ACTORS]
        items = items[items["speaker"].isin(actors)].groupby(["speaker", "emotion", "intensity"], sort=False).head(1)
    table = ctx.table(
        "voices", lambda: speech_features(items, keep=True, progress=ctx.progress("features of voices"))
    ).loc[items.index]
    labels = sorted(items["emotion"].unique())
    codes = items["emotion"].map({label: code for code, label in enumerate(labels)}).to_numpy(dtype=np.int64)
    return Voices(items, table.to_numpy(dtype=np.float64), codes, labels)
