"""A practice as data: situation, skills, drafts with their ratings, and what was said; kept as one JSON file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.files import read_text, write_atomically
from thymos.language.model import Message
from thymos.respond.coach.seed_set import SKILLS, Situation

VERSION = 1


@dataclass(frozen=True)
class RatedDraft:
    """A draft that got feedback.

    Args:
        text: of the draft.
        skill: that was rated.
        rating: none, weak or strong.
        turn: how many messages had been said before, so that drafts of one turn can be compared.
    """

    text: str
    skill: str
    rating: str
    turn: int


@dataclass(frozen=True)
class Practice:
    """One practice; immutable, each step gives a new one.

    Args:
        situation: what is practiced.
        skills: that the user wants to practice; none means all.
        history: what was said, the user first.
        drafts: with their ratings, in order.
        ended: why the practice is over (``"crisis"``, ``"user"``), empty while it runs.
    """

    situation: Situation
    skills: tuple[str, ...] = SKILLS
    history: tuple[Message, ...] = ()
    drafts: tuple[RatedDraft, ...] = field(default=())
    ended: str = ""

    def __post_init__(self) -> None:
        unknown = [skill for skill in self.skills if skill not in SKILLS]
        if unknown:
            raise BadInput(f"unknown skill {unknown[0]!r}", where="practice", mend=f"known: {', '.join(SKILLS)}")
        object.__setattr__(self, "skills", tuple(self.skills) or SKILLS)

    def rated(self, text: str, skill: str, rating: str) -> "Practice":
        """With one more rated draft."""
        one = RatedDraft(text, skill, rating, len(self.history))
        return replace(self, drafts=(*self.drafts, one))

    def said(self, *messages: Message) -> "Practice":
        """With more messages."""
        return replace(self, history=(*self.history, *messages))

    def finished(self, why: str) -> "Practice":
        """Over."""
        return replace(self, ended=why)

    def to_json(self) -> str:
        """As JSON text."""
        values = asdict(self) | {"version": VERSION}
        return json.dumps(values, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str | Path = "practice") -> "Practice":
        """The inverse of ``to_json``.

        Raises:
            BadInput: no JSON, another version, a field that is missing or unknown.
        """
        try:
            values = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            raise BadInput("this is not JSON", where=where, mend="name a file that was saved by a practice") from None
        if not isinstance(values, Mapping) or values.get("version") != VERSION:
            raise BadInput(f"this is no practice of version {VERSION}", where=where)
        try:
            situation = values["situation"]
            return cls(
                Situation(**{**situation, "emotions": tuple(situation["emotions"])}),
                tuple(values["skills"]),
                _all(Message, values["history"]),
                _all(RatedDraft, values["drafts"]),
                str(values["ended"]),
            )
        except (KeyError, TypeError) as error:
            raise BadInput(f"the practice does not fit ({error})", where=where) from None

    def save(self, path: str | Path) -> Path:
        """Write the file whole or not at all."""
        return write_atomically(Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> "Practice":
        """Read a saved practice; BadInput where it is none."""
        return cls.from_json(read_text(Path(path)), path)


def _all(kind: Any, values: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    return tuple(kind(**value) for value in values)
