"""The linear text baseline on small invented texts, and on ArmanEmo where the data is at hand."""

import csv

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.measure import classification
from thymos.measure.text_floor import text_floor, text_multilabel_floor, text_regression_floor

JOY = ["what a lovely bright day", "we laughed and danced", "lovely laughing friends", "a bright happy dance"]
FEAR = ["the dark corridor scared me", "a scary noise at night", "i was frightened in the dark", "scared of the night"]
TEXTS, LABELS = JOY + FEAR, ["joy"] * 4 + ["fear"] * 4
NEW = ["a lovely dance", "scared in the dark"]


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_learns_what_is_plain_and_is_deterministic(classifier):
    result = text_floor(TEXTS, LABELS, NEW, classifier=classifier)
    assert result.predictions.tolist() == ["joy", "fear"]
    assert result.labels == ["fear", "joy"]
    assert result.scores.shape == (2, 2)
    assert result.scores.argmax(axis=1).tolist() == [1, 0]
    assert (result.cost, result.development) == (1.0, {})
    assert np.array_equal(result.scores, text_floor(TEXTS, LABELS, NEW, classifier=classifier).scores)
    if classifier == "logistic":
        assert result.scores.sum(axis=1) == pytest.approx([1, 1])


def test_three_classes_and_labels_that_are_numbers():
    result = text_floor([*TEXTS, "grey and dull", "dull grey rain"], [1] * 4 + [2] * 4 + [3] * 2, ["dull rain"])
    assert result.predictions.tolist() == [3]
    assert result.labels == [1, 2, 3]
    assert result.scores.shape == (1, 3)


def test_the_cost_is_chosen_on_development_data_only():
    development = (["a bright laugh", "frightened at night"], ["joy", "fear"])
    result = text_floor(TEXTS, LABELS, NEW, costs=(0.01, 1, 100), development=development)
    assert set(result.development) == {0.01, 1, 100}
    assert result.development[result.cost] == max(result.development.values())
    # The predictions are those of the chosen cost.
    assert np.array_equal(result.scores, text_floor(TEXTS, LABELS, NEW, costs=(result.cost,)).scores)


def test_class_weights_are_balanced():
    """With nine joys to one fear an unbalanced model would call an unclear text joy more eagerly."""
    texts, labels = JOY * 9 + FEAR, ["joy"] * 36 + ["fear"] * 4
    even = text_floor(TEXTS, LABELS, ["something unseen xyz"], classifier="logistic").scores[0]
    skewed = text_floor(texts, labels, ["something unseen xyz"], classifier="logistic").scores[0]
    assert skewed[1] < 0.7
    assert even[1] == pytest.approx(0.5, abs=0.1)


def test_label_sets():
    matrix = np.array([[1, 0, 1]] * 4 + [[0, 1, 1]] * 4)
    result = text_multilabel_floor(TEXTS, matrix, NEW)
    assert result.predictions.tolist() == [[1, 0, 1], [0, 1, 1]]
    # The third label never varies in training, so its share is predicted as it was.
    assert result.scores[:, 2].tolist() == [1, 1]
    one = text_multilabel_floor(TEXTS, matrix[:, :1], NEW, costs=(0.1, 10), development=(NEW, [[1], [0]]))
    assert one.predictions.tolist() == [[1], [0]]
    assert set(one.development) == {0.1, 10}


def test_numbers_and_vectors():
    values = np.array([1.0] * 4 + [-1.0] * 4)
    predictions = text_regression_floor(TEXTS, values, NEW)
    assert predictions[0] > 0 > predictions[1]
    assert text_regression_floor(TEXTS, np.column_stack([values, -values]), NEW).shape == (2, 2)
    flat = text_regression_floor(TEXTS, values, NEW, penalty=1e9)
    assert flat == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: text_floor(TEXTS, ["joy"] * 8, NEW), "single class"),
        (lambda: text_floor(TEXTS, LABELS[:3], NEW), "lengths differ"),
        (lambda: text_floor(TEXTS, LABELS, [3]), "test_texts, row 0"),
        (lambda: text_floor(["", " "], ["a", "b"], NEW), "no n-gram"),
        (lambda: text_floor(TEXTS, LABELS, NEW, costs=(1, 2)), "nothing to choose by"),
        (lambda: text_floor(TEXTS, LABELS, NEW, costs=(0,)), "positive"),
        (lambda: text_floor(TEXTS, LABELS, NEW, classifier="forest"), "no classifier"),
        (lambda: text_multilabel_floor(TEXTS, [[1]] * 8, NEW), "no label varies"),
        (lambda: text_multilabel_floor(TEXTS, [[2]] * 8, NEW), "neither 0 nor 1"),
        (lambda: text_regression_floor(TEXTS, [1.0], NEW), "lengths differ"),
    ],
)
def test_bad_input_names_the_place(call, message):
    with pytest.raises(BadInput, match=message):
        call()


@pytest.mark.data
def test_armanemo_floor_is_reproduced(data_root):
    """Measured floor of card 39 on the official split: macro F1 .505 to .522."""
    parts = {}
    for name in ("train", "test"):
        path = data_root / "armanemo" / "dataset" / f"{name}.tsv"
        with path.open(encoding="utf-8", newline="") as stream:
            parts[name] = list(zip(*csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE), strict=True))
    (train_texts, train_labels), (test_texts, test_labels) = parts["train"], parts["test"]
    assert len(test_texts) == 1151
    result = text_floor(train_texts, train_labels, test_texts)
    assert 0.505 <= classification.macro_f1(test_labels, result.predictions) <= 0.522
