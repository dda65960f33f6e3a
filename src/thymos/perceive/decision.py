"""From probabilities to labels when every class counts alike (macro F1) and not every item (accuracy).

The most probable class favors frequent classes. Dividing by the class shares gives the class that the text speaks
for most, however rare it is; the power of the shares moves between the two, and is chosen on held-out items.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.prior_shift import SMALLEST, checked_probabilities
from thymos.perceive.recognizer import Codes

POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)


def decide(probabilities: npt.ArrayLike, shares: npt.ArrayLike, power: float) -> Codes:
    """The class with the largest probability / share ** power for each item.

    Args:
        probabilities: items × classes, with class shares ``shares`` as their prior.
        shares: shape (classes,).
        power: 0 = the most probable class, 1 = the class whose likelihood is largest.

    Example:
        >>> decide([[0.6, 0.4]], [0.9, 0.1], 1.0).tolist()
        [1]
    """
    values, prior = checked_probabilities(probabilities), np.asarray(shares, dtype=float)
    if prior.shape != (values.shape[1],):
        raise BadInput(f"{prior.size} class shares for {values.shape[1]} classes", where="decision")
    scores = np.log(np.maximum(values, SMALLEST)) - power * np.log(np.maximum(prior, SMALLEST))
    return scores.argmax(axis=1).astype(np.int64)


def choose_power(
    probabilities: npt.ArrayLike, codes: Codes, shares: npt.ArrayLike, *, powers: Sequence[float] = POWERS
) -> float:
    """The power with the best macro F1 on held-out items; of equals the one nearest to the middle of the range."""
    macro_f1 = score_function("macro_f1")
    middle = (min(powers) + max(powers)) / 2
    scores = {power: macro_f1(codes, decide(probabilities, shares, power)) for power in powers}
    return max(powers, key=lambda power: (round(scores[power], 9), -abs(power - middle)))
