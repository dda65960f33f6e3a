"""Preference for strategies and its bias (card 02): which answers a system leans to, whatever the gold answer is.

Every wrong choice is a match that the predicted strategy won against the gold one. A Bradley-Terry model over these
matches gives each strategy a preference p (mean 1); the bias B is the population standard deviation of p, 0 for a
system without leanings.
"""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.class_counts import divide
from thymos.measure.classification import confusion
from thymos.measure.inputs import Floats, Outside, label_codes, numbers
from thymos.measure.metric import Additive

ROUNDS = 20


class Preference(NamedTuple):
    """Preference of every label (sum = number of labels) and their population standard deviation."""

    labels: list[Any]
    p: Floats
    bias: float


def preferences_from_counts(counts: npt.ArrayLike, *, rounds: int = ROUNDS) -> Floats:
    """Bradley-Terry preferences by the Zermelo/Newman iteration of card 02.

    Start at 1; in each round, for every label i in order and in place,
    ``p_i <- sum_j w_ij p_j / (p_i + p_j)  /  sum_j w_ji / (p_i + p_j)`` over j != i; then divide by the geometric
    mean of the non-zero p; at the end scale to sum K.

    Zero cases, which the authors' script leaves open: terms with ``p_i + p_j = 0`` are left out, so a label that is
    never chosen in place of another one keeps p = 0; a label whose denominator is 0 (it is never missed for another
    one, so nothing bounds its preference) keeps the p it has. Without any wrong choice all p are 1.

    Args:
        counts: ``w[i, j]``, how often label i was predicted where j is gold, shape (..., K, K); the diagonal does not
            matter.
        rounds: number of rounds; the published numbers use 20.

    Returns:
        Floats: preferences, shape (..., K).
    """
    wins = np.array(numbers(counts, "counts"), dtype=float)
    size = wins.shape[-1]
    if wins.ndim < 2 or wins.shape[-2] != size or (wins < 0).any():
        raise BadInput("counts must be a square table of 0 or more", where="counts", mend="pass predicted × gold")
    wins[..., np.arange(size), np.arange(size)] = 0
    p = np.ones(wins.shape[:-1])
    for _ in range(rounds):
        for i in range(size):
            share = divide(np.ones_like(p), p[..., [i]] + p)
            won = (wins[..., i, :] * p * share).sum(-1)
            lost = (wins[..., :, i] * share).sum(-1)
            p[..., i] = np.where(lost > 0, divide(won, lost), p[..., i])
        logs = np.log(np.where(p > 0, p, 1.0)).sum(-1, keepdims=True)
        p = p / np.exp(divide(logs, (p > 0).sum(-1, keepdims=True)))
    return np.asarray(size * divide(p, p.sum(-1, keepdims=True)))


def strategy_preference(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    outside: Outside = "error",
    rounds: int = ROUNDS,
) -> Preference:
    """Preference p of each label and the bias B of a system's choices.

    Args:
        gold: the right strategy of each item.
        predicted: the chosen one.
        labels: the label list; its order is the order of the in-place update, which matters slightly within 20
            rounds.
        outside: whether a choice outside ``labels`` is an error or left out.
        rounds: of the iteration.

    Warns:
        UserWarning: a label is never chosen in place of another, or never missed for another: p by the zero rules.

    Example:
        >>> strategy_preference(["ask", "tell", "ask"], ["tell", "ask", "ask"]).p.tolist()
        [1.0, 1.0]
    """
    table = confusion(gold, predicted, labels=labels, outside=outside)
    counts = table.counts.T
    wrong = counts - np.diag(np.diag(counts))
    won, lost = wrong.sum(axis=1) > 0, wrong.sum(axis=0) > 0
    never, unbounded = lost & ~won, won & ~lost
    if never.any():
        warnings.warn(
            f"never chosen in place of another label, so preference is 0 by rule: {_named(table.labels, never)}",
            stacklevel=2,
        )
    if unbounded.any():
        warnings.warn(
            f"never missed for another label, so preference has no bound: {_named(table.labels, unbounded)}",
            stacklevel=2,
        )
    p = preferences_from_counts(counts, rounds=rounds)
    return Preference(table.labels, p, float(p.std()))


def _named(labels: list[Any], chosen: npt.NDArray[np.bool_]) -> str:
    return ", ".join(str(label) for label, wanted in zip(labels, chosen, strict=True) if wanted)


def prepare_preference_bias(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    outside: Outside = "error",
    rounds: int = ROUNDS,
) -> Additive:
    """Sums for `preference_bias`: the cells of the table predicted × gold."""
    codes = label_codes(gold, predicted, labels, outside)
    size = len(codes.labels)
    cells, kinds = np.unique(codes.predicted * size + codes.gold, return_inverse=True)
    table = np.zeros((len(cells), size * size))
    inside = cells < size * size
    table[np.flatnonzero(inside), cells[inside]] = 1

    def finish(sums: Floats) -> Floats:
        counts = sums.reshape(*sums.shape[:-1], size, size)
        return np.asarray(preferences_from_counts(counts, rounds=rounds).std(axis=-1))

    return Additive(kinds.astype(np.int64), table, finish)


def preference_bias(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    *,
    labels: Sequence[Any] | None = None,
    outside: Outside = "error",
    weights: npt.ArrayLike | None = None,
) -> float:
    """The bias B alone, 0 or more; arguments as in `strategy_preference`, without its warnings."""
    return prepare_preference_bias(gold, predicted, labels=labels, outside=outside).value(weights)
