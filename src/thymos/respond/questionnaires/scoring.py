"""The result of a questionnaire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scored:
    """A scored questionnaire.

    Args:
        questionnaire: slug.
        version: of its scoring in thymos.
        answers: by item, those that were given.
        total: sum over the items that count; None where the instrument has no total, or where answers are missing.
        subscales: sums by name.
        band: the name that the publication gives to the range of the total; "" where none is published.
        note: what the number says and what it does not.
        urgent: an answer that asks for help at once: whoever shows the result shows help lines with it.
        missing: items without an answer; only ever where ``urgent``, see ``Questionnaire.score``.
    """

    questionnaire: str
    version: int
    answers: Mapping[str, int]
    total: int | None
    subscales: Mapping[str, int]
    band: str
    note: str
    urgent: bool
    missing: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """How many answers are missing."""
        return len(self.missing)

    def as_values(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "questionnaire": self.questionnaire, "version": self.version, "answers": dict(self.answers),
            "total": self.total, "subscales": dict(self.subscales), "band": self.band, "note": self.note,
            "urgent": self.urgent, "missing": list(self.missing),
        }  # fmt: skip
