"""What must be known about a corpus before its numbers are used: source, licence, consent, uses and traps."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from thymos.errors import BadInput

# Emotion inference in these settings is refused whatever the corpus: the people concerned cannot decline, and the
# European AI act bans it in workplaces and schools (Article 5(1)(f)).
REFUSED_PURPOSES: dict[str, tuple[str, ...]] = {
    "hiring and employment": (
        "hiring", "recruit", "job interview", "job applicant", "candidate screening", "employee", "workplace",
        "worker", "staff monitoring", "promotion decision",
    ),
    "schooling": ("school", "classroom", "student", "pupil", "exam", "proctor", "education", "university admission"),
    "policing": (
        "police", "policing", "law enforcement", "border", "asylum", "interrogat", "surveillance", "suspect",
        "lie detection", "predictive policing", "prison",
    ),
}  # fmt: skip


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
    words = purpose.casefold()
    for setting, markers in REFUSED_PURPOSES.items():
        found = next((marker for marker in markers if marker in words), None)
        if found:
            raise BadInput(
                f"the intended use {purpose!r} is refused: emotion inference for {setting} (found {found!r})",
                mend="thymos does not support this use; see the section on intended use in the README",
            )
    for card in cards:
        if card.test_only and "train" in words:
            raise BadInput(f"{card.slug} is a test set: training on it is refused", mend="choose another corpus")
