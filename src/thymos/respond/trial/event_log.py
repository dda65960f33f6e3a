"""What happened in a trial, as lines that can be added and never changed unnoticed; no texts of participants.

Each line holds the hash of the line before, and the salted hash of its own values. So what a person gave can be taken
out at the person's wish, and the rest can still be checked. A line is on the disk before ``add`` returns; one that a
crash cut in half is noticed and left out, the whole lines before it stay. A log does not show that whole lines are
missing at its end: whoever must be sure notes ``head`` elsewhere.
"""

import contextlib
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256, write_atomically

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows: two programs must not write one log there
    fcntl = None  # type: ignore[assignment]

KINDS = ("consented", "randomized", "measured", "used", "safety", "withdrew", "finished", "deleted")
# The arm stays, so that the order of the randomization can be checked and nobody vanishes from the counts.
ERASED = frozenset({"measured", "used", "safety"})
NO_STEP = ("measured", "used", "safety")
START = "0" * 64
LONGEST_WORD = 80


@dataclass(frozen=True)
class TrialEvent:
    """One event.

    Args:
        kind: of ``KINDS``.
        participant: a code, no name.
        values: numbers and short words; empty where they were erased.
        time: UTC, to the second.
        hash: of this line and all before it.
        erased: the values were taken out at the participant's wish.
    """

    kind: str
    participant: str
    values: dict[str, Any]
    time: str
    hash: str
    erased: bool = False


class EventLog:
    """A log in one file (JSON lines). Two programs on one machine may write it at the same time.

    Args:
        path: made when missing.
        plan_hash: of the trial; another plan's log is refused.

    Raises:
        BadInput: a line in the middle was changed, or the log belongs to another plan.
    """

    def __init__(self, path: str | Path, plan_hash: str) -> None:
        self.path, self.plan_hash = Path(path), plan_hash
        self.events: list[TrialEvent] = []
        self._read_to: tuple[int, int] = (0, 0)  # inode and bytes that were read
        self._threads, self._depth = threading.RLock(), 0
        if self.path.exists():
            with self.holding():
                self._empty()  # where a crash came between a wish and its fulfillment

    @property
    def head(self) -> str:
        """The hash of the last line: noted elsewhere, it shows later that no line is missing at the end."""
        return self.events[-1].hash if self.events else text_sha256(START + self.plan_hash)

    def add(self, kind: str, participant: str, **values: Any) -> TrialEvent:
        """Add an event; it is on the disk when this returns. ``"deleted"`` also erases, see there.

        Raises:
            BadInput: an unknown kind, no participant, or a long text or something that is no JSON among the values.
        """
        if kind not in KINDS:
            raise BadInput(f"there is no event {kind!r}", where="trial log", mend=f"use one of: {', '.join(KINDS)}")
        if not participant.strip():
            raise BadInput("the participant has no code", where="trial log")
        try:
            canonical_json(values)
        except (TypeError, ValueError):
            raise BadInput("a value is no number, word or list of them", where="trial log") from None
        for name, value in values.items():
            if longest_word(value) > LONGEST_WORD:
                raise BadInput(f"{name} is a text", where="trial log", mend="the log holds no texts of participants")
        with self.holding():
            event = self._append(kind, participant, values)
            if kind == "deleted":
                self._empty()
            return event

    def erase(self, participant: str) -> int:
        """Take out what a participant gave, at the participant's wish, and note that it was done.

        The file is written anew and renamed: after a crash it is as it was, or done, or done at the next opening.

        Returns:
            How many events were emptied.
        """
        with self.holding():
            full = sum(event.kind in ERASED and not event.erased for event in self.of(participant))
            self.add("deleted", participant)
            return full

    def of(self, participant: str) -> list[TrialEvent]:
        """The events of one participant."""
        return [event for event in self.events if event.participant == participant]

    def state(self, participant: str) -> str:
        """Where a participant is: ``"unknown"``, or the last of consented, randomized, withdrew, finished, deleted."""
        steps = [event.kind for event in self.of(participant) if event.kind not in NO_STEP]
        return steps[-1] if steps else "unknown"

    # -- the file -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Nobody else adds anything until the block ends, and ``events`` holds everything: to look, then add."""
        with self._threads:
            if self._depth:
                yield
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(f".{self.path.name}.lock").open("a") as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX)
                self._depth += 1
                try:
                    self._catch_up()
                    yield
                finally:
                    self._depth -= 1

    def _append(self, kind: str, participant: str, values: Mapping[str, Any]) -> TrialEvent:
        time, salt = datetime.now(UTC).isoformat(timespec="seconds"), secrets.token_hex(8)
        body = {"kind": kind, "participant": participant, "time": time, "digest": digest_of(salt, values)}
        event = TrialEvent(kind, participant, dict(values), time, chained(self.head, body))
        line = canonical_json(body | {"values": dict(values), "salt": salt, "hash": event.hash}) + "\n"
        new = not self.path.exists()
        with self.path.open("ab") as file:
            start = file.tell()
            try:
                file.write(line.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.truncate(self.path, start)
                raise BadInput(f"the event cannot be written ({error.strerror})", where=self.path) from None
        if new:
            sync_folder(self.path.parent)
        self.events.append(event)
        self._read_to = self._place()
        return event

    def _empty(self) -> None:
        """Take the values out of the events of everybody who wished it."""
        wished = {event.participant for event in self.events if event.kind == "deleted"}
        if not any(e.participant in wished and e.kind in ERASED and not e.erased for e in self.events):
            return
        lines = []
        for raw in self.path.read_text(encoding="utf-8").split("\n")[:-1]:
            row = json.loads(raw)
            if row["participant"] in wished and row["kind"] in ERASED:
                row["values"], row["salt"] = None, None
            lines.append(canonical_json(row) + "\n")
        write_atomically(self.path, "".join(lines))
        self.events = []
        self._catch_up()

    def _place(self) -> tuple[int, int]:
        about = self.path.stat()
        return about.st_ino, about.st_size

    def _catch_up(self) -> None:
        """Read what another program wrote since; half a line at the end is cut off."""
        if not self.path.exists():
            if self.events:
                raise BadInput("the log is gone", where=self.path, mend="restore it from a copy")
            return
        if self.events and self._place() == self._read_to:
            return
        self.events, whole = self._read()
        if self.path.stat().st_size > whole:
            os.truncate(self.path, whole)
        self._read_to = self._place()

    def _read(self) -> tuple[list[TrialEvent], int]:
        events: list[TrialEvent] = []
        last, whole = text_sha256(START + self.plan_hash), 0
        for number, raw in enumerate(self.path.read_bytes().splitlines(keepends=True), start=1):
            if not raw.endswith(b"\n"):
                break
            event = event_of(raw, last)
            if event is None:
                mend = "restore it from a copy" if number > 1 else "use the plan that it was begun with"
                raise BadInput(f"line {number} does not follow from the lines before it", where=self.path, mend=mend)
            last, whole = event.hash, whole + len(raw)
            events.append(event)
        wished = {event.participant for event in events if event.kind == "deleted"}
        for number, event in enumerate(events, start=1):
            if event.erased and event.participant not in wished:
                raise BadInput(f"line {number} was emptied and nobody wished it", where=self.path)
        return events, whole


def event_of(raw: bytes, last: str) -> TrialEvent | None:
    """The event of a line that follows the line with a hash; None where it does not."""
    try:
        row = json.loads(raw)
        body = {name: row[name] for name in ("kind", "participant", "time", "digest")}
        values, salt = row["values"], row["salt"]
        if row["hash"] != chained(last, body):
            return None
        if values is None:
            if row["kind"] not in ERASED or salt is not None:
                return None
        elif row["digest"] != digest_of(salt, values):
            return None
    except (ValueError, KeyError, TypeError):
        return None
    return TrialEvent(row["kind"], row["participant"], values or {}, row["time"], row["hash"], values is None)


def digest_of(salt: str, values: Mapping[str, Any]) -> str:
    """Salted, so that nobody finds erased values by trying."""
    return text_sha256(salt + canonical_json(values))


def chained(last: str, body: Mapping[str, Any]) -> str:
    """The hash of a line after another."""
    return text_sha256(last + canonical_json(body))


def longest_word(value: Any) -> int:
    """Letters of the longest text in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return max((max(len(str(name)), longest_word(one)) for name, one in value.items()), default=0)
    if isinstance(value, list | tuple):
        return max((longest_word(one) for one in value), default=0)
    return 0


def sync_folder(folder: Path) -> None:
    """A new file's name is on the disk too, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
