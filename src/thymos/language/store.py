"""A small key-value store in SQLite that survives kill -9 and several processes at once."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from thymos.errors import BadInput

APPLICATION_ID = 0x7468796D  # "thym", so that another program's database is not taken for ours
SCHEMA_VERSION = 1
KEYS_PER_QUERY = 500  # SQLite allows at least 999 parameters in one statement
BUSY_SECONDS = 60.0


class Store:
    """Keys (text) with values (bytes) in one SQLite file, written in write-ahead mode.

    Every :meth:`put_many` is one transaction: after a crash it is there as a whole or not at all.

    Args:
        path: the file; it and its folder are made when missing.

    Raises:
        BadInput: when the file is no SQLite database, is damaged, or belongs to another program or version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        with self._open():
            pass

    def __len__(self) -> int:
        with self._open() as connection:
            return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0])

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that are there."""
        found: dict[str, bytes] = {}
        unique = list(dict.fromkeys(keys))
        with self._open() as connection:
            for start in range(0, len(unique), KEYS_PER_QUERY):
                part = unique[start : start + KEYS_PER_QUERY]
                marks = ",".join("?" * len(part))
                found.update(connection.execute(f"SELECT key, value FROM entries WHERE key IN ({marks})", part))
        return found

    def put_many(self, entries: Mapping[str, bytes]) -> None:
        """Add entries in one transaction; a key that is already there keeps its value."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                insert = "INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
                connection.executemany(insert, list(entries.items()))
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                # A connection must not be used on the other side of a fork, so a child process opens its own.
                if self._connection is None or self._process != os.getpid():
                    self._connection = connect(self.path)
                    self._process = os.getpid()
                yield self._connection
            except sqlite3.DatabaseError as error:
                raise BadInput(
                    f"the cache cannot be used ({error})",
                    where=self.path,
                    mend="check disk and rights, or move the file away; its contents will be computed again",
                ) from error


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, make the table where it is new, and check that it is ours."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.OperationalError) as error:
        raise BadInput(f"the cache cannot be opened ({error})", where=path, mend="check the path and rights") from None
    try:
        # Tables first: the mark comes with them in one transaction, so where there is a table, its mark is there too.
        # Read the other way round, a file that another process has just made would seem to be a foreign one.
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if tables and application != APPLICATION_ID:
            raise BadInput("this database was not made by thymos", where=path, mend="name another file")
        if tables and version != SCHEMA_VERSION:
            raise BadInput(
                f"the cache has version {version}, this thymos reads version {SCHEMA_VERSION}",
                where=path,
                mend="name another file, or move this one away",
            )
        write_ahead(connection)
        # NORMAL loses the last commits when the power fails, never when the process is killed.
        connection.execute("PRAGMA synchronous=NORMAL")
        if not tables:
            create(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def create(connection: sqlite3.Connection) -> None:
    """Make the table and mark the file as ours, in one transaction, so that two processes may do it at once."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        cursor.execute(f"PRAGMA application_id={APPLICATION_ID}")
        cursor.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        cursor.execute("COMMIT")


def write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead mode. SQLite does not wait here while another process does the same, so we do."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
