"""Rating by a language model: the arms of the card, from zero-shot to contrast pairs.

The model never writes a rating: the words none, weak and strong are scored as the next word of the prompt. Prompts are
ours [inferred: the paper's are not on record] and raw text, as small models follow examples better than instructions.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import log_softmax, softmax

from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, LanguageModel
from thymos.respond.coach.examples import LEVELS, Draft, Example, ExampleBank, Floats
from thymos.respond.coach.seed_set import Rubric

ARMS = ("zero-shot", "rubric", "reasoning", "random", "kNN", "contrast")
OPTIONS = tuple(f" {level}" for level in LEVELS)
RANDOM_SETS = 3
CONTEXT_WORDS, DRAFT_WORDS = 24, 48
REASON = GenerationSettings(max_new_tokens=24, stop=("\n",))


class LanguageModelRater:
    """A language model as rater of one skill.

    Args:
        model: any that can score options.
        rubric: of the skill.
        bank: where demonstrations come from; not needed for the first three arms.
        arm: ``"zero-shot"`` (the goal of the skill only), ``"rubric"`` (the levels told apart), ``"reasoning"``
            (rubric, and the model writes a sentence before it rates), ``"random"`` (rubric and k random examples of
            each level), ``"kNN"`` (rubric and the k nearest of each level), ``"contrast"`` (rubric, k pairs of weak and
            strong and k of none and strong).
        k: how many of each level, or pairs of each kind.
        seed: of the random demonstrations; one of three fixed sets serves each draft, so prompts begin alike.
        words: most words of a context and of a draft; longer ones are cut.

    Attributes:
        prior: mean log shares of the levels on other drafts, subtracted from each answer; see ``fit_prior``.
    """

    def __init__(
        self,
        model: LanguageModel,
        rubric: Rubric,
        bank: ExampleBank | None = None,
        *,
        arm: str = "rubric",
        k: int = 1,
        seed: int = 0,
        words: tuple[int, int] = (CONTEXT_WORDS, DRAFT_WORDS),
    ) -> None:
        if arm not in ARMS:
            raise BadInput(f"unknown arm {arm!r}", mend=f"use one of {', '.join(ARMS)}")
        if arm in ARMS[3:] and bank is None:
            raise BadInput(f"the arm {arm!r} needs examples", mend="pass a bank")
        self.model, self.rubric, self.bank, self.arm, self.k, self.seed = model, rubric, bank, arm, k, seed
        self.words = words
        self.name = f"language model, {arm}"
        self.prior = np.zeros(len(LEVELS))

    def shares(self, drafts: Sequence[Draft], progress: Callable[[int, int], None] | None = None) -> Floats:
        """Probabilities of the levels; see ``scores``."""
        return np.asarray(softmax(self.scores(drafts, progress) - self.prior, axis=1))

    def scores(self, drafts: Sequence[Draft], progress: Callable[[int, int], None] | None = None) -> Floats:
        """Log shares of the three options after the prompt, shape (drafts, 3), before any prior is subtracted."""
        if not len(drafts):
            return np.zeros((0, len(LEVELS)))
        prompts = self.prompts(drafts)
        found = self.model.score_batch(prompts, [OPTIONS] * len(prompts), normalize="none", progress=progress)
        return np.asarray(log_softmax(np.stack(found), axis=1))

    def fit_prior(self, drafts: Sequence[Draft], progress: Callable[[int, int], None] | None = None) -> None:
        """Learn what the model says on average whatever it reads; from drafts of development data, no labels."""
        self.prior = self.scores(drafts, progress).mean(axis=0)

    def prompts(self, drafts: Sequence[Draft]) -> list[str]:
        """The prompt of each draft; for the arm ``"reasoning"`` with the reason that the model wrote."""
        head = head_of(self.rubric, with_levels=self.arm != "zero-shot")
        starts = [head + self._shown(draft, row) + block(draft, self.words) for row, draft in enumerate(drafts)]
        if self.arm == "reasoning":
            asked = [f"{start}Reason:" for start in starts]
            reasons = [reply.text.strip() for reply in self.model.generate(asked, REASON)]
            starts = [f"{start} {' '.join(reason.split())}\n" for start, reason in zip(asked, reasons, strict=True)]
        return [f"{start}Rating:" for start in starts]

    def _shown(self, draft: Draft, row: int) -> str:
        if self.bank is None or self.arm not in ARMS[3:]:
            return ""
        if self.arm == "random":
            return "".join(self._rated(one) for one in self.random_set(draft, row % RANDOM_SETS))
        if self.arm == "kNN":
            return "".join(self._rated(one) for one in self.bank.nearest_of_each(draft, self.k))
        pairs = self.bank.contrasts(draft, self.k)
        return "".join(self._rated(pair.worse) + self._rated(pair.better, better=True) for pair in pairs)

    def _rated(self, example: Example, *, better: bool = False) -> str:
        return rated_block(example, better=better, words=self.words)

    def random_set(self, draft: Draft, number: int) -> list[Example]:
        """k random examples of each level that the draft may see; the same for most drafts."""
        assert self.bank is not None
        order = np.random.default_rng([self.seed, number]).permutation(len(self.bank.examples))
        usable = self.bank.usable(draft)
        chosen = []
        for code in range(len(LEVELS)):
            own = [place for place in order if self.bank.codes[place] == code and usable[place]]
            chosen += [self.bank.examples[place] for place in own[: self.k]]
        return chosen


def head_of(rubric: Rubric, *, with_levels: bool) -> str:
    """The beginning of every prompt of a skill."""
    lines = [f"Task: rate how well an answer shows the skill: {rubric.title}. {rubric.goal}"]
    if with_levels:
        lines += [f"{level}: {rubric.levels[level]}" for level in LEVELS]
    else:
        lines.append(f"The rating is {', '.join(LEVELS[:-1])} or {LEVELS[-1]}.")
    return "\n".join(lines) + "\n\n"


def block(draft: Draft, words: tuple[int, int] = (CONTEXT_WORDS, DRAFT_WORDS)) -> str:
    """A draft as it stands in a prompt; long texts are cut after some words."""
    context = f"Situation: {shortened(draft.context, words[0])}\n" if draft.context else ""
    return f"{context}Answer: {shortened(draft.text, words[1])}\n"


def rated_block(
    example: Example, *, better: bool = False, words: tuple[int, int] = (CONTEXT_WORDS, DRAFT_WORDS)
) -> str:
    """A demonstration: draft, reason where there is one, and rating."""
    told = block(example, words)
    if better:
        told = told.replace("Answer:", "A better answer:", 1)
    reason = f"Reason: {example.reason}\n" if example.reason else ""
    return f"{told}{reason}Rating: {example.level}\n\n"


def shortened(text: str, most: int) -> str:
    """At most so many words, in one line.

    Example:
        >>> shortened("one two\\nthree", 2)
        'one two ...'
    """
    words = text.split()
    return " ".join(words) if len(words) <= most else f"{' '.join(words[:most])} ..."
