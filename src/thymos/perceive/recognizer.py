"""What a recognizer is: an estimator that learns labels from items and gives back tables indexed like the items.

The contract is scikit-learn's: ``__init__`` only stores its parameters, ``fit`` returns self, everything that was
learned ends in an underscore, and ``sklearn.base.clone`` gives an unfitted twin. What thymos adds: probabilities come
back as a DataFrame and labels as a Series with the index of the items, bad input is one clear sentence, and a
recognizer is saved as numbers and JSON with a model card, never as a pickle (``thymos.perceive.saving``).
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator

from thymos.errors import BadInput

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
# What a recognizer of text takes: texts, texts with an index, or a corpus' items with a column "text".
TextItems: TypeAlias = Sequence[str] | pd.Series | pd.DataFrame
TEXT_COLUMN = "text"
SUM_TOLERANCE = 1e-6


class Estimator(BaseEstimator):
    """What recognizers of labels and of numbers share: they check their items, and they are saved without pickles."""

    card_title = "Emotion recognizer"
    card_input = "one item"
    card_warning = "a predicted class is what people may perceive, not what somebody feels"

    @abstractmethod
    def _inputs_of(self, items: Any) -> tuple[Any, pd.Index]:
        """Checked inputs of the items, and their index; BadInput where an item cannot be used."""

    @abstractmethod
    def _check_fitted(self) -> None:
        """Raise BadInput before ``fit``."""

    # -- saving; see thymos.perceive.saving -----------------------------------------------------------------------

    def save(self, folder: str | Path, *, notes: str = "") -> Path:
        """Save as ``recognizer.json``, ``weights.safetensors`` and a model card ``README.md``.

        Args:
            folder: made when missing; each file is written whole or not at all.
            notes: for the card: training data, its licence, measured scores.
        """
        from thymos.perceive.saving import save_recognizer

        return save_recognizer(self, folder, notes=notes)

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """What was learned, without ``classes_``: JSON-able values, and arrays."""

    @abstractmethod
    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """The inverse of ``_state``."""

    def _save_files(self, folder: Path) -> None:
        """Write what does not fit into arrays and JSON (a tuned network, members); nothing by default."""

    def _load_files(self, folder: Path) -> None:
        """The inverse of ``_save_files``."""


class Recognizer(Estimator):
    """Base of the recognizers of one label an item.

    A subclass says how items become inputs (``_inputs_of``) and writes ``_fit`` and ``_predict_proba`` over them; this
    class checks what comes in and labels what goes out.

    Attributes:
        classes_: the labels that were seen in training, sorted; the columns of every table of probabilities.
    """

    classes_: npt.NDArray[np.object_]

    def fit(self, items: Any, labels: Sequence[str] | pd.Series) -> Self:
        """Learn from labeled items.

        Args:
            items: what the recognizer takes.
            labels: one label an item; a Series must have the index of the items, so that nothing is misaligned.

        Raises:
            BadInput: no items, a missing or broken item or label, labels of other items, a single class.
        """
        inputs, index = self._inputs_of(items)
        classes, codes = label_codes_of(labels, index)
        self.classes_ = classes
        self._fit(inputs, codes)
        return self

    def predict_proba(self, items: Any) -> pd.DataFrame:
        """Probabilities: one row an item, one column a class; each row sums to 1.

        Raises:
            BadInput: not fitted yet, no items, a missing or broken item.
        """
        self._check_fitted()
        inputs, index = self._inputs_of(items)
        return pd.DataFrame(self._predict_proba(inputs), index=index, columns=list(self.classes_))

    def predict(self, items: Any) -> pd.Series:
        """The most probable class of each item (the first of equals), named ``label``."""
        table = self.predict_proba(items)
        best = table.to_numpy().argmax(axis=1)
        return pd.Series(self.classes_[best], index=table.index, name="label", dtype=object)

    def _check_fitted(self) -> None:
        if not hasattr(self, "classes_"):
            raise BadInput("it has not learned anything yet", where=type(self).__name__, mend="call fit first")

    @abstractmethod
    def _fit(self, inputs: Any, codes: Codes) -> None:
        """Learn from inputs and the positions of their labels in ``classes_``."""

    @abstractmethod
    def _predict_proba(self, inputs: Any) -> Floats:
        """Shape (items, classes), rows summing to 1."""


class TextRecognizer(Recognizer):
    """Base of the recognizers of one label a text; items are texts, or a DataFrame with a column ``text``.

    Attributes:
        held_out_index_: positions of training items that were predicted by a model that had not seen them.
        held_out_: their calibrated probabilities, for pooling and for estimates of class shares; not saved.
    """

    card_title = "Text emotion recognizer"
    card_input = "one text"
    card_warning = "a predicted class is what readers may perceive in a text, not what its writer feels"
    held_out_index_: Codes
    held_out_: Floats

    def _inputs_of(self, items: TextItems) -> tuple[list[str], pd.Index]:
        return texts_of(items)


def texts_of(items: TextItems) -> tuple[list[str], pd.Index]:
    """The texts and the index of items.

    Raises:
        BadInput: one string, no items, no column ``text``, an item that is no text.
    """
    if isinstance(items, str):
        raise BadInput("one text where several are needed", where="items", mend="pass a list of texts")
    if isinstance(items, pd.DataFrame):
        if TEXT_COLUMN not in items.columns:
            raise BadInput(
                f"there is no column {TEXT_COLUMN!r}",
                where="items",
                mend=f"present: {', '.join(map(str, items.columns)) or '-'}",
            )
        items = items[TEXT_COLUMN]
    series = items if isinstance(items, pd.Series) else pd.Series(list(items), dtype=object)
    if len(series) == 0:
        raise BadInput("there is no item", where="items", mend="pass at least one text")
    texts = series.tolist()
    for index, text in zip(series.index, texts, strict=True):
        if not isinstance(text, str):
            what = "the text is missing (NaN)" if text is None or text is pd.NA or text != text else "not a text"
            raise BadInput(what, where=f"items, {index!r}", mend="drop the item or fill its text in")
    return texts, series.index


def label_codes_of(labels: Sequence[str] | pd.Series, index: pd.Index) -> tuple[npt.NDArray[np.object_], Codes]:
    """The sorted classes, and each label as a position in them.

    Raises:
        BadInput: labels of other items or in another order, a missing label, a single class.
    """
    if isinstance(labels, pd.Series):
        values = labels.tolist()
        if len(labels) == len(index) and not labels.index.equals(index):
            raise BadInput(
                "the labels are indexed by other items than the inputs",
                where="labels",
                mend="reindex them by the items",
            )
    else:
        values = list(labels)
    if len(values) != len(index):
        raise BadInput(f"{len(values)} labels for {len(index)} items", where="labels", mend="pass one label an item")
    for item, label in zip(index, values, strict=True):
        if not isinstance(label, str):
            raise BadInput(f"the label {label!r} is not a text", where=f"labels, {item!r}", mend="drop or fill it in")
    classes, codes = np.unique(np.asarray(values, dtype=object), return_inverse=True)
    if len(classes) < 2:
        raise BadInput(f"every label is {classes[0]!r}", where="labels", mend="pass items of at least two classes")
    return classes, codes.astype(np.int64)


def same_text_groups(texts: Sequence[str]) -> Codes:
    """A group number a text; equal texts share theirs, so that a split by group keeps duplicates on one side."""
    return np.unique(np.asarray(texts, dtype=object), return_inverse=True)[1].astype(np.int64)
