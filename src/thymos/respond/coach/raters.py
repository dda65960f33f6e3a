"""Raters of a skill that need no language model: from drafts to probabilities of none, weak and strong."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight

from thymos.errors import BadInput
from thymos.respond.coach.cues import cue_values, found_cues
from thymos.respond.coach.examples import LEVELS, Codes, Draft, Example, ExampleBank, Floats, codes_of

HEADS = ("logistic", "ordinal")
VOTES = ("near", "levels")


class LevelRater(Protocol):
    """Anything that rates a skill.

    Attributes:
        name: for tables.
    """

    name: str

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """Probabilities of none, weak and strong, shape (drafts, 3); rows sum to 1."""
        ...


class MajorityRater:
    """The shares of the levels among the examples, whatever the draft says."""

    name = "majority"

    def __init__(self, examples: Sequence[Example]) -> None:
        counts = np.bincount(codes_of(examples), minlength=len(LEVELS)).astype(float)
        self._shares = counts / counts.sum()

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """The same row for every draft."""
        return np.tile(self._shares, (len(drafts), 1))


class NeighborVoteRater:
    """Votes of the nearest examples.

    Args:
        bank: of the skill.
        k: how many; with ``votes="levels"`` of each level.
        votes: ``"near"``: the k nearest of all vote, each with its cosine (frequent levels are near more often);
            ``"levels"``: each level has the mean cosine of its k nearest, so that rare levels are heard.
        temperature: of the softmax over levels.
    """

    def __init__(self, bank: ExampleBank, *, k: int = 5, votes: str = "near", temperature: float = 0.05) -> None:
        if votes not in VOTES or k < 1 or not temperature > 0:
            raise BadInput(f"votes {votes!r}, k {k}, temperature {temperature}", mend=f"votes: {', '.join(VOTES)}")
        self.bank, self.k, self.votes, self.temperature = bank, k, votes, temperature
        self.name = f"kNN vote, {votes}, k={k}"

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """Votes as shares; equal ones where nothing may be seen."""
        found = np.full((len(drafts), len(LEVELS)), 1 / len(LEVELS))
        for row, cosines in enumerate(self.bank.similarities(drafts)):
            seen = np.isfinite(cosines)
            if not seen.any():
                continue
            if self.votes == "near":
                order = np.argsort(-cosines, kind="stable")[: min(self.k, int(seen.sum()))]
                weights = np.maximum(cosines[order], 1e-6)
                votes = np.bincount(self.bank.codes[order], weights=weights, minlength=len(LEVELS))
                found[row] = votes / votes.sum()
                continue
            means = np.full(len(LEVELS), -1.0)
            for code in range(len(LEVELS)):
                own = np.sort(cosines[seen & (self.bank.codes == code)])[::-1][: self.k]
                if len(own):
                    means[code] = own.mean()
            found[row] = softmax(means / self.temperature)
        return found


class VectorRater:
    """A linear head on sentence vectors.

    Args:
        bank: what it learns from.
        head: ``"logistic"`` (three classes) or ``"ordinal"`` (two cumulative questions: at least weak? strong?).
        cost: inverse of the penalty.
        balanced: weigh levels by the inverse of their frequency.
        cues: skill whose cue words are counted beside the vector, see ``cue_values``; "" for none.
        context: also read the vector of the context.
        extra: further examples that are learned from and never retrieved.
        extra_weight: how much each of these counts; an example of the bank counts 1 on average.
    """

    def __init__(
        self,
        bank: ExampleBank,
        *,
        head: str = "logistic",
        cost: float = 1.0,
        balanced: bool = True,
        cues: str = "",
        context: bool = False,
        extra: Sequence[Example] = (),
        extra_weight: float = 0.1,
    ) -> None:
        if head not in HEADS:
            raise BadInput(f"unknown head {head!r}", mend=f"use one of {', '.join(HEADS)}")
        self.bank, self.head, self.cues, self.context = bank, head, cues, context
        self.name = f"sentence vectors, {head}{', cues' if cues else ''}{', context' if context else ''}, C={cost:g}"
        inputs = self._inputs([*bank.examples, *extra])
        codes = np.concatenate([bank.codes, codes_of(extra)])

        def fitted(labels: Codes) -> LogisticRegression:
            own = labels[: len(bank.codes)]
            factors = compute_sample_weight("balanced", own) if balanced else np.ones(len(own))
            weights = np.concatenate([factors, np.full(len(extra), extra_weight)])
            return LogisticRegression(C=cost, max_iter=2000).fit(inputs, labels, sample_weight=weights)

        self._models = (
            [fitted(codes)]
            if head == "logistic"
            else [fitted((codes >= code).astype(np.int64)) for code in range(1, len(LEVELS))]
        )

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """Probabilities of the head."""
        inputs = self._inputs(drafts)
        if self.head == "logistic":
            return np.asarray(self._models[0].predict_proba(inputs), dtype=float)
        return cumulative_shares(np.column_stack([model.predict_proba(inputs)[:, 1] for model in self._models]))

    def _inputs(self, drafts: Sequence[Draft]) -> Floats:
        # Vectors have length 1: times 10 brings their numbers to the size of the cue counts.
        parts = [10 * np.asarray(self.bank.encoder.encode([one.text for one in drafts]), dtype=np.float64)]
        if self.context:
            parts.append(10 * np.asarray(self.bank.encoder.encode([one.context for one in drafts]), dtype=np.float64))
        if self.cues:
            parts.append(np.array([cue_values(one.text, self.cues) for one in drafts], dtype=np.float64))
        return np.hstack(parts)


class SmallTalkRater:
    """A rater of a skill that knows small talk: no skill is in "Hello", whatever a head on vectors makes of it.

    Teaching the head small talk as further examples of none cost more on real drafts than it gave; so a draft counts as
    small talk where it has none of the skill's good cues and is nearer to a line of small talk than to any example.

    Args:
        inner: rates what is no small talk.
        bank: of the skill.
        lines: of small talk.
        skill: whose cues are looked for.
    """

    def __init__(self, inner: LevelRater, bank: ExampleBank, lines: Sequence[Example], skill: str) -> None:
        self.inner, self.bank, self.skill = inner, bank, skill
        self.name = inner.name
        self._lines = np.asarray(bank.encoder.encode([one.text for one in lines]), dtype=np.float64)

    def is_small_talk(self, draft: Draft) -> bool:
        """Whether nothing of the skill can be in the draft."""
        if any(cue.good for cue in found_cues(draft.text, self.skill)):
            return False
        vector = np.asarray(self.bank.encoder.encode([draft.text]), dtype=np.float64)[0]
        return bool((self._lines @ vector).max() > (self.bank.vectors @ vector).max())

    def shares(self, drafts: Sequence[Draft]) -> Floats:
        """Those of the inner rater; small talk is none, with a tenth of what the inner rater says."""
        found = self.inner.shares(drafts)
        for row, draft in enumerate(drafts):
            if self.is_small_talk(draft):
                found[row] = 0.1 * found[row] + 0.9 * np.eye(len(LEVELS))[0]
        return found


def cumulative_shares(reached: Floats) -> Floats:
    """From "at least weak" and "strong" to the shares of the three levels.

    Args:
        reached: shape (drafts, 2), in 0..1; where strong is more probable than at least weak, the smaller one counts
            for both.

    Example:
        >>> cumulative_shares(np.array([[0.8, 0.5]])).round(2).tolist()
        [[0.2, 0.3, 0.5]]
    """
    reached = np.clip(np.asarray(reached, dtype=float), 0.0, 1.0)
    if reached.ndim != 2 or reached.shape[1] != len(LEVELS) - 1:
        raise BadInput(f"shape {reached.shape}", where="cumulative probabilities", mend="pass (drafts, 2)")
    top = np.minimum(reached[:, 0], reached[:, 1])
    return np.column_stack([1 - reached[:, 0], reached[:, 0] - top, top])
