"""Distribution scores against scipy and by hand, their symmetries, and both definitions of AP."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import jensenshannon

from thymos.errors import BadInput
from thymos.measure import distribution as d
from thymos.measure import regression

SOFT_SCORES = (d.kld, d.jsd, d.soft_cross_entropy, d.brier, d.wasserstein, d.ordinal_wasserstein)


@st.composite
def vote_shares(draw, classes=None):
    """Two matrices of vote shares (zeros included) and item weights."""
    n, k = draw(st.integers(1, 10)), classes or draw(st.integers(2, 6))
    votes = arrays(np.int64, (n, k), elements=st.integers(0, 9)).filter(lambda v: v.any(axis=1).all())
    first, second = (draw(votes) for _ in range(2))
    weights = draw(arrays(np.int64, n, elements=st.integers(0, 3)).filter(lambda w: w.any()))
    return first / first.sum(axis=1, keepdims=True), second / second.sum(axis=1, keepdims=True), weights


@given(vote_shares())
def test_equal_to_scipy(shares):
    human, model, _ = shares
    for row, (h, m) in enumerate(zip(human, model, strict=True)):
        assert d.jsd_values(human, model)[row] == pytest.approx(jensenshannon(h, m, base=2) ** 2, abs=1e-12)
        assert d.jsd_values(human, model, base=np.e)[row] == pytest.approx(jensenshannon(h, m) ** 2, abs=1e-12)
        assert d.wasserstein_of_values(human, model)[row] == pytest.approx(stats.wasserstein_distance(h, m), abs=1e-12)
        places = np.arange(len(h))
        assert d.ordinal_wasserstein_values(human, model)[row] == pytest.approx(
            stats.wasserstein_distance(places, places, h, m), abs=1e-12
        )
        if (m > 0).all():
            assert d.kld_values(human, model)[row] == pytest.approx(stats.entropy(h, m), abs=1e-12)
    assert d.brier(human, model) == pytest.approx(((human - model) ** 2).sum(axis=1).mean(), abs=1e-12)


@given(vote_shares())
def test_divergences_are_zero_for_equal_and_never_negative(shares):
    human, model, _ = shares
    for score in (d.kld, d.jsd, d.brier, d.wasserstein, d.ordinal_wasserstein):
        assert score(human, model) >= 0
        assert score(human, human) == pytest.approx(0, abs=1e-6)
    assert d.jsd_values(human, model).max() <= 1
    assert d.jsd(human, model) == pytest.approx(d.jsd(model, human), abs=1e-12)
    entropy = np.mean([stats.entropy(h) for h in human])
    assert d.soft_cross_entropy(human, model) == pytest.approx(d.kld(human, model) + entropy, abs=1e-9)


@given(vote_shares())
def test_weights_are_repetition(shares):
    human, model, weights = shares
    repeated = np.repeat(human, weights, axis=0), np.repeat(model, weights, axis=0)
    for score in (*SOFT_SCORES, d.acc_at_1, d.ap_document, d.ap_emotion):
        assert score(human, model, weights=weights) == pytest.approx(score(*repeated), abs=1e-9), score.__name__


@given(vote_shares(), st.randoms(use_true_random=False))
def test_order_of_classes_matters_to_ordered_costs_only(shares, random):
    human, model, _ = shares
    columns = list(range(human.shape[1]))
    random.shuffle(columns)
    for score in (d.kld, d.jsd, d.soft_cross_entropy, d.brier, d.wasserstein, d.ap_document, d.ap_emotion):
        assert score(human[:, columns], model[:, columns]) == pytest.approx(score(human, model), abs=1e-9)


def test_disjoint_rows_are_exactly_one_apart():
    human, model = [[1.0, 0.0, 0.0, 0.0, 0.0]], [[0.0, 1 / 12, 9 / 12, 1 / 12, 1 / 12]]
    assert d.jsd(human, model) == 1


def test_an_impossible_class_costs_minus_log_epsilon():
    human, model = [[1.0, 0.0]], [[0.0, 1.0]]
    assert d.kld(human, model) == pytest.approx(-np.log(1e-8), rel=1e-6)
    assert d.kld(human, model, epsilon=1e-3) == pytest.approx(-np.log(1e-3 / 1.001))
    # Classes that no human chose may be impossible at no cost, and rows without tiny values stay as they are.
    assert d.kld([[0.5, 0.5, 0.0]], [[0.25, 0.75, 0.0]]) == pytest.approx(
        0.5 * np.log(2) + 0.5 * np.log(2 / 3), abs=1e-7
    )


def test_the_value_form_of_wasserstein_ignores_classes_and_the_ordinal_does_not():
    human, swapped = [[0.7, 0.2, 0.1]], [[0.1, 0.2, 0.7]]
    assert d.wasserstein(human, swapped) == pytest.approx(0, abs=1e-15)
    # 0.6 of the mass moves two steps.
    assert d.ordinal_wasserstein(human, swapped) == pytest.approx(1.2)
    assert d.ordinal_wasserstein(human, swapped, positions=[0, 1, 10]) == pytest.approx(6.0)


def test_acc_at_1_takes_the_first_of_equal_classes():
    assert d.acc_at_1([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]], [[0.6, 0.4, 0.0], [0.7, 0.2, 0.1]]) == 0.5
    assert d.acc_at_1([[0.5, 0.5]], [[0.4, 0.6]]) == 0


@given(vote_shares(classes=5))
def test_ap_is_the_mean_pearson_by_row_and_by_column(shares):
    human, model, _ = shares
    rows = [regression.pearson(h, m) for h, m in zip(human, model, strict=True)]
    columns = [regression.pearson(h, m) for h, m in zip(human.T, model.T, strict=True)]
    assert d.ap_document(human, model) == pytest.approx(np.mean(rows), abs=1e-9)
    assert d.ap_emotion(human, model) == pytest.approx(np.mean(columns), abs=1e-9)
    assert d.ap_document(human, model, inflated=True) == pytest.approx(1.25 * np.mean(rows), abs=1e-9)
    if len(human) > 1:
        n = len(human)
        assert d.ap_emotion(human, model, inflated=True) == pytest.approx(n / (n - 1) * np.mean(columns), abs=1e-9)


def test_a_uniform_prediction_has_correlation_zero():
    human = [[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]]
    assert d.ap_document(human, [[1 / 3] * 3] * 2) == 0
    assert d.ap_emotion(human, [[0.1, 0.2, 0.7]] * 2) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: d.kld([[0.5, 0.6]], [[0.5, 0.5]]), "human, row 0"),
        (lambda: d.kld([[0.5, 0.5]], [[1.5, -0.5]]), "model, row 0"),
        (lambda: d.kld([[0.5, 0.5]], [[0.2, 0.3, 0.5]]), "shape"),
        (lambda: d.kld([[0.5, 0.5]], [[0.5, 0.5]], epsilon=0), "epsilon"),
        (lambda: d.jsd([[0.5, 0.5]], [[0.5, 0.5]], base=1), "base"),
        (lambda: d.brier([[0.5, float("nan")]], [[0.5, 0.5]]), "human, row 0"),
        (lambda: d.ordinal_wasserstein([[0.5, 0.5]], [[0.5, 0.5]], positions=[1, 0]), "positions"),
        (lambda: d.ordinal_wasserstein([[0.5, 0.5]], [[0.5, 0.5]], positions=[1, 2, 3]), "positions"),
        (lambda: d.ap_document([[1.0]], [[1.0]], inflated=True), "at least 2 classes"),
    ],
)
def test_bad_input_names_the_place(call, message):
    with pytest.raises(BadInput, match=message):
        call()


@pytest.mark.data
def test_affective_text_mean_vector_anchor(data_root):
    """Card 18, measured: the training-mean vector has RMSE .207 and Acc@1 .320 (80/20 of 1,000, seed 7)."""
    pandas = pytest.importorskip("pandas")
    selection = pytest.importorskip("sklearn.model_selection")
    table = pandas.read_csv(data_root / "semeval2007_affective_text" / "affectivetext_test_normalized5.csv")
    votes = table[["anger", "fear", "joy", "sadness", "surprise"]].to_numpy()
    train, test = selection.train_test_split(votes, test_size=0.2, random_state=7)
    mean = np.tile(train.mean(axis=0), (len(test), 1))
    assert regression.rmse(test, mean) == pytest.approx(0.207, abs=0.002)
    assert d.acc_at_1(test, mean) == pytest.approx(0.320, abs=0.0005)
