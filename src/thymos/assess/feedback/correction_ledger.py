"""What an answer costs: right answers against tokens spent, so that arms are compared at equal cost.

With an oracle every further attempt can only help, so curves of different arms mean something only at the same number
of tokens. Tokens are those of prompt and reply of every request, as an endpoint bills them; a server that keeps shared
prefixes computes less, so the tokens of the replies alone are shown, too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from thymos.errors import BadInput

ATTEMPT_COLUMNS = ("item", "condition", "round", "right", "prompt_tokens", "completion_tokens")


def solved_within(right: Sequence[bool], tokens: Sequence[int], budget: float) -> float:
    """Whether one of the attempts that a budget pays for is right.

    The attempt that only partly fits counts with the share that fits: drawing it with that probability spends exactly
    the budget on average, so that no arm gains or loses by rounding.

    Args:
        right: of each attempt, in order.
        tokens: cost of each attempt.
        budget: tokens that may be spent.

    Returns:
        0 to 1.

    Example:
        >>> solved_within([False, True], [10, 10], 20), solved_within([False, True], [10, 10], 15)
        (1.0, 0.5)
    """
    if len(right) != len(tokens):
        raise BadInput(f"{len(right)} verdicts and {len(tokens)} costs", where="solved_within")
    left = float(budget)
    for verdict, cost in zip(right, tokens, strict=True):
        if left <= 0:
            return 0.0
        if verdict:
            return min(1.0, left / cost) if cost > 0 else 1.0
        left -= cost
    return 0.0


def guesses_with_oracle(chance: float, attempts: float) -> float:
    """Share of items that blind guesses get right when an oracle picks among them: 1 - (1 - p)^k.

    Example:
        >>> guesses_with_oracle(0.5, 5)
        0.96875
    """
    if not 0 <= chance <= 1 or attempts < 0:
        raise BadInput(f"chance {chance}, attempts {attempts}", where="guesses_with_oracle")
    return float(1 - (1 - chance) ** attempts)


def solved_at_budget(attempts: pd.DataFrame, condition: str, budgets: Mapping[str, float]) -> "pd.Series[float]":
    """Per item, :func:`solved_within` its own budget.

    Args:
        attempts: one row an attempt in order, columns item, condition, right, prompt_tokens, completion_tokens.
        condition: which chains.
        budgets: tokens by item.
    """
    return _by_item(
        attempts,
        condition,
        lambda item, chain: solved_within(chain["right"].tolist(), _costs(chain), _budget(budgets, item)),
    )


def solved_after_rounds(attempts: pd.DataFrame, condition: str, rounds: int) -> "pd.Series[float]":
    """Per item, whether an attempt up to that round is right (round 0 is the first answer)."""
    return _by_item(attempts, condition, lambda item, chain: float(chain.loc[chain["round"] <= rounds, "right"].any()))


def tokens_until_right(attempts: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Per item, the tokens that an oracle's stop leaves to be spent: columns ``tokens`` and ``completion_tokens``."""
    rows = {}
    for item, chain in _chains(attempts, condition):
        right = chain["right"].to_numpy(dtype=bool)
        used = int(np.argmax(right)) + 1 if right.any() else len(chain)
        rows[item] = {
            "tokens": sum(_costs(chain)[:used]),
            "completion_tokens": int(chain["completion_tokens"].iloc[:used].sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def chain_tokens(attempts: pd.DataFrame, condition: str) -> dict[str, int]:
    """Tokens of each item's whole chain."""
    return {item: sum(_costs(chain)) for item, chain in _chains(attempts, condition)}


def budget_curve(
    attempts: pd.DataFrame, conditions: Iterable[str], budgets: Mapping[str, float], shares: Sequence[float]
) -> pd.DataFrame:
    """Share of items solved against tokens, every task with the same weight.

    Items differ in length, so the axis is a share of each item's own budget; a chain that ran out before keeps its
    level.

    Args:
        attempts: as for :func:`solved_at_budget`, with a column task.
        conditions: which chains.
        budgets: tokens by item, the whole axis.
        shares: points of the axis, 0 to 1.

    Returns:
        Columns condition, share, tokens (mean per item), accuracy.
    """
    tasks = attempts.drop_duplicates("item").set_index("item")["task"]
    mean_budget = float(np.mean(list(budgets.values())))
    rows = []
    for condition in conditions:
        chains = [
            (item, chain["right"].tolist(), _costs(chain), _budget(budgets, item))
            for item, chain in _chains(attempts, condition)
        ]
        names, codes = np.unique([tasks[item] for item, _, _, _ in chains], return_inverse=True)
        for share in shares:
            solved = [solved_within(right, costs, share * budget) for _, right, costs, budget in chains]
            value = float(np.mean(np.bincount(codes, weights=solved) / np.bincount(codes, minlength=len(names))))
            rows.append({"condition": condition, "share": share, "tokens": share * mean_budget, "accuracy": value})
    return pd.DataFrame(rows, columns=["condition", "share", "tokens", "accuracy"])


def _by_item(
    attempts: pd.DataFrame, condition: str, compute: Callable[[str, pd.DataFrame], float]
) -> "pd.Series[float]":
    return pd.Series({item: compute(item, chain) for item, chain in _chains(attempts, condition)}, dtype=float)


def _chains(attempts: pd.DataFrame, condition: str) -> list[tuple[str, pd.DataFrame]]:
    missing = [name for name in ATTEMPT_COLUMNS if name not in attempts.columns]
    if missing:
        raise BadInput(f"there is no column {missing[0]!r}", where="attempts")
    rows = attempts[attempts["condition"] == condition]
    if rows.empty:
        raise BadInput(f"there is no attempt of {condition!r}", where="attempts")
    return [(str(item), chain) for item, chain in rows.groupby("item", sort=False)]


def _costs(chain: pd.DataFrame) -> list[int]:
    return (chain["prompt_tokens"] + chain["completion_tokens"]).astype(int).tolist()


def _budget(budgets: Mapping[str, float], item: str) -> float:
    if item not in budgets:
        raise BadInput(f"there is no budget for item {item!r}", where="budgets")
    return float(budgets[item])
