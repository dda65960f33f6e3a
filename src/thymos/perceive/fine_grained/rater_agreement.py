"""How far experts agree on each of many emotions, where every item has few raters and each rater few items.

Krippendorff's alpha takes such gaps as they are. Cronbach's alpha needs the same raters on every item: it is computed
for each pair of raters on the items that both rated, and averaged over pairs by their number of common items. Cronbach
forgives a rater who is milder throughout, Krippendorff does not: a paper must say which of the two it prints.
"""

import numpy as np
import pandas as pd

from thymos.affect.agreement import agreement, krippendorff_from_ratings
from thymos.affect.chance_corrected import Level
from thymos.errors import BadInput

# A pair with fewer common items says nothing.
SMALLEST_PAIR = 10


def pairwise_cronbach(ratings: pd.DataFrame, *, smallest: int = SMALLEST_PAIR) -> float:
    """Cronbach's alpha of two raters, averaged over pairs with weights by their common items.

    Args:
        ratings: one row an item, one column a rater, NaN where a rater left the item out.
        smallest: pairs with fewer common items are left out, as are pairs who never varied.

    Returns:
        NaN where no pair is left.

    Example:
        >>> table = pd.DataFrame({"x": [0, 1, 0, 1], "y": [0, 1, 0, 1], "z": [float("nan")] * 4})
        >>> pairwise_cronbach(table, smallest=2)
        1.0
    """
    raters = list(ratings.columns)
    total, weight = 0.0, 0
    for position, one in enumerate(raters):
        for other in raters[position + 1 :]:
            both = ratings[[one, other]].dropna()
            if len(both) < max(smallest, 2):
                continue
            alpha = agreement(both, "cronbach_alpha")
            if np.isfinite(alpha):
                total += alpha * len(both)
                weight += len(both)
    return total / weight if weight else float("nan")


def agreement_by_emotion(ratings: pd.DataFrame, *, level: Level = "nominal") -> pd.DataFrame:
    """Agreement within each emotion.

    Args:
        ratings: columns ``item``, ``rater``, ``emotion``, ``value`` (a number); a rater rates an item once for an
            emotion.
        level: what Krippendorff's alpha compares: "nominal" for yes and no, "ordinal" or "interval" for 0, 1, 2.

    Returns:
        Indexed by emotion, sorted by alpha: ``items`` (rated by two or more), ``ratings``, ``raters``,
        ``krippendorff_alpha``, ``cronbach_alpha`` (pairs), ``mean_value``. NaN where nothing varies.
    """
    rows = {}
    for emotion, part in ratings.groupby("emotion", sort=True):
        rows[str(emotion)] = _agreement(part, level)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("emotion").sort_values("krippendorff_alpha")


def _agreement(part: pd.DataFrame, level: Level) -> dict[str, float]:
    doubled = part.duplicated(["item", "rater"]).to_numpy()
    if doubled.any():
        row = part.iloc[int(doubled.argmax())]
        raise BadInput(f"rater {row['rater']!r} rated item {row['item']!r} twice for one emotion", where="ratings")
    several = part[part.groupby("item")["rater"].transform("size") >= 2]
    codes = pd.factorize(several["item"])[0].astype(np.int64)
    values = several["value"].to_numpy(dtype=float)
    alpha = float("nan")
    if len(several):
        alpha = krippendorff_from_ratings(codes, values, level)
    table = several.pivot(index="item", columns="rater", values="value")
    return {
        "items": several["item"].nunique(),
        "ratings": len(part),
        "raters": part["rater"].nunique(),
        "krippendorff_alpha": alpha,
        "cronbach_alpha": pairwise_cronbach(table),
        "mean_value": float(part["value"].mean()),
    }
