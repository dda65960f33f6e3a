"""Three mechanisms of empathy as skills: the rating engine over the user's own copy of EPITOME."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from thymos.corpora.corpus import Corpus
from thymos.corpora.split import Split
from thymos.errors import BadInput
from thymos.language.encoders import SentenceEncoder
from thymos.respond.coach.examples import LEVELS, Draft, Example, ExampleBank
from thymos.respond.coach.raters import VectorRater

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
SHARES = {"train": 0.65, "dev": 0.15, "test": 0.2}


@dataclass(frozen=True)
class RatedPairs:
    """One part of the corpus.

    Args:
        items: of the corpus.
        examples: by mechanism, in the order of the items; the group is the seeker post.
    """

    items: pd.DataFrame
    examples: Mapping[str, list[Example]]

    @property
    def drafts(self) -> list[Draft]:
        """What is rated, the same for every mechanism."""
        return [Draft(one.text, one.context, one.group) for one in self.examples[MECHANISMS[0]]]


def pair_split(corpus: Corpus) -> Split:
    """Train, dev and test that keep seeker posts apart; test is that of the corpus' split ``grouped``.

    That split gives only a twentieth to validation, too little to choose by: some levels have five examples there.
    """
    return Split.grouped(corpus.items, "post", SHARES, groups=("post", "response"), name="grouped by seeker post")


def rated_pairs(corpus: Corpus, part: str) -> RatedPairs:
    """A part; the level of a pair that stands in the release several times is that of its first row."""
    items = corpus.items.loc[list(pair_split(corpus)[part])]
    return RatedPairs(items, examples_of(items))


def examples_of(items: pd.DataFrame) -> dict[str, list[Example]]:
    """Items of EPITOME as examples, by mechanism."""
    return {
        mechanism: [
            Example(text, post, group, LEVELS[level])
            for text, post, group, level in zip(
                items["text"], items["seeker_post"], items["post"], items[mechanism], strict=True
            )
        ]
        for mechanism in MECHANISMS
    }


def mechanism_rater(corpus: Corpus, mechanism: str, encoder: SentenceEncoder) -> tuple[ExampleBank, VectorRater]:
    """A rater of one mechanism over all pairs of the user's copy, for ``thymos coach rate``; about a minute at first.

    Raises:
        BadInput: an unknown mechanism.
    """
    if mechanism not in MECHANISMS:
        raise BadInput(f"unknown mechanism {mechanism!r}", mend=f"known: {', '.join(MECHANISMS)}")
    bank = ExampleBank(examples_of(corpus.items)[mechanism], encoder)
    return bank, VectorRater(bank, head="logistic", cost=0.01)
