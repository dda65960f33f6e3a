"""Valence and arousal of a scene from a row of features, with the uncertainty of every prediction kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import linalg, stats
from sklearn.cluster import KMeans

from thymos.errors import BadInput
from thymos.perceive.media_recognizers import TableRegressor
from thymos.perceive.recognizer import Codes, Floats
from thymos.perceive.scene.features import blocks_of
from thymos.perceive.scene.kernel_ridge import choose, dual_weights, group_folds, squared_distances

PENALTIES = tuple(float(10.0**power) for power in np.arange(-2.5, 3.01, 0.5))
# Width of the Gaussian kernel: exp(-WIDTH * squared distance / median squared distance of the training items).
WIDTH = 0.5
SMALLEST_EIGENVALUE = 1e-6  # of the landmarks' kernel: what is below is noise
ARRAYS = ("center_", "scale_", "mean_", "residual_sd_", "landmarks_", "weights_")


class SceneRegressor(TableRegressor):
    """Gaussian kernel ridge over blocks of features, each block with the same say, penalty chosen on held-out groups.

    Features are standardized and divided by the root of the size of their block (``block/name``), so that 500 numbers
    on texture do not drown 27 on color. For each target the penalty with the smallest error on held-out groups is
    taken; the spread of these held-out errors is the uncertainty of a prediction. The kernel is taken at landmarks
    (Nystroem's method), which are means of clusters of training rows: what is saved are these and not the rows.

    Args:
        penalties: what is tried.
        inner_folds: folds inside the training items; groups stay whole.
        limits: predictions are kept inside; the scale of OASIS is 1..7. None = no limits.
        landmarks: how many; at most half the number of training items.
        seed: of the clusters.

    Attributes:
        residual_sd_: standard deviation of the held-out errors, one a target. It was the smallest of several penalties,
            so it is slightly too small.
        penalties_: the chosen one of each target.

    Example:
        >>> rows = pd.DataFrame({"look/a": np.arange(40.0), "look/b": np.arange(40.0)[::-1] % 7})
        >>> goal = pd.DataFrame({"valence": 2 + rows["look/a"] / 10, "arousal": 3 + rows["look/b"] / 3})
        >>> abs(SceneRegressor().fit(rows, goal).predict(rows)["valence"] - goal["valence"]).max() < 0.2
        np.True_
    """

    card_title = "Scene regressor: valence and arousal that a picture evokes"
    card_input = "one row of picture features"
    card_warning = "a predicted value is what an average viewer may report, not what somebody feels or what is shown"

    def __init__(
        self,
        penalties: Sequence[float] = PENALTIES,
        inner_folds: int = 5,
        limits: tuple[float, float] | None = (1.0, 7.0),
        landmarks: int = 300,
        seed: int = 0,
    ) -> None:
        self.penalties = penalties
        self.inner_folds = inner_folds
        self.limits = limits
        self.landmarks = landmarks
        self.seed = seed

    def _fit_grouped(self, inputs: Floats, targets: Floats, groups: Codes | None) -> None:
        self._check_parameters()
        self.center_ = inputs.mean(axis=0)
        spread = inputs.std(axis=0)
        blocks = pd.Series(blocks_of(self.feature_names_in_))
        sizes = blocks.map(blocks.value_counts()).to_numpy(float)
        # A feature that never changes tells nothing; it is turned off rather than blown up.
        self.scale_ = np.where(spread > 1e-9, 1 / (np.maximum(spread, 1e-9) * np.sqrt(sizes)), 0.0)
        rows = (inputs - self.center_) * self.scale_
        distances = squared_distances(rows, rows)[~np.eye(len(rows), dtype=bool)]
        self.gamma_ = WIDTH / max(float(np.median(distances)), 1e-12)
        self.landmarks_ = self._clusters(rows)
        near = self._near(rows)
        values, vectors = linalg.eigh(self._near(self.landmarks_.astype(np.float64)), check_finite=False)
        root = vectors / np.sqrt(np.maximum(values, SMALLEST_EIGENVALUE))
        mapped = near @ root
        kernel = mapped @ mapped.T
        self.mean_ = targets.mean(axis=0)
        centered = targets - self.mean_
        choices = choose([kernel], centered, group_folds(groups, len(rows), self.inner_folds), self.penalties)
        self.penalties_ = [choice.penalty for choice in choices]
        self.residual_sd_ = np.array([choice.rmse for choice in choices])
        dual = [dual_weights(kernel, centered[:, number], penalty) for number, penalty in enumerate(self.penalties_)]
        self.weights_ = root @ (mapped.T @ np.column_stack(dual))

    def _clusters(self, rows: Floats) -> npt.NDArray[np.float32]:
        """Means of clusters of rows, in single precision as they are saved."""
        distinct = len(np.unique(rows, axis=0))
        count = max(1, min(self.landmarks, len(rows) // 2, distinct))
        found = KMeans(count, n_init=1, max_iter=10, random_state=self.seed).fit(rows).cluster_centers_
        return np.asarray(found, dtype=np.float32)

    def _near(self, rows: Floats) -> Floats:
        """Kernel of rows and landmarks."""
        return np.exp(-self.gamma_ * squared_distances(rows, self.landmarks_.astype(np.float64)))

    def _check_parameters(self) -> None:
        where = type(self).__name__
        if not self.penalties or min(self.penalties) <= 0:
            raise BadInput("penalties must be above 0", where=where)
        if self.landmarks < 1:
            raise BadInput(f"{self.landmarks} landmarks", where=where, mend="use 1 or more")
        if self.inner_folds < 2:
            raise BadInput(f"{self.inner_folds} inner folds cannot hold a group out", where=where, mend="use 2 or more")

    def _predict(self, inputs: Floats) -> Floats:
        rows = (inputs - self.center_) * self.scale_
        found = self.mean_ + self._near(rows) @ self.weights_
        return found if self.limits is None else np.clip(found, *self.limits)

    def predict_interval(self, items: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
        """Predictions with the interval that a new picture's norm should fall into.

        Args:
            items: rows of features.
            confidence: share of pictures whose norm the interval should cover.

        Returns:
            For each target its column, and ``<target>_low`` and ``<target>_high``: normal with ``residual_sd_``, the
            same width for all items, kept inside the limits.
        """
        if not 0 < confidence < 1:
            raise BadInput(f"confidence is {confidence}", where="confidence", mend="use a share such as 0.95")
        predicted = self.predict(items)
        reach = float(stats.norm.ppf((1 + confidence) / 2)) * self.residual_sd_
        table: dict[str, Floats] = {}
        for number, target in enumerate(self.targets_):
            values = predicted[target].to_numpy()
            ends = np.column_stack([values - reach[number], values + reach[number]])
            low, high = (ends if self.limits is None else np.clip(ends, *self.limits)).T
            table |= {target: values, f"{target}_low": low, f"{target}_high": high}
        return pd.DataFrame(table, index=predicted.index)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        values = {"gamma": self.gamma_, "penalties": list(self.penalties_)}
        return values, {name: getattr(self, name) for name in ARRAYS}

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.gamma_ = float(values["gamma"])
        self.penalties_ = [float(penalty) for penalty in values["penalties"]]
        for name in ARRAYS:
            setattr(self, name, arrays[name])
