"""Scores of bootstrap and jackknife resamples: how items or clusters are drawn, for every form of statistic."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, Integers
from thymos.measure.metric import Additive, Prepared, Weighted

# Counts held at once in the general form, in cells: bounds its memory to a few times 4 MB.
CHUNK_CELLS = 500_000
# Multiplications of one product of counts and sums. Products this small stay in the cache and do not wake the other
# threads of the matrix library, which would cost more than they give, above all on a busy machine.
SMALL_PRODUCT = 240_000
SMALL_CELLS = 40_000


class Calls(NamedTuple):
    """A plain callable with its arrays: the slow form of `Prepared`."""

    function: Callable[..., float]
    arrays: tuple[npt.NDArray[Any], ...]

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.arrays[0])

    def value(self) -> float:
        """The score of all items."""
        return float(self.function(*self.arrays))


def bootstrap_values(
    prepared: Prepared | Calls, units: Integers | None, *, resamples: int = 10_000, seed: int = 0
) -> Floats:
    """Scores of the resamples, without those that are undefined (a warning tells when more than 1 % are).

    Args:
        prepared: the score bound to its items.
        units: cluster code of each item (0, 1, ...), or None to draw single items.
        resamples: number of bootstrap samples.
        seed: of the random draws.
    """
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        if isinstance(prepared, Additive):
            drawn = _additive_values(prepared, units, resamples, rng)
        elif isinstance(prepared, Weighted):
            drawn = _weighted_values(prepared, units, resamples, rng)
        else:
            drawn = _called_values(prepared, units, resamples, rng)
    kept = drawn[np.isfinite(drawn)]
    if len(kept) < 0.5 * resamples:
        raise BadInput("the score is undefined on most resamples", mend="use more items or another score")
    if len(kept) < 0.99 * resamples:
        warnings.warn(f"{resamples - len(kept)} resamples without a defined score were left out", stacklevel=3)
    return kept


def _additive_values(prepared: Additive, units: Integers | None, resamples: int, rng: np.random.Generator) -> Floats:
    if units is not None:
        rows = cluster_sums(prepared, units)
        return _product(prepared, rows, len(rows), resamples, rng)
    kinds = len(prepared.table)
    if kinds * 8 > prepared.n:
        return _product(prepared, prepared.table[prepared.codes], prepared.n, resamples, rng)
    # Few kinds: how many of each kind a resample holds is one multinomial draw, exactly.
    shares = np.bincount(prepared.codes, minlength=kinds) / prepared.n
    counts = rng.multinomial(prepared.n, shares, size=resamples)
    return np.asarray(prepared.finish(counts @ prepared.table))


def cluster_sums(prepared: Additive, units: Integers) -> Floats:
    """Summed rows of every cluster, shape (clusters, sums)."""
    size = int(units.max()) + 1
    members = sparse.csr_matrix((np.ones(prepared.n), (units, prepared.codes)), shape=(size, len(prepared.table)))
    return np.asarray(members @ prepared.table)


def _product(prepared: Additive, rows: Floats, size: int, resamples: int, rng: np.random.Generator) -> Floats:
    sums = np.empty((resamples, rows.shape[1]))
    done = 0
    for counts in _draw_counts(size, resamples, rng, cells=min(SMALL_PRODUCT // rows.shape[1], SMALL_CELLS)):
        np.matmul(counts, rows, out=sums[done : done + len(counts)])
        done += len(counts)
    return np.asarray(prepared.finish(sums))


def _weighted_values(prepared: Weighted, units: Integers | None, resamples: int, rng: np.random.Generator) -> Floats:
    size = prepared.n if units is None else int(units.max()) + 1
    cells = CHUNK_CELLS * size // max(size, prepared.n)
    chunks = _draw_counts(size, resamples, rng, cells=cells)
    return np.concatenate([prepared.evaluate(counts if units is None else counts[:, units]) for counts in chunks])


def _called_values(prepared: Calls, units: Integers | None, resamples: int, rng: np.random.Generator) -> Floats:
    members = None if units is None else np.split(np.argsort(units, kind="stable"), np.cumsum(np.bincount(units))[:-1])
    drawn = np.empty(resamples)
    for position in range(resamples):
        if members is None:
            items = rng.integers(0, prepared.n, size=prepared.n)
        else:
            items = np.concatenate([members[c] for c in rng.integers(0, len(members), size=len(members))])
        drawn[position] = prepared.function(*(array[items] for array in prepared.arrays))
    return drawn


def _draw_counts(size: int, resamples: int, rng: np.random.Generator, *, cells: int) -> Iterator[Floats]:
    """Chunks (resamples, size) of how often each of ``size`` units is drawn in ``size`` draws."""
    step = min(max(1, cells // size), resamples)
    first = np.arange(step, dtype=np.int32)[:, None] * size
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        # One count over all rows: row r has the cells r * size to (r + 1) * size - 1.
        drawn = rng.integers(0, size, size=(rows, size), dtype=np.int32) + first[:rows]
        yield np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(float)


def jackknife_values(prepared: Prepared | Calls, units: Integers | None) -> Floats:
    """The score with one item, or one cluster, left out at a time; undefined ones are dropped."""
    codes = np.arange(prepared.n, dtype=np.int64) if units is None else units
    size = int(codes.max()) + 1
    with np.errstate(all="ignore"):
        if isinstance(prepared, Additive):
            rows = cluster_sums(prepared, codes)
            left_out = np.asarray(prepared.finish(rows.sum(axis=0) - rows))
        elif isinstance(prepared, Weighted):
            step = max(1, CHUNK_CELLS // prepared.n)
            parts = [np.arange(start, min(start + step, size)) for start in range(0, size, step)]
            left_out = np.concatenate(
                [prepared.evaluate((codes[None, :] != part[:, None]).astype(float)) for part in parts]
            )
        else:
            left_out = np.array(
                [prepared.function(*(array[codes != unit] for array in prepared.arrays)) for unit in range(size)]
            )
    return left_out[np.isfinite(left_out)]
