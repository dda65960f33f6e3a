"""Right answers against tokens."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thymos.assess.feedback.correction_ledger import (
    budget_curve,
    chain_tokens,
    guesses_with_oracle,
    solved_after_rounds,
    solved_at_budget,
    solved_within,
    tokens_until_right,
)
from thymos.errors import BadInput

chains = st.lists(st.tuples(st.booleans(), st.integers(1, 50)), max_size=8)


def table(chains_by_item: dict[str, list[tuple[bool, int]]], condition: str = "c") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "item": item,
                "task": item[0],
                "condition": condition,
                "round": number,
                "right": right,
                "prompt_tokens": cost - 2,
                "completion_tokens": 2,
            }
            for item, chain in chains_by_item.items()
            for number, (right, cost) in enumerate(chain)
        ]
    )


ATTEMPTS = table({"a1": [(False, 10), (True, 20), (False, 20)], "a2": [(False, 10), (False, 20)], "b1": [(True, 8)]})


@pytest.mark.parametrize(("budget", "value"), [(0, 0.0), (9, 0.0), (10, 0.0), (15, 0.25), (30, 1.0), (99, 1.0)])
def test_a_partly_paid_attempt_counts_with_its_share(budget: float, value: float) -> None:
    assert solved_within([False, True], [10, 20], budget) == value


@given(chains, st.floats(0, 500), st.floats(0, 100))
def test_more_tokens_never_hurt(chain: list[tuple[bool, int]], budget: float, more: float) -> None:
    right, costs = [one for one, _ in chain], [cost for _, cost in chain]
    low, high = solved_within(right, costs, budget), solved_within(right, costs, budget + more)
    assert 0 <= low <= high <= 1
    assert solved_within(right, costs, sum(costs)) == float(any(right))


def test_costs_must_match() -> None:
    with pytest.raises(BadInput, match="1 verdicts and 2 costs"):
        solved_within([True], [1, 2], 3)


def test_free_attempts_are_paid_by_any_budget() -> None:
    assert solved_within([True], [0], 1) == 1.0


def test_blind_guesses() -> None:
    assert guesses_with_oracle(0.5, 1) == 0.5
    assert guesses_with_oracle(0.25, 2) == pytest.approx(0.4375)
    assert guesses_with_oracle(0.0, 9) == 0.0
    with pytest.raises(BadInput):
        guesses_with_oracle(1.5, 1)


def test_rounds_and_budgets_by_item() -> None:
    assert solved_after_rounds(ATTEMPTS, "c", 0).to_dict() == {"a1": 0.0, "a2": 0.0, "b1": 1.0}
    assert solved_after_rounds(ATTEMPTS, "c", 1).to_dict() == {"a1": 1.0, "a2": 0.0, "b1": 1.0}
    assert chain_tokens(ATTEMPTS, "c") == {"a1": 50, "a2": 30, "b1": 8}
    at = solved_at_budget(ATTEMPTS, "c", {"a1": 25, "a2": 30, "b1": 4})
    assert at.to_dict() == {"a1": 0.75, "a2": 0.0, "b1": 0.5}


def test_the_oracle_saves_what_comes_after_it() -> None:
    spent = tokens_until_right(ATTEMPTS, "c")
    assert spent["tokens"].to_dict() == {"a1": 30, "a2": 30, "b1": 8}
    assert spent["completion_tokens"].to_dict() == {"a1": 4, "a2": 4, "b1": 2}


def test_curve() -> None:
    budgets = {"a1": 50.0, "a2": 30.0, "b1": 16.0}
    curve = budget_curve(ATTEMPTS, ["c"], budgets, [0.0, 0.5, 1.0])
    # Every task weighs the same: task a has two items, task b one.
    assert curve["accuracy"].tolist() == [0.0, pytest.approx((0.75 / 2 + 1) / 2), 0.75]
    assert curve["tokens"].tolist() == [0.0, 16.0, 32.0]


def test_missing_things_are_named() -> None:
    with pytest.raises(BadInput, match="no attempt of 'd'"):
        chain_tokens(ATTEMPTS, "d")
    with pytest.raises(BadInput, match="no column 'right'"):
        solved_after_rounds(ATTEMPTS.drop(columns="right"), "c", 1)
    with pytest.raises(BadInput, match="no budget for item 'a2'"):
        solved_at_budget(ATTEMPTS, "c", {"a1": 1})
