"""Power: the textbook's numbers, simulation against formula, and errors at the level where there is no effect."""

import numpy as np
import pytest
from scipy import stats
from tests.respond.trial.plans import changed

from thymos.errors import BadInput
from thymos.respond.trial import ancova_power, parse_plan, power_by_simulation
from thymos.respond.trial.power import share_interval

OUTCOME = {"name": "mood", "title": "m", "low": 0, "high": 100, "primary": True}
TWO = parse_plan(changed(arms=[{"name": "a"}, {"name": "b"}], strata={}, outcomes=[OUTCOME], times=["before", "after"]))


# Cohen (1988), table 2.3.5 (two-sided .05), for two groups of equal size; the baseline costs one degree of freedom.
@pytest.mark.parametrize(("d", "n", "power"), [(0.5, 64, 0.80), (0.2, 393, 0.80), (0.8, 26, 0.80), (0.5, 60, 0.78)])
def test_the_formula_gives_the_textbooks_numbers(d, n, power):
    assert ancova_power(d, n, n, 0.0) == pytest.approx(power, abs=0.01)


def test_the_formula_knows_the_baseline():
    # Borm et al. (2007): with a correlation r, (1 - r squared) of the people are enough.
    assert ancova_power(0.5, 64 * 0.64, 64 * 0.64, 0.6, df=124) == pytest.approx(ancova_power(0.5, 64, 64, 0.0, df=124))
    assert ancova_power(0.0, 64, 64, 0.5) == pytest.approx(0.05)
    assert ancova_power(-0.5, 64, 64, 0.3) == pytest.approx(ancova_power(0.5, 64, 64, 0.3))
    assert ancova_power(0.0, 64, 64, 0.5, alpha=0.01) == pytest.approx(0.01)


def test_power_is_that_of_the_textbook():
    found = power_by_simulation(TWO, {"b": 0.5}, arm="b", trials=200, n=120, correlation=0.0)
    assert found.low <= 0.78 <= found.high
    assert found.formula == pytest.approx(0.78, abs=0.01)
    none = power_by_simulation(TWO, {}, arm="b", trials=200, n=60)
    assert none.low <= 0.05 <= none.high
    assert none.formula == pytest.approx(0.05)


def test_simulation_agrees_with_the_formula_where_people_drop_out(plan):
    found = power_by_simulation(
        plan, {"both": -0.6, "exercises_only": -0.1}, arm="both", against="exercises_only", trials=300, n=180,
        correlation=0.7, dropout={"both": 0.3, "exercises_only": 0.1}, seed=5,
    )  # fmt: skip
    assert found.low - 0.02 <= found.formula <= found.high + 0.02
    assert np.isnan(power_by_simulation(plan, {}, arm="both", trials=2, dropout=0.2, drop="by outcome").formula)


def test_a_seed_gives_the_same_and_progress_is_told():
    told = []
    options = {"arm": "b", "trials": 15, "n": 40, "seed": 3}
    first = power_by_simulation(TWO, {"b": 0.5}, **options, progress=lambda *done: told.append(done))
    assert power_by_simulation(TWO, {"b": 0.5}, **options) == first
    assert told == [(number, 15) for number in range(1, 16)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arm": "control"}, "not compared with the control"),
        ({"arm": "both", "against": "both"}, "not compared with 'both'"),
        ({"arm": "x"}, "'x' is not compared"),
        ({"arm": "both", "against": "x"}, "no arm 'x'"),
        ({"arm": "both", "trials": 0}, "at least one trial"),
    ],
)
def test_what_cannot_be_compared_is_refused(plan, options, message):
    with pytest.raises(BadInput, match=message):
        power_by_simulation(plan, {}, **options)


def test_intervals_of_shares_are_wilsons():
    low, high = share_interval(8, 10)
    z, p, n = stats.norm.ppf(0.975), 0.8, 10
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert (low, high) == pytest.approx((middle - reach, middle + reach))
