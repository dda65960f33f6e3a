"""The log of an elicitation session: one JSON object a line, written before anything else happens.

The first line holds the session and its plan. Every later line is one of the three records of the published log:
``TaskTime`` (page, timestamp), ``MoodTime`` (mood, task, timestamp), ``AVRecordTime`` (timestamp_start,
timestamp_end). A line that a power cut left half written is dropped when the session is taken up again.
"""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.files import read_text, require_file, write_atomically
from thymos.perceive.zones.elicitation import AVRecordTime, Event, MoodTime, Plan, Session, State, Task, TaskTime

VERSION = 1
KINDS = ("TaskTime", "MoodTime", "AVRecordTime")


class LoggedSession:
    """A session whose every event is on the disk before it counts.

    Args:
        path: the log; it must not exist yet.
        plan: see ``Plan``.
        name: of the session, e.g. "03_01".

    Raises:
        BadInput: the log is there already: use ``LoggedSession.resume``.
    """

    def __init__(self, path: str | Path, plan: Plan, name: str = "") -> None:
        self.path = Path(path)
        if self.path.exists():
            raise BadInput("this log is there already", where=path, mend="take the session up again, or name another")
        self.session = Session(plan, name)
        write_atomically(self.path, header_line(plan, name))

    @classmethod
    def resume(cls, path: str | Path) -> "LoggedSession":
        """Take a session up where its log ends; a last line that is cut off is removed from the file."""
        session, whole = _read(path)
        text = read_text(path)
        if len(whole) < len(text):
            write_atomically(path, whole)
        resumed = cls.__new__(cls)
        resumed.path, resumed.session = Path(path), session
        return resumed

    @property
    def state(self) -> State:
        """Where the session stands."""
        return self.session.state

    def add(self, event: Event) -> State:
        """Check, write and take an event; one that cannot happen now raises BadInput and is not written."""
        Session(self.session.plan, state=self.session.state).add(event)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(event_line(event))
            stream.flush()
            os.fsync(stream.fileno())
        return self.session.add(event)

    def open_page(self, page: str, now: datetime | None = None) -> State:
        """Log that a page was opened."""
        return self.add(TaskTime(page, now or datetime.now(UTC)))

    def report_mood(self, mood: str, task: str, now: datetime | None = None) -> State:
        """Log the mood after a task; "" where no answer came in time."""
        return self.add(MoodTime(mood, task, now or datetime.now(UTC)))

    def start_recording(self, now: datetime | None = None) -> State:
        """Log that sound and picture are recorded from now on."""
        return self.add(AVRecordTime(now or datetime.now(UTC)))

    def stop_recording(self, now: datetime | None = None) -> State:
        """Log the end of the recording."""
        if self.state.recording is None:
            raise BadInput("no recording runs", where=f"session {self.session.name!r}")
        return self.add(AVRecordTime(self.state.recording, now or datetime.now(UTC)))


def read_session(path: str | Path) -> Session:
    """The session of a log; a last line that is cut off is left out.

    Raises:
        BadInput: no such file, a first line without a plan, a line that is no event, an event that cannot happen.
    """
    return _read(path)[0]


def header_line(plan: Plan, name: str) -> str:
    """The first line of a log."""
    return json.dumps({"record": "Session", "version": VERSION, "name": name, "plan": asdict(plan)}) + "\n"


def event_line(event: Event) -> str:
    """One line of a log; times are ISO 8601 with their zone."""
    values = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(event).items()}
    return json.dumps({"record": type(event).__name__, **values}, ensure_ascii=False) + "\n"


def _read(path: str | Path) -> tuple[Session, str]:
    """The session, and the part of the text that consists of whole lines."""
    path = require_file(path)
    text = read_text(path)
    whole = text[: text.rfind("\n") + 1]
    lines = whole.splitlines()
    if not lines:
        raise BadInput("the log is empty", where=path)
    header = _decoded(lines[0], path, 1)
    if header.get("record") != "Session" or header.get("version") != VERSION:
        raise BadInput("this is not the log of a session", where=f"{path}, line 1")
    session = Session(_plan_of(header, path), str(header.get("name", "")))
    for number, line in enumerate(lines[1:], start=2):
        event = _event_of(_decoded(line, path, number), path, number)
        try:
            session.add(event)
        except BadInput as error:
            raise BadInput(error.what, where=f"{path}, line {number}", mend=error.mend) from None
    return session, whole


def _decoded(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"this is not JSON ({error.msg})", where=f"{path}, line {number}") from None
    if not isinstance(value, dict):
        raise BadInput("an object is needed", where=f"{path}, line {number}")
    return value


def _plan_of(header: dict[str, Any], path: Path) -> Plan:
    try:
        plan = header["plan"]
        tasks = tuple(Task(str(task["name"]), task["zone"], float(task["seconds"])) for task in plan["tasks"])
        return Plan(tasks, float(plan["mood_seconds"]), float(plan["calming_seconds"]))
    except (KeyError, TypeError, ValueError):
        raise BadInput("the plan is incomplete", where=f"{path}, line 1") from None


def _event_of(record: dict[str, Any], path: Path, number: int) -> Event:
    kind = str(record.get("record", ""))
    if kind not in KINDS:
        raise BadInput("unknown record", where=f"{path}, line {number}", mend=f"known: {', '.join(KINDS)}")
    try:
        if kind == "TaskTime":
            return TaskTime(_text(record["page"]), datetime.fromisoformat(record["timestamp"]))
        if kind == "MoodTime":
            return MoodTime(_text(record["mood"]), _text(record["task"]), datetime.fromisoformat(record["timestamp"]))
        end = record["timestamp_end"]
        return AVRecordTime(
            datetime.fromisoformat(record["timestamp_start"]), None if end is None else datetime.fromisoformat(end)
        )
    except (KeyError, TypeError, ValueError):
        raise BadInput(f"this is no {kind}", where=f"{path}, line {number}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
