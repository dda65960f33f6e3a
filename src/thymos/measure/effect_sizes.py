"""How large a difference is, apart from whether it is significant."""

from math import asin, sqrt

import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.inputs import numbers, paired_numbers


def cohens_h(rate_a: float, rate_b: float) -> float:
    """Effect size of two proportions, 2 asin √a - 2 asin √b, -π to π; .2 small, .5 medium, .8 large.

    Example:
        >>> round(cohens_h(0.5, 0.25), 4)
        0.5236
    """
    for name, rate in (("rate_a", rate_a), ("rate_b", rate_b)):
        if not 0 <= rate <= 1:
            raise BadInput(f"{rate} is no proportion", where=name, mend="pass a share between 0 and 1")
    return 2 * asin(sqrt(rate_a)) - 2 * asin(sqrt(rate_b))


def cohens_d(a: npt.ArrayLike, b: npt.ArrayLike, *, paired: bool = False) -> float:
    """Standardized mean difference.

    Args:
        a: numbers of the first group or condition.
        b: numbers of the second.
        paired: divide by the standard deviation of the differences (d_z) instead of the pooled one.

    Raises:
        BadInput: fewer than 2 numbers in a group, or no variation.
    """
    first, second = numbers(a, "a", dimensions=1), numbers(b, "b", dimensions=1)
    if paired:
        first, second = paired_numbers(first, second)
    if min(len(first), len(second)) < 2:
        raise BadInput("a group has fewer than 2 numbers", mend="pass at least 2 in each")
    if paired:
        spread = float((first - second).std(ddof=1))
    else:
        squares = ((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum()
        spread = sqrt(squares / (len(first) + len(second) - 2))
    if spread == 0:
        raise BadInput("the numbers do not vary", mend="an effect size needs variation")
    return float(first.mean() - second.mean()) / spread
