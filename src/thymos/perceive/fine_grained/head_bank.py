"""A bank of heads: one independent regressor an emotion over any encoder, trained with the mean absolute error.

Items are rows of a table (pooled vectors, functionals), or a Series of arrays of one shape (full sequences). Scores are
0 to 4, one column an emotion; NaN says that nobody rated this emotion in this item, as in a benchmark that asks for
one emotion a clip: each head learns from the items that were rated for it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from safetensors.torch import save as save_tensors

from thymos.errors import BadInput
from thymos.files import write_atomically
from thymos.perceive.fine_grained.heads import HIGHEST, LOWEST, EmotionHead, HeadShape, load_head, new_head
from thymos.perceive.fine_grained.pooling import checked_frames
from thymos.perceive.media_recognizers import TableEstimator

Items: TypeAlias = "pd.DataFrame | pd.Series[Any]"
Rows = Sequence[npt.NDArray[np.float32]] | npt.NDArray[np.float32]
HEADS_FOLDER = "heads"
SMALLEST_SCALE = 1e-6


class HeadBank(TableEstimator):
    """Independent heads, one an emotion.

    The published heads did not say how they were trained: learning rate, epochs and batch are ours [inferred].

    Args:
        projection: width after the first layer.
        hidden: widths of the hidden layers.
        dropouts: after the projection and after each hidden layer.
        balanced: weigh the items so that scores above 0 and scores of 0 count alike in sum; False is the published
            loss. The mean absolute error is lowest at the median, so a rare emotion is scored 0 everywhere without it.
        standardize: bring every number of a frame to mean 0 and deviation 1 of the training items.
        epochs: passes over the rated items.
        batch_size: items a step.
        learning_rate: of Adam.
        weight_decay: of AdamW; 0 is Adam.
        seed: of weights, order and dropout; head k uses seed + k.

    Attributes:
        targets_: names of the emotions; the columns of every table of predictions.
        heads_: one fitted head an emotion, in that order.
        losses_: mean absolute error of the last epoch, by emotion.
    """

    card_title = "Bank of emotion heads"
    card_input = "one pooled vector or one sequence of frames"
    card_warning = "a score is how strongly listeners may hear an emotion, not how strongly somebody feels it"

    def __init__(
        self,
        *,
        projection: int = 64,
        hidden: tuple[int, ...] = (64, 32, 16),
        dropouts: tuple[float, ...] = (0.0, 0.1, 0.1, 0.1),
        balanced: bool = False,
        standardize: bool = True,
        epochs: int = 30,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.projection = projection
        self.hidden = hidden
        self.dropouts = dropouts
        self.balanced = balanced
        self.standardize = standardize
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.seed = seed

    def fit(self, items: Items, scores: pd.DataFrame, *, progress: Callable[[int, int], None] | None = None) -> Self:
        """Train every head on the items that were rated for its emotion.

        Args:
            items: a table of finite numbers, or a Series of arrays of one shape (frames, width).
            scores: 0 to 4, one column an emotion, indexed like the items; NaN = not rated.
            progress: is told (heads done, heads in all).

        Raises:
            BadInput: no items, NaN in an item, scores of other items or out of range, an emotion that nobody rated.
        """
        if self.epochs < 1 or self.batch_size < 1:
            raise BadInput("epochs and batch_size must be 1 or more", where=type(self).__name__)
        self._learn_columns(items)
        rows, index = self._rows_of(items)
        values = _checked_scores(scores, index)
        self.targets_ = np.asarray([str(name) for name in scores.columns], dtype=object)
        self._learn_scale(rows)
        shape = HeadShape(int(np.prod(self.shape_)), self.projection, tuple(self.hidden), tuple(self.dropouts))
        self.heads_: list[EmotionHead] = []
        self.losses_: dict[str, float] = {}
        for number, name in enumerate(self.targets_):
            rated = np.flatnonzero(np.isfinite(values[:, number]))
            head, loss = self._trained(shape, rows, values[:, number], rated, self.seed + number)
            self.heads_.append(head)
            self.losses_[str(name)] = loss
            if progress is not None:
                progress(number + 1, len(self.targets_))
        return self

    def predict(self, items: Items) -> pd.DataFrame:
        """Scores 0 to 4, one row an item, one column an emotion.

        Raises:
            BadInput: not fitted yet, no items, NaN in an item, items of another shape.
        """
        self._check_fitted()
        rows, index = self._rows_of(items)
        found = np.empty((len(rows), len(self.heads_)))
        with torch.inference_mode():
            for start in range(0, len(rows), self.batch_size):
                part = np.arange(start, min(start + self.batch_size, len(rows)))
                inputs = self._batch(rows, part)
                for number, head in enumerate(self.heads_):
                    found[part, number] = head(inputs).double().numpy()
        return pd.DataFrame(found.clip(LOWEST, HIGHEST), index=index, columns=list(self.targets_))

    def _trained(
        self, shape: HeadShape, rows: Rows, scores: npt.NDArray[np.float64], rated: npt.NDArray[np.int64], seed: int
    ) -> tuple[EmotionHead, float]:
        """One head after training, and the mean absolute error of its last epoch."""
        head = new_head(shape, seed)
        weights = torch.from_numpy(_balancing_weights(scores[rated]) if self.balanced else np.ones(len(rated))).float()
        goal = torch.from_numpy(scores[rated]).float()
        optimizer = torch.optim.AdamW(head.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        order = np.random.default_rng(seed)
        last = 0.0
        # Dropout draws from torch's own state: fork it, so that a fit neither depends on nor disturbs the caller's.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head.train()
            for _ in range(self.epochs):
                total = 0.0
                for part in np.array_split(order.permutation(len(rated)), max(1, len(rated) // self.batch_size)):
                    error = (head(self._batch(rows, rated[part])) - goal[part]).abs()
                    loss = (error * weights[part]).sum() / weights[part].sum()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    total += float(error.detach().sum())
                last = total / len(rated)
        return head.eval(), last

    # -- items ----------------------------------------------------------------------------------------------------

    def _rows_of(self, items: Items) -> tuple[Rows, pd.Index]:
        if isinstance(items, pd.Series):
            rows: Rows = [checked_frames(frames, f"items, {item!r}") for item, frames in items.items()]
            if len(rows) == 0:
                raise BadInput("there is no item", where="items", mend="pass at least one")
            index = items.index
        else:
            values, index = self._inputs_of(items)
            rows = values.astype(np.float32)
        expected = getattr(self, "shape_", None) if hasattr(self, "heads_") else None
        shape = tuple(int(size) for size in (expected or rows[0].shape))
        for item, row in zip(index, rows, strict=True):
            if tuple(row.shape) != shape:
                raise BadInput(
                    f"an array of shape {tuple(row.shape)}, {shape} is needed",
                    where=f"items, {item!r}",
                    mend="bring all to one length (fit_length)",
                )
        return rows, index

    def _learn_columns(self, items: Any) -> None:
        for name in ("heads_", "shape_"):
            if hasattr(self, name):
                delattr(self, name)
        super()._learn_columns(items)

    def _learn_scale(self, rows: Rows) -> None:
        """Mean and deviation of each column, over items and frames; sums in double precision, one item at a time."""
        self.shape_ = tuple(int(size) for size in rows[0].shape)
        width = self.shape_[-1]
        self.mean_, self.scale_ = np.zeros(width), np.ones(width)
        if not self.standardize:
            return
        count = len(rows) * int(np.prod(self.shape_[:-1], dtype=np.int64))
        self.mean_ = (
            sum((row.reshape(-1, width).sum(axis=0, dtype=np.float64) for row in rows), np.zeros(width)) / count
        )
        squares = sum((((row.reshape(-1, width) - self.mean_) ** 2).sum(axis=0) for row in rows), np.zeros(width))
        deviation = np.sqrt(squares / count)
        # A column that never changes says nothing: it becomes 0, not infinite.
        self.scale_ = np.where(deviation > SMALLEST_SCALE, deviation, 1.0)

    def _batch(self, rows: Rows, positions: npt.NDArray[np.int64]) -> torch.Tensor:
        values = np.stack([rows[int(position)] for position in positions])
        scaled = (values - self.mean_) / self.scale_
        return torch.from_numpy(scaled.astype(np.float32))

    def _check_fitted(self) -> None:
        if not hasattr(self, "heads_"):
            raise BadInput("it has not learned anything yet", where=type(self).__name__, mend="call fit first")

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {"shape": list(self.shape_), "losses": self.losses_}, {"mean": self.mean_, "scale": self.scale_}

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.shape_ = tuple(int(size) for size in values["shape"])
        self.losses_ = {str(name): float(loss) for name, loss in values["losses"].items()}
        self.mean_, self.scale_ = arrays["mean"], arrays["scale"]

    def _save_files(self, folder: Path) -> None:
        # One file a head: forty large heads are 23 GB, of which one at a time must fit.
        for number, head in enumerate(self.heads_):
            tensors = {name: tensor.contiguous() for name, tensor in head.state_dict().items()}
            write_atomically(folder / HEADS_FOLDER / f"{number:02d}.safetensors", save_tensors(tensors))

    def _load_files(self, folder: Path) -> None:
        self.heads_ = []
        for number in range(len(self.targets_)):
            head = load_head(folder / HEADS_FOLDER / f"{number:02d}.safetensors")
            if head.shape.inputs != int(np.prod(self.shape_)):
                raise BadInput("this head reads other inputs than the bank", where=folder / HEADS_FOLDER)
            self.heads_.append(head)


def _checked_scores(scores: pd.DataFrame, index: pd.Index) -> npt.NDArray[np.float64]:
    if not isinstance(scores, pd.DataFrame) or not scores.index.equals(index) or scores.shape[1] == 0:
        raise BadInput("the scores must be a DataFrame indexed like the items", where="scores", mend="reindex it")
    values = scores.to_numpy(dtype=np.float64)
    outside = ~(np.isnan(values) | ((values >= LOWEST) & (values <= HIGHEST)))
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise BadInput(
            f"{scores.columns[column]!r} is {values[row, column]:g}, outside {LOWEST:g}..{HIGHEST:g}",
            where=f"scores, {index[row]!r}",
        )
    unrated = np.isnan(values).all(axis=0)
    if unrated.any():
        raise BadInput(f"nobody rated {scores.columns[int(unrated.argmax())]!r}", where="scores", mend="drop it")
    return values


def _balancing_weights(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights with which present (above 0) and absent (0) items have the same sum; 1 where one of them is empty."""
    present = scores > LOWEST
    share = present.mean()
    if share in (0.0, 1.0):
        return np.ones(len(scores))
    return np.where(present, 0.5 / share, 0.5 / (1 - share))
