"""Rated examples of skills, and how those near to a draft are found.

A draft never retrieves itself, another text of its own group (a seeker post, a situation), a text with the same
context, or a text that is word for word its own: what is retrieved must not give the answer away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder

LEVELS = ("none", "weak", "strong")
NONE, WEAK, STRONG = LEVELS
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Draft:
    """A text to be rated.

    Args:
        text: what somebody wants to say.
        context: what it answers to (a seeker post), or the situation; may be empty.
        group: nothing of the same group is retrieved; empty where it belongs to none.
    """

    text: str
    context: str = ""
    group: str = ""


@dataclass(frozen=True)
class Example(Draft):
    """A rated text.

    Args:
        level: ``"none"``, ``"weak"`` or ``"strong"``.
        pair: versions of one utterance share it; empty where there is one version only.
        reason: why it has this level; may be empty.
    """

    level: str = NONE
    pair: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise BadInput(f"unknown level {self.level!r}", where="example", mend=f"use one of {', '.join(LEVELS)}")
        if not self.text.strip():
            raise BadInput("the text is empty", where="example")


class Contrast(NamedTuple):
    """Two examples that differ in their level: what makes the one strong can be seen.

    Args:
        worse: weak or none.
        better: strong; another version of the same utterance where there is one, else the nearest strong example.
    """

    worse: Example
    better: Example


def plain(text: str) -> str:
    """A text without case, punctuation and repeated blanks, for comparing.

    Example:
        >>> plain("  I can't,  really! ")
        "i can't really"
    """
    kept = "".join(letter if letter.isalnum() or letter == "'" else " " for letter in text.casefold())
    return " ".join(kept.split())


class ExampleBank:
    """Examples of one skill with their sentence vectors.

    Args:
        examples: at least one of each level.
        encoder: of sentences; the vectors of the examples' texts are computed once.

    Raises:
        BadInput: a level without an example.
    """

    def __init__(self, examples: Sequence[Example], encoder: SentenceEncoder) -> None:
        self.examples = list(examples)
        self.encoder = encoder
        self.codes = codes_of(self.examples)
        missing = [level for code, level in enumerate(LEVELS) if not (self.codes == code).any()]
        if missing:
            raise BadInput(f"no example is {missing[0]}", where="examples", mend="give at least one of each level")
        self.vectors: Floats = np.asarray(encoder.encode([one.text for one in self.examples]), dtype=np.float64)
        self._texts = [plain(one.text) for one in self.examples]
        self._contexts = [plain(one.context) for one in self.examples]

    def usable(self, draft: Draft) -> npt.NDArray[np.bool_]:
        """Which examples a draft may see."""
        text, context = plain(draft.text), plain(draft.context)
        return np.array(
            [
                not ((draft.group and draft.group == one.group) or text == own or (context and context == other))
                for one, own, other in zip(self.examples, self._texts, self._contexts, strict=True)
            ],
            dtype=bool,
        )

    def similarities(self, drafts: Sequence[Draft]) -> Floats:
        """Cosines between drafts and examples, shape (drafts, examples); minus infinity where it must not be seen."""
        vectors = np.asarray(self.encoder.encode([draft.text for draft in drafts]), dtype=np.float64)
        found = vectors @ self.vectors.T
        for row, draft in enumerate(drafts):
            found[row, ~self.usable(draft)] = -np.inf
        return found

    def nearest(self, draft: Draft, k: int, levels: Sequence[str] = LEVELS) -> list[Example]:
        """The k nearest usable examples of some levels, the nearest first; fewer where there are no more."""
        return [self.examples[place] for place in self._places(self.similarities([draft])[0], k, levels)]

    def nearest_of_each(self, draft: Draft, k: int) -> list[Example]:
        """The k nearest of each level: none first, strong last."""
        row = self.similarities([draft])[0]
        return [self.examples[place] for level in LEVELS for place in self._places(row, k, (level,))]

    def contrasts(self, draft: Draft, k: int, levels: Sequence[str] = (WEAK, NONE)) -> list[Contrast]:
        """For the k nearest examples of each of these levels, the strong one that belongs to it.

        The strong version of the same utterance where the bank has it; else, as in corpora without rewrites, the
        strong example nearest to the worse one that the draft may see.
        """
        row = self.similarities([draft])[0]
        usable = np.isfinite(row)
        found = []
        for level in levels:
            for place in self._places(row, k, (level,)):
                better = self._better(place, usable)
                if better is not None:
                    found.append(Contrast(self.examples[place], self.examples[better]))
        return found

    def _better(self, place: int, usable: npt.NDArray[np.bool_]) -> int | None:
        worse = self.examples[place]
        strong = np.flatnonzero((self.codes == LEVELS.index(STRONG)) & usable)
        if not len(strong):
            return None
        versions = [one for one in strong if worse.pair and self.examples[one].pair == worse.pair]
        if versions:
            return int(versions[0])
        return int(strong[np.argmax(self.vectors[strong] @ self.vectors[place])])

    def _places(self, row: Floats, k: int, levels: Sequence[str]) -> list[int]:
        if k < 1:
            raise BadInput(f"k is {k}", where="retrieval", mend="use at least 1")
        wanted = np.isin(self.codes, [LEVELS.index(level) for level in levels]) & np.isfinite(row)
        order = np.argsort(-np.where(wanted, row, -np.inf), kind="stable")[: min(k, int(wanted.sum()))]
        return [int(place) for place in order]


def codes_of(examples: Sequence[Example]) -> Codes:
    """0 none, 1 weak, 2 strong."""
    return np.array([LEVELS.index(one.level) for one in examples], dtype=np.int64)
