"""What one rater reaches on norms of which only mean, standard deviation and number of raters are published.

Assumption: the SD of a picture holds everything that makes a rater differ from the norm (taste, use of the scale, slips
of the hand), and raters differ independently from picture to picture. A rater who is high on all pictures would agree
better than this with the norm, so the correlation is a lower bound of the ceiling where raters have such habits.
"""

import numpy as np
import numpy.typing as npt

from thymos.measure.metric import Additive, rows_of

Floats = npt.NDArray[np.float64]
METRICS = ("pearson", "ccc", "rmse")


def rater_against_rest(mean: npt.ArrayLike, sd: npt.ArrayLike, raters: npt.ArrayLike, metric: str) -> Additive:
    """One rater's score against the mean of all other raters, as a statistic that can be resampled over pictures.

    With V the variance of the pictures' true means (variance of the norms minus the mean squared error of a norm),
    E the mean of sd^2 and R the mean of sd^2 / (n - 1): pearson = V / sqrt((V + E) (V + R)),
    ccc = 2 V / ((V + E) + (V + R)), rmse = sqrt(E + R).

    Args:
        mean: norm of each picture.
        sd: standard deviation over its raters.
        raters: their number, at least 2.
        metric: "pearson", "ccc" or "rmse".
    """
    values, spread, count = (np.asarray(part, dtype=np.float64) for part in (mean, sd, raters))
    center = values.mean()
    table = np.column_stack(
        [
            np.ones(len(values)),
            values - center,
            (values - center) ** 2,
            spread**2,
            spread**2 / count,
            spread**2 / (count - 1),
        ]
    )

    def finish(sums: Floats) -> Floats:
        total, first, second, own, of_norm, of_rest = np.moveaxis(sums, -1, 0)
        error, rest = own / total, of_rest / total
        true = np.maximum(second / total - (first / total) ** 2 - of_norm / total, 0.0)
        if metric == "rmse":
            return np.asarray(np.sqrt(error + rest))
        if metric == "ccc":
            return np.asarray(2 * true / (2 * true + error + rest))
        return np.asarray(true / np.sqrt((true + error) * (true + rest)))

    return rows_of(table, finish)


def reliability(mean: npt.ArrayLike, sd: npt.ArrayLike, raters: npt.ArrayLike) -> Additive:
    """Share of the variance of the norms that is not sampling error: the square of the best possible correlation."""
    values, spread, count = (np.asarray(part, dtype=np.float64) for part in (mean, sd, raters))
    center = values.mean()
    table = np.column_stack([np.ones(len(values)), values - center, (values - center) ** 2, spread**2 / count])

    def finish(sums: Floats) -> Floats:
        total, first, second, of_norm = np.moveaxis(sums, -1, 0)
        variance = second / total - (first / total) ** 2
        return np.asarray(np.clip(1 - of_norm / total / np.maximum(variance, 1e-12), 0.0, 1.0))

    return rows_of(table, finish)
