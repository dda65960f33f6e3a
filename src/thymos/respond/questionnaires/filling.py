"""Filling a questionnaire item by item; the state is JSON, so it can be kept after every answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from thymos.errors import BadInput
from thymos.respond.questionnaires.instrument import Questionnaire
from thymos.respond.questionnaires.scoring import Scored

FORMAT = 1


@dataclass(frozen=True)
class Filling:
    """Answers so far; every answer gives a new one.

    Args:
        questionnaire: the instrument; its texts are not part of the state.
        answers: by item, in order; None where an item was left out.
        started: UTC, ISO 8601, to the second.

    Example:
        >>> from thymos.respond.questionnaires import questionnaires
        >>> filling = Filling(questionnaires()["phq9"]).answer(1).answer(0)
        >>> filling.item(), Filling.from_json(filling.to_json(), filling.questionnaire) == filling
        ('item_3', True)
    """

    questionnaire: Questionnaire
    answers: Mapping[str, int | None] = field(default_factory=dict)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def item(self) -> str | None:
        """The item that is asked now; None at the end."""
        return next((name for name in self.questionnaire.asked if name not in self.answers), None)

    @property
    def finished(self) -> bool:
        """Whether all items were asked."""
        return self.item() is None

    @property
    def urgent(self) -> bool:
        """Whether an answer so far asks for help at once."""
        return self.questionnaire.is_urgent(self.answers)

    def answer(self, value: int | None) -> "Filling":
        """With an answer to the present item; None leaves out one that does not count.

        Raises:
            BadInput: finished, no such choice, an item that counts left out.
        """
        item = self.item()
        if item is None:
            raise BadInput("all items are answered", where=self.questionnaire.slug)
        if value is None and item in self.questionnaire.items:
            raise BadInput("this item counts and cannot be left out", where=self.questionnaire.slug, mend="answer it")
        checked = None if value is None else self.questionnaire.checked(item, value)
        return replace(self, answers={**self.answers, item: checked})

    def back(self) -> "Filling":
        """Without the last answer; at the beginning the same."""
        return replace(self, answers=dict(list(self.answers.items())[:-1]))

    def score(self) -> Scored:
        """The result; see ``Questionnaire.score``."""
        return self.questionnaire.score(self.answers)

    def to_json(self) -> str:
        """The state."""
        values = {
            "format": FORMAT, "questionnaire": self.questionnaire.slug, "version": self.questionnaire.version,
            "started": self.started, "answers": dict(self.answers),
        }  # fmt: skip
        return json.dumps(values, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, questionnaire: Questionnaire, where: Any = "questionnaire state") -> "Filling":
        """The inverse of ``to_json``; answers are checked again.

        Raises:
            BadInput: no state, or one of another instrument or version.
        """
        try:
            values = json.loads(text)
            if values["format"] != FORMAT or (values["questionnaire"], values["version"]) != (
                questionnaire.slug,
                questionnaire.version,
            ):
                raise BadInput(
                    f"this is no state of {questionnaire.slug}, version {questionnaire.version}", where=where,
                    mend="start anew, so that all answers are to the same items",
                )  # fmt: skip
            started = datetime.fromisoformat(values["started"]).astimezone(UTC).isoformat(timespec="seconds")
            filling = cls(questionnaire, started=started)
            for name, value in values["answers"].items():
                if filling.item() != name:
                    raise BadInput(f"the answer to {name!r:.60} is out of order", where=where)
                filling = filling.answer(value)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadInput(f"this is no state of a questionnaire ({type(error).__name__})", where=where) from None
        return filling
