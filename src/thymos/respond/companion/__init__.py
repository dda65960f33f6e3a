"""A support companion: it listens, says what it perceives and why it answers so, and gives help in a crisis."""

from thymos.respond.companion.companion import Companion
from thymos.respond.companion.events import Crisis, Event, Finished, Planned, Read, Said

__all__ = ["Companion", "Crisis", "Event", "Finished", "Planned", "Read", "Said"]
