"""Migrations: every database, new or old, comes to the same tables by the same steps (alembic)."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from thymos.errors import BadInput
from thymos.serve.studio.store.database import MIGRATION_LOCK, shown

FOLDER = Path(__file__).parent / "migrations"


def config() -> Config:
    """Alembic's settings, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return made


@cache
def newest() -> str:
    """The newest revision that this version of thymos knows."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    assert head is not None
    return head


def revision(engine: sa.Engine) -> str | None:
    """The database's revision; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: sa.Engine, target: str = "head") -> None:
    """Bring the database to a revision, in one transaction: all steps or none.

    Raises:
        BadInput: a newer thymos made the database, or tables of something else are in it.
    """
    if target == "head" and revision(engine) == newest():
        return
    script = ScriptDirectory.from_config(config())
    known = {one.revision for one in script.walk_revisions()}
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A table that is made anew is dropped first, and its rows would take those that point to them along.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
            connection = connection.execution_options(begin="IMMEDIATE")
        try:
            with connection.begin():
                _upgrade(connection, known, target)
        finally:
            connection.invalidate()  # its foreign keys are off


def _upgrade(connection: sa.Connection, known: set[str], target: str) -> None:
    where = shown(connection.engine)
    if connection.dialect.name == "postgresql":
        # Two that start at once go one after the other; SQLite's IMMEDIATE does the same.
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(:number, hashtext(current_schema()))"), {"number": MIGRATION_LOCK}
        )
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise BadInput(
            f"a newer version of thymos made this database (revision {current})", where=where, mend="update thymos"
        )
    if current is None and (strangers := sa.inspect(connection).get_table_names()):
        raise BadInput(
            f"it holds tables of something else ({', '.join(sorted(strangers)[:3])})",
            where=where,
            mend="name another database",
        )
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, target)
    if connection.dialect.name == "sqlite" and connection.execute(sa.text("PRAGMA foreign_key_check")).first():
        raise BadInput("a row points to one that is not there", where=where, mend="restore a copy of the database")
