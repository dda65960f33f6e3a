"""How far stated confidence can be believed: the calibration error and the bins of a reliability diagram."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from thymos.measure.calibration import BINS, prepare_ece
from thymos.measure.predictions import Predictions
from thymos.measure.resampling import bootstrap_interval
from thymos.measure.score import Provenance, Score
from thymos.measure.targets import Target


@dataclass(frozen=True)
class Bin:
    """Items whose top probability lies in (low, high]: how sure the system was, and how often it was right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error of the top label, mean confidence and accuracy, and the bins that hold items.

    ``overconfidence`` is mean confidence minus accuracy: positive when the system is too sure.
    """

    ece: Score
    confidence: float
    accuracy: float
    overconfidence: float
    bins: tuple[Bin, ...]


def calibration_of(
    predictions: Predictions,
    target: Target,
    provenance: Provenance,
    clusters: pd.Series | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Calibration | None:
    """Calibration of the most probable class against the reference label; None without probabilities or labels.

    Args:
        predictions: with one probability a class.
        target: a target of family "labels".
        provenance: for the score.
        clusters: cluster of every item, or None.
        resamples: of the interval. The error is never negative, so that resampling moves it up: with few items the
            interval can lie above the value.
        seed: of the resamples.
    """
    if predictions.probabilities is None or target.family != "labels":
        return None
    shares = predictions.probabilities.reindex(columns=list(target.columns), fill_value=0.0)
    matrix = shares.loc[list(target.items)].to_numpy(dtype=float)
    # A distribution over classes only: what was given to labels that are no class is shared out.
    totals = matrix.sum(axis=1, keepdims=True)
    if (totals == 0).any():
        return None
    matrix = matrix / totals
    prepared = prepare_ece(target.gold, matrix, labels=list(target.columns), bins=BINS)
    found = bootstrap_interval(prepared, clusters=clusters, resamples=resamples, seed=seed)
    confidence = matrix.max(axis=1)
    chosen = np.asarray(target.columns, dtype=object)[matrix.argmax(axis=1)]
    right = (chosen == target.gold).astype(float)
    place = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(int)
    bins = tuple(
        Bin(
            low=float(k / BINS),
            high=float((k + 1) / BINS),
            n=int((place == k).sum()),
            confidence=float(confidence[place == k].mean()),
            accuracy=float(right[place == k].mean()),
        )
        for k in np.unique(place)
    )
    score = Score("ece", found.value, found.low, found.high, found.n, found.clusters, provenance)
    mean, accuracy = float(confidence.mean()), float(right.mean())
    return Calibration(score, mean, accuracy, mean - accuracy, bins)
