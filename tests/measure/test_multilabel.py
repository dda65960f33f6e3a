"""Scores of label sets against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from thymos.errors import BadInput
from thymos.measure import multilabel as m

SHAPES = st.tuples(st.integers(1, 20), st.integers(2, 6))


@st.composite
def label_sets(draw):
    shape = draw(SHAPES)
    matrix = arrays(np.int64, shape, elements=st.integers(0, 1))
    weights = draw(arrays(np.int64, shape[0], elements=st.integers(0, 3)).filter(lambda w: w.any()))
    return draw(matrix), draw(matrix), weights


ALL = (
    m.multilabel_macro_f1,
    m.multilabel_micro_f1,
    m.multilabel_weighted_f1,
    m.samples_f1,
    m.jaccard,
    m.exact_match,
)


@given(label_sets())
def test_equals_scikit_learn(items):
    gold, predicted, _ = items
    near = {"abs": 1e-12}
    assert m.multilabel_macro_f1(gold, predicted, absent="zero") == pytest.approx(
        sk.f1_score(gold, predicted, average="macro", zero_division=0), **near
    )
    assert m.multilabel_micro_f1(gold, predicted) == pytest.approx(
        sk.f1_score(gold, predicted, average="micro", zero_division=0), **near
    )
    assert m.multilabel_weighted_f1(gold, predicted) == pytest.approx(
        sk.f1_score(gold, predicted, average="weighted", zero_division=0), **near
    )
    assert m.samples_f1(gold, predicted) == pytest.approx(
        sk.f1_score(gold, predicted, average="samples", zero_division=1), **near
    )
    assert m.jaccard(gold, predicted) == pytest.approx(
        sk.jaccard_score(gold, predicted, average="samples", zero_division=1), **near
    )
    assert m.exact_match(gold, predicted) == pytest.approx(sk.accuracy_score(gold, predicted), **near)


@given(label_sets())
def test_weights_are_repetition_and_order_does_not_matter(items):
    gold, predicted, weights = items
    for score in ALL:
        value = score(gold, predicted, weights=weights)
        repeated = score(np.repeat(gold, weights, axis=0)[::-1], np.repeat(predicted, weights, axis=0)[::-1])
        assert 0 <= value <= 1
        assert value == pytest.approx(repeated, abs=1e-12), score.__name__


def test_an_absent_label_is_skipped_or_zero():
    gold, predicted = [[1, 0, 0], [1, 1, 0]], [[1, 0, 0], [1, 1, 0]]
    assert m.multilabel_macro_f1(gold, predicted) == 1
    assert m.multilabel_macro_f1(gold, predicted, absent="zero") == pytest.approx(2 / 3)


def test_bad_matrices_are_refused():
    with pytest.raises(BadInput, match="row 1"):
        m.multilabel_micro_f1([[0, 1], [0, 2]], [[0, 1], [0, 1]])
    with pytest.raises(BadInput, match="shape"):
        m.jaccard([[0, 1]], [[0, 1, 1]])
    with pytest.raises(BadInput, match="axes"):
        m.exact_match([0, 1], [0, 1])
