"""Axes of graded states: fitted on all, fitted without a group, and how projections line up with levels.

Pure functions on arrays; :mod:`thymos.interpret.scanner` reads the states and puts the numbers together.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, stats

from thymos.errors import BadInput
from thymos.interpret.directions import unit
from thymos.measure.inputs import group_codes, numbers, same_length

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Method = Literal["pca", "regression", "difference"]
MOST_LEVELS = 10
"""More different levels than these are put into as many classes of about equal size before an axis is fitted."""
NOTHING = 1e-12


def axis_by_pca(level_means: Floats) -> Floats:
    """First principal component over the level means, as in the paper, turned so that it grows with level.

    Args:
        level_means: shape (..., levels, width), by rising level.

    Returns:
        Shape (..., width), length 1; 0 where the means do not differ.
    """
    centred = level_means - level_means.mean(axis=-2, keepdims=True)
    # There are fewer levels than numbers in a state, so the small product of the two is decomposed.
    _, vectors = np.linalg.eigh(centred @ centred.swapaxes(-1, -2))
    axes = unit(np.einsum("...l,...lw->...w", vectors[..., -1], centred))
    growth = np.einsum("...lw,...w->...l", centred, axes) @ np.arange(level_means.shape[-2])
    return np.where(growth[..., None] < 0, -axes, axes)


def axis_by_regression(level_means: Floats, values: Floats, counts: Floats) -> Floats:
    """How much each number of the state grows with the level: slopes of the states on the level.

    Args:
        level_means: shape (..., levels, width).
        values: shape (levels,), the level that each mean stands for.
        counts: shape (..., levels), how many states are behind each mean.

    Returns:
        Shape (..., width), length 1.
    """
    middle = (counts @ values)[..., None] / counts.sum(axis=-1, keepdims=True)
    return unit(np.einsum("...l,...lw->...w", counts * (values - middle), level_means))


def axis_by_difference(level_means: Floats, values: Floats, counts: Floats) -> Floats:
    """Mean of the upper levels minus mean of the lower ones, divided halfway between the lowest and the highest.

    Args:
        level_means: shape (..., levels, width).
        values: shape (levels,), the level that each mean stands for; one that lies halfway is left out.
        counts: shape (..., levels), how many states are behind each mean.

    Returns:
        Shape (..., width), length 1; 0 where one side has no states.
    """
    middle = (values.min() + values.max()) / 2
    shares = []
    for side in (values > middle, values < middle):
        chosen = np.where(side, counts, 0.0)
        total = chosen.sum(axis=-1, keepdims=True)
        shares.append(np.divide(chosen, total, out=np.zeros_like(chosen), where=total > 0))
    both = (shares[0].any(axis=-1) & shares[1].any(axis=-1))[..., None]
    return unit(np.where(both, np.einsum("...l,...lw->...w", shares[0] - shares[1], level_means), 0.0))


AXES: Mapping[Method, Callable[[Floats, Floats, Floats], Floats]] = MappingProxyType(
    {
        "pca": lambda level_means, values, counts: axis_by_pca(level_means),
        "regression": axis_by_regression,
        "difference": axis_by_difference,
    }
)


class Design:
    """Which levels and groups texts have.

    Args:
        levels: one number a text.
        groups: texts that belong together; None takes each text as a group of its own.

    Attributes:
        codes: class of each text's level, from 0 by rising level; see ``MOST_LEVELS``.
        values: mean level of each class.
        groups: number of each text's group, from 0.
        folds: how many groups there are.

    Raises:
        BadInput: fewer than two levels, or fewer than two when a group is left out; other numbers of levels and groups.
    """

    def __init__(self, levels: npt.ArrayLike, groups: Iterable[Any] | None = None) -> None:
        levels = numbers(levels, "levels", dimensions=1)
        self.codes, self.values = level_classes(levels)
        self.groups = np.arange(len(levels)) if groups is None else group_codes(groups, "groups")[0]
        same_length(levels=levels, groups=self.groups)
        self.folds = int(self.groups.max()) + 1
        left = (self.held_out_counts(self.codes) > 0).sum(axis=1)
        if (left < 2).any():
            what = "all levels are the same" if len(self.values) < 2 else "without one group, all levels are the same"
            raise BadInput(what, where="levels", mend="pass texts of other levels too")
        self._first = np.unique(self.groups, return_index=True)[1]
        self._whole = bool((levels == levels[self._first][self.groups]).all())

    def held_out_counts(self, codes: Integers) -> Floats:
        """How many texts of each class are left without each group, shape (groups, classes)."""
        size = len(self.values)
        cells = np.bincount(self.groups * size + codes, minlength=self.folds * size).reshape(self.folds, size)
        return (cells.sum(axis=0) - cells).astype(float)

    def held_out_means(self, states: Floats, codes: Integers) -> tuple[Floats, Floats]:
        """Means of each class without each group, shape (groups, classes, width), and the counts behind them."""
        size = len(self.values)
        places = (self.groups * size + codes, np.arange(len(codes)))
        cells = sparse.csr_array((np.ones(len(codes)), places), shape=(self.folds * size, len(codes))) @ states
        cells = cells.reshape(self.folds, size, -1)
        counts = self.held_out_counts(codes)
        return class_means(cells.sum(axis=0) - cells, counts), counts

    def shuffle(self, rng: np.random.Generator) -> Integers:
        """An order of the texts whose levels are as probable as the given ones if levels mean nothing.

        Levels change places between groups where each group has one level, and inside the groups where they have
        several: what sets groups apart is then no evidence.
        """
        if self._whole:
            return self._first[rng.permutation(self.folds)][self.groups]
        order = np.empty(len(self.groups), dtype=np.int64)
        order[np.argsort(self.groups, kind="stable")] = np.lexsort((rng.random(len(order)), self.groups))
        return order


def level_classes(levels: Floats, most: int = MOST_LEVELS) -> tuple[Integers, Floats]:
    """The class of each level and the mean level of each class, by rising level.

    Example:
        >>> level_classes(np.array([3.0, 1.0, 3.0]))[0].tolist()
        [1, 0, 1]
    """
    many = len(np.unique(levels)) > most
    classes = pd.qcut(levels, most, labels=False, duplicates="drop") if many else levels
    _, codes = np.unique(classes, return_inverse=True)
    return codes.astype(np.int64), np.bincount(codes, weights=levels) / np.bincount(codes)


def class_means(sums: Floats, counts: Floats) -> Floats:
    """Means from sums of shape (..., classes, width); a class without states gets the mean of the other means.

    Such a class then lies in the middle, where it changes no principal component, slope or difference.
    """
    there = (counts > 0)[..., None]
    means = np.divide(sums, counts[..., None], out=np.zeros_like(sums), where=there)
    middle = means.sum(axis=-2, keepdims=True) / np.maximum(there.sum(axis=-2, keepdims=True), 1)
    return np.where(there, means, middle)


def fit_axis(states: Floats, codes: Integers, design: Design, method: Method) -> Floats:
    """The axis of all states.

    Args:
        states: shape (texts, width).
        codes: class of each text: those of the design, or shuffled ones.
        design: of the texts.
        method: ``"pca"``, ``"regression"`` or ``"difference"``; with two levels they are the same.

    Returns:
        Shape (width,), length 1.
    """
    member = (codes == np.arange(len(design.values))[:, None]).astype(float)
    counts = member.sum(axis=1)
    return AXES[check_method(method)](class_means(member @ states, counts), design.values, counts)


def project_held_out(states: Floats, codes: Integers, design: Design, method: Method) -> Floats:
    """Projection of each text on the axis of all other groups, from their mean state; shape (texts,).

    Arguments as in :func:`fit_axis`.
    """
    means, counts = design.held_out_means(states, codes)
    axes = AXES[check_method(method)](means, design.values, counts)
    centers = (counts[..., None] * means).sum(axis=1) / counts.sum(axis=1)[:, None]
    return np.einsum("tw,tw->t", states - centers[design.groups], axes[design.groups])


def check_method(method: Method) -> Method:
    """Give a method back, or raise BadInput when there is none of that name."""
    if method not in AXES:
        raise BadInput(f"there is no method {method!r}", mend=f"use {', '.join(AXES)}")
    return method


def own_span(states: Floats) -> tuple[Floats, Floats]:
    """Centred states in coordinates of their own span, and that span: fewer numbers, and the same angles.

    Args:
        states: shape (texts, width), centred.

    Returns:
        Shapes (texts, rank) and (rank, width); their product is the states.

    Raises:
        BadInput: the states are all the same.
    """
    left, sizes, right = np.linalg.svd(states, full_matrices=False)
    kept = sizes > sizes[0] * max(states.shape) * np.finfo(float).eps
    if not sizes[0] > 0:
        raise BadInput("all states are the same", where="scanner", mend="read another place, or other texts")
    return left[:, kept] * sizes[kept], right[kept]


def rank_correlation(first: Floats, second: Floats) -> Floats:
    """Spearman of each row with each row, shapes (..., texts) that fit each other; 0 where one is constant."""
    a, b = (stats.rankdata(values, axis=-1) for values in (first, second))
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    together, spread = (a * b).sum(axis=-1), np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))
    return np.asarray(np.divide(together, spread, out=np.zeros_like(together), where=spread > 0))


def partial_rank_correlation(first: Floats, second: Floats, held: Floats) -> float:
    """Spearman of two variables with a third held constant; 0 where the third leaves nothing of one of them."""
    between = float(rank_correlation(first, second))
    a, b = float(rank_correlation(first, held)), float(rank_correlation(second, held))
    left = (1 - a**2) * (1 - b**2)
    return float(np.clip((between - a * b) / np.sqrt(left), -1, 1)) if left > NOTHING else 0.0


def permutation_p(observed: float, shuffled: Floats) -> float:
    """Share of shuffles, the observed order included, that reach the observed value."""
    return (int((shuffled >= observed - NOTHING).sum()) + 1) / (len(shuffled) + 1)


def standardize_rows(values: Floats) -> Floats:
    """Each row in robust standard deviations (1.4826 x median absolute deviation) from its median; constant rows are 0.

    Robust because the first token of a text often has a state a hundred times as long as any other, which would leave
    nothing to see of the rest.
    """
    centred = values - np.median(values, axis=-1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(centred), axis=-1, keepdims=True)
    spread = np.where(spread > NOTHING, spread, values.std(axis=-1, keepdims=True))
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > NOTHING)
