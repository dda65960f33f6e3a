"""The floor below and the human ceiling above each score of an evaluation."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Scheme
from thymos.errors import BadInput
from thymos.measure.ceilings import FINISHES, one_rater_against_rest, one_vote_against_rest, vote_ceiling
from thymos.measure.floors import majority_floor, mean_floor, prior_floor
from thymos.measure.registry import find_metric
from thymos.measure.resampling import Interval, bootstrap_interval
from thymos.measure.targets import Rule, Target, reference_labels
from thymos.measure.text_floor import text_floor, text_multilabel_floor, text_regression_floor

IN_SAMPLE = "in-sample: learned from the scored items themselves, so it is optimistic"


@dataclass(frozen=True)
class FloorPredictions:
    """What a trivial system predicts for a target's items."""

    name: str
    predicted: npt.NDArray[Any]


@dataclass(frozen=True)
class Training:
    """What a floor may learn from.

    Args:
        annotations: ratings of the training items.
        items: their columns (groups, text), indexed by item.
    """

    annotations: Annotations
    items: pd.DataFrame


def floors_of(
    target: Target, scheme: Scheme, rule: Rule, training: Training | None, texts: pd.Series | None, seed: int
) -> list[FloorPredictions]:
    """Trivial predictions for a target's items; without training data they learn from the reference itself.

    Args:
        target: what is scored.
        scheme: of the ratings.
        rule: the rule that made the reference; it makes the training labels, too.
        training: ratings (and texts) to learn from.
        texts: of the scored items, by item; with training texts, a linear text model is one of the floors.
        seed: of the random guesses and of the text model.
    """
    n = len(target.items)
    if training is None:
        learned, train_texts = target.gold, None
    else:
        learned, train_texts = _training_reference(target, scheme, rule, training)
    test_texts = None if texts is None else texts.reindex(list(target.items))
    texts_both = None
    if train_texts is not None and test_texts is not None and not test_texts.isna().any():
        texts_both = (train_texts, [str(text) for text in test_texts])
    floors = []
    if target.family == "labels":
        floors.append(FloorPredictions("majority class", majority_floor(learned, n)))
        floors.append(FloorPredictions("random guesses by class share", prior_floor(learned, n, seed=seed)))
        if texts_both and len(set(learned)) > 1:
            fitted = text_floor(texts_both[0], list(learned), texts_both[1], seed=seed)
            floors.append(FloorPredictions("TF-IDF + linear", fitted.predictions))
    elif target.family == "multilabel":
        shares = np.asarray(learned, dtype=float).mean(axis=0)
        frequent = shares >= 0.5 if (shares >= 0.5).any() else shares == shares.max()
        floors.append(FloorPredictions("most frequent labels", np.tile(frequent.astype(float), (n, 1))))
        floors.append(FloorPredictions("every label", np.ones((n, len(shares)))))
        if texts_both:
            fitted = text_multilabel_floor(texts_both[0], learned, texts_both[1], seed=seed)
            floors.append(FloorPredictions("TF-IDF + linear", fitted.predictions))
    elif target.family == "soft":
        shares = np.asarray(learned, dtype=float).mean(axis=0)
        floors.append(FloorPredictions("mean distribution", np.tile(shares, (n, 1))))
    else:
        floors.append(FloorPredictions("mean rating", mean_floor(learned, n)))
        if texts_both:
            predicted = text_regression_floor(texts_both[0], learned, texts_both[1])
            floors.append(FloorPredictions("TF-IDF + ridge", np.asarray(predicted, dtype=float)))
    return floors


def _training_reference(
    target: Target, scheme: Scheme, rule: Rule, training: Training
) -> tuple[npt.NDArray[Any], list[str] | None]:
    annotations = training.annotations
    if target.family == "labels":
        labels = reference_labels(annotations, rule, scheme)
        index, values = labels.index, labels.to_numpy(dtype=object)
    elif target.family == "multilabel":
        sets = annotations.multilabel(scheme.name)[list(target.columns)]
        index, values = sets.index, sets.to_numpy(dtype=float)
    elif target.family == "soft":
        shares = annotations.distribution(scheme=scheme.name)[list(target.columns)]
        index, values = shares.index, shares.to_numpy(dtype=float)
    else:
        means = annotations.mean(scheme.name)[target.columns[0]].dropna()
        index, values = means.index, means.to_numpy(dtype=float)
    if len(values) == 0:
        raise BadInput("no training item has a reference", where=annotations.where)
    texts = training.items["text"].reindex(index) if "text" in training.items.columns else None
    return values, None if texts is None or texts.isna().any() else list(texts)


def best_floor(target: Target, metric: str, floors: list[FloorPredictions]) -> FloorPredictions:
    """The floor that is hardest to beat on this metric; the first of equals."""
    measured = find_metric(metric)
    sign = 1.0 if measured.higher_is_better else -1.0
    values = [sign * measured.function(target.gold, floor.predicted, **target.options) for floor in floors]
    return floors[int(np.argmax(values))]


def ceiling_of(
    target: Target,
    metric: str,
    annotations: Annotations,
    scheme: Scheme,
    clusters: pd.Series | None,
    *,
    resamples: int,
    seed: int,
) -> Interval | None:
    """What one rater reaches against the other raters of the same items; None without a second rater.

    Labels: a vote drawn at random from each item. Numbers and label sets: every rating against the rest, pooled.
    """
    if target.family == "labels" and metric in FINISHES:
        votes = annotations.votes(scheme.name).loc[list(target.items)]
        if (votes.sum(axis=1) < 2).all():
            return None
        try:
            used = one_vote_against_rest(votes.to_numpy()).items
            units = None if clusters is None else clusters.loc[votes.index[used]]
            return bootstrap_interval(
                vote_ceiling(votes.to_numpy(), metric), clusters=units, resamples=resamples, seed=seed
            )
        except BadInput:
            return None
    if target.family == "numeric":
        return _numeric_ceiling(target, metric, annotations, scheme, clusters, resamples, seed)
    if target.family == "multilabel":
        return _set_ceiling(target, metric, annotations, scheme, clusters, resamples, seed)
    return None


def _numeric_ceiling(
    target: Target, metric: str, annotations: Annotations, scheme: Scheme, clusters: pd.Series | None,
    resamples: int, seed: int,
) -> Interval | None:  # fmt: skip
    axis = target.columns[0]
    ratings = annotations.ratings(scheme.name, None if len(scheme.labels) == 1 else axis)
    ratings = ratings.reindex(list(target.items))
    if ratings.shape[1] < 2 or (ratings.notna().sum(axis=1) < 2).all():
        return None
    pairs = one_rater_against_rest(ratings, metric, aggregate="mean")
    return _pair_interval(metric, pairs.gold, pairs.predicted, ratings.index[pairs.items], clusters, resamples, seed)


def _set_ceiling(
    target: Target, metric: str, annotations: Annotations, scheme: Scheme, clusters: pd.Series | None,
    resamples: int, seed: int,
) -> Interval | None:  # fmt: skip
    """Each rater's labels against the labels that more than 1/K of the others' votes name."""
    wanted = set(target.items)
    table = annotations.table if len(annotations.schemes) == 1 else annotations.select(scheme=scheme.name).table
    table = table[table["item"].isin(wanted) & table["label"].isin(target.columns)]
    pairs = table.groupby(["item", "rater"], observed=True, sort=False).ngroup().to_numpy()
    columns = table["label"].map({label: k for k, label in enumerate(target.columns)}).to_numpy(dtype=np.int64)
    own = np.zeros((int(pairs.max()) + 1, len(target.columns)))
    own[pairs, columns] = 1.0
    firsts = table.assign(pair=pairs).drop_duplicates("pair").sort_values("pair")["item"].astype(str)
    codes, _ = pd.factorize(firsts)
    totals = np.zeros((codes.max() + 1, own.shape[1]))
    np.add.at(totals, codes, own)
    rest = totals[codes] - own
    kept = rest.sum(axis=1) > 0
    if not kept.any():
        return None
    gold = (rest * rest.shape[1] > rest.sum(axis=1, keepdims=True)).astype(float)
    return _pair_interval(metric, gold[kept], own[kept], pd.Index(firsts)[kept], clusters, resamples, seed)


def _pair_interval(
    metric: str, gold: npt.NDArray[Any], predicted: npt.NDArray[Any], items: Iterable[Any],
    clusters: pd.Series | None, resamples: int, seed: int,
) -> Interval | None:  # fmt: skip
    """Interval over (item, rater) pairs; the ratings of one item are drawn together."""
    units = pd.Series(list(items)) if clusters is None else clusters.loc[list(items)]
    if units.nunique() < 2:
        return None
    try:
        return bootstrap_interval(metric, (gold, predicted), clusters=units, resamples=resamples, seed=seed)
    except BadInput:
        return None
