"""Krippendorff's alpha on the CREMA-D crowd votes, beside the krippendorff package in the same run.

Both get the same matrix: 22,326 clips and ways of showing them, six emotions. The order of the emotions means nothing;
the ordinal and interval levels are run to compare the formulas.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import krippendorff
import numpy as np
import pandas as pd

from thymos.affect.agreement import krippendorff_from_counts
from thymos.files import data_root

VOTES = "cremad_votes/processedResults/tabulatedVotes.csv"
CLASSES = list("ADFHNS")
ROUNDS = 15
TOLERANCE = 1e-9


def _seconds(action: Callable[[], float]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> dict[str, Any]:
    """Compare values and median times of both at three levels of measurement; skip with a reason without data."""
    root = data_root()
    if root is None or not (root / VOTES).is_file():
        print(f"krippendorff alpha: skipped, {VOTES} is not here (set THYMOS_DATA)")
        return {"skipped": f"{VOTES} is not here"}
    votes = pd.read_csv(root / VOTES, usecols=CLASSES)[CLASSES].to_numpy()
    values = np.arange(len(CLASSES))
    result: dict[str, Any] = {"items": len(votes), "ratings": int(votes.sum())}
    for level in ("nominal", "ordinal", "interval"):

        def ours(level: Any = level) -> float:
            return krippendorff_from_counts(votes, level, values)

        def theirs(level: Any = level) -> float:
            return float(krippendorff.alpha(value_counts=votes, level_of_measurement=level))

        difference = abs(ours() - theirs())
        pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
        mine, package = (statistics.median(times) for times in zip(*pairs, strict=True))
        result[level] = {
            "alpha": ours(),
            "difference": difference,
            "seconds": mine,
            "package_seconds": package,
            "times_faster": package / mine,
            "equal": difference <= TOLERANCE,
        }
        print(
            f"krippendorff alpha ({level}) of {len(votes):,} items: {ours():.6f}, difference {difference:.1e}, "
            f"{mine * 1e3:.2f} ms, package {package * 1e3:.2f} ms, {package / mine:.1f} times as fast"
        )
    return result


if __name__ == "__main__":
    main()
