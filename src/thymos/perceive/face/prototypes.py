"""A frozen grid of prototypes over valence and arousal, as a prior for the features of a face network.

Source: card 38. A teacher's features are L2-normalized and averaged in a grid of 5 x 5 cells with centers from -0.8 to
0.8; an empty cell takes the mean of the nearest cells that are not empty. Where no teacher is at hand, grids that know
the circumplex only, or nothing, stand beside it as controls: they never come from brain signals, and say so.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays

from thymos.errors import BadInput
from thymos.files import canonical_json, require_file, write_atomically

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
CELLS = 5  # a side
SPREAD = 0.4  # of Gaussians over the plane: one cell of the 5 x 5 grid
TEMPERATURE = 0.9
CIRCUMPLEX, RANDOM = "circumplex only", "random"
NEAREST, GAUSSIAN = "nearest", "gaussian"

ANCHORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "neutral": (0.0, 0.0),
        "happiness": (0.8, 0.5),
        "surprise": (0.4, 0.8),
        "sadness": (-0.7, -0.4),
        "anger": (-0.6, 0.7),
        "disgust": (-0.6, 0.4),
        "fear": (-0.6, 0.7),
        "contempt": (-0.5, 0.2),
    }
)
"""Valence and arousal of the classes of FER+, -1..1 [inferred]. Anger and fear share a place on the plane."""


def grid_centers(cells: int = CELLS) -> Floats:
    """Centers (valence, arousal), shape (cells ** 2, 2), valence slowest; the cells are equal parts of -1..1.

    Example:
        >>> grid_centers(5)[:, 0].reshape(5, 5)[:, 0].round(1).tolist()
        [-0.8, -0.4, 0.0, 0.4, 0.8]
    """
    if cells < 1:
        raise BadInput(f"{cells} cells a side", where="prototypes", mend="use 5")
    line = (2 * np.arange(cells) + 1) / cells - 1
    valence, arousal = np.meshgrid(line, line, indexing="ij")
    return np.column_stack([valence.ravel(), arousal.ravel()])


def cells_of(points: npt.ArrayLike, cells: int = CELLS) -> Integers:
    """The cell of each point (valence, arousal); points outside -1..1 fall into the cells at the border."""
    plane = np.asarray(points, dtype=np.float64)
    if plane.ndim != 2 or plane.shape[1] != 2 or not np.isfinite(plane).all():
        raise BadInput("points must be finite numbers, shape (points, 2)", where="valence and arousal")
    # A point on the edge of two cells belongs to the upper one; the small term undoes rounding.
    places = np.clip(np.floor((plane + 1) / 2 * cells + 1e-9), 0, cells - 1).astype(np.int64)
    return np.asarray(places[:, 0] * cells + places[:, 1], dtype=np.int64)


@dataclass(frozen=True)
class PrototypeGrid:
    """One vector a cell.

    Args:
        vectors: shape (cells ** 2, width), in the order of ``grid_centers``; read only.
        source: where they come from, in words for rows and cards.
        counts: items that fell into each cell; zeros for grids that come from no items.
    """

    vectors: Floats
    source: str
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        vectors = np.array(self.vectors, dtype=np.float64)
        side = round(len(vectors) ** 0.5) if vectors.ndim == 2 else 0
        if side < 1 or side**2 != len(vectors) or vectors.shape[1] == 0 or len(self.counts) != len(vectors):
            raise BadInput(f"vectors of shape {vectors.shape} are no square grid", where="prototypes")
        if not np.isfinite(vectors).all() or (np.linalg.norm(vectors, axis=1) < 1e-9).any():
            raise BadInput("a prototype is zero or not finite", where="prototypes", mend="it has no direction")
        vectors.setflags(write=False)
        object.__setattr__(self, "vectors", vectors)

    @property
    def cells(self) -> int:
        """Cells a side."""
        return round(len(self.vectors) ** 0.5)

    @property
    def width(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

    @property
    def filled(self) -> float:
        """Share of the cells that items fell into."""
        return float(np.mean(np.array(self.counts) > 0))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of source, shape and numbers (single precision, little-endian): what a result was made with."""
        header = canonical_json({"source": self.source, "shape": list(self.vectors.shape)})
        return hashlib.sha256(header.encode() + self.vectors.astype("<f4").tobytes()).hexdigest()

    def cosines(self) -> Floats:
        """Cosines between all cells, shape (cells ** 2, cells ** 2)."""
        unit = _unit(self.vectors)
        return unit @ unit.T

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file with source, counts and fingerprint in its header."""
        path = Path(path)
        header = {"source": self.source, "counts": json.dumps(self.counts), "fingerprint": self.fingerprint}
        write_atomically(path, save_arrays({"vectors": self.vectors.astype("<f4")}, metadata=header))
        return path

    @classmethod
    def load(cls, path: str | Path) -> "PrototypeGrid":
        """Read what ``save`` wrote.

        Raises:
            BadInput: no such file, a damaged file, numbers that do not have the kept fingerprint.
        """
        path = require_file(path, mend="save the prototypes again")
        try:
            with safe_open(path, framework="numpy") as stored:
                header = stored.metadata() or {}
                grid = cls(stored.get_tensor("vectors"), header["source"], tuple(json.loads(header["counts"])))
        except (SafetensorError, KeyError, ValueError) as error:
            raise BadInput(f"no prototypes ({error})", where=path, mend="save them again") from None
        if grid.fingerprint != header.get("fingerprint"):
            raise BadInput("the prototypes are not those that were saved", where=path, mend="save them again")
        return grid


def prototypes_of_features(
    features: npt.ArrayLike, points: npt.ArrayLike, *, source: str, cells: int = CELLS
) -> PrototypeGrid:
    """Mean of the L2-normalized features in each cell; an empty cell takes the mean of the nearest that are not.

    Args:
        features: of the teacher, shape (items, width), on items that it was not trained on.
        points: valence and arousal of the items, -1..1, shape (items, 2).
        source: what the features are, e.g. ``"EEG teacher, DREAMER"``.
        cells: a side; the card tells that 7 collapses.
    """
    unit = _unit(np.asarray(features, dtype=np.float64))
    if len(unit) != len(np.asarray(points)) or len(unit) == 0:
        raise BadInput(f"{len(unit)} vectors for {len(np.asarray(points))} points", where="prototypes")
    codes = cells_of(points, cells)
    counts = np.bincount(codes, minlength=cells**2)
    sums = np.zeros((cells**2, unit.shape[1]))
    np.add.at(sums, codes, unit)
    full = counts > 0
    vectors = np.divide(sums, counts[:, None], out=np.zeros_like(sums), where=full[:, None])
    centers = grid_centers(cells)
    for cell in np.flatnonzero(~full):
        distance = np.linalg.norm(centers[full] - centers[cell], axis=1)
        nearest = np.flatnonzero(full)[distance <= distance.min() + 1e-9]
        vectors[cell] = vectors[nearest].mean(axis=0)
    return PrototypeGrid(vectors, source, tuple(int(count) for count in counts))


def circumplex_prototypes(cells: int = CELLS, *, spread: float = SPREAD) -> PrototypeGrid:
    """Vectors that know nothing but where their cell lies: Gaussian similarities to all centers.

    No brain signal is in them; the card's control against prototypes of a teacher.
    """
    centers = grid_centers(cells)
    squares = ((centers[:, None] - centers[None]) ** 2).sum(axis=2)
    return PrototypeGrid(np.exp(-squares / (2 * spread**2)), CIRCUMPLEX, (0,) * cells**2)


def random_prototypes(width: int, cells: int = CELLS, *, seed: int = 0) -> PrototypeGrid:
    """Random directions: a grid without any order."""
    vectors = np.random.default_rng(seed).normal(size=(cells**2, width))
    return PrototypeGrid(_unit(vectors), RANDOM, (0,) * cells**2)


def shuffled_prototypes(grid: PrototypeGrid, *, seed: int = 0) -> PrototypeGrid:
    """The same vectors at other places of the plane."""
    order = np.random.default_rng(seed).permutation(len(grid.vectors))
    counts = tuple(grid.counts[place] for place in order)
    return PrototypeGrid(grid.vectors[order], f"{grid.source}, cells shuffled", counts)


def class_distributions(
    grid: PrototypeGrid,
    classes: Sequence[str],
    *,
    rule: str = NEAREST,
    temperature: float = TEMPERATURE,
    spread: float = SPREAD,
    anchors: Mapping[str, tuple[float, float]] = ANCHORS,
) -> Floats:
    """q over the cells for each class, shape (classes, cells ** 2), rows sum to 1.

    How q is derived from the prototypes is not published; both rules are readings of ours [inferred].

    Args:
        grid: the prototypes.
        classes: names with an anchor.
        rule: ``"nearest"``: softmax of the cosines between the cell of the class' anchor and every cell, divided by
            the temperature. ``"gaussian"``: a Gaussian over the plane around the anchor, which does not look at the
            vectors.
        temperature: of the nearest rule.
        spread: of the Gaussian, in units of the plane.
        anchors: class to (valence, arousal).

    Raises:
        BadInput: a class without an anchor, an unknown rule.
    """
    unknown = [name for name in classes if name not in anchors]
    if unknown:
        raise BadInput(f"class {unknown[0]!r} has no valence and arousal", mend=f"known: {', '.join(anchors)}")
    points = np.array([anchors[name] for name in classes], dtype=np.float64)
    if rule == NEAREST:
        scores = grid.cosines()[cells_of(points, grid.cells)] / temperature
    elif rule == GAUSSIAN:
        squares = ((points[:, None] - grid_centers(grid.cells)[None]) ** 2).sum(axis=2)
        scores = -squares / (2 * spread**2)
    else:
        raise BadInput(f"rule is {rule!r}", where="prototypes", mend=f"use {NEAREST} or {GAUSSIAN}")
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if vectors.ndim != 2 or not np.isfinite(vectors).all() or (lengths < 1e-12).any():
        raise BadInput("features must be finite vectors that are not zero", where="prototypes")
    return np.asarray(vectors / lengths)
