"""Effect sizes with their exact intervals: what the noncentral t and F distributions leave possible.

Sources: Cumming & Finch (2001) for Cohen's d, Smithson (2001) and Steiger (2004) for partial eta squared.
"""

from math import isfinite, sqrt
from typing import NamedTuple

from scipy import optimize, special, stats

from thymos.errors import BadInput

NOTHING = float("nan")
SMALL_T = 1e-3
REACH = 2.0  # how far from scipy's inverse the true one is looked for


class Sized(NamedTuple):
    """An effect size with its interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


def noncentral_t(t: float, df: float, level: float = 0.95) -> tuple[float, float]:
    """Noncentralities between which a t lies.

    Example:
        >>> [round(end, 4) for end in noncentral_t(2.83, 126)]
        [0.8338, 4.8154]
    """
    if t < 0:
        low, high = noncentral_t(-t, df, level)
        return -high, -low
    tail = (1 - level) / 2
    return noncentrality_of_t(t, df, 1 - tail), noncentrality_of_t(t, df, tail)


def noncentrality_of_t(t: float, df: float, share: float) -> float:
    """The noncentrality under which a share of all t are below this one, which is not negative."""
    found = float(special.nctdtrinc(df, share, t))
    if t < SMALL_T:  # near 0 the distribution function of scipy is not to be relied on, and the inverse is right
        return found
    # For a t near 0 scipy's inverse gives that of 0.
    return float(
        optimize.brentq(lambda one: stats.nct.cdf(t, df, one) - share, found - REACH, found + REACH, xtol=1e-9)
    )


def noncentral_f(f: float, between: float, within: float, level: float = 0.95) -> tuple[float, float]:
    """Noncentralities between which an F lies; 0 where even 0 is too much."""
    tail = (1 - level) / 2
    return noncentrality_of_f(f, between, within, 1 - tail), noncentrality_of_f(f, between, within, tail)


def noncentrality_of_f(f: float, between: float, within: float, share: float) -> float:
    """The noncentrality under which a share of all F are below this one; 0 where none is small enough."""
    if special.fdtr(between, within, f) <= share:
        return 0.0
    # scipy's inverse is off in the fourth digit of the share, so it only says where to look.
    high = 2 * float(special.ncfdtrinc(between, within, share, f)) + 1
    while special.ncfdtr(between, within, high, f) > share:
        high *= 2
    return float(optimize.brentq(lambda one: special.ncfdtr(between, within, one, f) - share, 0, high, xtol=1e-9))


def standardized_difference(difference: float, spread: float, own: int, other: int, level: float = 0.95) -> Sized:
    """Cohen's d of two groups with its interval.

    Args:
        difference: of the means.
        spread: standard deviation within the groups, pooled.
        own, other: sizes.
        level: of the interval.

    Example:
        >>> [round(end, 3) for end in standardized_difference(5.0, 10.0, 64, 64)]
        [0.5, 0.147, 0.851]
    """
    if not 0 < level < 1:
        raise BadInput(f"{level} is no level", where="interval", mend="pass one between 0 and 1, e.g. 0.95")
    if min(own, other) < 1 or own + other < 3 or not spread > 0:
        return Sized(NOTHING, NOTHING, NOTHING)
    value, scale = difference / spread, sqrt(1 / own + 1 / other)
    low, high = noncentral_t(value / scale, own + other - 2, level)
    return Sized(value, low * scale, high * scale)


def explained_share(f: float, between: int, within: int, level: float = 0.95) -> Sized:
    """Partial eta squared of an F with its interval, 0..1.

    Example:
        >>> [round(end, 4) for end in explained_share(6.0, 1, 42, level=0.9)]
        [0.125, 0.0117, 0.2801]
    """
    if not isfinite(f) or between < 1 or within < 1:
        return Sized(NOTHING, NOTHING, NOTHING)
    low, high = (end / (end + between + within + 1) for end in noncentral_f(f, between, within, level))
    return Sized(f * between / (f * between + within), low, high)
