"""Option order: every cyclic rotation of an item's options, and what is left of an answer when order is averaged out.

Models lean to letters. Over all rotations of n options each option stands once at each place, so a model that always
answers "A" scores exactly 1/n, and the mean over rotations measures knowledge alone. Draw items first and rotate
afterwards: all rotations of an item belong together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from thymos.assess.engine.benchmark import LETTERS, BenchmarkItem
from thymos.errors import BadInput
from thymos.tabular import require_columns

KEYS = ("suite", "task", "condition", "cluster", "language")
"""Columns of an outcome table that say which item, under which condition, a row is about."""


def cyclic_permutations(item: BenchmarkItem) -> list[BenchmarkItem]:
    """The item with its options turned by 0, 1, ... n - 1 places.

    Args:
        item: a question whose options are listed with letters; the order of options that stand in no prompt does not
            matter.

    Returns:
        n items with ids ``<id>#r<k>``, the cluster of the original, and tags ``original``, ``rotation`` and
        ``rotations`` (n).

    Raises:
        BadInput: an item without lettered options, or one that is a rotation already.

    Example:
        >>> item = BenchmarkItem("s/t/1", "s", "t", "Choose.", "?", ("b",), ("a", "b"), "letters")
        >>> [turned.options for turned in cyclic_permutations(item)]
        [('a', 'b'), ('b', 'a')]
    """
    if not item.options or item.option_form != "letters":
        raise BadInput("only options with letters have an order", where=f"item {item.id}")
    if "rotation" in item.tags:
        raise BadInput("this is a rotation already", where=f"item {item.id}", mend="rotate the original")
    count = len(item.options)
    return [
        replace(
            item,
            id=f"{item.id}#r{k}",
            options=item.options[k:] + item.options[:k],
            tags={**item.tags, "original": item.id, "rotation": str(k), "rotations": str(count)},
        )
        for k in range(count)
    ]


def over_rotations(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row an item and condition: the mean score over all rotations of its options.

    Args:
        outcomes: rows of ``evaluate`` on the items of :func:`cyclic_permutations`.

    Returns:
        Columns item (id of the original), suite, task, condition, cluster, language, chance, score (mean over
        rotations, 0 to 1), answered (share of rotations with an answer that could be read), rotations, consistent
        (the same option text, a readable one, in all rotations) and the tag columns that do not differ between
        rotations.

    Raises:
        BadInput: rows that are no rotations, or an item with a rotation missing or doubled.
    """
    needed = ["item", *KEYS, "chance", "score", "answer", "parsed", "tag_original", "tag_rotation", "tag_rotations"]
    require_columns(outcomes, needed, where="outcomes")
    if outcomes.empty or outcomes["tag_rotation"].isna().any():
        raise BadInput("there are rows that are no rotations", where="outcomes", mend="use cyclic_permutations")
    own = {"tag_original", "tag_rotation", "tag_rotations"}
    tags = [column for column in outcomes.columns if column.startswith("tag_") and column not in own]
    rows = []
    for (condition, original), group in outcomes.groupby(["condition", "tag_original"], sort=False):
        count = int(group["tag_rotations"].iloc[0])
        if sorted(group["tag_rotation"].astype(int)) != list(range(count)):
            raise BadInput(
                f"condition {condition!r} has not each of the {count} rotations once",
                where=f"item {original}",
                mend="draw items before rotating them, and average each run on its own",
            )
        first = group.iloc[0]
        rows.append(
            {
                "item": original,
                **{key: first[key] for key in KEYS},
                "chance": float(first["chance"]),
                "score": float(group["score"].mean()),
                "answered": float(group["parsed"].mean()),
                "rotations": count,
                "consistent": bool(group["parsed"].all() and (group["answer"] == first["answer"]).all()),
                **{tag: first[tag] for tag in tags},
            }
        )
    return pd.DataFrame(rows)


def position_bias(outcomes: pd.DataFrame, items: Iterable[BenchmarkItem]) -> pd.DataFrame:
    """How often each letter is chosen, beside the share that a model without leanings would choose.

    Args:
        outcomes: rows of ``evaluate`` on items with letters, rotated or not.
        items: these items; an outcome alone does not say which letter an answer stood at.

    Returns:
        One row a condition, task, number of options and letter: chosen (share of the readable answers), gold (share of
        right answers at that letter), even (1 / options), n (readable answers), and unreadable (answers that are not
        among the n).

    Raises:
        BadInput: an outcome of an item that is not given.
    """
    require_columns(outcomes, ["item", "task", "condition", "answer", "parsed"], where="outcomes")
    known = {item.id: item for item in items}
    counts: dict[tuple[str, str, int], Counts] = {}
    for row in outcomes[["item", "task", "condition", "answer", "parsed"]].itertuples(index=False):
        item = known.get(row.item)
        if item is None or not item.options:
            raise BadInput("an outcome of no given item with options", where=f"item {row.item}")
        size = len(item.options)
        cell = counts.setdefault((row.condition, row.task, size), Counts(size))
        cell.add(item, row.answer if row.parsed else None)
    rows: list[dict[str, Any]] = []
    for (condition, task, size), cell in counts.items():
        for place in range(size):
            rows.append(
                {"condition": condition, "task": task, "options": size, "letter": LETTERS[place]} | cell.shares(place)
            )
    return pd.DataFrame(rows)


class Counts:
    """Chosen and right places among the answers to items with equally many options."""

    def __init__(self, size: int) -> None:
        self.chosen = np.zeros(size)
        self.gold = np.zeros(size)
        self.unreadable = 0

    def add(self, item: BenchmarkItem, answer: str | None) -> None:
        """Count one answer: an option's text, or None."""
        for right in item.answers:
            self.gold[item.options.index(right)] += 1 / len(item.answers)
        if answer in item.options:
            self.chosen[item.options.index(answer)] += 1
        else:
            self.unreadable += 1

    def shares(self, place: int) -> dict[str, Any]:
        """What the table says about one letter."""
        n = int(self.chosen.sum())
        return {
            "chosen": float(self.chosen[place] / n) if n else float("nan"),
            "gold": float(self.gold[place] / self.gold.sum()),
            "even": 1 / len(self.chosen),
            "n": n,
            "unreadable": self.unreadable,
        }


def consistency(averaged: pd.DataFrame, by: Sequence[str] = ("condition", "task")) -> pd.DataFrame:
    """Share of items whose chosen option stays the same in all rotations.

    Args:
        averaged: the table of :func:`over_rotations`.
        by: columns to group by.

    Returns:
        The group columns, consistent (share of items), and n (items).
    """
    grouped = averaged.groupby(list(by), sort=False)["consistent"]
    return grouped.agg(consistent="mean", n="size").reset_index()
