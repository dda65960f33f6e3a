"""The inverted-U statistics: planted curves are found, flat ones are not, and intervals cover what they should."""

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.measure import quadratic as module
from thymos.measure.quadratic import (
    crossed_contrast,
    difference_weights,
    fit_quadratic,
    level_permutation,
    quadratic_weights,
)

LEVELS = np.repeat(np.arange(1, 11), 10)


def planted(
    rng: np.random.Generator, curve: float, *, shift: float = 0.0, prompt_noise: float = 0.03, items: int = 40
) -> npt.NDArray[np.float64]:
    """Right-or-wrong scores: a curve around 5.5, prompts that differ, items of unequal difficulty."""
    x = LEVELS - 5.5
    chance = 0.5 + curve * x**2 + shift * x + rng.normal(0, prompt_noise, len(LEVELS))
    difficulty = rng.normal(0, 0.15, items)
    return (rng.random((len(LEVELS), items)) < np.clip(chance[:, None] + difficulty, 0, 1)).astype(float)


def test_a_noise_free_curve_is_recovered_with_its_peak() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1e-6, (100, 5))
    curve = 0.6 - 0.004 * (LEVELS - 7.0) ** 2
    fit = fit_quadratic(curve[:, None] + noise, LEVELS)
    assert fit.quadratic == pytest.approx(-0.004, abs=1e-6)
    assert fit.peak == pytest.approx(7.0, abs=1e-3)
    assert fit.high < 0
    assert (fit.prompts, fit.observations, fit.center) == (100, 500, 5.5)


def test_the_balanced_mixed_model_equals_least_squares_on_prompt_means() -> None:
    table = planted(np.random.default_rng(1), -0.003, prompt_noise=0.1)
    fit = fit_quadratic(table, LEVELS)
    x = LEVELS - 5.5
    plain = sm.OLS(table.mean(axis=1), np.column_stack([np.ones(100), x, x**2])).fit()
    assert fit.method == "mixed model"
    assert fit.quadratic == pytest.approx(plain.params[2], rel=1e-6)
    assert fit.standard_error == pytest.approx(plain.bse[2], rel=0.01)
    assert fit.p == pytest.approx(plain.pvalues[2], rel=0.05)
    low, high = plain.conf_int()[2]
    assert (fit.low, fit.high) == (pytest.approx(low, rel=0.02), pytest.approx(high, rel=0.02))


def test_an_inverted_u_is_found_and_a_slope_is_not_taken_for_one() -> None:
    rng = np.random.default_rng(2)
    bent = fit_quadratic(planted(rng, -0.008), LEVELS)
    assert bent.high < 0
    assert bent.peak is not None
    assert 4 < bent.peak < 7
    sloped = fit_quadratic(planted(rng, 0.0, shift=0.03), LEVELS)
    assert sloped.low < 0 < sloped.high
    assert sloped.linear_low > 0
    up = fit_quadratic(planted(rng, 0.008), LEVELS)
    assert up.low > 0
    assert up.peak is None


def test_prompts_that_do_not_differ_have_no_variance_and_still_an_interval() -> None:
    fit = fit_quadratic(planted(np.random.default_rng(3), 0.0, prompt_noise=0.0), LEVELS)
    assert fit.prompt_variance == pytest.approx(0.0, abs=2e-3)
    assert fit.low < fit.quadratic < fit.high


def test_without_a_mixed_model_the_fallback_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    table = planted(np.random.default_rng(4), -0.005)
    mixed = fit_quadratic(table, LEVELS)
    monkeypatch.setattr(module, "_mixed_model", lambda centered, design: None)
    plain = fit_quadratic(table, LEVELS)
    assert plain.method == "least squares on prompt means"
    assert plain.quadratic == pytest.approx(mixed.quadratic, rel=1e-6)


def test_item_difficulty_does_not_matter() -> None:
    table = planted(np.random.default_rng(5), -0.005)
    easier = table + np.linspace(-3, 3, table.shape[1])
    assert fit_quadratic(easier, LEVELS).low == pytest.approx(fit_quadratic(table, LEVELS).low, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_weights_give_the_coefficient_of_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.permutation(np.concatenate([[1, 4, 9], rng.integers(1, 11, 12)]))
    means = rng.random(15)
    center = (levels.max() + levels.min()) / 2
    assert quadratic_weights(levels) @ means == pytest.approx(np.polyfit(levels - center, means, 2)[0], abs=1e-9)
    assert quadratic_weights(levels).sum() == pytest.approx(0, abs=1e-9)


def test_permutation_finds_a_planted_curve_and_is_fair_without_one() -> None:
    rng = np.random.default_rng(6)
    bent = planted(rng, -0.008).mean(axis=1)
    found = level_permutation(bent, LEVELS, resamples=999)
    assert found.statistic == pytest.approx(quadratic_weights(LEVELS) @ bent)
    assert found.p == pytest.approx(0.001)
    assert level_permutation(bent, LEVELS, statistic="between", resamples=999).p == pytest.approx(0.001)
    for statistic in ("quadratic", "between"):
        p = [
            level_permutation(rng.normal(size=100), LEVELS, statistic=statistic, resamples=199, seed=k).p  # type: ignore[arg-type]
            for k in range(200)
        ]
        assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.11


def test_permutation_is_repeatable_and_takes_constant_means() -> None:
    means = np.random.default_rng(7).random(100)
    assert level_permutation(means, LEVELS, resamples=500) == level_permutation(means, LEVELS, resamples=500)
    assert level_permutation(np.full(100, 0.3), LEVELS).p == 1


def test_between_is_the_eta_squared_of_an_analysis_of_variance() -> None:
    means = np.array([1.0, 3.0, 5.0, 7.0, 4.0, 4.0])
    # Level means 2, 6, 4 around 4: 2 * (4 + 4 + 0) = 16 of 9 + 1 + 1 + 9 = 20.
    found = level_permutation(means, [1, 1, 2, 2, 3, 3], statistic="between", resamples=10)
    assert found.statistic == pytest.approx(0.8)


def test_a_contrast_by_hand() -> None:
    table = np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
    weights = difference_weights([True, True, False], [False, False, True])
    assert weights.tolist() == [0.5, 0.5, -1.0]
    found = crossed_contrast(table, weights, prompt_strata=["a", "a", "b"])
    assert found.value == pytest.approx((0.75 + 1.0) / 2 - 0.25)
    # Prompts: 2 * (0.25 * 0.125^2 * 2) = 1/64. Items: differences 1, .5, 0, 1, variance .2292, over 4 items = .0573.
    # Single scores: rests +-.125, +-.375 in stratum a, noise = .375 / 3 = .125; (.25 + .25) * .125 / 4 = .015625.
    assert found.standard_error**2 == pytest.approx(1 / 64 + np.var([1, 0.5, 0, 1], ddof=1) / 4 - 1 / 64)
    assert (found.prompts, found.items) == (3, 4)


@pytest.mark.parametrize("item_effect", [0.0, 0.3])
def test_crossed_intervals_cover_the_true_difference(item_effect: float) -> None:
    """New prompts and new items each time; the effect of stress differs from item to item."""
    rng = np.random.default_rng(8)
    first = np.repeat([True, False], [20, 10])
    covered = 0
    for _ in range(300):
        effect = 0.1 + rng.normal(0, item_effect, 30)
        table = rng.normal(0, 0.1, (30, 1)) + rng.normal(0, 0.3, (1, 30)) + rng.normal(0, 0.5, (30, 30))
        table[first] += effect
        found = crossed_contrast(table, difference_weights(first, ~first), prompt_strata=first)
        covered += found.low <= 0.1 <= found.high
    assert 0.91 <= covered / 300 <= 0.99


def test_a_single_prompt_speaks_for_itself() -> None:
    rng = np.random.default_rng(9)
    table = rng.random((3, 20))
    found = crossed_contrast(table, [1.0, 0.0, -1.0], prompt_strata=["x", "y", "z"])
    difference = table[0] - table[2]
    assert found.standard_error == pytest.approx(difference.std(ddof=1) / np.sqrt(20))


def test_with_fixed_items_only_prompts_vary() -> None:
    rng = np.random.default_rng(11)
    table = rng.random((6, 4))
    first = np.array([True] * 3 + [False] * 3)
    found = crossed_contrast(table, difference_weights(first, ~first), prompt_strata=first, items_drawn=False)
    means = table.mean(axis=1)
    expected = means[:3].var(ddof=1) / 3 + means[3:].var(ddof=1) / 3
    assert found.standard_error == pytest.approx(np.sqrt(expected))
    assert crossed_contrast(table[:, :1], [1, -1, 0, 0, 0, 0], prompt_strata=first, items_drawn=False).items == 1


def test_a_difference_of_rounding_errors_is_none() -> None:
    table = np.full((30, 3), 0.1)
    first = np.repeat([True, False], [20, 10])
    found = crossed_contrast(table, difference_weights(first, ~first), prompt_strata=first)
    assert (found.value, found.low, found.high, found.standard_error) == (0, 0, 0, 0)


def test_tasks_as_strata_take_the_difference_between_tasks_out() -> None:
    rng = np.random.default_rng(10)
    task = np.repeat([0, 1], 20)
    table = rng.normal(0, 0.1, (4, 40))
    table[:2] += np.where(task == 0, 1.0, -1.0)
    weights = difference_weights([True, True, False, False], [False, False, True, True])
    free = crossed_contrast(table, weights, prompt_strata=[0, 0, 1, 1])
    within = crossed_contrast(table, weights, prompt_strata=[0, 0, 1, 1], item_strata=task)
    assert within.value == pytest.approx(free.value)
    assert within.standard_error < free.standard_error / 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_quadratic(np.ones((4, 2)), [1, 2, 3]), "4 prompts and 3 levels"),
        (lambda: fit_quadratic(np.ones((4, 2)), [1, 2, 3, 4]), "no curve to fit"),
        (lambda: fit_quadratic(np.eye(4), [1, 1, 2, 2]), "three different levels"),
        (lambda: fit_quadratic([[np.nan, 1], [1, 2]], [1, 2]), "NaN"),
        (lambda: level_permutation([1, 2, 3, 4], [1, 2, 3, 4], resamples=0), "0 resamples"),
        (lambda: level_permutation([1, 2, 3, 4], [1, 2, 3, 4], statistic="cubic"), "unknown statistic"),  # type: ignore[arg-type]
        (lambda: difference_weights([True, False], [True, False]), "two groups"),
        (lambda: difference_weights([False, False], [True, True]), "two groups"),
        (lambda: crossed_contrast(np.eye(3), [1, -1], prompt_strata=[0, 0, 0]), "3 prompts and 2 weights"),
        (lambda: crossed_contrast(np.eye(3), [1, -1, 0], prompt_strata=[0, 0]), "2 entries, 3 are needed"),
        (lambda: crossed_contrast(np.ones((2, 1)), [1, -1], prompt_strata=[0, 0]), "two items"),
        (lambda: crossed_contrast(np.eye(2), [1, -1], prompt_strata=[0, 0], confidence=1.0), "confidence"),
    ],
)
def test_bad_input_is_one_clear_error(call: object, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        call()  # type: ignore[operator]
