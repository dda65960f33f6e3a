"""Bases of recognizers over signals: tables of features, pictures, and numbers as targets.

Items are indexed by their ids as everywhere; a feature that is missing or infinite is refused by name, never filled.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.errors import BadInput
from thymos.perceive.recognizer import Codes, Estimator, Floats, Recognizer, label_codes_of

Pictures = list[npt.NDArray[np.uint8]]


def group_codes_of(groups: Sequence[Any] | pd.Series | None, index: pd.Index) -> Codes | None:
    """A number a group (speaker, subject), or None; a Series must be indexed like the items."""
    if groups is None:
        return None
    if isinstance(groups, pd.Series) and len(groups) == len(index) and not groups.index.equals(index):
        raise BadInput(
            "the groups are indexed by other items than the inputs", where="groups", mend="reindex by the items"
        )
    values = pd.Series(list(groups), dtype=object)
    if len(values) != len(index):
        raise BadInput(f"{len(values)} groups for {len(index)} items", where="groups", mend="pass one group an item")
    if values.isna().any():
        raise BadInput("the group is missing", where=f"groups, {index[int(values.isna().argmax())]!r}")
    return pd.factorize(values)[0].astype(np.int64)


class TableEstimator(Estimator):
    """What recognizers and regressors over a table of features share.

    Attributes:
        feature_names_in_: the columns seen in ``fit``; later tables need them, in any order, and may hold more.
    """

    card_input = "one row of features"
    feature_names_in_: npt.NDArray[np.object_]

    def _inputs_of(self, items: pd.DataFrame) -> tuple[Floats, pd.Index]:
        if not isinstance(items, pd.DataFrame):
            raise BadInput("a DataFrame of features is needed", where="items", mend="pass one row an item")
        if len(items) == 0 or items.shape[1] == 0:
            raise BadInput("there is no item", where="items", mend="pass at least one row and one column")
        names = list(getattr(self, "feature_names_in_", items.columns))
        missing = [name for name in names if name not in items.columns]
        if missing:
            raise BadInput(f"feature {missing[0]!r} is missing", where="items", mend="compute the same features")
        try:
            values = items[names].to_numpy(dtype=np.float64)
        except (TypeError, ValueError):
            raise BadInput("a feature is not a number", where="items", mend="pass numeric columns only") from None
        broken = ~np.isfinite(values)
        if broken.any():
            row, column = np.argwhere(broken)[0]
            raise BadInput(
                f"feature {names[column]!r} is {values[row, column]}",
                where=f"items, {items.index[row]!r}",
                mend="leave the item out or mend the signal",
            )
        return values, items.index

    def _learn_columns(self, items: pd.DataFrame) -> None:
        """Take the columns of a new table; call before ``_inputs_of`` in ``fit``."""
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if isinstance(items, pd.DataFrame):
            self.feature_names_in_ = np.asarray([str(name) for name in items.columns], dtype=object)


class TableRecognizer(TableEstimator, Recognizer):
    """Base of the recognizers of one label a row of features.

    A subclass writes ``_fit_grouped(inputs, codes, groups)`` and ``_predict_proba(inputs)``.
    """

    def fit(
        self,
        items: pd.DataFrame,
        labels: Sequence[str] | pd.Series,
        *,
        groups: Sequence[Any] | pd.Series | None = None,
    ) -> Self:
        """Learn from rows of features.

        Args:
            items: finite numbers, one row an item.
            labels: one label an item.
            groups: who is in the item (speaker, subject): folds inside the training set keep them apart.

        Raises:
            BadInput: as ``Recognizer.fit``; groups of other items.
        """
        self._learn_columns(items)
        inputs, index = self._inputs_of(items)
        self.classes_, codes = label_codes_of(labels, index)
        self._fit_grouped(inputs, codes, group_codes_of(groups, index))
        return self

    def _fit(self, inputs: Floats, codes: Codes) -> None:
        self._fit_grouped(inputs, codes, None)

    @abstractmethod
    def _fit_grouped(self, inputs: Floats, codes: Codes, groups: Codes | None) -> None:
        """Learn from (items, features), label positions, and group numbers (None = every item alone)."""


class TableRegressor(TableEstimator):
    """Base of the regressors of one or more numbers (valence, arousal) from a row of features.

    Attributes:
        targets_: names of the numbers; the columns of every table of predictions.
    """

    card_title = "Valence and arousal regressor"
    card_warning = "a predicted value is a mean judgment of raters, not what somebody feels"
    targets_: npt.NDArray[np.object_]

    def fit(
        self, items: pd.DataFrame, targets: pd.DataFrame, *, groups: Sequence[Any] | pd.Series | None = None
    ) -> Self:
        """Learn from rows of features and finite numbers.

        Args:
            items: finite numbers, one row an item.
            targets: one column a target, indexed like the items.
            groups: what must not stand on both sides of a fold inside the training set.

        Raises:
            BadInput: no items, NaN, targets of other items, a target that never changes.
        """
        self._learn_columns(items)
        inputs, index = self._inputs_of(items)
        if not isinstance(targets, pd.DataFrame) or not targets.index.equals(index) or targets.shape[1] == 0:
            raise BadInput(
                "the targets must be a DataFrame indexed like the items", where="targets", mend="reindex by the items"
            )
        values = targets.to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise BadInput(f"{targets.columns[column]!r} is missing", where=f"targets, {index[row]!r}", mend="drop it")
        constant = np.ptp(values, axis=0) == 0
        if constant.any():
            raise BadInput(f"{targets.columns[int(constant.argmax())]!r} never changes", where="targets")
        self.targets_ = np.asarray([str(name) for name in targets.columns], dtype=object)
        self._fit_grouped(inputs, values, group_codes_of(groups, index))
        return self

    def predict(self, items: pd.DataFrame) -> pd.DataFrame:
        """One row an item, one column a target.

        Raises:
            BadInput: not fitted yet, no items, a missing or infinite feature.
        """
        self._check_fitted()
        inputs, index = self._inputs_of(items)
        return pd.DataFrame(self._predict(inputs), index=index, columns=list(self.targets_))

    def _check_fitted(self) -> None:
        if not hasattr(self, "targets_"):
            raise BadInput("it has not learned anything yet", where=type(self).__name__, mend="call fit first")

    @abstractmethod
    def _fit_grouped(self, inputs: Floats, targets: Floats, groups: Codes | None) -> None:
        """Learn from (items, features), (items, targets) and group numbers."""

    @abstractmethod
    def _predict(self, inputs: Floats) -> Floats:
        """Shape (items, targets)."""


class PictureRecognizer(Recognizer):
    """Base of the recognizers of one label a picture; items are a Series of uint8 arrays, height × width (× 3)."""

    card_input = "one picture"

    def _inputs_of(self, items: pd.Series) -> tuple[Pictures, pd.Index]:
        if not isinstance(items, pd.Series):
            raise BadInput("a Series of pictures is needed", where="items", mend="pass arrays indexed by item")
        if len(items) == 0:
            raise BadInput("there is no item", where="items", mend="pass at least one picture")
        pictures: Pictures = []
        for index, picture in items.items():
            usable = (
                isinstance(picture, np.ndarray)
                and picture.dtype == np.uint8
                and (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3))
                and picture.size > 0
            )
            if not usable:
                raise BadInput(
                    "this is not a picture of uint8 numbers, height x width or height x width x 3",
                    where=f"items, {index!r}",
                    mend="load it with thymos.media.pictures",
                )
            pictures.append(picture)
        return pictures, items.index
