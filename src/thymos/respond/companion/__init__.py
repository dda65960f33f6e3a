"""A support companion: it listens, says what it perceives and why it answers so, and gives help in a crisis."""

from thymos.respond.companion.companion import Companion
from thymos.respond.companion.events import Crisis, Event, Finished, Planned, Read, Said
from thymos.respond.companion.learned import LearnedPlanner, load_planner
from thymos.respond.companion.plan import CourseRule, Planner

__all__ = [
    "Companion", "CourseRule", "Crisis", "Event", "Finished", "LearnedPlanner", "Planned", "Planner", "Read", "Said",
    "load_planner",
]  # fmt: skip
