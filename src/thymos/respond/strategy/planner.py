"""Planners: classifiers that choose the next support strategy, so that a language model only writes the reply.

Which strategy comes next is hardly in the seeker's words: the course of the dialogue tells as much. The planner adds
three classifiers (words, sentence vectors, course) and then shifts each strategy's score until, on training dialogues
that the scores have not seen, it is chosen as often as the supporters chose it. The shift is what lowers the
preference bias: classifiers with balanced class weights alone overrate rare strategies.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.language.model import Progress
from thymos.respond.strategy.contexts import STRATEGIES, StrategyContext
from thymos.respond.strategy.features import (
    NO_STRATEGY,
    PLACES,
    SIZE,
    Floats,
    Integers,
    Views,
    course_features,
    seeker_words,
    strategy_codes,
    supporter_words,
    turn_vectors,
)
from thymos.respond.strategy.matching import match_shares, shares_of
from thymos.respond.strategy.members import CourseMember, Member, VectorsMember, WordsMember, all_columns, vocabulary

TEXT_COST = 1.0  # chosen by cross-validation inside the training dialogues


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
        return all_columns(self._model.predict_log_proba(self._inputs(contexts)), self._model.classes_)

    def predict(self, contexts: Sequence[StrategyContext], shift: Floats | None = None) -> list[str]:
        """The strategy of each context; ``shift`` as in `StrategyPlanner.predict`."""
        if not contexts:
            return []
        places = (self.scores(contexts) + (self.shift_ if shift is None else shift)).argmax(axis=1)
        return [STRATEGIES[place] for place in places]

    def _fit(self, contexts: Sequence[StrategyContext], codes: Integers) -> None:
        self._words = vocabulary([seeker_words(context) for context in contexts])
        self._model = LogisticRegression(C=TEXT_COST, class_weight="balanced", max_iter=300)
        self._model.fit(self._inputs(contexts), codes)

    def _inputs(self, contexts: Sequence[StrategyContext]) -> Any:
        previous = np.zeros((len(contexts), SIZE + 2))
        for row, context in enumerate(contexts):
            previous[row, PLACES.get(context.previous_strategy, NO_STRATEGY)] = 1
            previous[row, -1] = len(context.history) / 30
        return sparse.hstack([self._words.transform([seeker_words(c) for c in contexts]), previous]).tocsr()
