"""The linear text baseline: TF-IDF of words and characters with a linear model, fitted in seconds on a CPU.

On several of the field's text sets this floor equals or beats published systems (cards 10, 21, 39), so no text
result should be printed without it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import LinearSVC

from thymos.errors import BadInput
from thymos.measure.inputs import Floats, binary_matrix, label_values, numbers, same_length
from thymos.measure.multilabel import multilabel_macro_f1
from thymos.measure.registry import find_metric

Classifier = Literal["svm", "logistic"]


class TextFloor(NamedTuple):
    """Predictions of the linear text baseline and how its cost was chosen.

    ``scores`` are decision values (svm) or probabilities (logistic), items × ``labels``; of a two-class svm the
    margin stands in the second column and its negative in the first. ``development`` maps each cost that was tried
    to its score on the development data and is empty when nothing was chosen.
    """

    predictions: npt.NDArray[Any]
    scores: Floats
    labels: list[Any]
    cost: float
    development: dict[float, float]


def text_features(
    *, words: tuple[int, int] = (1, 2), characters: tuple[int, int] | None = (2, 5), minimum_count: int = 1
) -> FeatureUnion:
    """TF-IDF of word n-grams and, unless None, of character n-grams within words, side by side; sublinear counts."""
    word = TfidfVectorizer(
        ngram_range=words, min_df=minimum_count, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", dtype=np.float32
    )
    if characters is None:
        return FeatureUnion([("words", word)])
    character = TfidfVectorizer(
        analyzer="char_wb", ngram_range=characters, min_df=minimum_count, sublinear_tf=True, dtype=np.float32
    )
    return FeatureUnion([("words", word), ("characters", character)])


def text_floor(
    train_texts: Iterable[str],
    train_labels: Iterable[Any],
    test_texts: Iterable[str],
    *,
    classifier: Classifier = "svm",
    costs: Sequence[float] = (1.0,),
    development: tuple[Iterable[str], Iterable[Any]] | None = None,
    metric: str = "macro_f1",
    words: tuple[int, int] = (1, 2),
    characters: tuple[int, int] | None = (2, 5),
    minimum_count: int = 1,
    seed: int = 0,
) -> TextFloor:
    """TF-IDF + linear classifier with balanced class weights.

    Args:
        train_texts: training texts.
        train_labels: one label each.
        test_texts: texts to predict.
        classifier: ``"svm"`` (LinearSVC) or ``"logistic"`` (with probabilities).
        costs: values of C; more than one needs ``development``.
        development: texts and labels on which the best cost is chosen. They are not added to training afterwards.
        metric: score that chooses the cost.
        words: shortest and longest word n-gram.
        characters: shortest and longest character n-gram; None takes words only.
        minimum_count: n-grams in fewer training texts are left out.
        seed: of the solver.

    Raises:
        BadInput: a single class, missing texts, several costs without development data.
    """
    train, labels = _texts(train_texts, "train_texts"), label_values(train_labels, "train_labels")
    test = _texts(test_texts, "test_texts")
    same_length(train_texts=train, train_labels=labels)
    if len(set(labels)) < 2:
        raise BadInput("there is a single class", where="train_labels", mend="pass at least 2 classes")
    _check_costs(costs, development is not None)
    features = _fit_features(train, words, characters, minimum_count)
    inputs = features.transform(train)
    tried: dict[float, float] = {}
    models: dict[float, Any] = {}
    for cost in costs:
        models[cost] = _model(classifier, cost, seed).fit(inputs, labels.astype(str))
        if development is not None:
            gold = label_values(development[1], "development labels")
            guess = models[cost].predict(features.transform(_texts(development[0], "development texts")))
            tried[cost] = find_metric(metric).function(gold.astype(str), guess)
    best = max(tried, key=lambda cost: tried[cost]) if tried else costs[0]
    model, outputs = models[best], features.transform(test)
    names = {str(label): label for label in labels}
    predictions = np.empty(len(test), dtype=object)
    predictions[:] = [names[str(label)] for label in model.predict(outputs)]
    known = [names[str(label)] for label in model.classes_]
    return TextFloor(predictions, _scores(model, outputs), known, best, tried)


def text_multilabel_floor(
    train_texts: Iterable[str],
    train_labels: npt.ArrayLike,
    test_texts: Iterable[str],
    *,
    costs: Sequence[float] = (1.0,),
    development: tuple[Iterable[str], npt.ArrayLike] | None = None,
    words: tuple[int, int] = (1, 2),
    characters: tuple[int, int] | None = (2, 5),
    minimum_count: int = 1,
    seed: int = 0,
) -> TextFloor:
    """TF-IDF + one balanced logistic regression per label; labels are a 0/1 matrix and a label is on above 0.5.

    Arguments as in `text_floor`; the cost is chosen by macro F1. ``scores`` are probabilities, items × labels.
    """
    train, matrix = _texts(train_texts, "train_texts"), binary_matrix(train_labels, "train_labels")
    test = _texts(test_texts, "test_texts")
    same_length(train_texts=train, train_labels=matrix)
    _check_costs(costs, development is not None)
    constant = np.flatnonzero((matrix == matrix[0]).all(axis=0))
    varying = np.setdiff1d(np.arange(matrix.shape[1]), constant)
    if not len(varying):
        raise BadInput("no label varies over the training items", where="train_labels", mend="check the matrix")
    features = _fit_features(train, words, characters, minimum_count)
    inputs, outputs = features.transform(train), features.transform(test)

    def probabilities(model: OneVsRestClassifier, texts: sparse.csr_matrix) -> Floats:
        result = np.tile(matrix[0], (texts.shape[0], 1))
        # With a single varying label scikit-learn returns both classes' columns: the last one is "on".
        result[:, varying] = model.predict_proba(texts)[:, -len(varying) :]
        return result

    tried: dict[float, float] = {}
    models: dict[float, OneVsRestClassifier] = {}
    for cost in costs:
        models[cost] = OneVsRestClassifier(_model("logistic", cost, seed)).fit(inputs, matrix[:, varying])
        if development is not None:
            texts = features.transform(_texts(development[0], "development texts"))
            tried[cost] = multilabel_macro_f1(development[1], probabilities(models[cost], texts) > 0.5)
    best = max(tried, key=lambda cost: tried[cost]) if tried else costs[0]
    scores = probabilities(models[best], outputs)
    return TextFloor((scores > 0.5).astype(float), scores, list(range(matrix.shape[1])), best, tried)


def text_regression_floor(
    train_texts: Iterable[str],
    train_values: npt.ArrayLike,
    test_texts: Iterable[str],
    *,
    penalty: float = 1.0,
    words: tuple[int, int] = (1, 2),
    characters: tuple[int, int] | None = (2, 5),
    minimum_count: int = 1,
) -> Floats:
    """TF-IDF + ridge regression; values may be a matrix (items × dimensions), and so is the prediction."""
    train, values = _texts(train_texts, "train_texts"), numbers(train_values, "train_values")
    same_length(train_texts=train, train_values=values)
    features = text_features(words=words, characters=characters, minimum_count=minimum_count)
    model = make_pipeline(features, Ridge(alpha=penalty)).fit(train, values)
    return np.asarray(model.predict(_texts(test_texts, "test_texts")), dtype=float)


def _texts(texts: Iterable[str], name: str) -> list[str]:
    values = label_values(texts, name)
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise BadInput("the text is not a string", where=f"{name}, row {row}", mend="pass texts only")
    return list(values)


def _check_costs(costs: Sequence[float], selectable: bool) -> None:
    if not costs or min(costs) <= 0:
        raise BadInput("costs must be positive", where="costs", mend="pass e.g. (0.1, 1, 10)")
    if len(costs) > 1 and not selectable:
        raise BadInput("several costs but nothing to choose by", where="costs", mend="pass development data")


def _fit_features(
    texts: list[str], words: tuple[int, int], characters: tuple[int, int] | None, minimum_count: int
) -> FeatureUnion:
    try:
        return text_features(words=words, characters=characters, minimum_count=minimum_count).fit(texts)
    except ValueError:
        raise BadInput(
            "the training texts leave no n-gram",
            where="train_texts",
            mend="pass texts with words or a lower minimum_count",
        ) from None


def _model(classifier: Classifier, cost: float, seed: int) -> LinearSVC | LogisticRegression:
    if classifier == "svm":
        return LinearSVC(C=cost, class_weight="balanced", random_state=seed)
    if classifier == "logistic":
        return LogisticRegression(C=cost, class_weight="balanced", max_iter=1000, random_state=seed)
    raise BadInput(f"there is no classifier {classifier!r}", where="classifier", mend="use 'svm' or 'logistic'")


def _scores(model: LinearSVC | LogisticRegression, inputs: sparse.csr_matrix) -> Floats:
    if isinstance(model, LogisticRegression):
        return np.asarray(model.predict_proba(inputs), dtype=float)
    margins = np.asarray(model.decision_function(inputs), dtype=float)
    return np.column_stack([-margins, margins]) if margins.ndim == 1 else margins
