"""Scores of the face models under each test rule (card 36, model side).

Under the majority and plurality rules a model's top class is scored against the items' label. Under the all-inclusive
rule every item stays: label sets above 1/K against label sets, the share of raters who chose the top class, the
divergence from the raters' distribution, and calibration. Intervals are over pictures.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.affect.aggregation import multilabel
from thymos.measure.calibration import prepare_class_ece
from thymos.measure.distribution import prepare_kld
from thymos.measure.metric import Additive, Prepared, mean_of_values
from thymos.measure.multilabel import prepare_multilabel_macro_f1
from thymos.measure.registry import find_metric
from thymos.perceive.rater_targets.calibration import prepare_share_ece
from thymos.perceive.rater_targets.targets import HARD, MULTILABEL, SOFT, rater_targets
from thymos.studies._ferplus_subset import Faces, face_row
from thymos.studies._subjectivity_models import Model, faces_of, models, probabilities_of, seeds_of
from thymos.studies.contract import Context, Row, RowKind

Floats = npt.NDArray[np.float64]
ALL, CALIBRATION = "all_inclusive", "class_ece"
SCORES = {
    "majority": ("accuracy", "macro_f1"),
    "plurality": ("accuracy", "macro_f1"),
    ALL: ("multilabel_macro_f1", "expected_accuracy", "kld", CALIBRATION),
}
FLOOR = "faces: vote shares of training"


def subset_of(rule: str) -> str:
    """The test set of a rule, as in the other rows of the study."""
    return f"ferplus/test/{rule}"


class Scored(NamedTuple):
    """What one test rule compares, the seeds of a model one after the other.

    Attributes:
        gold: class of each item (majority, plurality), or label sets (all-inclusive).
        shares: vote shares, shape (seeds * items, classes).
        probabilities: of the model, the same shape.
        sets: label sets that the model turns on, the same shape.
        sigmoid: the model gives a probability a label.
        clusters: of the items, one seed only.
    """

    gold: npt.NDArray[Any]
    shares: Floats
    probabilities: Floats
    sets: npt.NDArray[np.bool_]
    sigmoid: bool
    clusters: npt.NDArray[np.int64]


class Rated:
    """Items with votes, as far as a score needs them.

    Attributes:
        votes: shape (items, labels).
        excluded: shape (labels,), votes that are no emotion.
        clusters: a number an item; items with the same number are drawn together.
    """

    def __init__(
        self, votes: npt.NDArray[np.int64], excluded: npt.NDArray[np.bool_], clusters: npt.NDArray[np.int64]
    ) -> None:
        self.votes, self.excluded, self.clusters = votes, excluded, clusters


def scored(test: Faces | Rated, rule: str, probabilities: Floats, *, sigmoid: bool) -> Scored:
    """Items of a test rule.

    Args:
        test: all test items.
        rule: which of them are kept.
        probabilities: shape (seeds, items, classes).
        sigmoid: the model gives a probability a label, which is then on above 1/2; else it is on above 1/K.
    """
    goal = rater_targets(test.votes, rule, MULTILABEL if rule == ALL else HARD, excluded=test.excluded)
    seeds, _, classes = probabilities.shape
    kept = probabilities[:, goal.kept].reshape(-1, classes)
    gold = goal.targets if rule == ALL else goal.targets.argmax(axis=1)
    return Scored(
        gold=np.concatenate([gold] * seeds),
        shares=np.concatenate([goal.shares] * seeds),
        probabilities=kept,
        sets=kept > 0.5 if sigmoid else multilabel(kept),
        sigmoid=sigmoid,
        clusters=test.clusters[goal.kept],
    )


def prepared_score(items: Scored, metric: str) -> Prepared:
    """A score in the form that is resampled.

    The calibration error is taken against label sets for models of label sets and against vote shares for the others,
    so the two kinds are not comparable. The divergence of a model of label sets is that of its normalized sigmoids.
    """
    top = items.probabilities.argmax(axis=1)
    if metric == "multilabel_macro_f1":
        return prepare_multilabel_macro_f1(items.gold, items.sets)
    if metric == "expected_accuracy":
        return mean_of_values(items.shares[np.arange(len(top)), top])
    if metric == "kld":
        return prepare_kld(items.shares, items.probabilities / items.probabilities.sum(axis=1, keepdims=True))
    if metric == CALIBRATION:
        return _calibration(items)
    return find_metric(metric).prepare(items.gold, top)


def _calibration(items: Scored) -> Additive:
    if items.sigmoid:
        return prepare_class_ece(items.gold, items.probabilities)
    return prepare_share_ece(items.shares, items.probabilities)


def score_rows(
    ctx: Context, system: str, kind: RowKind, probabilities: Floats, *, sigmoid: bool, seeds: Sequence[int], note: str
) -> list[Row]:
    """All scores of one model under the three test rules."""
    test = faces_of(ctx)["test"]
    rows = []
    for rule, metrics in SCORES.items():
        items = scored(test, rule, probabilities, sigmoid=sigmoid)
        for metric in metrics:
            prepared = prepared_score(items, metric)
            rows.append(
                face_row(
                    ctx,
                    prepared,
                    items.clusters,
                    seeds=seeds,
                    centered=metric == CALIBRATION,
                    subset=subset_of(rule),
                    system=system,
                    kind=kind,
                    metric=metric,
                    note=note,
                )
            )
    return rows


def face_floor(ctx: Context) -> list[Row]:
    """The mean vote shares of the training items as the answer to every picture."""
    parts = faces_of(ctx)
    train = rater_targets(parts["train"].votes, ALL, SOFT, excluded=parts["train"].excluded)
    answer = np.tile(train.shares.mean(axis=0), (1, len(parts["test"].votes), 1))
    return score_rows(ctx, FLOOR, RowKind.FLOOR, answer, sigmoid=False, seeds=(), note="one answer for all pictures")


def face_models(ctx: Context) -> list[Row]:
    """Every model under the three test rules."""
    return [
        row
        for name, model in ctx.track(models().items(), "models of faces")
        for row in score_rows(
            ctx, name, _kind(model), probabilities_of(ctx, model), sigmoid=model.recipe.kind == MULTILABEL,
            seeds=seeds_of(ctx), note=model.note,
        )
    ]  # fmt: skip


def _kind(model: Model) -> RowKind:
    return RowKind.BASELINE if model.recipe.plain and model.recipe.kind == HARD else RowKind.SYSTEM
