"""Checks on what callers hand to a measure: every bad value is one clear BadInput that names its row."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Outside = Literal["error", "miss"]


class LabelCodes(NamedTuple):
    """Gold and predicted labels as positions in ``labels``; a prediction outside ``labels`` is ``len(labels)``."""

    labels: list[Any]
    gold: Integers
    predicted: Integers


def numbers(values: npt.ArrayLike, name: str, *, dimensions: int | None = None) -> Floats:
    """Values as a float64 array; empty, non-numeric, NaN or infinite values raise BadInput.

    Args:
        values: numbers of any shape; the first axis counts items.
        name: what the caller calls them, for the error message.
        dimensions: the number of axes that is required, or None for any (at least 1).
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput("these values are not numbers", where=name, mend="pass numbers only") from None
    if array.ndim == 0 or (dimensions is not None and array.ndim != dimensions):
        wanted = dimensions or "at least 1"
        raise BadInput(f"{array.ndim} axes were given, {wanted} needed", where=name, mend="check the shape")
    if array.size == 0:
        raise BadInput("there are no values", where=name, mend="pass at least one item")
    finite = np.isfinite(array)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0])
        raise BadInput("a value is NaN or infinite", where=f"{name}, row {row}", mend="drop or fill the item")
    return array


def same_length(**arrays: Sequence[Any] | npt.NDArray[Any]) -> int:
    """The common length of the named arrays, or BadInput that names both lengths."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise BadInput(f"lengths differ: {listed}", mend="pass one entry per item, in the same order")
    return next(iter(lengths.values()))


def paired_numbers(
    gold: npt.ArrayLike, predicted: npt.ArrayLike, *, dimensions: int | None = None
) -> tuple[Floats, Floats]:
    """Gold and predicted numbers of one and the same shape."""
    first = numbers(gold, "gold", dimensions=dimensions)
    second = numbers(predicted, "predicted", dimensions=dimensions)
    if first.shape != second.shape:
        raise BadInput(f"gold has shape {first.shape}, predicted has {second.shape}", mend="pass equal shapes")
    return first, second


def item_weights(weights: npt.ArrayLike | None, n: int) -> Floats | None:
    """Weights (how often each item counts) checked: finite, not negative, not all zero, one per item."""
    if weights is None:
        return None
    array = numbers(weights, "weights", dimensions=1)
    same_length(items=range(n), weights=array)
    if (array < 0).any() or not array.any():
        raise BadInput("weights must not be negative and not all zero", where="weights", mend="pass counts")
    return array


def group_codes(groups: Iterable[Any], name: str) -> tuple[Integers, list[Any]]:
    """Group of each item as an integer code, and the distinct groups in order of first appearance."""
    values = pd.Series(list(groups), dtype=object)
    if not len(values):
        raise BadInput("there are no values", where=name, mend="pass one group per item")
    missing = values.isna()
    if missing.any():
        row = int(np.argmax(missing.to_numpy()))
        raise BadInput("the group is missing", where=f"{name}, row {row}", mend="name a group for every item")
    codes, distinct = pd.factorize(values)
    return codes.astype(np.int64), list(distinct)


def label_values(values: Iterable[Any], name: str, *, missing: bool = False) -> npt.NDArray[np.object_]:
    """Labels as a 1-D object array; NaN and None raise BadInput unless ``missing`` allows them."""
    if isinstance(values, str):
        raise BadInput("one text was given instead of a list of labels", where=name, mend="pass a list")
    if isinstance(values, (pd.Series, pd.Index)):
        values = values.to_numpy()
    # Plain Python values, so that labels from arrays and from lists are equal and hash alike.
    listed = values.tolist() if isinstance(values, np.ndarray) and values.dtype != object else list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    if not len(array):
        raise BadInput("there are no labels", where=name, mend="pass at least one item")
    if pd.api.types.infer_dtype(array, skipna=True) not in ("string", "integer", "floating", "boolean"):
        for row, value in enumerate(listed):
            if isinstance(value, (list, tuple, set, dict, np.ndarray)):
                raise BadInput(
                    "an item has several labels", where=f"{name}, row {row}", mend="use the multilabel measures"
                )
            if isinstance(value, np.generic):
                array[row] = value.item()
    absent = pd.isna(array)
    if absent.any() and not missing:
        row = int(np.argmax(absent))
        raise BadInput("the label is missing", where=f"{name}, row {row}", mend="drop the item or label it")
    return array


def sorted_labels(values: Iterable[Any]) -> list[Any]:
    """Distinct labels in a stable order: by value, or by text where the types cannot be compared."""
    distinct = set(values)
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=lambda value: (type(value).__name__, str(value)))


def label_codes(
    gold: Iterable[Any],
    predicted: Iterable[Any],
    labels: Sequence[Any] | None = None,
    outside: Outside = "error",
) -> LabelCodes:
    """Gold and predicted labels as integer codes under one fixed label list.

    Args:
        gold: true label of each item; None and NaN are errors.
        predicted: predicted label of each item.
        labels: the label list; None takes the sorted union of gold and predicted.
        outside: what a prediction that is not in ``labels`` (or is missing) means: ``"error"`` raises BadInput,
            ``"miss"`` counts it as wrong for its gold class and as a prediction of no class. A language model's
            reply that could not be parsed is such a miss.

    Raises:
        BadInput: unknown gold label, unknown prediction under ``"error"``, unequal lengths, or gold labels and
            predictions of different types (text against numbers).
    """
    truth = label_values(gold, "gold")
    guess = label_values(predicted, "predicted", missing=outside == "miss")
    same_length(gold=truth, predicted=guess)
    if labels is None:
        present = guess[~pd.isna(guess)]
        if len(present) and _all_text(truth) != _all_text(present):
            raise BadInput("gold and predicted labels are of different types", mend="use text or numbers in both")
        known = sorted_labels([*truth, *present])
    else:
        known = list(label_values(labels, "labels"))
        if len(set(known)) != len(known):
            raise BadInput("a label is listed twice", where="labels", mend="list every label once")
    index = pd.Index(known, dtype=object)
    gold_codes = index.get_indexer(pd.Index(truth, dtype=object))
    predicted_codes = index.get_indexer(pd.Index(guess, dtype=object))
    _refuse_unknown(truth, gold_codes, "gold", known)
    if outside == "error":
        _refuse_unknown(guess, predicted_codes, "predicted", known)
    predicted_codes = np.where(predicted_codes < 0, len(known), predicted_codes)
    return LabelCodes(known, gold_codes.astype(np.int64), predicted_codes.astype(np.int64))


def _all_text(values: npt.NDArray[np.object_]) -> bool:
    return all(isinstance(value, str) for value in values)


def _refuse_unknown(values: npt.NDArray[np.object_], codes: npt.NDArray[Any], name: str, known: list[Any]) -> None:
    if (codes >= 0).all():
        return
    row = int(np.argmax(codes < 0))
    shown = ", ".join(map(str, known[:8])) + (", ..." if len(known) > 8 else "")
    raise BadInput(
        f"unknown label {values[row]!r}",
        where=f"{name}, row {row}",
        mend=f"use one of: {shown}",
    )


def binary_matrix(values: npt.ArrayLike, name: str) -> Floats:
    """An items × labels matrix of zeros and ones."""
    matrix = numbers(values, name, dimensions=2)
    strange = ~np.isin(matrix, (0.0, 1.0))
    if strange.any():
        row = int(np.argwhere(strange)[0][0])
        raise BadInput("a value is neither 0 nor 1", where=f"{name}, row {row}", mend="pass a 0/1 matrix")
    return matrix


def binary_vector(values: npt.ArrayLike, name: str) -> Floats:
    """One 0 or 1 per item."""
    return binary_matrix(numbers(values, name, dimensions=1)[:, None], name)[:, 0]


def distributions(values: npt.ArrayLike, name: str, *, normalize: bool = False) -> Floats:
    """An items × classes matrix whose rows are probability distributions (sum 1 within 1e-6).

    Args:
        values: non-negative numbers.
        name: what the caller calls them.
        normalize: divide each row by its sum (votes or scores) instead of requiring a sum of 1.
    """
    matrix = numbers(values, name, dimensions=2)
    negative = (matrix < 0).any(axis=1)
    if negative.any():
        row = int(np.argmax(negative))
        raise BadInput("a probability is negative", where=f"{name}, row {row}", mend="pass shares of 0 or more")
    totals = matrix.sum(axis=1)
    wrong = totals == 0 if normalize else np.abs(totals - 1) > 1e-6
    if wrong.any():
        row = int(np.argmax(wrong))
        raise BadInput(
            f"the row sums to {totals[row]:.6g}", where=f"{name}, row {row}", mend="normalize each row to sum 1"
        )
    return matrix / totals[:, None] if normalize else matrix
