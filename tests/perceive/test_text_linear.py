import numpy as np
import pytest
from scipy import sparse

from thymos.errors import BadInput
from thymos.measure.text_floor import text_floor
from thymos.perceive.conformance import check_recognizer, example_items
from thymos.perceive.text_linear import (
    LinearTextRecognizer,
    held_out_scores,
    linear_weights,
    log_count_ratios,
    text_folds,
)
from thymos.perceive.text_persian import PersianNormalizer


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_it_keeps_the_contract(classifier):
    check_recognizer(
        LinearTextRecognizer(classifier=classifier, costs=(0.1, 1.0), folds=2, normalizer=PersianNormalizer())
    )


def three_classes():
    """Invented texts of three classes, one word each telling them apart, with a few that lie."""
    rng = np.random.default_rng(0)
    words = {"a": "apple", "b": "bread", "c": "cheese"}
    texts, labels = [], []
    for number in range(120):
        label = "abc"[number % 3]
        word = words["abc"[rng.integers(3)]] if rng.random() < 0.2 else words[label]
        texts.append(f"{word} number {number} {rng.choice(['today', 'now', 'again'])}")
        labels.append(label)
    return texts, labels


def test_the_cost_with_the_best_held_out_score_is_taken():
    texts, labels = three_classes()
    fitted = LinearTextRecognizer(costs=(1e-4, 0.1, 1.0), minimum_count=1).fit(texts, labels)
    assert set(fitted.development_) == {1e-4, 0.1, 1.0}
    assert fitted.development_[fitted.cost_] == max(fitted.development_.values())


def test_held_out_probabilities_are_honest():
    # A fifth of the labels lies: seen items would be learned by heart, held-out ones cannot be.
    texts, labels = three_classes()
    fitted = LinearTextRecognizer(costs=(1.0,), minimum_count=1).fit(texts, labels)
    codes = np.searchsorted(fitted.classes_.astype(str), labels)
    held_out = (fitted.held_out_.argmax(axis=1) == codes).mean()
    seen = (fitted.predict_proba(texts).to_numpy().argmax(axis=1) == codes).mean()
    assert held_out < seen
    assert 0.7 < held_out < 0.95
    np.testing.assert_allclose(fitted.held_out_.mean(axis=0), 1 / 3, atol=0.01)


def test_its_decisions_before_calibration_are_those_of_the_text_floor():
    texts, labels = three_classes()
    fitted = LinearTextRecognizer(costs=(0.5,), minimum_count=1).fit(texts, labels)
    floor = text_floor(texts, labels, texts, costs=(0.5,))
    mine = fitted.features_.transform(texts) @ fitted.coefficients_.T + fitted.intercepts_
    np.testing.assert_allclose(mine, floor.scores, atol=1e-3)


def test_normalization_joins_two_spellings():
    items, labels = example_items()
    labels = labels.map({"good": "خوب", "bad": "بد"})
    texts = [f"\u06a9\u06cc\u06a9 {text}" for text in items["text"]]
    fitted = LinearTextRecognizer(costs=(1.0,), folds=2, normalizer=PersianNormalizer()).fit(texts, labels.tolist())
    arabic = [text.replace("\u06a9", "\u0643").replace("\u06cc", "\u064a") for text in texts]
    np.testing.assert_allclose(fitted.predict_proba(arabic), fitted.predict_proba(texts))


def test_folds_keep_equal_texts_together():
    texts = ["twice"] * 6 + [f"once {k}" for k in range(30)]
    codes = np.arange(36) % 2
    for kept, left in text_folds(texts, codes, 5, 0):
        assert not {texts[i] for i in kept} & {texts[i] for i in left}


def test_every_item_is_held_out_once():
    folds = text_folds([str(k) for k in range(20)], np.arange(20) % 2, 4, 0)
    scores = held_out_scores(lambda kept, left: np.ones((len(left), 2)), folds, (20, 2))
    assert (scores == 1).all()
    assert sorted(np.concatenate([left for _, left in folds])) == list(range(20))


def test_a_class_with_one_text_cannot_be_held_out():
    with pytest.raises(BadInput, match="has 1 text"):
        LinearTextRecognizer().fit(["a b", "c d", "e f"], ["x", "x", "y"])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"classifier": "forest"}, "forest"), ({"costs": ()}, "costs"), ({"costs": (0.0,)}, "costs")],
)
def test_bad_parameters_are_named(change, message):
    items, labels = example_items()
    with pytest.raises(BadInput, match=message):
        LinearTextRecognizer(**change).fit(items, labels)


def test_texts_without_any_feature_are_named():
    with pytest.raises(BadInput, match="no n-gram"):
        LinearTextRecognizer(costs=(1.0,), folds=2).fit([".", "..", "!", "!!"], ["x", "y", "x", "y"])


def test_two_classes_give_two_decision_values():
    items, labels = example_items()
    fitted = LinearTextRecognizer(costs=(1.0,), folds=2).fit(items, labels)
    inputs = fitted.features_.transform(items["text"])
    model = fitted._model(1.0).fit(inputs, (labels == "good").astype(int))
    weights, intercepts = linear_weights(model)
    values = inputs @ weights.T + intercepts
    assert values.shape == (len(items), 2)
    np.testing.assert_allclose(values[:, 0], 0)
    np.testing.assert_allclose(values[:, 1], model.decision_function(inputs), atol=1e-5)


def test_log_count_ratios_by_hand():
    inputs = sparse.csr_matrix([[3.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    ratios = log_count_ratios(inputs, np.array([True, False]))
    inside, outside = np.array([3.1, 0.1, 1.1]), np.array([0.1, 2.1, 1.1])
    np.testing.assert_allclose(ratios, np.log(inside / 4.3) - np.log(outside / 3.3))
    assert ratios[0] > 0 > ratios[1]


def test_log_count_ratios_leave_a_linear_model():
    texts, labels = three_classes()
    recognizer = LinearTextRecognizer(costs=(0.1,), minimum_count=1, log_count_ratios=True)
    check_recognizer(LinearTextRecognizer(costs=(0.1,), folds=2, log_count_ratios=True))
    fitted = recognizer.fit(texts, labels)
    inputs = fitted.features_.transform(texts)
    codes = np.searchsorted(fitted.classes_.astype(str), labels)
    for code in range(3):
        ratios = log_count_ratios(inputs, codes == code)
        model = fitted._model(0.1).fit(inputs.multiply(ratios).tocsr(), codes == code)
        values = inputs @ fitted.coefficients_[code] + fitted.intercepts_[code]
        np.testing.assert_allclose(values, model.decision_function(inputs.multiply(ratios).tocsr()), atol=1e-5)
