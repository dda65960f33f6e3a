"""Scores between label distributions: rows are items, columns classes, each row sums to 1.

The human (gold) distribution comes first. Zero rule: 0 · log 0 is 0; a model probability below ``epsilon`` is raised
to ``epsilon`` before a logarithm is taken and the row is divided by its new sum, so that a row without such values
is left exactly as it is. Logarithms are natural unless a base is given.

Each score is a mean over items; ``*_values`` gives the items' own values for plots and paired tests.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import rel_entr, xlogy

from thymos.errors import BadInput
from thymos.measure.class_counts import divide
from thymos.measure.inputs import Floats, distributions, numbers, paired_numbers
from thymos.measure.metric import Additive, mean_of_values, rows_of
from thymos.measure.regression import prepare_pearson

EPSILON = 1e-8


def _pair(human: npt.ArrayLike, model: npt.ArrayLike) -> tuple[Floats, Floats]:
    first, second = distributions(human, "human"), distributions(model, "model")
    if first.shape != second.shape:
        raise BadInput(f"human has shape {first.shape}, model has {second.shape}", mend="pass equal shapes")
    return first, second


def _raised(model: Floats, epsilon: float) -> Floats:
    if not 0 < epsilon < 0.5:
        raise BadInput(f"epsilon is {epsilon}", where="epsilon", mend="use a small positive number such as 1e-8")
    raised = np.maximum(model, epsilon)
    low = (model < epsilon).any(axis=1)
    raised[low] /= raised[low].sum(axis=1, keepdims=True)
    return raised


def kld_values(human: npt.ArrayLike, model: npt.ArrayLike, *, epsilon: float = EPSILON) -> Floats:
    """Kullback-Leibler divergence of each item, Σ human · log(human / model) in nats (human outer, card 36)."""
    first, second = _pair(human, model)
    # Rounding can leave equal rows a hair below 0.
    return np.maximum(rel_entr(first, _raised(second, epsilon)).sum(axis=1), 0.0)


def prepare_kld(human: npt.ArrayLike, model: npt.ArrayLike, *, epsilon: float = EPSILON) -> Additive:
    """Sums for `kld`."""
    return mean_of_values(kld_values(human, model, epsilon=epsilon))


def kld(
    human: npt.ArrayLike,
    model: npt.ArrayLike,
    *,
    epsilon: float = EPSILON,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Mean Kullback-Leibler divergence from the human distribution to the model's, in nats, 0 or more.

    Args:
        human: items × classes, rows sum to 1; the outer distribution.
        model: the same shape; stands in the denominator.
        epsilon: smallest model probability (see the module's zero rule).
        weights: how often each item counts.

    Raises:
        BadInput: negative probabilities, rows that do not sum to 1, unequal shapes, NaN.

    Example:
        >>> round(kld([[0.5, 0.5]], [[0.25, 0.75]]), 4)
        0.1438
    """
    return prepare_kld(human, model, epsilon=epsilon).value(weights)


def jsd_values(human: npt.ArrayLike, model: npt.ArrayLike, *, base: float = 2.0) -> Floats:
    """Jensen-Shannon divergence of each item: the mean divergence of both to their midpoint."""
    first, second = _pair(human, model)
    if base <= 1:
        raise BadInput(f"the base is {base}", where="base", mend="use 2 or e")
    middle = (first + second) / 2
    nats = (rel_entr(first, middle).sum(axis=1) + rel_entr(second, middle).sum(axis=1)) / 2
    # Rounding can leave equal rows a hair below 0 and disjoint ones a hair above log 2.
    return np.asarray(np.clip(nats, 0.0, np.log(2)) / np.log(base))


def prepare_jsd(human: npt.ArrayLike, model: npt.ArrayLike, *, base: float = 2.0) -> Additive:
    """Sums for `jsd`."""
    return mean_of_values(jsd_values(human, model, base=base))


def jsd(
    human: npt.ArrayLike, model: npt.ArrayLike, *, base: float = 2.0, weights: npt.ArrayLike | None = None
) -> float:
    """Mean Jensen-Shannon divergence (not its root), 0 to 1 in base 2; symmetric, needs no epsilon."""
    return prepare_jsd(human, model, base=base).value(weights)


def soft_cross_entropy_values(human: npt.ArrayLike, model: npt.ArrayLike, *, epsilon: float = EPSILON) -> Floats:
    """Cross entropy of each item, -Σ human · log model, in nats."""
    first, second = _pair(human, model)
    return np.asarray(-xlogy(first, _raised(second, epsilon)).sum(axis=1))


def prepare_soft_cross_entropy(human: npt.ArrayLike, model: npt.ArrayLike, *, epsilon: float = EPSILON) -> Additive:
    """Sums for `soft_cross_entropy`."""
    return mean_of_values(soft_cross_entropy_values(human, model, epsilon=epsilon))


def soft_cross_entropy(
    human: npt.ArrayLike,
    model: npt.ArrayLike,
    *,
    epsilon: float = EPSILON,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Mean cross entropy with soft labels, in nats: `kld` plus the human distribution's own entropy."""
    return prepare_soft_cross_entropy(human, model, epsilon=epsilon).value(weights)


def prepare_brier(human: npt.ArrayLike, model: npt.ArrayLike) -> Additive:
    """Sums for `brier`."""
    first, second = _pair(human, model)
    return mean_of_values(((first - second) ** 2).sum(axis=1))


def brier(human: npt.ArrayLike, model: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean over items of the squared distance Σ (model - human)², 0 to 2; soft or one-hot gold."""
    return prepare_brier(human, model).value(weights)


def wasserstein_of_values(human: npt.ArrayLike, model: npt.ArrayLike) -> Floats:
    """Wasserstein distance of each item between the two rows taken as samples of values (card 18).

    This compares how the probability *values* are spread and ignores which class has them: a row and any
    permutation of it have distance 0. It is kept because published numbers use it.
    """
    first, second = paired_numbers(human, model, dimensions=2)
    return np.asarray(np.abs(np.sort(first, axis=1) - np.sort(second, axis=1)).mean(axis=1))


def prepare_wasserstein(human: npt.ArrayLike, model: npt.ArrayLike) -> Additive:
    """Sums for `wasserstein`."""
    return mean_of_values(wasserstein_of_values(human, model))


def wasserstein(human: npt.ArrayLike, model: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean of `wasserstein_of_values`, the value-sample form of card 18, which ignores class identity."""
    return prepare_wasserstein(human, model).value(weights)


def ordinal_wasserstein_values(
    human: npt.ArrayLike, model: npt.ArrayLike, *, positions: npt.ArrayLike | None = None
) -> Floats:
    """Cost of moving probability between classes that stand at ``positions`` on a line, for each item."""
    first, second = _pair(human, model)
    places = np.arange(first.shape[1], dtype=float)
    if positions is not None:
        places = numbers(positions, "positions", dimensions=1)
        if len(places) != first.shape[1] or (np.diff(places) <= 0).any():
            raise BadInput("positions must increase, one per class", where="positions", mend="sort the classes")
    gaps = np.abs(np.cumsum(first - second, axis=1))[:, :-1]
    return np.asarray(gaps @ np.diff(places))


def prepare_ordinal_wasserstein(
    human: npt.ArrayLike, model: npt.ArrayLike, *, positions: npt.ArrayLike | None = None
) -> Additive:
    """Sums for `ordinal_wasserstein`."""
    return mean_of_values(ordinal_wasserstein_values(human, model, positions=positions))


def ordinal_wasserstein(
    human: npt.ArrayLike,
    model: npt.ArrayLike,
    *,
    positions: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Mean earth mover's distance over ordered classes (intensity levels, ratings), in units of ``positions``.

    Args:
        human: items × classes, rows sum to 1.
        model: the same shape.
        positions: where each class stands on the line, increasing; None takes 0, 1, 2, ...
        weights: how often each item counts.
    """
    return prepare_ordinal_wasserstein(human, model, positions=positions).value(weights)


def nominal_wasserstein_values(human: npt.ArrayLike, model: npt.ArrayLike) -> Floats:
    """Share of probability of each item that must move to another class (total variation distance)."""
    first, second = _pair(human, model)
    return np.asarray(np.clip(np.abs(first - second).sum(axis=1) / 2, 0.0, 1.0))


def prepare_nominal_wasserstein(human: npt.ArrayLike, model: npt.ArrayLike) -> Additive:
    """Sums for `nominal_wasserstein`."""
    return mean_of_values(nominal_wasserstein_values(human, model))


def nominal_wasserstein(human: npt.ArrayLike, model: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Mean earth mover's distance over classes that are all equally far apart, 0 to 1.

    The proper Wasserstein distance of emotions, which have no order: unlike `wasserstein` it sees which class has the
    probability. It equals the total variation distance.

    Example:
        >>> nominal_wasserstein([[1.0, 0.0]], [[0.75, 0.25]])
        0.25
    """
    return prepare_nominal_wasserstein(human, model).value(weights)


def prepare_acc_at_1(human: npt.ArrayLike, model: npt.ArrayLike) -> Additive:
    """Sums for `acc_at_1`."""
    first, second = paired_numbers(human, model, dimensions=2)
    return mean_of_values((first.argmax(axis=1) == second.argmax(axis=1)).astype(float))


def acc_at_1(human: npt.ArrayLike, model: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> float:
    """Share of items whose strongest class agrees, 0 to 1; of equally strong classes the first counts."""
    return prepare_acc_at_1(human, model).value(weights)


def ap_document_values(human: npt.ArrayLike, model: npt.ArrayLike, *, inflated: bool = False) -> Floats:
    """Pearson correlation over the classes of each item; 0 where one row is constant."""
    first, second = paired_numbers(human, model, dimensions=2)
    classes = first.shape[1]
    first, second = (m - m.mean(axis=1, keepdims=True) for m in (first, second))
    spread = np.sqrt((first**2).sum(axis=1)) * np.sqrt((second**2).sum(axis=1))
    # A constant row is left with rounding noise after centering, which must not be divided by itself.
    correlation = divide((first * second).sum(axis=1), np.where(spread > 1e-14, spread, 0.0))
    return correlation * (_inflation(classes) if inflated else 1.0)


def prepare_ap_document(human: npt.ArrayLike, model: npt.ArrayLike, *, inflated: bool = False) -> Additive:
    """Sums for `ap_document`."""
    return mean_of_values(ap_document_values(human, model, inflated=inflated))


def ap_document(
    human: npt.ArrayLike,
    model: npt.ArrayLike,
    *,
    inflated: bool = False,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Mean over items of the Pearson correlation across classes (AP_document of card 18), NaN taken as 0.

    Args:
        human: items × classes.
        model: the same shape.
        inflated: multiply by classes / (classes - 1), as the authors' code does by mixing population and sample
            moments (1.25 for five classes). Only for comparison with their numbers.
        weights: how often each item counts.
    """
    return prepare_ap_document(human, model, inflated=inflated).value(weights)


def prepare_ap_emotion(human: npt.ArrayLike, model: npt.ArrayLike, *, inflated: bool = False) -> Additive:
    """Moment sums of every class for `ap_emotion`."""
    first, second = paired_numbers(human, model, dimensions=2)
    columns = [prepare_pearson(first[:, k], second[:, k]) for k in range(first.shape[1])]
    width = columns[0].table.shape[1]

    def finish(sums: Floats) -> Floats:
        scores = [column.finish(sums[..., k * width : (k + 1) * width]) for k, column in enumerate(columns)]
        total = sums[..., 0]
        mean = np.mean(scores, axis=0)
        return np.asarray(mean * divide(total, total - 1) if inflated else mean)

    return rows_of(np.hstack([column.table for column in columns]), finish)


def ap_emotion(
    human: npt.ArrayLike,
    model: npt.ArrayLike,
    *,
    inflated: bool = False,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Mean over classes of the Pearson correlation across items (AP_emotion of card 18), NaN taken as 0.

    ``inflated`` multiplies by items / (items - 1), as the authors' code does.
    """
    return prepare_ap_emotion(human, model, inflated=inflated).value(weights)


def _inflation(n: int) -> float:
    if n < 2:
        raise BadInput("a correlation needs at least 2 classes", where="human", mend="pass more columns")
    return n / (n - 1)
