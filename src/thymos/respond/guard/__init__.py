"""The guard of everything that talks with people: crisis detection in two stages, a check of replies, help lines.

It finds language of danger; it knows nothing about a person and diagnoses nothing. See ``data/README.md`` for the
authored set that it is measured on, study ``crisis_guard`` for the figures, and the limits in both.
"""

from thymos.respond.guard.events import AuditEvent, OnEvent
from thymos.respond.guard.guard import Guard, MessageCheck, ReplyCheck
from thymos.respond.guard.help_lines import HelpLine, help_lines, region_of, regions
from thymos.respond.guard.texts import crisis_text, disclosure, languages

__all__ = [
    "AuditEvent",
    "Guard",
    "HelpLine",
    "MessageCheck",
    "OnEvent",
    "ReplyCheck",
    "crisis_text",
    "disclosure",
    "help_lines",
    "languages",
    "region_of",
    "regions",
]
