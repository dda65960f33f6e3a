"""Shaping a predicted trace: smoothing, delay and matched variance, all fitted on training files only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from thymos.errors import BadInput
from thymos.perceive.traces.grid import Floats, delayed, smoothed
from thymos.perceive.traces.tracks import mean_ccc

WINDOWS = (0.0, 1.0, 3.0, 6.0, 12.0)  # seconds
DELAYS = (0.0, 1.0, 2.0, 3.0, 4.0)  # seconds; people trace what they feel 1 to 4 s late


@dataclass(frozen=True)
class TraceShape:
    """What is done to a prediction, in this order.

    Args:
        window: seconds of the moving mean; 0 = none.
        delay: seconds that the prediction comes later.
        scale: factor around ``center``; 1 = as it is.
        center: mean of the predictions of the training files.
        target: mean of the gold values of the training files; equal to ``center`` where variance is not matched.
    """

    window: float = 0.0
    delay: float = 0.0
    scale: float = 1.0
    center: float = 0.0
    target: float = 0.0

    def apply(self, trace: Floats, rate: float) -> Floats:
        """The shaped trace; ``rate`` is the number of values a second. The last axis is time."""
        moved = delayed(smoothed(trace, round(self.window * rate)), round(self.delay * rate))
        return self.target + self.scale * (moved - self.center)


def fit_shape(
    predicted: Sequence[Floats],
    gold: Sequence[Floats],
    rate: float,
    *,
    windows: Sequence[float] = WINDOWS,
    delays: Sequence[float] = DELAYS,
    match: Sequence[bool] = (False, True),
) -> TraceShape:
    """The shape with the highest mean CCC over training files (the first of equals).

    Args:
        predicted: one trace a training file; from a model that has not seen the file.
        gold: what was traced, equally long.
        rate: values a second.
        windows: seconds to try.
        delays: seconds to try.
        match: whether to try the predictions as they are, and with mean and standard deviation over all training
            frames set to those of gold.

    Raises:
        BadInput: no file, another number of files.
    """
    if not gold or len(predicted) != len(gold):
        raise BadInput(f"{len(predicted)} predictions of {len(gold)} files", where="shape", mend="pass one a file")
    truth = np.concatenate(gold)
    best, highest = TraceShape(), -np.inf
    for window, delay in product(windows, delays):
        plain = TraceShape(window, delay)
        shaped = [plain.apply(trace, rate) for trace in predicted]
        joined = np.concatenate(shaped)
        for matched in match:
            shape, tried = plain, shaped
            if matched:
                scale = float(truth.std() / joined.std()) if joined.std() > 1e-9 else 1.0
                shape = TraceShape(window, delay, scale, float(joined.mean()), float(truth.mean()))
                tried = [shape.target + scale * (trace - shape.center) for trace in shaped]
            score = mean_ccc(gold, tried)
            if score > highest + 1e-12:
                best, highest = shape, score
    return best
