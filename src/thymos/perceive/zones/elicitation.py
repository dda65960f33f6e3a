"""An elicitation session as a state machine: tasks that shall lead into zones, mood reports, calming clips.

The plan of the published sessions: four tasks, one a zone, in the order video (green), action game (yellow), timed
maths quiz (red), boring video (blue), three minutes each (the game two and a half), a report of the own mood (20 s) and
a calming clip (90 s) after each [repo; the zones of game and quiz and the place of the report are ours [inferred]].

A session is the fold of its events: whatever was logged leads to the same state again, so a session that was cut off
goes on where it stopped. The names of pages and of the three kinds of records are those of the published log; ours adds
the pages ``mood_<n>``, so that the end of a task is known, and ``aborted``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import pandas as pd

from thymos.affect.schemes import get_scheme
from thymos.errors import BadInput

ZONES = get_scheme("zones4").labels
MOODS = ("happy", "neutral", "unhappy")
NO_ANSWER = ""
ORDINALS = ("first", "second", "third", "forth")  # "forth" as in the published log
FIRST_PAGE, LAST_PAGE = "schedule_page_initial", "ending_page"
ABORTED_PAGE = "aborted"  # ours: the published log has no such page


class Phase(StrEnum):
    """What is going on."""

    READY = "ready"
    SCHEDULE = "schedule"
    TASK = "task"
    MOOD = "mood"
    CALMING = "calming"
    FINISHED = "finished"
    ABORTED = "aborted"


ENDED = frozenset({Phase.FINISHED, Phase.ABORTED})


@dataclass(frozen=True)
class Task:
    """A task: what it is, the zone that it shall lead into, and how long it takes."""

    name: str
    zone: str
    seconds: float

    def __post_init__(self) -> None:
        if self.zone not in ZONES:
            raise BadInput(
                f"unknown zone {self.zone!r}", where=f"task {self.name!r}", mend=f"legal: {', '.join(ZONES)}"
            )
        if not self.seconds > 0 or not self.name:
            raise BadInput("a task needs a name and a length above 0", where=f"task {self.name!r}")


@dataclass(frozen=True)
class Plan:
    """The tasks of a session in their order, and the lengths of what follows each."""

    tasks: tuple[Task, ...]
    mood_seconds: float = 20.0
    calming_seconds: float = 90.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.tasks) <= len(ORDINALS):
            raise BadInput(f"a plan has 1 to {len(ORDINALS)} tasks, not {len(self.tasks)}")
        if not (self.mood_seconds > 0 and self.calming_seconds > 0):
            raise BadInput("lengths must be above 0", where="plan")

    @property
    def seconds(self) -> float:
        """Length of all tasks, reports and clips."""
        return sum(task.seconds + self.mood_seconds + self.calming_seconds for task in self.tasks)

    def page(self, number: int) -> str:
        """Name of a task's page in the log."""
        return f"{ORDINALS[number]}_task"


def published_plan() -> Plan:
    """The plan of the published sessions.

    Example:
        >>> [task.zone for task in published_plan().tasks]
        ['green', 'yellow', 'red', 'blue']
    """
    return Plan(
        (
            Task("video", "green", 180),
            Task("action game", "yellow", 150),
            Task("timed maths quiz", "red", 180),
            Task("boring video", "blue", 180),
        )
    )


# -- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TaskTime:
    """A page was opened."""

    page: str
    timestamp: datetime


@dataclass(frozen=True)
class MoodTime:
    """A mood was reported after a task; ``mood`` is "" where no answer came in time."""

    mood: str
    task: str
    timestamp: datetime


@dataclass(frozen=True)
class AVRecordTime:
    """The recording of sound and picture: logged once at its start, and once more with its end."""

    timestamp_start: datetime
    timestamp_end: datetime | None = None


Event: TypeAlias = TaskTime | MoodTime | AVRecordTime


def event_time(event: Event) -> datetime:
    """When an event happened."""
    if isinstance(event, AVRecordTime):
        return event.timestamp_end or event.timestamp_start
    return event.timestamp


# -- state --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """Where a session stands.

    Args:
        phase: what is going on.
        task: number of the current task, from 0; -1 before the first.
        since: when the phase began; None before the start.
        recording: start of the recording that runs, else None.
        reported: whether the mood after the current task was reported.
        last: time of the last event.
    """

    phase: Phase = Phase.READY
    task: int = -1
    since: datetime | None = None
    recording: datetime | None = None
    reported: bool = False
    last: datetime | None = None


def after(state: State, event: Event, plan: Plan) -> State:
    """The state after an event.

    Raises:
        BadInput: an event that cannot happen now, one before the last, a time without a time zone.
    """
    time = event_time(event)
    if time.tzinfo is None:
        raise BadInput("a time without a time zone", where=type(event).__name__, mend="use datetime.now(timezone.utc)")
    if state.last is not None and time < state.last:
        raise BadInput(f"{time.isoformat()} is before {state.last.isoformat()}", where=type(event).__name__)
    if isinstance(event, AVRecordTime):
        moved = _after_recording(state, event)
    elif isinstance(event, MoodTime):
        moved = _after_mood(state, event, plan)
    else:
        moved = _after_page(state, event, plan)
    return replace(moved, last=time)


def _after_page(state: State, event: TaskTime, plan: Plan) -> State:
    time = event.timestamp
    if event.page == ABORTED_PAGE:
        if state.phase in ENDED or state.phase is Phase.READY:
            raise BadInput(f"a session that is {state.phase} cannot be aborted", where="session")
        return replace(state, phase=Phase.ABORTED, since=time)
    wanted = next_page(state, plan)
    if event.page != wanted:
        raise BadInput(
            f"page {event.page!r} cannot follow in phase {state.phase}",
            where="session",
            mend=f"next is {wanted!r}" if wanted else "the session is over or waits for a mood",
        )
    if state.phase is Phase.READY:
        return replace(state, phase=Phase.SCHEDULE, since=time)
    if state.phase is Phase.TASK:
        return replace(state, phase=Phase.MOOD, since=time)
    if state.phase is Phase.MOOD:
        return replace(state, phase=Phase.CALMING, since=time)
    if event.page == LAST_PAGE:
        return replace(state, phase=Phase.FINISHED, since=time)
    return replace(state, phase=Phase.TASK, task=state.task + 1, since=time, reported=False)


def next_page(state: State, plan: Plan) -> str:
    """The page that may be opened now; "" where none may: a mood is waited for, or the session is over."""
    if state.phase is Phase.READY:
        return FIRST_PAGE
    if state.phase is Phase.SCHEDULE:
        return plan.page(0)
    if state.phase is Phase.TASK:
        return f"mood_{state.task + 1}"
    if state.phase is Phase.MOOD and state.reported:
        return f"calming_content_{state.task + 1}"
    if state.phase is Phase.CALMING:
        return LAST_PAGE if state.task == len(plan.tasks) - 1 else plan.page(state.task + 1)
    return ""


def _after_mood(state: State, event: MoodTime, plan: Plan) -> State:
    if state.phase is not Phase.MOOD or state.reported:
        raise BadInput(f"no mood is asked for in phase {state.phase}", where="session")
    if event.task != plan.page(state.task):
        raise BadInput(f"a mood after {event.task!r}, the task is {plan.page(state.task)!r}", where="session")
    if event.mood not in (*MOODS, NO_ANSWER):
        raise BadInput(f"unknown mood {event.mood!r}", where="session", mend=f"legal: {', '.join(MOODS)}")
    # The phase goes on, so that the clip begins when it was planned to; ``since`` stays its beginning.
    return replace(state, reported=True)


def _after_recording(state: State, event: AVRecordTime) -> State:
    if event.timestamp_end is None:
        if state.recording is not None:
            raise BadInput("the recording runs already", where="session")
        if state.phase in ENDED:
            raise BadInput(f"a session that is {state.phase} cannot be recorded", where="session")
        return replace(state, recording=event.timestamp_start)
    if state.recording is None or event.timestamp_start != state.recording:
        raise BadInput("no recording with this start runs", where="session")
    if event.timestamp_end < event.timestamp_start:
        raise BadInput("the recording ends before it starts", where="session")
    return replace(state, recording=None)


@dataclass
class Session:
    """A running session: plan, state and what has happened.

    Example:
        >>> from datetime import timezone
        >>> session = Session(published_plan())
        >>> session.add(TaskTime("schedule_page_initial", datetime(2024, 1, 1, tzinfo=timezone.utc))).phase.value
        'schedule'
    """

    plan: Plan
    name: str = ""
    events: list[Event] = field(default_factory=list)
    state: State = field(default_factory=State)

    def add(self, event: Event) -> State:
        """Take an event; one that cannot happen now raises BadInput and changes nothing."""
        self.state = after(self.state, event, self.plan)
        self.events.append(event)
        return self.state

    @classmethod
    def of(cls, plan: Plan, events: Iterable[Event], name: str = "") -> "Session":
        """The session that these events lead to."""
        session = cls(plan, name)
        for event in events:
            session.add(event)
        return session

    @property
    def ended(self) -> bool:
        """Finished or aborted."""
        return self.state.phase in ENDED

    def seconds_left(self, now: datetime) -> float:
        """Seconds until the current task, report or clip is over; negative when overdue, 0 where nothing is timed."""
        lengths = {
            Phase.TASK: self.plan.tasks[max(0, self.state.task)].seconds,
            Phase.MOOD: self.plan.mood_seconds,
            Phase.CALMING: self.plan.calming_seconds,
        }
        if self.state.since is None or self.state.phase not in lengths:
            return 0.0
        return lengths[self.state.phase] - (now - self.state.since).total_seconds()


def intended_zones(session: Session) -> pd.DataFrame:
    """When each task ran, in seconds of the recording, and the zone that it was meant to lead into.

    This is what the experimenter wanted, not what a child showed: the zones of a study come from people who watched.

    Returns:
        One row a task that was begun: ``task``, ``zone``, ``start``, ``end`` (NaN where the log stops before),
        ``mood``.

    Raises:
        BadInput: the session was not recorded.
    """
    start = next((event.timestamp_start for event in session.events if isinstance(event, AVRecordTime)), None)
    if start is None:
        raise BadInput("nothing was recorded", where=f"session {session.name!r}")
    pages = {session.plan.page(number): task for number, task in enumerate(session.plan.tasks)}
    rows: list[dict[str, object]] = []
    running = False
    for event in session.events:
        seconds = (event_time(event) - start).total_seconds()
        if isinstance(event, TaskTime) and event.page in pages:
            task = pages[event.page]
            rows.append(
                {"task": task.name, "zone": task.zone, "start": seconds, "end": float("nan"), "mood": NO_ANSWER}
            )
            running = True
        elif isinstance(event, TaskTime) and running:
            rows[-1]["end"] = seconds
            running = False
        elif isinstance(event, MoodTime):
            rows[-1]["mood"] = event.mood
    return pd.DataFrame(rows, columns=["task", "zone", "start", "end", "mood"])
