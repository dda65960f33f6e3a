"""How attributes go with emotion: rank correlations, and Cramer's V of tables of counts."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def cramers_v(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Strength of the relation of two labels, 0 (none) .. 1, corrected for chance (Bergsma, 2013).

    Without the correction, any two labels of 11 and 4 classes seem related in a few hundred items.

    Returns:
        0 where one of them has a single class.
    """
    counts = pd.crosstab(np.asarray(one), np.asarray(other)).to_numpy(dtype=float)
    total = counts.sum()
    rows, columns = counts.shape
    if min(rows, columns) < 2 or total < 2:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    phi = float(((counts - expected) ** 2 / expected).sum() / total)
    corrected = max(0.0, phi - (rows - 1) * (columns - 1) / (total - 1))
    smallest = min(rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1)) - 1
    return float(np.sqrt(corrected / smallest)) if smallest > 0 else 0.0


def quadrant_of(valence: Any, arousal: Any, cuts: tuple[Any, Any]) -> npt.NDArray[np.object_]:
    """``"high valence, low arousal"`` and its kin; above the cut is high."""
    high_valence, high_arousal = np.asarray(valence) > cuts[0], np.asarray(arousal) > cuts[1]
    words = np.array(["low", "high"], dtype=object)
    names = [
        f"{words[int(v)]} valence, {words[int(a)]} arousal" for v, a in zip(high_valence, high_arousal, strict=True)
    ]
    return np.array(names, dtype=object)


def polarity_of(valence: Any, cut: Any) -> npt.NDArray[np.object_]:
    """``"positive"`` above the cut, else ``"negative"``."""
    return np.where(np.asarray(valence) > cut, "positive", "negative").astype(object)
