"""Rows with an interval over clusters, for studies that resample hundreds of prepared scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.measure.metric import Prepared
from thymos.measure.resampling import bootstrap_interval, bootstrap_values
from thymos.studies.contract import Context, Row

MOST_RESAMPLES = 2_000


def clustered_row(
    ctx: Context,
    prepared: Prepared,
    clusters: npt.NDArray[np.int64],
    *,
    seeds: Sequence[int],
    split: str,
    guarantee: str,
    centered: bool = False,
    **row: Any,
) -> Row:
    """A row with an interval over clusters; equal items, and the seeds of one model, stay together.

    Args:
        ctx: of the study.
        prepared: the score over the items of all seeds, one seed after the other.
        clusters: of the items of one seed.
        seeds: of the trainings; ``n`` counts items, not items times seeds.
        split: name of the split.
        guarantee: what it keeps apart.
        centered: move the interval by the distance of the bootstrap's median from the value. For sums of absolute
            values, such as calibration errors: resampling makes them larger, and the interval may miss the value.
        row: the other fields of the row.
    """
    units = np.tile(clusters, max(1, len(seeds)))
    resamples = min(MOST_RESAMPLES, ctx.resamples)
    found = bootstrap_interval(prepared, (), units, resamples=resamples)
    shift = 0.0
    if centered:
        codes = np.unique(units, return_inverse=True)[1].astype(np.int64)
        shift = found.value - float(np.median(bootstrap_values(prepared, codes, resamples=resamples, seed=0)))
    return Row(
        value=found.value,
        low=found.low + shift,
        high=found.high + shift,
        n=len(clusters),
        clusters=found.clusters,
        split=split,
        guarantee=guarantee,
        seeds=tuple(seeds),
        **row,
    )
