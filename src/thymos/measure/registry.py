"""The scores by name: what they compare, how they are computed and resampled, and which way is better.

Adding a score is one entry here and one function with its ``prepare`` form in the module of its family.
"""

from collections.abc import Callable

from thymos.errors import BadInput
from thymos.measure import classification, multilabel, regression
from thymos.measure.metric import Kind, Metric, Prepared

INFINITY = float("inf")

METRICS: dict[str, Metric] = {}


def _add(
    name: str,
    kind: Kind,
    function: Callable[..., float],
    prepare: Callable[..., Prepared],
    about: str,
    *,
    higher_is_better: bool = True,
    low: float = 0.0,
    high: float = 1.0,
) -> None:
    METRICS[name] = Metric(name, kind, function, prepare, higher_is_better, low, high, about)


_c, _m, _r = classification, multilabel, regression
_add("accuracy", "labels", _c.accuracy, _c.prepare_accuracy, "Share of items with the right label.")
_add("macro_f1", "labels", _c.macro_f1, _c.prepare_macro_f1, "Mean F1 over classes, each class alike.")
_add("weighted_f1", "labels", _c.weighted_f1, _c.prepare_weighted_f1, "Mean F1 weighted by gold items.")
_add("micro_f1", "labels", _c.micro_f1, _c.prepare_micro_f1, "F1 of pooled counts.")
_add("uar", "labels", _c.uar, _c.prepare_uar, "Unweighted average recall over the classes in gold.")
_add("macro_precision", "labels", _c.macro_precision, _c.prepare_macro_precision, "Mean precision over classes.")
_add("macro_recall", "labels", _c.macro_recall, _c.prepare_macro_recall, "Mean recall over classes.")

_add(
    "multilabel_macro_f1",
    "multilabel",
    _m.multilabel_macro_f1,
    _m.prepare_multilabel_macro_f1,
    "Mean F1 over labels of label sets.",
)
_add(
    "multilabel_micro_f1",
    "multilabel",
    _m.multilabel_micro_f1,
    _m.prepare_multilabel_micro_f1,
    "F1 of the pooled label decisions.",
)
_add(
    "multilabel_weighted_f1",
    "multilabel",
    _m.multilabel_weighted_f1,
    _m.prepare_multilabel_weighted_f1,
    "Mean F1 over labels weighted by gold items.",
)
_add("samples_f1", "multilabel", _m.samples_f1, _m.prepare_samples_f1, "Mean F1 between label sets, by item.")
_add("jaccard", "multilabel", _m.jaccard, _m.prepare_jaccard, "Mean intersection over union of label sets.")
_add("exact_match", "multilabel", _m.exact_match, _m.prepare_exact_match, "Share of equal label sets.")

_add("pearson", "numeric", _r.pearson, _r.prepare_pearson, "Pearson correlation.", low=-1)
_add("spearman", "numeric", _r.spearman, _r.prepare_spearman, "Spearman rank correlation.", low=-1)
_add("ccc", "numeric", _r.ccc, _r.prepare_ccc, "Concordance correlation coefficient.", low=-1)
_add("rmse", "numeric", _r.rmse, _r.prepare_rmse, "Root mean squared error.", higher_is_better=False, high=INFINITY)
_add("mae", "numeric", _r.mae, _r.prepare_mae, "Mean absolute error.", higher_is_better=False, high=INFINITY)
_add("mean", "numeric", _r.mean, _r.prepare_mean, "Mean of one value per item.", low=-INFINITY, high=INFINITY)


def find_metric(name: str) -> Metric:
    """The metric of that name, or BadInput that lists the names."""
    if name not in METRICS:
        raise BadInput(f"there is no metric {name!r}", mend=f"use one of: {', '.join(sorted(METRICS))}")
    return METRICS[name]


def score_function(name: str) -> Callable[..., float]:
    """The function of the metric of that name: ``score_function("macro_f1")(gold, predicted)``."""
    return find_metric(name).function
