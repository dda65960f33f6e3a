"""Predictions of ``listener_empathy`` for people who are kept out of the training set.

Generalized: nothing of the person is known. Personalized: the person's traces of the other videos are known. In both,
the video has been traced by the training people only where the system's name says so.
"""

from collections.abc import Callable

import numpy as np

from thymos.perceive.traces.grid import Floats, delayed, smoothed
from thymos.perceive.traces.shaping import TraceShape, fit_shape
from thymos.perceive.traces.viewers import (
    choose_strength,
    others_mean,
    personal_predictions,
)
from thymos.studies._listener_data import MIDDLE, RATE, Viewers, flat

CONSTANT, TRAINING_MEAN, TIME = "middle of the scale", "mean of the training people", "time alone"
LIGHT = "brightness of the video"
OTHERS, SHAPED = "mean of other viewers", "mean of other viewers, shaped"
OWN, PERSONAL = "own other videos", "mean of other viewers, personal scale"
PERSONAL_SHAPED = "mean of other viewers, shaped, personal scale"
ONE_VIEWER, REST = "one other viewer", "one viewer against the rest"
GENERALIZED_SYSTEMS = (CONSTANT, TRAINING_MEAN, TIME, LIGHT, OTHERS, SHAPED)
PERSONALIZED_SYSTEMS = (OWN, PERSONAL, PERSONAL_SHAPED)
LIGHT_LAGS = (0.0, 1.0, 2.0, 4.0)  # seconds
LIGHT_PENALTY = 10.0


def predictions(found: Viewers, axis: str) -> dict[str, Floats]:
    """Every system's prediction for every file, each person predicted by the other folds; (people, videos, times)."""
    traces = found.traces[axis]
    names = [*GENERALIZED_SYSTEMS, *PERSONALIZED_SYSTEMS]
    if found.luminance is None:
        names.remove(LIGHT)
    guesses = {name: np.zeros_like(traces) for name in names}
    for fold in np.unique(found.folds):
        test = found.folds == fold
        train, own = traces[~test], traces[test]
        for name, values in {**generalized(train, own, found.luminance), **personalized(train, own)}.items():
            guesses[name][test] = values
    return guesses


def generalized(train: Floats, own: Floats, luminance: Floats | None) -> dict[str, Floats]:
    """Systems that know nothing of the person; shapes (people, videos, times)."""
    mean = train.mean(axis=0)
    found = {
        CONSTANT: np.full_like(own, MIDDLE),
        TRAINING_MEAN: np.full_like(own, train.mean()),
        TIME: _like(np.array([np.delete(mean, video, axis=0).mean(axis=0) for video in range(len(mean))]), own),
        OTHERS: _like(mean, own),
        SHAPED: shape_of(train).apply(_like(mean, own), RATE),
    }
    if luminance is not None:
        found[LIGHT] = _like(by_light(mean, luminance), own)
    return found


def shape_of(train: Floats) -> TraceShape:
    """The shape that suits the mean of the other training people best, fitted on each training person in turn."""
    return fit_shape(flat(others_mean(train)), flat(train), RATE)


def personalized(train: Floats, own: Floats) -> dict[str, Floats]:
    """Systems that know the person's traces of the other videos."""
    mean, videos = train.mean(axis=0), train.shape[1]
    shape = shape_of(train)
    of_others = others_mean(train)
    found = {OWN: np.stack([np.delete(own, video, axis=1).mean(axis=1) for video in range(videos)], axis=1)}
    for name, guess, training in (
        (PERSONAL, mean, of_others),
        (PERSONAL_SHAPED, shape.apply(mean, RATE), shape.apply(of_others, RATE)),
    ):
        strength = choose_strength(list(training), list(train))
        found[name] = np.stack([personal_predictions(guess, person, strength) for person in own])
    return found


def by_light(mean: Floats, luminance: Floats) -> Floats:
    """The training people's mean trace of each video from its brightness, learned on the other videos.

    Inputs are the brightness now and 1, 2 and 4 s ago, smoothed over 2 s, and its change; ridge regression.
    """
    soft = smoothed(luminance, round(2 * RATE))
    inputs = [delayed(soft, round(lag * RATE)) for lag in LIGHT_LAGS]
    inputs.append(soft - delayed(soft, round(RATE)))
    features = np.stack(inputs, axis=-1)  # (videos, times, features)
    found = np.empty_like(mean)
    for video in range(len(mean)):
        rest = np.arange(len(mean)) != video
        rows, goal = features[rest].reshape(-1, features.shape[-1]), mean[rest].ravel()
        center = rows.mean(axis=0)
        system = (rows - center).T @ (rows - center) + LIGHT_PENALTY * np.eye(features.shape[-1])
        weights = np.linalg.solve(system, (rows - center).T @ (goal - goal.mean()))
        found[video] = goal.mean() + (features[video] - center) @ weights
    return found


def one_other_viewer(traces: Floats, mean_of_pairs: Callable[[Floats, Floats], Floats]) -> Floats:
    """Mean score of every file over single other viewers as its predictor; (people, videos).

    Args:
        traces: (people, videos, times).
        mean_of_pairs: scores of files, from gold and prediction of shape (videos, times).
    """
    people = len(traces)
    scores = np.zeros(traces.shape[:2])
    for person in range(people):
        for other in range(people):
            if other != person:
                scores[person] += mean_of_pairs(traces[person], traces[other]) / (people - 1)
    return scores


def _like(values: Floats, own: Floats) -> Floats:
    """(videos, times) once a person."""
    return np.array(np.broadcast_to(values, own.shape))
