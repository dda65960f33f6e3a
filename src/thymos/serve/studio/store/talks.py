"""Talks of one person: chats and practices, and their messages in order.

A message and the place of its reply are committed together, so a reply that never came can be told from one that was
never asked for. Sequence numbers are handed out by the talk's own counter, in one statement.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from thymos.serve.studio.store.owned import NotFound, Owned, Row, to_json
from thymos.serve.studio.store.tables import feedback, messages, now, talks

CHAT, PRACTICE = "chat", "practice"
WAITING, COMPLETE, INTERRUPTED, FAILED = "waiting", "complete", "interrupted", "failed"
STOPPED = "stopped"  # by the person; what was said until then is kept
TITLE_LETTERS = 60
PAGE_OF_MESSAGES = 500


@dataclass(frozen=True)
class TalkRow:
    """A talk; ``brief`` is what a practice is about."""

    id: str
    kind: str
    title: str
    brief: dict[str, Any]
    last_seq: int
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class MessageRow:
    """One message; ``details`` is what was perceived, planned and checked."""

    id: str
    talk: str
    seq: int
    role: str
    content: str
    status: str
    kind: str
    client_id: str | None
    details: dict[str, Any]
    created: datetime


@dataclass(frozen=True)
class AcceptedMessage:
    """A message that is on the disk.

    Args:
        message: it.
        reply: the place of its reply.
        fresh: whether a reply must be made now; False where the message was known already and its reply is there or
            under way.
    """

    message: MessageRow
    reply: MessageRow
    fresh: bool


def _talk(row: Row) -> TalkRow:
    brief = json.loads(row["brief"]) if row["brief"] else {}
    return TalkRow(row["id"], row["kind"], row["title"], brief, row["last_seq"], row["created"], row["updated"])


def _message(row: Row) -> MessageRow:
    values = {name: row[name] for name in MessageRow.__dataclass_fields__}
    return MessageRow(**values | {"details": json.loads(row["details"]) if row["details"] else {}})


class Talks(Owned):
    """A person's talks of one kind.

    Args:
        kind: ``"chat"`` or ``"practice"``.
    """

    def __init__(self, *args: Any, kind: str) -> None:
        super().__init__(*args)
        self.kind = kind

    def make(self, title: str = "", brief: dict[str, Any] | None = None) -> TalkRow:
        """Begin a talk."""
        time = now()
        values = {
            "kind": self.kind,
            "title": title.strip(),
            "brief": to_json(brief) if brief else "",
            "last_seq": 0,
            "created": time,
            "updated": time,
        }
        return _talk(self.core.writer.run(lambda connection: self.add(connection, talks, values)))

    def newest(self, limit: int, before: str | None = None) -> tuple[list[TalkRow], bool]:
        """The talks that were used last, and whether there are more."""
        rows, more = self.page(talks, talks.c.kind == self.kind, time="updated", limit=limit, before=before)
        return [_talk(row) for row in rows], more

    def get(self, key: str) -> TalkRow:
        """One talk."""
        return self.core.read(lambda connection: self._get(connection, key))

    def _get(self, connection: sa.Connection, key: str) -> TalkRow:
        return _talk(self.row(connection, talks, key, talks.c.kind == self.kind))

    def drop(self, key: str) -> None:
        """Delete a talk with all that was said in it."""
        self.delete(talks, key, talks.c.kind == self.kind)

    def messages(self, key: str, after: int = 0, limit: int = PAGE_OF_MESSAGES) -> tuple[list[MessageRow], bool]:
        """Messages after a sequence number, oldest first, and whether there are more."""

        def work(connection: sa.Connection) -> list[Row]:
            self._get(connection, key)
            conditions = (messages.c.talk == key, messages.c.seq > after)
            return self.rows(connection, messages, *conditions, order=(messages.c.seq,), limit=limit + 1)

        rows = self.core.read(work)
        return [_message(row) for row in rows[:limit]], len(rows) > limit

    def history(self, key: str, until: int, limit: int) -> list[tuple[str, str]]:
        """Role and content of the last messages up to a sequence number, oldest first; without broken replies.

        Nothing where the talk is not the owner's.
        """
        said = messages.c.status.in_((COMPLETE, STOPPED))
        conditions = (messages.c.talk == key, messages.c.seq <= until, said)
        rows = self.columns(
            messages, ("role", "content"), *conditions, order=(messages.c.seq.desc(),), limit=limit
        )  # fmt: skip
        # A reply that was stopped before its first word says nothing.
        return [(row["role"], row["content"]) for row in reversed(rows) if row["content"]]

    def message(self, key: str) -> MessageRow:
        """One message, as it is now."""
        return _message(self.core.read(lambda connection: self.row(connection, messages, key)))

    def accept(self, key: str, content: str, client_id: str) -> AcceptedMessage:
        """Keep a message and a place for its reply; returns after the commit.

        The same ``client_id`` gives the same message. Where its reply was interrupted or failed, a new one is due.

        Raises:
            NotFound: no such talk of this owner.
        """
        return self.core.writer.run(lambda connection: self._accept(connection, key, content, client_id))

    def _accept(self, connection: sa.Connection, key: str, content: str, client_id: str) -> AcceptedMessage:
        known = self.rows(connection, messages, messages.c.talk == key, messages.c.client_id == client_id)
        if known:
            return self._again(connection, key, _message(known[0]))
        time = now()
        last = self.raised(connection, talks, key, "last_seq", 2, talks.c.kind == self.kind, updated=time)
        shared = {"talk": key, "kind": "message", "details": "", "created": time}
        asked = {"seq": last - 1, "role": "user", "content": content, "status": COMPLETE, "client_id": client_id}
        reply = {"seq": last, "role": "assistant", "content": "", "status": WAITING, "client_id": None}
        rows = [_message(row) for row in self.add_all(connection, messages, [shared | asked, shared | reply])]
        if last == 2 and self.kind == CHAT:
            self._name(connection, key, content)
        return AcceptedMessage(rows[0], rows[1], fresh=True)

    def _again(self, connection: sa.Connection, key: str, message: MessageRow) -> AcceptedMessage:
        self._get(connection, key)
        found = self.rows(connection, messages, messages.c.talk == key, messages.c.seq == message.seq + 1)
        reply = _message(found[0])
        fresh = reply.status in (INTERRUPTED, FAILED)
        if fresh:
            values = {"status": WAITING, "content": "", "details": "", "kind": "message"}
            self.change(connection, messages, reply.id, values)
            reply = _message(self.row(connection, messages, reply.id))
        return AcceptedMessage(message, reply, fresh)

    def _name(self, connection: sa.Connection, key: str, content: str) -> None:
        if not self._get(connection, key).title:
            words = " ".join(content.split())
            short = words if len(words) <= TITLE_LETTERS else f"{words[: TITLE_LETTERS - 1]}…"
            self.change(connection, talks, key, {"title": short})

    def finish(
        self, reply: MessageRow, content: str, status: str, kind: str, details: dict[str, Any]
    ) -> MessageRow:  # fmt: skip
        """Keep a reply in its place.

        Raises:
            NotFound: the talk was deleted meanwhile.
        """

        def work(connection: sa.Connection) -> MessageRow:
            values = {"content": content, "status": status, "kind": kind, "details": to_json(details)}
            if not self.change(connection, messages, reply.id, values):
                raise NotFound("message")
            return replace(reply, content=content, status=status, kind=kind, details=details)

        return self.core.writer.run(work)

    def add_feedback(self, key: str, value: dict[str, Any]) -> Row:
        """Keep feedback on a draft; also counts as use of the practice."""

        def work(connection: sa.Connection) -> Row:
            self._get(connection, key)
            time = now()
            self.change(connection, talks, key, {"updated": time})
            return self.add(connection, feedback, {"talk": key, "value": to_json(value), "created": time})

        return self.core.writer.run(work)

    def feedback(self, key: str) -> list[Row]:
        """All feedback of a practice, oldest first."""

        def work(connection: sa.Connection) -> list[Row]:
            self._get(connection, key)
            order = (feedback.c.created, feedback.c.id)
            return self.rows(connection, feedback, feedback.c.talk == key, order=order)

        return self.core.read(work)
