"""TF-IDF with a linear model: the recognizer of text that needs nothing but its training set.

The features are those of the text floor (``thymos.measure.text_floor``): character n-grams within words and word
n-grams, sublinear counts. What is added here: the cost is chosen by cross-validation inside the training set, equal
texts never stand on both sides of a fold, and held-out decision values calibrate the probabilities.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.measure.text_floor import text_features
from thymos.perceive.prior_shift import Calibration, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats, TextRecognizer, same_text_groups
from thymos.perceive.text_persian import PersianNormalizer

CLASSIFIERS = ("svm", "logistic")
RATIO_SMOOTHING = 0.1


class LinearTextRecognizer(TextRecognizer):
    """TF-IDF of characters and words, and a linear model with balanced class weights.

    Args:
        normalizer: applied to every text first; None leaves texts as they are.
        words: shortest and longest word n-gram.
        characters: shortest and longest character n-gram (within words); None takes words only.
        minimum_count: n-grams in fewer training texts are left out.
        classifier: ``"svm"`` or ``"logistic"``.
        log_count_ratios: multiply each feature by how much more often a class has it than the others have, one
            machine a class (NBSVM; Wang and Manning, ACL 2012); wants costs of about a tenth.
        costs: values of C; the best by macro F1 over the folds is taken.
        folds: parts of the cross-validation inside the training set.
        seed: of the folds and the solver.

    Attributes:
        cost_: the chosen C.
        development_: macro F1 of each cost over the held-out folds.
        held_out_: calibrated probabilities of the training items from models that did not see them; not saved.
        calibration_: temperature and biases, fitted on the held-out decision values.
    """

    def __init__(
        self,
        *,
        normalizer: PersianNormalizer | None = None,
        words: tuple[int, int] = (1, 2),
        characters: tuple[int, int] | None = (2, 5),
        minimum_count: int = 2,
        classifier: str = "svm",
        log_count_ratios: bool = False,
        costs: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.normalizer = normalizer
        self.words = words
        self.characters = characters
        self.minimum_count = minimum_count
        self.classifier = classifier
        self.log_count_ratios = log_count_ratios
        self.costs = costs
        self.folds = folds
        self.seed = seed

    def _fit(self, texts: list[str], codes: Codes) -> None:
        self._check_parameters()
        texts = self._normalized(texts)
        folds = text_folds(texts, codes, self.folds, self.seed)
        held_out = {cost: np.zeros((len(texts), len(self.classes_))) for cost in self.costs}
        for kept, left in folds:
            features = self._fitted_features([texts[i] for i in kept])
            inputs = features.transform([texts[i] for i in kept])
            outputs = features.transform([texts[i] for i in left])
            for cost in self.costs:
                weights, intercepts = self._weights(inputs, codes[kept], cost)
                held_out[cost][left] = outputs @ weights.T + intercepts
        macro_f1 = score_function("macro_f1")
        self.development_ = {cost: macro_f1(codes, held_out[cost].argmax(axis=1)) for cost in self.costs}
        self.cost_ = max(self.costs, key=lambda cost: self.development_[cost])
        self.calibration_ = fit_bias_corrected_temperature(held_out[self.cost_], codes)
        self.held_out_index_ = np.arange(len(codes))
        self.held_out_ = self.calibration_(held_out[self.cost_])
        self.features_ = self._fitted_features(texts)
        self.coefficients_, self.intercepts_ = self._weights(self.features_.transform(texts), codes, self.cost_)

    def _predict_proba(self, texts: list[str]) -> Floats:
        inputs = self.features_.transform(self._normalized(texts))
        return self.calibration_(inputs @ self.coefficients_.T + self.intercepts_)

    def _normalized(self, texts: list[str]) -> list[str]:
        return texts if self.normalizer is None else self.normalizer.all(texts)

    def _features(self) -> FeatureUnion:
        return text_features(words=self.words, characters=self.characters, minimum_count=self.minimum_count)

    def _fitted_features(self, texts: list[str]) -> FeatureUnion:
        try:
            return self._features().fit(texts)
        except ValueError:
            raise BadInput(
                "the training texts leave no n-gram", where=type(self).__name__, mend="lower minimum_count"
            ) from None

    def _weights(self, inputs: sparse.csr_matrix, codes: Codes, cost: float) -> tuple[Floats, Floats]:
        """Weights (classes × features) on the features as they are, and intercepts."""
        if not self.log_count_ratios:
            return linear_weights(self._model(cost).fit(inputs, codes))
        weights = np.zeros((len(self.classes_), inputs.shape[1]))
        intercepts = np.zeros(len(self.classes_))
        for code in range(len(self.classes_)):
            ratios = log_count_ratios(inputs, codes == code)
            model = self._model(cost).fit(inputs.multiply(ratios).tocsr(), codes == code)
            # Weights on scaled features are scaled weights on the features: the recognizer stays one linear model.
            weights[code], intercepts[code] = model.coef_[0] * ratios, model.intercept_[0]
        return weights, intercepts

    def _model(self, cost: float) -> LinearSVC | LogisticRegression:
        if self.classifier == "svm":
            return LinearSVC(C=cost, class_weight="balanced", random_state=self.seed)
        return LogisticRegression(C=cost, class_weight="balanced", max_iter=1000, random_state=self.seed)

    def _check_parameters(self) -> None:
        where = type(self).__name__
        if self.classifier not in CLASSIFIERS:
            raise BadInput(f"there is no classifier {self.classifier!r}", where=where, mend="use 'svm' or 'logistic'")
        if not self.costs or min(self.costs) <= 0:
            raise BadInput(f"costs are {self.costs}", where=where, mend="pass positive numbers, e.g. (0.1, 1.0)")

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        arrays = {"coefficients": self.coefficients_, "intercepts": self.intercepts_, "bias": self.calibration_.bias}
        terms = {}
        for name, vectorizer in self.features_.transformer_list:
            terms[name] = vectorizer.get_feature_names_out().tolist()
            arrays[f"{name}_idf"] = vectorizer.idf_
        values = {
            "cost": self.cost_,
            "development": [[cost, score] for cost, score in self.development_.items()],
            "temperature": self.calibration_.temperature,
            "terms": terms,
        }
        return values, arrays

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.cost_ = float(values["cost"])
        self.development_ = {float(cost): float(score) for cost, score in values["development"]}
        self.calibration_ = Calibration(float(values["temperature"]), arrays["bias"])
        self.coefficients_, self.intercepts_ = arrays["coefficients"], arrays["intercepts"]
        self.features_ = self._features()
        for name, vectorizer in self.features_.transformer_list:
            restore_vectorizer(vectorizer, values["terms"][name], arrays[f"{name}_idf"])


def text_folds(
    texts: Sequence[str], codes: Codes, folds: int, seed: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """(kept, left out) positions of each fold: stratified by class, equal texts on one side.

    Raises:
        BadInput: fewer than two folds are possible because a class has too few texts.
    """
    rarest = int(np.bincount(codes).min())
    parts = min(folds, rarest)
    if parts < 2:
        raise BadInput(
            f"a class has {rarest} text, so nothing can be held out", where="labels", mend="pass at least 2 a class"
        )
    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(codes)), codes, same_text_groups(texts)))


def held_out_scores(
    fit_and_score: Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], Floats],
    folds: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    shape: tuple[int, int],
) -> Floats:
    """Scores of every item from a model that did not see it: ``fit_and_score(kept, left)`` for each fold."""
    scores = np.zeros(shape)
    for kept, left in folds:
        scores[left] = fit_and_score(kept, left)
    return scores


def log_count_ratios(inputs: sparse.csr_matrix, chosen: npt.NDArray[np.bool_]) -> Floats:
    """log of a feature's share in the chosen rows over its share in the others, shape (features,)."""
    inside = np.asarray(inputs[chosen].sum(axis=0), dtype=float).ravel() + RATIO_SMOOTHING
    outside = np.asarray(inputs[~chosen].sum(axis=0), dtype=float).ravel() + RATIO_SMOOTHING
    return np.asarray(np.log((inside / inside.sum()) / (outside / outside.sum())))


def linear_weights(model: Any) -> tuple[Floats, Floats]:
    """Coefficients (classes × features) and intercepts of a linear model; two classes become (0, margin)."""
    if len(model.classes_) > 2:
        return model.coef_, model.intercept_
    return np.vstack([np.zeros_like(model.coef_[0]), model.coef_[0]]), np.r_[0.0, model.intercept_]


def restore_vectorizer(vectorizer: TfidfVectorizer, terms: list[str], idf: Floats) -> None:
    """Make a vectorizer fitted again from its terms, in the order of their columns, and their weights."""
    if len(terms) != len(idf):
        raise BadInput(f"{len(terms)} terms and {len(idf)} weights", where="saved recognizer", mend="save it again")
    vectorizer.vocabulary = {term: column for column, term in enumerate(terms)}
    vectorizer.idf_ = idf
