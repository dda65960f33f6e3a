"""Making classes count alike: weights, or more or fewer training items. Test items are never touched.

ADASYN: He, Bai, Garcia and Li (2008). Each smaller class gets as many new items as it lacks to the largest; most of
them arise beside items whose neighbors are of other classes, between the item and a neighbor of its own class.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
NONE, CLASS_WEIGHT, OVERSAMPLING, ADASYN, UNDERSAMPLING = (
    "none",
    "class_weight",
    "oversampling",
    "adasyn",
    "undersampling",
)
METHODS = (NONE, CLASS_WEIGHT, OVERSAMPLING, ADASYN, UNDERSAMPLING)
NEIGHBORS = 5


class Balanced(NamedTuple):
    """Training items after balancing: ``origin`` is each one's position before, -1 for an invented item."""

    inputs: Floats
    codes: Codes
    origin: Codes


def class_weights(codes: Codes, classes: int) -> Floats:
    """Weight of each class so that all have the same sum: items / (classes × items of the class); 0 where empty.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2).round(3).tolist()
        [0.667, 2.0]
    """
    counts = np.bincount(codes, minlength=classes).astype(float)
    used = int((counts > 0).sum())
    return np.divide(len(codes), used * counts, out=np.zeros(classes), where=counts > 0)


def balanced(inputs: npt.ArrayLike, codes: npt.ArrayLike, method: str, *, seed: int = 0) -> Balanced:
    """Training items after balancing by ``method``; "none" and "class_weight" leave them as they are.

    Args:
        inputs: shape (items, features), finite.
        codes: class of each item, 0 and up.
        method: a name of ``METHODS``.
        seed: of what is drawn.
    """
    rows, labels = _checked(inputs, codes)
    if method not in METHODS:
        raise BadInput(f"there is no balancing {method!r}", mend=f"known: {', '.join(METHODS)}")
    rng = np.random.default_rng(seed)
    if method == ADASYN:
        return adaptive_synthetic(rows, labels, seed=seed)
    positions = np.arange(len(labels))
    if method == OVERSAMPLING:
        positions = _resampled(labels, int(np.bincount(labels).max()), rng)
    if method == UNDERSAMPLING:
        counts = np.bincount(labels)
        positions = _resampled(labels, int(counts[counts > 0].min()), rng)
    return Balanced(rows[positions], labels[positions], positions.astype(np.int64))


def _resampled(codes: Codes, size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Positions with ``size`` items of every class: all of them and drawn repeats, or a drawn part, in old order."""
    chosen = []
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        if len(own) >= size:
            chosen.append(rng.choice(own, size=size, replace=False))
        else:
            chosen.append(np.r_[own, rng.choice(own, size=size - len(own), replace=True)])
    return np.sort(np.concatenate(chosen))


def adaptive_synthetic(
    inputs: npt.ArrayLike, codes: npt.ArrayLike, *, neighbors: int = NEIGHBORS, seed: int = 0
) -> Balanced:
    """ADASYN: invented items for every class but the largest.

    Where no item of a class has a neighbor of another class, all its items count alike (plain interpolation). A class
    with a single item is repeated, as there is nothing to interpolate with.

    Args:
        inputs: shape (items, features), on comparable scales: neighbors are found by Euclidean distance.
        codes: class of each item.
        neighbors: how many nearest items are looked at.
        seed: of what is drawn.

    Returns:
        The old items first, then the invented ones.
    """
    rows, labels = _checked(inputs, codes)
    if neighbors < 1:
        raise BadInput(f"{neighbors} neighbors", mend="use 5")
    rng = np.random.default_rng(seed)
    counts = np.bincount(labels)
    largest = int(counts.max())
    everyone = NearestNeighbors(n_neighbors=min(neighbors + 1, len(rows))).fit(rows)
    new_rows, new_codes = [rows], [labels]
    for code in np.flatnonzero((counts > 0) & (counts < largest)):
        own = np.flatnonzero(labels == code)
        around = everyone.kneighbors(rows[own], return_distance=False)
        # The item itself is not its own neighbor; among doubles it need not come first.
        foreign = (labels[around] != code) & (around != own[:, None])
        hardness = foreign.sum(axis=1) / max(1, around.shape[1] - 1)
        total = hardness.sum()
        shares = hardness / total if total > 0 else np.full(len(own), 1 / len(own))
        wanted = _whole_numbers(shares * (largest - len(own)), largest - len(own))
        invented = _between(rows[own], wanted, neighbors, rng)
        new_rows.append(invented)
        new_codes.append(np.full(len(invented), code, dtype=np.int64))
    together = np.concatenate(new_codes)
    origin = np.r_[np.arange(len(rows)), np.full(len(together) - len(rows), -1)]
    return Balanced(np.concatenate(new_rows), together, origin.astype(np.int64))


def _whole_numbers(shares: Floats, total: int) -> Codes:
    """Whole numbers near ``shares`` that sum to ``total``: the largest remainders are rounded up."""
    whole = np.floor(shares).astype(np.int64)
    left = total - int(whole.sum())
    order = np.argsort(-(shares - whole), kind="stable")
    whole[order[:left]] += 1
    return whole


def _between(rows: Floats, wanted: Codes, neighbors: int, rng: np.random.Generator) -> Floats:
    """``wanted[i]`` points on the lines from row i to its nearest rows."""
    bases = np.repeat(np.arange(len(rows)), wanted)
    if len(rows) == 1:
        return rows[bases]
    count = min(neighbors, len(rows) - 1)
    nearest = NearestNeighbors(n_neighbors=count + 1).fit(rows).kneighbors(rows, return_distance=False)
    others = np.stack([line[line != number][:count] for number, line in enumerate(nearest)])
    partners = others[bases, rng.integers(count, size=len(bases))]
    return rows[bases] + rng.random((len(bases), 1)) * (rows[partners] - rows[bases])


def _checked(inputs: npt.ArrayLike, codes: npt.ArrayLike) -> tuple[Floats, Codes]:
    rows, labels = np.asarray(inputs, dtype=np.float64), np.asarray(codes)
    if rows.ndim != 2 or len(rows) == 0 or labels.shape != (len(rows),) or labels.dtype.kind not in "iu":
        raise BadInput(f"inputs of shape {rows.shape} and codes of shape {labels.shape}", where="balancing")
    if not np.isfinite(rows).all():
        raise BadInput("a feature is NaN or infinite", where="balancing", mend="leave the item out")
    if labels.min() < 0:
        raise BadInput("a class code is negative", where="balancing")
    return rows, labels.astype(np.int64)
