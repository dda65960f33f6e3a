"""The best of several stimuli, without fooling oneself: chosen on some items, tested on others.

Reporting the best of eleven sentences on the items that they were compared on is a gain even when no sentence does
anything: the maximum of eleven noisy numbers lies above their mean. Here the sentence is chosen on development items
and tested on others; the naive maximum and what chance alone would make of it are given beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thymos.assess.wording.effects import Effect, ScoreTable, paired_effect
from thymos.errors import BadInput


@dataclass(frozen=True)
class Selection:
    """The best stimulus by development items, and the naive best by the test items themselves.

    Args:
        chosen: best on the development items; the first one on a tie.
        development: its effect there, which the choice inflates.
        tested: its effect on the test items: the honest number.
        naive_choice: best on the test items.
        naive: its effect on these same items, which the choice inflates.
        naive_by_chance: the naive best's expected lead over the mean stimulus if all stimuli were equal.
    """

    chosen: str
    development: Effect
    tested: Effect
    naive_choice: str
    naive: Effect
    naive_by_chance: float

    @property
    def selection_effect(self) -> float:
        """How much the naive number says more than the honest one."""
        return self.naive.value - self.tested.value


def best_of(
    development: ScoreTable,
    test: ScoreTable,
    conditions: Sequence[str],
    reference: str = "plain",
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Selection:
    """Choose the best of some conditions on development items and test it on others.

    Args:
        development: scores to choose by.
        test: scores of other items.
        conditions: what is chosen from, at least two.
        reference: what effects are taken against.
        resamples: see ``paired_effect``; a tenth of it for the expected lead.
        seed: of all draws.

    Raises:
        BadInput: fewer than two conditions, or an item in both tables.
    """
    shared = set(development.items) & set(test.items)
    if shared:
        raise BadInput(f"item {min(shared)!r} is in both halves", where="best_of", mend="keep the halves apart")
    if len(conditions) < 2:
        raise BadInput("there is nothing to choose from", where="best_of", mend="pass at least two conditions")
    chosen, naive = _best(development, conditions), _best(test, conditions)

    def effect(table: ScoreTable, name: str) -> Effect:
        return paired_effect(table, name, reference, resamples=resamples, seed=seed)

    return Selection(
        chosen,
        effect(development, chosen),
        effect(test, chosen),
        naive,
        effect(test, naive),
        expected_lead(test, conditions, resamples=max(1, resamples // 10), seed=seed),
    )


def expected_lead(table: ScoreTable, conditions: Sequence[str], *, resamples: int = 1_000, seed: int = 0) -> float:
    """Expected lead of the best condition over the mean condition if all were equal.

    The conditions' scores are exchanged at random within each item, which leaves items as hard as they are.
    """
    scores = np.column_stack([table.column(name) for name in conditions])
    weights = 1.0 / (np.bincount(table.tasks)[table.tasks] * len(table.names))
    rng = np.random.default_rng(seed)
    center = float(weights @ scores.mean(axis=1))
    leads = [float((weights @ rng.permuted(scores, axis=1)).max()) - center for _ in range(resamples)]
    return float(np.mean(leads))


def _best(table: ScoreTable, conditions: Sequence[str]) -> str:
    means = [float(table.task_means(table.column(name)).mean()) for name in conditions]
    return conditions[int(np.argmax(means))]
