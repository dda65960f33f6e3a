"""Calibration errors by a plain loop and by construction; temperatures that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn import metrics as sk

from thymos.errors import BadInput
from thymos.measure import calibration as c
from thymos.measure.resampling import bootstrap_interval


def predictions(seed, n=60, k=4, sharpness=2.0):
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.normal(size=(n, k))
    return rng.integers(0, k, n), softmax(logits, axis=1)


def plain_ece(confidence, right, bins):
    total = 0.0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if b == 0:
            inside |= confidence == 0
        if inside.any():
            total += inside.sum() * abs(confidence[inside].mean() - right[inside].mean())
    return total / len(confidence)


@given(st.integers(0, 10_000), st.sampled_from([1, 10, 15]))
def test_ece_equals_a_plain_loop(seed, bins):
    gold, matrix = predictions(seed)
    right = (matrix.argmax(axis=1) == gold).astype(float)
    assert c.ece(gold, matrix, bins=bins) == pytest.approx(plain_ece(matrix.max(axis=1), right, bins), abs=1e-12)
    targets = np.eye(4)[gold]
    by_class = [plain_ece(matrix[:, k], targets[:, k], bins) for k in range(4)]
    assert c.class_ece(targets, matrix, bins=bins) == pytest.approx(np.mean(by_class), abs=1e-12)


@given(st.integers(0, 10_000))
def test_weights_are_repetition(seed):
    gold, matrix = predictions(seed)
    weights = np.random.default_rng(seed).integers(0, 3, len(gold))
    for score in (c.ece, c.log_loss):
        assert score(gold, matrix, weights=weights) == pytest.approx(
            score(np.repeat(gold, weights), np.repeat(matrix, weights, axis=0)), abs=1e-12
        )
    targets = np.eye(4)[gold]
    assert c.class_ece(targets, matrix, weights=weights) == pytest.approx(
        c.class_ece(np.repeat(targets, weights, axis=0), np.repeat(matrix, weights, axis=0)), abs=1e-12
    )


def test_a_calibrated_model_has_nearly_no_error_and_an_overconfident_one_has_its_excess():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 200_000)
    gold = (rng.random(200_000) > confidence).astype(int)
    honest = np.column_stack([confidence, 1 - confidence])
    assert c.ece(gold, honest) < 0.01
    assert c.adaptive_ece(gold, honest) < 0.01
    sure = np.tile([1.0, 0.0], (200_000, 1))
    assert c.ece(gold, sure) == pytest.approx(1 - (gold == 0).mean())


def test_adaptive_bins_hold_equally_many_items_and_keep_ties_together():
    confidence = np.array([0.51, 0.52, 0.53, 0.95, 0.96, 0.97])
    gold = np.array([0, 1, 0, 0, 0, 1])
    matrix = np.column_stack([confidence, 1 - confidence])
    right = (gold == 0).astype(float)
    by_hand = (abs((confidence - right)[:3].sum()) + abs((confidence - right)[3:].sum())) / 6
    assert c.adaptive_ece(gold, matrix, bins=2) == pytest.approx(by_hand)
    # All confidences equal: one bin, whatever the order of the items.
    flat = np.tile([0.8, 0.2], (6, 1))
    assert c.adaptive_ece(gold, flat, bins=3) == pytest.approx(abs(0.8 - right.mean()))
    # More bins than items.
    assert c.adaptive_ece([0, 1], [[0.9, 0.1], [0.6, 0.4]], bins=15) == pytest.approx((0.1 + 0.6) / 2)


def test_labels_name_the_columns():
    matrix = [[0.8, 0.2], [0.3, 0.7]]
    assert c.ece(["joy", "fear"], matrix, labels=["joy", "fear"]) == c.ece([0, 1], matrix)
    assert c.log_loss(["joy", "fear"], matrix, labels=["joy", "fear"]) == pytest.approx(sk.log_loss([0, 1], matrix))


def test_calibration_error_can_be_bootstrapped():
    gold, matrix = predictions(1, n=300)
    for name in ("ece", "adaptive_ece", "log_loss"):
        interval = bootstrap_interval(name, (gold, matrix), resamples=500)
        # A calibration error is biased upward in resamples, so only order and bounds are certain.
        assert 0 <= interval.low <= interval.high
    assert bootstrap_interval("class_ece", (np.eye(4)[gold], matrix), resamples=500).low >= 0


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_a_known_temperature_is_found_again(temperature):
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20_000, 3))
    cumulative = softmax(logits, axis=1).cumsum(axis=1)
    gold = (rng.random(20_000)[:, None] > cumulative).sum(axis=1).clip(0, 2)
    assert c.fit_temperature(logits * temperature, gold) == pytest.approx(temperature, rel=0.05)
    targets = (rng.random((20_000, 3)) < expit(logits)).astype(int)
    fitted = c.fit_class_temperatures(logits * [1, temperature, 2], targets)
    assert fitted == pytest.approx([1, temperature, 2], rel=0.08)


def test_scaling_repairs_overconfidence_and_keeps_the_decision():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(2000, 4))
    gold = np.array([rng.choice(4, p=row) for row in softmax(logits, axis=1)])
    sharp = 5 * logits
    scaled = c.with_temperature(sharp, c.fit_temperature(sharp[:1000], gold[:1000]))
    before, after = c.ece(gold[1000:], softmax(sharp[1000:], axis=1)), c.ece(gold[1000:], scaled[1000:])
    assert after < before / 3
    assert (scaled.argmax(axis=1) == sharp.argmax(axis=1)).all()
    both = c.with_class_temperatures(sharp, [1, 2, 3, 4])
    assert both == pytest.approx(expit(sharp / [1, 2, 3, 4]))


def test_a_class_that_never_varies_keeps_its_temperature():
    logits = np.array([[1.0, 2.0], [-1.0, 3.0], [0.5, 1.0]])
    assert c.fit_class_temperatures(logits, [[1, 0], [0, 0], [1, 0]])[1] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: c.ece([0, 2], [[0.5, 0.5], [0.5, 0.5]]), "gold, row 1"),
        (lambda: c.ece([0], [[0.5, 0.6]]), "probabilities, row 0"),
        (lambda: c.ece([0, 1], [[0.5, 0.5]]), "lengths differ"),
        (lambda: c.ece(["a"], [[0.5, 0.5]], labels=["a"]), "1 labels for 2 columns"),
        (lambda: c.ece([0], [[0.5, 0.5]], bins=0), "bins"),
        (lambda: c.adaptive_ece([0], [[0.5, 0.5]], bins=0), "bins"),
        (lambda: c.class_ece([[0, 1]], [[0.5, 1.5]]), "probabilities, row 0"),
        (lambda: c.class_ece([[0, 1]], [[0.5]]), "shape"),
        (lambda: c.fit_temperature([[1.0, 2.0]], [0, 1]), "lengths differ"),
        (lambda: c.fit_class_temperatures([[1.0, 2.0]], [[1]]), "shape"),
        (lambda: c.with_temperature([[1.0]], 0.0), "not positive"),
    ],
)
def test_bad_input_names_the_place(call, message):
    with pytest.raises(BadInput, match=message):
        call()
