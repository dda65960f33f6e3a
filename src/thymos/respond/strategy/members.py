"""The three classifiers of a planner: words, sentence vectors, and the course of the dialogue."""

from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from thymos.errors import BadInput
from thymos.respond.strategy.features import SIZE, Floats, Integers, Views

# Chosen by cross-validation inside the 512 training dialogues; 0.01 to 1 were tried.
WORDS_COST, VECTORS_COST = 0.03, 0.01
VECTOR_WEIGHT = 5.0  # unit vectors have entries of about 1/20, the course features of about 1


class Member(Protocol):
    """One classifier of a planner."""

    def fit(self, views: Views, codes: Integers) -> None:
        """Learn from contexts and the places of their strategies."""

    def scores(self, views: Views) -> Floats:
        """Score of every strategy, shape (contexts, strategies)."""
        ...


class WordsMember:
    """Linear machine on words of the seeker's and the supporter's last turns, and the course."""

    def fit(self, views: Views, codes: Integers) -> None:
        """Learn weights and the vocabulary."""
        self._seeker = vocabulary(views.seeker)
        self._supporter = vocabulary(views.supporter)
        self._model = LinearSVC(C=WORDS_COST, class_weight="balanced", max_iter=5000, random_state=0)
        self._model.fit(self._inputs(views), codes)

    def scores(self, views: Views) -> Floats:
        """Margins."""
        return all_columns(self._model.decision_function(self._inputs(views)), self._model.classes_)

    def _inputs(self, views: Views) -> Any:
        parts = [self._seeker.transform(views.seeker), self._supporter.transform(views.supporter), views.course]
        return sparse.hstack(parts).tocsr()


class VectorsMember:
    """Logistic regression on sentence vectors and the course."""

    def fit(self, views: Views, codes: Integers) -> None:
        """Learn weights."""
        self._model = LogisticRegression(C=VECTORS_COST, class_weight="balanced", max_iter=200)
        self._model.fit(self._inputs(views), codes)

    def scores(self, views: Views) -> Floats:
        """Log probabilities."""
        return all_columns(self._model.predict_log_proba(self._inputs(views)), self._model.classes_)

    def _inputs(self, views: Views) -> Floats:
        return np.hstack([VECTOR_WEIGHT * views.vectors, views.course])


class CourseMember:
    """Boosted trees on the course of the dialogue alone."""

    def fit(self, views: Views, codes: Integers) -> None:
        """Grow the trees."""
        self._model = HistGradientBoostingClassifier(
            max_iter=80, learning_rate=0.06, max_leaf_nodes=12, l2_regularization=1.0, class_weight="balanced",
            early_stopping=False, random_state=0,
        )  # fmt: skip
        # Trees of this size do not profit from threads, and threads that wait for each other stall a busy machine.
        with threadpool_limits(limits=1, user_api="openmp"):
            self._model.fit(views.course, codes)

    def scores(self, views: Views) -> Floats:
        """Log probabilities."""
        with threadpool_limits(limits=1, user_api="openmp"):
            probabilities = self._model.predict_proba(views.course)
        return all_columns(np.log(probabilities + 1e-9), self._model.classes_)


def vocabulary(texts: list[str]) -> TfidfVectorizer:
    """Words and pairs of words of the texts."""
    minimum = 2 if len(texts) > 50 else 1
    try:
        return TfidfVectorizer(sublinear_tf=True, min_df=minimum, ngram_range=(1, 2)).fit(texts)
    except ValueError:
        raise BadInput("the training turns leave no word", where="planner", mend="check the texts") from None


def all_columns(scores: Any, classes: Any) -> Floats:
    """Scores of the seen classes in columns of all strategies; strategies never seen get the lowest score."""
    values = np.asarray(scores, dtype=float)
    if values.ndim == 1:  # two classes: one margin
        values = np.column_stack([-values, values])
    found = np.full((len(values), SIZE), values.min(initial=0.0) - 1.0)
    found[:, np.asarray(classes, dtype=np.int64)] = values
    return found
