"""What the stress recognizer sees of a recording: window features, standardized within the recording.

People differ far more from each other than calm differs from strain, so every feature is taken relative to the
person's own mean and standard deviation over the recording. That is transductive: the whole recording is looked at
before its first window is judged, though no label is. A recording that is calm from end to end still has windows above
its own mean; such a recording must not be read in this way.
"""

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.physiology.windows import FEATURES, OK

STANDARDIZED = "transductive: standardized within the recording"
RAW = "raw features"
AROUND = "_around"  # ending of the columns that hold a window together with its neighbors
FEWEST_WINDOWS = 20
"""Usable windows (ten minutes at a hop of 30 s) below which a person's own mean and spread say nothing."""
SMALLEST_SPREAD = 1e-6  # a feature that never changes becomes 0
NEIGHBORS = 3  # windows that are averaged: before, this, after


def recognizer_inputs(table: pd.DataFrame, *, standardize: bool = True, poor_contact: bool = False) -> pd.DataFrame:
    """Inputs of the usable windows of one recording.

    Args:
        table: of ``window_table``; consecutive windows.
        standardize: relative to the recording's own mean and spread (transductive, see above).
        poor_contact: also take windows whose features are all there but whose quality is not "ok".

    Returns:
        A column a feature, and one with the mean over the window before, itself and the one after where these are
        usable (``<feature>_around``); the index is that of the usable rows of ``table``.

    Raises:
        BadInput: fewer than 20 usable windows to standardize with.
    """
    names = list(FEATURES)
    usable = table[names].notna().all(axis=1) if poor_contact else table["quality"] == OK
    if standardize and usable.sum() < FEWEST_WINDOWS:
        raise BadInput(
            f"{int(usable.sum())} usable windows are too few to know the person's own level",
            where="recording",
            mend=f"{FEWEST_WINDOWS} are needed, about ten minutes",
        )
    values = table[names].where(usable)
    if standardize:
        spread = values.std(ddof=0)
        values = (values - values.mean()) / spread.where(spread > SMALLEST_SPREAD, np.inf)
    around = values.rolling(NEIGHBORS, center=True, min_periods=1).mean().add_suffix(AROUND)
    return pd.concat([values, around], axis=1)[usable]


def input_columns(features: tuple[str, ...] = FEATURES, *, neighbors: bool) -> list[str]:
    """Columns of ``recognizer_inputs`` for some features, with or without those of the neighborhood."""
    return [*features, *(name + AROUND for name in features if neighbors)]
