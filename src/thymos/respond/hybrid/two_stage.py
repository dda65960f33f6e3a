"""Two stages: first the emotions that a small model finds likely, and only then the others.

Answers are never generated: each label is scored by the mean log-likelihood of its tokens after the prompt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.language.model import LanguageModel
from thymos.perceive.recognizer import Codes, Floats
from thymos.respond.hybrid.prompts import NONE, emotion_prompt

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TwoStage:
    """Scores of both stages for each text; higher is better.

    Args:
        first: shape (texts, candidates): mean log-likelihood of each candidate.
        none: shape (texts,): of the answer "none of these".
        candidates: shape (texts, candidates): places of the classes.
        second: shape (texts, classes): of the other classes, minus infinity for candidates.
    """

    first: Floats
    none: Floats
    candidates: Codes
    second: Floats

    def chosen(self, threshold: float | None = None) -> Codes:
        """The class of each text.

        Args:
            threshold: the second stage is asked when the best candidate is below it; None: when "none of these" wins.
        """
        best = self.first.max(axis=1)
        on = best < self.none if threshold is None else best < threshold
        own = self.candidates[np.arange(len(best)), self.first.argmax(axis=1)]
        chosen: Codes = np.where(on, self.second.argmax(axis=1), own).astype(np.int64)
        return chosen

    def fitted_threshold(self, gold: npt.ArrayLike) -> float:
        """The threshold with the best accuracy on these texts; the lowest of equals, so the first stage is trusted."""
        best = self.first.max(axis=1)
        tried = [-np.inf, *np.unique(best)]
        reached = [float(np.mean(self.chosen(threshold) == np.asarray(gold))) for threshold in tried]
        return float(tried[int(np.argmax(reached))])


def label_scores(
    model: LanguageModel,
    texts: Sequence[str],
    labels: Sequence[Sequence[str]],
    *,
    words: Sequence[Sequence[str]] = (),
    progress: Progress | None = None,
) -> list[Floats]:
    """Mean log-likelihood of the tokens of each text's own labels, in nats.

    Args:
        model: any that can score.
        texts: what speakers said.
        labels: for each text the labels that it is asked about.
        words: for each text the words to look at; empty leaves them out.
        progress: called with (texts done, texts in all).
    """
    hints = words or [()] * len(texts)
    if not len(texts) == len(labels) == len(hints):
        raise BadInput(f"{len(texts)} texts, {len(labels)} lists of labels, {len(hints)} of words", where="texts")
    prompts = [emotion_prompt(text, own, hint) for text, own, hint in zip(texts, labels, hints, strict=True)]
    return model.score_batch(prompts, labels, normalize="tokens", progress=progress)


def two_stage_scores(
    model: LanguageModel,
    texts: Sequence[str],
    candidates: npt.ArrayLike,
    classes: Sequence[str],
    *,
    words: Sequence[Sequence[str]] = (),
    progress: Progress | None = None,
) -> TwoStage:
    """Ask about the candidates, and about all others.

    Args:
        model: any that can score.
        texts: what speakers said.
        candidates: shape (texts, k): places of the classes that a small model finds likely, 1 <= k < classes.
        classes: names of the emotions.
        words: for each text the words to look at.
        progress: called with (texts done, texts in all) in each stage.
    """
    places: npt.NDArray[Any] = np.asarray(candidates)
    count = len(classes)
    if places.ndim != 2 or len(places) != len(texts) or not 1 <= places.shape[1] < count:
        raise BadInput(f"candidates of shape {places.shape} for {len(texts)} texts and {count} classes", where="stages")
    if places.dtype.kind not in "iu" or places.min() < 0 or places.max() >= count:
        raise BadInput("a candidate is no place of a class", where="stages")
    if any(len(set(row)) < len(row) for row in places.tolist()):
        raise BadInput("a candidate stands twice", where="stages")
    others = [[place for place in range(count) if place not in set(row)] for row in places.tolist()]
    asked = [[*(classes[place] for place in row), NONE] for row in places.tolist()]
    first = np.stack(label_scores(model, texts, asked, words=words, progress=progress))
    rest = label_scores(model, texts, [[classes[p] for p in row] for row in others], words=words, progress=progress)
    second = np.full((len(texts), count), -np.inf)
    for row, own in enumerate(others):
        second[row, own] = rest[row]
    return TwoStage(first[:, :-1], first[:, -1], places.astype(np.int64), second)
