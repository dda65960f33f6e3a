"""Scores of layered items: slices, floors that read only options, and changes between two runs on the same items."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.layered.layered_items import Layer
from thymos.errors import BadInput
from thymos.measure.significance import holm, mcnemar
from thymos.tabular import require_columns

SLICED_BY = {"layer": "layer", "capability": "capability", "language": "language", "source": "provenance"}
"""First word of a slice's name, and the tag that it is cut by."""

LAYERS = tuple(f"layer {layer}" for layer in Layer)


def slices(table: pd.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """``"all"``, then each layer, capability, language and source that occurs, with the rows that belong to it.

    Args:
        table: with a column ``tag_<name>`` for every tag of SLICED_BY.

    Raises:
        BadInput: a column is missing.
    """
    require_columns(table, [f"tag_{tag}" for tag in SLICED_BY.values()], where="outcomes")
    yield "all", np.ones(len(table), dtype=bool)
    for word, tag in SLICED_BY.items():
        column = table[f"tag_{tag}"]
        known = [str(layer) for layer in Layer] if word == "layer" else []
        values = [value for value in known if (column == value).any()] or sorted(column.unique())
        for value in values:
            yield f"{word} {value}", (column == value).to_numpy()


def item_table(items: Sequence[BenchmarkItem]) -> pd.DataFrame:
    """One row an item: item, cluster, chance and its tags, as outcome tables have them."""
    return pd.DataFrame(
        [
            {
                "item": item.id,
                "cluster": item.cluster,
                "chance": item.chance,
                **{f"tag_{name}": value for name, value in item.tags.items()},
            }
            for item in items
        ]
    )


def length_floor(items: Sequence[BenchmarkItem], which: Literal["longest", "shortest"]) -> npt.NDArray[np.float64]:
    """Score of always taking the longest (shortest) option, in characters; ties share.

    Example:
        >>> item = BenchmarkItem("s/t/1", "s", "t", "Choose.", "?", ("bb",), ("a", "bb", "cc"), "letters")
        >>> length_floor([item], "longest").tolist()
        [0.5]
    """
    scores = []
    for item in items:
        sizes = [len(option) for option in item.options]
        wanted = max(sizes) if which == "longest" else min(sizes)
        taken = [option for option, size in zip(item.options, sizes, strict=True) if size == wanted]
        scores.append(sum(option in item.answers for option in taken) / len(taken))
    return np.array(scores)


def right_places(items: Sequence[BenchmarkItem]) -> npt.NDArray[np.int64]:
    """Place of the first right option of each item, in its original order."""
    return np.array([item.options.index(item.answers[0]) for item in items], dtype=np.int64)


def in_original_order(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Of a table over rotations: the rows where options stand in the items' own order, ``item`` naming the original."""
    require_columns(outcomes, ["tag_rotation", "tag_original"], where="outcomes")
    own = outcomes[outcomes["tag_rotation"].astype(int) == 0]
    return own.assign(item=own["tag_original"]).reset_index(drop=True)


def paired(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``first`` with the score of the same item in ``second`` as ``other``.

    Raises:
        BadInput: an item twice in a table, or not in both.
    """
    for table in (first, second):
        require_columns(table, ["item", "cluster", "score"], where="outcomes")
        if table["item"].duplicated().any():
            raise BadInput("an item stands twice", where="outcomes", mend="average rotations first")
    if set(first["item"]) != set(second["item"]):
        raise BadInput("the two runs are not on the same items", where="outcomes")
    other = second.set_index("item")["score"].loc[first["item"]].to_numpy()
    return first.assign(other=other).reset_index(drop=True)


def clustered_standard_error(values: npt.ArrayLike, clusters: Sequence[str]) -> float | None:
    """Standard error of a mean whose values come in clusters; None with fewer than two clusters.

    Example:
        >>> clustered_standard_error([0.0, 1.0, 0.0, 1.0], ["a", "b", "c", "d"])
        0.28867513459481287
    """
    numbers = np.asarray(values, dtype=float)
    codes = pd.factorize(np.asarray(clusters, dtype=object))[0]
    count = int(codes.max()) + 1 if len(codes) else 0
    if count < 2:
        return None
    sums = np.bincount(codes, weights=numbers - numbers.mean())
    return float(np.sqrt((sums**2).sum() * count / (count - 1)) / len(numbers))


@dataclass(frozen=True)
class LayerTest:
    """Exact McNemar test of one layer, before and after a change, on single answers.

    Args:
        layer: slice name, e.g. ``"layer appraisal"``.
        n: items.
        improved: wrong before, right after.
        worsened: right before, wrong after.
        p: two-sided, exact.
        p_holm: adjusted over the layers.
    """

    layer: str
    n: int
    improved: int
    worsened: int
    p: float
    p_holm: float


def layer_tests(before: pd.DataFrame, after: pd.DataFrame) -> list[LayerTest]:
    """Exact McNemar for each layer, with Holm's adjustment over the layers.

    Args:
        before: one row an item with a score of 0 or 1, e.g. of :func:`in_original_order`.
        after: the same items.

    Raises:
        BadInput: different items, or a score that is neither 0 nor 1.
    """
    table = paired(before, after)
    if not table[["score", "other"]].isin([0.0, 1.0]).all(axis=None):
        raise BadInput("McNemar's test needs scores of 0 or 1", where="outcomes", mend="take one rotation")
    parts = [(name, table[chosen]) for name, chosen in slices(table) if name in LAYERS]
    tests = [mcnemar(part["score"], part["other"], method="exact") for _, part in parts]
    adjusted = holm([test.p for test in tests])
    return [
        LayerTest(
            layer=name,
            n=len(part),
            improved=int(((part["score"] == 0) & (part["other"] == 1)).sum()),
            worsened=int(((part["score"] == 1) & (part["other"] == 0)).sum()),
            p=test.p,
            p_holm=float(corrected),
        )
        for (name, part), test, corrected in zip(parts, tests, adjusted, strict=True)
    ]
