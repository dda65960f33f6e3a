import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from thymos.errors import BadInput
from thymos.perceive.prior_shift import (
    class_shares,
    correct_prior,
    estimate_prior_em,
    estimate_prior_from_confusion,
    fit_bias_corrected_temperature,
)

MEANS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])


def drawn(shares, items, seed):
    """Points of three Gaussian classes with these shares: the posterior is known in closed form."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(3, items, p=shares)
    points = MEANS[codes] + rng.normal(size=(items, 2))
    return codes, points


def posterior(points, shares):
    logits = -0.5 * ((points[:, None, :] - MEANS) ** 2).sum(axis=2) + np.log(shares)
    return softmax(logits, axis=1)


def test_known_prior_gives_the_posterior_of_that_prior():
    _, points = drawn([0.6, 0.3, 0.1], 500, 0)
    corrected = correct_prior(posterior(points, [1 / 3] * 3), [1 / 3] * 3, [0.6, 0.3, 0.1])
    np.testing.assert_allclose(corrected, posterior(points, [0.6, 0.3, 0.1]), atol=1e-9)


@pytest.mark.parametrize("target", [[0.7, 0.2, 0.1], [0.05, 0.05, 0.9], [1 / 3, 1 / 3, 1 / 3]])
def test_em_finds_the_shares_of_the_test_set(target):
    codes, points = drawn(target, 8000, 1)
    source = np.array([0.5, 0.25, 0.25])
    found = estimate_prior_em(posterior(points, source), source)
    np.testing.assert_allclose(found.shares, class_shares(codes, 3), atol=0.02)
    assert found.steps < 1000


def test_em_raises_the_accuracy_under_shift():
    source, target = np.array([0.8, 0.1, 0.1]), [0.1, 0.8, 0.1]
    codes, points = drawn(target, 4000, 2)
    before = posterior(points, source)
    after = correct_prior(before, source, estimate_prior_em(before, source).shares)
    assert (after.argmax(axis=1) == codes).mean() > (before.argmax(axis=1) == codes).mean() + 0.05


def test_em_never_lowers_the_likelihood():
    source = np.array([0.5, 0.3, 0.2])
    _, points = drawn([0.1, 0.2, 0.7], 300, 3)
    values = posterior(points, source)

    def likelihood(steps):
        shares = estimate_prior_em(values, source, most_steps=steps, tolerance=0).shares
        return np.log((values * shares / source).sum(axis=1)).sum()

    path = [likelihood(steps) for steps in range(1, 12)]
    assert all(b >= a - 1e-9 for a, b in itertools.pairwise(path))


def test_confusion_finds_the_shares_also_for_a_badly_calibrated_model():
    target = [0.1, 0.3, 0.6]
    held_codes, held_points = drawn([1 / 3] * 3, 6000, 4)
    codes, points = drawn(target, 6000, 5)

    def too_sure(points):
        return softmax(3 * np.log(posterior(points, [1 / 3] * 3)), axis=1)

    found = estimate_prior_from_confusion(held_codes, too_sure(held_points), too_sure(points))
    np.testing.assert_allclose(found.shares, class_shares(codes, 3), atol=0.03)


def test_calibration_undoes_a_temperature_and_class_weights():
    shares = np.array([0.6, 0.3, 0.1])
    codes, points = drawn(shares, 20000, 6)
    # A model trained with balanced weights (uniform prior) whose logits are three times too large.
    logits = 3 * np.log(posterior(points, [1 / 3] * 3))
    calibrated = fit_bias_corrected_temperature(logits, codes)
    assert calibrated.temperature == pytest.approx(3, abs=0.15)
    np.testing.assert_allclose(calibrated(logits), posterior(points, shares), atol=0.03)
    np.testing.assert_allclose(calibrated(logits).mean(axis=0), class_shares(codes, 3), atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_correcting_there_and_back_is_the_identity(seed, classes):
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.ones(classes), 20)
    old, new = rng.dirichlet(np.full(classes, 5.0)), rng.dirichlet(np.full(classes, 5.0))
    there = correct_prior(values, old, new)
    np.testing.assert_allclose(there.sum(axis=1), 1)
    np.testing.assert_allclose(correct_prior(there, new, old), values, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_estimates_are_distributions(seed):
    rng = np.random.default_rng(seed)
    values, held = rng.dirichlet(np.ones(4), 30), rng.dirichlet(np.ones(4), 40)
    codes = np.r_[np.arange(4), rng.integers(0, 4, 36)]
    for found in (estimate_prior_em(values, np.full(4, 0.25)), estimate_prior_from_confusion(codes, held, values)):
        assert (found.shares >= 0).all()
        assert found.shares.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correct_prior([[0.5, 0.6]], [0.5, 0.5], [0.5, 0.5]), "no distribution"),
        (lambda: correct_prior([[np.nan, 1.0]], [0.5, 0.5], [0.5, 0.5]), "row 0"),
        (lambda: correct_prior(np.empty((0, 2)), [0.5, 0.5], [0.5, 0.5]), "shape"),
        (lambda: correct_prior([[0.5, 0.5]], [0.5, 0.5], [0.5, 0.6]), "target shares"),
        (lambda: correct_prior([[0.5, 0.5]], [1.0], [0.5, 0.5]), "source shares"),
        (lambda: estimate_prior_em([[0.5, 0.5]], [-0.5, 1.5]), "source shares"),
        (lambda: estimate_prior_from_confusion(np.array([0]), [[0.5, 0.5]], [[0.5, 0.5]]), "class 1 has no"),
        (lambda: estimate_prior_from_confusion(np.array([0, 1]), [[0.5, 0.5]], [[0.5, 0.5]]), "2 labels for 1"),
        (lambda: fit_bias_corrected_temperature([[np.inf, 0.0]], np.array([0])), "NaN or infinite"),
        (lambda: fit_bias_corrected_temperature([[1.0, 0.0]], np.array([0, 1])), "2 labels"),
        (lambda: class_shares(np.array([], dtype=int), 2), "no label"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(BadInput, match=message):
        call()
