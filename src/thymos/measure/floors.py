"""Trivial baselines that every system has to beat. Each returns predictions, so that all are scored alike.

A floor learns from training labels only, except `persistence_floor`, which is told the gold label of the previous
item of a sequence, and `shuffled_floor`, which takes a system's own predictions or inputs. `text_floor` stands in
its own module because it fits a model.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.measure.class_counts import macro_f1_from, uar_from, weighted_f1_from
from thymos.measure.inputs import Floats, group_codes, label_values, numbers, same_length, sorted_labels

Labels = npt.NDArray[np.object_]


class ExpectedScores(NamedTuple):
    """What random guessing with the training shares reaches on average."""

    accuracy: float
    macro_f1: float
    weighted_f1: float
    uar: float


def _count(test_items: int | Sequence[Any] | npt.NDArray[Any] | pd.DataFrame | pd.Series) -> int:
    n = test_items if isinstance(test_items, int) else len(test_items)
    if n < 1:
        raise BadInput("there are no test items", where="test_items", mend="pass at least one")
    return n


def most_frequent(labels: Iterable[Any]) -> Any:
    """The most frequent label; among equally frequent ones the first in sorted order."""
    values = label_values(labels, "labels")
    counts = pd.Series(values).value_counts()
    return sorted_labels(counts.index[counts == counts.max()])[0]


def majority_floor(train_labels: Iterable[Any], test_items: int | Sequence[Any] | pd.DataFrame) -> Labels:
    """The most frequent training label for every test item.

    Args:
        train_labels: labels of the training items.
        test_items: the test items, or how many there are.

    Example:
        >>> majority_floor(["joy", "fear", "joy"], 2).tolist()
        ['joy', 'joy']
    """
    predictions = np.empty(_count(test_items), dtype=object)
    predictions[:] = most_frequent(train_labels)
    return predictions


def mean_floor(train_values: npt.ArrayLike, test_items: int | Sequence[Any] | pd.DataFrame) -> Floats:
    """The training mean for every test item; for a matrix (items × dimensions) the mean row."""
    mean = numbers(train_values, "train_values").mean(axis=0)
    return np.array(np.broadcast_to(mean, (_count(test_items), *np.shape(mean))))


def prior_probabilities(
    train_labels: Iterable[Any], test_items: int | Sequence[Any] | pd.DataFrame, labels: Sequence[Any]
) -> Floats:
    """The training shares of ``labels`` for every test item, shape (items, labels)."""
    values = label_values(train_labels, "train_labels")
    codes = pd.Index(labels).get_indexer(pd.Index(values))
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise BadInput(f"unknown label {values[row]!r}", where=f"train_labels, row {row}", mend="list it in labels")
    shares = np.bincount(codes, minlength=len(labels)) / len(values)
    return np.tile(shares, (_count(test_items), 1))


def prior_floor(
    train_labels: Iterable[Any], test_items: int | Sequence[Any] | pd.DataFrame, *, seed: int = 0
) -> Labels:
    """Labels drawn at random with their training shares, one draw per test item."""
    values = label_values(train_labels, "train_labels")
    drawn = np.random.default_rng(seed).integers(0, len(values), size=_count(test_items))
    return values[drawn]


def expected_prior_scores(train_labels: Iterable[Any], gold: Iterable[Any]) -> ExpectedScores:
    """Scores of `prior_floor` without its randomness: computed from the expected counts of hits and predictions.

    Accuracy and average recall are exact expectations. F1 is a ratio; its value at the expected counts differs from
    its expectation by a term that shrinks with the number of items.
    """
    truth, train = label_values(gold, "gold"), label_values(train_labels, "train_labels")
    known = sorted_labels([*truth, *train])
    in_gold = np.bincount(pd.Index(known).get_indexer(pd.Index(truth)), minlength=len(known)).astype(float)
    shares = np.bincount(pd.Index(known).get_indexer(pd.Index(train)), minlength=len(known)) / len(train)
    sums = np.concatenate([in_gold * shares, in_gold, len(truth) * shares])
    return ExpectedScores(
        accuracy=float((in_gold * shares).sum() / len(truth)),
        macro_f1=float(macro_f1_from(sums)),
        weighted_f1=float(weighted_f1_from(sums)),
        uar=float(uar_from(sums)),
    )


def persistence_floor(
    labels: Sequence[Any] | npt.NDArray[Any],
    groups: Iterable[Any],
    *,
    first: Any,
    positions: npt.ArrayLike | None = None,
) -> npt.NDArray[Any]:
    """The previous item's gold value within each sequence (dialogue, recording).

    Args:
        labels: gold labels or numbers of all items, in any order.
        groups: sequence of each item.
        first: what the first item of a sequence gets, usually the training majority or mean.
        positions: place of each item in its sequence; None takes the order of the items as it is.

    Example:
        >>> persistence_floor(["joy", "fear", "joy"], ["a", "a", "b"], first="neutral").tolist()
        ['neutral', 'joy', 'neutral']
    """
    codes, _ = group_codes(groups, "groups")
    given = np.asarray(labels)
    values = (
        given.astype(float) if given.dtype.kind in "if" and isinstance(first, float) else label_values(labels, "labels")
    )
    same_length(labels=values, groups=codes)
    places = np.arange(len(codes)) if positions is None else numbers(positions, "positions", dimensions=1)
    same_length(labels=values, positions=places)
    order = np.lexsort((places, codes))
    starts = np.r_[True, np.diff(codes[order]) != 0]
    previous = values[np.r_[order[0], order[:-1]]]
    previous[starts] = first
    predictions = np.empty_like(values)
    predictions[order] = previous
    return predictions


def lookup_floor(train_column: Iterable[Any], train_labels: Iterable[Any], test_column: Iterable[Any]) -> Labels:
    """The most frequent training label for each value of one column, e.g. which question was asked (card 10).

    Values that training does not have get the overall majority.

    Example:
        >>> lookup_floor(["q1", "q1", "q2"], ["no", "no", "yes"], ["q2", "q1", "q9"]).tolist()
        ['yes', 'no', 'no']
    """
    values = label_values(train_labels, "train_labels")
    keys = label_values(train_column, "train_column")
    same_length(train_column=keys, train_labels=values)
    overall = most_frequent(values)
    table = pd.Series(values).groupby(keys).agg(most_frequent).to_dict()
    asked = label_values(test_column, "test_column")
    predictions = np.empty(len(asked), dtype=object)
    predictions[:] = [table.get(key, overall) for key in asked]
    return predictions


def lookup_probabilities(
    train_column: Iterable[Any], train_labels: Iterable[Any], test_column: Iterable[Any], labels: Sequence[Any]
) -> Floats:
    """Training shares of ``labels`` given the column's value, shape (items, labels); overall shares if unseen."""
    values = label_values(train_labels, "train_labels")
    keys = label_values(train_column, "train_column")
    same_length(train_column=keys, train_labels=values)
    overall = prior_probabilities(values, 1, labels)[0]
    shares = {key: prior_probabilities(values[keys == key], 1, labels)[0] for key in pd.unique(keys)}
    return np.array([shares.get(key, overall) for key in label_values(test_column, "test_column")])


def lookup_mean_floor(train_column: Iterable[Any], train_values: npt.ArrayLike, test_column: Iterable[Any]) -> Floats:
    """The training mean for each value of one column; the overall mean for values that training does not have."""
    keys, values = label_values(train_column, "train_column"), numbers(train_values, "train_values", dimensions=1)
    same_length(train_column=keys, train_values=values)
    means = pd.Series(values).groupby(keys).mean().to_dict()
    overall = float(values.mean())
    return np.array([means.get(key, overall) for key in label_values(test_column, "test_column")])


def shuffled_floor(values: npt.ArrayLike, *, seed: int = 0, groups: Iterable[Any] | None = None) -> npt.NDArray[Any]:
    """Inputs or predictions permuted over the items: what remains when the link to the item is cut.

    Args:
        values: features (items × ...) or predictions; rows are moved whole.
        seed: of the permutation.
        groups: permute within groups only, which keeps what is known from the group (speaker, question).
    """
    array = np.asarray(values)
    if array.ndim == 0 or len(array) == 0:
        raise BadInput("there are no items", where="values", mend="pass one row per item")
    rng = np.random.default_rng(seed)
    if groups is None:
        return np.asarray(array[rng.permutation(len(array))])
    codes, _ = group_codes(groups, "groups")
    same_length(values=array, groups=codes)
    # Two orders that agree on the groups and are random inside them.
    source = np.lexsort((rng.random(len(array)), codes))
    target = np.argsort(codes, kind="stable")
    shuffled = np.empty_like(array)
    shuffled[target] = array[source]
    return shuffled
