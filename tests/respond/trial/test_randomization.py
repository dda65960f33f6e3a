"""Randomization: balance after every block, lists that can be drawn again, strata with lists of their own."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.respond.trial.plans import TEXT, changed

from thymos.errors import BadInput
from thymos.respond.trial import Randomizer, imbalance, parse_plan

PLAN = parse_plan(TEXT)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 200), sex=st.sampled_from(["female", "male"]))
def test_blocks_keep_the_arms_balanced_at_any_time(seed, count, sex):
    arms = Randomizer(PLAN, seed).arms(count, {"sex": sex})
    assert imbalance(arms, PLAN) <= max(PLAN.blocks) / len(PLAN.arms)
    assert arms == Randomizer(PLAN, seed).arms(count, {"sex": sex})
    assert arms == Randomizer(PLAN, seed).arms(count + 7, {"sex": sex})[:count]


@settings(max_examples=25)
@given(
    shares=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
    count=st.integers(1, 150),
)
def test_blocks_keep_any_shares(shares, seed, count):
    names = [{"name": f"arm{number}", "share": share} for number, share in enumerate(shares)]
    plan = parse_plan(changed(arms=names, strata={}, block_sizes=[sum(shares)]))
    arms = Randomizer(plan, seed).arms(count)
    whole = count // sum(shares) * sum(shares)
    assert imbalance(arms[:whole], plan) == 0
    counts = Counter(arms)
    for number, share in enumerate(shares):
        assert abs(counts[f"arm{number}"] - count * share / sum(shares)) <= share


def test_block_sizes_vary_so_that_the_end_of_a_block_is_not_known():
    ends = set()
    for seed in range(40):
        arms = Randomizer(PLAN, seed).arms(9, {"sex": "male"})
        ends.add(imbalance(arms[:6], PLAN) == 0)
    assert ends == {True, False}


def test_simple_allocation_is_not_balanced_but_fair():
    plan = parse_plan(changed(allocation="simple", strata={}))
    counts = Counter(arm for seed in range(30) for arm in Randomizer(plan, seed).arms(100))
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4
    assert max(imbalance(Randomizer(plan, seed).arms(90), plan) for seed in range(30)) > max(PLAN.blocks) / 3


def test_every_order_in_a_block_is_as_likely():
    plan = parse_plan(changed(arms=[{"name": "a"}, {"name": "b"}], strata={}, block_sizes=[4]))
    orders = Counter("".join(Randomizer(plan, seed).arms(4)) for seed in range(1200))
    assert len(orders) == 6
    assert stats.chisquare(list(orders.values())).pvalue > 1e-4


def test_strata_have_lists_of_their_own(plan):
    one = Randomizer(plan, 3)
    assert one.arms(60, {"sex": "female"}) != one.arms(60, {"sex": "male"})
    assert one.arm(5, {"sex": "male"}) == one.arms(6, {"sex": "male"})[5]
    for stratum in ({}, {"sex": "other"}, {"sex": "male", "age": "old"}):
        with pytest.raises(BadInput, match=r"stratum"):
            one.arm(0, stratum)


def test_another_plan_or_seed_gives_another_list(plan):
    first = Randomizer(plan, 3).arms(60, {"sex": "male"})
    assert Randomizer(plan, 4).arms(60, {"sex": "male"}) != first
    assert Randomizer(parse_plan(changed(title="x")), 3).arms(60, {"sex": "male"}) != first
