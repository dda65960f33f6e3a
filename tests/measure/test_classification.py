"""Label scores against scikit-learn, their zero rules, and their invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from thymos.errors import BadInput
from thymos.measure import classification as c

SCORES = {
    "accuracy": c.accuracy,
    "macro_f1": c.macro_f1,
    "weighted_f1": c.weighted_f1,
    "micro_f1": c.micro_f1,
    "uar": c.uar,
    "macro_precision": c.macro_precision,
    "macro_recall": c.macro_recall,
}
LABELS = ["anger", "disgust", "fear", "joy", "sadness"]


@st.composite
def labelled_items(draw, weighted=False):
    n = draw(st.integers(1, 40))
    one = st.lists(st.sampled_from(LABELS), min_size=n, max_size=n)
    gold, predicted = draw(one), draw(one)
    if not weighted:
        return gold, predicted
    weights = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n).filter(any))
    return gold, predicted, weights


def sklearn_scores(gold, predicted, **options):
    options.setdefault("zero_division", 0)
    weight = options.pop("sample_weight", None)
    return {
        "accuracy": sk.accuracy_score(gold, predicted, sample_weight=weight),
        "macro_f1": sk.f1_score(gold, predicted, average="macro", sample_weight=weight, **options),
        "weighted_f1": sk.f1_score(gold, predicted, average="weighted", sample_weight=weight, **options),
        "micro_f1": sk.f1_score(gold, predicted, average="micro", sample_weight=weight, **options),
        "macro_precision": sk.precision_score(gold, predicted, average="macro", sample_weight=weight, **options),
        "macro_recall": sk.recall_score(gold, predicted, average="macro", sample_weight=weight, **options),
    }


@given(labelled_items())
def test_equals_scikit_learn_without_a_label_list(items):
    gold, predicted = items
    for name, expected in sklearn_scores(gold, predicted).items():
        assert SCORES[name](gold, predicted) == pytest.approx(expected, abs=1e-12), name
        assert SCORES[name](gold, predicted, labels=LABELS) == pytest.approx(expected, abs=1e-12), name


@given(labelled_items())
def test_absent_zero_equals_scikit_learn_with_a_label_list(items):
    gold, predicted = items
    expected = sklearn_scores(gold, predicted, labels=LABELS)
    for name in ("macro_f1", "macro_precision", "macro_recall"):
        assert SCORES[name](gold, predicted, labels=LABELS, absent="zero") == pytest.approx(expected[name], abs=1e-12)


@given(labelled_items(weighted=True))
def test_weights_are_repetition(items):
    gold, predicted, weights = items
    repeated_gold, repeated_predicted = np.repeat(gold, weights), np.repeat(predicted, weights)
    for name, score in SCORES.items():
        assert score(gold, predicted, weights=weights) == pytest.approx(
            score(repeated_gold, repeated_predicted), abs=1e-12
        ), name


@given(labelled_items())
def test_uar_is_balanced_accuracy(items):
    gold, predicted = items
    recalls = [np.mean([p == g for g, p in zip(gold, predicted, strict=True) if g == k]) for k in set(gold)]
    assert c.uar(gold, predicted) == pytest.approx(np.mean(recalls), abs=1e-12)


@given(labelled_items(), st.permutations(LABELS), st.randoms(use_true_random=False))
def test_order_of_items_and_names_of_labels_do_not_matter(items, renamed, random):
    gold, predicted = items
    order = list(range(len(gold)))
    random.shuffle(order)
    names = dict(zip(LABELS, renamed, strict=True))
    for name, score in SCORES.items():
        value = score(gold, predicted)
        assert 0 <= value <= 1
        assert score([names[gold[i]] for i in order], [names[predicted[i]] for i in order]) == pytest.approx(
            value, abs=1e-12
        ), name


@given(labelled_items())
def test_perfect_predictions_score_one(items):
    gold, _ = items
    assert {score(gold, gold) for score in SCORES.values()} == {1.0}


def test_a_prediction_of_no_class_is_a_miss_but_no_false_alarm():
    gold, predicted = ["joy", "joy", "fear"], ["joy", None, "could not be parsed"]
    with pytest.raises(BadInput, match="row 1"):
        c.macro_f1(gold, predicted, labels=["joy", "fear"])
    options = {"labels": ["joy", "fear"], "outside": "miss"}
    assert c.accuracy(gold, predicted, **options) == pytest.approx(1 / 3)
    # joy: 1 hit, 2 gold, 1 predicted; fear: 0 hits, 1 gold, 0 predicted.
    assert c.macro_f1(gold, predicted, **options) == pytest.approx((2 / 3 + 0) / 2)
    assert c.uar(gold, predicted, **options) == pytest.approx(0.25)
    assert c.micro_f1(gold, predicted, **options) == pytest.approx(2 / 4)
    table = c.confusion(gold, predicted, **options)
    assert table.counts.tolist() == [[1, 0], [0, 0]]
    assert table.outside.tolist() == [1, 1]


@settings(max_examples=50)
@given(labelled_items(weighted=True))
def test_confusion_and_class_scores_equal_scikit_learn(items):
    gold, predicted, weights = items
    table = c.confusion(gold, predicted, labels=LABELS, weights=weights)
    assert np.array_equal(table.counts, sk.confusion_matrix(gold, predicted, labels=LABELS, sample_weight=weights))
    scores = c.class_scores(gold, predicted, labels=LABELS, weights=weights)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        gold, predicted, labels=LABELS, sample_weight=weights, zero_division=0
    )
    for ours, theirs in zip(
        (scores.precision, scores.recall, scores.f1, scores.gold), (precision, recall, f1, support), strict=True
    ):
        assert ours == pytest.approx(theirs, abs=1e-12)
    assert scores.predicted.sum() == sum(weights)


def test_labels_may_be_numbers_or_numpy_values():
    assert c.accuracy(np.array([0, 1, 2]), [0, 1, 1]) == pytest.approx(2 / 3)
    assert c.macro_f1(np.array(["a", "b"]), ["a", "b"]) == 1


@pytest.mark.parametrize(
    ("gold", "predicted", "options", "message"),
    [
        ([], [], {}, "no labels"),
        (["joy"], ["joy", "fear"], {}, "gold has 1, predicted has 2"),
        (["joy", None], ["joy", "joy"], {}, "gold, row 1"),
        (["joy"], [float("nan")], {}, "predicted, row 0"),
        (["rage"], ["joy"], {"labels": ["joy"]}, "unknown label 'rage'"),
        (["joy"], ["rage"], {"labels": ["joy"]}, "unknown label 'rage'"),
        (["joy"], ["joy"], {"labels": ["joy", "joy"]}, "listed twice"),
        (["1", "2"], [1, 2], {}, "different types"),
        ("joy", ["joy"], {}, "one text"),
        ([["joy", "fear"]], [["joy"]], {}, "several labels"),
        (["joy", "joy"], ["joy", "joy"], {"weights": [1]}, "lengths differ"),
        (["joy"], ["joy"], {"weights": [-1]}, "weights"),
        (["joy"], ["joy"], {"weights": [0]}, "weights"),
    ],
)
def test_bad_input_names_the_place(gold, predicted, options, message):
    with pytest.raises(BadInput, match=message):
        c.macro_f1(gold, predicted, **options)
