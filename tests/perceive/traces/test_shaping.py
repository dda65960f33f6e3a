"""Shaping finds the delay, the noise and the scale that were put in; personal scale by hand."""

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.perceive.traces.grid import delayed, smoothed
from thymos.perceive.traces.shaping import TraceShape, fit_shape
from thymos.perceive.traces.tracks import mean_ccc
from thymos.perceive.traces.viewers import (
    PersonalScale,
    choose_strength,
    fit_personal_scale,
    others_mean,
    personal_predictions,
)

RATE = 4.0


def courses(files: int, seed: int = 0, frames: int = 160) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [smoothed(rng.normal(size=frames), 12) * 5 for _ in range(files)]


def test_it_finds_the_delay() -> None:
    felt = courses(6)
    shape = fit_shape(felt, [delayed(trace, 8) for trace in felt], RATE, windows=(0.0, 1.0))
    assert (shape.window, shape.delay) == (0.0, 2.0)
    assert shape.apply(felt[0], RATE) == pytest.approx(delayed(felt[0], 8), abs=0.3)


def test_it_smooths_noise() -> None:
    rng = np.random.default_rng(1)
    felt = courses(6)
    noisy = [trace + rng.normal(0, 3, size=len(trace)) for trace in felt]
    shape = fit_shape(noisy, felt, RATE)
    assert shape.window >= 1
    assert mean_ccc(felt, [shape.apply(trace, RATE) for trace in noisy]) > mean_ccc(felt, noisy) + 0.1


def test_it_matches_the_variance_where_that_helps() -> None:
    felt = courses(6)
    weak = [0.1 * trace + 3 for trace in felt]
    shape = fit_shape(weak, felt, RATE, windows=(0.0,), delays=(0.0,))
    assert shape.scale == pytest.approx(10, rel=1e-6)
    assert shape.apply(weak[2], RATE) == pytest.approx(felt[2], abs=1e-6)
    plain = fit_shape(weak, felt, RATE, match=(False,))
    assert plain.scale == 1
    assert plain.apply(weak[0], RATE).mean() == pytest.approx(weak[0].mean(), abs=0.05)


def test_nothing_to_gain_leaves_it_as_it_is() -> None:
    felt = courses(3)
    assert fit_shape(felt, felt, RATE) == TraceShape()
    flat = [np.ones(9)] * 3
    assert fit_shape(flat, [trace[:9] for trace in felt], RATE).scale == 1


def test_shape_keeps_people_and_videos() -> None:
    traces = np.stack([np.stack(courses(2, seed)) for seed in range(3)])
    shape = TraceShape(1.0, 0.5, 2.0, 1.0, 0.0)
    assert shape.apply(traces, RATE)[1, 0] == pytest.approx(shape.apply(traces[1, 0], RATE))


def test_bad_input() -> None:
    with pytest.raises(BadInput, match="1 predictions of 2"):
        fit_shape([np.ones(3)], [np.ones(3)] * 2, RATE)
    with pytest.raises(BadInput):
        fit_shape([], [], RATE)
    with pytest.raises(BadInput, match="no others"):
        others_mean(np.ones((1, 2, 3)))


def test_mean_of_the_others() -> None:
    traces = np.array([[[1.0, 1.0]], [[2.0, 4.0]], [[6.0, 0.0]]])
    assert others_mean(traces)[:, 0].tolist() == [[4, 2], [3.5, 0.5], [1.5, 2.5]]


def test_personal_scale_by_hand() -> None:
    predicted = np.array([[0.0, 2.0], [0.0, 2.0]])
    own = 3 + 2 * (predicted - 1)  # shift 2, swing 2
    scale = fit_personal_scale(predicted, own, 0.0)
    assert (scale.shift, scale.swing, scale.center) == pytest.approx((2, 2, 1))
    assert scale.apply(predicted) == pytest.approx(own)
    half = fit_personal_scale(predicted, own, 2.0)  # two videos against a pull of two
    assert (half.shift, half.swing) == pytest.approx((1, 1.5))
    assert PersonalScale().apply(predicted) == pytest.approx(predicted)


def test_a_course_is_never_turned_around() -> None:
    predicted = np.array([[0.0, 2.0], [0.0, 2.0]])
    assert fit_personal_scale(predicted, -predicted, 0.0).swing == 0
    assert fit_personal_scale(np.ones((2, 3)), np.full((2, 3), 4.0), 0.0) == PersonalScale(3.0, 1.0, 1.0)


def test_a_video_is_predicted_without_itself() -> None:
    predicted, own = np.zeros((3, 4)), np.array([[1.0] * 4, [2.0] * 4, [6.0] * 4])
    assert personal_predictions(predicted, own, 0.0)[:, 0].tolist() == [4, 3.5, 1.5]


def test_strength_is_weak_where_people_differ_and_strong_where_they_do_not() -> None:
    rng = np.random.default_rng(0)
    base = np.stack(courses(5))
    lean = [base + shift for shift in rng.normal(0, 6, size=8)]
    assert choose_strength([base] * 8, lean) <= 1
    noise = [base + rng.normal(0, 3, size=(5, 1)) for _ in range(8)]
    assert choose_strength([base] * 8, noise) >= 3
