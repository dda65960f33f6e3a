"""Temperatures a class of a softmax, and calibration against vote shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from thymos.errors import BadInput
from thymos.measure.calibration import class_ece, fit_temperature
from thymos.measure.distribution import soft_cross_entropy
from thymos.perceive.rater_targets.calibration import (
    fit_softmax_temperatures,
    share_ece,
    with_softmax_temperatures,
)

RNG = np.random.default_rng(3)
TRUE = np.array([0.5, 1.0, 3.0, 2.0])
LOGITS = RNG.normal(0, 3, size=(4000, 4))
SHARES = softmax(LOGITS / TRUE, axis=1)


def test_the_temperatures_that_made_the_shares_are_found():
    assert fit_softmax_temperatures(LOGITS, SHARES) == pytest.approx(TRUE, rel=1e-3)


def test_sampled_labels_give_nearly_the_same():
    draws = np.array([RNG.multinomial(10, row) for row in SHARES]) / 10
    assert fit_softmax_temperatures(LOGITS, draws) == pytest.approx(TRUE, rel=0.06)


def test_a_shared_temperature_is_that_of_the_plain_fit():
    labels = np.array([RNG.choice(4, p=row) for row in softmax(LOGITS / 1.7, axis=1)])
    found = fit_softmax_temperatures(LOGITS, np.eye(4)[labels], shared=True)
    assert np.ptp(found) == 0
    assert found[0] == pytest.approx(fit_temperature(LOGITS, labels), rel=1e-3)


def test_the_fit_lowers_the_cross_entropy_on_other_data():
    temperatures = fit_softmax_temperatures(LOGITS[:2000], SHARES[:2000])
    after = soft_cross_entropy(SHARES[2000:], with_softmax_temperatures(LOGITS[2000:], temperatures))
    assert after < soft_cross_entropy(SHARES[2000:], softmax(LOGITS[2000:], axis=1)) - 0.05


def test_bad_input():
    with pytest.raises(BadInput, match="equal shapes"):
        fit_softmax_temperatures(LOGITS, SHARES[:, :3])
    with pytest.raises(BadInput, match="sum to 1"):
        fit_softmax_temperatures(LOGITS, SHARES / 2)
    with pytest.raises(BadInput, match="not positive"):
        with_softmax_temperatures(LOGITS, [1, 0, 1, 1])


@given(
    arrays(np.int64, (5, 3), elements=st.integers(0, 4)).filter(lambda votes: votes.sum(axis=1).min() > 0),
    arrays(np.float64, (5, 3), elements=st.floats(0, 1)),
)
def test_share_calibration_is_class_calibration_over_single_votes(votes, probabilities):
    shares = votes / votes.sum(axis=1, keepdims=True)
    # 12 is a multiple of every possible number of votes 1..4; other items are rounded to twelfths.
    cases = np.round(shares * 12).astype(int)
    if (cases != shares * 12).any() or (cases.sum(axis=1) != 12).any():
        return
    targets = np.vstack([np.eye(3)[np.repeat(np.arange(3), row)] for row in cases])
    expected = class_ece(targets, np.repeat(probabilities, 12, axis=0))
    assert share_ece(shares, probabilities) == pytest.approx(expected, abs=1e-9)


def test_a_model_that_gives_the_shares_is_calibrated():
    assert share_ece(SHARES, SHARES) == pytest.approx(0, abs=1e-12)
    assert share_ece(SHARES, np.full_like(SHARES, 0.25)) == pytest.approx(np.abs(SHARES.mean(axis=0) - 0.25).mean())


def test_bad_shares():
    with pytest.raises(BadInput, match="equal shapes"):
        share_ece([[1.0]], [[0.5, 0.5]])
    with pytest.raises(BadInput, match="outside 0 to 1"):
        share_ece([[1.0, 0.0]], [[1.5, -0.5]])
