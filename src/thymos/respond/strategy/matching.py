"""Shifts that make a classifier choose each strategy as often as people do; what lowers the preference bias."""

import numpy as np

from thymos.respond.strategy.features import SIZE, Floats, Integers


def shares_of(codes: Integers) -> Floats:
    """How often each strategy occurs, shape (strategies,), summing to 1."""
    return np.bincount(codes, minlength=SIZE) / len(codes)


def match_shares(scores: Floats, shares: Floats, *, rounds: int = 300) -> Floats:
    """Shifts that make the best-scored column come out as often as wanted.

    A damped multiplicative update: each round lowers the shift of columns chosen too often and raises the others.

    Args:
        scores: shape (items, columns).
        shares: wanted share of each column, shape (columns,).
        rounds: of the update; its step shrinks by 3 % a round.

    Returns:
        Shape (columns,), mean 0.
    """
    smallest = 0.5 / len(scores)
    spread = float(scores.std()) or 1.0
    shift = np.zeros(scores.shape[1])
    for number in range(rounds):
        chosen = np.bincount((scores + shift).argmax(axis=1), minlength=len(shift)) / len(scores)
        gap = np.log(np.maximum(chosen, smallest)) - np.log(np.maximum(shares, smallest))
        shift -= 0.3 * spread * 0.97**number * gap
    return np.asarray(shift - shift.mean())
