"""Features relative to each speaker: what is unusual *for this voice*.

The mean and the spread come from all clips of a speaker, without labels. That needs the clips at once and is
transductive: a speaker whose clips are all sad looks like one whose clips are all neutral. Results say so.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.media_recognizers import group_codes_of

TRANSDUCTIVE = "transductive: features relative to the speaker's own unlabeled clips"
FEWEST_CLIPS = 8
SMALLEST_SPREAD = 1e-6


def relative_to_speaker(features: pd.DataFrame, speakers: Sequence[Any] | pd.Series) -> pd.DataFrame:
    """Each column minus the speaker's mean, over the speaker's standard deviation.

    Args:
        features: finite numbers, one row a clip.
        speakers: who speaks in each clip.

    Raises:
        BadInput: a missing speaker, speakers of other items, a speaker with fewer than eight clips.
    """
    codes = group_codes_of(speakers, features.index)
    assert codes is not None
    values = features.to_numpy(dtype=np.float64, copy=True)
    for code in np.unique(codes):
        rows = codes == code
        if rows.sum() < FEWEST_CLIPS:
            who = list(speakers)[int(rows.argmax())]
            raise BadInput(
                f"speaker {who!r} has {int(rows.sum())} clips", where="speakers",
                mend=f"at least {FEWEST_CLIPS} are needed to know a voice",
            )  # fmt: skip
        spread = values[rows].std(axis=0)
        values[rows] = (values[rows] - values[rows].mean(axis=0)) / np.where(spread > SMALLEST_SPREAD, spread, 1.0)
    return pd.DataFrame(values, index=features.index, columns=features.columns)
