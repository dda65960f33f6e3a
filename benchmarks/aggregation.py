"""Ten million ratings: seconds and peak memory to check them, and to turn them into soft labels and single labels.

The ratings are random numbers in the shape of a large crowd study (one million items, ten raters an item out of five
thousand, eight classes); only time and memory are measured, nothing is learned from them.
"""

import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any

RATINGS = 10_000_000
RATERS_PER_ITEM = 10
RATERS = 5_000
CLASSES = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
GIGABYTE = 1e9


def peak_bytes() -> int:
    """Largest resident size of this process so far."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def measure(ratings: int = RATINGS) -> dict[str, Any]:
    """Build the table, the annotations and their views in this process; seconds and peak memory of each step."""
    import numpy as np
    import pandas as pd

    from thymos.affect.annotations import Annotations
    from thymos.affect.scheme import Scheme

    rng = np.random.default_rng(0)
    scheme = Scheme("expressions", "categorical", CLASSES, "perceived")
    items = ratings // RATERS_PER_ITEM
    item = np.repeat(np.array([f"item{k}" for k in range(items)], dtype=object), RATERS_PER_ITEM)
    first = rng.integers(RATERS, size=items)
    numbers = (first[:, None] + np.arange(RATERS_PER_ITEM) * 7) % RATERS
    rater = np.array([f"rater{k}" for k in range(RATERS)], dtype=object)[numbers.ravel()]
    label = np.array(CLASSES, dtype=object)[rng.integers(len(CLASSES), size=len(item))]
    table = pd.DataFrame({"item": item, "rater": rater, "label": label}, copy=False)
    result: dict[str, Any] = {"ratings": len(table), "items": items, "input_gb": peak_bytes() / GIGABYTE}

    def timed(name: str, action: Any, *arguments: Any) -> Any:
        start = time.perf_counter()
        value = action(*arguments)
        result[f"{name}_seconds"] = time.perf_counter() - start
        return value

    annotations = timed("build", Annotations, table, scheme)
    shares = timed("distribution", annotations.distribution)
    labels = timed("plurality", annotations.plurality)
    result["alpha"] = timed("alpha", annotations.agreement)
    result["peak_gb"] = peak_bytes() / GIGABYTE
    result["kept_by_plurality"] = len(labels) / len(shares)
    counts = annotations.votes()
    del annotations, shares, labels, table, item, rater, label
    timed("from_counts", Annotations.from_counts, counts, scheme)
    return result


def _child(ratings: int, pipe: Any) -> None:
    pipe.send(measure(ratings))


def main(ratings: int = RATINGS) -> dict[str, Any]:
    """Run ``measure`` in a process of its own, so that the peak is that of this work alone, and print the result."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(ratings, there))
    process.start()
    there.close()
    try:
        result: dict[str, Any] = here.recv()
    except EOFError:
        result = {"skipped": "the measuring process ended without a result (out of memory?)"}
    process.join()
    if "skipped" in result:
        print(f"aggregation: {result['skipped']}")
        return result
    total = result["build_seconds"] + result["distribution_seconds"] + result["plurality_seconds"]
    result["total_seconds"] = total
    print(
        f"aggregation of {result['ratings']:,} ratings of {result['items']:,} items: "
        f"check and store {result['build_seconds']:.2f} s, soft labels {result['distribution_seconds']:.2f} s, "
        f"plurality {result['plurality_seconds']:.2f} s, alpha {result['alpha_seconds']:.2f} s, "
        f"from counts {result['from_counts_seconds']:.2f} s; peak {result['peak_gb']:.2f} GB "
        f"(of which the input table {result['input_gb']:.2f} GB)"
    )
    return result


if __name__ == "__main__":
    main()
