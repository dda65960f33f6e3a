"""Everything about one person as a zip file: JSON for programs, and talks and exercises to read."""

import io
import json
import zipfile
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from thymos.serve.studio.store.owned import Owned, Row, without
from thymos.serve.studio.store.tables import OWNED, messages, talks

# What proves who somebody is. It says nothing about them, and an export must not open the door to others.
SECRET = {"digest", "password"}
ABOUT = """Everything that this studio keeps about one person.

data/*.json    one file a table, one object a row
talks/*.md     talks and practices, to be read
Uploads are not in it: they are deleted as soon as they were read. Passwords, sessions and keys are left out: only
their hashes are kept.
"""


class Export(Owned):
    """All rows of one person."""

    def tables(self) -> dict[str, list[Row]]:
        """Rows by table, opened and without secrets, from one view of the database."""

        def work(connection: sa.Connection) -> dict[str, list[Row]]:
            return {table.name: self.rows(connection, table, order=tuple(table.primary_key)) for table in OWNED}

        found = self.core.read(work)
        return {name: [without(row, SECRET) for row in rows] for name, rows in found.items()}

    def zipped(self, user: dict[str, Any]) -> bytes:
        """The zip file.

        Args:
            user: name and the like, for ``user.json``.
        """
        tables = self.tables()
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("README.txt", ABOUT)
            file.writestr("data/user.json", _json(user))
            for name, rows in tables.items():
                file.writestr(f"data/{name}.json", _json([_readable(row) for row in rows]))
            for talk in tables[talks.name]:
                own = sorted((row for row in tables[messages.name] if row["talk"] == talk["id"]), key=_seq)
                file.writestr(f"talks/{talk['created']:%Y-%m-%d}-{talk['id'][:8]}.md", _talk(talk, own))
        return made.getvalue()


def _seq(row: Row) -> int:
    return int(row["seq"])


def _readable(row: Row) -> Row:
    """Columns that hold JSON as what they hold."""
    found = dict(row)
    for name in ("value", "details", "brief", "categories", "strata", "state"):
        if isinstance(found.get(name), str):
            try:
                found[name] = json.loads(found[name]) if found[name] else None
            except ValueError:
                continue
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=_plain) + "\n"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _talk(talk: Row, rows: list[Row]) -> str:
    brief = json.loads(talk["brief"]) if talk["brief"] else {}
    lines = [f"# {talk['title'] or brief.get('situation') or talk['kind']}", ""]
    lines += [f"{name}: {value}" for name, value in brief.items()] + [""] * bool(brief)
    for row in rows:
        who = "You" if row["role"] == "user" else "Program"
        lines += [f"**{who}** ({row['created']:%Y-%m-%d %H:%M} UTC)", "", row["content"] or f"({row['status']})", ""]
    return "\n".join(lines)
