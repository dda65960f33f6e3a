"""A person's part in a trial, and the order in which all were randomized (which names nobody)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from thymos.serve.studio.store.owned import Conflict, Core, NotFound, Owned, Row, to_json
from thymos.serve.studio.store.tables import now, trial_allocations, trial_events, trial_participants

CONSENTED, WITHDRAWN, FINISHED = "consented", "withdrawn", "finished"


@dataclass(frozen=True)
class Allocation:
    """One place in the order of randomization."""

    place: int
    strata: dict[str, str]
    arm: str


@dataclass(frozen=True)
class Participant:
    """A person's part in a trial."""

    id: str
    status: str
    arm: str
    strata: dict[str, str]
    created: datetime


class Trials(Owned):
    """A person's parts in trials."""

    def get(self, trial: str) -> Participant | None:
        """The part; None before consent."""
        return self.core.read(lambda connection: self._get(connection, trial))

    def _get(self, connection: sa.Connection, trial: str) -> Participant | None:
        rows = self.rows(connection, trial_participants, trial_participants.c.trial == trial)
        if not rows:
            return None
        row = rows[0]
        return Participant(row["id"], row["status"], row["arm"], json.loads(row["strata"]), row["created"])

    def consent(
        self, trial: str, strata: Mapping[str, str], arm_of: Callable[[Sequence[Allocation]], str]
    ) -> Participant:
        """Take part, and be given an arm; a second consent changes nothing.

        Args:
            trial: its name.
            strata: by which randomization is stratified.
            arm_of: gives the next arm after the places that were given so far, in their order.

        Raises:
            Conflict: the person withdrew.
        """

        def work(connection: sa.Connection) -> Participant:
            known = self._get(connection, trial)
            if known is not None:
                if known.status == WITHDRAWN:
                    raise Conflict("you withdrew from this study")
                return known
            before = allocations(connection, trial)
            arm, time = arm_of(before), now()
            row = {"trial": trial, "place": len(before) + 1, "strata": to_json(dict(strata)), "arm": arm}
            connection.execute(sa.insert(trial_allocations).values(row))
            part = {"trial": trial, "status": CONSENTED, "arm": arm, "strata": row["strata"], "created": time}
            self.add(connection, trial_participants, part)
            self._event(connection, trial, "consented", {}, time)
            # A moment later, so that the order of both can be told afterwards.
            later = time + timedelta(microseconds=1)
            self._event(connection, trial, "randomized", {"arm": arm, "strata": dict(strata)}, later)
            found = self._get(connection, trial)
            assert found is not None
            return found

        return self.core.writer.run(work)

    def set_status(self, trial: str, status: str, kind: str) -> None:
        """Withdraw or finish, with an event of this kind.

        Raises:
            NotFound: the person takes no part.
        """

        def work(connection: sa.Connection) -> None:
            part = self._get(connection, trial)
            if part is None:
                raise NotFound("participant")
            if part.status != status:
                self.change(connection, trial_participants, part.id, {"status": status})
                self._event(connection, trial, kind, {}, now())

        self.core.writer.run(work)

    def add_event(
        self, trial: str, kind: str, value: dict[str, Any], *, once: Callable[[Row], bool] | None = None
    ) -> None:
        """Keep an event of the log.

        Args:
            trial: its name.
            kind: of the event.
            value: what happened.
            once: tells whether an event is the same as this one, which can be there only once.

        Raises:
            Conflict: it is there already.
        """

        def work(connection: sa.Connection) -> None:
            if once is not None and any(once(row) for row in self._events(connection, trial, kind)):
                raise Conflict("this was given already")
            self._event(connection, trial, kind, value, now())

        self.core.writer.run(work)

    def _event(self, connection: sa.Connection, trial: str, kind: str, value: dict[str, Any], time: datetime) -> None:
        row = {"trial": trial, "kind": kind, "value": to_json(value), "created": time}
        self.add(connection, trial_events, row)

    def events(self, trial: str, kind: str) -> list[Row]:
        """Events of one kind, oldest first, their values as objects."""
        return self.core.read(lambda connection: self._events(connection, trial, kind))

    def _events(self, connection: sa.Connection, trial: str, kind: str) -> list[Row]:
        conditions = (trial_events.c.trial == trial, trial_events.c.kind == kind)
        rows = self.rows(connection, trial_events, *conditions, order=(trial_events.c.created, trial_events.c.id))
        return [row | {"value": json.loads(row["value"])} for row in rows]


def allocations(connection: sa.Connection, trial: str) -> list[Allocation]:
    """The order of randomization so far."""
    query = sa.select(trial_allocations).where(trial_allocations.c.trial == trial).order_by(trial_allocations.c.place)
    return [
        Allocation(row["place"], json.loads(row["strata"]), row["arm"]) for row in connection.execute(query).mappings()
    ]


@dataclass(frozen=True)
class LoggedEvent:
    """An event as whoever runs the trial sees it: with the participant's code, and without any name.

    Args:
        row: of the event.
        code: of the participant.
        kind: of the event.
        value: what happened; numbers and short words.
        created: when.
    """

    row: str
    code: str
    kind: str
    value: dict[str, Any]
    created: datetime


def logged_events(core: Core, trial: str) -> list[LoggedEvent]:
    """All events of a trial, oldest first. For the trial's log and data; no route of a participant comes here."""
    query = (
        sa.select(trial_events, trial_participants.c.id.label("code"))
        .join(trial_participants, trial_participants.c.owner == trial_events.c.owner)
        .where(trial_events.c.trial == trial, trial_participants.c.trial == trial)
        .order_by(trial_events.c.created, trial_events.c.id)
    )
    rows = core.read(lambda connection: connection.execute(query).mappings().all())
    opened = [core.opened(trial_events, dict(row)) for row in rows]
    return [
        LoggedEvent(row["id"], row["code"], row["kind"], json.loads(row["value"]), row["created"]) for row in opened
    ]  # fmt: skip
