"""What other viewers of the same video felt as a prediction for one more viewer, and how a person differs from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thymos.errors import BadInput
from thymos.perceive.traces.grid import Floats
from thymos.perceive.traces.tracks import mean_ccc

STRENGTHS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)


def others_mean(traces: Floats) -> Floats:
    """For every person (first axis) the mean trace of all the others.

    Raises:
        BadInput: fewer than two persons.
    """
    if len(traces) < 2:
        raise BadInput("one person has no others", where="traces", mend="pass two persons or more")
    return (traces.sum(axis=0, keepdims=True) - traces) / (len(traces) - 1)


@dataclass(frozen=True)
class PersonalScale:
    """How a person's traces differ from those of the others: a shift, and more or less swing.

    Args:
        shift: added to the prediction.
        swing: factor around ``center``.
        center: mean of the predictions that it was fitted on.
    """

    shift: float = 0.0
    swing: float = 1.0
    center: float = 0.0

    def apply(self, trace: Floats) -> Floats:
        """The person's own version of a prediction."""
        return self.center + self.shift + self.swing * (trace - self.center)


def fit_personal_scale(predicted: Floats, own: Floats, strength: float) -> PersonalScale:
    """Least squares on a person's other videos, drawn toward "like everybody" (shift 0, swing 1).

    Args:
        predicted: (videos, times) predictions for the videos that the person has traced.
        own: (videos, times) what the person traced.
        strength: of the pull, in units of one video and of its variance; 0 = plain least squares.
    """
    center = float(predicted.mean())
    error = own - predicted
    videos = len(own)
    shift = float(error.mean()) * videos / (videos + strength)
    deviation = predicted - center
    variance = float((deviation**2).mean())
    if variance < 1e-12:
        return PersonalScale(shift, 1.0, center)
    more = float((deviation * error).mean()) * videos / (variance * (videos + strength))
    # A negative swing would turn the video's course around: two or three videos are no evidence for that.
    return PersonalScale(shift, max(0.0, 1.0 + more), center)


def personal_predictions(predicted: Floats, own: Floats, strength: float) -> Floats:
    """For every video the prediction in the scale fitted on the person's other videos; shapes (videos, times)."""
    found = np.empty_like(predicted)
    for video in range(len(own)):
        rest = np.arange(len(own)) != video
        found[video] = fit_personal_scale(predicted[rest], own[rest], strength).apply(predicted[video])
    return found


def choose_strength(
    predicted: Sequence[Floats], own: Sequence[Floats], strengths: Sequence[float] = STRENGTHS
) -> float:
    """The strength with the highest mean CCC on training persons, each video left out in turn.

    Args:
        predicted: (videos, times) of every training person, from the other training persons.
        own: what each traced.
        strengths: what is tried; the first of equals is taken.
    """
    scores = []
    for strength in strengths:
        guesses = [personal_predictions(p, o, strength) for p, o in zip(predicted, own, strict=True)]
        scores.append(mean_ccc([trace for one in own for trace in one], [trace for one in guesses for trace in one]))
    return float(strengths[int(np.argmax(scores))])
