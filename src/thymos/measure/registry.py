"""The scores by name: what they compare, how they are computed and resampled, and which way is better.

Adding a score is one row here and, in the module of its family, a function of that name with its ``prepare_`` form.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Literal

from thymos.errors import BadInput
from thymos.measure import (
    calibration,
    classification,
    distribution,
    multilabel,
    preference,
    ranking,
    regression,
)
from thymos.measure.metric import Kind, Metric

Better = Literal["higher", "lower"]
INFINITY = float("inf")

# Module, kind, name, which way is better, smallest and largest value, one sentence.
ROWS: list[tuple[ModuleType, Kind, str, Better, float, float, str]] = [
    (classification, "labels", "accuracy", "higher", 0, 1, "Share of items with the right label."),
    (classification, "labels", "macro_f1", "higher", 0, 1, "Mean F1 over classes, each class alike."),
    (classification, "labels", "weighted_f1", "higher", 0, 1, "Mean F1 over classes, weighted by gold items."),
    (classification, "labels", "micro_f1", "higher", 0, 1, "F1 of pooled counts."),
    (classification, "labels", "uar", "higher", 0, 1, "Unweighted average recall over the classes in gold."),
    (classification, "labels", "macro_precision", "higher", 0, 1, "Mean precision over classes."),
    (classification, "labels", "macro_recall", "higher", 0, 1, "Mean recall over classes in gold or predicted."),
    (preference, "labels", "preference_bias", "lower", 0, INFINITY, "Spread of Bradley-Terry preferences."),
    (multilabel, "multilabel", "multilabel_macro_f1", "higher", 0, 1, "Mean F1 over labels of label sets."),
    (multilabel, "multilabel", "multilabel_micro_f1", "higher", 0, 1, "F1 of the pooled label decisions."),
    (multilabel, "multilabel", "multilabel_weighted_f1", "higher", 0, 1, "Mean F1, weighted by gold items."),
    (multilabel, "multilabel", "samples_f1", "higher", 0, 1, "Mean F1 between label sets, by item."),
    (multilabel, "multilabel", "jaccard", "higher", 0, 1, "Mean intersection over union of label sets."),
    (multilabel, "multilabel", "exact_match", "higher", 0, 1, "Share of equal label sets."),
    (regression, "numeric", "pearson", "higher", -1, 1, "Pearson correlation."),
    (regression, "numeric", "spearman", "higher", -1, 1, "Spearman rank correlation."),
    (regression, "numeric", "ccc", "higher", -1, 1, "Concordance correlation coefficient."),
    (regression, "numeric", "rmse", "lower", 0, INFINITY, "Root mean squared error."),
    (regression, "numeric", "mae", "lower", 0, INFINITY, "Mean absolute error."),
    (regression, "values", "mean", "higher", -INFINITY, INFINITY, "Mean of one value per item; a rate of 0/1."),
    (distribution, "soft", "kld", "lower", 0, INFINITY, "Kullback-Leibler divergence, human outer, nats."),
    (distribution, "soft", "jsd", "lower", 0, 1, "Jensen-Shannon divergence, base 2."),
    (distribution, "soft", "soft_cross_entropy", "lower", 0, INFINITY, "Cross entropy, soft labels, nats."),
    (distribution, "soft", "brier", "lower", 0, 2, "Squared distance between distributions."),
    (distribution, "soft", "wasserstein", "lower", 0, 1, "Distance of value samples; ignores the classes."),
    (distribution, "soft", "nominal_wasserstein", "lower", 0, 1, "Probability that must change class."),
    (distribution, "soft", "ordinal_wasserstein", "lower", 0, INFINITY, "Earth mover's distance, ordered classes."),
    (distribution, "soft", "acc_at_1", "higher", 0, 1, "Share of items whose strongest class agrees."),
    (distribution, "soft", "ap_document", "higher", -1, 1, "Pearson over classes, by item."),
    (distribution, "soft", "ap_emotion", "higher", -1, 1, "Pearson over items, by class."),
    (calibration, "probabilities", "ece", "lower", 0, 1, "Expected calibration error of the top label."),
    (calibration, "probabilities", "adaptive_ece", "lower", 0, 1, "Calibration error with equally full bins."),
    (calibration, "probabilities", "log_loss", "lower", 0, INFINITY, "Negative log-likelihood, nats."),
    (calibration, "label_probabilities", "class_ece", "lower", 0, 1, "Calibration error averaged over classes."),
    (ranking, "scores", "roc_auc", "higher", 0, 1, "Area under the ROC curve."),
    (ranking, "scores", "average_precision", "higher", 0, 1, "Average precision, standard definition."),
    (ranking, "scores", "swept_average_precision", "higher", 0, 1, "Average precision over 1,000 thresholds."),
]

METRICS: dict[str, Metric] = {
    name: Metric(
        name=name,
        kind=kind,
        function=getattr(module, name),
        prepare=getattr(module, f"prepare_{name}"),
        higher_is_better=better == "higher",
        low=low,
        high=high,
        about=about,
    )
    for module, kind, name, better, low, high, about in ROWS
}


def find_metric(name: str) -> Metric:
    """The metric of that name, or BadInput that lists the names."""
    if name not in METRICS:
        raise BadInput(f"there is no metric {name!r}", mend=f"use one of: {', '.join(sorted(METRICS))}")
    return METRICS[name]


def score_function(name: str) -> Callable[..., float]:
    """The function of the metric of that name: ``score_function("macro_f1")(gold, predicted)``."""
    return find_metric(name).function
