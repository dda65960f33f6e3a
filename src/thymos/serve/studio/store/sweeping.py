"""What was deleted is in no file of the database any more."""

import logging
import time

import sqlalchemy as sa

from thymos.serve.studio.store.tables import OWNED, users

log = logging.getLogger("thymos.studio")

TRY_SECONDS = 10.0  # that somebody who still reads old pages is waited for


def sweep(engine: sa.Engine) -> bool:
    """Give free pages back; whether that could be done for all of them.

    SQLite overwrites what is deleted (secure_delete); the write-ahead log keeps old pages until it is emptied, and free
    pages stay in the file until it is written anew. PostgreSQL frees the space of deleted rows for new ones; its own
    logs and copies are its keeper's.
    """
    if engine.dialect.name == "sqlite":
        # The log first, so that nothing old is copied; then again, for what VACUUM wrote.
        done = _empty_log(engine) and _alone(engine, "VACUUM") and _empty_log(engine)
    else:
        failed = [table for table in (*OWNED, users) if not _alone(engine, f'VACUUM "{table.name}"')]
        done = not failed
    if not done:
        log.warning("deleted rows may be in the database's files until its next sweep")
    return done


def _empty_log(engine: sa.Engine) -> bool:
    """Move the whole log into the file and cut it off; somebody who reads an old page can be in the way for a while."""
    until = time.monotonic() + TRY_SECONDS
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        while raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
    return True


def _alone(engine: sa.Engine, statement: str) -> bool:
    """Run a statement that must not be in a transaction."""
    try:
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.execute(statement)
        else:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text(statement))
    except Exception as error:  # busy, or not allowed: the rows themselves are deleted
        log.warning("%s failed: %s", statement, type(error).__name__)
        return False
    return True
