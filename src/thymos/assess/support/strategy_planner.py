"""Planners: classifiers that choose the next support strategy, so that a language model only writes the reply.

Which strategy comes next is hardly in the seeker's words: the course of the dialogue tells as much. The planner adds
three classifiers (words, sentence vectors, course) and then shifts each strategy's score until, on training dialogues
that the scores have not seen, it is chosen as often as the supporters chose it. The shift is what lowers the
preference bias: classifiers with balanced class weights alone overrate rare strategies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from thymos.assess.support.strategy_contexts import STRATEGIES, StrategyContext, Utterance
from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.model import Progress

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SIZE = len(STRATEGIES)
NO_STRATEGY = SIZE
PLACES = {strategy: place for place, strategy in enumerate(STRATEGIES)}
RECENT_TURNS = 4
# Chosen by cross-validation inside the 512 training dialogues; 0.01 to 1 were tried.
WORDS_COST, VECTORS_COST, TEXT_COST = 0.03, 0.01, 1.0
VECTOR_WEIGHT = 5.0  # unit vectors have entries of about 1/20, the course features of about 1


@dataclass(frozen=True)
class Views:
    """What classifiers see of contexts, one row a context.

    Args:
        seeker: the seeker's words since the supporter's last turn; the last ones said where there are none.
        supporter: the supporter's last turn.
        course: numbers on the course of the dialogue, see `course_features`.
        vectors: sentence vectors, or no columns without an encoder.
    """

    seeker: list[str]
    supporter: list[str]
    course: Floats
    vectors: Floats

    def rows(self, places: Integers) -> "Views":
        """Some of the contexts."""
        return Views(
            [self.seeker[place] for place in places],
            [self.supporter[place] for place in places],
            self.course[places],
            self.vectors[places],
        )


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
        self._seeker = _vocabulary(views.seeker)
        self._supporter = _vocabulary(views.supporter)
        self._model = LinearSVC(C=WORDS_COST, class_weight="balanced", max_iter=5000, random_state=0)
        self._model.fit(self._inputs(views), codes)

    def scores(self, views: Views) -> Floats:
        """Margins."""
        return _all_columns(self._model.decision_function(self._inputs(views)), self._model.classes_)

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
        return _all_columns(self._model.predict_log_proba(self._inputs(views)), self._model.classes_)

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
        return _all_columns(np.log(probabilities + 1e-9), self._model.classes_)


class HeldOutScores:
    """What both planners keep of cross-validation over training dialogues, to match shares.

    Attributes:
        held_out_: scores of the training contexts from classifiers that did not see their dialogues.
    """

    held_out_: Floats

    def matched_to(self, contexts: Sequence[StrategyContext]) -> Floats:
        """The shift for contexts drawn in another way, from those of the training contexts that were drawn so.

        Args:
            contexts: training contexts, e.g. the stage sets of the training dialogues, in which Others are rare.
        """
        strangers = [context.id for context in contexts if context.id not in self._places]
        if strangers or not contexts:
            raise BadInput(
                f"the planner was not trained on {strangers[0]!r}" if strangers else "there are no contexts",
                where="matched_to",
                mend="pass some of the training contexts",
            )
        places = np.array([self._places[context.id] for context in contexts])
        return match_shares(self.held_out_[places], shares_of(self._codes[places]))

    def _keep(self, contexts: Sequence[StrategyContext], scores: Floats, codes: Integers) -> None:
        self.held_out_ = scores
        self._places = {context.id: place for place, context in enumerate(contexts)}
        self._codes = codes


class StrategyPlanner(HeldOutScores):
    """The planner: three classifiers and a shift that matches how often each strategy is chosen.

    Args:
        encoder: sentence encoder for the second classifier; None leaves it out.
        folds: parts of the training dialogues for held-out scores.
        match: whether scores are shifted; without it the most probable strategy under balanced classes is taken.

    Attributes:
        shift_: what is added to each strategy's score.

    Example:
        >>> StrategyPlanner().fit(training_contexts).predict(test_contexts)  # doctest: +SKIP
        ['Question', 'Providing Suggestions']
    """

    def __init__(self, encoder: SentenceEncoder | None = None, *, folds: int = 4, match: bool = True) -> None:
        self.encoder = encoder
        self.folds = folds
        self.match = match

    def fit(self, contexts: Sequence[StrategyContext], progress: Progress | None = None) -> "StrategyPlanner":
        """Learn from the contexts of training dialogues.

        Args:
            contexts: supporter turns with their strategies.
            progress: called with (classifiers fitted, all).

        Raises:
            BadInput: fewer dialogues than folds.
        """
        codes = strategy_codes(contexts)
        dialogues = [context.dialogue for context in contexts]
        if len(set(dialogues)) < self.folds:
            raise BadInput(f"{len(set(dialogues))} dialogues for {self.folds} folds", where="planner")
        views = self._views(contexts)
        folds = list(GroupKFold(self.folds).split(codes, groups=dialogues))
        self._members: list[Member] = [WordsMember(), CourseMember(), *([VectorsMember()] if self.encoder else [])]
        self._scales: list[tuple[float, float]] = []
        self._parts: list[Floats] = []
        total = np.zeros((len(codes), SIZE))
        for number, member in enumerate(self._members):
            scores = np.zeros((len(codes), SIZE))
            for kept, left in folds:
                member.fit(views.rows(kept), codes[kept])
                scores[left] = member.scores(views.rows(left))
            self._scales.append((float(scores.mean()), float(scores.std()) or 1.0))
            self._parts.append((scores - self._scales[-1][0]) / self._scales[-1][1])
            total += self._parts[-1]
            member.fit(views, codes)
            if progress is not None:
                progress(number + 1, len(self._members))
        self._keep(contexts, total, codes)
        self.shift_ = match_shares(total, shares_of(codes)) if self.match else np.zeros(SIZE)
        return self

    def without_vectors(self) -> "StrategyPlanner":
        """The fitted planner without its classifier of sentence vectors, for ablation; nothing is fitted again."""
        smaller = StrategyPlanner(None, folds=self.folds, match=self.match)
        kept = [number for number, member in enumerate(self._members) if not isinstance(member, VectorsMember)]
        smaller._members = [self._members[number] for number in kept]
        smaller._scales = [self._scales[number] for number in kept]
        smaller._parts = [self._parts[number] for number in kept]
        smaller.held_out_ = np.sum(smaller._parts, axis=0)
        smaller._places, smaller._codes = self._places, self._codes
        smaller.shift_ = match_shares(smaller.held_out_, shares_of(self._codes)) if self.match else np.zeros(SIZE)
        return smaller

    def scores(self, contexts: Sequence[StrategyContext]) -> Floats:
        """Scores before the shift, shape (contexts, strategies)."""
        views = self._views(contexts)
        total = np.zeros((len(contexts), SIZE))
        for member, (mean, deviation) in zip(self._members, self._scales, strict=True):
            total += (member.scores(views) - mean) / deviation
        return total

    def predict(self, contexts: Sequence[StrategyContext], shift: Floats | None = None) -> list[str]:
        """The strategy of each context; ``shift`` replaces the planner's own, see `matched_to`."""
        if not contexts:
            return []
        places = (self.scores(contexts) + (self.shift_ if shift is None else shift)).argmax(axis=1)
        return [STRATEGIES[place] for place in places]

    def _views(self, contexts: Sequence[StrategyContext]) -> Views:
        return Views(
            [seeker_words(context) for context in contexts],
            [supporter_words(context) for context in contexts],
            np.array([course_features(context) for context in contexts]),
            turn_vectors(contexts, self.encoder) if self.encoder else np.zeros((len(contexts), 0)),
        )


class TextPlanner(HeldOutScores):
    """The light planner that others must beat: TF-IDF, previous strategy and turn index in logistic regression.

    Args:
        match: whether log probabilities are shifted as in `StrategyPlanner` (an ablation; the card's has no shift).
        folds: parts of the training dialogues for that shift.
    """

    def __init__(self, *, match: bool = False, folds: int = 4) -> None:
        self.match = match
        self.folds = folds

    def fit(self, contexts: Sequence[StrategyContext]) -> "TextPlanner":
        """Learn from the contexts of training dialogues."""
        codes = strategy_codes(contexts)
        self.shift_ = np.zeros(SIZE)
        if self.match:
            held_out = np.zeros((len(codes), SIZE))
            groups = [context.dialogue for context in contexts]
            for kept, left in GroupKFold(self.folds).split(codes, groups=groups):
                self._fit([contexts[place] for place in kept], codes[kept])
                held_out[left] = self.scores([contexts[place] for place in left])
            self._keep(contexts, held_out, codes)
            self.shift_ = match_shares(held_out, shares_of(codes))
        self._fit(contexts, codes)
        return self

    def scores(self, contexts: Sequence[StrategyContext]) -> Floats:
        """Log probabilities, shape (contexts, strategies)."""
        return _all_columns(self._model.predict_log_proba(self._inputs(contexts)), self._model.classes_)

    def predict(self, contexts: Sequence[StrategyContext], shift: Floats | None = None) -> list[str]:
        """The strategy of each context; ``shift`` as in `StrategyPlanner.predict`."""
        if not contexts:
            return []
        places = (self.scores(contexts) + (self.shift_ if shift is None else shift)).argmax(axis=1)
        return [STRATEGIES[place] for place in places]

    def _fit(self, contexts: Sequence[StrategyContext], codes: Integers) -> None:
        self._words = _vocabulary([seeker_words(context) for context in contexts])
        self._model = LogisticRegression(C=TEXT_COST, class_weight="balanced", max_iter=300)
        self._model.fit(self._inputs(contexts), codes)

    def _inputs(self, contexts: Sequence[StrategyContext]) -> Any:
        previous = np.zeros((len(contexts), SIZE + 2))
        for row, context in enumerate(contexts):
            previous[row, PLACES.get(context.previous_strategy, NO_STRATEGY)] = 1
            previous[row, -1] = len(context.history) / 30
        return sparse.hstack([self._words.transform([seeker_words(c) for c in contexts]), previous]).tocsr()


# -- features -------------------------------------------------------------------------------------------------------


def strategy_codes(contexts: Sequence[StrategyContext]) -> Integers:
    """Places of the gold strategies in `STRATEGIES`; BadInput for none or an unknown one."""
    if not contexts:
        raise BadInput("there are no contexts", where="planner", mend="pass labeled supporter turns")
    for context in contexts:
        if context.strategy not in PLACES:
            raise BadInput(
                f"unknown strategy {context.strategy!r}", where=context.id, mend=f"legal: {', '.join(STRATEGIES)}"
            )
    return np.array([PLACES[context.strategy] for context in contexts], dtype=np.int64)


def since_supporter(context: StrategyContext) -> list[Utterance]:
    """The seeker's turns after the supporter's last turn; the seeker's last turn where there are none."""
    found: list[Utterance] = []
    for turn in reversed(context.history):
        if turn.speaker == "supporter":
            break
        found.append(turn)
    if not found:
        found = [turn for turn in reversed(context.history) if turn.speaker == "seeker"][:1]
    return found[::-1]


def seeker_words(context: StrategyContext) -> str:
    """What the seeker said last."""
    return " ".join(turn.text for turn in since_supporter(context))


def supporter_words(context: StrategyContext) -> str:
    """The supporter's last turn; empty at the start."""
    return next((turn.text for turn in reversed(context.history) if turn.speaker == "supporter"), "")


def course_features(context: StrategyContext) -> Floats:
    """Numbers on the course of the dialogue, without words: strategies so far, their recency, whose turn it was.

    Returns:
        Shape (86,): last three strategies (one-hot with none), log counts, shares and recency of each strategy,
        how far the dialogue is (steps on a log scale), nine plain numbers, previous strategy × last speaker.
    """
    past = [PLACES[strategy] for strategy in context.past_strategies]
    counts = np.bincount(past, minlength=SIZE).astype(float)
    recency = np.zeros(SIZE)
    for place, strategy in enumerate(past):
        recency[strategy] = 1 / (len(past) - place)
    last = context.history[-1].speaker if context.history else ""
    running = 0
    for turn in reversed(context.history):
        if turn.speaker != "supporter":
            break
        running += 1
    seeker, supporter = seeker_words(context), supporter_words(context)
    plain = [
        last == "supporter",
        last == "",
        min(running, 3),
        "?" in seeker,
        np.log1p(len(seeker.split())),
        "?" in supporter,
        np.log1p(len(supporter.split())),
        len(past) / 20,
        np.log1p(len(context.history)),
    ]
    previous = past[-1] if past else NO_STRATEGY
    return np.concatenate(
        [
            *(_one_hot(past[-back] if len(past) >= back else NO_STRATEGY, SIZE + 1) for back in (1, 2, 3)),
            np.log1p(counts),
            counts / max(1, len(past)),
            recency,
            _one_hot(min(7, int(2 * np.log2(len(past) + 1))), 8),
            np.array(plain, dtype=float),
            _one_hot(previous + (SIZE + 1) * (last == "supporter"), 2 * (SIZE + 1)),
        ]
    )


def turn_vectors(contexts: Sequence[StrategyContext], encoder: SentenceEncoder) -> Floats:
    """Mean sentence vectors of the seeker's last words, the supporter's last turn and the last four turns.

    Every distinct turn is encoded once, so overlapping histories cost nothing.

    Returns:
        Shape (contexts, 3 × dimension); zeros where there is no such turn.
    """
    groups = []
    for context in contexts:
        spoken = [turn.text for turn in context.history if turn.speaker == "supporter"][-1:]
        recent = [turn.text for turn in context.history[-RECENT_TURNS:]]
        groups.append(([turn.text for turn in since_supporter(context)], spoken, recent))
    texts = sorted({text for group in groups for part in group for text in part if text.strip()})
    place = {text: number for number, text in enumerate(texts)}
    encoded = encoder.encode(texts) if texts else np.zeros((0, encoder.dimension))
    found = np.zeros((len(contexts), 3, encoder.dimension))
    for row, group in enumerate(groups):
        for column, part in enumerate(group):
            rows = [place[text] for text in part if text in place]
            if rows:
                found[row, column] = encoded[rows].mean(axis=0)
    return found.reshape(len(contexts), -1)


# -- matching -------------------------------------------------------------------------------------------------------


def shares_of(codes: Integers) -> Floats:
    """How often each strategy occurs, shape (strategies,), summing to 1."""
    return np.bincount(codes, minlength=SIZE) / len(codes)


def match_shares(scores: Floats, shares: Floats, *, rounds: int = 300) -> Floats:
    """Shifts that make the best-scored column come out as often as wanted.

    A damped multiplicative update: each round lowers the shift of columns chosen too often and raises the others.

    Args:
        scores: shape (items, columns).
        shares: wanted share of each column, shape (columns,).
        rounds: of the update; its step shrinks by 3 % a round.

    Returns:
        Shape (columns,), mean 0.
    """
    smallest = 0.5 / len(scores)
    spread = float(scores.std()) or 1.0
    shift = np.zeros(scores.shape[1])
    for number in range(rounds):
        chosen = np.bincount((scores + shift).argmax(axis=1), minlength=len(shift)) / len(scores)
        gap = np.log(np.maximum(chosen, smallest)) - np.log(np.maximum(shares, smallest))
        shift -= 0.3 * spread * 0.97**number * gap
    return np.asarray(shift - shift.mean())


def _vocabulary(texts: list[str]) -> TfidfVectorizer:
    minimum = 2 if len(texts) > 50 else 1
    try:
        return TfidfVectorizer(sublinear_tf=True, min_df=minimum, ngram_range=(1, 2)).fit(texts)
    except ValueError:
        raise BadInput("the training turns leave no word", where="planner", mend="check the texts") from None


def _one_hot(place: int, size: int) -> Floats:
    found = np.zeros(size)
    found[place] = 1
    return found


def _all_columns(scores: Any, classes: Any) -> Floats:
    """Scores of the seen classes in columns of all strategies; strategies never seen get the lowest score."""
    values = np.asarray(scores, dtype=float)
    if values.ndim == 1:  # two classes: one margin
        values = np.column_stack([-values, values])
    found = np.full((len(values), SIZE), values.min(initial=0.0) - 1.0)
    found[:, np.asarray(classes, dtype=np.int64)] = values
    return found
