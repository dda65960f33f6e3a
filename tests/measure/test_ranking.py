"""Ranking scores against scikit-learn and, for the swept definition, against a plain loop over thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from thymos.errors import BadInput
from thymos.measure import ranking as r
from thymos.measure.resampling import bootstrap_interval


@st.composite
def scored(draw):
    n = draw(st.integers(2, 40))
    gold = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda g: 0 < sum(g) < len(g)))
    # Few distinct values make ties; thousandths fall on the thresholds of the sweep.
    scores = draw(st.lists(st.integers(0, 1000).map(lambda v: v / 1000), min_size=n, max_size=n))
    weights = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    both = {g for g, w in zip(gold, weights, strict=True) if w}
    return gold, scores, weights if len(both) == 2 else [1] * n


def plain_sweep(gold, scores):
    gold, scores = np.asarray(gold), np.asarray(scores)
    precision, recall = [], []
    for threshold in np.arange(0, 1, 0.001):
        predicted = scores >= threshold
        hits = (predicted & (gold == 1)).sum()
        precision.append(hits / predicted.sum() if predicted.any() else 0.0)
        recall.append(hits / (gold == 1).sum())
    return sk.auc(recall, precision)


@given(scored())
def test_equal_to_libraries(items):
    gold, scores, _ = items
    assert r.roc_auc(gold, scores) == pytest.approx(sk.roc_auc_score(gold, scores), abs=1e-12)
    assert r.average_precision(gold, scores) == pytest.approx(sk.average_precision_score(gold, scores), abs=1e-12)
    assert r.swept_average_precision(gold, scores) == pytest.approx(plain_sweep(gold, scores), abs=1e-12)


@given(scored())
def test_weights_are_repetition(items):
    gold, scores, weights = items
    repeated = np.repeat(gold, weights), np.repeat(scores, weights)
    for score in (r.roc_auc, r.average_precision, r.swept_average_precision):
        assert score(gold, scores, weights=weights) == pytest.approx(score(*repeated), abs=1e-12), score.__name__


@given(scored())
def test_only_the_order_of_scores_counts(items):
    gold, scores, _ = items
    stretched = [np.exp(3 * value) for value in scores]
    assert r.roc_auc(gold, stretched) == pytest.approx(r.roc_auc(gold, scores), abs=1e-12)
    assert r.roc_auc(gold, [-s for s in scores]) == pytest.approx(1 - r.roc_auc(gold, scores), abs=1e-12)
    assert r.average_precision(gold, stretched) == pytest.approx(r.average_precision(gold, scores), abs=1e-12)


def test_the_two_definitions_differ_where_a_few_items_are_sure():
    """Standard average precision of a perfect ranking is 1; the sweep loses the area before its first recall."""
    gold, scores = [1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1]
    assert r.average_precision(gold, scores) == 1
    assert r.swept_average_precision(gold, scores) < 1
    assert r.swept_average_precision([1, 1], [0.5, 0.2]) == pytest.approx(0.5 + 0.5 * 0.5)


def test_a_score_that_only_knows_the_group_is_worth_nothing_inside_it():
    rng = np.random.default_rng(0)
    question = rng.integers(0, 4, 4000)
    rate = np.array([0.1, 0.4, 0.6, 0.9])[question]
    gold = (rng.random(4000) < rate).astype(int)
    assert r.roc_auc(gold, rate) > 0.75
    within = r.within_group_auc(gold, rate, question)
    assert within.value == 0.5
    assert set(within.by_group) == {0, 1, 2, 3}


def test_groups_of_one_kind_are_skipped_and_named():
    result = r.within_group_auc([0, 1, 1, 1], [0.1, 0.9, 0.5, 0.6], ["a", "a", "b", "b"])
    assert result.value == 1
    assert result.skipped == ["b"]


def test_resamples_without_one_class_are_undefined():
    with pytest.warns(UserWarning, match="without a defined score"):
        interval = bootstrap_interval("roc_auc", ([1, 0, 0, 0], [0.9, 0.1, 0.5, 0.2]), resamples=2000)
    assert interval.value == 1
    for name in ("average_precision", "swept_average_precision"):
        with pytest.warns(UserWarning, match="without a defined score"):
            bootstrap_interval(name, ([1, 0, 0, 0], [0.9, 0.1, 0.5, 0.2]), resamples=2000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: r.roc_auc([1, 1], [0.1, 0.2]), "single class"),
        (lambda: r.roc_auc([1, 2], [0.1, 0.2]), "neither 0 nor 1"),
        (lambda: r.average_precision([1, 0], [0.1]), "lengths differ"),
        (lambda: r.swept_average_precision([0, 0], [0.1, 0.2]), "no item has the label"),
        (lambda: r.swept_average_precision([0, 1], [0.1, 1.2]), "probabilities, row 1"),
        (lambda: r.within_group_auc([0, 1], [0.1, 0.2], ["a", "b"]), "no group"),
        (lambda: r.within_group_auc([0, 1], [0.1, 0.2], ["a"]), "lengths differ"),
    ],
)
def test_bad_input_names_the_place(call, message):
    with pytest.raises(BadInput, match=message):
        call()
