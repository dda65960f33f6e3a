"""What is scored against what: a system's output beside the reference that a rule makes of the ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect import aggregation
from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Kind, Scheme
from thymos.errors import BadInput
from thymos.measure.predictions import Predictions, segment_id
from thymos.measure.registry import find_metric

Rule = Literal["plurality", "majority", "all_inclusive", "mean"]
RULES: tuple[Rule, ...] = ("plurality", "majority", "all_inclusive", "mean")
Family = Literal["labels", "multilabel", "soft", "numeric"]
FAMILY_METRICS: dict[Family, tuple[str, ...]] = {
    "labels": ("macro_f1", "accuracy", "weighted_f1", "uar"),
    "multilabel": ("multilabel_macro_f1", "multilabel_micro_f1", "jaccard"),
    "soft": ("jsd", "kld", "brier"),
    "numeric": ("ccc", "pearson", "rmse", "mae"),
}


@dataclass(frozen=True)
class Target:
    """One reference and one prediction of the same items, for one family of metrics.

    Args:
        family: which metrics fit.
        subset: "all", or the axis of a numeric scheme.
        items: ids, one a row of ``gold`` and ``predicted``.
        gold: labels, 0/1 sets, distributions or numbers.
        predicted: the same shape; None marks a missing label.
        metrics: names in ``registry.METRICS``.
        options: keyword arguments of the metrics.
        columns: classes or axis names, for matrices.
    """

    family: Family
    subset: str
    items: tuple[str, ...]
    gold: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    metrics: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def rows(self, items: Sequence[str]) -> "Target":
        """The part with these items, in this order."""
        place = pd.Index(self.items).get_indexer(pd.Index(items))
        return replace(self, items=tuple(items), gold=self.gold[place], predicted=self.predicted[place])


@dataclass(frozen=True)
class Coverage:
    """How many items stand behind the numbers, and why the others do not.

    Args:
        annotated: items with a rating.
        kept: rule to number of annotated items that it gives a reference.
        predicted: items with a prediction.
        scored: annotated items with a reference and a prediction.
        dropped_by_rule: predicted and annotated, without a reference under the rule.
        not_predicted: with a reference and without a prediction.
        unknown: predicted and not annotated.
        misses: scored items whose prediction names no class.
    """

    annotated: int
    kept: Mapping[str, int]
    predicted: int
    scored: int
    dropped_by_rule: int
    not_predicted: int
    unknown: int
    misses: int


def by_segment(annotations: Annotations) -> Annotations:
    """The same ratings with segments as items of their own (``clip.wav#t=0.5,1.25``); unchanged without times."""
    table = annotations.table
    if not table["start"].notna().any():
        return annotations
    ids = [segment_id(str(i), s, e) for i, s, e in zip(table["item"], table["start"], table["end"], strict=True)]
    flat = table.assign(item=ids, start=np.nan, end=np.nan)
    return Annotations(flat, list(annotations.schemes.values()), where=annotations.where)


def default_rule(scheme: Scheme) -> Rule:
    """Plurality for one label an item, all-inclusive for label sets, the mean for numbers."""
    if not scheme.is_nominal:
        return "mean"
    return "all_inclusive" if scheme.kind is Kind.MULTILABEL else "plurality"


def check_rule(rule: str, scheme: Scheme) -> Rule:
    """The rule, or BadInput where the scheme's kind does not allow it."""
    if rule not in RULES:
        raise BadInput(f"unknown rule {rule!r}", mend=f"known: {', '.join(RULES)}")
    allowed: tuple[Rule, ...] = ("plurality", "majority", "all_inclusive")
    if scheme.kind is Kind.MULTILABEL:
        allowed = ("all_inclusive",)
    elif not scheme.is_nominal:
        allowed = ("mean",)
    if rule not in allowed:
        raise BadInput(f"rule {rule!r} does not fit {scheme.kind} ratings", mend=f"use {' or '.join(allowed)}")
    return next(known for known in RULES if known == rule)


def reference_labels(annotations: Annotations, rule: Rule, scheme: Scheme) -> pd.Series:
    """One label an item under plurality or majority."""
    return annotations.majority(scheme.name) if rule == "majority" else annotations.plurality(scheme.name)


def make_targets(
    predictions: Predictions,
    annotations: Annotations,
    scheme: Scheme,
    rule: Rule,
    *,
    metrics: Sequence[str] | None = None,
) -> list[Target]:
    """Every reference that the predictions can be scored against; the headline's target comes first.

    Raises:
        BadInput: fewer than two items can be scored, one class or one number in the whole reference, predictions of
            another kind than the ratings, a metric that fits none of them.
    """
    if scheme.is_nominal:
        targets = _nominal_targets(predictions, annotations, scheme, rule)
    else:
        targets = _numeric_targets(predictions, annotations, scheme)
    for target in targets:
        _check_target(target, annotations.where, predictions)
    return targets if metrics is None else _only(targets, metrics)


def _nominal_targets(predictions: Predictions, annotations: Annotations, scheme: Scheme, rule: Rule) -> list[Target]:
    if predictions.numbers is not None:
        raise BadInput("the predictions are numbers, the ratings are labels", where=predictions.path)
    classes = scheme.classes
    votes = annotations.votes(scheme.name)
    votes = votes[votes.sum(axis=1) > 0]
    shared = _shared(votes.index, predictions)
    targets = []
    if rule in ("plurality", "majority"):
        labels = reference_labels(annotations, rule, scheme)
        items = _shared(labels.index, predictions)
        best = predictions.best_labels()
        targets.append(
            Target(
                "labels", "all", items, labels.loc[list(items)].to_numpy(dtype=object),
                best.loc[list(items)].to_numpy(dtype=object), FAMILY_METRICS["labels"],
                {"labels": list(classes), "outside": "miss"}, classes,
            )
        )  # fmt: skip
    if rule == "all_inclusive":
        sets = annotations.multilabel(scheme.name)
        chosen = predictions.label_sets(scheme)
        targets.append(
            Target(
                "multilabel", "all", shared, sets.loc[list(shared), list(classes)].to_numpy(dtype=float),
                chosen.loc[list(shared), list(classes)].to_numpy(dtype=float), FAMILY_METRICS["multilabel"],
                columns=classes,
            )
        )  # fmt: skip
    if predictions.probabilities is not None and scheme.kind is Kind.CATEGORICAL:
        gold = aggregation.distribution(votes.loc[list(shared)].to_numpy())
        shares = predictions.probabilities.reindex(columns=list(classes)).loc[list(shared)].to_numpy(dtype=float)
        targets.append(Target("soft", "all", shared, gold, shares, FAMILY_METRICS["soft"], columns=classes))
    return targets


def _numeric_targets(predictions: Predictions, annotations: Annotations, scheme: Scheme) -> list[Target]:
    if predictions.numbers is None:
        raise BadInput("the ratings are numbers, the predictions are not", where=predictions.path)
    means = annotations.mean(scheme.name)
    targets = []
    for axis in scheme.labels:
        if axis not in predictions.numbers.columns:
            continue
        rated = means[axis].dropna()
        items = _shared(rated.index, predictions)
        targets.append(
            Target(
                "numeric", "all" if len(scheme.labels) == 1 else axis, items, rated.loc[list(items)].to_numpy(),
                predictions.numbers[axis].loc[list(items)].to_numpy(dtype=float), FAMILY_METRICS["numeric"],
                columns=(axis,),
            )
        )  # fmt: skip
    if not targets:
        raise BadInput(
            "no axis of the scheme is predicted", where=predictions.path, mend=f"its axes: {', '.join(scheme.labels)}"
        )
    return targets


def _shared(index: pd.Index, predictions: Predictions) -> tuple[str, ...]:
    """Items with a reference and a prediction, in the order of the annotations."""
    predicted = set(predictions.items)
    return tuple(str(item) for item in index if item in predicted)


def _check_target(target: Target, where: str, predictions: Predictions) -> None:
    if len(target.items) < 2:
        example = predictions.items[0]
        raise BadInput(
            f"{len(target.items)} items have both a reference and a prediction; at least 2 are needed",
            where=where,
            mend=f"check that the item ids agree (the predictions start with {example!r})",
        )
    if target.family == "labels" and len(set(target.gold)) == 1:
        raise BadInput(
            f"every reference label is {target.gold[0]!r}: a single class cannot be scored",
            where=where,
            mend="use a set with at least two classes",
        )
    if target.family == "numeric" and np.ptp(target.gold) == 0:
        raise BadInput(f"every mean rating is {target.gold[0]:g}: a constant cannot be scored", where=where)


def _only(targets: list[Target], metrics: Sequence[str]) -> list[Target]:
    """Targets with the wanted metrics; any registered metric of the same kind may be asked for."""
    kinds: dict[str, Family] = {"labels": "labels", "multilabel": "multilabel", "soft": "soft", "numeric": "numeric"}
    wanted: dict[Family, list[str]] = {}
    present = {target.family for target in targets}
    for name in metrics:
        family = kinds.get(find_metric(name).kind)
        if family is None or family not in present:
            raise BadInput(
                f"metric {name!r} does not fit these predictions",
                mend=f"use one of {', '.join(m for target in targets for m in target.metrics)}",
            )
        wanted.setdefault(family, []).append(name)
    return [replace(target, metrics=tuple(wanted[target.family])) for target in targets if target.family in wanted]


def make_coverage(
    predictions: Predictions, annotations: Annotations, scheme: Scheme, rule: Rule, scored: Sequence[str]
) -> Coverage:
    """Counts of annotated, predicted and scored items."""
    kept: dict[str, int] = {}
    if scheme.is_nominal:
        votes = annotations.votes(scheme.name).to_numpy()
        kept = {name: int(aggregation.kept_by(votes, name).sum()) for name in aggregation.RULES}
        annotated = {str(item) for item in annotations.votes(scheme.name, exclude=False).index}
    else:
        means = annotations.mean(scheme.name)
        kept = {"mean": len(means)}
        annotated = {str(item) for item in means.index}
    predicted = set(predictions.items)
    misses = 0
    if predictions.labels is not None:
        misses = int(predictions.labels.reindex(list(scored)).isna().sum())
    return Coverage(
        annotated=len(annotated),
        kept=kept,
        predicted=len(predicted),
        scored=len(scored),
        dropped_by_rule=len(annotated & predicted) - len(scored),
        not_predicted=kept[rule] - len(scored),
        unknown=len(predicted - annotated),
        misses=misses,
    )
