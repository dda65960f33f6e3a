"""What must be known about a corpus before its numbers are used: source, licence, consent, uses and traps."""

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from thymos.errors import BadInput

# Emotion inference in these settings is refused whatever the corpus: the people concerned cannot decline, and the
# European AI act bans it in workplaces and schools (Article 5(1)(f)).
# Regular expressions on whole words of the case-folded purpose: "exam" must not find "example", and neither crowd
# workers nor Student's t-test are anybody's workplace or school.
REFUSED_PURPOSES: dict[str, tuple[str, ...]] = {
    "hiring and employment": (
        r"hir(?:e|es|ed|ing)", r"recruit\w*", r"job (?:interview|applica\w+|candidate|seeker)s?", r"applicants?",
        r"candidates? screening", r"employ(?:ee|er|ment)s?", r"workplaces?", r"(?<!crowd )(?<!crowd-)workers?",
        r"(?:staff|workforce) monitoring", r"promotion decisions?", r"performance reviews?",
    ),
    "schooling": (
        r"schools?", r"schooling", r"classrooms?", r"students?(?!['’]?s? t\b)", r"pupils?", r"exams?", r"proctor\w*",
        r"education(?:al)?", r"(?:university|college) admissions?",
    ),
    "policing": (
        r"polic(?:e|ing)", r"law enforcement", r"border (?:control|guard|check|polic)\w*", r"asylum", r"interrogat\w*",
        r"surveillance", r"suspects?", r"lie detect\w*", r"prisons?", r"prisoners?",
    ),
}  # fmt: skip
TRAINING = r"(?:train|trains|trained|training|fine-?tun(?:e|es|ed|ing)|tun(?:e|ed|ing))"


class Card(BaseModel):
    """A corpus card.

    ``known_traps`` are written for the person who would otherwise fall into them; ``redistribution`` says whether
    texts and media may be passed on. ``construct`` is told in words as far as the schemes do not say it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    description: str
    source: str
    citation: str
    licence: str
    redistribution: bool
    consent_basis: str
    intended_use: str
    prohibited_use: str
    languages: tuple[str, ...]
    modality: tuple[str, ...] = ("text",)
    test_only: bool = False
    known_traps: tuple[str, ...] = ()


def check_intended_use(purpose: str, cards: Sequence[Card] = ()) -> None:
    """Refuse purposes for which emotion inference must not be used.

    Args:
        purpose: what the result is for, in the user's words.
        cards: cards of the corpora concerned; a test-only corpus refuses the purpose "training".

    Raises:
        BadInput: the purpose names hiring, schooling or policing, or training on a test-only corpus.

    Example:
        >>> check_intended_use("compare two annotation schemes")
    """
    words = " ".join(purpose.casefold().split())
    for setting, patterns in REFUSED_PURPOSES.items():
        found = next((hit[0] for pattern in patterns if (hit := _find_word(pattern, words))), None)
        if found:
            raise BadInput(
                f"the intended use {purpose!r} is refused: emotion inference for {setting} (found {found!r})",
                mend="thymos does not support this use; see the section on intended use in the README",
            )
    for card in cards:
        if card.test_only and _find_word(TRAINING, words):
            raise BadInput(f"{card.slug} is a test set: training on it is refused", mend="choose another corpus")


def _find_word(pattern: str, words: str) -> re.Match[str] | None:
    return re.search(rf"\b{pattern}\b", words)
