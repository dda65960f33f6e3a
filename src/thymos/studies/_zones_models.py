"""Held-out zones under a protocol, for one signal, for early and for late fusion."""

import pandas as pd

from thymos.measure.floors import most_frequent
from thymos.perceive.zones.balancing import NONE
from thymos.perceive.zones.fusion import early_fusion, late_fusion
from thymos.perceive.zones.window_recognizer import SVM, WindowRecognizer
from thymos.studies._zones_data import TRAINED, Windows

EARLY, LATE = "early fusion", "late fusion"
MAJORITY, BEFORE = "most frequent zone", "zone of the window before"
MLP_PASSES, QUICK_PASSES = 500, 10  # 500 [repo]


def recognizer(model: str, balancing: str, quick: bool) -> WindowRecognizer:
    """The recognizer of the study, with the settings of the release; quick runs have fewer passes and folds."""
    passes = QUICK_PASSES if quick else MLP_PASSES
    return WindowRecognizer(model=model, balancing=balancing, max_iter=passes, folds=2 if quick else 3)


def held_out(
    windows: Windows,
    features: pd.DataFrame,
    folds: "pd.Series[str]",
    *,
    model: str = SVM,
    balancing: str = NONE,
    quick: bool = False,
) -> pd.DataFrame:
    """Probabilities of every window of the features by a recognizer that was trained on the other folds.

    The folds inside the training part, which calibrate, keep recordings apart.
    """
    parts = []
    own = folds[features.index]
    for name in scored_folds(own):
        train, test = features[(own != name).to_numpy()], features[(own == name).to_numpy()]
        fitted = recognizer(model, balancing, quick).fit(
            train, windows.zones[train.index], groups=windows.recordings[train.index]
        )
        parts.append(fitted.predict_proba(test))
    # A zone that a training part lacks cannot be answered there.
    found = pd.concat(parts).fillna(0.0)
    return found.loc[features.index[features.index.isin(found.index)]]


def scored_folds(folds: "pd.Series[str]") -> list[str]:
    """Names of the folds that are tested in turn."""
    return [name for name in sorted(folds.unique()) if name != TRAINED]


def signal_probabilities(
    windows: Windows, folds: "pd.Series[str]", *, balancing: str = NONE, quick: bool = False
) -> dict[str, pd.DataFrame]:
    """Probabilities by system: each signal, early and late fusion."""
    found = {
        name: held_out(windows, table, folds, balancing=balancing, quick=quick)
        for name, table in windows.signals.items()
    }
    late = late_fusion(found)
    fused = early_fusion(windows.signals)
    found[EARLY] = held_out(windows, fused, folds, balancing=balancing, quick=quick)
    found[LATE] = late.loc[windows.zones.index[windows.zones.index.isin(late.index)]]
    return found


def answers(probabilities: pd.DataFrame) -> "pd.Series[str]":
    """The most probable zone of each window."""
    return probabilities.idxmax(axis=1)


def floors(windows: Windows, folds: "pd.Series[str]") -> dict[str, "pd.Series[str]"]:
    """The most frequent zone of the other folds, and the gold zone of the window before in the same recording."""
    common = pd.Series("", index=windows.zones.index, dtype=object)
    for name in scored_folds(folds):
        inside = (folds == name).to_numpy()
        common[inside] = most_frequent(windows.zones[~inside])
    before = windows.zones.groupby(windows.recordings, sort=False).shift(1)
    asked = (folds != TRAINED).to_numpy()
    return {MAJORITY: common[asked], BEFORE: before.fillna(common)[asked]}
