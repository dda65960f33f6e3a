"""A database by its URL: SQLite in a file, or PostgreSQL; one studio at a time; migrated when it is opened.

SQLite runs with a write-ahead log and synchronous=FULL: what is committed survives the loss of power. Deleted bytes are
overwritten (secure_delete).
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from thymos.errors import BadInput, Unavailable

BUSY_SECONDS = 15
POOL = 32  # connections that are kept; as many again come and go
LOCK_NUMBER = 7_405_218  # of PostgreSQL's advisory lock, one a schema; any number that nobody else uses
MIGRATION_LOCK = LOCK_NUMBER + 1
TAKEN_SECONDS = 5.0  # a server needs a moment to see that a killed client is gone


def sqlite_url(path: str | Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{Path(path).expanduser().resolve()}"


def open_engine(url: str) -> sa.Engine:
    """An engine for a URL such as ``sqlite:////home/me/studio.db`` or ``postgresql://me@host/studio``.

    Raises:
        BadInput: another kind of database, a URL that is none, a SQLite database that is not in a file.
        Unavailable: PostgreSQL's driver is missing, or the database cannot be reached.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise BadInput("this is no address of a database", where="--database", mend=_EXAMPLE) from None
    kind = parsed.get_backend_name()
    if kind == "postgres":  # the older word, which some hosts still hand out
        parsed, kind = parsed.set(drivername="postgresql"), "postgresql"
    if kind == "sqlite":
        return _sqlite(parsed)
    if kind == "postgresql":
        return _postgresql(parsed)
    raise BadInput(f"{kind} is not supported", where="--database", mend=_EXAMPLE)


_EXAMPLE = "use sqlite:////folder/studio.db or postgresql://user:password@host/name"


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:" or url.query:
        raise BadInput("a database in a file is needed", where="--database", mend=_EXAMPLE)
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        raise BadInput(f"it cannot be made ({error.strerror})", where=path, mend="name another place") from None
    engine = sa.create_engine(
        url,
        pool_size=POOL,
        max_overflow=POOL,
        hide_parameters=True,  # an error's message must not hold what people wrote
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT count(*) FROM sqlite_master"))
    except sa.exc.DatabaseError as error:
        engine.dispose()
        raise BadInput(f"this is no SQLite database ({error.orig})", where=path, mend="name another file") from None
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # The driver's own idea of when a transaction begins is switched off; see _begin_sqlite.
    connection.isolation_level = None
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: sa.Connection) -> None:
    wanted = connection.get_execution_options().get("begin", "DEFERRED")
    if wanted:  # a single query needs no transaction
        connection.exec_driver_sql(f"BEGIN {wanted}")


def _postgresql(url: sa.URL) -> sa.Engine:
    if url.get_driver_name() in ("psycopg2", "psycopg", ""):
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = sa.create_engine(
            url,
            pool_size=POOL,
            max_overflow=POOL,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"connect_timeout": 10},
        )
    except ImportError:
        raise Unavailable("PostgreSQL needs the package psycopg: pip install 'thymos[postgresql]'") from None
    try:
        with engine.connect() as connection:
            # An acknowledged message must be on the disk, whatever the server's default is.
            sa.event.listen(engine, "connect", _prepare_postgresql)
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.OperationalError as error:
        engine.dispose()
        reason = str(error.orig).strip().splitlines()[0]
        raise Unavailable(f"the database cannot be reached: {without_password(reason, url)}") from None
    engine.dispose()  # the first connection was made before the listener
    return engine


def _prepare_postgresql(connection: Any, _: Any) -> None:
    with connection.cursor() as cursor:
        # "local" still flushes to this server's own disk; only "off" would not.
        cursor.execute("SELECT set_config('synchronous_commit', 'on', false)")
    connection.commit()


def without_password(text: str, url: sa.URL) -> str:
    """A text without the URL's password, should a driver have put it there."""
    return text.replace(str(url.password), "***") if url.password else text


def take_for_one(engine: sa.Engine) -> Callable[[], None]:
    """Keep other studios away from the database as long as this process lives.

    Returns:
        Lets go of it; a process that dies lets go, too.

    Raises:
        BadInput: another studio has it.
    """
    until = time.monotonic() + TAKEN_SECONDS
    while True:
        let_go = _try_lock(engine)
        if let_go is not None:
            return let_go
        if time.monotonic() > until:
            raise BadInput(
                "another studio uses this database", where=shown(engine), mend="stop it or name another --database"
            )
        time.sleep(0.1)


def _try_lock(engine: sa.Engine) -> Callable[[], None] | None:
    if engine.dialect.name == "sqlite":
        # SQLite's own locks work wherever SQLite does and end with the process.
        holder = sqlite3.connect(
            f"{engine.url.database}.lock", timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            holder.close()
            return None
        return holder.close
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if connection.execute(
        sa.text("SELECT pg_try_advisory_lock(:number, hashtext(current_schema()))"), {"number": LOCK_NUMBER}
    ).scalar():

        def let_go() -> None:
            with suppress(sa.exc.SQLAlchemyError):
                connection.execute(
                    sa.text("SELECT pg_advisory_unlock(:number, hashtext(current_schema()))"), {"number": LOCK_NUMBER}
                )
            connection.close()

        return let_go
    connection.close()
    return None


def shown(engine: sa.Engine) -> str:
    """The database as it may be told: without its password."""
    return engine.url.render_as_string(hide_password=True)
