"""A stronger trained rater: an encoder tuned on pairs of context and draft, all skills in one training.

Each skill has two cumulative questions (at least weak? strong?), so that one encoder with two outputs a skill is an
ordinal rater of all skills. Only the draft's own tokens are pooled; it attends to its context.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.special import expit

from thymos.errors import BadInput
from thymos.measure.registry import score_function
from thymos.perceive.dialogue.context import Turn, encode_turns
from thymos.perceive.text_attention import emotions_encoder
from thymos.perceive.text_tuning import TuningSettings
from thymos.perceive.tuned_encoder import TunedEncoder
from thymos.respond.coach.examples import LEVELS, Codes, Draft, Floats
from thymos.respond.coach.raters import cumulative_shares

QUESTIONS = len(LEVELS) - 1


class TunedPairRater:
    """One encoder for several skills.

    Args:
        skills: their names, in the order of the outputs.
        encoder: a folder, ``"hf:org/name"``, ``"minilm"`` or ``"multilingual-e5"``.
        start: ``"emotions"`` begins with the weights of the recognizer of 28 emotions that ships; ``""`` plain.
        max_tokens: of context and draft together; the context loses its beginning first.
        epochs: passes; the best mean macro F1 on development drafts is kept.
        learning_rate: of the encoder.
        precision: ``"float32"`` or ``"bfloat16"``.
        checkpoints: folder where a finished training is kept; empty keeps none.
        seed: of the head and the order.

    Attributes:
        development_: mean macro F1 over the skills after each pass.
        offsets_: added to the logits of each skill's levels before the largest one is taken, chosen on development
            drafts; shape (skills, 3). Probabilities do not have them.
    """

    def __init__(
        self,
        skills: Sequence[str],
        *,
        encoder: str = "minilm",
        start: str = "emotions",
        max_tokens: int = 160,
        epochs: int = 5,
        learning_rate: float = 1e-4,
        precision: str = "bfloat16",
        checkpoints: str = "",
        seed: int = 0,
    ) -> None:
        if not skills:
            raise BadInput("there is no skill", where="tuned rater")
        self.skills = tuple(skills)
        self.encoder, self.start, self.max_tokens = encoder, start, max_tokens
        self.epochs, self.learning_rate, self.precision = epochs, learning_rate, precision
        self.checkpoints, self.seed = checkpoints, seed
        self.name = f"tuned {encoder}, pairs"

    def fit(
        self,
        train: tuple[Sequence[Draft], Mapping[str, Codes]],
        development: tuple[Sequence[Draft], Mapping[str, Codes]],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> "TunedPairRater":
        """Learn.

        Args:
            train: drafts, and the codes of each skill (0 none, 1 weak, 2 strong).
            development: others, which choose the pass and the offsets.
            progress: called with (steps done, steps in all).
        """
        settings = TuningSettings(
            objective="several",
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            precision=self.precision,
            seed=self.seed,
        )
        tuned = TunedEncoder(self.encoder, QUESTIONS * len(self.skills), settings, pooling="attention")
        if self.start:
            tuned.model.encoder.load_state_dict(emotions_encoder(self.encoder).state_dict())
        self.encoder_ = tuned
        found = tuned.tune(
            (self._encoded(train[0]), self._targets(train[1])),
            (self._encoded(development[0]), self._targets(development[1])),
            score=self._score,
            checkpoints=self.checkpoints or None,
            progress=progress,
        )
        self.development_ = found.development
        self.development_shares_ = self._all_shares(found.logits)
        self.offsets_ = np.array(
            [best_offsets(self.development_shares_[skill], np.asarray(development[1][skill])) for skill in self.skills]
        )
        return self

    def all_shares(self, drafts: Sequence[Draft]) -> dict[str, Floats]:
        """Probabilities of the levels for each skill, shape (drafts, 3)."""
        return self._all_shares(self.encoder_.logits(self._encoded(drafts)))

    def chosen(self, skill: str, shares: Floats) -> Codes:
        """The level of each draft, with the skill's offsets."""
        return with_offsets(shares, self.offsets_[self.skills.index(skill)])

    def _all_shares(self, logits: Floats) -> dict[str, Floats]:
        reached = expit(logits)
        return {
            skill: cumulative_shares(reached[:, QUESTIONS * place : QUESTIONS * (place + 1)])
            for place, skill in enumerate(self.skills)
        }

    def _score(self, logits: Floats, targets: Floats) -> float:
        macro_f1 = score_function("macro_f1")
        shares = self._all_shares(logits)
        scores = []
        for place, skill in enumerate(self.skills):
            gold = targets[:, QUESTIONS * place : QUESTIONS * (place + 1)].sum(axis=1).astype(np.int64)
            scores.append(float(macro_f1(gold, shares[skill].argmax(axis=1))))
        return float(np.mean(scores))

    def _encoded(self, drafts: Sequence[Draft]) -> list:
        turns = [[*([Turn("", one.context)] if one.context else []), Turn("", one.text)] for one in drafts]
        return encode_turns(self.encoder_.tokenizer, turns, max_tokens=self.max_tokens, speakers="none")

    def _targets(self, codes: Mapping[str, Codes]) -> Floats:
        return np.column_stack(
            [
                (np.asarray(codes[skill]) >= code).astype(float)
                for skill in self.skills
                for code in range(1, len(LEVELS))
            ]
        )


GRID = np.round(np.arange(-2.0, 2.01, 0.25), 2)


def with_offsets(shares: Floats, offsets: Floats) -> Codes:
    """The level with the largest log share plus offset."""
    return np.asarray((np.log(np.maximum(shares, 1e-9)) + offsets).argmax(axis=1), dtype=np.int64)


def best_offsets(shares: Floats, codes: Codes) -> Floats:
    """Offsets of weak and strong with the best macro F1 on development drafts; the smallest of equals.

    Example:
        >>> best_offsets(np.array([[0.6, 0.4, 0.0], [0.9, 0.1, 0.0]]), np.array([1, 0])).tolist()
        [0.0, 0.5, 0.0]
    """
    macro_f1 = score_function("macro_f1")
    best, found = -np.inf, np.zeros(len(LEVELS))
    tried = sorted(((weak, strong) for weak in GRID for strong in GRID), key=lambda pair: np.hypot(*pair))
    for weak, strong in tried:
        offsets = np.array([0.0, weak, strong])
        score = float(macro_f1(codes, with_offsets(shares, offsets)))
        if score > best + 1e-9:
            best, found = score, offsets
    return found
