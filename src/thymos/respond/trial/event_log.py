"""What happened in a trial, as lines that can be added and never changed unnoticed; no texts of participants.

Each line holds the hash of the line before. A line is on the disk before ``add`` returns; one that a crash cut in half
is noticed and left out, the whole lines before it stay.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256

KINDS = ("consented", "randomized", "measured", "used", "safety", "withdrew", "finished", "deleted")
START = "0" * 64


@dataclass(frozen=True)
class TrialEvent:
    """One event.

    Args:
        kind: of ``KINDS``.
        participant: a code, no name.
        values: numbers and short words.
        time: UTC, to the second.
        hash: of this line and all before it.
    """

    kind: str
    participant: str
    values: dict[str, Any]
    time: str
    hash: str


class EventLog:
    """A log in one file (JSON lines).

    Args:
        path: made when missing.
        plan_hash: of the trial; another plan's log is refused.

    Raises:
        BadInput: a line in the middle was changed, or the log belongs to another plan.
    """

    def __init__(self, path: str | Path, plan_hash: str) -> None:
        self.path, self.plan_hash = Path(path), plan_hash
        self.events, whole = self._read()
        self._last = self.events[-1].hash if self.events else text_sha256(START + plan_hash)
        if self.path.exists() and self.path.stat().st_size > whole:
            os.truncate(self.path, whole)  # half a line, from a crash

    def add(self, kind: str, participant: str, **values: Any) -> TrialEvent:
        """Add an event; it is on the disk when this returns.

        Raises:
            BadInput: an unknown kind, no participant, or a long text among the values.
        """
        if kind not in KINDS:
            raise BadInput(f"there is no event {kind!r}", where="trial log", mend=f"use one of: {', '.join(KINDS)}")
        if not participant.strip():
            raise BadInput("the participant has no code", where="trial log")
        for name, value in values.items():
            if isinstance(value, str) and len(value) > 80:
                raise BadInput(f"{name} is a text", where="trial log", mend="the log holds no texts of participants")
        time = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"kind": kind, "participant": participant, "values": values, "time": time}
        event = TrialEvent(kind, participant, dict(values), time, chained(self._last, body))
        line = canonical_json(body | {"hash": event.hash}) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self.events.append(event)
        self._last = event.hash
        return event

    def of(self, participant: str) -> list[TrialEvent]:
        """The events of one participant."""
        return [event for event in self.events if event.participant == participant]

    def state(self, participant: str) -> str:
        """Where a participant is: ``"unknown"``, or the last of consented, randomized, withdrew, finished, deleted."""
        steps = [event.kind for event in self.of(participant) if event.kind not in ("measured", "used", "safety")]
        return steps[-1] if steps else "unknown"

    def _read(self) -> tuple[list[TrialEvent], int]:
        if not self.path.exists():
            return [], 0
        events: list[TrialEvent] = []
        last, whole = text_sha256(START + self.plan_hash), 0
        for number, raw in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            if not raw.endswith(b"\n"):
                break
            try:
                row = json.loads(raw)
                body = {name: row[name] for name in ("kind", "participant", "values", "time")}
                good = row["hash"] == chained(last, body)
            except (ValueError, KeyError, TypeError):
                good = False
            if not good:
                mend = "restore it from a copy" if number > 1 else "use the plan that it was begun with"
                raise BadInput(f"line {number} does not follow from the lines before it", where=self.path, mend=mend)
            last, whole = row["hash"], whole + len(raw)
            events.append(TrialEvent(row["kind"], row["participant"], row["values"], row["time"], last))
        return events, whole


def chained(last: str, body: dict[str, Any]) -> str:
    """The hash of a line after another."""
    return text_sha256(last + canonical_json(body))
