"""Exercises, questionnaires, analyses, keys, settings and the guard's audit of one person."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from thymos.serve.studio.store.owned import Conflict, NotFound, Owned, Row, to_json
from thymos.serve.studio.store.tables import (
    analyses,
    api_keys,
    audit_events,
    exercise_runs,
    now,
    questionnaire_results,
    settings,
)

KEYS_AT_MOST = 20


class Runs(Owned):
    """Exercises that were begun. ``state`` is the exercise's own JSON."""

    def make(self, exercise: str, state: str, status: str) -> Row:
        """Begin one."""
        time = now()
        values = {
            "exercise": exercise, "state": state, "status": status, "version": 0, "created": time, "updated": time,
        }  # fmt: skip
        return self.core.writer.run(lambda connection: self.add(connection, exercise_runs, values))

    def newest(self, limit: int, before: str | None = None) -> tuple[list[Row], bool]:
        """The runs that were used last."""
        return self.page(exercise_runs, time="updated", limit=limit, before=before)

    def get(self, key: str) -> Row:
        """One run."""
        return self.core.read(lambda connection: self.row(connection, exercise_runs, key))

    def save(self, key: str, version: int, state: str, status: str) -> Row:
        """Keep the state after an answer.

        Raises:
            Conflict: another answer came first.
        """

        def work(connection: sa.Connection) -> Row:
            values = {"state": state, "status": status, "version": version + 1, "updated": now()}
            if not self.change(connection, exercise_runs, key, values, exercise_runs.c.version == version):
                self.row(connection, exercise_runs, key)
                raise Conflict("this step was answered already; load the exercise again")
            return self.row(connection, exercise_runs, key)

        return self.core.writer.run(work)

    def drop(self, key: str) -> None:
        """Delete a run."""
        self.delete(exercise_runs, key)


class Results(Owned):
    """Scored questionnaires."""

    def make(self, questionnaire: str, value: dict[str, Any]) -> Row:
        """Keep one."""
        values = {"questionnaire": questionnaire, "value": to_json(value), "created": now()}
        return self.core.writer.run(lambda connection: self.add(connection, questionnaire_results, values))

    def newest(self, limit: int, before: str | None = None) -> tuple[list[Row], bool]:
        """The newest ones."""
        return self.page(questionnaire_results, limit=limit, before=before)

    def drop(self, key: str) -> None:
        """Delete one."""
        self.delete(questionnaire_results, key)


class Analyses(Owned):
    """What was read from uploads; never the uploads."""

    def make(self, kind: str, name: str, purpose: str) -> Row:
        """Make a place for an analysis that is under way."""
        values = {
            "kind": kind, "name": name, "purpose": purpose, "status": "waiting", "value": "", "error": "",
            "seconds": None, "created": now(),
        }  # fmt: skip
        return self.core.writer.run(lambda connection: self.add(connection, analyses, values))

    def save(self, key: str, status: str, *, value: str = "", error: str = "", seconds: float | None = None) -> bool:
        """Keep what was found; False where the analysis was deleted meanwhile."""
        values = {"status": status, "value": value, "error": error, "seconds": seconds}
        return self.core.writer.run(lambda connection: self.change(connection, analyses, key, values))

    def newest(self, limit: int, before: str | None = None) -> tuple[list[Row], bool]:
        """The newest ones."""
        return self.page(analyses, limit=limit, before=before)

    def get(self, key: str) -> Row:
        """One."""
        return self.core.read(lambda connection: self.row(connection, analyses, key))

    def drop(self, key: str) -> None:
        """Delete one."""
        self.delete(analyses, key)


class Keys(Owned):
    """Keys for programs; only their digests are kept."""

    def make(self, name: str, digest: str) -> Row:
        """Keep a key.

        Raises:
            Conflict: there are too many.
        """

        def work(connection: sa.Connection) -> Row:
            if self.count(connection, api_keys) >= KEYS_AT_MOST:
                raise Conflict(f"there are {KEYS_AT_MOST} keys already; delete one first")
            return self.add(connection, api_keys, {"name": name, "digest": digest, "created": now(), "used": None})

        return self.core.writer.run(work)

    def newest(self, limit: int, before: str | None = None) -> tuple[list[Row], bool]:
        """The newest ones."""
        return self.page(api_keys, limit=limit, before=before)

    def touch(self, key: str) -> None:
        """A key was used now."""
        self.core.writer.submit(lambda connection: self.change(connection, api_keys, key, {"used": now()}))

    def drop(self, key: str) -> None:
        """Delete a key; it is worth nothing from now on."""
        self.delete(api_keys, key)


class Preferences(Owned):
    """Settings as one JSON object."""

    def get(self) -> dict[str, Any]:
        """The settings that were changed."""
        known = self.core.preferences.get(self.owner)
        if known is None:
            known = self.core.read(self._read)
            self.core.preferences[self.owner] = known
        return known

    def _read(self, connection: sa.Connection) -> dict[str, Any]:
        rows = self.rows(connection, settings)
        return json.loads(rows[0]["value"]) if rows else {}

    def patch(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change some of them; all that were ever changed."""

        def work(connection: sa.Connection) -> dict[str, Any]:
            value = self._read(connection) | changes
            self.remove(connection, settings)
            self.add(connection, settings, {"value": to_json(value)})
            return value

        value = self.core.writer.run(work)
        self.core.preferences.pop(self.owner, None)
        return value


class Audit(Owned):
    """What the guard found, without the texts."""

    def add_event(self, kind: str, risk: str, categories: list[str], time: datetime | None = None) -> None:
        """Keep an event; does not wait for the disk."""
        values = {"kind": kind, "risk": risk, "categories": to_json(categories), "created": time or now()}
        self.core.writer.submit(lambda connection: self.add(connection, audit_events, values))

    def newest(self, limit: int, before: str | None = None) -> tuple[list[Row], bool]:
        """The newest ones."""
        return self.page(audit_events, limit=limit, before=before)


__all__ = ["Analyses", "Audit", "Conflict", "Keys", "NotFound", "Preferences", "Results", "Runs"]
