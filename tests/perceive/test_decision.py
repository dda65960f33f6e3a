import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.decision import POWERS, choose_power, decide


def test_power_zero_is_the_most_probable_class_and_one_the_largest_likelihood():
    probabilities, shares = [[0.6, 0.4], [0.95, 0.05]], [0.9, 0.1]
    assert decide(probabilities, shares, 0.0).tolist() == [0, 0]
    assert decide(probabilities, shares, 1.0).tolist() == [1, 0]


def test_equal_shares_make_the_power_meaningless():
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1], 50)
    for power in POWERS:
        assert (decide(probabilities, [1 / 3] * 3, power) == probabilities.argmax(axis=1)).all()


def test_the_chosen_power_is_the_best_on_the_items_and_lifts_macro_f1():
    rng = np.random.default_rng(0)
    shares = np.array([0.85, 0.1, 0.05])
    codes = rng.choice(3, 4000, p=shares)
    likelihood = np.exp(rng.normal(0, 1, (4000, 3)) + 1.5 * np.eye(3)[codes])
    probabilities = likelihood * shares / (likelihood * shares).sum(axis=1, keepdims=True)
    power = choose_power(probabilities, codes, shares)
    macro_f1 = score_function("macro_f1")
    scores = {p: macro_f1(codes, decide(probabilities, shares, p)) for p in POWERS}
    assert scores[power] == max(scores.values())
    assert scores[power] > scores[0.0] + 0.02


def test_of_equal_powers_the_middle_one_is_taken():
    assert choose_power([[0.9, 0.1], [0.1, 0.9]], np.array([0, 1]), [0.5, 0.5]) == 0.5


def test_shares_of_another_number_of_classes_are_named():
    with pytest.raises(BadInput, match="3 class shares for 2 classes"):
        decide([[0.5, 0.5]], [0.2, 0.3, 0.5], 1.0)
