"""Statistics of controlled experiments."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from thymos.errors import BadInput
from thymos.measure.trials import mediation, nominal_odds_ratios, time_by_group_interaction


def test_interaction_is_the_one_way_analysis_of_the_changes() -> None:
    generator = np.random.default_rng(3)
    before, after = generator.normal(size=(2, 37))
    group = np.array(["a"] * 10 + ["b"] * 12 + ["c"] * 15)
    test = time_by_group_interaction(before, after, group)
    reference = stats.f_oneway(*[(after - before)[group == name] for name in "abc"])
    assert test.f == pytest.approx(reference.statistic, rel=1e-12)
    assert test.p == pytest.approx(reference.pvalue, rel=1e-9)
    assert (test.df_between, test.df_within) == (2, 34)


@given(
    changes=st.lists(st.floats(-10, 10), min_size=6, max_size=40),
    shift=st.floats(-5, 5),
)
@settings(max_examples=60, deadline=None)
def test_interaction_ignores_what_everybody_shares(changes: list[float], shift: float) -> None:
    change = np.array(changes) + np.arange(len(changes)) * 0.37
    group = np.arange(len(change)) % 2
    base = np.zeros(len(change))
    one = time_by_group_interaction(base, change, group)
    two = time_by_group_interaction(base + shift, change + 2 * shift, group)
    assert two.f == pytest.approx(one.f, rel=1e-6, abs=1e-8)
    assert 0 <= one.partial_eta_squared <= 1


@pytest.mark.parametrize(
    ("before", "after", "group", "message"),
    [
        ([1, 2, 3, 4], [1, 2, np.nan, 4], list("aabb"), "missing"),
        ([1, 2, 3, 4], [1, 2, 3, 5], list("aaaa"), "two groups"),
        ([1, 2, 3], [1, 2, 4], list("aab"), "at least two"),
        ([0, 0, 0, 0], [1, 1, 2, 2], list("aabb"), "undefined"),
    ],
)
def test_interaction_refuses(before: list, after: list, group: list, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        time_by_group_interaction(before, after, group)


def odds_data(order: np.ndarray) -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(0)
    people = np.repeat(np.arange(60), 4)
    treated = (people % 2).astype(float)
    hidden = generator.random(len(people)) < np.where(treated == 1, 0.7, 0.3)
    outcome = pd.Series(np.where(hidden, "hidden", "optimal"))
    design = pd.DataFrame({"control": 1 - treated, "treated": treated})
    return outcome[order], design.iloc[order], pd.Series(people)[order]


def test_odds_of_a_binary_outcome_are_the_observed_odds() -> None:
    outcome, design, people = odds_data(np.arange(240))
    ratios = {r.term: r for r in nominal_odds_ratios(outcome, ["hidden", "optimal"], design, people)}
    for term in ("control", "treated"):
        share = (outcome[design[term] == 1] == "hidden").mean()
        assert ratios[term].value == pytest.approx(share / (1 - share), rel=0.02)
        assert ratios[term].low < ratios[term].value < ratios[term].high


def test_odds_do_not_depend_on_the_order_of_rows() -> None:
    plain = nominal_odds_ratios(odds_data(np.arange(240))[0], ["hidden", "optimal"], *odds_data(np.arange(240))[1:])
    order = np.random.default_rng(1).permutation(240)
    shuffled = nominal_odds_ratios(odds_data(order)[0], ["hidden", "optimal"], *odds_data(order)[1:])
    for one, two in zip(plain, shuffled, strict=True):
        assert one.value == pytest.approx(two.value, rel=1e-4)


def test_odds_refuse_an_unnamed_category() -> None:
    outcome, design, people = odds_data(np.arange(240))
    with pytest.raises(BadInput, match="not named"):
        nominal_odds_ratios(outcome, ["optimal", "tie"], design, people)


def test_mediation_finds_a_planted_path_and_not_an_absent_one() -> None:
    generator = np.random.default_rng(5)
    treatment = np.arange(300) % 2
    through = 2 * treatment + generator.normal(size=300)
    outcome = 1.5 * through + generator.normal(size=300)
    found = mediation(treatment, through, outcome, resamples=300)
    assert found.indirect == pytest.approx(3.0, abs=0.5)
    assert found.low < found.indirect < found.high
    absent = mediation(treatment, generator.normal(size=300), outcome, resamples=300)
    assert absent.low < 0 < absent.high
    assert found.total == pytest.approx(found.indirect + found.direct, abs=1e-9)


def test_mediation_refuses_few_people() -> None:
    with pytest.raises(BadInput, match="ten"):
        mediation([0, 1] * 4, range(8), range(8))
