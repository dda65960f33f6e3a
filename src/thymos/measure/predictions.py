"""What a system predicted, item by item: labels, label sets, probabilities or numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput

# How far a row of probabilities may be from 1: files often hold three decimals.
SUM_TOLERANCE = 1e-2


def segment_id(item: str, start: float, end: float) -> str:
    """One id for a stretch of an item, written as a media fragment: ``clip.wav#t=0.5,1.25`` (seconds)."""
    return item if np.isnan(start) else f"{item}#t={start:.12g},{end:.12g}"


@dataclass(frozen=True)
class Predictions:
    """A system's output on some items; at least one of the tables is given, all with the same index.

    Args:
        name: how the system is called in tables.
        sha256: of the file they come from.
        labels: one label an item; None marks a reply that names no class (it counts as wrong).
        probabilities: one column a class; rows sum to 1, but for multilabel schemes, where each cell is 0..1.
        sets: one column a label, booleans (multilabel schemes).
        numbers: one column an axis (numeric schemes).
        path: where they were read; named in errors.

    Raises:
        BadInput: nothing predicted, an item twice, tables of different items, NaN, probabilities that are none.
    """

    name: str
    sha256: str
    labels: pd.Series | None = None
    probabilities: pd.DataFrame | None = None
    sets: pd.DataFrame | None = None
    numbers: pd.DataFrame | None = None
    path: str = ""

    def __post_init__(self) -> None:
        where = self.path or self.name
        tables = [t for t in (self.labels, self.probabilities, self.sets, self.numbers) if t is not None]
        if not tables or len(tables[0]) == 0:
            raise BadInput("there is no prediction", where=where)
        index = tables[0].index
        if not index.is_unique:
            raise BadInput(f"item {index[index.duplicated()][0]!r} is predicted twice", where=where, mend="keep one")
        if any(not table.index.equals(index) for table in tables[1:]):
            raise BadInput("the predictions are of different items", where=where)
        for table in (self.probabilities, self.numbers):
            if table is not None and not np.isfinite(table.to_numpy(dtype=float)).all():
                row = int(np.argwhere(~np.isfinite(table.to_numpy(dtype=float)))[0][0])
                raise BadInput("a prediction is NaN or infinite", where=f"{where}, item {index[row]!r}")
        if self.probabilities is not None:
            values = self.probabilities.to_numpy(dtype=float)
            if (values < 0).any() or (values > 1 + SUM_TOLERANCE).any():
                row = int(np.argwhere((values < 0) | (values > 1 + SUM_TOLERANCE))[0][0])
                raise BadInput("a probability is outside 0..1", where=f"{where}, item {index[row]!r}")

    @property
    def items(self) -> list[str]:
        """Ids of the predicted items."""
        table = next(t for t in (self.labels, self.probabilities, self.sets, self.numbers) if t is not None)
        return [str(item) for item in table.index]

    @property
    def misses(self) -> int:
        """How many replies named no class."""
        return 0 if self.labels is None else int(self.labels.isna().sum())

    def best_labels(self) -> pd.Series:
        """The predicted label an item: the stated one, else the most probable class (the first of equals)."""
        if self.labels is not None:
            return self.labels
        if self.probabilities is None:
            raise BadInput("these predictions have no labels", where=self.path or self.name)
        top = self.probabilities.to_numpy(dtype=float).argmax(axis=1)
        names = np.asarray(self.probabilities.columns, dtype=object)
        return pd.Series(names[top], index=self.probabilities.index, name="label")

    def label_sets(self, scheme: Scheme) -> pd.DataFrame:
        """Predicted label sets as booleans, one column a class of the scheme.

        Given sets are used as they are. Probabilities of a multilabel scheme choose the labels from 0.5 on;
        a distribution over classes chooses those above 1/K, the rule that makes label sets of votes as well.
        """
        classes = list(scheme.classes)
        if self.sets is not None:
            return self.sets.reindex(columns=classes, fill_value=False)
        if self.probabilities is not None:
            values = self.probabilities.reindex(columns=classes, fill_value=0.0)
            return values >= 0.5 if scheme.kind is Kind.MULTILABEL else values > 1 / len(classes)
        labels = self.best_labels()
        return pd.DataFrame({label: labels == label for label in classes}, index=labels.index)
