"""Audit events: that something was found, never what was said."""

import datetime
from collections.abc import Callable
from typing import Literal, NamedTuple

Kind = Literal["message", "reply"]
LENGTHS = (0, 40, 160, 640, 2560)
"""Letters at which a length bucket begins."""


class AuditEvent(NamedTuple):
    """One finding. It holds no text, no hash of a text and no exact length, so nobody can be found by it.

    Args:
        kind: ``"message"`` (before a model) or ``"reply"`` (after it).
        risk: ``"concern"`` or ``"crisis"`` of a message, ``"refused"`` of a reply.
        categories: what was found.
        time: UTC.
        language: of the text.
        stage: what found it: ``"patterns"``, ``"classifier"``, ``"history"``, ``"reply"``.
        length: the bucket of ``LENGTHS`` that the text falls into.
    """

    kind: Kind
    risk: str
    categories: tuple[str, ...]
    time: datetime.datetime
    language: str = ""
    stage: str = ""
    length: int = 0


OnEvent = Callable[[AuditEvent], None]
"""The escalation hook: called for every finding; what it raises is not caught, so that no escalation is lost unseen."""


def audit_event(
    kind: Kind, risk: str, categories: tuple[str, ...], *, text: str, language: str = "", stage: str = ""
) -> AuditEvent:
    """The event of a text."""
    length = max(start for start in LENGTHS if start <= len(text))
    return AuditEvent(kind, risk, categories, datetime.datetime.now(datetime.UTC), language, stage, length)
